// SPDX-License-Identifier: MIT OR Apache-2.0
// Names in fixed arrays: one that the kernel writes, and ones that user space writes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NAMES 4

struct name {
	__u32 id;
	char text[12];
};

char comm[16];		 /* written by `tell`, by the kernel's own helper */
char filled[8];		 /* written by `tell`, without a NUL */
struct name names[NAMES]; /* written by user space */
__u32 found = NAMES;	 /* by `find`: the index of the name "eth0" */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, char[16]);
	__type(value, __u64);
} by_name SEC(".maps");

SEC("classifier")
int tell(struct __sk_buff *skb)
{
	char key[16] = {};

	if (bpf_get_current_comm(comm, sizeof(comm)) || bpf_get_current_comm(key, sizeof(key)))
		return 1;
	__builtin_memset(filled, 'x', sizeof(filled));
	__u64 one = 1;

	return bpf_map_update_elem(&by_name, key, &one, BPF_ANY) ? 1 : 0;
}

SEC("classifier")
int find(struct __sk_buff *skb)
{
	for (__u32 i = 0; i < NAMES; i++) {
		if (!bpf_strncmp(names[i].text, sizeof(names[i].text), "eth0")) {
			found = i;
			return 0;
		}
	}
	return 1;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
