// SPDX-License-Identifier: MIT OR Apache-2.0
// Observes a configuration of user space, and publishes a record that user space observes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <mapvalue/order.bpf.h>

struct config {
	__u32 limit;
	__u32 burst;
	__u64 generation; /* stored last, by user space: everything above is complete */
};

struct record {
	__u64 generation;
	__u32 total;
	__u32 kind; /* stored last, by the program: everything above is complete */
};

struct shared {
	struct config config;
	struct record record;
};

enum { RECORD_NONE = 0, RECORD_APPLIED = 1 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct shared);
} shared SEC(".maps");

SEC("xdp")
int apply(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct shared *s = bpf_map_lookup_elem(&shared, &key);
	__u64 generation;

	if (!s)
		return XDP_ABORTED;
	/* The acquire comes first: loads after it see values at least as new. */
	generation = mv_load_acquire(&s->config.generation);
	mv_store(&s->record.total, mv_load(&s->config.limit) + mv_load(&s->config.burst));
	mv_store(&s->record.generation, generation);
	/* The release comes last: a reader that sees it sees everything stored before it. */
	mv_store_release(&s->record.kind, RECORD_APPLIED);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
