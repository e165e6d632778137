// SPDX-License-Identifier: MIT OR Apache-2.0
// Mmapable array maps whose values have fields that the kernel guards. There is no program.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct locked {
	struct bpf_spin_lock lock;
	__u32 count;
};

struct timed {
	struct bpf_timer timer;
	__u64 count;
};

#define GUARDED(map, of)                               \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);      \
		__uint(max_entries, 1);                \
		__uint(map_flags, BPF_F_MMAPABLE);     \
		__type(key, __u32);                    \
		__type(value, of);                     \
	} map SEC(".maps")

GUARDED(locked, struct locked);
GUARDED(timed, struct timed);

char _license[] SEC("license") = "Dual MIT/GPL";
