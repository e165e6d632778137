//! Bulk copies move the same bytes as leaf by leaf, and no others, at every alignment.

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use mapvalue::zerocopy::byteorder::big_endian;
use mapvalue::{Array, MapValue, Mapping, PlaceError, Plain, ReadWrite, Shared, Slice, Storable, Var};
use mapvalue_tests::race::{AtTheEnd, Race};

const LEN: usize = 2560;

/// Bytes in which no two runs are alike.
fn noise(len: usize) -> Vec<u8> {
    let next = |x: &u64| Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    iter::successors(Some(1), next).map(|x| (x >> 33).to_le_bytes()[0]).take(len).collect()
}

fn memory(bytes: &[u8]) -> Arc<Mapping> {
    let mapping = Mapping::memfd(bytes.len()).unwrap();
    mapping.write_at(0, bytes).unwrap();
    mapping
}

fn bytes_of(mapping: &Mapping) -> Vec<u8> {
    let mut bytes = vec![0; mapping.len()];
    mapping.read_at(0, &mut bytes).unwrap();
    bytes
}

/// The test allocates the memory itself, so that Miri can follow the pointers into it.
#[test]
fn a_range_of_an_array_reaches_all_of_its_elements() {
    let memory = Box::leak(Box::new([const { AtomicU64::new(0) }; 64]));
    // SAFETY: the memory is never freed, and consists of atomics that nobody else uses.
    let mapping = unsafe { Mapping::adopt(std::ptr::from_mut(memory).cast(), 512, ReadWrite, || ()) }.unwrap();
    let words: Array<u64> = mapping.array().unwrap();
    words.store_from_iter(0..64).unwrap();
    let range = words.range(8..16).unwrap();
    assert!(range.iter().map(Shared::load).eq(8..16));
    assert_eq!(range.as_slice().unwrap()[7].load(), 15);
    // 4 bytes of every 8.
    let halves: Array<u32> = mapping.array().unwrap();
    halves.store_from_iter(100..164).unwrap();
    let mut out = [0; 8];
    halves.range(56..64).unwrap().load_into(&mut out).unwrap();
    assert_eq!(out, [156, 157, 158, 159, 160, 161, 162, 163]);
    assert!(halves.range(64..64).unwrap().is_empty());
}

/// Loads and stores `len` values at `shared` bytes, with a buffer that begins `private` values
/// after an aligned place, and checks every byte of both sides.
fn copy_both_ways<T: Plain + Storable + Copy + PartialEq + std::fmt::Debug>(shared: usize, private: usize, len: usize) {
    let size = size_of::<T>();
    let start = noise(LEN);
    let mapping = memory(&start);
    let slice: Slice<T> = mapping.slice(shared, len).unwrap();
    let zero = T::from_bytes(&vec![0; size]).unwrap();

    let mut buffer = vec![zero; private + len + 8];
    slice.load_into(&mut buffer[private..private + len]).unwrap();
    let one_by_one: Vec<T> = (0..len).map(|i| slice.var(i).unwrap().load()).collect();
    assert_eq!(buffer[private..private + len], one_by_one, "{len} from {shared} to {private}");
    assert!(buffer[..private].iter().chain(&buffer[private + len..]).all(|value| *value == zero), "beside");

    let values: Vec<T> = noise(LEN + private * size)
        .chunks_exact(size)
        .rev()
        .map(|bytes| T::from_bytes(bytes).unwrap())
        .take(private + len)
        .collect();
    slice.store_from(&values[private..]).unwrap();
    let mut expected = start;
    for (place, value) in expected[shared..].chunks_exact_mut(size).zip(&values[private..]) {
        value.write_bytes(place).unwrap();
    }
    assert_eq!(bytes_of(&mapping), expected, "{len} to {shared} from {private}");
}

