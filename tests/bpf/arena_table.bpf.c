// SPDX-License-Identifier: MIT OR Apache-2.0
// Hash tables in an arena: built, looked into and changed by programs that user space runs.
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

/* As the tables of the kernel's own tests: hash, key and value of 4 bytes each. */
MV_TABLE_OF_INTS(ints, int, int, mv_hash_u32);

/* Keys that are structs, and values wider than they are. */
struct pair {
	__u32 address;
	__u16 port;
	__u16 protocol;
};

struct totals {
	__u64 packets;
	__u32 last;
};

#define hash_of_pair(pair) mv_hash_bytes(&(pair), sizeof(pair))
#define pairs_equal(a, b) ((a).address == (b).address && (a).port == (b).port && (a).protocol == (b).protocol)
MV_TABLE(flows, struct pair, struct totals, hash_of_pair, pairs_equal);

/* So that they are in the BTF, which holds no types that only the code of a program mentions. */
const volatile struct {
	struct mv_table table;
	struct ints element;
	struct flows flow;
} types = {};

/* What user space asks, and what it is told. */
struct task {
	struct mv_table mv_arena *table;
	/* Memory for elements, side by side, or for buckets. */
	void mv_arena *elements;
	__u64 count;
	__u64 sum;
	/* Elements that are not where they should be. */
	__u64 wrong;
};

static struct pair pair_of(__u32 i)
{
	return (struct pair){ .address = i * 2654435761U, .port = i, .protocol = i % 3 };
}

SEC("syscall")
int init(struct task *task)
{
	USE_ARENA();
	return !mv_table_init(task->table, task->elements, task->count);
}

/* Key i has the value 3 * i, for `count` of them from `sum` on; `sum` tells how many were new, `wrong` how many were not inserted. */
SEC("syscall")
int insert_ints(struct task *task)
{
	struct mv_table mv_arena *table = task->table;
	struct ints mv_arena *elements = task->elements;
	__u64 first = task->sum, end = first + task->count, added = 0, wrong = 0;

	USE_ARENA();
	for (__u64 i = first; i < end && mv_may_loop(); i++) {
		int inserted = ints_insert(table, elements + i, i, 3 * i);

		added += inserted == 1;
		wrong += inserted < 0;
	}
	task->sum = added;
	task->wrong = wrong;
	return 0;
}

/* Looks for `count` keys from `sum` on: how many there are, the sum of their values, and how many have another than 3 * i. */
SEC("syscall")
int find_ints(struct task *task)
{
	struct mv_table mv_arena *table = task->table;
	__u64 first = task->sum, end = first + task->count, found = 0, sum = 0, wrong = 0;

	USE_ARENA();
	for (__u64 i = first; i < end && mv_may_loop(); i++) {
		struct ints mv_arena *at = ints_find(table, i);

		if (!at)
			continue;
		found++;
		sum += at->value;
		wrong += at->value != (int)(3 * i);
	}
	task->count = found;
	task->sum = sum;
	task->wrong = wrong;
	return 0;
}

/* Removes the keys that are multiples of `sum` and less than `count`; tells how many there were. */
SEC("syscall")
int remove_ints(struct task *task)
{
	struct mv_table mv_arena *table = task->table;
	__u64 count = task->count, step = task->sum, removed = 0;

	USE_ARENA();
	if (!step)
		return 1;
	for (__u64 i = 0; i < count && mv_may_loop(); i += step)
		removed += !!ints_remove(table, i);
	task->count = removed;
	return 0;
}

/* Counts all elements and sums their values; `wrong` are those in a bucket, or behind a `pprev`, that is not theirs. */
SEC("syscall")
int walk_ints(struct task *task)
{
	struct mv_table mv_arena *table = task->table;
	__u64 count = 0, sum = 0, wrong = 0;
	struct mv_list_head mv_arena *bucket;
	struct ints mv_arena *at;

	USE_ARENA();
	mv_table_for_each_bucket(bucket, table) {
		struct mv_list_node mv_arena *mv_arena *pointer = &bucket->first;

		mv_list_for_each(at, bucket, node) {
			unsigned int hash = mv_hash_u32(at->key);

			count++;
			sum += at->value;
			wrong += (unsigned int)at->hash != hash;
			wrong += (__u32)(__u64)bucket != (__u32)(__u64)mv_table_bucket(table, hash);
			wrong += (__u32)(__u64)at->node.pprev != (__u32)(__u64)pointer;
			pointer = &at->node.next;
		}
	}
	task->count = count;
	task->sum = sum;
	task->wrong = wrong;
	return 0;
}

SEC("syscall")
int insert_flows(struct task *task)
{
	struct mv_table mv_arena *table = task->table;
	struct flows mv_arena *elements = task->elements;
	__u64 count = task->count, added = 0;

	USE_ARENA();
	for (__u64 i = 0; i < count && mv_may_loop(); i++) {
		struct totals totals = { .packets = i << 32 | i, .last = i };

		added += flows_insert(table, elements + i, pair_of(i), totals) == 1;
	}
	task->sum = added;
	return 0;
}

SEC("syscall")
int find_flows(struct task *task)
{
	struct mv_table mv_arena *table = task->table;
	__u64 count = task->count, found = 0, sum = 0, wrong = 0;

	USE_ARENA();
	for (__u64 i = 0; i < count && mv_may_loop(); i++) {
		struct flows mv_arena *at = flows_find(table, pair_of(i));

		if (!at)
			continue;
		found++;
		sum += at->value.last;
		wrong += at->value.packets != (i << 32 | i);
	}
	task->count = found;
	task->sum = sum;
	task->wrong = wrong;
	return 0;
}

/* Inserts, updates and removes keys below `count` at random, `sum` times, with the element of each key at its own place. */
SEC("syscall")
int churn(struct task *task)
{
	struct mv_table mv_arena *table = task->table;
	struct ints mv_arena *elements = task->elements;
	__u64 count = task->count, times = task->sum;

	USE_ARENA();
	if (!count)
		return 1;
	for (__u64 i = 0; i < times && mv_may_loop(); i++) {
		__u32 random = bpf_get_prandom_u32();
		__u32 key = (random >> 1) % count;

		if (random & 1)
			ints_insert(table, elements + key, key, 3 * key);
		else
			ints_remove(table, key);
	}
	return 0;
}

/* A key, and its hashes. */
struct hashes {
	__u64 number;
	char text[24];
	__u32 of_u32;
	__u32 of_u64;
	__u32 of_text;
	__u32 of_9_bytes;
};

SEC("syscall")
int hash(struct hashes *hashes)
{
	hashes->of_u32 = mv_hash_u32(hashes->number);
	hashes->of_u64 = mv_hash_u64(hashes->number);
	hashes->of_text = mv_hash_bytes(hashes->text, sizeof(hashes->text));
	hashes->of_9_bytes = mv_hash_bytes(hashes->text, 9);
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
