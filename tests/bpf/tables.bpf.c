// SPDX-License-Identifier: MIT OR Apache-2.0
/* Maps that are looked up and updated by system calls, and some that are mapped. */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum verdict { VERDICT_PASS, VERDICT_DROP, VERDICT_LOG = 7 };

/* With a hole in the end. */
struct socket {
	__u32 address;
	__u16 port;
	__u8 protocol;
};

struct flow {
	__u64 packets;
	__u64 bytes;
	enum verdict verdict;
	bool seen;
};

/* Without holes. */
struct total {
	__u64 packets;
	__u64 bytes;
};

struct route {
	__u32 bits;
	__u8 address[4];
};

#define MAP(map, map_type, entries, flags, of_key, of_value) \
	struct {                                             \
		__uint(type, map_type);                      \
		__uint(max_entries, entries);                \
		__uint(map_flags, flags);                    \
		__type(key, of_key);                         \
		__type(value, of_value);                     \
	} map SEC(".maps")

MAP(sockets, BPF_MAP_TYPE_HASH, 64, 0, struct socket, struct flow);
MAP(totals, BPF_MAP_TYPE_HASH, 8, 0, __u32, struct total);
MAP(recent, BPF_MAP_TYPE_LRU_HASH, 64, 0, __u32, struct total);
MAP(routes, BPF_MAP_TYPE_LPM_TRIE, 16, BPF_F_NO_PREALLOC, struct route, __u32);
MAP(rates, BPF_MAP_TYPE_ARRAY, 4, 0, __u32, struct flow);
MAP(banks, BPF_MAP_TYPE_ARRAY, 4, BPF_F_MMAPABLE, __u32, struct total);
MAP(per_cpu, BPF_MAP_TYPE_PERCPU_ARRAY, 2, 0, __u32, struct total);

__u64 runs;
struct total sum;

/* Counts a packet everywhere. */
SEC("classifier")
int count_packet(struct __sk_buff *skb)
{
	struct socket socket = {};
	struct flow *flow;
	struct total *total;
	__u32 one = 1, two = 2;

	socket.address = 0x0a000001;
	socket.port = 443;
	socket.protocol = 6;
	flow = bpf_map_lookup_elem(&sockets, &socket);
	if (flow) {
		flow->packets += 1;
		flow->bytes += skb->len;
	} else {
		struct flow first = {};

		first.packets = 1;
		first.bytes = skb->len;
		first.verdict = VERDICT_LOG;
		first.seen = true;
		bpf_map_update_elem(&sockets, &socket, &first, BPF_ANY);
	}
	total = bpf_map_lookup_elem(&totals, &one);
	if (total)
		total->packets += 1;
	flow = bpf_map_lookup_elem(&rates, &two);
	if (flow) {
		flow->packets += 1;
		flow->bytes += skb->len;
		flow->seen = true;
	}
	total = bpf_map_lookup_elem(&banks, &one);
	if (total)
		total->packets += 1;
	total = bpf_map_lookup_elem(&per_cpu, &one);
	if (total)
		total->packets += 1;
	runs += 1;
	sum.packets += 1;
	return 0;
}

/* The verdict of that socket, 100 if there is none. */
SEC("classifier")
int verdict(struct __sk_buff *skb)
{
	struct socket socket = {};
	struct flow *flow;

	socket.address = 0x0a000001;
	socket.port = 443;
	socket.protocol = 6;
	flow = bpf_map_lookup_elem(&sockets, &socket);
	return flow ? flow->verdict : 100;
}

/* Stores what is no verdict. */
SEC("classifier")
int spoil_verdict(struct __sk_buff *skb)
{
	struct flow *flow;
	__u32 two = 2;

	flow = bpf_map_lookup_elem(&rates, &two);
	if (flow)
		*(volatile __u32 *)&flow->verdict = 5;
	return 0;
}

/* The route to an address, 100 if there is none; and 1000 more if key 1 is among the recent ones. */
SEC("classifier")
int look(struct __sk_buff *skb)
{
	struct route route = { 32, { 10, 0, 0, 1 } };
	__u32 one = 1, *next;

	next = bpf_map_lookup_elem(&routes, &route);
	return (next ? *next : 100) + (bpf_map_lookup_elem(&recent, &one) ? 1000 : 0);
}

char _license[] SEC("license") = "Dual MIT/GPL";