#[test]
fn every_alignment_and_length_moves_the_bytes_of_the_values_alone() {
    // A few lengths below the least that is copied in wide accesses, all lengths that end at any
    // distance from a whole block, and two of many blocks.
    let lengths = |size: usize| (0..4).chain(252 / size..=(256 + 32) / size).chain([1000 / size, 2049 / size]);
    for offset in 0..17 {
        for private in 0..2 {
            for len in lengths(1) {
                copy_both_ways::<u8>(offset, private, len);
            }
        }
    }
    for offset in (0..18).step_by(2) {
        for private in [0, 7] {
            lengths(2).for_each(|len| copy_both_ways::<u16>(offset, private, len));
        }
    }
    for offset in (0..20).step_by(4) {
        for private in [0, 5] {
            lengths(4).for_each(|len| copy_both_ways::<u32>(offset, private, len));
            lengths(12).for_each(|len| copy_both_ways::<[u32; 3]>(offset, private, len));
        }
    }
    for offset in (0..40).step_by(8) {
        for private in 0..4 {
            lengths(8).for_each(|len| copy_both_ways::<u64>(offset, private, len));
            lengths(24).for_each(|len| copy_both_ways::<[u64; 3]>(offset, private, len));
        }
    }
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Dense {
    a: u64,
    b: i32,
    c: [u16; 2],
    d: big_endian::U64,
    e: f64,
}

#[test]
fn a_struct_without_padding_moves_as_its_bytes() {
    for len in [1, 7, 8, 9, 40, 70] {
        // A NaN is not equal to itself, so compare bits.
        let mapping = memory(&noise(LEN));
        let slice: Slice<Dense> = mapping.slice(8, len).unwrap();
        let mut out = vec![Dense::from_bytes(&[0; 32]).unwrap(); len];
        slice.load_into(&mut out).unwrap();
        let bytes: Vec<u8> = out.iter().flat_map(Dense::to_bytes).collect();
        assert_eq!(bytes, noise(LEN)[8..8 + 32 * len]);
    }
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Padded {
    a: u64,
    b: u32,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct PaddedInside {
    inner: Padded,
    last: u64,
}

#[test]
fn padding_is_not_written() {
    let mapping = memory(&[0xaa; LEN]);
    mapping.array::<Padded>().unwrap().store_from(&[Padded { a: 1, b: 2 }; LEN / 16]).unwrap();
    assert!(bytes_of(&mapping).chunks_exact(16).all(|value| value[12..] == [0xaa; 4] && value[8..12] == [2, 0, 0, 0]));

    let mapping = memory(&[0xaa; LEN - 16]);
    let value = PaddedInside { inner: Padded { a: 1, b: 2 }, last: 3 };
    mapping.array::<PaddedInside>().unwrap().store_from(&[value; (LEN - 16) / 24]).unwrap();
    assert!(bytes_of(&mapping).chunks_exact(24).all(|value| value[12..16] == [0xaa; 4] && value[16] == 3));
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Mixed {
    a: u32,
    b: u16,
    words: [u32; 100],
    live: bool,
    last: u16,
}

#[test]
fn long_elements_at_a_stride_are_decoded_and_their_padding_is_not_written() {
    assert_eq!(size_of::<Mixed>(), 412);
    let mapping = memory(&[2; 3 * 416]);
    let array: Array<Mixed> = mapping.array().unwrap();
    let mut out = vec![array.var(0).unwrap().load(); 3];
    array.load_into(&mut out).unwrap();
    assert!(out.iter().all(|value| u8::from(value.live) == 1));
    array.store_from(&[Mixed { a: 0, b: 0, words: [0; 100], live: false, last: 0 }; 3]).unwrap();
    let changed = bytes_of(&mapping).into_iter().map(|byte| usize::from(byte == 0)).sum::<usize>();
    assert_eq!(changed, 3 * (4 + 2 + 400 + 1 + 2));
}

#[test]
fn atomics_that_others_change_are_stored_one_by_one() {
    // The source is the same mapping, one element on: each is loaded after the one before was
    // stored.
    let mapping = Mapping::memfd(8 * 64).unwrap();
    mapping.var::<u64>(0).unwrap().store(1);
    let all: Var<[AtomicU64; 64]> = mapping.var(0).unwrap();
    mapping.slice::<AtomicU64>(8, 63).unwrap().store_from(&all.as_ref()[..63]).unwrap();
    assert!(mapping.slice::<u64>(0, 64).unwrap().iter().all(|word| word.load() == 1));
}

#[test]
fn elements_at_a_stride_leave_what_is_between_them_alone() {
    // 404 bytes of every 408.
    type Wide = [u32; 101];
    let count = LEN / 408;
    let start = noise(count * 408);
    let mapping = memory(&start);
    let array: Array<Wide> = mapping.array().unwrap();
    assert_eq!((array.stride(), array.len()), (408, count));

    let mut out = vec![[0; 101]; count];
    array.load_into(&mut out).unwrap();
    for (i, value) in out.iter().enumerate() {
        assert_eq!(value.to_bytes(), start[i * 408..i * 408 + 404]);
    }
    array.store_from(&vec![[7; 101]; count]).unwrap();
    for (i, (now, before)) in bytes_of(&mapping).chunks(408).zip(start.chunks(408)).enumerate() {
        assert_eq!(now[..404], [7; 101].to_bytes(), "element {i}");
        assert_eq!(now[404..], before[404..], "after element {i}");
    }
    assert!(matches!(array.load_into(&mut out[1..]), Err(PlaceError::LengthMismatch { .. })));
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum Mode {
    Off,
    On,
}

/// A type whose elements do not lie side by side.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Odd {
    n: u32,
    twice: [u32; 2],
}

#[test]
fn what_an_iterator_makes_is_stored_in_order_whatever_it_knows_of_its_length() {
    // Around the 1 KiB that is gathered at a time: 128 elements of one type, 85 of the other.
    for len in [1, 84, 85, 86, 127, 128, 129, 256, 3001] {
        let array: Array<u64> = Mapping::memfd(8 * len).unwrap().array().unwrap();
        array.store_from_iter(10..10 + len as u64).unwrap();
        assert!((10..).zip(&array).all(|(n, cell)| cell.load() == n), "{len}");
        let slice: Slice<u64> = array.mapping().slice(0, len).unwrap();
        slice.store_from_iter((20..20 + len as u64).filter(|_| true)).unwrap();
        assert!((20..).zip(slice.iter()).all(|(n, cell)| cell.load() == n), "{len}");

        let odd: Array<Odd> = Mapping::memfd(16 * len).unwrap().array().unwrap();
        odd.store_from_iter((0..).map(|n| Odd { n, twice: [2 * n; 2] }).take(len)).unwrap();
        let mut out = vec![Odd { n: 9, twice: [9; 2] }; len];
        odd.load_into(&mut out).unwrap();
        assert!((0..).zip(out).all(|(n, odd)| odd == Odd { n, twice: [2 * n; 2] }), "{len}");
    }
}

#[test]
fn an_iterator_that_knows_that_it_is_too_short_or_too_long_stores_nothing() {
    let array: Array<u64> = Mapping::memfd(8 * 1000).unwrap().array().unwrap();
    let slice: Slice<u64> = array.mapping().slice(0, 1000).unwrap();
    for given in [0, 999, 1001] {
        let values = || vec![7; given];
        for error in [array.store_from_iter(values()), slice.store_from_iter(values())] {
            let error = error.unwrap_err();
            assert!(
                matches!(error, PlaceError::LengthMismatch { given: g, expected: 1000 } if g == given),
                "{error:?}"
            );
        }
        assert!(array.iter().all(|cell| cell.load() == 0), "{given}");
    }
}

/// An iterator that claims a thousand values.
struct Liar(u64);
impl Iterator for Liar {
    type Item = u64;
    fn next(&mut self) -> Option<u64> {
        self.0 = self.0.checked_sub(1)?;
        Some(self.0)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (1000, Some(1000))
    }
}

#[test]
fn an_iterator_that_ends_early_or_goes_on_is_an_error_once_it_is_found() {
    let array: Array<u64> = Mapping::memfd(8 * 1000).unwrap().array().unwrap();
    let short = array.store_from_iter((1..=999).filter(|_| true)).unwrap_err();
    assert!(matches!(short, PlaceError::LengthMismatch { given: 999, expected: 1000 }), "{short:?}");
    assert_eq!((array[998].load(), array[999].load()), (999, 0));
    // An iterator without an end. It is asked for one value more than fits.
    let mut asked = 0;
    let endless = iter::repeat_with(|| {
        asked += 1;
        5
    });
    let long = array.store_from_iter(endless).unwrap_err();
    assert!(matches!(long, PlaceError::TooManyValues { expected: 1000 }), "{long:?}");
    assert!(array.iter().all(|cell| cell.load() == 5));
    assert_eq!(asked, 1001);
    let liar = array.store_from_iter(Liar(600)).unwrap_err();
    assert!(matches!(liar, PlaceError::LengthMismatch { given: 600, expected: 1000 }), "{liar:?}");
    assert!(matches!(array.store_from_iter(Liar(1600)), Err(PlaceError::TooManyValues { expected: 1000 })));
}

#[test]
fn a_bool_is_decoded_and_an_enum_is_stored() {
    let mapping = memory(&[2; LEN]);
    let slice: Slice<bool> = mapping.slice(0, LEN).unwrap();
    let mut out = vec![false; LEN];
    slice.load_into(&mut out).unwrap();
    // A `bool` of 2 would be undefined behavior; the bits show that there is none.
    assert!(out.iter().all(|value| u8::from(*value) == 1));
    slice.store_from(&out).unwrap();
    assert_eq!(bytes_of(&mapping), [1; LEN]);

    let modes: Slice<Mode> = mapping.slice(1, 600).unwrap();
    modes.store_from(&[Mode::Off, Mode::On].repeat(300)).unwrap();
    assert_eq!(bytes_of(&mapping)[..603], [[1].as_slice(), &[0, 1].repeat(300), &[1, 1]].concat());
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: u32,
    flags: [u8; 4],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Flow {
    address: Address,
    port: u32,
}

#[test]
fn a_union_is_loaded_as_it_is() {
    let mapping = memory(&noise(LEN));
    let slice: Slice<Flow> = mapping.slice(0, LEN / 8).unwrap();
    let mut out = vec![slice.var(0).unwrap().load(); LEN / 8];
    slice.load_into(&mut out).unwrap();
    for (i, flow) in out.iter().enumerate() {
        assert_eq!(flow.port, slice[i].port.load());
    }
}

#[test]
fn no_leaf_is_torn_in_either_direction() {
    const WORDS: usize = 512;
    let mapping = Mapping::memfd(8 * WORDS + 8).unwrap();
    // At 8 bytes after a multiple of 16, so that the widest access holds two leaves.
    let words: Slice<u64> = mapping.slice(8, WORDS).unwrap();
    let done = AtomicBool::new(false);
    let is_whole = |word: u64| word.to_ne_bytes() == [word.to_ne_bytes()[0]; 8];
    thread::scope(|scope| {
        let _done = AtTheEnd(|| done.store(true, Ordering::Relaxed));
        scope.spawn(|| {
            let patterns: Vec<Vec<u64>> = (0..=255).map(|byte| vec![u64::from_ne_bytes([byte; 8]); WORDS]).collect();
            for values in patterns.iter().cycle().take_while(|_| !done.load(Ordering::Relaxed)) {
                words.store_from(values).unwrap();
            }
        });
        let mut out = [0; WORDS];
        let (mut copies, mut changes) = (0, 0);
        let race = Race::of(Duration::ZERO);
        // Unless some copies met the writer half way, this has shown nothing.
        while race.goes_on(copies >= 20_000 && changes > 0) {
            copies += 1;
            words.load_into(&mut out).unwrap();
            assert!(out.iter().all(|word| is_whole(*word)), "{out:x?}");
            assert!(words.iter().map(Shared::load).all(is_whole));
            changes += usize::from(out.iter().any(|word| *word != out[0]));
        }
        assert!(changes > 0, "no copy of {copies} saw two stores");
    });
}

#[test]
fn leaked_handles_and_their_atomics_are_the_memory_itself_for_good() {
    fn attach(counters: &'static impl AsRef<[AtomicU64]>) -> &'static [AtomicU64] {
        counters.as_ref()
    }
    let mapping = Mapping::memfd(8 * 600).unwrap();
    let weak = Arc::downgrade(&mapping);
    let array: Array<u64> = mapping.array().unwrap();
    let whole = attach(array.clone().leak());
    let part = attach(mapping.slice::<u64>(8 * 7, 5).unwrap().leak());
    let first: &'static Shared<u64> = mapping.var::<u64>(0).unwrap().leak();
    assert_eq!((whole.len(), part.len(), &raw const part[0]), (600, 5, &raw const whole[7]));
    // Narrower atomics, side by side.
    let halves: Slice<i16> = mapping.slice(8 * 599, 4).unwrap();
    Shared::atomics(&halves)[3].store(-1, Ordering::Relaxed);
    assert_eq!((halves[3].load(), whole[599].load(Ordering::Relaxed) >> 48), (-1, 0xffff));
    drop((mapping, array, halves));
    assert!(weak.upgrade().is_some(), "it stays mapped");
    whole[0].store(7, Ordering::Relaxed);
    part[4].fetch_add(3, Ordering::Relaxed);
    assert_eq!((first.load(), whole[11].load(Ordering::Relaxed)), (7, 3));
    assert!(Shared::atomics(&Mapping::memfd(64).unwrap().slice::<u8>(64, 0).unwrap()).is_empty());
}
