//! [`Banks`]: values of each CPU in a plain array, padded to whole cache lines.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, Range};
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;

#[cfg(doc)]
use crate::error::ValueError;
use crate::error::{PerCpuError, PlaceError};
use crate::handle::by_index::iterate_by_index;
use crate::handle::{Slice, Var};
use crate::mapping::Mapping;
use crate::mapping::place::check_sliceable;
use crate::sys::cpus::PossibleCpus;
use crate::value::{self, Access, Fold, MapValue, Plain, ReadOnly, ReadWrite};

mod sealed {
    /// Not called `Sealed` as other traits are: rustc would mention this one in their errors.
    pub trait SealedBank {}
    impl<T: crate::MapValue> SealedBank for T {}
    impl<T: crate::MapValue> SealedBank for [T] {}
}

/// What a bank of [`Banks`] holds: one `T`, or `[T]` with a length that is known at run time.
///
/// ```
/// use mapvalue::{Bank, Banks, Mapping};
///
/// fn bytes<T: Bank + ?Sized>(banks: &Banks<T>) -> usize {
///     banks.len() * banks.stride()
/// }
///
/// let mapping = Mapping::memfd(4 * 64)?;
/// assert_eq!(bytes(&mapping.banks::<u64>(4, 64)?), 256);
/// assert_eq!(bytes(&mapping.banks_of::<u64>(4, 64, 8)?), 256);
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub trait Bank: sealed::SealedBank {
    /// The type of the values.
    type Element: MapValue;
    /// A bank in shared memory: the mirror of one value, or a slice of mirrors.
    type Cells<A: Access>: ?Sized;

    /// Returns the bank at a place.
    ///
    /// # Safety
    ///
    /// At `first` there are `width` contiguous mirrors (one, in a bank of one value), for `'a`.
    #[doc(hidden)]
    unsafe fn __at<'a, A: Access>(
        first: NonNull<<Self::Element as MapValue>::Shared<A>>,
        width: usize,
    ) -> &'a Self::Cells<A>;
}

impl<T: MapValue> Bank for T {
    type Element = T;
    type Cells<A: Access> = T::Shared<A>;

    #[inline]
    unsafe fn __at<'a, A: Access>(first: NonNull<T::Shared<A>>, _: usize) -> &'a T::Shared<A> {
        // SAFETY: the caller's promise.
        unsafe { first.as_ref() }
    }
}

impl<T: MapValue> Bank for [T] {
    type Element = T;
    type Cells<A: Access> = [T::Shared<A>];

    #[inline]
    unsafe fn __at<'a, A: Access>(first: NonNull<T::Shared<A>>, width: usize) -> &'a [T::Shared<A>] {
        // SAFETY: the caller's promise; as in `Slice::deref`, the mirrors are inside one mapping.
        unsafe { slice::from_raw_parts(first.as_ptr(), width) }
    }
}

/// Banks in an mmapable array map or other memory, one per CPU, on cache lines of its own.
///
/// Each is padded to whole cache lines, so no CPU writes to the lines of another. The caller gives
/// the number of banks and their stride: to [`Mapping::banks`] for one value in each bank (a struct
/// or an array), or to [`Mapping::banks_of`] for several, whose number is known at run time. Bank
/// `i` belongs to CPU number `i` (`bpf_get_smp_processor_id`).
///
/// ```
/// use mapvalue::{Banks, MapValue, Mapping, ReadOnly};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Stats {
///     packets: u64,
///     #[map_value(fold = "max")]
///     longest: u64,
/// }
///
/// // With a BPF map of 8192 `u64`, or of 1024 structs of 64 bytes: `Mapping::from_map(&fd)?`.
/// let mapping = Mapping::memfd(1024 * 64)?;
/// let stats: Banks<Stats> = mapping.banks(1024, 64)?;
/// assert_eq!((stats.len(), stats.stride()), (1024, 64));
/// stats[0].packets.store(3);
/// stats[1].packets.fetch_add(4);
/// stats[1].longest.fetch_max(60);
/// assert_eq!(stats.sum(), Stats { packets: 7, longest: 60 });
/// assert_eq!(stats.iter().map(|bank| bank.packets.load()).max(), Some(4));
///
/// // The same memory as counters, whose number is known at run time.
/// let width: usize = 2;
/// let stride = (8 * width).next_multiple_of(64);
/// let counters: Banks<[u64], ReadOnly> = mapping.banks_of_ro(1024, stride, width)?;
/// assert_eq!(counters[1][0].load(), 4);
/// let mut sums = [0; 2];
/// counters.sum_into(&mut sums)?;
/// assert_eq!(sums, [7, 60]);
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[doc(alias("per-cpu"))]
pub struct Banks<T: Bank + ?Sized, A: Access = ReadWrite> {
    first: First<T, A>,
    len: usize,
    /// Bytes from one bank to the next.
    stride: usize,
    /// The number of values in a bank.
    width: usize,
    mapping: Arc<Mapping>,
}

