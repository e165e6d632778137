// SPDX-License-Identifier: MIT OR Apache-2.0
// The buckets of values, and histograms of them.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <mapvalue/histogram.bpf.h>

#define VALUES 64

struct buckets {
	__u32 log2;
	__u32 h2_0;
	__u32 h2_3;
	__u32 h2_7;
};

/* Written by user space: values, and how many of them count. */
__u64 values[VALUES];
__u32 len;

/* Written by `find`. */
struct buckets found[VALUES];

/* Written by `record`. */
__u64 h2[MV_H2_BUCKETS(3, 64)];
__u64 narrow[MV_H2_BUCKETS(5, 20)];
__u64 powers[MV_LOG2_BUCKETS];
__u64 outside;

SEC("classifier")
int find(struct __sk_buff *skb)
{
	for (__u32 i = 0; i < VALUES && i < len; i++) {
		__u64 value = values[i];

		found[i].log2 = mv_log2_bucket(value);
		found[i].h2_0 = mv_h2_bucket(value, 0);
		found[i].h2_3 = mv_h2_bucket(value, 3);
		found[i].h2_7 = mv_h2_bucket(value, 7);
	}
	return 0;
}

SEC("classifier")
int record(struct __sk_buff *skb)
{
	for (__u32 i = 0; i < VALUES && i < len; i++) {
		__u64 value = values[i];

		mv_histogram_add(h2, mv_h2_bucket(value, 3), 1);
		if (!mv_histogram_add(narrow, mv_h2_bucket(value, 5), 2))
			__sync_fetch_and_add(&outside, 1);
		mv_histogram_add(powers, mv_log2_bucket(value), 1);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
