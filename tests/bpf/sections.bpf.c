// SPDX-License-Identifier: MIT OR Apache-2.0
// Global variables of every kind in sections of several variables. Both libbpf and aya load this object.
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

enum mode {
	MODE_OFF,
	MODE_COUNT,
	MODE_DROP = 7,
};

struct proto {
	__u64 packets;
	__u64 bytes;
};

struct stats {
	__u64 packets;
	struct proto by_proto[8];
	enum mode mode;
	bool live;
};

struct config {
	__u32 sample;
	__u16 ports[4];
	char name[16];
	struct {
		__u32 low;
		__u32 high;
	} limits;
};

/* .bss */
__u64 count;
__u64 signal;
bool flag;
struct stats stats;
__u64 histogram[64];
__u32 matrix[2][3];
__weak __u32 weak;
__hidden __u32 hidden;
static volatile __u32 local;

/* .data */
__u64 threshold = 1337;
enum mode mode = MODE_COUNT;
struct config config = { .sample = 100, .ports = { 53, 80, 443 }, .name = "mapvalue", .limits = { 1, 9 } };
__s32 offset = -5;

/* Sections of one's own. */
__u32 verbosity SEC(".data.knobs") = 3;
__u32 burst SEC(".data.knobs") = 64;
/* The one variable of its section. */
__u64 only SEC(".data.only") = 11;

/* .rodata */
const volatile __u64 answer = 4242424242;
const volatile bool enabled = true;
const volatile struct proto limits = { .packets = 10, .bytes = 1500 };

SEC("classifier")
int add_to_count(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&count, 1);
	return 0;
}

/* The verdict is whether `count` is the answer. */
SEC("classifier")
int count_is_the_answer(struct __sk_buff *skb)
{
	return *(volatile __u64 *)&count == answer;
}

/* The verdict is how many of the fields of `config.limits` are 1. */
SEC("classifier")
int config_limits_are_one(struct __sk_buff *skb)
{
	return (*(volatile __u32 *)&config.limits.low == 1) + (*(volatile __u32 *)&config.limits.high == 1);
}

SEC("classifier")
int fill(struct __sk_buff *skb)
{
	stats.packets = 5;
	stats.by_proto[6].bytes = 600;
	stats.mode = MODE_DROP;
	stats.live = true;
	histogram[63] = 63;
	matrix[1][2] = 12;
	weak = 1;
	hidden = 2;
	local = 3;
	return 0;
}

/* The verdict is the sum of all that `.data` and its kin hold. */
SEC("classifier")
int sum(struct __sk_buff *skb)
{
	return *(volatile __u64 *)&threshold + *(volatile __u32 *)&verbosity + *(volatile __u32 *)&burst +
	       *(volatile __u64 *)&only + enabled + limits.bytes;
}

char _license[] SEC("license") = "Dual MIT/GPL";