/// The first value of a bank.
type First<T, A> = NonNull<<<T as Bank>::Element as MapValue>::Shared<A>>;

// SAFETY: as for `Var`: the `Arc<Mapping>` keeps alive the memory that the pointer leads to, and
// only `&T::Shared<A>` and slices of it are made of the pointer, which are `Send + Sync`.
unsafe impl<T: Bank + ?Sized, A: Access> Send for Banks<T, A> {}
// SAFETY: as for `Send`.
unsafe impl<T: Bank + ?Sized, A: Access> Sync for Banks<T, A> {}

/// Where banks lie in their mapping.
#[derive(Clone, Copy)]
pub(crate) struct BankGeometry {
    pub(crate) banks: usize,
    pub(crate) stride: usize,
    pub(crate) width: usize,
}

impl BankGeometry {
    /// Checks that the banks hold values, all aligned, are padded to cache lines, and fill the
    /// mapping.
    pub(crate) fn check<T: MapValue>(&self, mapping: &Mapping) -> Result<(), PerCpuError> {
        let Self { banks, stride, width } = *self;
        let (type_name, value_size) = (type_name::<T>(), T::LAYOUT.size());
        if width == 0 {
            return Err(PlaceError::Empty { what: "a bank" }.into());
        }
        if value_size == 0 {
            return Err(PlaceError::ZeroSized { type_name }.into());
        }
        if width > 1 {
            check_sliceable::<T>()?;
        }
        let size = value_size.saturating_mul(width);
        let padded = |line| size.checked_next_multiple_of(line).unwrap_or(usize::MAX);
        let (of_64, of_128) = (padded(64), padded(128));
        if stride != of_64 && stride != of_128 {
            return Err(PerCpuError::BankStride { type_name, size, stride, of_64, of_128 });
        }
        match banks.checked_mul(stride) {
            Some(len) if len == mapping.len() => Ok(()),
            _ => Err(PerCpuError::BankGeometry { banks, stride, len: mapping.len(), map: mapping.map_name() }),
        }
    }
}

impl<T: Bank + ?Sized, A: Access> Banks<T, A> {
    /// # Safety
    ///
    /// `first` is a place that `mapping` has checked for `A`, for its whole length and for the
    /// alignment of `T::Element`. `geometry` has been checked for `T::Element` and `mapping`. Its
    /// `width` is 1 unless `T` is a slice.
    pub(crate) unsafe fn new(first: First<T, A>, geometry: BankGeometry, mapping: Arc<Mapping>) -> Self {
        let BankGeometry { banks, stride, width } = geometry;
        Self { first, len: banks, stride, width, mapping }
    }

    /// The number of banks.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Never true: no mapping and no range of banks is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes from one bank to the next.
    #[inline]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The bank of a CPU, `None` past the end.
    #[inline]
    pub fn get(&self, cpu: usize) -> Option<&T::Cells<A>> {
        // SAFETY: `cpu < len` is checked first.
        (cpu < self.len).then(|| unsafe { self.bank(cpu) })
    }

