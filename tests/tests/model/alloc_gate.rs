//! Threads enter the shared lists of an allocator while another thread drains it and makes
//! something else in its place, in a model checker, from the same source (`protocol.rs` in
//! `core/src/arena/alloc`). In every interleaving, nobody writes to the lists after that. With a
//! fence left out, some thread does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use loom::thread;

use crate::alloc_protocol::{Word, enter, inside, leave};

const CLOSING: u32 = 2;
const DRAINED: u32 = 3;
const OTHER: u32 = 7;
/// The number of a visitor's gate that is vacant, and the numbers of two threads.
const VACANT: u64 = 2;
const THREADS: [u64; 2] = [4, 6];

/// A gate. `FENCED` if `exchange_and_fence` does fence, as it must.
struct Gate<const FENCED: bool>(AtomicU64);

impl<const FENCED: bool> Word for Gate<FENCED> {
    fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
    fn load_acquire(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
    fn store_release(&self, new: u64) {
        self.0.store(new, Ordering::Release);
    }
    fn exchange(&self, current: u64, new: u64) -> Result<u64, u64> {
        self.0.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire)
    }
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64> {
        let exchanged = self.exchange(current, new);
        if FENCED {
            fence(Ordering::SeqCst);
        }
        exchanged
    }
}

/// An allocator: its state, a thread's gate, a visitor's gate, and the lists. The thread inside
/// writes to the lists, and then the thread that makes something else here.
struct Place<const FENCED: bool> {
    state: AtomicU32,
    gates: [Gate<FENCED>; 2],
    lists: [UnsafeCell<()>; 2],
}

/// The thread is refused, since the allocator is not in its place any more.
struct Gone;

fn in_place<const FENCED: bool>(place: &Place<FENCED>) -> Result<(), Gone> {
    if place.state.load(Ordering::Relaxed) == CLOSING { Ok(()) } else { Err(Gone) }
}

/// The thread has a gate of its own. The visitor uses a vacant one.
fn enter_beside_a_drain<const FENCED: bool>(which: usize) {
    loom::model(move || {
        let gates = [THREADS[0], VACANT].map(|number| Gate(AtomicU64::new(number)));
        let lists = [UnsafeCell::new(()), UnsafeCell::new(())];
        let place = Arc::new(Place::<FENCED> { state: AtomicU32::new(CLOSING), gates, lists });
        let other = {
            let place = Arc::clone(&place);
            thread::spawn(move || {
                let before = [THREADS[0], VACANT][which];
                if let Ok(true) = enter(&place.gates[which], before, THREADS[which], || in_place(&place)) {
                    place.lists[which].with_mut(|_| ());
                    leave(&place.gates[which], before);
                }
            })
        };
        place.state.store(DRAINED, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        // One look is enough for the model: a thread that finds another inside waits, and makes
        // nothing here.
        if place.gates.iter().all(|gate| inside(gate).is_none()) {
            fence(Ordering::SeqCst);
            place.lists.iter().for_each(|list| list.with_mut(|_| ()));
            // It makes something else here. (By swaps: the checker lets a store come between the
            // two halves of an exchange.)
            place.state.store(OTHER, Ordering::Relaxed);
            for gate in &place.gates {
                gate.0.swap(0, Ordering::Relaxed);
            }
            other.join().unwrap();
            for gate in &place.gates {
                assert_eq!(gate.0.load(Ordering::Relaxed), 0, "a gate of another was written to");
            }
        } else {
            other.join().unwrap();
        }
    });
}

#[test]
fn nobody_writes_to_the_place_of_a_drained_allocator() {
    enter_beside_a_drain::<true>(0);
    enter_beside_a_drain::<true>(1);
}

#[test]
fn without_the_fence_behind_the_gate_the_model_fails() {
    for which in [0, 1] {
        assert!(catch_unwind(AssertUnwindSafe(|| enter_beside_a_drain::<false>(which))).is_err());
    }
}

/// Two visitors use one gate: only one is inside at a time.
#[test]
fn a_gate_lets_one_thread_in_at_a_time() {
    loom::model(|| {
        let gates = [0, VACANT].map(|number| Gate(AtomicU64::new(number)));
        let lists = [UnsafeCell::new(()), UnsafeCell::new(())];
        let place = Arc::new(Place::<true> { state: AtomicU32::new(CLOSING), gates, lists });
        let visit = |place: &Place<true>, thread| {
            if let Ok(true) = enter(&place.gates[1], VACANT, thread, || in_place(place)) {
                place.lists[1].with_mut(|_| ());
                leave(&place.gates[1], VACANT);
            }
        };
        let other = {
            let place = Arc::clone(&place);
            thread::spawn(move || visit(&place, THREADS[0]))
        };
        visit(&place, THREADS[1]);
        other.join().unwrap();
        assert_eq!(place.gates[1].0.load(Ordering::Relaxed), VACANT);
    });
}
