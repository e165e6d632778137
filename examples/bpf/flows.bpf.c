// SPDX-License-Identifier: MIT OR Apache-2.0
/* Counts of flows: by a key with an address of either family, on each CPU for itself. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

union address {
	__u32 v4;
	__u8 v6[16];
};

struct flow_key {
	union address from;
	union address to;
	__u16 port;
	__u8 family;
};

/* 12 bytes, so 16 from one CPU to the next. */
struct counts {
	__u32 packets;
	__u32 bytes;
	__u32 longest;
};

#define MAP(map, map_type, of_value)               \
	struct {                                   \
		__uint(type, map_type);            \
		__uint(max_entries, 256);          \
		__type(key, struct flow_key);      \
		__type(value, of_value);           \
	} map SEC(".maps")

MAP(flows, BPF_MAP_TYPE_LRU_PERCPU_HASH, struct counts);
MAP(limits, BPF_MAP_TYPE_HASH, __u32);

static __always_inline int count(struct flow_key *key, __u32 len)
{
	struct counts first = {}, *counts;
	__u32 *limit = bpf_map_lookup_elem(&limits, key);

	if (limit && len > *limit)
		return 1;
	bpf_map_update_elem(&flows, key, &first, BPF_NOEXIST);
	counts = bpf_map_lookup_elem(&flows, key);
	if (!counts)
		return -1;
	counts->packets++;
	counts->bytes += len;
	if (counts->longest < len)
		counts->longest = len;
	return 0;
}

/* Counts a packet of 10.0.0.1, unless it is longer than the limit of its flow. */
SEC("classifier")
int count_v4(struct __sk_buff *skb)
{
	struct flow_key key = {};

	key.from.v4 = 0x0a000001;
	key.to.v4 = 0x0a000002;
	key.port = 443;
	key.family = 2;
	return count(&key, skb->len);
}

/* The same of an address whose bytes are 1 to 16. */
SEC("classifier")
int count_v6(struct __sk_buff *skb)
{
	struct flow_key key = {};

	for (int i = 0; i < 16; i++)
		key.from.v6[i] = i + 1;
	key.port = 443;
	key.family = 10;
	return count(&key, skb->len);
}

char _license[] SEC("license") = "Dual MIT/GPL";
