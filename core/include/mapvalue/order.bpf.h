/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Loads and stores that order others, for BPF programs that share memory with a user of the Rust crate mapvalue: the other
 * halves of `Shared::store_release` and `Shared::load_acquire`.
 *
 *     config.limit = 10;                          stats.limit.store(10);
 *     mv_store_release(&config.generation, 2);    stats.generation.store_release(2);
 *
 * Who loads the generation with `load_acquire`, or `mv_load_acquire`, and sees 2, sees the limit of 10 as well.
 *
 * clang up to 20 has no such instructions for BPF: `__atomic_store_n(.., __ATOMIC_RELEASE)` does not compile. On x86 none are
 * needed, since loads keep their order there and so do stores, once the compiler keeps it. Everywhere else they are made of atomic
 * operations that return a value, which in BPF are fully ordered; those need a place of 4 or 8 bytes that the program may write, so a
 * `const` one, or a map that is read-only for programs, can be loaded from on x86 alone.
 * Say which it is as for libbpf's bpf_tracing.h, by -D__TARGET_ARCH_x86; without it the second, which is right everywhere.
 *
 * Needs clang 12 or newer with -mcpu=v3, and Linux 5.12. It includes nothing, so it goes with vmlinux.h and with linux/bpf.h.
 */
#ifndef MAPVALUE_ORDER_BPF_H
#define MAPVALUE_ORDER_BPF_H

/* Keeps the compiler from moving accesses across. */
#define mv_barrier() asm volatile("" : : : "memory")

/* A load, and a store, that the compiler does once, and does here: relaxed. */
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
 * An addition of zero, which the compiler must not know for one: it would take another operation, which the kernel does not
 * have for arenas. The sum is kept, because an addition whose result nobody wants is one that orders nothing.
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
