//! Turns offsets into places, with all checks that handles need. No other module does.

use std::any::type_name;
use std::ptr::NonNull;

use crate::bpf::geometry::ValueGrid;
use crate::btf::check::Fit;
use crate::error::PlaceError;
use crate::mapping::Mapping;
use crate::mapping::types::PlaceTypes;
use crate::value::{Access, MapValue};

/// Returns the kernel's stride for values of `T`'s size: the bytes from one to the next.
pub(crate) const fn stride_of<T>() -> usize {
    size_of::<T>().next_multiple_of(8)
}

/// Refuses a type without a size, and returns the name of any other.
pub(crate) fn sized<T: MapValue>() -> Result<&'static str, PlaceError> {
    let type_name = type_name::<T>();
    if T::LAYOUT.size() == 0 { Err(PlaceError::ZeroSized { type_name }) } else { Ok(type_name) }
}

/// Refuses types whose values, side by side, would not all be aligned.
pub(crate) fn check_sliceable<T: MapValue>() -> Result<(), PlaceError> {
    let (size, align) = (T::LAYOUT.size(), T::LAYOUT.align());
    if size.is_multiple_of(align) {
        Ok(())
    } else {
        Err(PlaceError::Unsliceable { type_name: type_name::<T>(), size, align })
    }
}

impl Mapping {
    /// Returns the number of elements if all are a `T`: the map's, or as many as fit.
    pub(crate) fn elements_of<T: MapValue>(&self) -> Result<usize, PlaceError> {
        let (type_name, size) = (sized::<T>()?, T::LAYOUT.size());
        if let Some(ValueGrid { value_size, max_entries, .. }) = self.geometry {
            return if size == value_size {
                Ok(max_entries)
            } else {
                Err(PlaceError::ValueSize { type_name, size, value_size, map: self.name })
            };
        }
        let stride = stride_of::<T>();
        // Memory may end after the last value's padding or before it.
        match self.len.div_ceil(stride) {
            len if self.len == len * stride || self.len == (len - 1) * stride + size => Ok(len),
            _ => Err(PlaceError::Geometry { type_name, stride, len: self.len }),
        }
    }

    /// Fails if stores are impossible.
    #[inline]
    pub(crate) fn writable(&self) -> Result<(), PlaceError> {
        match self.read_only {
            None => Ok(()),
            Some(reason) => Err(PlaceError::ReadOnly { map: self.name, reason }),
        }
    }

    /// Returns the place at `offset` for `len` values of type `T`, as [`place`](Self::place) does,
    /// if that is what the map's types say of it. Without `fit`, the caller has compared them.
    #[inline]
    pub(crate) fn typed_place<T: MapValue, A: Access>(
        &self,
        offset: usize,
        len: usize,
        fit: Option<Fit>,
    ) -> Result<NonNull<T::Shared<A>>, PlaceError> {
        let place = self.place::<T, A>(offset, T::LAYOUT.size().saturating_mul(len))?;
        if let (Some(types), Some(fit)) = (&self.types, fit) {
            types.check(const { &T::LAYOUT }, offset, len, fit)?;
        }
        Ok(place)
    }

    /// Refuses banks of `width` values of type `T` if the map's types are others.
    pub(crate) fn check_banks<T: MapValue>(&self, banks: usize, stride: usize, width: usize) -> Result<(), PlaceError> {
        let check = |types: &PlaceTypes| types.check_banks(const { &T::LAYOUT }, banks, stride, width);
        self.types.as_deref().map_or(Ok(()), check)
    }

    /// Returns the place at `offset` for `bytes` bytes of `T`s and access `A`. They are inside the
    /// mapping and belong to values; the first is aligned for each leaf of `T`; they are
    /// writable if `A` is.
    #[inline]
    pub(crate) fn place<T: MapValue, A: Access>(
        &self,
        offset: usize,
        bytes: usize,
    ) -> Result<NonNull<T::Shared<A>>, PlaceError> {
        const { T::LAYOUT.assert_usable::<T>() };
        if A::WRITABLE {
            self.writable()?;
        }
        if T::LAYOUT.size() == 0 {
            return Err(PlaceError::ZeroSized { type_name: type_name::<T>() });
        }
        let place = self.aligned_place(offset, bytes, T::LAYOUT.align(), type_name::<T>())?;
        Ok(place.cast())
    }

    /// Returns the place at `offset` for `bytes` bytes of one value, aligned to `align`.
    #[inline]
    pub(crate) fn aligned_place(
        &self,
        offset: usize,
        bytes: usize,
        align: usize,
        type_name: &'static str,
    ) -> Result<NonNull<u8>, PlaceError> {
        let place = self.bytes_at(offset, bytes)?;
        if !place.addr().get().is_multiple_of(align) {
            return Err(self.misaligned(type_name, offset, align));
        }
        match self.geometry {
            Some(grid @ ValueGrid { value_size, stride, .. }) if !grid.inside_values(offset, bytes) => {
                Err(PlaceError::CrossesValue { type_name, offset, size: bytes, value_size, stride })
            }
            _ => Ok(place),
        }
    }

    #[cold]
    fn misaligned(&self, type_name: &'static str, offset: usize, align: usize) -> PlaceError {
        if offset.is_multiple_of(align) {
            PlaceError::MisalignedBase { type_name, base: self.base.addr().get(), align }
        } else {
            PlaceError::Misaligned { type_name, offset, align }
        }
    }

    /// Returns the pointer to `size` bytes at `offset`, if the mapping has them.
    #[inline]
    pub(crate) fn bytes_at(&self, offset: usize, size: usize) -> Result<NonNull<u8>, PlaceError> {
        match offset.checked_add(size) {
            // SAFETY: `offset <= len` (checked here), and `len` is at most `isize::MAX` bytes of
            // one mapping (`ValueGrid::new`, `pages::check_len`), so the result is in it or at
            // its end.
            Some(end) if end <= self.len => Ok(unsafe { self.base.add(offset) }),
            _ => Err(PlaceError::OutOfRange { offset, size, len: self.len }),
        }
    }
}
