//! The steps by which threads, processes and BPF programs (`mapvalue/alloc.bpf.h`) change the words
//! of an allocator: those of slots, the heads of free lists, and the gates to the lists. The model
//! checker compiles this very file, so it uses nothing of the crate.
//!
//! # Slots
//!
//! A slot's word names its allocator, its holder, and how often it was handed out (generation):
//!
//! | step | from | to | by |
//! |---|---|---|---|
//! | [`hand_out`] | free | an object's, of the next generation | exchange and full fence |
//! | [`keep`] | free | kept by one thread | exchange |
//! | [`take`] | kept | an object's, of the next generation | store: no other thread changes it |
//! | [`let_go`] | an object's, or kept | kept, or handed over; or free | store, as above |
//! | [`exchange`] | handed over, or left behind | an object's, or free | exchange: one of several wins |
//!
//! # Lists
//!
//! The free slots of a class that are nobody's are a lock-free stack, linked through the slots. The
//! head is a link, an index plus one, and a count of changes. A popping thread loads the head, then
//! the link in that slot, and exchanges the head for that link. If another thread has popped the
//! slot meanwhile, and may have pushed it again, the loaded link is wrong. But then the count has
//! changed, and the exchange fails ("ABA"), but after 2^32 changes within one such moment.
//!
//! # Gates
//!
//! Each thread that enters the lists first sets its gate and then looks whether the allocator is in
//! its place. Whoever drains the allocator first says so and then looks at the gates. Both have a
//! full fence between the two, so one of them sees the other: a thread that goes on is waited for.
//!
//! A gate is set by an exchange from a number that no other memory holds: the thread's own, or a
//! random one of the allocator. So if the place is another's by then, nothing is written.

/// An atomic word: of an arena, or of the model checker.
pub(crate) trait Word {
    /// Loads it (relaxed).
    fn load(&self) -> u64;
    fn load_acquire(&self) -> u64;
    fn store_release(&self, new: u64);
    /// Exchanges it (acquire, release) if it is `current`; if not, what it is now, acquired.
    fn exchange(&self, current: u64, new: u64) -> Result<u64, u64>;
    /// As `exchange`, and a full fence behind it: to all, what follows comes after it, loads too.
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64>;
}

/// The word of a slot. From low to high: 2 bits of holder, 30 of allocator's id, 32 of generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Control(pub(crate) u64);

/// Who holds a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Nobody.
    Free = 0,
    /// Whoever has the pointer: a field in shared memory, or a BPF program.
    Shared = 1,
    /// One `Object` in one process.
    Object = 2,
    /// Nobody, but one thread alone may hand it out (`cache`). The slot says which.
    Kept = 3,
}

impl Control {
    pub(crate) const fn new(id: u32, holder: Holder, generation: u32) -> Self {
        Self((generation as u64) << 32 | (id as u64) << 2 | holder as u64)
    }

    pub(crate) const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
    pub(crate) const fn id(self) -> u32 {
        self.0 as u32 >> 2
    }

    pub(crate) const fn holder(self) -> Holder {
        match self.0 & 3 {
            0 => Holder::Free,
            1 => Holder::Shared,
            2 => Holder::Object,
            _ => Holder::Kept,
        }
    }

    /// Whether nobody holds the slot, and the allocator with this id has it.
    const fn is_free(self, id: u32) -> bool {
        self.0 == Self::new(id, Holder::Free, self.generation()).0
    }

    /// The same slot and generation in other hands.
    pub(crate) const fn held_by(self, holder: Holder) -> Self {
        Self(self.0 & !3 | holder as u64)
    }

    /// The next generation, in the hands of `holder`.
    pub(crate) const fn next(self, holder: Holder) -> Self {
        Self(self.held_by(holder).0.wrapping_add(1 << 32))
    }
}

/// Gives a slot that came from a list to an object; if it is not a free one of the allocator with
/// this id, returns its word. It is an exchange: if somebody wrote over the lists, the slot may be
/// in two of them, and only one of the threads that take it gets it.
#[inline]
pub(crate) fn hand_out(word: &impl Word, id: u32) -> Result<Control, Control> {
    let found = Control(word.load());
    let held = found.next(Holder::Object);
    if found.is_free(id) && word.exchange_and_fence(found.0, held.0).is_ok() { Ok(held) } else { Err(found) }
}

/// Has a thread keep a slot that came from a list, by an exchange for the same reason. `mark`
/// writes who keeps it, when nobody else has the slot and before its word says that it is kept.
pub(crate) fn keep(word: &impl Word, id: u32, mark: impl FnOnce()) -> Result<Control, Control> {
    let found = Control(word.load());
    if !found.is_free(id) || word.exchange(found.0, found.held_by(Holder::Object).0).is_err() {
        return Err(found);
    }
    mark();
    word.store_release(found.held_by(Holder::Kept).0);
    Ok(found.held_by(Holder::Kept))
}

