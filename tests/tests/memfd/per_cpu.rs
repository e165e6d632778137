//! Banks in plain memory, and how values fold. Nothing here needs a kernel map.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::num::Wrapping;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

use mapvalue::{
    Banks, Fold, MapValue, Mapping, PerCpu, PerCpuError, PlaceError, ReadOnly, ReadWrite, Shared, possible_cpus,
};
use zerocopy::byteorder::{BigEndian, U32};

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Mode {
    Off,
    On,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Inner<T> {
    count: T,
    #[map_value(fold = "max")]
    peak: T,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Everything {
    unsaid: u8,
    #[map_value(fold = "sum")]
    sum: i8,
    #[map_value(fold = "max")]
    max: i16,
    #[map_value(fold = "min")]
    min: [u16; 2],
    #[map_value(fold = "or", rename = "or_")]
    or: bool,
    #[map_value(fold = "and")]
    and: [bool; 3],
    #[map_value(fold = "first")]
    first: Mode,
    #[map_value(fold = "last")]
    last: Mode,
    #[map_value(fold = "first")]
    address: U32<BigEndian>,
    #[map_value(fold = "or")]
    bits: u32,
    inner: [Inner<u32>; 2],
    #[map_value(fold = "max")]
    ratio: f64,
    total: f32,
    wraps: Wrapping<u32>,
    marker: PhantomData<String>,
}

fn folded<T: Fold + Debug>(mut first: T, later: &T) -> T {
    first.fold(later);
    first
}

#[test]
fn each_field_folds_as_it_says() {
    let first = Everything {
        unsaid: 250,
        sum: -100,
        max: -3,
        min: [1, 2],
        or: false,
        and: [true, true, false],
        first: Mode::Off,
        last: Mode::Off,
        address: U32::new(1),
        bits: 0b0101,
        inner: [Inner { count: 1, peak: 10 }, Inner { count: 2, peak: 5 }],
        ratio: f64::NAN,
        total: 0.5,
        wraps: Wrapping(u32::MAX),
        marker: PhantomData,
    };
    let later = Everything {
        unsaid: 10,
        sum: -100,
        max: -7,
        min: [2, 1],
        or: true,
        and: [true, false, true],
        first: Mode::On,
        last: Mode::On,
        address: U32::new(2),
        bits: 0b0011,
        inner: [Inner { count: 3, peak: 4 }, Inner { count: 4, peak: 6 }],
        ratio: 0.25,
        total: 0.25,
        wraps: Wrapping(3),
        marker: PhantomData,
    };
    let expected = Everything {
        unsaid: 4,
        sum: 56,
        max: -3,
        min: [1, 1],
        or: true,
        and: [true, false, false],
        first: Mode::Off,
        last: Mode::On,
        address: U32::new(1),
        bits: 0b0111,
        inner: [Inner { count: 4, peak: 10 }, Inner { count: 6, peak: 6 }],
        ratio: 0.25,
        total: 0.75,
        wraps: Wrapping(2),
        marker: PhantomData,
    };
    assert_eq!(folded(first, &later), expected);
}

/// Folds two values of each number type in every way: each field asks for another fold.
#[test]
fn numbers_fold_in_all_ways() {
    #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Ways<T> {
        sum: T,
        #[map_value(fold = "max")]
        max: T,
        #[map_value(fold = "min")]
        min: T,
        #[map_value(fold = "or")]
        or: T,
        #[map_value(fold = "and")]
        and: T,
    }
    macro_rules! check {
        ($($int:ident)*) => {$(
            let all = |value| Ways { sum: value, max: value, min: value, or: value, and: value };
            let (a, b): ($int, $int) = ($int::MAX - 4, 6);
            let expected = Ways { sum: $int::MIN + 1, max: a, min: b, or: a | b, and: a & b };
            assert_eq!(folded(all(a), &all(b)), expected);
            assert_eq!(folded(all(b), &all(a)), expected);
            let wrapping = |Ways { sum, max, min, or, and }: Ways<$int>| Ways {
                sum: Wrapping(sum), max: Wrapping(max), min: Wrapping(min), or: Wrapping(or), and: Wrapping(and),
            };
            assert_eq!(folded(wrapping(all(a)), &wrapping(all(b))), wrapping(expected));
        )*};
    }
    check! { u8 u16 u32 u64 i8 i16 i32 i64 }
}

#[test]
fn atomics_fold_as_their_integers() {
    #[derive(MapValue, Debug)]
    #[repr(C)]
    struct Counters {
        packets: AtomicU64,
        #[map_value(fold = "max")]
        longest: AtomicU32,
        #[map_value(fold = "min")]
        shortest: AtomicU32,
        #[map_value(fold = "or")]
        seen: AtomicU32,
        #[map_value(fold = "and")]
        common: AtomicU32,
    }
    let mapping = Mapping::memfd(128).unwrap();
    let banks: Banks<Counters> = mapping.banks(2, 64).unwrap();
    for (bank, [packets, others]) in banks.iter().zip([[u64::MAX, 0b0110], [3, 0b0011]]) {
        bank.packets.store(packets);
        let others = u32::try_from(others).unwrap();
        for cell in [&bank.longest, &bank.shortest, &bank.seen, &bank.common] {
            cell.store(others);
        }
    }
    let sum = banks.sum();
    let load = |atomic: &AtomicU32| atomic.load(Ordering::Relaxed);
    assert_eq!(sum.packets.load(Ordering::Relaxed), 2);
    assert_eq!([&sum.longest, &sum.shortest, &sum.seen, &sum.common].map(load), [0b0110, 0b0011, 0b0111, 0b0010]);
}

impl Fold for Mode {
    fn fold(&mut self, later: &Self) {
        if *later == Self::On {
            *self = Self::On;
        }
    }
}

#[test]
fn a_user_says_how_an_enum_folds() {
    #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Stats {
        packets: u32,
        modes: [Mode; 2],
    }
    let (off, on) = (Mode::Off, Mode::On);
    let sum = folded(Stats { packets: 1, modes: [on, off] }, &Stats { packets: 2, modes: [off, off] });
    assert_eq!(sum, Stats { packets: 3, modes: [on, off] });
}

