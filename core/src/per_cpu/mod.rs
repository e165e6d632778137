//! [`PerCpu`]: the result of a lookup in a map of a `PERCPU` type, a value for each CPU.

pub(crate) mod banks;

use std::borrow::Borrow;
use std::fmt;
use std::iter::{self, Copied, Zip};
use std::ops::Index;
use std::slice;

pub use banks::{Bank, BankIter, Banks};

use crate::bpf::{MapEntry, sealed};
use crate::error::{ElementError, PerCpuError, SystemError};
#[cfg(doc)]
use crate::error::{PlaceError, ValueError};
use crate::mapping::place::sized;
use crate::sys::cpus::PossibleCpus;
use crate::value::{Fold, MapValue, Storable};

/// The decoded values of all possible CPUs under one key of a `PERCPU` map.
///
/// A [`TypedMap<K, PerCpu<V>>`](crate::bpf::TypedMap) looks them up and updates them. The
/// constructors here take what a loader looked up.
///
/// The map is a `BPF_MAP_TYPE_PERCPU_*` or a `PERCPU` cgroup storage. A system call carries one
/// value every `round_up(size, 8)` bytes for each CPU that may ever be online
/// ([`possible_cpus`](crate::possible_cpus)), in the order of their numbers.
/// [`from_bytes`](Self::from_bytes) takes these bytes; [`from_values`](Self::from_values) takes the
/// values into which libbpf-rs (`lookup_percpu`) and aya (`PerCpuValues<[u8; N]>`) split them, and
/// [`from_typed`](Self::from_typed) those of aya's `PerCpuValues<T>`.
///
/// ```
/// use mapvalue::{MapValue, PerCpu};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Stats {
///     packets: u32,
///     bytes: u32,
///     #[map_value(fold = "max")]
///     longest: u32,
/// }
///
/// # let cpus = mapvalue::possible_cpus()?;
/// # let one = Stats { packets: 1, bytes: 60, longest: 60 };
/// # let looked_up: Vec<Vec<u8>> = vec![one.to_bytes(); cpus];
/// // With libbpf-rs: `map.lookup_percpu(key, MapFlags::ANY)?`, a `Vec<u8>` for each CPU.
/// let stats: PerCpu<Stats> = PerCpu::from_values(looked_up)?;
/// for (cpu, stats) in &stats {
///     println!("CPU {cpu}: {} packets", stats.packets);
/// }
/// let total: Stats = stats.sum();
/// # assert_eq!(total, Stats { packets: cpus as u32, bytes: 60 * cpus as u32, longest: 60 });
///
/// // To encode: 12 bytes and 4 of padding for each CPU.
/// let zeros = PerCpu::from_fn(|_| Stats { packets: 0, bytes: 0, longest: 0 })?;
/// assert_eq!(zeros.to_bytes(), vec![0; 16 * zeros.len()]);
/// assert_eq!(PerCpu::from_bytes(&zeros.to_bytes())?, zeros);
/// assert!(zeros.get(usize::MAX).is_none()); // there is no such CPU
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[doc(alias("per-cpu"))]
#[derive(Clone, PartialEq, Eq)]
pub struct PerCpu<T> {
    cpus: &'static PossibleCpus,
    /// One value for each of `cpus`.
    values: Vec<T>,
}

/// Decoding and encoding.
impl<T: MapValue> PerCpu<T> {
    /// Bytes from one CPU's value to the next: `round_up(size, 8)`, as the kernel lays them out.
    pub const STRIDE: usize = T::LAYOUT.size().next_multiple_of(8);

