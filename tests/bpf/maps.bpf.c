// SPDX-License-Identifier: MIT OR Apache-2.0
/* A map of each type that a loader creates without more; no program. Each has the name of its type. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Newer than the headers of some systems. */
#define BPF_MAP_TYPE_CGRP_STORAGE 32
#define BPF_MAP_TYPE_ARENA 33

struct route {
	__u32 bits;
	__u8 address[4];
};

#define KEYED(map, map_type, entries, flags, of_key, of_value) \
	struct {                                               \
		__uint(type, BPF_MAP_TYPE_##map_type);         \
		__uint(max_entries, entries);                  \
		__uint(map_flags, flags);                      \
		__type(key, of_key);                           \
		__type(value, of_value);                       \
	} map SEC(".maps")

#define KEYLESS(map, map_type)                         \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_##map_type); \
		__uint(max_entries, 4);                \
		__type(value, __u32);                  \
	} map SEC(".maps")

#define PAGES(map, map_type, entries, flags)           \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_##map_type); \
		__uint(max_entries, entries);          \
		__uint(map_flags, flags);              \
	} map SEC(".maps")

#define OF_MAPS(map, map_type)                         \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_##map_type); \
		__uint(max_entries, 4);                \
		__type(key, __u32);                    \
		__array(values, struct inner);         \
	} map SEC(".maps")

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

KEYED(hash, HASH, 4, 0, __u32, __u32);
KEYED(array, ARRAY, 4, 0, __u32, __u32);
KEYED(prog_array, PROG_ARRAY, 4, 0, __u32, __u32);
KEYED(perf_event_arr, PERF_EVENT_ARRAY, 4, 0, __u32, __u32);
KEYED(percpu_hash, PERCPU_HASH, 4, 0, __u32, __u32);
KEYED(percpu_array, PERCPU_ARRAY, 4, 0, __u32, __u32);
KEYED(stack_trace, STACK_TRACE, 4, 0, __u32, __u64);
KEYED(cgroup_array, CGROUP_ARRAY, 4, 0, __u32, __u32);
KEYED(lru_hash, LRU_HASH, 4, 0, __u32, __u32);
KEYED(lru_percpu_hash, LRU_PERCPU_HASH, 4, 0, __u32, __u32);
KEYED(lpm_trie, LPM_TRIE, 4, BPF_F_NO_PREALLOC, struct route, __u32);
OF_MAPS(array_of_maps, ARRAY_OF_MAPS);
OF_MAPS(hash_of_maps, HASH_OF_MAPS);
KEYED(devmap, DEVMAP, 4, 0, __u32, __u32);
KEYED(sockmap, SOCKMAP, 4, 0, __u32, __u32);
KEYED(cpumap, CPUMAP, 1, 0, __u32, __u32);
KEYED(xskmap, XSKMAP, 4, 0, __u32, __u32);
KEYED(sockhash, SOCKHASH, 4, 0, __u32, __u32);
KEYED(cgroup_storage, CGROUP_STORAGE, 0, 0, struct bpf_cgroup_storage_key, __u32);
KEYED(sockarray, REUSEPORT_SOCKARRAY, 4, 0, __u32, __u64);
KEYED(percpu_cgroup, PERCPU_CGROUP_STORAGE, 0, 0, struct bpf_cgroup_storage_key, __u32);
KEYLESS(queue, QUEUE);
KEYLESS(stack, STACK);
KEYED(sk_storage, SK_STORAGE, 0, BPF_F_NO_PREALLOC, int, __u32);
KEYED(devmap_hash, DEVMAP_HASH, 4, 0, __u32, __u32);
PAGES(ringbuf, RINGBUF, 4096, 0);
KEYED(inode_storage, INODE_STORAGE, 0, BPF_F_NO_PREALLOC, int, __u32);
KEYED(task_storage, TASK_STORAGE, 0, BPF_F_NO_PREALLOC, int, __u32);
KEYLESS(bloom_filter, BLOOM_FILTER);
PAGES(user_ringbuf, USER_RINGBUF, 4096, 0);
KEYED(cgrp_storage, CGRP_STORAGE, 0, BPF_F_NO_PREALLOC, int, __u32);
PAGES(arena, ARENA, 1, BPF_F_MMAPABLE);

char _license[] SEC("license") = "Dual MIT/GPL";
