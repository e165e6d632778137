// SPDX-License-Identifier: MIT OR Apache-2.0
// An arena, global variables in it, and programs that follow the pointers there. libbpf only.
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA, which older headers lack */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 64);
} arena SEC(".maps");

struct node {
	struct node __arena *next;
	__u64 value;
};

enum mode {
	MODE_OFF,
	MODE_ON = 3,
};

struct stats {
	__u64 packets;
	__u32 by_proto[4];
	enum mode mode;
	bool live;
};

struct node __arena *__arena head;
__u64 __arena *__arena target;
/* What the programs store as pointers, in all the ways that there are. */
void __arena *__arena stored_global;
void __arena *__arena stored_loaded;
void __arena *__arena stored_converted;
struct stats __arena stats = { .packets = 7, .by_proto = { 1, 2, 3, 4 }, .mode = MODE_ON, .live = true };
__hidden __u64 __arena hidden;
/* On a page of its own. */
__u64 __arena pattern[512] __attribute__((aligned(4096)));

/* The verdict is the sum of the values of the list that begins at `head`. */
SEC("classifier")
int sum_list(struct __sk_buff *skb)
{
	struct node __arena *node = head;
	__u64 sum = 0;
	int i;

	for (i = 0; i < 100 && node; i++) {
		sum += node->value;
		node = node->next;
	}
	return sum;
}

/* Turns the list around, storing pointers that it loaded. */
SEC("classifier")
int reverse_list(struct __sk_buff *skb)
{
	struct node __arena *node = head, *done = 0;
	int i;

	for (i = 0; i < 100 && node; i++) {
		struct node __arena *next = node->next;

		node->next = done;
		done = node;
		node = next;
	}
	head = done;
	return i;
}

/* The verdict is what `target` points to; adds one to it. */
SEC("classifier")
int add_to_target(struct __sk_buff *skb)
{
	__u64 __arena *place = target;
	__u64 before = *place;

	*place = before + 1;
	return before;
}

SEC("classifier")
int store_pointers(struct __sk_buff *skb)
{
	/* As the program sees it: the low 32 bits, which the last line converts to a user address. */
	void *place = (void *)target;

	stored_global = &stats;
	stored_loaded = target;
	asm volatile("" : "+r"(place));
	stored_converted = (void __arena *)place;
	hidden = 1;
	return 0;
}

SEC("classifier")
int fill_stats(struct __sk_buff *skb)
{
	stats.packets += 5;
	stats.by_proto[3] = 44;
	stats.mode = MODE_OFF;
	stats.live = false;
	return 0;
}

/* Flips all words of `pattern` between all zeros and all ones, each by a store of 8 bytes. */
SEC("classifier")
int flip_pattern(struct __sk_buff *skb)
{
	__u64 value = ~pattern[0];
	int i;

	for (i = 0; i < 512; i++)
		*(volatile __u64 __arena *)&pattern[i] = value;
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
