// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs that fill a ring buffer, and one that drains a user ring buffer.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 1 << 16);
} orders SEC(".maps");

#define PRODUCERS 4

/* All words of a record follow from its number and its producer. */
struct numbered {
	__u64 number;
	__u32 producer;
	__u32 words;
	__u64 word[5];
};

struct large {
	__u64 number;
	__u64 word[511];
};

/* What `numbered_record` does. */
__u64 next[PRODUCERS];
__u64 committed[PRODUCERS];
__u64 lost[PRODUCERS];
/* Every so many-th record is discarded, if it is not 0. */
__u32 discard_every;
/* Flags of submit and discard: BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP. */
__u64 submit_flags;
/* The bytes that `output_bytes` puts out, and their number. */
__u32 output_len;
__u8 output[4096];
/* Where the kernel says that the ring is. */
__u64 queried[4];

/* The first byte of the packet is the number of the producer. */
static __always_inline __u32 producer_of(struct __sk_buff *skb)
{
	__u8 first = 0;

	bpf_skb_load_bytes(skb, 0, &first, 1);
	return first % PRODUCERS;
}

static __always_inline void fill(struct numbered *record, __u32 producer, __u64 number)
{
	record->number = number;
	record->producer = producer;
	record->words = 5;
	for (int i = 0; i < 5; i++)
		record->word[i] = number * 5 + i;
}

/* A record of 56 bytes, which takes 64. */
SEC("classifier")
int numbered_record(struct __sk_buff *skb)
{
	__u32 producer = producer_of(skb);
	struct numbered *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	__u64 number;

	if (!record) {
		__sync_fetch_and_add(&lost[producer], 1);
		return 1;
	}
	number = next[producer]++;
	fill(record, producer, number);
	if (discard_every && number % discard_every == 0) {
		bpf_ringbuf_discard(record, submit_flags);
		return 2;
	}
	committed[producer]++;
	bpf_ringbuf_submit(record, submit_flags);
	return 0;
}

/* A record of 64 bytes, which takes 72. */
SEC("classifier")
int small_record(struct __sk_buff *skb)
{
	__u64 *record = bpf_ringbuf_reserve(&events, 64, 0);

	if (!record)
		return 1;
	for (int i = 0; i < 8; i++)
		record[i] = next[0];
	next[0]++;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

/* A record of 4 KiB. */
SEC("classifier")
int large_record(struct __sk_buff *skb)
{
	struct large *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record)
		return 1;
	record->number = next[0]++;
	for (int i = 0; i < 511; i++)
		record->word[i] = record->number + i;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("classifier")
int discarded_record(struct __sk_buff *skb)
{
	__u64 *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record)
		return 1;
	bpf_ringbuf_discard(record, submit_flags);
	return 0;
}

SEC("classifier")
int output_bytes(struct __sk_buff *skb)
{
	__u32 len = output_len;

	if (len > sizeof(output))
		return 2;
	return bpf_ringbuf_output(&events, output, len, submit_flags) ? 1 : 0;
}

SEC("classifier")
int query(struct __sk_buff *skb)
{
	queried[0] = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	queried[1] = bpf_ringbuf_query(&events, BPF_RB_RING_SIZE);
	queried[2] = bpf_ringbuf_query(&events, BPF_RB_CONS_POS);
	queried[3] = bpf_ringbuf_query(&events, BPF_RB_PROD_POS);
	return 0;
}

/* What `drain` has found. */
__s64 drained;
__u64 samples;
__u64 order_sum;
__u64 order_next[PRODUCERS];
__u64 out_of_order;
__u64 not_whole;

struct order {
	__u64 number;
	__u32 producer;
	__u32 check;
};

static long one_order(struct bpf_dynptr *sample, void *context)
{
	struct order order;

	samples++;
	if (bpf_dynptr_read(&order, sizeof(order), sample, 0, 0)) {
		not_whole++;
		return 0;
	}
	if (order.check != (__u32)(order.number * 7 + order.producer))
		not_whole++;
	order_sum += order.number;
	if (order.producer < PRODUCERS) {
		if (order_next[order.producer] != order.number)
			out_of_order++;
		order_next[order.producer] = order.number + 1;
	}
	return 0;
}

SEC("classifier")
int drain(struct __sk_buff *skb)
{
	drained = bpf_user_ringbuf_drain(&orders, one_order, NULL, 0);
	return drained < 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
