//! Objects that several sides exchange through one field, in a model checker, from the allocator's
//! source (`protocol.rs` in `core/src/arena/alloc`). In every interleaving, each
//! pointer taken leads to an object that nobody else has, with the data written to it, and no slot
//! is lost. With an exchange that is not atomic, or without its order, some interleaving fails.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use loom::thread;

use crate::alloc_protocol::{self, Control, Holder, Word, exchange, hand_out, keep, let_go, link_to, take};

const SLOTS: u32 = 2;
const ID: u32 = 7;
const FREE: Control = Control::new(ID, Holder::Free, 0);

/// The exchanges and orders that a model leaves out.
trait Omitted: 'static {
    /// If set, a field is exchanged by a load and a store.
    const EXCHANGE_OF_FIELDS: bool = false;
    const ORDER_OF_FIELDS: bool = false;
    /// If set, a word is exchanged by a load, a comparison and a store.
    const EXCHANGE_OF_WORDS: bool = false;
}

struct Nothing;
impl Omitted for Nothing {}
struct ExchangeOfFields;
impl Omitted for ExchangeOfFields {
    const EXCHANGE_OF_FIELDS: bool = true;
}
struct OrderOfFields;
impl Omitted for OrderOfFields {
    const ORDER_OF_FIELDS: bool = true;
}
struct ExchangeOfWords;
impl Omitted for ExchangeOfWords {
    const EXCHANGE_OF_WORDS: bool = true;
}

/// A word of a slot, or the head of the list.
struct Place<O>(AtomicU64, PhantomData<O>);

struct Slot<O> {
    control: Place<O>,
    next: AtomicU32,
    /// The object's value: the low half of the pointer to it, twice.
    value: [AtomicU64; 2],
}

impl<O: Omitted> Word for Place<O> {
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
        if O::EXCHANGE_OF_WORDS {
            let found = self.0.load(Ordering::Acquire);
            if found != current {
                return Err(found);
            }
            self.0.store(new, Ordering::Release);
            return Ok(found);
        }
        self.0.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire)
    }
    // The fence is for the thread that closes: see `alloc_close.rs`.
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64> {
        self.exchange(current, new)
    }
}

/// An allocator, and a field that holds one of its objects or none.
struct Arena<O> {
    free: Place<O>,
    slots: [Slot<O>; SLOTS as usize],
    field: AtomicU64,
}

/// Index and generation of a slot, as a field holds them; 0 for none.
fn kptr(index: u32, generation: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(link_to(index))
}

impl<O: Omitted> Arena<O> {
    fn new() -> Arc<Self> {
        let place = |word| Place(AtomicU64::new(word), PhantomData);
        let slot = |next| Slot {
            control: place(FREE.0),
            next: AtomicU32::new(next),
            value: [AtomicU64::new(0), AtomicU64::new(0)],
        };
        Arc::new(Self { free: place(link_to(0).into()), slots: [slot(2), slot(0)], field: AtomicU64::new(0) })
    }

    fn pop(&self) -> Option<u32> {
        let next = |index| self.slots[index as usize].next.load(Ordering::Relaxed);
        alloc_protocol::pop(&self.free, SLOTS, next).expect("nobody scribbles")
    }

    fn push(&self, index: u32) {
        let set_next = |link| self.slots[index as usize].next.store(link, Ordering::Relaxed);
        alloc_protocol::push(&self.free, index, set_next).expect("nobody scribbles");
    }

    /// As `Allocator::alloc` and `Object::into_kptr`.
    fn make(&self) -> Option<u64> {
        let index = self.pop()?;
        let slot = &self.slots[index as usize];
        let held = hand_out(&slot.control, ID).expect("a slot of the list is free");
        let kptr = kptr(index, held.generation());
        slot.value.iter().for_each(|word| word.store(kptr, Ordering::Relaxed));
        assert!(let_go(&slot.control, held, Holder::Shared), "it is nobody else's");
        Some(kptr)
    }

    /// As `Shared<Kptr>::replace`, and with 0 `take`.
    fn replace(&self, new: u64) -> u64 {
        if O::EXCHANGE_OF_FIELDS {
            let old = self.field.load(Ordering::Acquire);
            self.field.store(new, Ordering::Release);
            return old;
        }
        self.field.swap(new, if O::ORDER_OF_FIELDS { Ordering::Relaxed } else { Ordering::AcqRel })
    }

    /// As `Allocator::find`: the slot, and its word. `None` if it was not handed over.
    fn find(&self, kptr: u64) -> Option<(u32, &Slot<O>, Control)> {
        let (link, generation) = (u32::try_from(kptr & 0xffff_ffff).unwrap(), u32::try_from(kptr >> 32).unwrap());
        let slot = &self.slots[link as usize - 1];
        let control = Control(slot.control.load_acquire());
        (control == Control::new(ID, Holder::Shared, generation)).then_some((link - 1, slot, control))
    }

