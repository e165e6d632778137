// SPDX-License-Identifier: MIT OR Apache-2.0
// Sends events of three kinds through a ring buffer, as a tracer of processes would. It runs on our
// own packets and is attached to nothing, so it makes the processes up.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum kind {
	KIND_EXEC = 1,
	KIND_ARGS = 2,
	KIND_EXIT = 3,
};

struct exec {
	enum kind kind;
	__u32 pid;
	__u64 at;
};

struct args {
	enum kind kind;
	__u32 pid;
	__u32 len;
	char text[]; /* `len` bytes, from offset 12 on */
};

struct exit {
	enum kind kind;
	__u32 pid;
	__s32 code;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

struct counters {
	__u64 sent;
	__u64 lost; /* found no room: only the program knows */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

#define MAX_TEXT 32

static __always_inline long send_args(__u32 pid)
{
	const char words[MAX_TEXT] = "ls -l --color=never /usr/include";
	char buffer[sizeof(struct args) + MAX_TEXT] = {};
	struct args *args = (void *)buffer;
	__u32 len = pid % MAX_TEXT + 1;

	args->kind = KIND_ARGS;
	args->pid = pid;
	args->len = len;
	for (int i = 0; i < MAX_TEXT; i++)
		buffer[sizeof(*args) + i] = words[i];
	return bpf_ringbuf_output(&events, buffer, sizeof(*args) + len, 0);
}

static __always_inline long send_exec(__u32 pid)
{
	struct exec *exec = bpf_ringbuf_reserve(&events, sizeof(*exec), 0);

	if (!exec)
		return -1;
	exec->kind = KIND_EXEC;
	exec->pid = pid;
	exec->at = bpf_ktime_get_ns();
	bpf_ringbuf_submit(exec, 0);
	return 0;
}

static __always_inline long send_exit(__u32 pid)
{
	struct exit *exit = bpf_ringbuf_reserve(&events, sizeof(*exit), 0);

	if (!exit)
		return -1;
	exit->kind = KIND_EXIT;
	exit->pid = pid;
	exit->code = pid % 3 - 1;
	bpf_ringbuf_submit(exit, 0);
	return 0;
}

/* Begins and ends a process. */
SEC("xdp")
int one_process(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct counters *count = bpf_map_lookup_elem(&counters, &key);
	__u32 pid;

	if (!count)
		return XDP_ABORTED;
	pid = 1000 + (__u32)((count->sent + count->lost) / 3);
	if (send_exec(pid))
		__sync_fetch_and_add(&count->lost, 1);
	else
		__sync_fetch_and_add(&count->sent, 1);
	if (send_args(pid))
		__sync_fetch_and_add(&count->lost, 1);
	else
		__sync_fetch_and_add(&count->sent, 1);
	if (send_exit(pid))
		__sync_fetch_and_add(&count->lost, 1);
	else
		__sync_fetch_and_add(&count->sent, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
