//! From pointers to places: the one module that follows an address, whatever number it is.
//!
//! A pointer that is fine takes a handful of instructions (`locate`). What it is that is wrong with any other is found out apart from
//! them (`refuse`).

use std::any::type_name;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Arena, ArenaFlags, ArenaPtr};
use crate::{Access, Error, MapValue, Mirror, ReadOnly, ReadWrite, Slice, Var};

/// Following pointers.
///
/// A pointer is taken in both forms that memory of an arena holds: a full address, or its low 32 bits alone. Every other number is an
/// error; none is a fault.
impl Arena {
    /// The value that a pointer leads to, for as long as the arena is borrowed.
    ///
    /// It costs a few instructions more than following a raw pointer: a subtraction and three branches that are never taken.
    ///
    /// # Errors
    ///
    /// [`Error::NullArenaPtr`], [`Error::ForeignArenaPtr`], [`Error::ArenaPtrOutOfRange`], [`Error::MisalignedArenaPtr`];
    /// [`Error::ReadOnly`] (use [`get_ro`](Self::get_ro)), [`Error::ArenaFaults`] (use [`read`](Self::read)), [`Error::ZeroSized`].
    #[inline]
    pub fn get<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<&T::Shared<ReadWrite>, Error> {
        self.get_any(ptr)
    }

    /// The value that a pointer leads to, for loading only; the arena may be read-only or not.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without `ReadOnly`.
    #[inline]
    pub fn get_ro<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<&T::Shared<ReadOnly>, Error> {
        self.get_any(ptr)
    }

    #[inline]
    fn get_any<T: MapValue, A: Access>(&self, ptr: ArenaPtr<T>) -> Result<&T::Shared<A>, Error> {
        let place = self.locate::<T, A>(ptr, size_of::<T>())?;
        // SAFETY: `locate` has checked that the arena holds a `T` here, aligned for all of its leaves, which is the size of its mirror
        // and at least its alignment (`MapValue`, promises 1 and 2). The arena keeps it mapped while it is borrowed; a page that is
        // not there is made when it is touched, or `locate` had refused; it is writable if `A` is. All bits are a valid mirror (promise 3), and what others
        // write, they write to cells, which are inside `UnsafeCell`.
        Ok(unsafe { place.as_ref() })
    }

    /// A handle to the value that a pointer leads to, which lives as long as it likes, and keeps the arena mapped.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    #[inline]
    pub fn var<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<Var<T>, Error> {
        self.var_any(ptr)
    }

    /// A handle that only loads; the arena may be read-only or not.
    ///
    /// # Errors
    ///
    /// As [`get_ro`](Self::get_ro).
    #[inline]
    pub fn var_ro<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<Var<T, ReadOnly>, Error> {
        self.var_any(ptr)
    }

    #[inline]
    fn var_any<T: MapValue, A: Access>(&self, ptr: ArenaPtr<T>) -> Result<Var<T, A>, Error> {
        let place = self.locate::<T, A>(ptr, size_of::<T>())?;
        // SAFETY: `locate` has checked it for `T` and `A`, and the arena is all of the mapping.
        Ok(unsafe { Var::new(place, Arc::clone(&self.rest.mapping)) })
    }

    /// `len` values side by side, of which a pointer leads to the first.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`Error::Unsliceable`] if not all of them would be aligned.
    pub fn slice<T: MapValue>(&self, ptr: ArenaPtr<T>, len: usize) -> Result<Slice<T>, Error> {
        self.slice_any(ptr, len)
    }

    /// `len` values side by side, for loading only.
    ///
    /// # Errors
    ///
    /// As [`slice`](Self::slice), without `ReadOnly`.
    pub fn slice_ro<T: MapValue>(&self, ptr: ArenaPtr<T>, len: usize) -> Result<Slice<T, ReadOnly>, Error> {
        self.slice_any(ptr, len)
    }

    fn slice_any<T: MapValue, A: Access>(&self, ptr: ArenaPtr<T>, len: usize) -> Result<Slice<T, A>, Error> {
        let (size, align) = (T::LAYOUT.size(), T::LAYOUT.align());
        if !size.is_multiple_of(align) {
            return Err(Error::Unsliceable { type_name: type_name::<T>(), size, align });
        }
        let first = self.locate::<T, A>(ptr, size.saturating_mul(len))?;
        // SAFETY: `locate` has checked all of the bytes for `T` and `A`, and the first element's alignment; the size is a multiple
        // of it (checked above), so all are aligned.
        Ok(unsafe { Slice::new(first, len, Arc::clone(&self.rest.mapping)) })
    }

    /// The pointer to a place: what to store in the arena so that others find it.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaPtr};
    ///
    /// let arena = Arena::memfd(1)?;
    /// let words = arena.var::<[u64; 4]>(ArenaPtr::from_address(arena.start()))?;
    /// let third = arena.ptr_of(&words[2])?;
    /// assert_eq!(third.address(), arena.start() + 16);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotInArena`].
    #[inline]
    pub fn ptr_of<S: Mirror>(&self, place: &S) -> Result<ArenaPtr<S::Value>, Error> {
        let address = NonNull::from(place).addr().get();
        let pointer = address.wrapping_sub(self.origin().addr()) as u64;
        if self.holds(pointer, size_of::<S>(), self.readable) {
            Ok(ArenaPtr::from_address(pointer))
        } else {
            Err(Error::NotInArena { place: address, base: self.rest.mapping.base().addr().get(), len: self.len() })
        }
    }

