//! The word of a slot, by which it changes hands: which allocator has the slot, who holds it, and
//! how many times it has been handed out (its generation).
//!
//! The steps are over any atomic word: one of an arena, or one of the model checker, which compiles
//! this very file. So it uses nothing of the crate. BPF programs take the same steps
//! (`mapvalue/alloc.bpf.h`).
//!
//! | step | from | to | by |
//! |---|---|---|---|
//! | [`hand_out`] | free | an object's, of the next generation | exchange and full fence |
//! | [`keep`] | free | kept by one thread | exchange |
//! | [`take`] | kept | an object's, of the next generation | store: no other thread changes it |
//! | [`let_go`] | an object's, or kept | kept, or handed over; or free | store, as above |
//! | [`exchange`] | handed over, or left behind | an object's, or free | exchange: one of several wins |

/// The word.
///
/// From low to high: 2 bits of holder, 30 bits of the allocator's id, 32 bits of generation. Each
/// hand-out adds one to the generation, so it is the same again after 2^32 of them: a slot that is
/// made and freed all the time, in 12 ns, gets there in 52 seconds.
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

    /// `free` is the low half of the word of a free slot.
    pub(crate) const fn is_free(self, free: u64) -> bool {
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
    /// Exchanges it if it is still `current`, and acquires and releases; if not, what it is now,
    /// acquired.
    fn exchange(&self, current: u64, new: u64) -> Result<u64, u64>;
    /// As `exchange`, and a full fence behind it: what follows, loads too, is seen by all to come
    /// after it.
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64>;
}

/// Gives a slot that came from a list to an object; if it is not free, returns its word. `free` is
/// the low half of a free slot's word.
///
/// It is an exchange, although the slot came from a list: if somebody wrote over the lists, the
/// slot may be in two of them, and only one of the threads that take it gets it.
#[inline]
pub(crate) fn hand_out(word: &impl Word, free: u64) -> Result<Control, Control> {
    let found = Control(word.load());
    let held = found.next(Holder::Object);
    if found.is_free(free) && word.exchange_and_fence(found.0, held.0).is_ok() { Ok(held) } else { Err(found) }
}

/// Has a thread keep a slot that came from a list, by an exchange for the same reason. `mark`
/// writes who keeps it, when nobody else has the slot and before its word says that it is kept.
pub(crate) fn keep(word: &impl Word, free: u64, mark: impl FnOnce()) -> Result<Control, Control> {
    let found = Control(word.load());
    if !found.is_free(free) || word.exchange(found.0, found.held_by(Holder::Object).0).is_err() {
        return Err(found);
    }
    mark();
    word.store_release(found.held_by(Holder::Kept).0);
    Ok(found.held_by(Holder::Kept))
}

/// Gives a slot that this thread keeps to an object, which no other thread can; `None` if somebody
/// wrote over the word.
#[inline]
pub(crate) fn take(word: &impl Word, kept: Control) -> Option<Control> {
    let held = kept.taken();
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

/// Gives a slot that was handed over into other hands, as others may do at the same time. If one of
/// them was first, returns what the word is now.
pub(crate) fn exchange(word: &impl Word, found: Control, to: Holder) -> Result<Control, Control> {
    let new = found.held_by(to);
    word.exchange(found.0, new.0).map(|_| new).map_err(Control)
}
