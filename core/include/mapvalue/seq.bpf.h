/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Values that readers see as of one moment: the side of BPF programs of mapvalue's `SeqCell<T>`.
 *
 *     MV_SEQ_CELL(struct window) window;          a global or a map's value: `SeqCell<Window>`
 *
 *     __u64 turn = mv_seq_begin(&window);         0 if another writer has the turn
 *     if (turn) {
 *         window.value.from = from;
 *         window.value.to = to;
 *         mv_seq_end(&window, turn);
 *     }
 *
 *     for (int i = 0; i < 10; i++) {              a program that reads what Rust writes
 *         __u64 seen = mv_seq_read_begin(&window);
 *         struct window now = window.value;
 *         if (!mv_seq_read_retry(&window, seen)) {
 *             .. use `now`: it is whole ..
 *             break;
 *         }
 *     }
 *
 * The sequence is even while the value is whole and odd during a write; each write adds 2. Zeroed
 * memory is a cell that was never written. Writers on both sides take the turn by
 * compare-and-exchange. A writer that gets 0 must not store; it may try again in a bounded loop.
 * Between begin and end, a program must not sleep or call anything that may end it.
 *
 * Orders: an atomic operation of BPF that returns a value is fully ordered. So the exchange of
 * `begin` comes before the stores of the value, and they come before the exchange of `end`. They
 * pair with a reader, `SeqCellShared::read` in Rust, which loads the sequence, then the value, then
 * the sequence again.
 *
 * Needs what order.bpf.h needs. Readers need it too, and a cell that the program may write, except
 * on x86 (-D__TARGET_ARCH_x86).
 */
#ifndef MAPVALUE_SEQ_BPF_H
#define MAPVALUE_SEQ_BPF_H

#include "order.bpf.h"

#define MV_SEQ_CELL(type)                                                                                              \
	struct {                                                                                                       \
		unsigned long long sequence;                                                                           \
		__typeof__(type) value;                                                                                \
	}

/* Takes the turn to write. Returns the number that ends it, or 0 if another writer has the turn. */
#define mv_seq_begin(cell)                                                                                             \
	({                                                                                                             \
		__auto_type __mv_begin_at = &(cell)->sequence;                                                         \
		unsigned long long __mv_begin = mv_load(__mv_begin_at);                                                \
		_Bool __mv_mine = !(__mv_begin & 1) &&                                                                 \
				  __sync_val_compare_and_swap(__mv_begin_at, __mv_begin, __mv_begin + 1) == __mv_begin;\
		mv_barrier();                                                                                          \
		__mv_mine ? __mv_begin + 1 : 0;                                                                        \
	})

/* Ends the turn. Returns 0 if user space took this writer for dead and recovered the cell. */
#define mv_seq_end(cell, turn)                                                                                         \
	({                                                                                                             \
		unsigned long long __mv_turn = (turn);                                                                 \
		mv_barrier();                                                                                          \
		__sync_val_compare_and_swap(&(cell)->sequence, __mv_turn, __mv_turn + 1) == __mv_turn;                 \
	})

/* Begins to read. Returns the sequence for `mv_seq_read_retry`. */
#define mv_seq_read_begin(cell) mv_load_acquire(&(cell)->sequence)

/* Whether the value may have changed since `seen`, so that it has to be read again. */
#define mv_seq_read_retry(cell, seen)                                                                                  \
	({                                                                                                             \
		unsigned long long __mv_seen = (seen);                                                                 \
		(__mv_seen & 1) || mv_load_after(&(cell)->sequence) != __mv_seen;                                      \
	})

#endif
