//! [`Array`]: the elements of an array map, at the kernel's stride.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, Range};
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use crate::btf::check::Fit;
use crate::error::PlaceError;
use crate::handle::bulk;
use crate::handle::by_index::iterate_by_index;
use crate::handle::var::Var;
use crate::mapping::Mapping;
use crate::mapping::place::stride_of;
use crate::value::cell::Shared;
use crate::value::{Access, MapValue, Plain, ReadOnly, ReadWrite, Storable, Writable};

/// All elements of an array map: one every `round_up(value_size, 8)` bytes, as in the kernel.
///
/// ```
/// use mapvalue::{Array, Mapping, Var};
///
/// let mapping = Mapping::memfd(8 * 1024)?;
/// let by_cpu: Array<u32> = mapping.array()?;
/// by_cpu[3].fetch_add(1);
/// assert_eq!((by_cpu.len(), by_cpu.stride()), (1024, 8)); // the kernel rounds up to 8
/// assert_eq!(by_cpu.iter().map(|c| c.load()).sum::<u32>(), 1);
/// assert!(by_cpu.get(1024).is_none());
///
/// let third: Var<u32> = by_cpu.var(3)?; // keeps the mapping alive itself
/// drop((mapping, by_cpu));
/// assert_eq!(third.load(), 1);
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[doc(alias = "mmap")]
pub struct Array<T: MapValue, A: Access = ReadWrite> {
    first: NonNull<T::Shared<A>>,
    len: usize,
    mapping: Arc<Mapping>,
}

handle!(Array, MapValue);

impl<T: MapValue, A: Access> Array<T, A> {
    /// Bytes from one element to the next: the kernel's stride for values of the size of `T`.
    ///
    /// It is a constant, so that an element is reached as fast as one of a slice.
    pub(crate) const STRIDE: usize = stride_of::<T>();

    /// # Safety
    ///
    /// `first` is a place that `mapping` has checked for `T` and `A`, with a pointer derived from
    /// the mapping's base. From there on, the mapping holds `len` such places, one every `STRIDE`
    /// bytes. (Their alignment follows: `STRIDE` is a multiple of `T::LAYOUT.align()`, as asserted
    /// here.)
    pub(crate) unsafe fn new(first: NonNull<T::Shared<A>>, len: usize, mapping: Arc<Mapping>) -> Self {
        const { assert!(Self::STRIDE.is_multiple_of(T::LAYOUT.align())) };
        Self { first, len, mapping }
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the array has no elements, as after an empty [`range`](Self::range).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes from one element to the next.
    #[inline]
    pub fn stride(&self) -> usize {
        Self::STRIDE
    }

    /// The element at `index`, `None` past the end.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T::Shared<A>> {
        // SAFETY: `index < len` is checked first.
        (index < self.len).then(|| unsafe { element::<T, A>(self.first, index) })
    }