    /// The banks in order.
    #[inline]
    pub fn iter(&self) -> BankIter<'_, T, A> {
        BankIter { first: self.first, stride: self.stride, width: self.width, range: 0..self.len, marker: PhantomData }
    }

    /// The banks up to the highest number of a possible CPU of this machine.
    ///
    /// It is for a program that has a bank for each CPU that any kernel may have.
    ///
    /// ```
    /// # let mapping = mapvalue::Mapping::memfd(1024 * 64)?;
    /// let banks = mapping.banks_of::<u64>(1024, 64, 3)?.possible_cpus()?;
    /// let mut totals = [0; 3];
    /// banks.sum_into(&mut totals)?; // touches no page of the other banks
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`possible_cpus`](crate::possible_cpus); [`PlaceError::RangeOutOfRange`] if there
    /// are fewer banks.
    pub fn possible_cpus(&self) -> Result<Self, PerCpuError> {
        Ok(self.range(0..PossibleCpus::of_this_machine()?.end())?)
    }

    /// The banks of a range of CPUs.
    ///
    /// ```
    /// let mapping = mapvalue::Mapping::memfd(1024 * 64)?;
    /// let all = mapping.banks::<u64>(1024, 64)?;
    /// let node = all.range(8..16)?; // the CPUs of a NUMA node
    /// all[9].store(7);
    /// assert_eq!((node.len(), node.sum(), node[1].load()), (8, 7, 7));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::RangeOutOfRange`] if the range ends past the last bank or before its own
    /// start; [`PlaceError::Empty`] if it is empty.
    pub fn range(&self, range: Range<usize>) -> Result<Self, PlaceError> {
        let Range { start, end } = range;
        if start > end || end > self.len {
            return Err(PlaceError::RangeOutOfRange { start, end, len: self.len });
        }
        if start == end {
            return Err(PlaceError::Empty { what: "a range of banks" });
        }
        Ok(Self { first: self.place(start)?, len: end - start, mapping: Arc::clone(&self.mapping), ..*self })
    }

    /// The mapping that holds the banks.
    pub fn mapping(&self) -> &Arc<Mapping> {
        &self.mapping
    }

    /// # Safety
    ///
    /// `cpu` is less than the number of banks.
    #[inline]
    unsafe fn bank(&self, cpu: usize) -> &T::Cells<A> {
        // SAFETY: these are the first bank, stride and width of `self`, which is borrowed as long
        // as the result; the rest is the caller's promise.
        unsafe { bank::<T, A>(self.first, self.stride, self.width, cpu) }
    }

    /// The place of a bank's first value.
    fn place(&self, cpu: usize) -> Result<First<T, A>, PlaceError> {
        if cpu >= self.len {
            return Err(PlaceError::IndexOutOfRange { index: cpu, len: self.len });
        }
        // SAFETY: the bank is inside the mapping, as in `bank`.
        Ok(unsafe { self.first.byte_add(cpu * self.stride) })
    }
}

/// Banks of one value each.
impl<T: MapValue, A: Access> Banks<T, A> {
    /// A handle to the bank of a CPU, which keeps the mapping alive itself.
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`].
    pub fn var(&self, cpu: usize) -> Result<Var<T, A>, PlaceError> {
        let place = self.place(cpu)?;
        // SAFETY: this is one of the places that `new` was promised.
        Ok(unsafe { Var::new(place, Arc::clone(&self.mapping)) })
    }

    /// The sum of all banks, in which each field of a struct folds as it declares ([`Fold`]).
    ///
    /// Each leaf is loaded once, relaxed, so leaves may come from different moments.
    #[inline]
    pub fn sum(&self) -> T
    where
        T: Plain + Fold,
    {
        sum(self.iter())
    }

    /// The [`sum`](Self::sum) for a type with an enum inside, which is checked.
    ///
    /// ```
    /// use mapvalue::{Banks, MapValue, Mapping};
    ///
    /// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
    /// #[repr(u32)]
    /// enum Mode {
    ///     Off,
    ///     On,
    /// }
    ///
    /// #[derive(MapValue, Debug, PartialEq)]
    /// #[repr(C)]
    /// struct Stats {
    ///     packets: u32,
    ///     #[map_value(fold = "last")]
    ///     mode: Mode,
    /// }
    ///
    /// let stats: Banks<Stats> = Mapping::memfd(2 * 64)?.banks(2, 64)?;
    /// stats[0].packets.store(3);
    /// stats[1].mode.store(Mode::On);
    /// assert_eq!(stats.try_sum()?, Stats { packets: 3, mode: Mode::On });
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PerCpuError::OnCpu`] with [`ValueError::InvalidValue`] inside, for the first bank in which
    /// the number of an enum is invalid.
    pub fn try_sum(&self) -> Result<T, PerCpuError>
    where
        T: Fold,
    {
        let mut values = self.iter().enumerate().map(|(cpu, bank)| {
            value::try_load::<T, A>(bank).map_err(|invalid| PerCpuError::OnCpu { cpu, error: invalid.into() })
        });
        let mut sum = first(&mut values)?;
        for value in values {
            sum.fold(&value?);
        }
        Ok(sum)
    }

    /// Loads the banks in order and folds their values into another value.
    ///
    /// ```
    /// # let mapping = mapvalue::Mapping::memfd(4096)?;
    /// let counters = mapping.banks::<[u64; 3]>(64, 64)?;
    /// counters[5][0].store(9);
    /// let busy = counters.fold(0, |busy, [packets, ..]| busy + u32::from(packets > 0));
    /// assert_eq!(busy, 1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    pub fn fold<B>(&self, init: B, mut f: impl FnMut(B, T) -> B) -> B
    where
        T: Plain,
    {
        self.iter().fold(init, |folded, bank| f(folded, T::__load(bank)))
    }
}

