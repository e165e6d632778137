// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts packets in a mapped array, in a global variable, and in a hash table by packet length.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct total {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct total);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct total);
} by_length SEC(".maps");

/* Shorter packets are not counted. Set before the object is loaded. */
const volatile __u32 shortest = 0;

__u64 packets_seen;

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data, first = 0;
	struct total *total = bpf_map_lookup_elem(&totals, &first);
	struct total *same_length = bpf_map_lookup_elem(&by_length, &length);

	if (length < shortest)
		return XDP_PASS;
	__sync_fetch_and_add(&packets_seen, 1);
	if (total) {
		__sync_fetch_and_add(&total->packets, 1);
		__sync_fetch_and_add(&total->bytes, length);
	}
	if (same_length) {
		__sync_fetch_and_add(&same_length->packets, 1);
		__sync_fetch_and_add(&same_length->bytes, length);
	} else {
		struct total one = { 1, length };

		bpf_map_update_elem(&by_length, &length, &one, BPF_ANY);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
