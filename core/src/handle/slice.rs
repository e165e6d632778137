//! [`Slice`]: contiguous values of one type.

use std::any::type_name;
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::btf::check::Fit;
use crate::error::PlaceError;
use crate::handle::bulk;
use crate::handle::var::Var;
use crate::mapping::Mapping;
use crate::mapping::place::check_sliceable;
use crate::value::cell::Shared;
use crate::value::leaf::Leaf;
use crate::value::raw::Raw;
use crate::value::{Access, MapValue, Mirror, Plain, ReadOnly, ReadWrite, Storable, Writable};

/// Contiguous values of one type, without a stride, and a share in their mapping.
///
/// It dereferences to `[T::Shared<A>]`, so it has the methods of slices that neither own nor move
/// elements.
///
/// ```
/// use mapvalue::{Mapping, Slice, Var};
///
/// let mapping = Mapping::memfd(4096)?;
/// let histogram: Slice<u64> = mapping.slice(64, 4)?; // from byte 64 on
/// histogram[3].fetch_add(3);
/// let mut copy = vec![0; histogram.len()];
/// histogram.load_into(&mut copy)?;
/// assert_eq!(copy, [0, 0, 0, 3]);
/// histogram.store_from(&[1, 2, 3, 4])?;
/// let last: Var<u64> = histogram.var(3)?; // keeps the mapping alive itself
/// assert_eq!(last.load(), 4);
/// histogram.store_from_iter((0..4).map(|i| i * i))?;
/// assert_eq!(last.load(), 9);
/// assert!(histogram.store_from_iter(0..3).is_err()); // one is missing
/// assert_eq!(mapping.slice_ro::<u64>(64, 4)?.iter().map(|cell| cell.load()).max(), Some(9));
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Slice<T: MapValue, A: Access = ReadWrite> {
    first: NonNull<T::Shared<A>>,
    len: usize,
    mapping: Arc<Mapping>,
}

handle!(Slice, MapValue);

/// Loads in every mode, and stores on [`ReadWrite`] handles.
impl<T: MapValue, A: Access> Slice<T, A> {
    /// # Safety
    ///
    /// `first` is a place that `mapping` has checked for `A` and `len` values of type `T`, all
    /// of them aligned.
    pub(crate) unsafe fn new(first: NonNull<T::Shared<A>>, len: usize, mapping: Arc<Mapping>) -> Self {
        Self { first, len, mapping }
    }

    /// A handle to the element at `index`, which keeps the mapping alive itself.
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`].
    pub fn var(&self, index: usize) -> Result<Var<T, A>, PlaceError> {
        let shared = self.get(index).ok_or(PlaceError::IndexOutOfRange { index, len: self.len })?;
        // SAFETY: this is one of the places that `new` was promised.
        Ok(unsafe { Var::new(NonNull::from(shared), Arc::clone(&self.mapping)) })
    }

    /// Loads all elements into `out`, without allocating; each leaf relaxed.
    ///
    /// It is as fast as [`Array::load_into`](crate::Array::load_into).
    ///
    /// # Errors
    ///
    /// [`PlaceError::LengthMismatch`] unless `out` has as many elements; it is unchanged then.
    pub fn load_into(&self, out: &mut [T]) -> Result<(), PlaceError>
    where
        T: Plain,
    {
        bulk::load_slice::<T, A>(self, out)
    }

    /// Stores `values` into the elements; each leaf relaxed, padding not written.
    ///
    /// It is as fast as [`Array::store_from`](crate::Array::store_from).
    ///
    /// # Errors
    ///
    /// [`PlaceError::LengthMismatch`] unless there are as many values as elements; it stores
    /// nothing then.
    pub fn store_from(&self, values: &[T]) -> Result<(), PlaceError>
    where
        T: Storable,
        A: Writable,
    {
        bulk::store_slice(A::read_write_slice::<T>(self), values)
    }

    /// Stores the values of an iterator, as
    /// [`Array::store_from_iter`](crate::Array::store_from_iter) does.
    ///
    /// # Errors
    ///
    /// As [`Array::store_from_iter`](crate::Array::store_from_iter).
    pub fn store_from_iter(&self, values: impl IntoIterator<Item = T>) -> Result<(), PlaceError>
    where
        T: Storable,
        A: Writable,
    {
        let elements = A::read_write_slice::<T>(self);
        bulk::store_iter(self.len, values, |range, values| bulk::store_slice(&elements[range], values))
    }
}

impl<T: MapValue, A: Access> Deref for Slice<T, A> {
    type Target = [T::Shared<A>];

    #[inline]
    fn deref(&self) -> &[T::Shared<A>] {
        // SAFETY: as in `Var::deref`, for `len` contiguous mirrors. By the promise to `new`, the
        // mapping holds all of their bytes, at most `isize::MAX`, and each mirror is aligned.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.len) }
    }
}

/// The atomic integers, for code that takes `AsRef<[AtomicU64]>`.
///
/// ```
/// use mapvalue::{Array, Mapping};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// fn add_one(counters: impl AsRef<[AtomicU64]>) {
///     counters.as_ref()[0].fetch_add(1, Ordering::Relaxed);
/// }
///
/// let array: Array<u64> = Mapping::memfd(4096)?.array()?;
/// add_one(&array);
/// assert_eq!(array[0].load(), 1);
/// # Ok::<(), mapvalue::Error>(())
/// ```
impl<T, A: Writable> AsRef<[T::Cell]> for Slice<T, A>
where
    T: Leaf<Raw: Raw<Atomic = T::Cell>> + MapValue<Shared<A> = Shared<T, A>>,
{
    fn as_ref(&self) -> &[T::Cell] {
        Shared::atomics(self)
    }
}

impl<T: MapValue, A: Access> fmt::Debug for Slice<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slice").field("element", &type_name::<T>()).field("len", &self.len).finish_non_exhaustive()
    }
}

