// SPDX-License-Identifier: MIT OR Apache-2.0
// A value that is whole at any moment, written and read by programs and by user space.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <mapvalue/seq.bpf.h>

/* All words are equal. */
struct words {
	__u64 word[8];
};

MV_SEQ_CELL(struct words) cell;
/* The same without the protocol, to see that values are torn then. */
struct words bare;
/* Written by `write_stepping` one word at a time. */
MV_SEQ_CELL(struct words) half;

/* What the programs have counted. */
struct counts {
	__u64 written;
	__u64 refused;
	__u64 whole;
	__u64 torn;
	__u64 gave_up;
};
struct counts counts;

static void fill(struct words *words, __u64 number)
{
	for (int i = 0; i < 8; i++)
		mv_store(&words->word[i], number);
}

/* Writes the next number. */
SEC("classifier")
int write(struct __sk_buff *skb)
{
	__u64 turn = mv_seq_begin(&cell);

	if (!turn) {
		counts.refused++;
		return 1;
	}
	fill(&cell.value, cell.value.word[0] + 1);
	if (!mv_seq_end(&cell, turn))
		return 2;
	counts.written++;
	return 0;
}

/* Writes the next number without the protocol. */
SEC("classifier")
int write_bare(struct __sk_buff *skb)
{
	fill(&bare, bare.word[0] + 1);
	return 0;
}

/* Begins and does not end, as a writer that dies. */
SEC("classifier")
int write_half(struct __sk_buff *skb)
{
	if (!mv_seq_begin(&half))
		return 1;
	mv_store(&half.value.word[0], 99);
	return 0;
}

/* Reads what user space writes. */
SEC("classifier")
int read(struct __sk_buff *skb)
{
	for (int i = 0; i < 10; i++) {
		__u64 seen = mv_seq_read_begin(&cell);
		__u64 first = mv_load(&cell.value.word[0]);
		int torn = 0;

		for (int k = 1; k < 8; k++)
			torn |= mv_load(&cell.value.word[k]) != first;
		if (mv_seq_read_retry(&cell, seen))
			continue;
		if (torn)
			counts.torn++;
		else
			counts.whole++;
		return torn;
	}
	counts.gave_up++;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