/// Banks of several values each.
impl<T: MapValue, A: Access> Banks<[T], A> {
    /// The number of values in a bank.
    #[inline]
    pub fn width(&self) -> usize {
        self.width
    }

    /// A handle to the bank of a CPU, which keeps the mapping alive itself.
    ///
    /// ```
    /// use mapvalue::{Mapping, Slice, Var};
    ///
    /// let mapping = Mapping::memfd(4 * 64)?;
    /// let banks = mapping.banks_of::<u64>(4, 64, 3)?;
    /// let of_cpu_2: Slice<u64> = banks.slice(2)?;
    /// of_cpu_2[1].store(7);
    /// assert_eq!((banks.width(), banks.sum_of(1)?), (3, 7));
    /// assert!(banks.sum_of(3).is_err());
    /// let the_same: Var<[u64; 3]> = mapping.banks(4, 64)?.var(2)?;
    /// assert_eq!(the_same[1].load(), 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`].
    pub fn slice(&self, cpu: usize) -> Result<Slice<T, A>, PlaceError> {
        let place = self.place(cpu)?;
        // SAFETY: these are the places of one bank, by the promise to `new`.
        Ok(unsafe { Slice::new(place, self.width, Arc::clone(&self.mapping)) })
    }

    /// Writes to `out` the sum over all CPUs of each value in a bank ([`Fold`]).
    ///
    /// It allocates nothing, and loads each leaf once, relaxed.
    ///
    /// # Errors
    ///
    /// [`PlaceError::LengthMismatch`] unless `out` has as many elements as a bank; it is unchanged
    /// then.
    pub fn sum_into(&self, out: &mut [T]) -> Result<(), PlaceError>
    where
        T: Plain + Fold,
    {
        if out.len() != self.width {
            return Err(PlaceError::LengthMismatch { given: out.len(), expected: self.width });
        }
        let mut banks = self.iter();
        let first = first(&mut banks);
        out.iter_mut().zip(first).for_each(|(sum, cells)| *sum = T::__load(cells));
        banks.for_each(|bank| out.iter_mut().zip(bank).for_each(|(sum, cells)| sum.fold(&T::__load(cells))));
        Ok(())
    }

