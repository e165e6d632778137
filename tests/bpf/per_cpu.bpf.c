// SPDX-License-Identifier: MIT OR Apache-2.0
// What each CPU counts for itself: in maps of the PERCPU types, and in banks of a plain array. Both libbpf and aya load this object.
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

/* 20 bytes, so 24 from one CPU to the next. */
struct stats {
	__u32 packets;
	__u32 longest;
	__u32 shortest;
	__u32 seen;
	__u16 cpu;
	bool busy;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct stats);
} by_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u8[3]);
} by_key SEC(".maps");

#define BANKS 1024
#define BANK 8

/* As many banks of 8 counters, 64 bytes, as there may be CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BANKS * BANK);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* The same with a bank a value, padded to 128 bytes. */
struct bank {
	__u64 packets;
	__u64 bytes;
	__u32 longest;
	__u32 cpu;
} __attribute__((aligned(128)));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BANKS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct bank);
} banks SEC(".maps");

static __always_inline bool count_index(__u32 cpu, __u32 len)
{
	__u32 key = 1;
	struct stats *stats = bpf_map_lookup_elem(&by_index, &key);

	if (!stats)
		return false;
	stats->packets++;
	if (stats->longest < len)
		stats->longest = len;
	if (stats->shortest == 0 || stats->shortest > len)
		stats->shortest = len;
	stats->seen |= 1 << (cpu % 32);
	stats->cpu = cpu;
	/* What is no value of C's `bool`, but true. */
	*(volatile __u8 *)&stats->busy = 2;
	return true;
}

static __always_inline bool count_key(__u32 cpu)
{
	__u8 zeros[3] = {}, *bytes;
	__u32 key = 7;

	bpf_map_update_elem(&by_key, &key, zeros, BPF_NOEXIST);
	bytes = bpf_map_lookup_elem(&by_key, &key);
	if (!bytes)
		return false;
	bytes[0]++;
	bytes[2] = cpu + 1;
	return true;
}

static __always_inline bool add(__u32 cpu, __u32 counter, __u64 value)
{
	__u32 key = cpu * BANK + counter;
	__u64 *count = bpf_map_lookup_elem(&counters, &key);

	if (!count)
		return false;
	*(volatile __u64 *)count += value;
	return true;
}

static __always_inline bool count_bank(__u32 cpu, __u32 len)
{
	struct bank *bank = bpf_map_lookup_elem(&banks, &cpu);

	if (!bank)
		return false;
	*(volatile __u64 *)&bank->packets += 1;
	*(volatile __u64 *)&bank->bytes += len;
	if (*(volatile __u32 *)&bank->longest < len)
		*(volatile __u32 *)&bank->longest = len;
	*(volatile __u32 *)&bank->cpu = cpu;
	return true;
}

/* Counts a packet on the CPU that this runs on, whose number is the verdict; -1 if a map refuses. */
SEC("classifier")
int count(struct __sk_buff *skb)
{
	__u32 cpu = bpf_get_smp_processor_id(), len = skb->len;

	if (count_index(cpu, len) && count_key(cpu) && add(cpu, 0, 1) && add(cpu, 4, len) && count_bank(cpu, len))
		return cpu;
	return -1;
}

char _license[] SEC("license") = "Dual MIT/GPL";
