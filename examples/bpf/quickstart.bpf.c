// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts packets in one value that user space has mapped, and obeys the mode that user space sets.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum mode {
	MODE_COUNT = 0, /* count packets and let them pass */
	MODE_DROP = 1,  /* count packets and drop them */
};

struct stats {
	__u64 packets;
	__u64 bytes;
	__u64 by_proto[256]; /* IPv4 packets by the protocol inside */
	enum mode mode;      /* set by user space */
	bool live;           /* set here: the program has run */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct stats);
} stats SEC(".maps");

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = start;
	struct iphdr *ip = start + sizeof(*eth);
	__u32 key = 0;
	struct stats *stats_value = bpf_map_lookup_elem(&stats, &key);

	if (!stats_value)
		return XDP_ABORTED;
	__sync_fetch_and_add(&stats_value->packets, 1);
	__sync_fetch_and_add(&stats_value->bytes, end - start);
	if ((void *)(ip + 1) <= end && eth->h_proto == bpf_htons(ETH_P_IP))
		__sync_fetch_and_add(&stats_value->by_proto[ip->protocol], 1);
	stats_value->live = true;
	return *(volatile enum mode *)&stats_value->mode == MODE_DROP ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
