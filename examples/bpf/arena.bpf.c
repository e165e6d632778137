// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts packets by source, in a hash table in an arena that user space reads and changes.
// Finished flows go to a list.
//
// No variable of the programs is in the arena, and no kfunc is called, so aya can load this too.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>
#include <mapvalue/arena.bpf.h>

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA, which older headers lack */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} arena SEC(".maps");

/* Declares struct flow { int hash; __u32 key; __u64 value; struct mv_list_node node; } */
MV_TABLE_OF_INTS(flow, __u32, __u64, mv_hash_u32);

struct root {
	/* Packets by source address. */
	struct mv_table flows;
	/* Elements for `flows` that are in no table. */
	struct mv_list_head unused;
	/* Flows that `expire` took out of the table. */
	struct mv_list_head expired;
	/* Packets for whose flow there was no element. */
	__u64 uncounted;
	/* Flows with fewer packets than this expire. */
	__u64 threshold;
};

/* Puts the type into the BTF, which has no types that only the code of a program mentions. */
const volatile struct {
	struct root root;
	struct flow flow;
} types = {};

/* The agreed place. (The verifier requires each program to name the arena.) */
static struct root mv_arena *root(void)
{
	void *map = &arena;
	struct root mv_arena *root = (struct root mv_arena *)0x1000;

	asm volatile("" : "+r"(map), "+r"(root));
	return root;
}

SEC("xdp")
int count_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct root mv_arena *r = root();
	struct mv_list_node mv_arena *node;
	struct flow mv_arena *flow;

	if ((void *)(ip + 1) > end)
		return XDP_ABORTED;
	flow = flow_find(&r->flows, ip->saddr);
	if (flow) {
		__sync_fetch_and_add(&flow->value, 1);
		return XDP_PASS;
	}
	node = r->unused.first;
	if (!node || !mv_list_del(node)) {
		__sync_fetch_and_add(&r->uncounted, 1);
		return XDP_PASS;
	}
	/* There is no other writer, so this links it, unless the list is too long to be searched. */
	if (flow_insert(&r->flows, mv_entry(node, struct flow, node), ip->saddr, 1) != 1) {
		mv_list_add_head(node, &r->unused);
		__sync_fetch_and_add(&r->uncounted, 1);
	}
	return XDP_PASS;
}

SEC("xdp")
int expire(struct xdp_md *ctx)
{
	struct root mv_arena *r = root();
	struct mv_list_head mv_arena *bucket;
	struct flow mv_arena *flow;

	mv_table_for_each_bucket(bucket, &r->flows) {
		mv_list_for_each(flow, bucket, node) {
			if (flow->value < r->threshold && mv_list_del(&flow->node))
				mv_list_add_head(&flow->node, &r->expired);
		}
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
