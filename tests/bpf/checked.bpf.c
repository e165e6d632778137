// SPDX-License-Identifier: MIT OR Apache-2.0
// Maps whose types are compared when handles are opened. It has no program.
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#define ARRAY(map, entries, of_value)                \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_ARRAY);    \
		__uint(max_entries, entries);        \
		__uint(map_flags, BPF_F_MMAPABLE);   \
		__type(key, __u32);                  \
		__type(value, of_value);             \
	} map SEC(".maps")

struct stats {
	__u64 packets;
	__u64 bytes;
	__u64 by_proto[16];
	__u32 mode;
	bool live;
};

struct pair {
	__u64 first;
	__u64 second;
};

/* A part of each kind. 128 bytes. */
struct parts {
	struct pair pair;       /* 0 */
	__u32 matrix[2][4];     /* 16 */
	union {
		__u64 whole;
		struct {
			__u32 low;
			__u32 high;
		} halves;
	} either;               /* 48 */
	__u32 version : 4;      /* 56 */
	__u32 length : 28;
	__u32 after;            /* 60 */
	char name[16];          /* 64 */
	struct pair pairs[3];   /* 80 */
};

struct wrapped {
	struct pair only;
};

struct single {
	__u64 count;
};

#define TEN(n) __u64 f##n##0, f##n##1, f##n##2, f##n##3, f##n##4, f##n##5, f##n##6, f##n##7, f##n##8, f##n##9
struct fifty {
	TEN(0);
	TEN(1);
	TEN(2);
	TEN(3);
	TEN(4);
};

ARRAY(stats, 2, struct stats);
ARRAY(parts, 4, struct parts);
ARRAY(wrapped, 1, struct wrapped);
ARRAY(single, 1, struct single);
ARRAY(fifty, 1, struct fifty);
ARRAY(counters, 64, __u64);
ARRAY(rows, 8, __u64[8]);
/* The kernel keeps 15 characters of a name. */
ARRAY(a_name_of_many_letters, 1, struct pair);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct pair);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, 4);
	__uint(value_size, 16);
} untyped SEC(".maps");

__u64 runs;
struct pair sum;