    /// Decodes the bytes of a system call: `STRIDE` bytes for each possible CPU.
    ///
    /// ```
    /// use mapvalue::PerCpu;
    ///
    /// # let cpus = mapvalue::possible_cpus()?;
    /// # let looked_up = [7u32.to_ne_bytes(), [0; 4]].concat().repeat(cpus);
    /// // As `bpf::lookup_bytes` returns them: 4 bytes and 4 of padding for each CPU.
    /// let counters: PerCpu<u32> = PerCpu::from_bytes(&looked_up)?;
    /// assert_eq!(counters.values(), vec![7; cpus]);
    /// assert!(PerCpu::<u32>::from_bytes(&looked_up[1..]).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PerCpuError::Length`] for any other length, [`PerCpuError::OnCpu`] with
    /// [`ValueError::InvalidValue`] inside if the number of an enum is invalid there,
    /// [`PlaceError::ZeroSized`], and [`SystemError::NoPossibleCpus`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PerCpuError> {
        Self::decode(PossibleCpus::of_this_machine()?, bytes)
    }

    fn decode(cpus: &'static PossibleCpus, bytes: &[u8]) -> Result<Self, PerCpuError> {
        let (type_name, size, stride) = (sized::<T>()?, T::LAYOUT.size(), Self::STRIDE);
        let (given, expected) = (bytes.len(), stride.saturating_mul(cpus.count()));
        if given != expected {
            return Err(PerCpuError::Length { type_name, stride, cpus: cpus.count(), given, expected });
        }
        Self::of_each(cpus, bytes.chunks_exact(stride).map(|value| &value[..size]))
    }

    /// Decodes values one by one, without padding between them, in the order of the CPUs.
    ///
    /// They may come from libbpf-rs, or from aya with values of type `[u8; N]`.
    ///
    /// ```
    /// use mapvalue::PerCpu;
    ///
    /// # let cpus = mapvalue::possible_cpus()?;
    /// # let from_libbpf = vec![vec![7, 0, 0, 0]; cpus];
    /// # let from_aya = vec![[7, 0, 0, 0]; cpus];
    /// // libbpf-rs: `map.lookup_percpu(&key, MapFlags::ANY)?`
    /// let counters: PerCpu<u32> = PerCpu::from_values(from_libbpf)?;
    /// // aya: `PerCpuArray::<_, [u8; 4]>::try_from(map)?.get(&0, 0)?`
    /// let same: PerCpu<u32> = PerCpu::from_values(from_aya.iter())?;
    /// assert_eq!(counters, same);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PerCpuError::Count`] unless there is a value for each possible CPU;
    /// [`PerCpuError::OnCpu`], with [`ValueError::WrongLength`] or [`ValueError::InvalidValue`]
    /// inside, for one that cannot be decoded; [`PlaceError::ZeroSized`], and
    /// [`SystemError::NoPossibleCpus`].
    pub fn from_values<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Result<Self, PerCpuError> {
        sized::<T>()?;
        Self::of_each(PossibleCpus::of_this_machine()?, values)
    }

    fn of_each<V: AsRef<[u8]>>(
        cpus: &'static PossibleCpus,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, PerCpuError> {
        let mut values = values.into_iter();
        // Values past the last CPU are counted, but not decoded.
        let decoded: Vec<T> = cpus
            .numbers()
            .iter()
            .zip(values.by_ref())
            .map(|(cpu, value)| T::from_bytes(value.as_ref()).map_err(|error| PerCpuError::OnCpu { cpu: *cpu, error }))
            .collect::<Result<_, _>>()?;
        let given = decoded.len() + values.count();
        if given != cpus.count() {
            return Err(PerCpuError::Count { given, expected: cpus.count() });
        }
        Ok(Self { cpus, values: decoded })
    }

    /// Takes values that are decoded already, in the order of the CPUs: `T` or `&T`.
    ///
    /// ```
    /// use mapvalue::PerCpu;
    ///
    /// # let from_aya = vec![7u32; mapvalue::possible_cpus()?];
    /// // aya: `PerCpuHashMap::<_, u32, u32>::try_from(map)?.get(&key, 0)?`
    /// let counters: PerCpu<u32> = PerCpu::from_typed(from_aya.iter())?;
    /// assert_eq!(counters[0], 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PerCpuError::Count`] unless there is a value for each possible CPU, and
    /// [`SystemError::NoPossibleCpus`].
    pub fn from_typed<V: Borrow<T>>(values: impl IntoIterator<Item = V>) -> Result<Self, PerCpuError>
    where
        T: Clone,
    {
        let cpus = PossibleCpus::of_this_machine()?;
        let mut given = values.into_iter();
        let values: Vec<T> = given.by_ref().take(cpus.count()).map(|value| value.borrow().clone()).collect();
        let given = values.len() + given.count();
        let expected = cpus.count();
        if given == expected { Ok(Self { cpus, values }) } else { Err(PerCpuError::Count { given, expected }) }
    }

    /// Makes a value for each possible CPU from its number, to be stored by an update.
    ///
    /// # Errors
    ///
    /// [`SystemError::NoPossibleCpus`].
    pub fn from_fn(value: impl FnMut(usize) -> T) -> Result<Self, SystemError> {
        let cpus = PossibleCpus::of_this_machine()?;
        Ok(Self { cpus, values: cpus.numbers().iter().copied().map(value).collect() })
    }

    /// Encodes the values for an update: `STRIDE` bytes for each CPU, padding zeroed.
    ///
    /// (libbpf-rs' `update_percpu` takes the values one by one:
    /// `values().iter().map(T::to_bytes).collect()`.)
    pub fn to_bytes(&self) -> Vec<u8>
    where
        T: Storable,
    {
        let padding = Self::STRIDE - T::LAYOUT.size();
        let with_padding = |value: &T| value.to_bytes().into_iter().chain(iter::repeat_n(0, padding));
        self.values.iter().flat_map(with_padding).collect()
    }
}

