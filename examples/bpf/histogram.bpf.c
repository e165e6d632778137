// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts packets by their length, in an H2 histogram.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <mapvalue/histogram.bpf.h>

#define GROUPING_POWER 3
#define BUCKETS MV_H2_BUCKETS(GROUPING_POWER, 64) /* 496 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BUCKETS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} lengths SEC(".maps");

SEC("xdp")
int count_lengths(struct xdp_md *ctx)
{
	__u32 bucket = mv_h2_bucket(ctx->data_end - ctx->data, GROUPING_POWER);
	__u64 *counter = bpf_map_lookup_elem(&lengths, &bucket);

	if (counter)
		__sync_fetch_and_add(counter, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
