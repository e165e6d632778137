/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Histograms for BPF programs: which counter of an array a value belongs to. User space reads the
 * array as it is.
 *
 *     __u64 latency[MV_H2_BUCKETS(3, 64)];                    496 counters: any value, to 12.5 %
 *
 *     mv_histogram_add(latency, mv_h2_bucket(ns, 3), 1);
 *
 * An H2 histogram has two parameters. Each value below 2^(grouping_power + 1) has its own counter.
 * From there on, each power of two is divided into 2^grouping_power counters of equal width, so the
 * width is at most 1 / 2^grouping_power of the value. Values from 2^max_value_power on have no
 * counter. These are the buckets of the Rust crate `histogram`, `Config::new(grouping_power,
 * max_value_power)`, which has bounds and quantiles. With a grouping power of 0 there is a counter
 * for 0 and one for each power of two.
 *
 * A log2 histogram, as in many BPF tools, has 64 counters. The first one counts both 0 and 1.
 *
 * Nothing here loops. The verifier knows that an index is bounded once it is compared with the
 * length of the array. `mv_histogram_add` needs clang 12 or newer with -mcpu=v3, and Linux 5.12;
 * the rest needs no particular version. It includes nothing, so it goes with vmlinux.h and with
 * linux/bpf.h.
 */
#ifndef MAPVALUE_HISTOGRAM_BPF_H
#define MAPVALUE_HISTOGRAM_BPF_H

/* The number of counters in an H2 histogram. */
#define MV_H2_BUCKETS(grouping_power, max_value_power) (((max_value_power) - (grouping_power) + 1) << (grouping_power))

/* The number of counters in a log2 histogram. */
#define MV_LOG2_BUCKETS 64

/* The index of the highest bit that is set, or 0 for the value 0. */
static inline __attribute__((always_inline)) unsigned int mv_log2_bucket(unsigned long long value)
{
	unsigned int log = 0;

	/* BPF has no instruction for this: halve the range of bits six times. */
	if (value >> 32) {
		value >>= 32;
		log += 32;
	}
	if (value >> 16) {
		value >>= 16;
		log += 16;
	}
	if (value >> 8) {
		value >>= 8;
		log += 8;
	}
	if (value >> 4) {
		value >>= 4;
		log += 4;
	}
	if (value >> 2) {
		value >>= 2;
		log += 2;
	}
	return log + (value >> 1 ? 1 : 0);
}

/* The index of a value's counter in an H2 histogram. Too large a value gives an index outside. */
static inline __attribute__((always_inline)) unsigned int mv_h2_bucket(unsigned long long value, unsigned int grouping_power)
{
	unsigned int dropped;

	if (value < 2ULL << grouping_power)
		return value;
	/* The number of low bits that one counter does not distinguish. */
	dropped = mv_log2_bucket(value) - grouping_power;
	return (dropped << grouping_power) + (unsigned int)(value >> dropped);
}

/*
 * Adds to a counter of an array of 8-byte counters by one atomic operation, so no other CPU's count
 * is lost. Returns whether the index is inside the array.
 */
#define mv_histogram_add(buckets, index, count)                                                                        \
	({                                                                                                             \
		unsigned int __mv_index = (index);                                                                     \
		_Static_assert(sizeof((buckets)[0]) == 8, "counters of 8 bytes");                                      \
		_Bool __mv_inside = __mv_index < sizeof(buckets) / sizeof((buckets)[0]);                               \
		if (__mv_inside)                                                                                       \
			__sync_fetch_and_add(&(buckets)[__mv_index], (count));                                         \
		__mv_inside;                                                                                           \
	})

#endif