/// Accessors.
impl<T> PerCpu<T> {
    /// The number of values, which is that of the possible CPUs: at least 1.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Never true: there is at least one CPU.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of the CPU with this number, `None` if there can be no such CPU.
    pub fn get(&self, cpu: usize) -> Option<&T> {
        self.values.get(self.cpus.index_of(cpu)?)
    }

    /// The value of the CPU with this number, to be changed before an update.
    pub fn get_mut(&mut self, cpu: usize) -> Option<&mut T> {
        self.values.get_mut(self.cpus.index_of(cpu)?)
    }

    /// The values in the order of the CPUs.
    ///
    /// Their indices are the numbers of the CPUs only if those numbers have no gaps.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// An iterator over the numbers of the CPUs with their values.
    pub fn iter(&self) -> Zip<Copied<slice::Iter<'static, usize>>, slice::Iter<'_, T>> {
        self.cpus.numbers().iter().copied().zip(&self.values)
    }

    /// The sum of all values, in which each field of a struct folds as it declares ([`Fold`]).
    pub fn sum(&self) -> T
    where
        T: Fold + Clone,
    {
        let [first, later @ ..] = &*self.values else { unreachable!("there is a CPU") };
        let mut sum = first.clone();
        for value in later {
            sum.fold(value);
        }
        sum
    }

    /// Folds all values into another value, in the order of the CPUs.
    ///
    /// ```
    /// # let per_cpu = mapvalue::PerCpu::from_fn(|cpu| cpu as u64)?;
    /// let busy = per_cpu.fold(0, |busy, count| busy + u64::from(*count > 0));
    /// # assert_eq!(busy, per_cpu.len() as u64 - 1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn fold<B>(&self, init: B, f: impl FnMut(B, &T) -> B) -> B {
        self.values.iter().fold(init, f)
    }
}

#[diagnostic::do_not_recommend]
impl<T: MapValue> sealed::Held for PerCpu<T> {}

/// A per-CPU map is a [`TypedMap<K, PerCpu<V>>`](crate::bpf::TypedMap).
#[diagnostic::do_not_recommend]
impl<T: MapValue> MapEntry for PerCpu<T> {
    type Value = T;
    const PER_CPU: bool = true;

    fn __filled(
        room: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<bool, ElementError>,
    ) -> Result<Option<Self>, ElementError> {
        let mut buffer = vec![0; room];
        let len = Self::STRIDE * PossibleCpus::of_this_machine()?.count();
        Ok(if fill(&mut buffer)? { Some(Self::from_bytes(buffer.get(..len).unwrap_or(&buffer))?) } else { None })
    }

    fn __decode(bytes: &[u8]) -> Result<Self, ElementError> {
        Ok(Self::from_bytes(bytes)?)
    }

    fn __with_bytes<R>(&self, then: impl FnOnce(&[u8]) -> R) -> R
    where
        T: Storable,
    {
        then(&self.to_bytes())
    }
}

impl<T> Index<usize> for PerCpu<T> {
    type Output = T;

    /// The value of the CPU with this number.
    ///
    /// # Panics
    ///
    /// If there can be no such CPU.
    fn index(&self, cpu: usize) -> &T {
        match self.get(cpu) {
            Some(value) => value,
            None => panic!("CPU {cpu} is not among the {} possible CPUs", self.len()),
        }
    }
}

impl<'a, T> IntoIterator for &'a PerCpu<T> {
    type Item = (usize, &'a T);
    type IntoIter = Zip<Copied<slice::Iter<'static, usize>>, slice::Iter<'a, T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A map from the number of each CPU to its value.
impl<T: fmt::Debug> fmt::Debug for PerCpu<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{PlaceError, ValueError};

    #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
    #[repr(u8)]
    enum Mode {
        Off,
        On,
    }

    #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Stats {
        packets: u16,
        #[map_value(fold = "last")]
        mode: Mode,
    }