    /// The sum of one value over all banks: the counter with this index, over all CPUs.
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`] if a bank has no such value.
    #[inline]
    pub fn sum_of(&self, index: usize) -> Result<T, PlaceError>
    where
        T: Plain + Fold,
    {
        self.column(index).map(sum)
    }

    /// One value of each bank: the counter with this index, for each CPU in order.
    ///
    /// ```
    /// # let mapping = mapvalue::Mapping::memfd(4096)?;
    /// let counters = mapping.banks_of::<u64>(64, 64, 8)?;
    /// counters[3][5].store(9);
    /// assert_eq!(counters.column(5)?.map(|counter| counter.load()).max(), Some(9));
    /// assert_eq!(counters.sum_of(5)?, 9);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`] if a bank has no such value.
    #[inline]
    pub fn column(&self, index: usize) -> Result<BankIter<'_, T, A>, PlaceError> {
        if index >= self.width {
            return Err(PlaceError::IndexOutOfRange { index, len: self.width });
        }
        // SAFETY: the first bank has `width` values, and `index` is less (checked above).
        let first = unsafe { self.first.add(index) };
        Ok(BankIter { first, stride: self.stride, width: 1, range: 0..self.len, marker: PhantomData })
    }
}

/// Returns the first bank. There is one, as no mapping and no range of banks is empty.
#[inline]
fn first<I: Iterator>(banks: &mut I) -> I::Item {
    banks.next().expect("there is a bank")
}

/// Returns the sum of all banks.
#[inline]
fn sum<T: Plain + Fold, A: Access>(mut banks: BankIter<'_, T, A>) -> T {
    let mut sum = T::__load(first(&mut banks));
    banks.for_each(|bank| sum.fold(&T::__load(bank)));
    sum
}

/// Panics. (See `Array`'s.)
#[cold]
#[inline(never)]
fn past_the_end(index: usize, len: usize) -> ! {
    panic!("index {index} is out of range: there are {len} banks")
}

impl<T: Bank + ?Sized, A: Access> Index<usize> for Banks<T, A> {
    type Output = T::Cells<A>;

    /// The bank of a CPU.
    ///
    /// # Panics
    ///
    /// Past the end, as slices do.
    #[inline]
    fn index(&self, cpu: usize) -> &T::Cells<A> {
        match self.get(cpu) {
            Some(bank) => bank,
            None => past_the_end(cpu, self.len),
        }
    }
}

impl<T: Bank + ?Sized, A: Access> Clone for Banks<T, A> {
    fn clone(&self) -> Self {
        Self { mapping: Arc::clone(&self.mapping), ..*self }
    }
}

impl<T: Bank + ?Sized, A: Access> fmt::Debug for Banks<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Banks")
            .field("bank", &type_name::<T>())
            .field("len", &self.len)
            .field("stride", &self.stride)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl<'a, T: Bank + ?Sized, A: Access> IntoIterator for &'a Banks<T, A> {
    type Item = &'a T::Cells<A>;
    type IntoIter = BankIter<'a, T, A>;

    #[inline]
    fn into_iter(self) -> BankIter<'a, T, A> {
        self.iter()
    }
}

/// Returns the bank at an index.
///
/// # Safety
///
/// `first`, `stride` and `width` are those of a `Banks<T, A>` that lives for `'a`, or of one value
/// in each of its banks; `index` is less than their number.
#[inline]
unsafe fn bank<'a, T: Bank + ?Sized, A: Access>(
    first: First<T, A>,
    stride: usize,
    width: usize,
    index: usize,
) -> &'a T::Cells<A> {
    // SAFETY: all banks are inside one mapping, whose length is their number times the stride
    // (`BankGeometry::check`), so the start of this one is.
    let place = unsafe { first.byte_add(index * stride) };
    // SAFETY: a bank of `width` values is at most as long as the stride (`BankGeometry::check`), so
    // all of it is inside the mapping, which the banks keep for `'a`. It is aligned, as the first
    // bank is (`Mapping::place`), and the stride is a multiple of 64 and, if a value is aligned to
    // more, its size. In a bank of several values, each is aligned (`BankGeometry::check`). The
    // rest is as in `Var::deref`.
    unsafe { T::__at::<A>(place, width) }
}

/// An iterator over [`Banks`] in order, or over one value of each.
pub struct BankIter<'a, T: Bank + ?Sized, A: Access> {
    first: First<T, A>,
    stride: usize,
    width: usize,
    /// The indices to come: part of `0..len` of the banks.
    range: Range<usize>,
    marker: PhantomData<&'a Banks<T, A>>,
}

