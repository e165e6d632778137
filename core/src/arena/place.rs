//! From pointers to places: the only module that follows an address, whatever number it is.
//!
//! A pointer that is an address in the arena takes a handful of instructions (`locate`). Every
//! other pointer is examined apart from them (`locate_far`): it may be valid as well, or `resolve`
//! finds out what is wrong with it.

use std::any::type_name;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use crate::arena::handle::Arena;
use crate::error::{ArenaPtrError, PlaceError};
use crate::handle::{Slice, Var};
use crate::mapping::place::check_sliceable;
use crate::value::{Access, ArenaPtr, MapValue, Mirror, ReadOnly, ReadWrite};

/// Following pointers
///
/// A pointer may have either form that is in the arena's memory: a full address, or its low 32 bits
/// alone. Any other number is an error. No number leads out of the arena's memory. But touching a
/// page for which the kernel has no memory is a SIGSEGV ([When there is no
/// memory](crate::arena#when-there-is-no-memory)): see [`prefault`](Self::prefault).
impl Arena {
    /// Returns the value that a pointer leads to, for as long as the arena is borrowed.
    ///
    /// It costs a few instructions more than following a raw pointer; the next load waits for none
    /// of them. (The low 32 bits alone, or a memfd that is mapped elsewhere, cost a call.)
    ///
    /// The place is taken for a `T`, whatever was stored there:
    ///
    /// - Any small number can be the low 32 bits of an address. One is 0x100, which the kernel's
    ///   list functions leave as `next` in a removed node. If the arena begins at a multiple of 4
    ///   GiB, a walk that follows it gets to the bytes at 0x100. ([`ArenaList`](crate::ArenaList)
    ///   recognizes it.)
    /// - A pointer from a hostile or faulty program, or one that was [`cast`](ArenaPtr::cast), may
    ///   lead into the middle of a value of another type. Avoiding races of accesses of mixed sizes
    ///   is the one rule left to you: see [Memory model](crate#memory-model).
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaPtr, ArenaPtrError, Error};
    ///
    /// let arena = Arena::memfd(1)?;
    /// let pointer = arena.at::<u64>(64);
    /// arena.get(pointer)?.store(7);
    /// let view = arena.get_ro(pointer)?; // `view.store(8)` does not compile
    /// let low = ArenaPtr::<u64>::from_address(pointer.offset().into()); // the low 32 bits alone
    /// assert_eq!(arena.get(low)?.load(), 7);
    /// assert!(matches!(arena.get(ArenaPtr::<u64>::null()), Err(ArenaPtrError::Null { .. })));
    /// assert!(matches!(arena.get(arena.at::<u64>(65)), Err(ArenaPtrError::Misaligned { .. })));
    /// assert!(arena.get(arena.at::<u64>(arena.len())).is_err()); // `OutOfRange`
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArenaPtrError::Null`], [`ArenaPtrError::Foreign`], [`ArenaPtrError::OutOfRange`],
    /// [`ArenaPtrError::Misaligned`]; [`PlaceError::ReadOnly`] (use [`get_ro`](Self::get_ro)),
    /// [`PlaceError::ArenaFaults`] (use [`read`](Self::read)), [`PlaceError::ZeroSized`].
    #[inline]
    pub fn get<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<&T::Shared<ReadWrite>, ArenaPtrError> {
        self.get_any(ptr)
    }

    /// Returns the value that a pointer leads to, for loading only. The arena may be read-only.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get), without `ReadOnly`.
    #[inline]
    pub fn get_ro<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<&T::Shared<ReadOnly>, ArenaPtrError> {
        self.get_any(ptr)
    }

    #[inline]
    pub(crate) fn get_any<T: MapValue, A: Access>(&self, ptr: ArenaPtr<T>) -> Result<&T::Shared<A>, ArenaPtrError> {
        let place = self.locate::<T, A>(ptr, size_of::<T>())?;
        // SAFETY: `locate` has checked that the arena holds a `T` here, aligned for all of its
        // leaves. A `T` has the size of its mirror and at least its alignment (`MapValue`, promises
        // 1 and 2). The arena stays mapped while it is borrowed. Touching an absent page makes it,
        // or ends the process if that fails; `locate` refuses an arena that faults instead. The
        // memory is writable if `A` is. All bits are a valid mirror (promise 3), and others write
        // to cells only, which are inside `UnsafeCell`.
        Ok(unsafe { place.as_ref() })
    }

    /// Returns a handle to the value that a pointer leads to. The handle keeps the arena mapped.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    #[inline]
    pub fn var<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<Var<T>, ArenaPtrError> {
        self.var_any(ptr)
    }

    /// Returns a handle that only loads, `Var<T, ReadOnly>`. The arena may be read-only.
    ///
    /// # Errors
    ///
    /// As for [`get_ro`](Self::get_ro).
    #[inline]
    pub fn var_ro<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<Var<T, ReadOnly>, ArenaPtrError> {
        self.var_any(ptr)
    }

    #[inline]
    fn var_any<T: MapValue, A: Access>(&self, ptr: ArenaPtr<T>) -> Result<Var<T, A>, ArenaPtrError> {
        let place = self.locate::<T, A>(ptr, size_of::<T>())?;
        // SAFETY: `locate` has checked the place for `T` and `A`; the arena is the whole mapping.
        Ok(unsafe { Var::new(place, Arc::clone(&self.rest.mapping)) })
    }

    /// Returns `len` values side by side, of which a pointer leads to the first.
    ///
    /// ```
    /// # let arena = mapvalue::Arena::memfd(1)?;
    /// let words = arena.slice::<u32>(arena.at(64), 16)?;
    /// words[3].store(7);
    /// assert_eq!(arena.get(arena.at::<u32>(64 + 3 * 4))?.load(), 7);
    /// assert!(arena.slice::<u32>(arena.at(64), arena.len() as usize).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get), and [`PlaceError::Unsliceable`] if not all would be aligned.
    pub fn slice<T: MapValue>(&self, ptr: ArenaPtr<T>, len: usize) -> Result<Slice<T>, ArenaPtrError> {
        self.slice_any(ptr, len)
    }

    /// Returns `len` values side by side, for loading only. The arena may be read-only.
    ///
    /// # Errors
    ///
    /// As for [`slice`](Self::slice), without `ReadOnly`.
    pub fn slice_ro<T: MapValue>(&self, ptr: ArenaPtr<T>, len: usize) -> Result<Slice<T, ReadOnly>, ArenaPtrError> {
        self.slice_any(ptr, len)
    }

    pub(crate) fn slice_any<T: MapValue, A: Access>(
        &self,
        ptr: ArenaPtr<T>,
        len: usize,
    ) -> Result<Slice<T, A>, ArenaPtrError> {
        check_sliceable::<T>()?;
        let first = self.locate::<T, A>(ptr, T::LAYOUT.size().saturating_mul(len))?;
        // SAFETY: `locate` has checked all bytes for `T` and `A`, and that the first element is
        // aligned. The size is a multiple of the alignment (checked above), so all are.
        Ok(unsafe { Slice::new(first, len, Arc::clone(&self.rest.mapping)) })
    }

    /// Returns the pointer to a place, for storing it in the arena so that others find the place.
    ///
    /// ```
    /// # let arena = mapvalue::Arena::memfd(1)?;
    /// let words = arena.var::<[u64; 4]>(arena.at(64))?;
    /// assert_eq!(arena.ptr_of(&words[2])?, arena.at(64 + 16));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArenaPtrError::NotInArena`].
    #[inline]
    pub fn ptr_of<S: Mirror>(&self, place: &S) -> Result<ArenaPtr<S::Value>, ArenaPtrError> {
        let (place, base) = (NonNull::from(place).addr().get(), self.rest.mapping.base().addr().get());
        if holds(base as u64, self.len(), place as u64, size_of::<S>()) {
            Ok(self.at((place - base) as u64))
        } else {
            Err(ArenaPtrError::NotInArena { place, base, len: self.len() })
        }
    }

    /// Returns the pointer in its full form: the low 32 bits alone become the address that they
    /// stand for. Null, and pointers that lead out of the arena, stay as they are.
    ///
    /// ```
    /// # use mapvalue::{Arena, ArenaPtr};
    /// # let arena = Arena::memfd(1)?;
    /// let low = ArenaPtr::<u64>::from_address(arena.at::<u64>(64).offset().into());
    /// assert_eq!(arena.full(low), arena.at(64));
    /// assert!(low != arena.at(64) && arena.same(low, arena.at(64)));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn full<T: ?Sized>(&self, ptr: ArenaPtr<T>) -> ArenaPtr<T> {
        match u32::try_from(ptr.address()) {
            // All addresses in the arena have one high half: there is no multiple of 4 GiB inside.
            Ok(low) if low != 0 => ArenaPtr::from_address(self.start & !u64::from(u32::MAX) | u64::from(low)),
            _ => ptr,
        }
    }

    /// Returns whether two pointers, in either form, lead to the same place or are both null. (`==`
    /// compares the numbers in memory, as `compare_exchange` does.)
    #[inline]
    #[must_use]
    pub fn same<T: ?Sized>(&self, a: ArenaPtr<T>, b: ArenaPtr<T>) -> bool {
        self.full(a) == self.full(b)
    }

    /// Returns the place of `bytes` bytes of values of type `T`, for access `A`: they are inside
    /// the arena, the first is aligned for every leaf of `T`, and they can be loaded, and stored to
    /// if `A` is writable.
    #[inline]
    fn locate<T: MapValue, A: Access>(
        &self,
        ptr: ArenaPtr<T>,
        bytes: usize,
    ) -> Result<NonNull<T::Shared<A>>, ArenaPtrError> {
        const { T::LAYOUT.assert_usable::<T>() };
        let reach = if A::WRITABLE { self.near_writable } else { self.near_readable };
        if T::LAYOUT.size() != 0 && is_aligned::<T>(ptr.address()) && holds(self.start, reach, ptr.address(), bytes) {
            // This is the address itself, and nothing computed from it: the next load of a walk
            // waits for this one, and so for each instruction in between.
            #[expect(clippy::cast_possible_truncation, reason = "the targets that this crate accepts have 64 bits")]
            let place: *mut u8 = ptr::with_exposed_provenance_mut(ptr.address() as usize);
            // SAFETY: it is inside the mapping (`holds`), which is at `start`, and so not null.
            Ok(unsafe { NonNull::new_unchecked(place) }.cast())
        } else {
            self.locate_far::<T, A>(ptr, bytes)
        }
    }

    /// As `locate`, for every pointer: also the low 32 bits alone, or of an arena mapped elsewhere.
    #[cold]
    #[inline(never)]
    fn locate_far<T: MapValue, A: Access>(
        &self,
        ptr: ArenaPtr<T>,
        bytes: usize,
    ) -> Result<NonNull<T::Shared<A>>, ArenaPtrError> {
        let mapping = &self.rest.mapping;
        self.refuse_faults()?;
        if let (true, Some(reason)) = (A::WRITABLE, mapping.read_only_reason()) {
            return Err(PlaceError::ReadOnly { map: mapping.map_name(), reason }.into());
        }
        let offset = self.resolve(ptr, bytes)?;
        // SAFETY: `resolve` has checked that it is in the mapping, of at most `isize::MAX` bytes.
        Ok(unsafe { mapping.base().add(offset) }.cast())
    }

    /// Returns the offset of `bytes` bytes of values of type `T` in the arena. They are all inside,
    /// and the first is aligned. Otherwise, says what is wrong with the pointer.
    pub(crate) fn resolve<T: MapValue>(&self, ptr: ArenaPtr<T>, bytes: usize) -> Result<usize, ArenaPtrError> {
        const { T::LAYOUT.assert_usable::<T>() };
        let (type_name, address, start, len) = (type_name::<T>(), ptr.address(), self.start, self.len());
        let full = self.full(ptr).address();
        // An empty range may also be at the end.
        let inside = holds(start, len, full, bytes) || bytes == 0 && full.wrapping_sub(start) == len;
        Err(if T::LAYOUT.size() == 0 {
            PlaceError::ZeroSized { type_name }.into()
        } else if inside && is_aligned::<T>(full) {
            return Ok(usize::try_from(full - start).unwrap_or(usize::MAX));
        } else if address == 0 {
            ArenaPtrError::Null { type_name }
        } else if full >> 32 != start >> 32 {
            ArenaPtrError::Foreign { type_name, address, start, len }
        } else if inside {
            ArenaPtrError::Misaligned { type_name, address, align: T::LAYOUT.align() }
        } else {
            ArenaPtrError::OutOfRange { type_name, address, size: bytes, start, len }
        })
    }
}

/// Returns whether `bytes` bytes at `address` begin and end within the `len` bytes at `start`.
#[inline]
fn holds(start: u64, len: u64, address: u64, bytes: usize) -> bool {
    // For an address before the start, this is larger than any length.
    let offset = address.wrapping_sub(start);
    offset < len && bytes as u64 <= len - offset
}

#[inline]
fn is_aligned<T: MapValue>(address: u64) -> bool {
    address.is_multiple_of(T::LAYOUT.align() as u64)
}