    /// As `Allocator::free`.
    fn free(&self, kptr: u64) -> bool {
        let Some((index, slot, control)) = self.find(kptr) else { return false };
        let freed = exchange(&slot.control, control, Holder::Free).is_ok();
        if freed {
            self.push(index);
        }
        freed
    }

    /// As `Allocator::claim`, then reads the object and drops it.
    fn claim_and_drop(&self, kptr: u64) {
        let (index, slot, control) = self.find(kptr).expect("what was taken was handed over");
        let held = exchange(&slot.control, control, Holder::Object).expect("it is nobody else's");
        slot.value.iter().for_each(|word| assert_eq!(word.load(Ordering::Relaxed), kptr, "what was written to it"));
        assert!(let_go(&slot.control, held, Holder::Free), "it is nobody else's");
        self.push(index);
    }

    /// Makes an object, exchanges it for the one in the field, and frees that.
    fn exchange_one(&self) {
        if let Some(new) = self.make() {
            let old = self.replace(new);
            assert!(old == 0 || self.free(old), "what was taken can be freed");
        }
    }

    /// Takes the object in the field.
    fn take_one(&self) {
        let kptr = self.replace(0);
        if kptr != 0 {
            self.claim_and_drop(kptr);
        }
    }

    fn assert_all_there(&self) {
        self.take_one();
        let left = (0..=SLOTS).take_while(|_| self.pop().is_some()).count();
        assert_eq!(left, SLOTS as usize, "no slot is lost, and none is in two places");
    }
}

fn beside<O: Omitted>(one: fn(&Arena<O>), other: fn(&Arena<O>)) {
    loom::model(move || {
        let arena = Arena::new();
        arena.exchange_one();
        let thread = {
            let arena = Arc::clone(&arena);
            thread::spawn(move || one(&arena))
        };
        other(&arena);
        thread.join().unwrap();
        arena.assert_all_there();
    });
}

/// Two threads have the same pointer, which neither took from a field, and both free it.
fn two_frees<O: Omitted>() {
    loom::model(|| {
        let arena = Arena::<O>::new();
        let kptr = arena.make().unwrap();
        let thread = {
            let arena = Arc::clone(&arena);
            thread::spawn(move || arena.free(kptr))
        };
        let freed = [arena.free(kptr), thread.join().unwrap()];
        assert_eq!(freed.iter().filter(|freed| **freed).count(), 1, "one frees it");
        arena.assert_all_there();
    });
}

/// One thread keeps a slot of its list, hands it out and takes it back by plain loads and stores. A
/// corrupted list leads another thread to the same slot.
fn one_keeps_and_another_comes_to_it<O: Omitted>() {
    loom::model(|| {
        let arena = Arena::<O>::new();
        let thread = {
            let arena = Arc::clone(&arena);
            thread::spawn(move || hand_out(&arena.slots[0].control, ID).is_ok())
        };
        let slot = &arena.slots[0].control;
        let kept = keep(slot, ID, || ());
        if let Ok(kept) = kept {
            let held = take(slot, kept).expect("it is nobody else's");
            assert!(let_go(slot, held, Holder::Kept), "it is nobody else's");
            assert_eq!(Control(slot.load()), held.held_by(Holder::Kept), "it is nobody else's");
        }
        assert_ne!(thread.join().unwrap(), kept.is_ok(), "one has it");
    });
}

#[test]
fn a_slot_that_one_thread_keeps_is_handed_out_by_it_alone() {
    one_keeps_and_another_comes_to_it::<Nothing>();
}

fn fails(model: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(model)).is_err()
}

#[test]
fn what_is_taken_from_a_field_is_had_by_one_side_and_whole() {
    beside::<Nothing>(Arena::exchange_one, Arena::take_one);
    beside::<Nothing>(Arena::take_one, Arena::take_one);
}

#[test]
fn two_sides_exchange_and_free_what_was_there() {
    beside::<Nothing>(Arena::exchange_one, Arena::exchange_one);
}

#[test]
fn of_two_who_free_one_pointer_one_does() {
    two_frees::<Nothing>();
}

#[test]
fn without_an_exchange_or_its_order_the_model_fails() {
    assert!(fails(|| beside::<ExchangeOfFields>(Arena::take_one, Arena::take_one)));
    assert!(fails(|| beside::<ExchangeOfFields>(Arena::exchange_one, Arena::take_one)));
    assert!(fails(|| beside::<OrderOfFields>(Arena::exchange_one, Arena::take_one)));
    assert!(fails(two_frees::<ExchangeOfWords>));
    assert!(fails(one_keeps_and_another_comes_to_it::<ExchangeOfWords>));
}
