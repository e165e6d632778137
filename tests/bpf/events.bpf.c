// SPDX-License-Identifier: MIT OR Apache-2.0
// A program that sends events of several kinds, two of them with a tail, and one that is called.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

enum kind {
	KIND_EXEC = 1,
	KIND_ARGS = 2,
	KIND_STACK = 3,
	KIND_FLOW = 16,
	KIND_UNKNOWN = 99,
};

struct header {
	enum kind kind;
	__u32 number;
};

struct exec {
	struct header header;
	__u32 pid;
	__u32 uid;
	char comm[16];
};

/* 40 bytes, but the text begins at 36. */
struct args {
	struct header header;
	__u64 inode;
	__u64 at;
	__u32 pid;
	__u32 uid;
	__u32 len;
	char text[];
};

struct stack {
	struct header header;
	__u32 depth;
	__u32 _pad;
	__u64 frames[];
};

union address {
	__be32 v4;
	__u8 v6[16];
	__u32 words[4];
};

struct flow {
	struct header header;
	__u32 family;
	union address from;
	union address to;
	__u64 bytes;
};

struct call {
	__u32 left;
	__u64 right;
	__u64 sum;
	__u16 calls;
};

_Static_assert(__builtin_offsetof(struct args, text) == 36 && sizeof(struct args) == 40, "");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");

/* So that the BTF has the types. */
struct exec *kept_exec;
struct args *kept_args;
struct stack *kept_stack;
struct flow *kept_flow;

__u32 next;

#define MAX_TEXT 32

static __always_inline long send_exec(__u32 number)
{
	struct exec *exec = bpf_ringbuf_reserve(&events, sizeof(*exec), 0);

	if (!exec)
		return -1;
	__builtin_memset(exec, 0, sizeof(*exec));
	exec->header.kind = KIND_EXEC;
	exec->header.number = number;
	exec->pid = 100 + number;
	exec->uid = 1000;
	__builtin_memcpy(exec->comm, "ls", 3);
	bpf_ringbuf_submit(exec, 0);
	return 0;
}

/* As long as the text: the record ends behind it. */
static __always_inline long send_args(__u32 number)
{
	const char words[MAX_TEXT] = "ls -l --color=never /usr/include";
	char buffer[36 + MAX_TEXT] __attribute__((aligned(8))) = {};
	struct args *args = (void *)buffer;
	__u32 len = number & (MAX_TEXT - 1);

	args->header.kind = KIND_ARGS;
	args->header.number = number;
	args->inode = 0x1234567890abcdefULL;
	args->at = number;
	args->pid = 100 + number;
	args->uid = 1000;
	args->len = len;
	for (int i = 0; i < MAX_TEXT; i++)
		buffer[36 + i] = words[i];
	return bpf_ringbuf_output(&events, buffer, 36 + len, 0);
}

static __always_inline long send_stack(__u32 number)
{
	__u64 buffer[2 + 4] = {};
	struct stack *stack = (void *)buffer;
	__u32 depth = number & 3;

	stack->header.kind = KIND_STACK;
	stack->header.number = number;
	stack->depth = depth;
	for (int i = 0; i < 4; i++)
		buffer[2 + i] = 0xffff800000000000ULL + number + i;
	return bpf_ringbuf_output(&events, buffer, sizeof(*stack) + 8 * depth, 0);
}

static __always_inline long send_flow(__u32 number)
{
	struct flow *flow = bpf_ringbuf_reserve(&events, sizeof(*flow), 0);

	if (!flow)
		return -1;
	__builtin_memset(flow, 0, sizeof(*flow));
	flow->header.kind = KIND_FLOW;
	flow->header.number = number;
	if (number % 2) {
		flow->family = 10;
		for (int i = 0; i < 16; i++)
			flow->from.v6[i] = flow->to.v6[15 - i] = number + i;
	} else {
		flow->family = 2;
		flow->from.v4 = bpf_htonl(0x0a000000 + number);
		flow->to.v4 = bpf_htonl(0x7f000001);
	}
	flow->bytes = 1500 * (__u64)number;
	bpf_ringbuf_submit(flow, 0);
	return 0;
}

/* A kind that nobody knows, and an exec that is cut short. */
static __always_inline long send_odd(__u32 number)
{
	struct exec cut = { .header = { .kind = KIND_EXEC, .number = number } };
	struct header unknown = { .kind = KIND_UNKNOWN, .number = number };

	return bpf_ringbuf_output(&events, &unknown, sizeof(unknown), 0) ||
	       bpf_ringbuf_output(&events, &cut, 20, 0) ||
	       bpf_ringbuf_output(&events, &cut, 2, 0);
}

/* One of each kind. */
SEC("classifier")
int one_of_each(struct __sk_buff *skb)
{
	__u32 number = next++;

	return send_exec(number) || send_args(number) || send_stack(number) || send_flow(number) ||
	       send_odd(number);
}

/* 16 bytes through a perf buffer, which arrive as 20. */
SEC("classifier")
int stack_by_perf(struct __sk_buff *skb)
{
	struct stack stack = { .header = { .kind = KIND_STACK, .number = 7 }, .depth = 0 };

	return bpf_perf_event_output(skb, &perf, BPF_F_CURRENT_CPU, &stack, sizeof(stack)) != 0;
}

/* Called with a context, which it changes. */
SEC("syscall")
int sum(struct call *call)
{
	call->sum = call->left + call->right;
	call->calls++;
	return call->left * 2;
}

char _license[] SEC("license") = "Dual MIT/GPL";
