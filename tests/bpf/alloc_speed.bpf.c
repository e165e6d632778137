// SPDX-License-Identifier: MIT OR Apache-2.0
// For the benches: making and freeing objects of an allocator, beside what the kernel has for it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include <mapvalue/alloc.bpf.h>

/* Newer than the header of some distributions. */
#define BPF_MAP_TYPE_ARENA 33

/* How many objects a run is about. */
#define MANY 1024

struct record {
	__u64 words[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256);
} arena SEC(".maps");

/* Objects that are handed over between a program and user space. */
struct handed {
	__u64 record[MANY];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct handed);
} handed SEC(".maps");

/* The same by a queue. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, MANY);
	__type(value, struct record);
} queue SEC(".maps");

/* Set by user space. */
__u64 alloc_address;
__u32 record_type_id;

static struct mv_alloc mv_arena *the_alloc(void)
{
	/* The program must mention the arena. */
	asm volatile("" : : "r"(&arena));
	return (struct mv_alloc mv_arena *)alloc_address;
}

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *object, void *meta) __ksym;

/* Each program returns how often something failed. */

static long one_pair(__u32 i, __u64 *failed)
{
	struct record mv_arena *record = mv_obj_alloc(the_alloc(), record_type_id);

	if (!record) {
		++*failed;
		return 0;
	}
	record->words[0] = i;
	if (mv_obj_free(record))
		++*failed;
	return 0;
}

SEC("classifier")
int pairs(struct __sk_buff *skb)
{
	__u64 failed = 0;

	bpf_loop(MANY, one_pair, &failed, 0);
	return failed;
}

static long one_kernel_pair(__u32 i, __u64 *failed)
{
	struct record *record = bpf_obj_new_impl(bpf_core_type_id_local(struct record), (void *)0);

	if (!record) {
		++*failed;
		return 0;
	}
	record->words[0] = i;
	bpf_obj_drop_impl(record, (void *)0);
	return 0;
}

SEC("classifier")
int kernel_pairs(struct __sk_buff *skb)
{
	__u64 failed = 0;

	bpf_loop(MANY, one_kernel_pair, &failed, 0);
	return failed;
}

struct many {
	struct handed *handed;
	__u64 failed;
};

/* Makes an object and hands it over. */
static long make_one(__u32 i, struct many *many)
{
	struct record mv_arena *record = mv_obj_alloc(the_alloc(), record_type_id);

	if (!record || mv_kptr_xchg(&many->handed->record[i & (MANY - 1)], mv_kptr(record)))
		many->failed++;
	if (record)
		for (int word = 0; word < 8; word++)
			record->words[word] = i;
	return 0;
}

/* Takes one that was handed over, and frees it. */
static long free_one(__u32 i, struct many *many)
{
	__u64 taken = mv_kptr_xchg(&many->handed->record[i & (MANY - 1)], 0);

	the_alloc();
	if (mv_obj_free(mv_kptr_obj(taken)))
		many->failed++;
	return 0;
}

#define many_times(one)                                                                                                \
	({                                                                                                             \
		__u32 mv_key = 0;                                                                                      \
		struct many mv_many = { .handed = bpf_map_lookup_elem(&handed, &mv_key) };                             \
		if (mv_many.handed)                                                                                    \
			bpf_loop(MANY, one, &mv_many, 0);                                                              \
		mv_many.handed ? mv_many.failed : MANY;                                                                \
	})

SEC("classifier")
int make_many(struct __sk_buff *skb)
{
	return many_times(make_one);
}

SEC("classifier")
int free_many(struct __sk_buff *skb)
{
	return many_times(free_one);
}

static long push_one(__u32 i, __u64 *failed)
{
	struct record record = { { i, i, i, i, i, i, i, i } };

	if (bpf_map_push_elem(&queue, &record, 0))
		++*failed;
	return 0;
}

SEC("classifier")
int push_many(struct __sk_buff *skb)
{
	__u64 failed = 0;

	bpf_loop(MANY, push_one, &failed, 0);
	return failed;
}

static long pop_one(__u32 i, __u64 *failed)
{
	struct record record;

	if (bpf_map_pop_elem(&queue, &record))
		++*failed;
	return 0;
}

SEC("classifier")
int pop_many(struct __sk_buff *skb)
{
	__u64 failed = 0;

	bpf_loop(MANY, pop_one, &failed, 0);
	return failed;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
