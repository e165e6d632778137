// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts packets in objects that user space also creates, takes and frees. No variable of the
// programs is in the arena, and no kfunc is called, so aya can load this too.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>
#include <mapvalue/alloc.bpf.h>

/* `struct flow`, `struct root`, FLOW_TYPE_ID and ROOT: generated from the Rust types. */
#include "objects.h"

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA, which older headers lack */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} arena SEC(".maps");

/* Puts the type into the BTF, which has no types that only the code of a program mentions. */
const volatile struct {
	struct root root;
	struct flow flow;
} types = {};

#define FLOWS (sizeof(((struct root *)0)->flows) / sizeof(__u64))

/* (The verifier requires each program to name the arena.) */
static struct root mv_arena *root(void)
{
	void *map = &arena;
	struct root mv_arena *root = (struct root mv_arena *)ROOT;

	asm volatile("" : "+r"(map), "+r"(root));
	return root;
}

SEC("xdp")
int count_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct root mv_arena *r = root();
	struct flow mv_arena *flow, *other;
	__u64 taken, left;
	__u32 n;

	if ((void *)(ip + 1) > end)
		return XDP_ABORTED;
	n = (ip->saddr >> 24) % FLOWS;
	/* From here on the flow is ours, even if other CPUs count at the same time. */
	taken = mv_kptr_xchg(&r->flows[n], 0);
	if (taken) {
		flow = mv_kptr_obj(taken);
	} else {
		flow = mv_obj_alloc((struct mv_alloc mv_arena *)r->alloc, FLOW_TYPE_ID);
		if (!flow) {
			__sync_fetch_and_add(&r->uncounted, 1);
			return XDP_PASS;
		}
		/* The memory keeps its last contents. */
		flow->packets = 0;
		flow->bytes = 0;
	}
	flow->packets++;
	flow->bytes += end - data;
	left = mv_kptr_xchg(&r->flows[n], mv_kptr(flow));
	if (left) {
		/* Another CPU found no flow, and created one. */
		other = mv_kptr_obj(left);
		__sync_fetch_and_add(&r->uncounted, other->packets);
		mv_obj_free(other);
	}
	return XDP_PASS;
}

SEC("xdp")
int expire(struct xdp_md *ctx)
{
	struct root mv_arena *r = root();

	for (__u32 n = 0; n < FLOWS && mv_may_loop(); n++) {
		__u64 taken = mv_kptr_xchg(&r->flows[n], 0);
		struct flow mv_arena *flow = mv_kptr_obj(taken);

		if (taken && flow->packets >= r->threshold)
			taken = mv_kptr_xchg(&r->flows[n], taken);
		/* A flow with few packets, or one that another CPU has created in the meantime. */
		if (taken)
			mv_obj_free(mv_kptr_obj(taken));
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
