// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs that change a map as fast as they can while user space reads and changes it too.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Every leaf is all ones or all zeros at any time. */
struct leaves {
	__u64 a;
	__u32 b;
	__u16 c;
	__u16 d;
	__u32 e;
	__u64 f[3];
};

struct sums {
	__u64 wide;
	__u32 narrow;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct leaves);
} leaves SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sums);
} sums SEC(".maps");

/* Writes all leaves, with ones and with zeros in turns. */
SEC("classifier")
int flip(struct __sk_buff *skb)
{
	__u32 key = 0;
	volatile struct leaves *l = bpf_map_lookup_elem(&leaves, &key);
	__u64 pattern;

	if (!l)
		return 1;
	pattern = ~l->a;
	l->a = pattern;
	l->b = pattern;
	l->c = pattern;
	l->d = pattern;
	l->e = pattern;
	for (int i = 0; i < 3; i++)
		l->f[i] = pattern;
	return 0;
}

SEC("classifier")
int add(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct sums *s = bpf_map_lookup_elem(&sums, &key);

	if (!s)
		return 1;
	__sync_fetch_and_add(&s->wide, 1);
	__sync_fetch_and_add(&s->narrow, 1);
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
