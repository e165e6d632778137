// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts events in as many maps as the agent rezolus has: by CPU in banks, in histograms, and by
// id. An event is a packet.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAX_CPUS 1024
#define LINE 8 /* counters in a cache line */
#define BUCKETS 496
#define CGROUPS 4096
#define SYSTEM_CALLS 1024
#define PROCESSES 4194304

/* The content of a packet. */
struct event {
	__u64 latency;
	__u64 bytes;
	__u32 process;
	__u32 cgroup;
};

#define COUNTERS(name, entries)                                                                                        \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                                      \
		__uint(map_flags, BPF_F_MMAPABLE);                                                                     \
		__uint(max_entries, entries);                                                                          \
		__type(key, __u32);                                                                                    \
		__type(value, __u64);                                                                                  \
	} name SEC(".maps");

#define TEN(X, tens)                                                                                                   \
	X(tens##0) X(tens##1) X(tens##2) X(tens##3) X(tens##4) X(tens##5) X(tens##6) X(tens##7) X(tens##8) X(tens##9)

/* A bank for each CPU, of one cache line or of two. */
#define NARROW(X) TEN(X, 0) X(10) X(11) X(12)
#define WIDE(X) X(13) X(14)
#define HISTOGRAMS(X) TEN(X, 0) TEN(X, 1) TEN(X, 2) X(30) X(31) X(32)
#define BY_CGROUP(X) TEN(X, 0) TEN(X, 1) TEN(X, 2) TEN(X, 3) X(40) X(41) X(42)
#define BY_SYSTEM_CALL(X) X(0) X(1)
#define BY_PROCESS(X) X(0) X(1) X(2) X(3)

#define MAP(n) COUNTERS(banks_##n, MAX_CPUS *LINE)
NARROW(MAP)
#undef MAP
#define MAP(n) COUNTERS(banks_##n, MAX_CPUS * 2 * LINE)
WIDE(MAP)
#undef MAP
#define MAP(n) COUNTERS(histogram_##n, BUCKETS)
HISTOGRAMS(MAP)
#undef MAP
#define MAP(n) COUNTERS(by_cgroup_##n, CGROUPS)
BY_CGROUP(MAP)
#undef MAP
#define MAP(n) COUNTERS(by_syscall_##n, SYSTEM_CALLS)
BY_SYSTEM_CALL(MAP)
#undef MAP
#define MAP(n) COUNTERS(by_process_##n, PROCESSES)
BY_PROCESS(MAP)
#undef MAP
COUNTERS(by_cgroup_cpu, CGROUPS *MAX_CPUS)

static void add(void *counters, __u32 index, __u64 value)
{
	__u64 *counter = bpf_map_lookup_elem(counters, &index);

	if (counter)
		__sync_fetch_and_add(counter, value);
}

static struct event *event_of(struct xdp_md *ctx)
{
	struct event *event = (void *)(long)ctx->data;

	return (void *)(event + 1) <= (void *)(long)ctx->data_end ? event : 0;
}

/* The bucket of a value: eight for each power of two. */
static __noinline __u32 bucket(__u64 value)
{
	__u64 rest = value;
	__u32 power = 0;

	for (__u32 half = 32; half; half /= 2) {
		if (rest >> half) {
			rest >>= half;
			power += half;
		}
	}
	power = power < 3 ? 0 : power - 3;
	return power * 8 + (value >> power);
}

/* In banks and by id. A program may use 64 maps, so there are three programs. */
SEC("xdp")
int count(struct xdp_md *ctx)
{
	struct event *event = event_of(ctx);
	__u32 cpu = bpf_get_smp_processor_id();

	if (!event)
		return XDP_ABORTED;
#define COUNT(n)                                                                                                       \
	add(&banks_##n, cpu *LINE, 1);                                                                                 \
	add(&banks_##n, cpu *LINE + LINE - 1, event->bytes);
	NARROW(COUNT)
#undef COUNT
#define COUNT(n)                                                                                                       \
	add(&banks_##n, cpu * 2 * LINE, 1);                                                                            \
	add(&banks_##n, cpu * 2 * LINE + 2 * LINE - 1, event->bytes);
	WIDE(COUNT)
#undef COUNT
#define COUNT(n) add(&by_process_##n, event->process, event->latency);
	BY_PROCESS(COUNT)
#undef COUNT
#define COUNT(n) add(&by_syscall_##n, event->process % SYSTEM_CALLS, 1);
	BY_SYSTEM_CALL(COUNT)
#undef COUNT
	add(&by_cgroup_cpu, event->cgroup * MAX_CPUS + cpu, event->latency);
	return XDP_PASS;
}

SEC("xdp")
int measure(struct xdp_md *ctx)
{
	struct event *event = event_of(ctx);
	__u64 latency;

	if (!event)
		return XDP_ABORTED;
	latency = event->latency;
	/* Each latency is twice the one before. */
#define MEASURE(n)                                                                                                     \
	add(&histogram_##n, bucket(latency), 1);                                                                       \
	latency *= 2;
	HISTOGRAMS(MEASURE)
	return XDP_PASS;
}

SEC("xdp")
int account(struct xdp_md *ctx)
{
	struct event *event = event_of(ctx);

	if (!event)
		return XDP_ABORTED;
#define ACCOUNT(n) add(&by_cgroup_##n, event->cgroup, event->bytes);
	BY_CGROUP(ACCOUNT)
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