/// Gives a slot that this thread keeps to an object; `None` if somebody wrote over the word.
#[inline]
pub(crate) fn take(word: &impl Word, kept: Control) -> Option<Control> {
    // In one step, since it is known who holds it: the next generation, of an object.
    let held = Control(kept.0.wrapping_add((1 << 32) - (Holder::Kept as u64 - Holder::Object as u64)));
    (word.load() == kept.0).then(|| {
        word.store_release(held.0);
        held
    })
}

/// Gives the slot of an object, or one that this thread keeps, into other hands, which no other
/// thread can. `false` if somebody wrote over the word: then it is not the object's to undo.
#[inline]
pub(crate) fn let_go(word: &impl Word, held: Control, to: Holder) -> bool {
    let is_held = word.load() == held.0;
    if is_held {
        word.store_release(held.held_by(to).0);
    }
    is_held
}

/// Gives a slot that was handed over into other hands. If another was first, returns the word now.
pub(crate) fn exchange(word: &impl Word, found: Control, to: Holder) -> Result<Control, Control> {
    let new = found.held_by(to);
    word.exchange(found.0, new.0).map(|_| new).map_err(Control)
}

/// How often an exchange of a list's head is tried. Some fail, since others succeed meanwhile; so
/// many come of somebody who writes there all the time.
pub(crate) const TRIES: u32 = 100_000;

/// What somebody has broken who wrote over a list, and the word that was found there.
pub(crate) type Broken = (&'static str, u64);

/// The head changed before each exchange.
pub(crate) const RESTLESS: &str = "a list of free slots, which somebody changes all the time,";

/// The link to a slot.
#[inline]
pub(crate) const fn link_to(index: u32) -> u32 {
    index + 1
}

/// The slot that a link leads to: `None` at the end.
#[inline]
pub(crate) fn follow(link: u32, capacity: u32) -> Result<Option<u32>, Broken> {
    match link.checked_sub(1) {
        Some(index) if index >= capacity => Err(("a list of free slots", link.into())),
        slot => Ok(slot),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
pub(crate) const fn link_of(head: u64) -> u32 {
    head as u32
}

/// The head after a change.
pub(crate) const fn changed(head: u64, link: u32) -> u64 {
    ((head >> 32).wrapping_add(1) << 32) | link as u64
}

/// Pushes a slot, whose link `set_next` stores (relaxed).
pub(crate) fn push(head: &impl Word, index: u32, set_next: impl Fn(u32)) -> Result<(), Broken> {
    for _ in 0..TRIES {
        let found = head.load();
        set_next(link_of(found));
        if head.exchange(found, changed(found, link_to(index))).is_ok() {
            return Ok(());
        }
    }
    Err((RESTLESS, head.load()))
}

/// Pops one of `capacity` slots, whose links `next` loads (relaxed). If a link leads nowhere, the
/// list ends there: the slots behind it are in no list until the allocator is recovered.
pub(crate) fn pop(head: &impl Word, capacity: u32, next: impl Fn(u32) -> u32) -> Result<Option<u32>, Broken> {
    for _ in 0..TRIES {
        // Acquired: the link in the slot that it leads to was released with it.
        let found = head.load_acquire();
        let slot = follow(link_of(found), capacity);
        let link = match slot {
            Ok(None) => return Ok(None),
            Ok(Some(index)) => next(index),
            Err(_) => 0,
        };
        if head.exchange(found, changed(found, link)).is_ok() {
            return slot;
        }
    }
    Err((RESTLESS, head.load()))
}

/// The bit of a gate that is set while its thread is inside.
pub(crate) const INSIDE: u64 = 1;

/// Sets a gate from `before` to the number of this thread, which is inside then. `false` if the
/// gate is not `before`: another thread has it, or it was overwritten. Errors are `is_in_place`'s.
pub(crate) fn enter<E>(
    gate: &impl Word,
    before: u64,
    thread: u64,
    is_in_place: impl FnOnce() -> Result<(), E>,
) -> Result<bool, E> {
    if gate.exchange_and_fence(before, thread | INSIDE).is_err() {
        return Ok(false);
    }
    let entered = is_in_place();
    if entered.is_err() {
        // An exchange again: the place may be another's by now.
        let _ = gate.exchange(thread | INSIDE, before);
    }
    entered.map(|()| true)
}

/// Leaves by a gate, which gets the number `after`.
pub(crate) fn leave(gate: &impl Word, after: u64) {
    gate.store_release(after);
}

/// Returns the number of the thread that is inside by a gate, if there is one.
pub(crate) fn inside(gate: &impl Word) -> Option<u64> {
    let found = gate.load();
    (found & INSIDE != 0).then_some(found & !INSIDE)
}
