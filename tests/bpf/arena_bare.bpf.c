// SPDX-License-Identifier: MIT OR Apache-2.0
// An arena without global variables in it, whose programs know a place by its number. Both libbpf and aya load this object.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA, which older headers lack */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} arena SEC(".maps");

/* Adds one to the word at 0x1008, and says what it was. */
SEC("classifier")
int add_to_word(struct __sk_buff *skb)
{
	/* As all that follows only casts numbers, the verifier is told here which arena it is about. */
	void *map = &arena;
	__u64 __arena *place = (__u64 __arena *)0x1008;
	__u64 before;

	asm volatile("" : "+r"(map), "+r"(place));
	before = *place;
	*place = before + 1;
	return before;
}

char _license[] SEC("license") = "Dual MIT/GPL";
