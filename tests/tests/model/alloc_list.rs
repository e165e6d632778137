//! The free list of an allocator (`core/src/arena/alloc/protocol.rs`, that very source) in a model
//! checker. In every interleaving of the threads, no slot is popped twice, and none is lost.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use loom::thread;

use crate::alloc_protocol::{RESTLESS, TRIES, Word, link_to, pop, push};

const SLOTS: u32 = 3;

/// The head of a stack. `COUNTED` if it counts the changes, as it must.
struct Head<const COUNTED: bool>(AtomicU64);

impl<const COUNTED: bool> Word for Head<COUNTED> {
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
        let new = if COUNTED { new } else { new & 0xffff_ffff };
        self.0.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire)
    }
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64> {
        self.exchange(current, new)
    }
}

struct Stack<const COUNTED: bool> {
    head: Head<COUNTED>,
    next: [AtomicU32; SLOTS as usize],
    /// The holder of each slot: 0 for the stack, or else a thread.
    holders: [AtomicU32; SLOTS as usize],
}

impl<const COUNTED: bool> Stack<COUNTED> {
    /// A stack with all slots, the first on top.
    fn full() -> Arc<Self> {
        let next = [2, 3, 0].map(AtomicU32::new);
        let holders = [0, 0, 0].map(AtomicU32::new);
        Arc::new(Self { head: Head(AtomicU64::new(link_to(0).into())), next, holders })
    }

    fn take(&self) -> Option<u32> {
        let next = |index| self.next[index as usize].load(Ordering::Relaxed);
        let index = pop(&self.head, SLOTS, next).expect("nobody scribbles")?;
        let before = self.holders[index as usize].swap(1, Ordering::Relaxed);
        assert_eq!(before, 0, "slot {index} was handed out twice");
        Some(index)
    }

    fn give(&self, index: u32) {
        self.holders[index as usize].store(0, Ordering::Relaxed);
        let set_next = |link| self.next[index as usize].store(link, Ordering::Relaxed);
        push(&self.head, index, set_next).expect("nobody scribbles");
    }
}

/// One thread pops two slots and pushes the first back, while the other may be about to pop it.
fn pop_and_push_beside_a_pop<const COUNTED: bool>() {
    loom::model(|| {
        let stack = Stack::<COUNTED>::full();
        let other = {
            let stack = Arc::clone(&stack);
            thread::spawn(move || {
                let first = stack.take();
                let second = stack.take();
                if let Some(index) = first {
                    stack.give(index);
                }
                u32::from(second.is_some())
            })
        };
        let mine = u32::from(stack.take().is_some());
        let theirs = other.join().unwrap();
        let mut left = 0;
        while stack.take().is_some() {
            left += 1;
        }
        assert_eq!(mine + theirs + left, SLOTS, "a slot is lost");
    });
}

#[test]
fn no_slot_is_handed_out_twice_or_lost() {
    pop_and_push_beside_a_pop::<true>();
}

/// The head of a stack, which another thread changes before every exchange.
#[derive(Default)]
struct Restless {
    tried: Cell<u32>,
}

impl Word for Restless {
    fn load(&self) -> u64 {
        (u64::from(self.tried.get()) << 32) | u64::from(self.tried.get() % 2 + SLOTS)
    }
    fn load_acquire(&self) -> u64 {
        self.load()
    }
    fn store_release(&self, _: u64) {}
    fn exchange(&self, _: u64, _: u64) -> Result<u64, u64> {
        self.tried.set(self.tried.get() + 1);
        Err(self.load())
    }
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64> {
        self.exchange(current, new)
    }
}

#[test]
fn who_changes_the_head_all_the_time_makes_nobody_wait_for_ever() {
    let stack = Restless::default();
    assert!(matches!(push(&stack, 1, |_| ()), Err((RESTLESS, _))));
    assert_eq!(stack.tried.get(), TRIES);
    // Half of the links lead to a slot, half to nowhere.
    stack.tried.set(0);
    assert!(matches!(pop(&stack, SLOTS, |_| 0), Err((RESTLESS, _))));
    assert_eq!(stack.tried.get(), TRIES);
}

#[test]
fn two_threads_push_and_both_slots_are_there() {
    loom::model(|| {
        let stack = Stack::<true>::full();
        let (a, b) = (stack.take().unwrap(), stack.take().unwrap());
        let other = {
            let stack = Arc::clone(&stack);
            thread::spawn(move || stack.give(a))
        };
        stack.give(b);
        other.join().unwrap();
        assert_eq!([stack.take(), stack.take(), stack.take()].iter().flatten().count(), 3);
        assert_eq!(stack.take(), None);
    });
}

#[test]
fn without_the_count_of_changes_the_model_fails() {
    assert!(catch_unwind(AssertUnwindSafe(pop_and_push_beside_a_pop::<false>)).is_err());
}
