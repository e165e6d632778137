/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Histograms, for BPF programs: which of an array's counters a value belongs to, so that user space reads the array as it is.
 *
 *     __u64 latency[MV_H2_BUCKETS(3, 64)];                    496 counters: any value, to 12.5 %
 *
 *     mv_histogram_add(latency, mv_h2_bucket(ns, 3), 1);
 *
 * An H2 histogram has two parameters. Up to 2^(grouping_power + 1) each value has a counter of its own; from there on each power of
 * two is divided into 2^grouping_power counters of equal width, so that the width is at most 1 / 2^grouping_power of the value. Values
 * from 2^max_value_power on have none. These are the buckets of the Rust crate `histogram`, `Config::new(grouping_power,
 * max_value_power)`, which has bounds and quantiles; with a grouping power of 0 there is a counter for 0 and one for each power of two.
 *
 * A log2 histogram, as those of many BPF tools, has 64 counters, the first of which counts both 0 and 1.
 *
 * Nothing here loops, and all indices are known to the verifier as bounded once they are compared with the length of the array.
 * Needs clang 12 or newer with -mcpu=v3, and Linux 5.12 (mv_histogram_add alone; without it, any). It includes nothing, so it goes with
 * vmlinux.h and with linux/bpf.h.
 */
#ifndef MAPVALUE_HISTOGRAM_BPF_H
#define MAPVALUE_HISTOGRAM_BPF_H

/* How many counters an H2 histogram has. */
#define MV_H2_BUCKETS(grouping_power, max_value_power) (((max_value_power) - (grouping_power) + 1) << (grouping_power))

/* How many a log2 histogram has. */
#define MV_LOG2_BUCKETS 64

/* The index of the highest bit that is set; 0 if none is. */
static inline __attribute__((always_inline)) unsigned int mv_log2_bucket(unsigned long long value)
{
	unsigned int log = 0;

	/* BPF has no instruction for it: halve the bits that it may be among, six times. */
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

/* The index of a value's counter in an H2 histogram, whatever its greatest value is: at or past its end for one that is greater. */
static inline __attribute__((always_inline)) unsigned int mv_h2_bucket(unsigned long long value, unsigned int grouping_power)
{
	unsigned int dropped;

	if (value < 2ULL << grouping_power)
		return value;
	/* The low bits that a counter does not tell apart. */
	dropped = mv_log2_bucket(value) - grouping_power;
	return (dropped << grouping_power) + (unsigned int)(value >> dropped);
}

/*
 * Adds to a counter of an array of 8-byte counters, in one step, so that no other CPU's is lost; whether there is such a counter.
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
