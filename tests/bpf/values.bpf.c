// SPDX-License-Identifier: MIT OR Apache-2.0
// One value of each type that a map may hold, in a slot of its own.
//
// `check` tells which slots hold what user space is to write there; `fill` writes what user space is to find.
// The numbers are repeated in tests/tests/kernel/typed.rs.
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct pair {
	__u32 a;
	__u64 b;
};

struct one_word {
	__u32 word;
};

struct four_bytes {
	__u8 bytes[4];
};

struct padded {
	__u32 a;
	__u64 b;
	__u16 c;
	__u8 d[5];
	__u64 e;
};

enum mode {
	MODE_OFF = 0,
	MODE_COUNT = 1,
	MODE_DROP = 5,
};

struct rule {
	__u16 port;
	__u8 action; /* 0 or 1 */
	bool enabled;
	enum mode mode;
};

struct flow {
	__be32 source;
	__be32 destination;
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;
};

struct of_signed {
	__s8 a;
	__s16 b;
	__s32 c;
	__s64 d;
};

union word_or_halves {
	__u32 word;
	__u16 halves[2];
};

/* 64 bytes, so that slot N is at offset 64 * N. */
union slot {
	bool flag;
	__u32 word;
	__u8 bytes[4];
	struct pair pairs[2];
	struct one_word one_word;
	struct four_bytes four_bytes;
	struct padded padded;
	enum mode mode;
	struct rule rule;
	struct flow flow;
	__u64 bits;
	struct of_signed of_signed;
	union word_or_halves either;
	__u8 raw[64];
};

enum {
	SLOT_BOOL,
	SLOT_U32,
	SLOT_BYTES,
	SLOT_PAIRS,
	SLOT_ONE_WORD,
	SLOT_FOUR_BYTES,
	SLOT_ATOMIC,
	SLOT_ATOMIC_STRUCT,
	SLOT_PADDED,
	SLOT_ENUM,
	SLOT_RULE,
	SLOT_FLOW,
	SLOT_F64,
	SLOT_NONZERO,
	SLOT_SIGNED,
	SLOT_UNION,
	SLOTS,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, union slot);
} slots SEC(".maps");

static __always_inline volatile union slot *slot(__u32 key)
{
	return bpf_map_lookup_elem(&slots, &key);
}

/* Sets the bit of a slot if the condition holds for `s`, the slot. */
#define CHECK(key, condition)                             \
	do {                                              \
		volatile union slot *s = slot(key);       \
		if (s && (condition))                     \
			found |= 1u << (key);             \
	} while (0)

/* The verdict has a bit for each slot that holds what it should. */
SEC("classifier")
int check(struct __sk_buff *skb)
{
	__u32 found = 0;

	CHECK(SLOT_BOOL, s->raw[0] == 1 && s->raw[1] == 0);
	CHECK(SLOT_U32, s->word == 0xdeadbeef);
	CHECK(SLOT_BYTES, s->bytes[0] == 1 && s->bytes[1] == 2 && s->bytes[2] == 3 && s->bytes[3] == 4);
	CHECK(SLOT_PAIRS, s->pairs[0].a == 1 && s->pairs[0].b == 0x200000002 && s->pairs[1].a == 3 &&
				  s->pairs[1].b == 0x400000004);
	CHECK(SLOT_ONE_WORD, s->one_word.word == 0x1111);
	CHECK(SLOT_FOUR_BYTES, s->four_bytes.bytes[0] == 9 && s->four_bytes.bytes[3] == 6);
	CHECK(SLOT_ATOMIC, s->word == 1337);
	CHECK(SLOT_ATOMIC_STRUCT, s->one_word.word == 1338);
	CHECK(SLOT_PADDED, s->padded.a == 0xa && s->padded.b == 0xb0000000b && s->padded.c == 0xc &&
				   s->padded.d[0] == 1 && s->padded.d[4] == 5 && s->padded.e == 0xe0000000e);
	CHECK(SLOT_ENUM, s->mode == MODE_DROP);
	CHECK(SLOT_RULE, s->rule.port == 443 && s->rule.action == 1 && s->raw[3] == 1 && s->rule.mode == MODE_COUNT);
	CHECK(SLOT_FLOW, s->flow.source == bpf_htonl(0x0a000001) && s->flow.destination == bpf_htonl(0xc0a80102) &&
				 s->flow.source_port == bpf_htons(51234) &&
				 s->flow.destination_port == bpf_htons(443) && s->flow.protocol == 6);
	CHECK(SLOT_F64, s->bits == 0xc004000000000000); /* -2.5 */
	CHECK(SLOT_NONZERO, s->word == 77);
	CHECK(SLOT_SIGNED, s->of_signed.a == -1 && s->of_signed.b == -2 && s->of_signed.c == -3 &&
				   s->of_signed.d == -4);
	CHECK(SLOT_UNION, s->either.halves[0] == 0xaaaa && s->either.halves[1] == 0xbbbb);
	return found;
}

