// SPDX-License-Identifier: MIT OR Apache-2.0
// Two sides that share an allocator with user space: one that keeps to the rules, and one that writes over all of it.
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

#define CELLS 64
/* The word of an allocator with the number of slots that have been used, of its first class. */
#define FRESH (__builtin_offsetof(struct mv_alloc, classes[0].fresh) / 8)

/* Set by user space: the allocator, and an array of as many fields in the arena that hold objects. */
__u64 alloc_address;
__u32 flow_type_id;
__u64 cells_address;
/* What to write over, and how often: the address of the first word, and how many there are. One of them is spared. */
__u64 scribble_address;
__u32 scribble_words;
__u32 scribble_times;
__u32 scribble_not;

/* What came of it. */
__u64 made, failed, freed, refused, broken, scribbled;

/* Makes an object, exchanges it for the one in a cell, and frees that; or takes one, and frees it. */
SEC("classifier")
int churn(struct __sk_buff *skb)
{
	__u32 random = bpf_get_prandom_u32();
	struct flow mv_arena *flow = 0;
	__u64 mv_arena *cell;
	__u64 old;

	/* The program must mention the arena. */
	asm volatile("" : : "r"(&arena));
	cell = (__u64 mv_arena *)cells_address + random % CELLS;
	if (random & 0x10000) {
		flow = mv_obj_alloc((struct mv_alloc mv_arena *)alloc_address, flow_type_id);
		if (!flow) {
			__sync_fetch_and_add(&failed, 1);
			return 0;
		}
		__sync_fetch_and_add(&made, 1);
		flow->packets = random;
		flow->bytes = ~(__u64)random;
	}
	old = mv_kptr_xchg(cell, mv_kptr(flow));
	if (!old)
		return 0;
	flow = mv_kptr_obj(old);
	if (flow->packets != ~flow->bytes)
		__sync_fetch_and_add(&broken, 1);
	if (mv_obj_free(flow))
		__sync_fetch_and_add(&refused, 1);
	else
		__sync_fetch_and_add(&freed, 1);
	return 0;
}

/* Writes over some words: numbers that make no sense, and such as could be meant. */
SEC("classifier")
int scribble(struct __sk_buff *skb)
{
	__u64 mv_arena *words;
	__u32 count = scribble_words;

	asm volatile("" : : "r"(&arena));
	words = (__u64 mv_arena *)scribble_address;
	if (!count)
		return 1;
	for (__u32 i = 0; i < scribble_times && mv_may_loop(); i++) {
		__u32 random = bpf_get_prandom_u32(), where = bpf_get_prandom_u32();
		/* The header is hit as often as all of the rest. */
		__u32 at = where % (random & 0x100 && count > 512 ? 512 : count);
		__u64 was, now;

		/* And often what tells which slots were never used, so that some are handed out again that are in use. */
		if (!(random & 0xe00))
			at = FRESH;
		if (at == scribble_not)
			continue;
		was = mv_load(&words[at]);
		switch (random & 7) {
		case 0:
			now = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
			break;
		case 1:
			now = 0;
			break;
		case 2: /* a link, or a count */
			now = (was & ~0xffffffffULL) | (random >> 16) % 1024;
			break;
		case 3: /* what is somewhere else */
			now = mv_load(&words[bpf_get_prandom_u32() % count]);
			break;
		case 4: /* one bit */
			now = was ^ 1ULL << ((random >> 16) & 63);
			break;
		case 5: /* another holder */
			now = (was & ~3ULL) | (random >> 16 & 3);
			break;
		case 6: /* another generation */
			now = was + MV_SLOT_GENERATION;
			break;
		default:
			now = ~0ULL;
		}
		mv_store(&words[at], now);
	}
	__sync_fetch_and_add(&scribbled, scribble_times);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
