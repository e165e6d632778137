// SPDX-License-Identifier: MIT OR Apache-2.0
// Looks up rows in unwind tables, like the profiler lightswitch. A table is an array of the rows of
// one executable, in a map of maps.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Rows of one page of addresses differ only in the low 16 bits, so a row holds only these. */
#define PAGE_BITS 16
#define MAX_DEPTH 17 /* a page has at most 2^16 rows */

struct row {
	__u16 pc_low;
	__u8 cfa_type;
	__u8 rbp_type;
	__u16 cfa_offset;
	__s16 rbp_offset;
};

struct page {
	__u64 executable;
	__u64 number;
};

/* The rows of a page: from the first up to, but not including, the last. */
struct range {
	__u32 first;
	__u32 last;
};

enum outcome {
	OUTCOME_NONE = 0,
	OUTCOME_FOUND = 1,
	OUTCOME_NO_TABLE = 2,
	OUTCOME_NO_PAGE = 3,
	OUTCOME_NO_ROW = 4,
};

struct report {
	__u64 pc;
	struct row row;
	__u32 index;
	enum outcome outcome;
};

/* The content of a packet: an address whose row is wanted. */
struct question {
	__u64 executable;
	__u64 pc;
};

struct table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	/* With BPF_F_INNER_MAP, tables may be of any length. */
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct row);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
	__array(values, struct table);
} tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct page);
	__type(value, struct range);
} pages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct report);
} reports SEC(".maps");

static enum outcome find(const struct question *question, struct report *report)
{
	__u64 executable = question->executable;
	struct page page = { .executable = executable, .number = question->pc >> PAGE_BITS };
	__u16 pc_low = question->pc & ((1 << PAGE_BITS) - 1);
	void *table = bpf_map_lookup_elem(&tables, &executable);
	struct range *range;
	struct row *row;
	__u32 left, right, index;

	if (!table)
		return OUTCOME_NO_TABLE;
	range = bpf_map_lookup_elem(&pages, &page);
	if (!range)
		return OUTCOME_NO_PAGE;
	left = range->first;
	right = range->last;
	/* The first row after the address lies between the two. */
	for (int i = 0; i < MAX_DEPTH && left < right; i++) {
		index = left + (right - left) / 2;
		row = bpf_map_lookup_elem(table, &index);
		if (!row)
			return OUTCOME_NO_ROW;
		if (row->pc_low <= pc_low)
			left = index + 1;
		else
			right = index;
	}
	/* The row before it may be the last of another page. */
	index = left - 1;
	row = bpf_map_lookup_elem(table, &index);
	if (!row)
		return OUTCOME_NO_ROW;
	report->row = *row;
	report->index = index;
	return OUTCOME_FOUND;
}

SEC("xdp")
int unwind(struct xdp_md *ctx)
{
	struct question *question = (void *)(long)ctx->data;
	__u32 key = 0;
	struct report *report = bpf_map_lookup_elem(&reports, &key);

	if (!report || (void *)(question + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	report->pc = question->pc;
	report->outcome = find(question, report);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
