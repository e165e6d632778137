// SPDX-License-Identifier: MIT OR Apache-2.0
// Types as they stand in the headers of real programs, for Rust types to be checked against. It has no program.
#include <linux/bpf.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#define KEEP(type, name) type name SEC(".data")

typedef __u64 nanoseconds;
typedef struct {
	int counter;
} counter_t;

/* Every leaf. */
struct leaves {
	__u8 a;
	__s8 b;
	char c;
	bool d;
	__u16 e;
	__s16 f;
	__u32 g;
	__s32 h;
	__u64 i;
	__s64 j;
	float k;
	double l;
	const volatile nanoseconds m;
	void *n;
	unsigned long o;
	long p;
};
KEEP(struct leaves, leaves);

enum verdict {
	PASS,
	DROP,
	ABORT = 40,
};
enum error {
	FAILED = -1,
	FINE,
};
enum wide {
	WIDE = 1ULL << 40,
};
struct enums {
	enum verdict verdict;
	enum error error;
	enum wide wide;
	__u8 small;
};
KEEP(struct enums, enums);

/* With a hole of 7 bytes, one of 4, and 4 bytes at the end. */
struct holes {
	__u8 kind;
	__u64 since;
	__u32 id;
};
KEEP(struct holes, holes);

struct padded {
	__u8 kind;
	__u8 _pad0[7];
	__u64 since;
	__u32 id;
	__u32 pad;
};
KEEP(struct padded, padded);

/* A flow key, with what C has and Rust has not: anonymous unions and structs. */
struct flow {
	union {
		__be32 v4;
		struct in6_addr v6;
	};
	struct {
		__be16 port;
		__u16 vlan;
	};
	union {
		__u64 both;
		struct {
			__u32 low;
			__u32 high;
		};
	};
	__u8 protocol;
};
KEEP(struct flow, flow);

union address {
	__be32 v4;
	__u8 v6[16];
};
struct named {
	union address address;
	struct in6_addr ip;
	counter_t users;
};
KEEP(struct named, named);

struct bits {
	__u32 version : 4;
	__u32 length : 12;
	__u32 : 16;
	__u16 flags : 3;
	__u16 offset : 13;
	__u16 port;
};
KEEP(struct bits, bits);

struct point {
	__s32 x, y;
};
struct nested {
	struct point points[3];
	__u32 matrix[2][4];
	struct {
		__u64 count;
		struct point last;
	} seen;
	__u8 data[];
};
KEEP(struct nested, nested);

struct keywords {
	__u32 type;
	__u32 match;
	__u32 default_;
	__u64 fn;
};
KEEP(struct keywords, keywords);

struct big {
	__int128 wide;
	__u64 low;
} __attribute__((aligned(64)));
KEEP(struct big, big);

struct orders {
	__be32 big;
	__le32 little;
	__u32 plain;
};
KEEP(struct orders, orders);

/* More than an `int` holds. */
enum large {
	LARGE = 3000000000U,
};
KEEP(enum large, large);

union views {
	struct {
		__u32 a, b;
	};
	struct {
		__u64 c;
	};
};
KEEP(union views, views);

typedef __int128 wide_t;
KEEP(wide_t, wide);

/* Names and shapes that need a second look. */
struct one {
	__u32 limit_bytes;
};
KEEP(struct one, one);

struct c23 {
	__u32 nullptr;
	__u32 alignof;
};
KEEP(struct c23, c23);

struct skipped_bits {
	__u32 : 8;
	__u32 used : 24;
	__u8 version : 4;
	__u8 length : 4;
	__u8 _pad[3];
};
KEEP(struct skipped_bits, skipped_bits);

struct branches {
	union {
		struct {
			__u32 a;
			__u32 z;
			__u64 b;
		};
		struct {
			__u8 _pad[4];
			__u32 c;
		};
	};
};
KEEP(struct branches, branches);

struct pair {
	struct {
		__u32 first, second;
	};
	__u64 third;
	__u8 none[0];
};
KEEP(struct pair, pair);

struct flexed {
	__u32 a;
	__u8 none[0];
	__u32 b;
};
KEEP(struct flexed, flexed);

typedef struct named_twice {
	__u8 kind;
	__u64 since;
	__u32 id;
} named_twice;
KEEP(named_twice, twice);

char _license[] SEC("license") = "Dual MIT/GPL";
