//! The word of a slot, by which it changes hands: whose it is, what for, and for the how many-th time.
//!
//! Its steps are over any atomic word: one of an arena, or one of a model checker, which compiles this very file (so it uses nothing
//! else of the crate). BPF programs take the same (`mapvalue/alloc.bpf.h`).
//!
//! | step | from | to | by |
//! |---|---|---|---|
//! | [`hand_out`] | free | an object's, of the next generation | exchange and full fence |
//! | [`keep`] | free | kept by one thread | exchange |
//! | [`take`] | kept | an object's, of the next generation | store: it is nobody else's |
//! | [`let_go`] | an object's, or kept | kept, or handed over; or free | store, as above |
//! | [`exchange`] | handed over | kept, or an object's | exchange: of several who try, one does it |

/// The word.
///
/// From low to high: 2 bits of holder, 30 bits of the allocator's id, 32 bits of generation, which each hand-out adds one to.
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
    /// Nobody, but one thread alone may hand it out (`cache`).
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

    /// `free` is the low half of the word of a free slot.
    const fn is_free(self, free: u64) -> bool {
        self.0 & 0xffff_ffff == free
    }

    /// The same slot and generation in other hands.
    pub(crate) const fn held_by(self, holder: Holder) -> Self {
        Self(self.0 & !3 | holder as u64)
    }

    /// From a thread that kept it to an object, which is the next generation.
    #[inline]
    pub(crate) const fn taken(self) -> Self {
        Self(self.0.wrapping_add((1 << 32) - (Holder::Kept as u64 - Holder::Object as u64)))
    }

    /// The next generation, in the hands of `holder`.
    pub(crate) const fn next(self, holder: Holder) -> Self {
        Self(self.held_by(holder).0.wrapping_add(1 << 32))
    }
}

/// Where a word is.
pub(crate) trait Word {
    /// Loads it (relaxed).
    fn load(&self) -> u64;
    /// Stores it, and releases what was written before.
    fn store_release(&self, new: u64);
    /// Exchanges it if it is still `current`, and acquires and releases; if not, what it is now, acquired.
    fn exchange(&self, current: u64, new: u64) -> Result<u64, u64>;
    /// As `exchange`, and a full fence behind it: what follows, loads too, is seen by all to come after it.
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64>;
}

/// Makes a slot that was taken from a list that of an object; if it is not free, what its word is. `free` is the low half of the word of a free one.
///
/// By an exchange, although it came from a list: if somebody scribbled on the lists, it may be in two, and only one of those who take it
/// gets it.
#[inline]
pub(crate) fn hand_out(word: &impl Word, free: u64) -> Result<Control, Control> {
    let found = Control(word.load());
    let held = found.next(Holder::Object);
    if found.is_free(free) && word.exchange_and_fence(found.0, held.0).is_ok() { Ok(held) } else { Err(found) }
}

/// Has a thread keep a slot that was taken from a list, by an exchange for the same reason.
pub(crate) fn keep(word: &impl Word, free: u64) -> Result<Control, Control> {
    let found = Control(word.load());
    let kept = found.held_by(Holder::Kept);
    if found.is_free(free) && word.exchange(found.0, kept.0).is_ok() { Ok(kept) } else { Err(found) }
}

/// Makes a slot that this thread keeps that of an object, which nobody else can; `None` if somebody has scribbled on the word.
#[inline]
pub(crate) fn take(word: &impl Word, kept: Control) -> Option<Control> {
    let held = kept.taken();
    (word.load() == kept.0).then(|| {
        word.store_release(held.0);
        held
    })
}

/// Gives the slot of an object, or one that this thread keeps, which nobody else can, into other hands. `false` if somebody has scribbled on the word: what it says now is
/// not what the object may undo.
#[inline]
pub(crate) fn let_go(word: &impl Word, held: Control, to: Holder) -> bool {
    let is_held = word.load() == held.0;
    if is_held {
        word.store_release(held.held_by(to).0);
    }
    is_held
}

/// Gives a slot that was handed over, which others may do as well, into other hands; if one of them was first, what the word is now.
pub(crate) fn exchange(word: &impl Word, found: Control, to: Holder) -> Result<Control, Control> {
    let new = found.held_by(to);
    word.exchange(found.0, new.0).map(|_| new).map_err(Control)
}