    /// The pointer in its full form: null, and what leads out of the arena, stay as they are, and the low 32 bits alone become the
    /// address that they stand for.
    #[inline]
    #[must_use]
    pub fn full<T: ?Sized>(&self, ptr: ArenaPtr<T>) -> ArenaPtr<T> {
        match u32::try_from(ptr.address()) {
            Ok(low) if low != 0 => ArenaPtr::from_address(self.high_half() | u64::from(low)),
            _ => ptr,
        }
    }

    /// Whether two pointers lead to one place, in whichever form they are, or are both null.
    ///
    /// `==` compares the numbers that memory holds, as `compare_exchange` does.
    #[inline]
    #[must_use]
    pub fn same<T: ?Sized>(&self, a: ArenaPtr<T>, b: ArenaPtr<T>) -> bool {
        self.full(a) == self.full(b)
    }

    /// What all addresses in the arena have in common: there is no multiple of 4 GiB inside of it.
    #[inline]
    fn high_half(&self) -> u64 {
        self.start & !u64::from(u32::MAX)
    }

    /// The place of `bytes` bytes of values of type `T`, for access `A`: they are inside the arena, the first is aligned for every leaf
    /// of `T`, and they can be loaded, and stored if `A` is writable.
    #[inline]
    fn locate<T: MapValue, A: Access>(&self, ptr: ArenaPtr<T>, bytes: usize) -> Result<NonNull<T::Shared<A>>, Error> {
        match self.find::<T, A>(ptr, bytes) {
            Some(place) => Ok(place),
            None => Err(self.refuse::<T, A>(ptr, bytes)),
        }
    }

    /// As [`locate`](Self::locate), without a word why not: for walks, which have their own.
    #[inline]
    fn find<T: MapValue, A: Access>(&self, ptr: ArenaPtr<T>, bytes: usize) -> Option<NonNull<T::Shared<A>>> {
        let reach = if A::WRITABLE { self.writable } else { self.readable };
        let address = self.resolve::<T>(ptr, bytes, reach)?;
        #[expect(clippy::cast_possible_truncation, reason = "the targets that this crate accepts have 64 bits")]
        let address = address as usize;
        // The next load of a walk waits for this one, and so for each step between the two. Where pointers are addresses there is none:
        // a branch that is never taken costs less than to add 0. (The compiler would add it, but for the atomic load.)
        let place: *mut u8 = if self.direct {
            ptr::with_exposed_provenance_mut(address)
        } else {
            self.origin.load(Ordering::Relaxed).wrapping_add(address)
        };
        // SAFETY: it is inside the mapping (`holds`), at least one byte before its end, and so not null.
        Some(unsafe { NonNull::new_unchecked(place) }.cast())
    }

    /// The full address of `bytes` bytes of values of type `T`, if they are within the first `reach` bytes of the arena, and the first
    /// is aligned.
    #[inline]
    pub(super) fn resolve<T: MapValue>(&self, ptr: ArenaPtr<T>, bytes: usize, reach: u64) -> Option<u64> {
        const { T::LAYOUT.assert_usable::<T>() };
        let mut address = ptr.address();
        if !self.holds(address, bytes, reach) {
            // Perhaps it is the low 32 bits alone.
            address = self.full(ptr).address();
            if !self.holds(address, bytes, reach) {
                return None;
            }
        }
        (T::LAYOUT.size() != 0 && address.is_multiple_of(T::LAYOUT.align() as u64)).then_some(address)
    }

    /// Whether `address..address + bytes` is within the first `reach` bytes of the arena.
    #[inline]
    fn holds(&self, address: u64, bytes: usize, reach: u64) -> bool {
        // Of every number that is not the address of a byte in the arena, the offset is larger than the arena.
        let offset = address.wrapping_sub(self.start);
        offset.checked_add(bytes as u64).is_some_and(|end| end <= reach)
    }

    /// Why no handle is given out.
    #[cold]
    #[inline(never)]
    fn refuse<T: MapValue, A: Access>(&self, ptr: ArenaPtr<T>, size: usize) -> Error {
        let map = self.rest.mapping.map_name();
        if self.flags().contains(ArenaFlags::SEGV_ON_FAULT) {
            return Error::ArenaFaults { map };
        }
        match self.rest.mapping.read_only_reason() {
            Some(reason) if A::WRITABLE => Error::ReadOnly { map, reason },
            _ => self.wrong(ptr, size),
        }
    }

    /// What is wrong with a pointer that does not resolve.
    #[cold]
    pub(super) fn wrong<T: MapValue>(&self, ptr: ArenaPtr<T>, size: usize) -> Error {
        let (type_name, address, start, len) = (type_name::<T>(), ptr.address(), self.start, self.len());
        let full = self.full(ptr).address();
        if T::LAYOUT.size() == 0 {
            Error::ZeroSized { type_name }
        } else if address == 0 {
            Error::NullArenaPtr { type_name }
        } else if full >> 32 != start >> 32 {
            Error::ForeignArenaPtr { type_name, address, start, len }
        } else if self.holds(full, size, len) {
            Error::MisalignedArenaPtr { type_name, address, align: T::LAYOUT.align() }
        } else {
            Error::ArenaPtrOutOfRange { type_name, address, size, start, len }
        }
    }
}