#[test]
fn banks_lie_at_their_stride() {
    let mapping = Mapping::memfd(4 * 192).unwrap();
    let banks: Banks<[u64; 17]> = mapping.banks(4, 192).unwrap();
    assert_eq!((banks.len(), banks.stride(), banks.is_empty()), (4, 192, false));
    for (cpu, bank) in banks.iter().enumerate() {
        bank[16].store(cpu as u64 + 1);
    }
    for cpu in 0..4 {
        assert_eq!(mapping.var::<u64>(192 * cpu + 128).unwrap().load(), cpu as u64 + 1);
        assert_eq!(banks[cpu][16].load(), cpu as u64 + 1);
        assert_eq!(banks.var(cpu).unwrap()[16].load(), cpu as u64 + 1);
    }
    assert_eq!(banks.sum()[16], 10);
    assert_eq!(banks.fold(1, |product, bank| product * bank[16]), 24);
    assert_eq!(banks.iter().rev().map(|bank| bank[16].load()).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert_eq!(banks.iter().nth(2).map(|bank| bank[16].load()), Some(3));
    assert_eq!(banks.iter().len(), 4);
    assert!(banks.get(4).is_none());
    assert!(matches!(banks.var(4), Err(PlaceError::IndexOutOfRange { index: 4, len: 4 })));

    let counters: Banks<[u64], ReadOnly> = mapping.banks_of_ro(4, 192, 17).unwrap();
    assert_eq!((counters.len(), counters.stride(), counters.width()), (4, 192, 17));
    assert_eq!(counters[3].len(), 17);
    assert_eq!(counters.slice(3).unwrap()[16].load(), 4);
    assert!(matches!(counters.slice(4), Err(PlaceError::IndexOutOfRange { index: 4, len: 4 })));
    assert_eq!(counters.sum_of(16).unwrap(), 10);
    assert!(matches!(counters.sum_of(17), Err(PlaceError::IndexOutOfRange { index: 17, len: 17 })));
    let mut sums = [7; 17];
    counters.sum_into(&mut sums).unwrap();
    assert_eq!((sums[15], sums[16]), (0, 10));
    for wrong in [16, 18] {
        let mut out = vec![7; wrong];
        let error = counters.sum_into(&mut out).unwrap_err();
        assert!(matches!(error, PlaceError::LengthMismatch { given, expected: 17 } if given == wrong), "{error:?}");
        assert!(out.iter().all(|value| *value == 7), "unchanged");
    }
}

#[test]
#[should_panic(expected = "index 2 is out of range: there are 2 banks")]
fn an_index_past_the_last_bank_panics() {
    let banks = Mapping::memfd(128).unwrap().banks::<u64>(2, 64).unwrap();
    let _ = &banks[2];
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Odd {
    address: U32<BigEndian>,
    last: u8,
}

#[test]
fn a_wrong_geometry_is_refused() {
    let mapping = Mapping::memfd(1024 * 64).unwrap();
    assert_eq!(mapping.banks::<u64>(1024, 64).unwrap().len(), 1024);
    assert_eq!(mapping.banks::<u64>(512, 128).unwrap().len(), 512);
    assert_eq!(mapping.banks_of::<u64>(512, 128, 9).unwrap().width(), 9);
    // Banks that cover less than the memory, or more.
    for banks in [0, 1, 1023, 1025, usize::MAX] {
        let error = mapping.banks::<u64>(banks, 64).unwrap_err();
        assert!(matches!(error, PerCpuError::BankGeometry { stride: 64, len: 65536, .. }), "{error:?}");
    }
    assert_eq!(
        mapping.banks::<u64>(1024, 128).unwrap_err().to_string(),
        "1024 banks of 128 bytes are not what the memory holds, which has 65536 bytes of values"
    );
    // Bank count and stride exchanged, a stride that is not whole cache lines, or another line
    // length.
    for stride in [0, 8, 40, 63, 65, 192, 256, 1024, usize::MAX] {
        let error = mapping.banks::<[u64; 5]>(65536 / stride.clamp(1, 65536), stride).unwrap_err();
        assert!(matches!(error, PerCpuError::BankStride { size: 40, of_64: 64, of_128: 128, .. }), "{error:?}");
    }
    assert_eq!(
        mapping.banks::<[u64; 9]>(1024, 64).unwrap_err().to_string(),
        "a bank of 72 bytes of `[u64; 9]` is padded to 128 bytes (cache lines of 64) or to 128 (of 128), but its stride is said to be 64"
    );
    // More values than a bank has room for, or so many that their size overflows.
    for width in [9, 1 << 61, usize::MAX] {
        let error = mapping.banks_of::<u64>(1024, 64, width).unwrap_err();
        assert!(matches!(error, PerCpuError::BankStride { stride: 64, .. }), "{error:?}");
    }
    let error = mapping.banks_of::<u64>(1, usize::MAX, usize::MAX).unwrap_err();
    assert!(matches!(error, PerCpuError::BankGeometry { .. }), "{error:?}");
    assert!(matches!(mapping.banks_of::<u64>(1024, 64, 0), Err(PerCpuError::Place(PlaceError::Empty { .. }))));
    assert!(matches!(mapping.banks::<[u64; 0]>(1024, 64), Err(PerCpuError::Place(PlaceError::ZeroSized { .. }))));
    // A struct whose size is not a multiple of the alignment of its places (a big-endian integer
    // has a Rust alignment of 1) fits once, not twice.
    assert_eq!(size_of::<Odd>(), 5);
    assert!(mapping.banks::<Odd>(1024, 64).is_ok());
    assert!(mapping.banks_of::<Odd>(1024, 64, 1).is_ok());
    assert!(matches!(
        mapping.banks_of::<Odd>(1024, 64, 2),
        Err(PerCpuError::Place(PlaceError::Unsliceable { size: 5, align: 4, .. }))
    ));
}

#[test]
#[expect(unsafe_code, reason = "to adopt memory that begins where no map does")]
fn misaligned_memory_is_refused() {
    let memory: &'static [AtomicU64] = Box::leak((0..16).map(AtomicU64::new).collect());
    let base = memory.as_ptr().cast_mut().cast::<u8>().wrapping_add(4);
    // SAFETY: the memory is never freed, and consists of atomics that nobody else uses.
    let mapping = unsafe { Mapping::adopt(base, 64, ReadWrite, || ()) }.unwrap();
    assert!(matches!(
        mapping.banks::<u64>(1, 64),
        Err(PerCpuError::Place(PlaceError::MisalignedBase { align: 8, .. }))
    ));
    assert_eq!(mapping.banks_of::<u32>(1, 64, 16).unwrap().len(), 1);
}

#[test]
fn an_enum_that_is_none_names_the_bank() {
    #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Stats {
        packets: u32,
        #[map_value(fold = "last")]
        mode: Mode,
    }
    let mapping = Mapping::memfd(4 * 64).unwrap();
    let banks: Banks<Stats> = mapping.banks(4, 64).unwrap();
    banks[3].mode.store(Mode::On);
    banks[2].packets.store(7);
    assert_eq!(banks.try_sum().unwrap(), Stats { packets: 7, mode: Mode::On });
    for cpu in [2, 0] {
        mapping.write_at(64 * cpu + 4, &[9]).unwrap();
        let error = banks.try_sum().unwrap_err();
        assert_eq!(error.to_string(), format!("CPU {cpu}: 9 at offset 4 (`Stats.mode`) is not a variant of `Mode`"));
    }
}

/// Uses banks as an agent does: in a struct of its own, on other threads, after all else is gone.
#[test]
fn banks_outlive_the_mapping_and_go_to_other_threads() {
    let mapping = Mapping::memfd(8 * 64).unwrap();
    let banks: Arc<Banks<[u64]>> = Arc::new(mapping.banks_of(8, 64, 8).unwrap());
    drop(mapping);
    let writers: Vec<_> = (0..8)
        .map(|cpu| {
            let bank = Banks::clone(&banks);
            thread::spawn(move || (0..1000).for_each(|_| _ = bank[cpu][cpu].fetch_add(1)))
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let mut sums = [0; 8];
    banks.sum_into(&mut sums).unwrap();
    assert_eq!(sums, [1000; 8]);
    assert_eq!(format!("{banks:?}"), "Banks { bank: \"[u64]\", len: 8, stride: 64, width: 8, .. }");
}

#[test]
fn values_per_cpu_go_to_bytes_and_back() {
    let cpus = possible_cpus().unwrap();
    let numbers = PerCpu::from_fn(|cpu| u16::try_from(cpu).unwrap() * 3).unwrap();
    assert_eq!((numbers.len(), numbers.is_empty(), PerCpu::<u16>::STRIDE), (cpus, false, 8));
    let bytes = numbers.to_bytes();
    assert_eq!(bytes.len(), 8 * cpus);
    assert_eq!(PerCpu::from_bytes(&bytes).unwrap(), numbers);
    assert_eq!(PerCpu::from_values(numbers.values().iter().map(MapValue::to_bytes)).unwrap(), numbers);
    let sum: u16 = (&numbers).into_iter().map(|(_, number)| number).sum();
    assert_eq!(numbers.sum(), sum);
    let error = PerCpu::<u16>::from_bytes(&bytes[1..]).unwrap_err();
    assert!(
        matches!(error, PerCpuError::Length { given, expected, .. } if given == 8 * cpus - 1 && expected == 8 * cpus)
    );
    let error = PerCpu::<u16>::from_values(vec![[0, 0]; cpus + 1]).unwrap_err();
    assert!(matches!(error, PerCpuError::Count { given, expected } if given == cpus + 1 && expected == cpus));
}

#[test]
fn banks_of_some_cpus_are_summed_alone() {
    let mapping = Mapping::memfd(1024 * 64).unwrap();
    let banks = mapping.banks_of::<u64>(1024, 64, 3).unwrap();
    for (cpu, bank) in banks.iter().enumerate() {
        bank[2].store(cpu as u64);
    }
    let mut sums = [9; 3];
    let some = banks.range(10..13).unwrap();
    some.sum_into(&mut sums).unwrap();
    assert_eq!((some.len(), some[0][2].load(), some.sum_of(2).unwrap(), sums), (3, 10, 33, [0, 0, 33]));
    assert_eq!(some.range(2..3).unwrap().column(2).unwrap().map(Shared::load).collect::<Vec<_>>(), [12]);
    assert!(some.get(3).is_none() && some.slice(3).is_err());
    assert_eq!(banks.range(0..1024).unwrap().len(), 1024);

    for (range, expected) in
        [(1023..1025, "RangeOutOfRange"), (Range { start: 5, end: 4 }, "RangeOutOfRange"), (4..4, "Empty")]
    {
        let error = banks.range(range).unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{error:?}");
    }
    assert!(matches!(some.range(0..4), Err(PlaceError::RangeOutOfRange { start: 0, end: 4, len: 3 })));

    let possible = banks.possible_cpus().unwrap();
    assert!((possible_cpus().unwrap()..1024).contains(&possible.len()));
    assert!(matches!(banks.range(0..1).unwrap().range(0..2), Err(PlaceError::RangeOutOfRange { .. })));
}