/// Constructors of slices.
impl Mapping {
    /// A handle to `len` contiguous values of type `T`, from `offset` bytes on.
    ///
    /// # Errors
    ///
    /// As [`var`](Self::var), and [`PlaceError::Unsliceable`] if not all of them would be aligned.
    pub fn slice<T: MapValue>(self: &Arc<Self>, offset: usize, len: usize) -> Result<Slice<T>, PlaceError> {
        self.slice_any(offset, len, Some(Fit::Whole))
    }

    /// A handle to `len` contiguous values of type `T` that only loads.
    ///
    /// # Errors
    ///
    /// As [`slice`](Self::slice), without `ReadOnly`.
    pub fn slice_ro<T: MapValue>(
        self: &Arc<Self>,
        offset: usize,
        len: usize,
    ) -> Result<Slice<T, ReadOnly>, PlaceError> {
        self.slice_any(offset, len, Some(Fit::Whole))
    }

    /// Checks the place as `fit` says; without it, the caller has compared the types.
    pub(crate) fn slice_any<T: MapValue, A: Access>(
        self: &Arc<Self>,
        offset: usize,
        len: usize,
        fit: Option<Fit>,
    ) -> Result<Slice<T, A>, PlaceError> {
        check_sliceable::<T>()?;
        let first = self.typed_place::<T, A>(offset, len, fit)?;
        // SAFETY: `place` has checked all bytes for `T` and `A`, and the alignment of the first
        // element. The size is a multiple of it (checked above), so all elements are aligned.
        Ok(unsafe { Slice::new(first, len, Arc::clone(self)) })
    }
}

/// Slices of a value.
impl<T: MapValue, A: Access> Var<T, A> {
    /// A handle to contiguous elements of an array inside the value.
    ///
    /// ```
    /// let mapping = mapvalue::Mapping::memfd(4096)?;
    /// let buckets = mapping.var::<[u64; 32]>(0)?;
    /// let high = buckets.project_slice(|b| &b[24..]);
    /// high[7].store(9);
    /// assert_eq!(buckets[31].load(), 9);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If `part` returns a reference to a place that is not inside this value.
    pub fn project_slice<S: Mirror>(&self, part: impl for<'a> FnOnce(&'a T::Shared<A>) -> &'a [S]) -> Slice<S::Value, A>
    where
        S::Value: MapValue<Shared<A> = S>,
    {
        let part = part(self);
        let first = NonNull::from(part).cast::<S>();
        self.assert_inside(first.cast(), size_of_val(part));
        // SAFETY: as in `project`.
        unsafe { Slice::new(first, part.len(), Arc::clone(self.mapping())) }
    }
}
