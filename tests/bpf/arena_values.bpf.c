// SPDX-License-Identifier: MIT OR Apache-2.0
// Tables in an arena whose values are structs of many sizes, of zeros and of other numbers: clang 19 compiles an
// assignment of some of them to stores that the verifier refuses.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <mapvalue/arena.bpf.h>

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA, which older headers lack */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4096);
} arena SEC(".maps");

/* What user space asks. */
struct task {
	struct mv_table mv_arena *table;
	/* Memory for one element. */
	void mv_arena *elements;
	__u64 count;
	__u64 sum;
	__u64 wrong;
};

/* `sum` is what the insertion of key `count` returns, `wrong` the number of words that are not found in its value. */
#define CHECK(name, n, is)                                                                                             \
	asm volatile("" : : "r"(&arena));                                                                              \
	task->sum = name##_insert_from(task->table, task->elements, task->count, &value);                             \
	found = name##_find(task->table, task->count);                                                                 \
	task->wrong = found ? 0 : n;                                                                                   \
	for (int i = 0; found && i < n; i++)                                                                           \
		task->wrong += found->value.words[i] != (is);                                                          \
	return 0

#define VALUES(name, word, n)                                                                                          \
	struct name##_value {                                                                                          \
		word words[n];                                                                                         \
	};                                                                                                             \
	MV_TABLE_OF_INTS(name, __u32, struct name##_value, mv_hash_u32);                                               \
                                                                                                                       \
	SEC("syscall") int name##_zeros(struct task *task)                                                             \
	{                                                                                                              \
		struct name##_value value = {};                                                                        \
		struct name mv_arena *found;                                                                           \
                                                                                                                       \
		CHECK(name, n, 0);                                                                                     \
	}                                                                                                              \
                                                                                                                       \
	SEC("syscall") int name##_numbers(struct task *task)                                                           \
	{                                                                                                              \
		struct name##_value value;                                                                             \
		struct name mv_arena *found;                                                                           \
                                                                                                                       \
		for (int i = 0; i < n; i++)                                                                            \
			value.words[i] = (word)(task->count + i);                                                      \
		CHECK(name, n, (word)(task->count + i));                                                               \
	}

VALUES(of_8, __u64, 1)
VALUES(of_16, __u64, 2)
VALUES(of_64, __u64, 8)
VALUES(of_128, __u64, 16)
VALUES(of_256, __u64, 32)
VALUES(of_u32, __u32, 16)
VALUES(of_u16, __u16, 20)
VALUES(of_u8, __u8, 40)

/* The value by value, and a struct of constants. */
struct pair {
	__u64 a, b;
};
MV_TABLE_OF_INTS(pairs, __u32, struct pair, mv_hash_u32);

SEC("syscall") int pairs_of_zeros(struct task *task)
{
	struct pair value = { 0, 0 };

	asm volatile("" : : "r"(&arena));
	task->sum = pairs_insert(task->table, task->elements, task->count, value);
	return 0;
}

/* How many buckets of the table the macro visits. */
SEC("syscall") int count_buckets(struct task *task)
{
	struct mv_list_head mv_arena *bucket;

	asm volatile("" : : "r"(&arena));
	task->sum = 0;
	mv_table_for_each_bucket(bucket, task->table)
		task->sum++;
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
