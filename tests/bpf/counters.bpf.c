// SPDX-License-Identifier: MIT OR Apache-2.0
// Counters in an array map and in global sections. Both libbpf and aya load this object.
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* The one variable of `.bss`, so that its fields are at their offsets in the section. */
struct globals {
	__u64 count;
	__u64 signal;
} globals;

/* Sections of one variable each. */
bool flag SEC(".bss.flag");
__u8 buffer[8192] SEC(".bss.buffer");
const volatile __u64 answer SEC(".rodata.answer") = 4242424242;

static __always_inline __u64 *counter(__u32 key)
{
	return bpf_map_lookup_elem(&counters, &key);
}

/* Adds one to counters[1]; the verdict is 0. */
SEC("classifier")
int add_to_map(struct __sk_buff *skb)
{
	__u64 *count = counter(1);

	if (!count)
		return 1;
	__sync_fetch_and_add(count, 1);
	return 0;
}

/* Copies counters[1] to counters[2]. */
SEC("classifier")
int copy_in_map(struct __sk_buff *skb)
{
	__u64 *from = counter(1), *to = counter(2);

	if (!from || !to)
		return 1;
	*(volatile __u64 *)to = *(volatile __u64 *)from;
	return 0;
}

SEC("classifier")
int add_to_global(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&globals.count, 1);
	return 0;
}

/* The verdict is whether `globals.count` is the answer. */
SEC("classifier")
int count_is_the_answer(struct __sk_buff *skb)
{
	return *(volatile __u64 *)&globals.count == answer;
}

SEC("classifier")
int send_signal(struct __sk_buff *skb)
{
	*(volatile __u64 *)&globals.signal += 1;
	return 0;
}

/* Not a value of C's `bool`, but what a program may store in its byte. */
SEC("classifier")
int set_flag_to_two(struct __sk_buff *skb)
{
	*(volatile __u8 *)&flag = 2;
	return 0;
}

/* The verdict is the byte of `flag`. */
SEC("classifier")
int read_flag(struct __sk_buff *skb)
{
	return *(volatile __u8 *)&flag;
}

SEC("classifier")
int write_last_byte(struct __sk_buff *skb)
{
	*(volatile __u8 *)&buffer[sizeof(buffer) - 1] = 0xa5;
	return 0;
}

/* The verdict is the last byte of `buffer`. */
SEC("classifier")
int read_last_byte(struct __sk_buff *skb)
{
	return *(volatile __u8 *)&buffer[sizeof(buffer) - 1];
}

char _license[] SEC("license") = "Dual MIT/GPL";
