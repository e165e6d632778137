/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Values that readers see as they were at one moment, for BPF programs: the C side of `SeqCell<T>` of the Rust crate mapvalue.
 *
 *     MV_SEQ_CELL(struct window) window;          a global, or a map's value: `SeqCell<Window>` in Rust
 *
 *     __u64 turn = mv_seq_begin(&window);         0 if somebody else is writing
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
 * The number is even while the value is whole and odd while it is written; each write adds 2. Zeroed memory is a cell that was never
 * written. A writer takes its turn by a compare-and-exchange, so several may try, on both sides; who gets 0 must not store, and can try again in
 * a bounded loop. A program must not sleep, nor call anything that may end it, between begin and end.
 *
 * Orders: the exchange of `begin` comes before the stores of the value, and they come before that of `end`, because in BPF an atomic
 * operation that returns a value is fully ordered. They pair with the two looks of a reader, `SeqCellShared::read` in Rust. A
 * reader's first look comes before its loads, and they before its second look.
 *
 * Needs what order.bpf.h needs. That holds for readers too: but on x86 (-D__TARGET_ARCH_x86) they need a cell that the program may write.
 */
#ifndef MAPVALUE_SEQ_BPF_H
#define MAPVALUE_SEQ_BPF_H

#include "order.bpf.h"

#define MV_SEQ_CELL(type)                                                                                              \
	struct {                                                                                                       \
		unsigned long long sequence;                                                                           \
		__typeof__(type) value;                                                                                \
	}

/* Takes the turn to write: the number to end it with, or 0 if somebody else has it. */
#define mv_seq_begin(cell)                                                                                             \
	({                                                                                                             \
		__auto_type __mv_begin_at = &(cell)->sequence;                                                         \
		unsigned long long __mv_begin = mv_load(__mv_begin_at);                                                \
		_Bool __mv_mine = !(__mv_begin & 1) &&                                                                 \
				  __sync_val_compare_and_swap(__mv_begin_at, __mv_begin, __mv_begin + 1) == __mv_begin;\
		mv_barrier();                                                                                          \
		__mv_mine ? __mv_begin + 1 : 0;                                                                        \
	})

/* Ends the turn; 0 if user space took this writer for dead and has recovered the cell meanwhile. */
#define mv_seq_end(cell, turn)                                                                                         \
	({                                                                                                             \
		unsigned long long __mv_turn = (turn);                                                                 \
		mv_barrier();                                                                                          \
		__sync_val_compare_and_swap(&(cell)->sequence, __mv_turn, __mv_turn + 1) == __mv_turn;                 \
	})

/* The number to begin reading with. */
#define mv_seq_read_begin(cell) mv_load_acquire(&(cell)->sequence)

/* Whether what was read since may be torn, and is to be read again. */
#define mv_seq_read_retry(cell, seen)                                                                                  \
	({                                                                                                             \
		unsigned long long __mv_seen = (seen);                                                                 \
		(__mv_seen & 1) || mv_load_after(&(cell)->sequence) != __mv_seen;                                      \
	})

#endif