iterate_by_index!(BankIter, &'a T::Cells<A>, Bank + ?Sized);

impl<'a, T: Bank + ?Sized, A: Access> BankIter<'a, T, A> {
    /// # Safety
    ///
    /// `index` comes from the range.
    #[inline]
    unsafe fn at(&self, index: usize) -> &'a T::Cells<A> {
        // SAFETY: the banks are borrowed for `'a`, and the range holds only indices of them.
        unsafe { bank::<T, A>(self.first, self.stride, self.width, index) }
    }
}

/// Constructors of banks.
impl Mapping {
    /// Banks of one value each, a struct or an array, `stride` bytes apart in a plain array.
    ///
    /// `stride` is the size of a `T` rounded up to a multiple of 64 or of 128: of the size of a
    /// cache line that the BPF program uses. The values of the map may be whole banks, or parts of
    /// one, such as `u64`.
    ///
    /// # Errors
    ///
    /// [`PerCpuError::BankStride`] for any other stride, [`PerCpuError::BankGeometry`] unless the
    /// memory is `banks * stride` bytes long (no map with padding between its values is);
    /// [`PlaceError::ReadOnly`], [`PlaceError::ZeroSized`], [`PlaceError::MisalignedBase`].
    ///
    /// ```
    /// use mapvalue::{Banks, Mapping};
    ///
    /// let mapping = Mapping::memfd(1024 * 64)?;
    /// let counters: Banks<[u64; 5]> = mapping.banks(1024, 64)?;
    /// assert!(mapping.banks::<[u64; 5]>(1024, 128).is_err()); // the memory is shorter
    /// assert!(mapping.banks::<[u64; 5]>(64, 1024).is_err()); // not the stride of 40 bytes
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn banks<T: MapValue>(self: &Arc<Self>, banks: usize, stride: usize) -> Result<Banks<T>, PerCpuError> {
        self.banks_any(BankGeometry { banks, stride, width: 1 })
    }

    /// Banks of one value each that only load.
    ///
    /// # Errors
    ///
    /// As [`banks`](Self::banks), without `ReadOnly`.
    pub fn banks_ro<T: MapValue>(
        self: &Arc<Self>,
        banks: usize,
        stride: usize,
    ) -> Result<Banks<T, ReadOnly>, PerCpuError> {
        self.banks_any(BankGeometry { banks, stride, width: 1 })
    }

    /// Banks of `width` contiguous values each, where `width` is known at run time.
    ///
    /// `stride` is the size of `width` values, rounded up to a multiple of 64 or of 128.
    ///
    /// # Errors
    ///
    /// As [`banks`](Self::banks), [`PlaceError::Empty`] if `width` is 0, and
    /// [`PlaceError::Unsliceable`] if not all values would be aligned.
    pub fn banks_of<T: MapValue>(
        self: &Arc<Self>,
        banks: usize,
        stride: usize,
        width: usize,
    ) -> Result<Banks<[T]>, PerCpuError> {
        self.banks_any(BankGeometry { banks, stride, width })
    }

    /// Banks of `width` values each that only load.
    ///
    /// # Errors
    ///
    /// As [`banks_of`](Self::banks_of), without `ReadOnly`.
    pub fn banks_of_ro<T: MapValue>(
        self: &Arc<Self>,
        banks: usize,
        stride: usize,
        width: usize,
    ) -> Result<Banks<[T], ReadOnly>, PerCpuError> {
        self.banks_any(BankGeometry { banks, stride, width })
    }

    /// Makes banks; `T` is a slice if `geometry.width` comes from the caller.
    fn banks_any<T: Bank + ?Sized, A: Access>(
        self: &Arc<Self>,
        geometry: BankGeometry,
    ) -> Result<Banks<T, A>, PerCpuError> {
        geometry.check::<T::Element>(self)?;
        let first = self.place::<T::Element, A>(0, self.len())?;
        self.check_banks::<T::Element>(geometry.banks, geometry.stride, geometry.width)?;
        // SAFETY: `geometry` is checked above, and `place` has checked the whole mapping for
        // `T::Element` and `A`. The public functions give a width of 1 unless `T` is a slice.
        Ok(unsafe { Banks::new(first, geometry, Arc::clone(self)) })
    }
}