    /// A handle to the element at `index`, which keeps the mapping alive itself.
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`].
    #[inline]
    pub fn var(&self, index: usize) -> Result<Var<T, A>, PlaceError> {
        match self.get(index) {
            // SAFETY: this is one of the places that `new` was promised.
            Some(shared) => Ok(unsafe { Var::new(NonNull::from(shared), Arc::clone(&self.mapping)) }),
            None => Err(PlaceError::IndexOutOfRange { index, len: self.len }),
        }
    }

    /// The elements in order.
    pub fn iter(&self) -> Iter<'_, T, A> {
        Iter { first: self.first, range: 0..self.len, marker: PhantomData }
    }

    /// The elements as a plain slice, if the size of `T` is a multiple of 8: they are contiguous.
    ///
    /// A loop that picks single elements is a little faster with it: a slice is two words, which
    /// stay in registers.
    ///
    /// ```
    /// let by_pid: mapvalue::Array<u64> = mapvalue::Mapping::memfd(8 << 22)?.array()?;
    /// let counters = by_pid.as_slice().expect("8 is a multiple of 8");
    /// assert_eq!([1, 4242, 4_194_303].map(|pid| counters[pid].load()), [0; 3]);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    pub fn as_slice(&self) -> Option<&[T::Shared<A>]> {
        // SAFETY: as in `Slice::deref`. By the promise to `new` there are `len` places, one every
        // `STRIDE` bytes, which is the size of a mirror here.
        (Self::STRIDE == size_of::<T>()).then(|| unsafe { slice::from_raw_parts(self.first.as_ptr(), self.len) })
    }

    /// The elements of a range, as an array.
    ///
    /// ```
    /// use mapvalue::{Array, Error, Mapping, PlaceError};
    ///
    /// let all: Array<u64> = Mapping::memfd(8 * 16)?.array()?;
    /// let some = all.range(4..8)?;
    /// some[0].store(7);
    /// assert_eq!((some.len(), all[4].load()), (4, 7));
    /// assert!(all.range(4..4)?.is_empty());
    /// assert!(matches!(
    ///     all.range(8..17),
    ///     Err(PlaceError::RangeOutOfRange { end: 17, len: 16, .. })
    /// ));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::RangeOutOfRange`] if the range ends past the array or before its own start.
    pub fn range(&self, range: Range<usize>) -> Result<Self, PlaceError> {
        let Range { start, end } = range;
        if start > end || end > self.len {
            return Err(PlaceError::RangeOutOfRange { start, end, len: self.len });
        }
        // An empty range keeps `self.first`: the mapping may end before the last element's padding.
        // SAFETY: a range that is not empty starts at an index of this array.
        let first = if start < end { unsafe { place::<T, A>(self.first, start) } } else { self.first };
        // SAFETY: these are part of the places that `new` was promised.
        Ok(unsafe { Self::new(first, end - start, Arc::clone(&self.mapping)) })
    }

    /// Loads all elements into `out`, without allocating; each leaf relaxed.
    ///
    /// On x86-64 with AVX, it is as fast as `memcpy` from 256 bytes on, for types without padding,
    /// `bool`, enum and union. If the elements are not contiguous, 256 bytes of one element count.
    ///
    /// ```
    /// use mapvalue::{Array, Mapping};
    ///
    /// let counters: Array<u64> = Mapping::memfd(8 * 4)?.array()?;
    /// counters.store_from(&[1, 2, 3, 4])?;
    /// let mut all = [0; 4];
    /// counters.load_into(&mut all)?;
    /// assert_eq!(all, [1, 2, 3, 4]);
    /// assert!(counters.store_from(&[1; 5]).is_err()); // both sides have the same length
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::LengthMismatch`] unless `out` has as many elements; it is unchanged then.
    pub fn load_into(&self, out: &mut [T]) -> Result<(), PlaceError>
    where
        T: Plain,
    {
        match self.as_slice() {
            Some(slice) => bulk::load_slice::<T, A>(slice, out),
            None => bulk::load_each::<T, A>(self.iter(), out),
        }
    }
}

/// Stores, on [`ReadWrite`] handles.
impl<T: MapValue, A: Access> Array<T, A> {
    /// Stores `values` into the elements; each leaf relaxed, padding not written.
    ///
    /// On x86-64 with AVX, types without padding, union and atomics move 16 bytes at a time from
    /// 256 bytes on.
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
        match self.as_slice() {
            Some(slice) => bulk::store_slice(A::read_write_slice::<T>(slice), values),
            None => bulk::store_each(self.iter().map(A::read_write::<T>), values),
        }
    }

    /// Stores the values of an iterator to the elements, in order, without a `Vec` of them all.
    ///
    /// It stores 1 KiB at a time, as [`store_from`](Self::store_from) does.
    ///
    /// ```
    /// use mapvalue::{Array, Mapping};
    ///
    /// let table: Array<[u32; 2]> = Mapping::memfd(3_000 * 8)?.array()?;
    /// table.store_from_iter((0..3_000).map(|n| [16 * n, 8]))?;
    /// assert_eq!(table[2_999][0].load(), 16 * 2_999);
    /// assert_eq!(
    ///     table.store_from_iter((0..2_999).map(|n| [n, 8])).unwrap_err().to_string(),
    ///     "2999 elements were given for 3000: both sides of a copy must have the same length"
    /// );
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::LengthMismatch`] if there are fewer values than elements,
    /// [`PlaceError::TooManyValues`] if there are more. If the iterator knows its length (both
    /// sides of its `size_hint` are equal), a wrong length is always a `LengthMismatch`, found
    /// before anything is stored. Otherwise all values for which there are elements have been
    /// stored.
    pub fn store_from_iter(&self, values: impl IntoIterator<Item = T>) -> Result<(), PlaceError>
    where
        T: Storable,
        A: Writable,
    {
        bulk::store_iter(self.len, values, |range, values| self.range(range)?.store_from(values))
    }
}

/// Panics. (It takes copies: a text made of the index itself would keep that in memory in the
/// caller's loop.)
#[cold]
#[inline(never)]
fn past_the_end(index: usize, len: usize) -> ! {
    panic!("index {index} is out of range: the array has {len} elements")
}

impl<T: MapValue, A: Access> Index<usize> for Array<T, A> {
    type Output = T::Shared<A>;

    /// The element at `index`.
    ///
    /// # Panics
    ///
    /// Past the end, as slices do.
    #[inline]
    fn index(&self, index: usize) -> &T::Shared<A> {
        match self.get(index) {
            Some(shared) => shared,
            None => past_the_end(index, self.len),
        }
    }
}

/// Implements `AsRef` for elements that lie side by side, those of 8 bytes.
macro_rules! as_atomics {
    ($($int:ty => $atomic:ty;)*) => {$(
        /// The atomic integers, for code that takes `AsRef` of a slice of them.
        impl<A: Writable> AsRef<[$atomic]> for Array<$int, A> {
            fn as_ref(&self) -> &[$atomic] {
                const { assert!(Self::STRIDE == size_of::<$int>()) };
                Shared::atomics(self.as_slice().unwrap_or_default())
            }
        }
    )*};
}

as_atomics! {
    u64 => AtomicU64;
    i64 => AtomicI64;
}

impl<T: MapValue, A: Access> fmt::Debug for Array<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array")
            .field("element", &type_name::<T>())
            .field("len", &self.len)
            .field("stride", &Self::STRIDE)
            .finish_non_exhaustive()
    }
}

impl<'a, T: MapValue, A: Access> IntoIterator for &'a Array<T, A> {
    type Item = &'a T::Shared<A>;
    type IntoIter = Iter<'a, T, A>;

    fn into_iter(self) -> Iter<'a, T, A> {
        self.iter()
    }
}

/// The elements of an [`Array`] in order.
///
/// ```
/// let counters: mapvalue::Array<u64> = mapvalue::Mapping::memfd(8 * 16)?.array()?;
/// counters[3].store(7);
/// let busiest = counters.iter().enumerate().max_by_key(|(_, counter)| counter.load());
/// assert_eq!(busiest.map(|(index, _)| index), Some(3));
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Iter<'a, T: MapValue, A: Access> {
    first: NonNull<T::Shared<A>>,
    /// The indices to come: part of `0..len` of the array.
    range: Range<usize>,
    marker: PhantomData<&'a Array<T, A>>,
}

