// SPDX-License-Identifier: MIT OR Apache-2.0
// Makes, hands over and frees objects of an allocator that user space made in the arena.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <mapvalue/alloc.bpf.h>

/* Newer than the header of some distributions. */
#define BPF_MAP_TYPE_ARENA 33

struct flow {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256);
} arena SEC(".maps");

/* Fields that hold objects, in a map beside the arena. */
struct cells {
	__u64 flow[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cells);
} cells SEC(".maps");

/* Set by user space. */
__u64 alloc_address;
__u32 flow_type_id;
__u64 free_this;

/* What came of it. */
__u64 made_address;
__u64 made, failed, freed, broken;
__u64 turn;

static struct mv_alloc mv_arena *the_alloc(void)
{
	/* The program must mention the arena. */
	asm volatile("" : : "r"(&arena));
	return (struct mv_alloc mv_arena *)alloc_address;
}

/* Makes one object; its address in `made_address`. */
SEC("classifier")
int make(struct __sk_buff *skb)
{
	struct flow mv_arena *flow = mv_obj_alloc(the_alloc(), flow_type_id);

	if (!flow)
		return 1;
	flow->packets = 7;
	flow->bytes = ~7ULL;
	made_address = (__u32)(__u64)flow;
	return 0;
}

/* Frees the object at `free_this`. */
SEC("classifier")
int release(struct __sk_buff *skb)
{
	asm volatile("" : : "r"(&arena));
	return mv_obj_free((void mv_arena *)free_this);
}

/* A pair of making and freeing. */
SEC("classifier")
int pair(struct __sk_buff *skb)
{
	struct flow mv_arena *flow = mv_obj_alloc(the_alloc(), flow_type_id);

	return flow ? mv_obj_free(flow) : 9;
}

/* Makes an object and exchanges it for the one in a cell, which is freed. */
SEC("classifier")
int exchange(struct __sk_buff *skb)
{
	struct flow mv_arena *flow = mv_obj_alloc(the_alloc(), flow_type_id);
	__u32 key = 0;
	struct cells *c = bpf_map_lookup_elem(&cells, &key);
	__u64 i = __sync_fetch_and_add(&turn, 1), old;

	if (!c)
		return 1;
	if (!flow) {
		__sync_fetch_and_add(&failed, 1);
		return 0;
	}
	__sync_fetch_and_add(&made, 1);
	flow->packets = i;
	flow->bytes = ~i;
	old = mv_kptr_xchg(&c->flow[(i * 31) & 63], mv_kptr(flow));
	if (!old)
		return 0;
	flow = mv_kptr_obj(old);
	if (flow->packets != ~flow->bytes)
		__sync_fetch_and_add(&broken, 1);
	if (mv_obj_free(flow))
		__sync_fetch_and_add(&broken, 1);
	else
		__sync_fetch_and_add(&freed, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
