// SPDX-License-Identifier: MIT OR Apache-2.0
// An arena at an address of its own, under a name that the kernel cuts, with a variable that has an initial value.
// libbpf only.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))
/* As bpf_helpers.h has it since libbpf 1.5. */
#undef __ulong
#define __ulong(name, val) enum { ___bpf_concat(__unique_value, __COUNTER__) = val } name

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA, which older headers lack */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
	__ulong(map_extra, 0x070100000000ull);
} arena_at_an_address SEC(".maps");

__u64 __arena answer = 42;

/* The verdict is `answer`; adds one to it. */
SEC("classifier")
int add_to_answer(struct __sk_buff *skb)
{
	__u64 before = answer;

	asm volatile("" ::"r"(&arena_at_an_address));
	answer = before + 1;
	return before;
}

char _license[] SEC("license") = "Dual MIT/GPL";
