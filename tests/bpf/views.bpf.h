// SPDX-License-Identifier: MIT OR Apache-2.0
// One program in five versions, whose structs differ. `VERSION` says which.
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#if VERSION == 4
enum mode { MODE_ON = 4, MODE_OFF = 9, MODE_DROP = 2 };
#else
enum mode { MODE_OFF, MODE_ON };
#endif

struct stats {
#if VERSION == 3
	__u32 runtime_ns;
#elif VERSION == 5
	double *runtime_ns;
#else
	__u64 runtime_ns;
#endif
	__u64 slices;
};

struct task_ctx {
#if VERSION == 1
	__u32 layer_id;
	__u32 weight;
	struct stats stats;
	__u64 mask[4];
	enum mode mode;
	char comm[16];
	bool idle;
	__u32 prio : 5;
	__s32 nice : 6;
#elif VERSION == 2 /* Everything has moved, and the number is in an anonymous struct. */
	bool idle;
	char comm[16];
	__s32 nice : 6;
	__u32 prio : 5;
	__u64 added;
	__u64 mask[4];
	struct {
		enum mode mode;
		__u32 layer_id;
	};
	struct stats stats;
	__u32 weight;
#elif VERSION == 3 /* Numbers are narrower or wider, and the text is shorter. */
	__u16 layer_id;
	__u8 weight;
	struct stats stats;
	__u64 mask[4];
	unsigned char mode_is_elsewhere;
	enum mode mode;
	char comm[8];
	bool idle;
	__u32 prio;
	__s8 nice;
#elif VERSION == 4 /* `weight` is gone, the array has grown, and the enum has other numbers. */
	struct stats stats;
	__u64 mask[8];
	enum mode mode;
	char comm[16];
	bool idle;
	__u32 layer_id;
	__u32 prio : 5;
	__s32 nice : 6;
#else /* Nothing is as it was. */
	__u64 layer_id;
	__u32 weights;
	struct stats stats;
	__u32 mask[4];
	__u32 mode;
	char comm[16];
	__u32 idle;
	__s32 prio;
	__u32 nice;
#endif
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct task_ctx);
} tasks SEC(".maps");

struct task_ctx current;

struct packed {
	__u8 tag;
	__u32 len;
} __attribute__((packed));

struct packed packed;

struct eight {
	__u64 a, b, c, d, e, f, g, h;
};

struct eight eight;

static __always_inline void fill(struct task_ctx *task, __u32 number)
{
	task->layer_id = 1000 + number;
#if VERSION < 4
	task->weight = 90 + number;
#endif
#if VERSION != 5
	task->stats.runtime_ns = 4000000000 + number;
#endif
	for (int i = 0; i < 4; i++)
		task->mask[i] = 10 * number + i;
#if VERSION == 4
	task->mask[7] = 77;
#endif
	task->mode = MODE_ON;
	task->comm[0] = 'a' + number;
	task->comm[1] = 'z';
	task->idle = number == 1;
	task->prio = 20 + number;
	task->nice = -20 - (int)number;
}

SEC("syscall")
int fill_all(void *ctx)
{
#pragma unroll
	for (__u32 i = 0; i < 3; i++) {
		__u32 key = i;
		struct task_ctx *task = bpf_map_lookup_elem(&tasks, &key);

		if (task)
			fill(task, i);
	}
	fill(&current, 7);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