    fn cpus(list: &str) -> &'static PossibleCpus {
        Box::leak(Box::new(PossibleCpus::parse(list).unwrap()))
    }

    #[test]
    fn values_lie_every_eight_bytes_and_gaps_between_the_numbers_are_none_between_values() {
        let mut bytes = [0xff; 24];
        for (value, packets) in bytes.chunks_exact_mut(8).zip([7_u16, 8, 9]) {
            value[..2].copy_from_slice(&(256 + packets).to_ne_bytes());
            value[2] = u8::from(packets % 2 == 1);
        }
        let stats = PerCpu::<Stats>::decode(cpus("0,2-3"), &bytes).unwrap();
        assert_eq!(stats.values().iter().map(|stats| stats.packets).collect::<Vec<_>>(), [263, 264, 265]);
        assert_eq!(stats.iter().map(|(cpu, _)| cpu).collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!(stats.get(2).unwrap(), &Stats { packets: 264, mode: Mode::Off });
        assert_eq!(stats[3].packets, 265);
        assert!(stats.get(1).is_none() && stats.get(4).is_none() && stats.get(usize::MAX).is_none());
        assert_eq!(stats.sum(), Stats { packets: 263 + 264 + 265, mode: Mode::On });
        assert_eq!(stats.to_bytes()[8..10], 264_u16.to_ne_bytes());
        assert_eq!(stats.to_bytes()[10..16], [0; 6], "padding is zeroed");
        assert_eq!(PerCpu::decode(cpus("0,2-3"), &stats.to_bytes()).unwrap(), stats);
        assert_eq!(
            format!("{stats:?}"),
            "{0: Stats { packets: 263, mode: On }, 2: Stats { packets: 264, mode: Off }, 3: Stats { packets: 265, mode: On }}"
        );
    }

    #[test]
    #[should_panic(expected = "CPU 1 is not among the 2 possible CPUs")]
    fn an_index_that_is_no_cpu_panics() {
        let _ = PerCpu::<u64>::decode(cpus("0,2"), &[0; 16]).unwrap()[1];
    }

    #[test]
    fn every_other_length_is_refused_with_both_numbers() {
        for given in [0, 1, 8, 12, 16, 23, 25, 32, 48] {
            let error = PerCpu::<[u8; 12]>::decode(cpus("0"), &vec![0; given]).err();
            assert_eq!(error.is_none(), given == 16, "{given}");
        }
        let error = PerCpu::<[u8; 12]>::decode(cpus("0-2"), &[0; 36]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the values of `[u8; 12]` on 3 possible CPUs are 48 bytes long, 16 for each, but 36 bytes were given"
        );
        assert!(matches!(
            PerCpu::<[u8; 0]>::decode(cpus("0"), &[]),
            Err(PerCpuError::Place(PlaceError::ZeroSized { .. }))
        ));
        assert!(matches!(PerCpu::<[u8; 0]>::from_values([[]]), Err(PerCpuError::Place(PlaceError::ZeroSized { .. }))));
    }

    #[test]
    fn what_is_wrong_with_one_value_names_its_cpu() {
        let mut bytes = [0; 24];
        bytes[8 + 2] = 9;
        let error = PerCpu::<Stats>::decode(cpus("0,5-6"), &bytes).unwrap_err();
        assert_eq!(error.to_string(), "CPU 5: 9 at offset 2 (`Stats.mode`) is not a variant of `Mode`");
        assert!(matches!(error, PerCpuError::OnCpu { cpu: 5, error: ValueError::InvalidValue(_) }));
        let error = PerCpu::<u32>::of_each(cpus("0,5"), [&[0; 4][..], &[0; 8]]).unwrap_err();
        assert_eq!(error.to_string(), "CPU 5: `u32` is 4 bytes long, but 8 bytes were given");
    }

    #[test]
    fn there_is_a_value_for_each_cpu() {
        let cpus = cpus("0-3");
        for given in [0, 3, 5, 9] {
            let error = PerCpu::<u32>::of_each(cpus, vec![[0; 4]; given]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{given} values were given for 4 possible CPUs: there is one for each, online or not")
            );
        }
        assert_eq!(PerCpu::<u32>::of_each(cpus, vec![1_u32.to_ne_bytes(); 4]).unwrap().sum(), 4);
    }
}
