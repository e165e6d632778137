// SPDX-License-Identifier: MIT OR Apache-2.0
// Obeys a configuration that user space writes, and reports the configuration that it saw.
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include <mapvalue/order.bpf.h>

enum action {
	ACTION_PASS = 0,
	ACTION_DROP = 1,
	ACTION_SAMPLE = 4,
};

struct config {
	bool enabled;
	bool count_bytes;
	__u16 ports[3];
	enum action action;
	__u32 sample_every;
	char label[16];
	__u64 generation; /* stored last, by user space: everything above is complete */
};

struct counters {
	__u64 packets;
	__u64 bytes;
	__u64 dropped;
};

struct block {
	struct config config;
	struct config seen; /* its generation is stored last, by the program */
	struct counters counters;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct block);
} block SEC(".maps");

SEC("xdp")
int obey(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct block *b = bpf_map_lookup_elem(&block, &key);
	struct config *c, *seen;
	enum action action;
	__u64 generation;
	bool drop = false;

	if (!b)
		return XDP_ABORTED;
	c = &b->config;
	seen = &b->seen;
	/* The acquire comes first: loads after it see values at least as new. */
	generation = mv_load_acquire(&c->generation);
	action = mv_load(&c->action);
	if (mv_load(&c->enabled)) {
		__u64 packets = __sync_fetch_and_add(&b->counters.packets, 1) + 1;
		__u32 every = mv_load(&c->sample_every);

		if (mv_load(&c->count_bytes))
			__sync_fetch_and_add(&b->counters.bytes, ctx->data_end - ctx->data);
		/* Of the sampled packets, one in `sample_every` passes. */
		drop = action == ACTION_DROP || (action == ACTION_SAMPLE && every && packets % every);
	}
	if (drop)
		__sync_fetch_and_add(&b->counters.dropped, 1);

	mv_store(&seen->enabled, mv_load(&c->enabled));
	mv_store(&seen->count_bytes, mv_load(&c->count_bytes));
	for (int i = 0; i < 3; i++)
		mv_store(&seen->ports[i], mv_load(&c->ports[i]));
	mv_store(&seen->action, action);
	mv_store(&seen->sample_every, mv_load(&c->sample_every));
	for (int i = 0; i < 16; i++)
		mv_store(&seen->label[i], mv_load(&c->label[i]));
	/* The release comes last: a reader that sees it sees everything stored before it. */
	mv_store_release(&seen->generation, generation);
	return drop ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
