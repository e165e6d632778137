// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts the packets that arrive at a device, by protocol and by size. The counters are a global
// variable, so they lie in `.bss`.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum protocol { ICMP, TCP, UDP, OTHER, PROTOCOLS };

#define SIZES 16

struct count {
	__u64 packets;
	__u64 bytes;
};

struct netcount {
	struct count by_protocol[PROTOCOLS];
	__u64 by_size[SIZES]; /* at i: more than 2^(i-1), at most 2^i bytes; the last: all larger */
};

struct netcount netcount;

static enum protocol protocol_of(void *start, void *end)
{
	struct ethhdr *eth = start;
	struct iphdr *ip = start + sizeof(*eth);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return OTHER;
	switch (ip->protocol) {
	case IPPROTO_ICMP:
		return ICMP;
	case IPPROTO_TCP:
		return TCP;
	case IPPROTO_UDP:
		return UDP;
	default:
		return OTHER;
	}
}

static __u32 size_class(__u64 size)
{
	__u32 class = 0;

	while (class < SIZES - 1 && size > 1ull << class)
		class++;
	return class;
}

SEC("xdp")
int count_packet(struct xdp_md *ctx)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u64 size = end - start;
	struct count *count = &netcount.by_protocol[protocol_of(start, end)];

	/* Packets arrive on several CPUs at the same time. */
	__sync_fetch_and_add(&count->packets, 1);
	__sync_fetch_and_add(&count->bytes, size);
	__sync_fetch_and_add(&netcount.by_size[size_class(size)], 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
