// SPDX-License-Identifier: MIT OR Apache-2.0
// Lists in an arena: built, walked, changed and scribbled over by programs that user space runs.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <mapvalue/arena.bpf.h>

/* Newer than the header of some distributions. */
#define BPF_MAP_TYPE_ARENA 33

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4096);
} arena SEC(".maps");

/* The verifier wants each program to name the arena. */
#define USE_ARENA() asm volatile("" : : "r"(&arena))

/* With the node first, as in `ListEntry<u64>`. */
struct number {
	struct mv_list_node node;
	__u64 value;
};

/* With the node in the middle. */
struct flow {
	__u32 id;
	struct mv_list_node node;
	__u64 bytes;
};

/* So that they are in the BTF, which holds no types that only the code of a program mentions. */
const volatile struct {
	struct mv_list_head head;
	struct mv_list_node node;
	struct number number;
	struct flow flow;
} types = {};

/* What user space asks, and what it is told. */
struct task {
	struct mv_list_head mv_arena *head;
	/* Memory for elements, side by side. */
	void mv_arena *elements;
	__u64 count;
	__u64 sum;
	/* Elements whose `pprev` does not point to the pointer that points to them. */
	__u64 wrong;
};

/* Numbers from 0 to count - 1, the last one first. */
SEC("syscall")
int build(struct task *task)
{
	struct mv_list_head mv_arena *head = task->head;
	struct number mv_arena *numbers = task->elements;
	__u64 count = task->count;

	USE_ARENA();
	mv_list_init(head);
	for (__u64 i = 0; i < count && mv_may_loop(); i++) {
		struct number mv_arena *at = numbers + i;

		at->value = i;
		mv_list_add_head(&at->node, head);
	}
	return 0;
}

SEC("syscall")
int walk(struct task *task)
{
	struct mv_list_head mv_arena *head = task->head;
	struct mv_list_node mv_arena *mv_arena *pointer = &head->first;
	struct number mv_arena *at;
	__u64 count = 0, sum = 0, wrong = 0;

	USE_ARENA();
	mv_list_for_each(at, head, node) {
		count++;
		sum += at->value;
		/* BPF looks at the low halves of pointers alone. */
		wrong += (__u32)(__u64)at->node.pprev != (__u32)(__u64)pointer;
		pointer = &at->node.next;
	}
	task->count = count;
	task->sum = sum;
	task->wrong = wrong;
	return 0;
}

/* Removes the numbers that are multiples of `count`; tells how many, and their sum. */
SEC("syscall")
int remove_multiples(struct task *task)
{
	struct mv_list_head mv_arena *head = task->head;
	__u64 divisor = task->count, count = 0, sum = 0;
	struct number mv_arena *at;

	USE_ARENA();
	if (!divisor)
		return 1;
	mv_list_for_each(at, head, node) {
		if (at->value % divisor)
			continue;
		if (!mv_list_del(&at->node))
			return 1;
		count++;
		sum += at->value;
	}
	task->count = count;
	task->sum = sum;
	return 0;
}

/* Removes the one element at `elements`, which may be in no list: `count` is 1 if it was in one. */
SEC("syscall")
int remove_one(struct task *task)
{
	struct number mv_arena *number = task->elements;

	USE_ARENA();
	task->count = mv_list_del(&number->node);
	return 0;
}

SEC("syscall")
int build_flows(struct task *task)
{
	struct mv_list_head mv_arena *head = task->head;
	struct flow mv_arena *flows = task->elements;
	__u64 count = task->count;

	USE_ARENA();
	mv_list_init(head);
	for (__u64 i = 0; i < count && mv_may_loop(); i++) {
		struct flow mv_arena *at = flows + i;

		at->id = i;
		at->bytes = i * i;
		mv_list_add_head(&at->node, head);
	}
	return 0;
}

/*
 * Adds and removes the numbers of `elements` in turns, `sum` times, as a writer that readers walk beside. Each value is twice the
 * same 32 bits, so that a reader can tell a torn one, and no number is ever 0 while it is in the list.
 */
SEC("syscall")
int churn(struct task *task)
{
	struct mv_list_head mv_arena *head = task->head;
	struct number mv_arena *numbers = task->elements;
	__u64 count = task->count, times = task->sum;

	USE_ARENA();
	if (!count)
		return 1;
	for (__u64 i = 0; i < times && mv_may_loop(); i++) {
		struct number mv_arena *at = numbers + bpf_get_prandom_u32() % count;
		__u32 half = bpf_get_prandom_u32() | 1;

		if (mv_list_del(&at->node))
			mv_store(&at->value, 0);
		at->value = (__u64)half << 32 | half;
		mv_list_add_head(&at->node, head);
	}
	return 0;
}

/* Stores words at random places of the `count` words at `elements`, `sum` times: some at random, some that look like pointers. */
SEC("syscall")
int scribble(struct task *task)
{
	__u64 mv_arena *words = task->elements;
	__u64 count = task->count, times = task->sum;

	USE_ARENA();
	if (!count)
		return 1;
	for (__u64 i = 0; i < times && mv_may_loop(); i++) {
		__u64 mv_arena *word = words + bpf_get_prandom_u32() % count;
		__u64 random = bpf_get_prandom_u32();

		switch (random & 3) {
		case 0:
			*word = (__u64)bpf_get_prandom_u32() << 32 | random;
			break;
		case 1:
			*word = random >> 8 & 0xff;
			break;
		default:
			*word = (__u64)(words + (random >> 2) % count);
		}
	}
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