iterate_by_index!(Iter, &'a T::Shared<A>, MapValue);

impl<'a, T: MapValue, A: Access> Iter<'a, T, A> {
    /// # Safety
    ///
    /// `index` comes from the range.
    #[inline]
    unsafe fn at(&self, index: usize) -> &'a T::Shared<A> {
        // SAFETY: the array is borrowed for `'a`, and the range holds only indices of it.
        unsafe { element::<T, A>(self.first, index) }
    }
}

/// Returns the element at an index of an array.
///
/// # Safety
///
/// As for [`place`]; the array lives for `'a`.
#[inline]
unsafe fn element<'a, T: MapValue, A: Access>(first: NonNull<T::Shared<A>>, index: usize) -> &'a T::Shared<A> {
    // SAFETY: the caller's promise.
    let place = unsafe { place::<T, A>(first, index) };
    // SAFETY: as in `Var::deref`: it is one of the places that `Array::new` was promised, and the
    // array keeps the mapping for `'a`.
    unsafe { place.as_ref() }
}

/// Returns the place of the element at an index of an array.
///
/// It is computed from `first`, and so it has the provenance of the whole mapping and may reach the
/// elements behind it. A pointer made of a reference to the element may reach that element alone.
///
/// # Safety
///
/// `first` is that of an `Array<T, A>`, and `index` is less than its length.
#[inline]
unsafe fn place<T: MapValue, A: Access>(first: NonNull<T::Shared<A>>, index: usize) -> NonNull<T::Shared<A>> {
    if Array::<T, A>::STRIDE == size_of::<T::Shared<A>>() {
        // The same place as below. In this form the optimizer unrolls a loop as it does for a
        // slice. SAFETY: as below.
        unsafe { first.add(index) }
    } else {
        // SAFETY: all elements are inside one mapping (see `Array::new`), so this one's start is.
        unsafe { first.byte_add(index * Array::<T, A>::STRIDE) }
    }
}

/// Constructors of arrays.
impl Mapping {
    /// All elements of an array map. `T` must have the map's value size.
    ///
    /// Memory that is not a BPF map is taken as an array of `T` at the kernel's stride,
    /// `round_up(size_of::<T>(), 8)`.
    ///
    /// ```
    /// use mapvalue::{Error, Mapping, PlaceError};
    ///
    /// let mapping = Mapping::memfd(8 * 16)?;
    /// let counters = mapping.array::<u32>()?; // 4 bytes each, one every 8
    /// assert_eq!((counters.len(), counters.stride()), (16, 8));
    /// assert!(matches!(
    ///     mapping.array::<[u64; 3]>(),
    ///     Err(PlaceError::Geometry { stride: 24, len: 128, .. })
    /// ));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::ReadOnly`], [`PlaceError::ValueSize`], [`PlaceError::Geometry`] if other
    /// memory is not a whole number of elements long, [`PlaceError::ZeroSized`],
    /// [`PlaceError::MisalignedBase`].
    pub fn array<T: MapValue>(self: &Arc<Self>) -> Result<Array<T>, PlaceError> {
        self.array_any()
    }

    /// All elements of an array map, for loading only.
    ///
    /// # Errors
    ///
    /// As [`array`](Self::array), without `ReadOnly`.
    pub fn array_ro<T: MapValue>(self: &Arc<Self>) -> Result<Array<T, ReadOnly>, PlaceError> {
        self.array_any()
    }

    fn array_any<T: MapValue, A: Access>(self: &Arc<Self>) -> Result<Array<T, A>, PlaceError> {
        let len = self.elements_of::<T>()?;
        let first = self.typed_place::<T, A>(0, 1, Some(Fit::Whole))?;
        // SAFETY: `place` has checked the first for `T` and `A`, and derives its pointer from the
        // base. The others follow at the stride, inside the mapping: a map has them all
        // (`ValueGrid::of`), and in other memory `elements_of` has counted them.
        Ok(unsafe { Array::new(first, len, Arc::clone(self)) })
    }
}
