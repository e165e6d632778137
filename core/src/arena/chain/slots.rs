//! Memory for the elements of lists and tables: [`Slots`], and a simple implementation, [`Region`].

use std::any::type_name;
use std::mem::ManuallyDrop;
use std::ops::Range;

use crate::arena::handle::Arena;
use crate::error::{ArenaPtrError, Error, ListError};
use crate::value::{ArenaPtr, MapValue};

/// A source of memory for values of type `T` in an arena.
///
/// ```
/// use mapvalue::arena::{ListEntry, Region, Slots};
/// use mapvalue::{Arena, ArenaList, ArenaPtr, Error, MapValue};
///
/// /// Slots that count how many are taken.
/// struct Counted<S>(S, usize);
///
/// impl<T: MapValue, S: Slots<T>> Slots<T> for Counted<S> {
///     fn take(&mut self) -> Result<ArenaPtr<T>, Error> {
///         self.0.take().inspect(|_| self.1 += 1)
///     }
///
///     fn give_back(&mut self, slot: ArenaPtr<T>) {
///         self.0.give_back(slot);
///         self.1 -= 1;
///     }
/// }
///
/// let arena = Arena::memfd(1)?;
/// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
/// let mut slots = Counted(Region::new(&arena, arena.at(64), 1)?, 0);
/// list.push_front_with(&mut slots, |entry| entry.value.store(7))?;
/// assert!(list.push_front_with(&mut slots, |_| ()).is_err()); // `NoRoom`
/// assert_eq!((slots.1, list.first()?.map(|entry| entry.value.load())), (1, Some(7)));
/// # Ok::<(), Error>(())
/// ```
pub trait Slots<T: MapValue> {
    /// Hands out memory for one value, which nobody else uses and no list has, of any contents.
    ///
    /// # Errors
    ///
    /// [`ListError::NoRoom`], or another error of the implementation.
    fn take(&mut self) -> Result<ArenaPtr<T>, Error>;

    /// Takes back memory that came from [`take`](Self::take), when it holds no value any more.
    ///
    /// It may be handed out again at once. A reader that is still on the value then reads what is
    /// written there next.
    fn give_back(&mut self, slot: ArenaPtr<T>);
}

/// Slots side by side in an arena, handed out in order, but first those that were given back.
///
/// Only this process knows which are taken. So it is for a single owner: the process that inserts.
#[derive(Debug)]
pub struct Region<T: MapValue> {
    first: u64,
    /// The slots that have never been handed out, by their numbers.
    fresh: Range<usize>,
    given_back: Vec<ArenaPtr<T>>,
}

impl<T: MapValue> Region<T> {
    /// Manages `len` slots, of which `first` is the first. Their memory is not touched.
    ///
    /// # Errors
    ///
    /// Those of [`Arena::slice_ro`], if the slots are not all inside the arena and aligned.
    pub fn new(arena: &Arena, first: ArenaPtr<T>, len: usize) -> Result<Self, ArenaPtrError> {
        arena.slice_ro(first, len)?;
        Ok(Self { first: arena.full(first).address(), fresh: 0..len, given_back: Vec::new() })
    }
}

impl<T: MapValue> Slots<T> for Region<T> {
    fn take(&mut self) -> Result<ArenaPtr<T>, Error> {
        let fresh = |slot| ArenaPtr::from_address(self.first + (slot * size_of::<T>()) as u64);
        let slot = self.given_back.pop().or_else(|| self.fresh.next().map(fresh));
        slot.ok_or_else(|| ListError::NoRoom { type_name: type_name::<T>(), slots: self.fresh.end }.into())
    }

    fn give_back(&mut self, slot: ArenaPtr<T>) {
        self.given_back.push(slot);
    }
}

impl<T: MapValue, S: Slots<T> + ?Sized> Slots<T> for &mut S {
    fn take(&mut self) -> Result<ArenaPtr<T>, Error> {
        (**self).take()
    }

    fn give_back(&mut self, slot: ArenaPtr<T>) {
        (**self).give_back(slot);
    }
}

/// A slot that is given back unless it is kept, even when a panic unwinds.
pub(crate) struct Taken<'a, T: MapValue, S: Slots<T>> {
    slots: &'a mut S,
    slot: ArenaPtr<T>,
}

impl<'a, T: MapValue, S: Slots<T>> Taken<'a, T, S> {
    pub(crate) fn from(slots: &'a mut S) -> Result<Self, Error> {
        let slot = slots.take()?;
        Ok(Self { slots, slot })
    }

    pub(crate) fn slot(&self) -> ArenaPtr<T> {
        self.slot
    }

    /// Keeps the slot, which is in use now.
    pub(crate) fn keep(self) -> ArenaPtr<T> {
        ManuallyDrop::new(self).slot
    }
}

impl<T: MapValue, S: Slots<T>> Drop for Taken<'_, T, S> {
    fn drop(&mut self) {
        self.slots.give_back(self.slot);
    }
}
