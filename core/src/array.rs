//! [`Array`]: the elements of an array map, at the kernel's stride.

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::ops::{Index, Range};
use std::ptr::NonNull;
use std::sync::Arc;

use crate::{Access, Error, MapValue, Mapping, Plain, ReadWrite, Storable, Var};

/// All elements of an array map: one every `round_up(value_size, 8)` bytes, as the kernel lays them out.
///
/// ```
/// use mapvalue::{Array, Mapping};
///
/// let mapping = Mapping::memfd(8 * 1024)?;
/// let by_cpu: Array<u64> = mapping.array()?;
/// by_cpu[3].fetch_add(1);
/// assert_eq!(by_cpu.len(), 1024);
/// assert_eq!(by_cpu.iter().map(|c| c.load()).sum::<u64>(), 1);
/// assert!(by_cpu.get(1024).is_none());
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Array<T: MapValue, A: Access = ReadWrite> {
    first: NonNull<u8>,
    stride: usize,
    len: usize,
    mapping: Arc<Mapping>,
    marker: PhantomData<fn() -> (T, A)>,
}

// SAFETY: as for `Var`: pointers into memory that lives as long as the `Arc<Mapping>`, through which only
// `&T::Shared<A>` is given out, which is `Send + Sync`.
unsafe impl<T: MapValue, A: Access> Send for Array<T, A> {}
// SAFETY: as for `Send`.
unsafe impl<T: MapValue, A: Access> Sync for Array<T, A> {}

impl<T: MapValue, A: Access> Array<T, A> {
    /// `first` must be a place that `mapping` has checked for `T` and `A`, and `len` such places must follow each other every
    /// `stride` bytes, which is a multiple of `T::LAYOUT.align()`.
    pub(crate) fn new(first: NonNull<u8>, stride: usize, len: usize, mapping: Arc<Mapping>) -> Self {
        Self { first, stride, len, mapping, marker: PhantomData }
    }

    /// Number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none: only of an empty [`range`](Self::range).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes from one element to the next.
    #[inline]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The element at `index`, `None` past the end.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T::Shared<A>> {
        self.place(index).map(|place| {
            // SAFETY: as in `Var::deref`: `place` has checked that it is one of the places that `Mapping::array`
            // checked, and they live as long as `self.mapping`.
            unsafe { place.as_ref() }
        })
    }

    /// A handle to the element at `index`, which lives as long as it likes.
    ///
    /// # Errors
    ///
    /// [`Error::IndexOutOfRange`].
    #[inline]
    pub fn var(&self, index: usize) -> Result<Var<T, A>, Error> {
        match self.place(index) {
            Some(place) => Ok(Var::new(place, Arc::clone(&self.mapping))),
            None => Err(Error::IndexOutOfRange { index, len: self.len }),
        }
    }

    #[inline]
    fn place(&self, index: usize) -> Option<NonNull<T::Shared<A>>> {
        // SAFETY: `index < len`, and all `len` elements are inside one mapping (see `new`).
        (index < self.len).then(|| unsafe { self.first.add(index * self.stride) }.cast())
    }

    /// The elements in order.
    pub fn iter(&self) -> Iter<'_, T, A> {
        Iter { array: self, range: 0..self.len }
    }

    /// The elements of a range, as an array of its own.
    ///
    /// # Errors
    ///
    /// [`Error::IndexOutOfRange`] with the end of the range if that is past the end of the array, or if it lies before its start.
    pub fn range(&self, range: Range<usize>) -> Result<Self, Error> {
        if range.start > range.end || range.end > self.len {
            return Err(Error::IndexOutOfRange { index: range.end, len: self.len });
        }
        // SAFETY: `start <= len`, so the result is inside the mapping or, for an empty range, at most one stride past
        // its last value's start, which is where the kernel's mapping (or its page padding) still is.
        let first = if range.is_empty() { self.first } else { unsafe { self.first.add(range.start * self.stride) } };
        Ok(Self::new(first, self.stride, range.len(), Arc::clone(&self.mapping)))
    }

    /// Loads all elements into `out`, without allocating; each leaf relaxed.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] unless `out` has as many elements; it is unchanged then.
    pub fn load_into(&self, out: &mut [T]) -> Result<(), Error>
    where
        T: Plain,
    {
        self.check_length(out.len())?;
        for (out, shared) in out.iter_mut().zip(self) {
            *out = T::__load(shared);
        }
        Ok(())
    }

    fn check_length(&self, given: usize) -> Result<(), Error> {
        if given == self.len { Ok(()) } else { Err(Error::LengthMismatch { given, expected: self.len }) }
    }

    /// The mapping that holds the elements.
    pub fn mapping(&self) -> &Arc<Mapping> {
        &self.mapping
    }
}

impl<T: MapValue> Array<T, ReadWrite> {
    /// Stores `values` into the elements; each leaf relaxed, padding not written.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] unless there are as many values as elements; nothing is stored then.
    pub fn store_from(&self, values: &[T]) -> Result<(), Error>
    where
        T: Storable,
    {
        self.check_length(values.len())?;
        for (shared, value) in self.iter().zip(values) {
            T::__store(shared, value);
        }
        Ok(())
    }
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
            None => panic!("index {index} is out of range: the array has {} elements", self.len),
        }
    }
}

impl<T: MapValue, A: Access> Clone for Array<T, A> {
    fn clone(&self) -> Self {
        Self::new(self.first, self.stride, self.len, Arc::clone(&self.mapping))
    }
}

impl<T: MapValue, A: Access> fmt::Debug for Array<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array")
            .field("element", &T::LAYOUT.name())
            .field("len", &self.len)
            .field("stride", &self.stride)
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
#[derive(Debug)]
pub struct Iter<'a, T: MapValue, A: Access> {
    array: &'a Array<T, A>,
    range: Range<usize>,
}

impl<T: MapValue, A: Access> Clone for Iter<'_, T, A> {
    fn clone(&self) -> Self {
        Self { array: self.array, range: self.range.clone() }
    }
}

impl<'a, T: MapValue, A: Access> Iterator for Iter<'a, T, A> {
    type Item = &'a T::Shared<A>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.range.next().and_then(|index| self.array.get(index))
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        self.range.nth(n).and_then(|index| self.array.get(index))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl<T: MapValue, A: Access> DoubleEndedIterator for Iter<'_, T, A> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.range.next_back().and_then(|index| self.array.get(index))
    }
}

impl<T: MapValue, A: Access> ExactSizeIterator for Iter<'_, T, A> {}
impl<T: MapValue, A: Access> FusedIterator for Iter<'_, T, A> {}