#define FILL(key)                                                           \
	for (volatile union slot *s = slot(key), *once = s; s && once; once = 0)

SEC("classifier")
int fill(struct __sk_buff *skb)
{
	FILL(SLOT_BOOL)
		s->flag = false;
	FILL(SLOT_U32)
		s->word = 0xfeedf00d;
	FILL(SLOT_BYTES) {
		s->bytes[0] = 0xca;
		s->bytes[1] = 0xfe;
		s->bytes[2] = 0xba;
		s->bytes[3] = 0xbe;
	}
	FILL(SLOT_PAIRS) {
		s->pairs[0].a = 5;
		s->pairs[0].b = 0x600000006;
		s->pairs[1].a = 7;
		s->pairs[1].b = 0x800000008;
	}
	FILL(SLOT_ONE_WORD)
		s->one_word.word = 0x2222;
	FILL(SLOT_FOUR_BYTES) {
		s->four_bytes.bytes[0] = 4;
		s->four_bytes.bytes[1] = 3;
		s->four_bytes.bytes[2] = 2;
		s->four_bytes.bytes[3] = 1;
	}
	FILL(SLOT_ATOMIC)
		s->word = 0x3333;
	FILL(SLOT_ATOMIC_STRUCT)
		s->one_word.word = 0x4444;
	FILL(SLOT_PADDED) {
		s->padded.a = 0x1a;
		s->padded.b = 0x1b0000001b;
		s->padded.c = 0x1c;
		s->padded.d[0] = 11;
		s->padded.d[1] = 12;
		s->padded.d[2] = 13;
		s->padded.d[3] = 14;
		s->padded.d[4] = 15;
		s->padded.e = 0x1e0000001e;
	}
	FILL(SLOT_ENUM)
		s->mode = MODE_COUNT;
	FILL(SLOT_RULE) {
		s->rule.port = 53;
		s->rule.action = 0;
		s->rule.enabled = true;
		s->rule.mode = MODE_DROP;
	}
	FILL(SLOT_FLOW) {
		s->flow.source = bpf_htonl(0x7f000001);
		s->flow.destination = bpf_htonl(0x08080808);
		s->flow.source_port = bpf_htons(1024);
		s->flow.destination_port = bpf_htons(53);
		s->flow.protocol = 17;
	}
	FILL(SLOT_F64)
		s->bits = 0x400921fb54442d18; /* pi */
	FILL(SLOT_NONZERO)
		s->word = 0;
	FILL(SLOT_SIGNED) {
		s->of_signed.a = -128;
		s->of_signed.b = -32768;
		s->of_signed.c = -2147483647 - 1;
		s->of_signed.d = -5000000000;
	}
	FILL(SLOT_UNION)
		s->either.word = 0xddddcccc;
	return 0;
}

/* Numbers that are no variants: 3 in the enum, 9 in the rule's action. */
SEC("classifier")
int fill_with_invalid(struct __sk_buff *skb)
{
	FILL(SLOT_ENUM)
		s->word = 3;
	FILL(SLOT_RULE)
		s->rule.action = 9;
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
