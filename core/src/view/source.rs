//! Where the scalars of a view lie in memory, and the loads that read them.

use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::mapping::Mapping;
use crate::value::cell::Shared;
use crate::value::{Access, Leaf, Plain, ReadOnly};

/// The bytes of one C value: in a map, or a private copy.
///
/// # Safety
///
/// `load` returns the value of the bytes at an offset, wherever they lie.
pub unsafe trait Source: Copy {
    /// Loads a scalar.
    ///
    /// # Safety
    ///
    /// A plan for the type of this value has a scalar of the size of `T`
    /// there.
    unsafe fn load<T: Leaf + Plain>(self, offset: usize) -> T;

    /// The bytes from an offset on.
    #[must_use]
    fn from(self, offset: usize) -> Self;
}

/// A value in a mapping.
#[derive(Clone, Copy, Debug)]
pub struct InPlace<'a> {
    place: NonNull<u8>,
    mapping: PhantomData<&'a Mapping>,
}

impl<'a> InPlace<'a> {
    /// # Safety
    ///
    /// For `'a`, the value of a plan lies at `place` in a mapping: all its bytes, aligned as the
    /// plan says.
    #[inline]
    pub(crate) unsafe fn new(place: NonNull<u8>) -> Self {
        Self { place, mapping: PhantomData }
    }

    /// Returns the cell of a scalar.
    ///
    /// # Safety
    ///
    /// As for [`Source::load`]. If `A` is writable, so is the mapping.
    #[inline]
    pub(crate) unsafe fn cell<T: Leaf, A: Access>(self, offset: usize) -> &'a Shared<T, A> {
        // SAFETY: the plan has a scalar at the offset, so it is inside the value, whose bytes are
        // mapped (`new`).
        let cell = unsafe { self.place.byte_add(offset) }.cast::<Shared<T, A>>();
        // SAFETY: the scalar has the size of `T` and is mapped for `'a`. It is aligned to its size:
        // the place has the plan's alignment, of which the offset is a multiple (`Planner::scalar`,
        // `Plan::place_in`). Any bits are a valid cell.
        unsafe { cell.as_ref() }
    }
}

// SAFETY: it is the cell of these bytes.
unsafe impl Source for InPlace<'_> {
    #[inline]
    unsafe fn load<T: Leaf + Plain>(self, offset: usize) -> T {
        // SAFETY: the caller's promise; nothing is stored through the cell.
        unsafe { self.cell::<T, ReadOnly>(offset) }.load()
    }

    #[inline]
    fn from(self, offset: usize) -> Self {
        // No access: who loads has promised that the scalar is there.
        let place = self.place.map_addr(|addr| addr.saturating_add(offset));
        Self { place, ..self }
    }
}

/// A copy of a value. What it lacks is zero.
// SAFETY: it is the value of these bytes.
unsafe impl Source for &[u8] {
    unsafe fn load<T: Leaf + Plain>(self, offset: usize) -> T {
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..size_of::<T>()];
        if let Some(found) = self.get(offset..).and_then(|rest| rest.get(..bytes.len())) {
            bytes.copy_from_slice(found);
        }
        crate::value::codec::decode_plain_from(|buffer| buffer.copy_from_slice(bytes))
    }

    fn from(self, offset: usize) -> Self {
        self.get(offset..).unwrap_or_default()
    }
}
