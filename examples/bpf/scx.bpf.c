// SPDX-License-Identifier: MIT OR Apache-2.0
// The global variables that schedulers for sched_ext share with their agents: counters, knobs, and
// a record of how the scheduler ended. These programs are not a scheduler: for each packet they
// change the variables like its callbacks.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <mapvalue/order.bpf.h>

#define MAX_LAYERS 16

struct stats {
	__u64 enqueued;
	__u64 expedited; /* in layers with a weight above 100 */
};

/* The agent sets some fields while this counts in the fields next to them. */
struct layer {
	__u64 slice_ns; /* set by the agent */
	__u32 weight;   /* set by the agent */
	__u32 running;  /* counted here */
	__u64 enqueued; /* counted here */
	__u64 given_ns; /* counted here: slices of all that were enqueued */
};

struct exit_info {
	int kind; /* stored last: everything below is complete */
	__s64 exit_code;
	char reason[128];
	char msg[1024];
};

enum { EXIT_NONE = 0, EXIT_ERROR_STALL = 1026 };

struct layer layers[MAX_LAYERS] SEC(".data");
struct exit_info uei SEC(".data");
struct stats stats;

struct task {
	__u32 layer;
	__u32 cpu;
	__u64 waited_ms;
	__u32 garbled; /* the message is not text */
};

static struct task *task_of(struct xdp_md *ctx)
{
	struct task *task = (void *)(long)ctx->data;

	return (void *)(task + 1) <= (void *)(long)ctx->data_end ? task : 0;
}

SEC("xdp")
int enqueue(struct xdp_md *ctx)
{
	struct task *task = task_of(ctx);
	struct layer *layer;

	if (!task || task->layer >= MAX_LAYERS)
		return XDP_ABORTED;
	layer = &layers[task->layer];
	__sync_fetch_and_add(&stats.enqueued, 1);
	if (mv_load(&layer->weight) > 100)
		__sync_fetch_and_add(&stats.expedited, 1);
	__sync_fetch_and_add(&layer->running, 1);
	__sync_fetch_and_add(&layer->enqueued, 1);
	__sync_fetch_and_add(&layer->given_ns, mv_load(&layer->slice_ns));
	return XDP_PASS;
}

SEC("xdp")
int end(struct xdp_md *ctx)
{
	static const char reason[] = "runnable task stall";
	static const char fmt[] = "layer %u: a task on CPU %u waited for %llu ms";
	struct task *task = task_of(ctx);
	__u64 arguments[3];

	if (!task)
		return XDP_ABORTED;
	for (__u32 i = 0; i < sizeof(reason); i++)
		mv_store(&uei.reason[i], reason[i]);
	if (task->garbled) {
		/* Without a terminator, and not UTF-8. */
		for (__u32 i = 0; i < sizeof(uei.msg); i++)
			mv_store(&uei.msg[i], (char)0xff);
	} else {
		arguments[0] = task->layer;
		arguments[1] = task->cpu;
		arguments[2] = task->waited_ms;
		bpf_snprintf(uei.msg, sizeof(uei.msg), fmt, arguments, sizeof(arguments));
	}
	mv_store(&uei.exit_code, -62);
	/* The release comes last: a reader that sees the kind sees everything stored before it. */
	mv_store_release(&uei.kind, EXIT_ERROR_STALL);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
