/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Loads and stores that order others, for BPF programs that share memory with users of the Rust
 * crate mapvalue: the other sides of `Shared::store_release` and `Shared::load_acquire`.
 *
 *     config.limit = 10;                          stats.limit.store(10);
 *     mv_store_release(&config.generation, 2);    stats.generation.store_release(2);
 *
 * A reader that loads the generation with `load_acquire` or `mv_load_acquire`, and sees 2, also
 * sees the limit of 10.
 *
 * Clang up to 20 has no such instructions for BPF: `__atomic_store_n(.., __ATOMIC_RELEASE)` does
 * not compile. x86 needs none: it keeps loads in order, and stores too, as long as the compiler
 * does. Elsewhere these are atomic operations that return a value, which BPF orders fully. They
 * need a place of 4 or 8 bytes that the program may write. So a `const` place, or a map that is
 * read-only for programs, can be loaded only on x86.
 *
 * Name the target as for libbpf's bpf_tracing.h, by -D__TARGET_ARCH_x86. Without it the atomic
 * operations are used, which are right everywhere.
 *
 * Needs clang 12 or newer with -mcpu=v3, and Linux 5.12. It includes nothing, so it goes with
 * vmlinux.h and with linux/bpf.h.
 */
#ifndef MAPVALUE_ORDER_BPF_H
#define MAPVALUE_ORDER_BPF_H

/* Keeps the compiler from moving accesses across it. */
#define mv_barrier() asm volatile("" : : : "memory")

/* A relaxed load and a relaxed store, which the compiler does exactly once, at this place. */
#define mv_load(place) (*(volatile __typeof__(*(place)) *)(place))
#define mv_store(place, value) (*(volatile __typeof__(*(place)) *)(place) = (value))

#define MV_ORDER_CHECK(place)                                                                                          \
	_Static_assert(sizeof(*(place)) == 4 || sizeof(*(place)) == 8, "a place that orders others has 4 or 8 bytes")

#ifdef __TARGET_ARCH_x86

/* Stores after all accesses before it. */
#define mv_store_release(place, value)                                                                                 \
	do {                                                                                                           \
		MV_ORDER_CHECK(place);                                                                                 \
		mv_barrier();                                                                                          \
		mv_store(place, value);                                                                                \
	} while (0)

/* Loads before all accesses after it. */
#define mv_load_acquire(place)                                                                                         \
	({                                                                                                             \
		MV_ORDER_CHECK(place);                                                                                 \
		__auto_type __mv_acquired = mv_load(place);                                                            \
		mv_barrier();                                                                                          \
		__mv_acquired;                                                                                         \
	})

/* Loads after all loads before it. */
#define mv_load_after(place)                                                                                           \
	({                                                                                                             \
		MV_ORDER_CHECK(place);                                                                                 \
		mv_barrier();                                                                                          \
		mv_load(place);                                                                                        \
	})

#else

#define mv_store_release(place, value)                                                                                 \
	({                                                                                                             \
		MV_ORDER_CHECK(place);                                                                                 \
		(void)__sync_lock_test_and_set(place, value);                                                          \
	})

/*
 * Adds zero. The compiler must not know that it is zero: it would use another operation, which the
 * kernel does not have for arenas. The result is kept, because an addition whose result is unused
 * orders nothing.
 */
#define mv_load_acquire(place)                                                                                         \
	({                                                                                                             \
		MV_ORDER_CHECK(place);                                                                                 \
		unsigned int __mv_zero = 0;                                                                            \
		asm volatile("" : "+r"(__mv_zero));                                                                    \
		__auto_type __mv_acquired = __sync_fetch_and_add(place, __mv_zero);                                    \
		asm volatile("" : "+r"(__mv_acquired) : : "memory");                                                   \
		__mv_acquired;                                                                                         \
	})

#define mv_load_after(place) mv_load_acquire(place)

#endif

#endif
