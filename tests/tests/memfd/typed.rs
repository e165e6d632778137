//! Every leaf and compound through typed handles: stores make the expected bytes, loads read them.

use std::marker::PhantomData;
use std::mem::offset_of;
use std::num::{NonZeroI64, NonZeroU32, Wrapping};
use std::sync::Arc;
use std::sync::atomic::{AtomicI16, AtomicU8, AtomicU32, AtomicU64, Ordering};

use mapvalue::{
    Access, CharArray, Endianness, Field, InvalidValue, Kind, MapValue, Mapping, Mirror, Plain, ReadOnly, Shared,
    Slice, Var,
};
use mapvalue_tests::c;
use zerocopy::byteorder::{BigEndian, I32, LittleEndian, U16, U32, U64};

fn memory() -> Arc<Mapping> {
    Mapping::memfd(4096).unwrap()
}

fn bytes_at<const N: usize>(mapping: &Mapping, offset: usize) -> [u8; N] {
    let mut bytes = [0; N];
    mapping.read_at(offset, &mut bytes).unwrap();
    bytes
}

#[test]
#[expect(clippy::float_cmp, reason = "what is loaded has the very bits of what was stored")]
fn integers_and_floats_are_their_native_bytes() {
    macro_rules! check {
        ($($leaf:ty: $($value:expr),*;)*) => {$($(
            let mapping = memory();
            let var: Var<$leaf> = mapping.var(16).unwrap();
            assert_eq!(var.load(), <$leaf>::default());
            let value: $leaf = $value;
            var.store(value);
            assert_eq!(bytes_at(&mapping, 16), value.to_ne_bytes());
            assert_eq!((var.load(), var.load_acquire(), var.try_load()), (value, value, Ok(value)));
            assert_eq!(var.swap(<$leaf>::default()), value);
            var.store_release(value);
            assert_eq!(mapping.var_ro::<$leaf>(16).unwrap().load(), value);
            assert_eq!(var.compare_exchange(value, <$leaf>::default()), Ok(value));
            assert_eq!(var.compare_exchange(value, value), Err(<$leaf>::default()));
            assert_eq!(var.load(), <$leaf>::default());
        )*)*};
    }
    check! {
        u8: 0xa5, u8::MAX; u16: 0xa55a, u16::MAX; u32: 0xdead_beef, u32::MAX; u64: 0x0123_4567_89ab_cdef, u64::MAX;
        i8: -5, i8::MIN; i16: -5, i16::MIN; i32: -5, i32::MIN; i64: -5, i64::MIN;
        f32: -1.5, f32::INFINITY; f64: 1e300, f64::MIN_POSITIVE;
    }
    // A signaling NaN keeps its bits.
    let var = memory().var::<f64>(0).unwrap();
    var.store(f64::from_bits(0x7ff0_0000_0000_0001));
    assert_eq!(var.load().to_bits(), 0x7ff0_0000_0000_0001);
}

#[test]
fn integers_have_atomic_arithmetic() {
    let mapping = memory();
    let var = mapping.var::<i16>(0).unwrap();
    var.store(i16::MAX);
    assert_eq!(var.fetch_add(1), i16::MAX);
    assert_eq!(var.fetch_sub(1), i16::MIN);
    var.store(-3);
    assert_eq!(var.fetch_max(-2), -3);
    assert_eq!(var.fetch_min(-4), -2);
    assert_eq!(var.load(), -4, "smaller and larger as signed numbers");
    let var = mapping.var::<u8>(4).unwrap();
    var.store(0b1100);
    assert_eq!(var.fetch_and(0b0110), 0b1100);
    assert_eq!(var.fetch_or(0b0001), 0b0100);
    assert_eq!(var.fetch_xor(0b1111), 0b0101);
    assert_eq!(var.load(), 0b1010);
    assert_eq!(var.fetch_min(200), 0b1010);
    assert_eq!(var.fetch_max(200), 0b1010);
    assert_eq!(var.load(), 200);
    assert_eq!(bytes_at(&mapping, 0), [0xfc, 0xff, 0, 0, 200, 0, 0, 0], "neighbours are untouched");
    let var = mapping.var::<Wrapping<u32>>(8).unwrap();
    var.store(Wrapping(u32::MAX));
    assert_eq!(var.fetch_add(Wrapping(3)), Wrapping(u32::MAX));
    assert_eq!(var.load(), Wrapping(2));
    var.atomic().fetch_nand(2, Ordering::SeqCst);
    assert_eq!(var.load(), Wrapping(!2));
}

#[test]
fn a_bool_that_bpf_stored_as_two_is_true() {
    let mapping = memory();
    let var = mapping.var::<bool>(3).unwrap();
    mapping.write_at(3, &[2]).unwrap();
    assert!(var.load());
    assert_eq!(var.load_byte(), 2);
    assert_eq!(bool::from_bytes(&[2]).unwrap().to_bytes(), [1]);
    // An exchange compares the value, so the byte 2 is `true` as well.
    assert_eq!(var.compare_exchange(false, true), Err(true));
    assert_eq!(var.compare_exchange(true, false), Ok(true));
    assert_eq!(var.load_byte(), 0);
    mapping.write_at(3, &[0x80]).unwrap();
    assert!(var.swap(true));
    assert_eq!(var.load_byte(), 1);
    var.store(false);
    assert_eq!(bytes_at(&mapping, 0), [0; 8]);
}

#[test]
fn options_of_nonzero_take_zero_for_none() {
    let mapping = memory();
    let var = mapping.var::<Option<NonZeroU32>>(0).unwrap();
    assert_eq!(var.load(), None);
    var.store(NonZeroU32::new(7));
    assert_eq!(bytes_at(&mapping, 0), 7u32.to_ne_bytes());
    assert_eq!(var.swap(None), NonZeroU32::new(7));
    assert_eq!(bytes_at(&mapping, 0), [0; 4]);
    let var = mapping.var::<Option<NonZeroI64>>(8).unwrap();
    mapping.write_at(8, &(-1i64).to_ne_bytes()).unwrap();
    assert_eq!(var.load(), NonZeroI64::new(-1));
}

#[test]
fn integers_of_a_stated_byte_order_are_that_order_in_memory() {
    let mapping = memory();
    mapping.var::<U16<BigEndian>>(0).unwrap().store(U16::new(0x0102));
    mapping.var::<U32<BigEndian>>(4).unwrap().store(U32::new(0x0304_0506));
    mapping.var::<U64<BigEndian>>(8).unwrap().store(U64::new(0x0708_090a_0b0c_0d0e));
    mapping.var::<I32<LittleEndian>>(16).unwrap().store(I32::new(-2));
    assert_eq!(bytes_at(&mapping, 0), [1, 2, 0, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(mapping.var::<U32<BigEndian>>(4).unwrap().load().get(), 0x0304_0506);
    assert_eq!(mapping.var::<I32<LittleEndian>>(16).unwrap().load().get(), -2);
    let port = mapping.var::<U16<BigEndian>>(0).unwrap();
    assert_eq!(port.compare_exchange(U16::new(0x0102), U16::new(443)).unwrap().get(), 0x0102);
    assert_eq!(port.load().get(), 443);
    assert_eq!(port.atomic().load(Ordering::Relaxed), 443u16.to_be());
    // Each is accessed as a whole, so the place must be aligned although the Rust type is not.
    assert_eq!(align_of::<U32<BigEndian>>(), 1);
    assert!(mapping.var::<U32<BigEndian>>(2).is_err());
    assert_eq!(<U32<BigEndian>>::LAYOUT.align(), 4);
    assert!(matches!(<U32<BigEndian>>::LAYOUT.kind(), Kind::Int { signed: false, endianness: Endianness::Big, .. }));
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct FlowKey {
    source: U32<BigEndian>,
    destination: U32<BigEndian>,
    source_port: U16<BigEndian>,
    destination_port: U16<BigEndian>,
    protocol: u8,
}

#[test]
fn a_flow_key_needs_the_alignment_of_its_widest_field() {
    assert_eq!((FlowKey::LAYOUT.size(), FlowKey::LAYOUT.align(), align_of::<FlowKey>()), (13, 4, 1));
    let mapping = memory();
    assert!(mapping.var::<FlowKey>(2).is_err());
    let key = mapping.var::<FlowKey>(4).unwrap();
    let value = FlowKey {
        source: U32::new(0x0a00_0001),
        destination: U32::new(0x0a00_0002),
        source_port: U16::new(5353),
        destination_port: U16::new(53),
        protocol: 17,
    };
    key.store(value);
    assert_eq!(bytes_at(&mapping, 4), [10, 0, 0, 1, 10, 0, 0, 2, 0x14, 0xe9, 0, 53, 17]);
    assert_eq!(key.load(), value);
    // Side by side, not all elements would be aligned; at an array's stride, they are.
    assert!(matches!(
        mapping.slice::<FlowKey>(0, 2),
        Err(mapvalue::PlaceError::Unsliceable { size: 13, align: 4, .. })
    ));
    assert_eq!(mapping.array::<FlowKey>().unwrap().stride(), 16);
}

/// Numbers with gaps, negative numbers, and one number alone after a gap.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(i16)]
enum Level {
    Debug = -7,
    Info = 300,
    Warn,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Rule {
    id: u32,
    level: Level,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Config {
    generation: u64,
    rules: [Rule; 4],
}

#[test]
fn an_enum_is_checked_when_it_is_loaded() {
    let mapping = memory();
    let level = mapping.var::<Level>(2).unwrap();
    let invalid = level.try_load().unwrap_err();
    assert_eq!((invalid.type_name(), invalid.value(), invalid.offset()), ("Level", 0, 0));
    for (value, number) in [(Level::Debug, -7i16), (Level::Info, 300), (Level::Warn, 301)] {
        level.store(value);
        assert_eq!(bytes_at(&mapping, 2), number.to_ne_bytes());
        assert_eq!(level.try_load(), Ok(value));
        assert_eq!(level.try_load_acquire(), Ok(value));
    }
    assert_eq!(level.try_swap(Level::Info), Ok(Level::Warn));
    mapping.write_at(2, &302i16.to_ne_bytes()).unwrap();
    assert_eq!(level.try_load().unwrap_err().to_string(), "302 at offset 0 is not a variant of `Level`");
    // A swap stores even if the old number was not a variant.
    assert_eq!(level.try_swap(Level::Debug).unwrap_err().value(), 302);
    assert_eq!(level.try_load(), Ok(Level::Debug));
    assert_eq!(format!("{level:?} {:?}", *level), "Var(Debug) Debug");
}

#[test]
fn an_exchange_of_an_enum_stores_only_over_the_expected_variant() {
    let mapping = memory();
    let level = mapping.var::<Level>(2).unwrap();
    level.store(Level::Warn);
    assert_eq!(level.try_compare_exchange(Level::Info, Level::Debug), Err(Ok(Level::Warn)));
    assert_eq!(level.try_load(), Ok(Level::Warn));
    assert_eq!(level.try_compare_exchange(Level::Warn, Level::Info), Ok(Level::Warn));
    assert_eq!(level.try_load(), Ok(Level::Info));
    // A number that is not a variant never equals the expected value, and stays.
    mapping.write_at(2, &302i16.to_ne_bytes()).unwrap();
    assert_eq!(level.try_compare_exchange(Level::Info, Level::Warn).unwrap_err().unwrap_err().value(), 302);
    assert_eq!(level.try_load().unwrap_err().value(), 302);
    // A `bool` is compared by value here too, whatever byte BPF stored for `true`.
    mapping.write_at(8, &[2]).unwrap();
    let flag = mapping.var::<bool>(8).unwrap();
    assert_eq!(flag.try_compare_exchange(false, true), Err(Ok(true)));
    assert_eq!(flag.try_compare_exchange(true, false), Ok(true));
    assert_eq!(flag.load_byte(), 0);
}

#[test]
fn an_invalid_enum_inside_a_value_is_found_by_its_path() {
    let mapping = memory();
    let config = mapping.var::<Config>(64).unwrap();
    let value = Config { generation: 5, rules: [Rule { id: 1, level: Level::Info }; 4] };
    config.store(value);
    assert_eq!(config.try_load(), Ok(value));
    mapping.write_at(64 + 8 + 2 * 8 + 4, &9i16.to_ne_bytes()).unwrap();
    let invalid: InvalidValue = config.try_load().unwrap_err();
    assert_eq!(invalid.offset(), 8 + 2 * 8 + 4);
    assert_eq!(invalid.path(Config::LAYOUT).to_string(), "Config.rules[2].level");
    assert_eq!(config.rules[2].id.load(), 1, "the other fields stay in reach");
    assert_eq!(config.rules[3].level.try_load(), Ok(Level::Info));
    // The same, read from bytes.
    let mut bytes = value.to_bytes();
    bytes[8 + 8 + 4..][..2].copy_from_slice(&9i16.to_ne_bytes());
    let error = Config::from_bytes(&bytes).unwrap_err();
    assert!(matches!(error, mapvalue::ValueError::InvalidValue(invalid) if invalid.offset() == 20), "{error:?}");
    // The messages name the field too, inside structs and arrays.
    assert_eq!(error.to_string(), "9 at offset 20 (`Config.rules[1].level`) is not a variant of `Level`");
    assert_eq!(invalid.to_string(), "9 at offset 28 (`Config.rules[2].level`) is not a variant of `Level`");
    let rules = config.rules.try_load().unwrap_err();
    assert_eq!(rules.to_string(), "9 at offset 20 (`[2].level`) is not a variant of `Level`");
    assert_eq!(format!("{rules:?}"), format!("InvalidValue({rules})"));
    // Whatever a place is said to be.
    assert_eq!(rules.within(usize::MAX).within(1).offset(), usize::MAX);
}

#[test]
fn debug_shows_the_other_fields_of_a_value_with_an_invalid_enum() {
    #[derive(MapValue, Clone, Copy)]
    #[repr(C)]
    union Address {
        v4: u32,
        v6: [u8; 16],
    }
    impl std::fmt::Debug for Address {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Address { .. }")
        }
    }
    #[derive(MapValue, Clone, Copy, Debug)]
    #[repr(C)]
    struct Flow {
        low: i16,
        port: U16<BigEndian>,
        rate: f32,
        share: f64,
        big: u64,
        swapped: U32<LittleEndian>,
        levels: [Level; 2],
        address: Address,
        live: bool,
        marker: PhantomData<u64>,
        next: mapvalue::ArenaPtr<u64>,
        name: CharArray<8>,
    }
    let mapping = memory();
    let flow = mapping.var::<Flow>(64).unwrap();
    flow.low.store(-3);
    flow.port.store(U16::new(443));
    flow.rate.store(-1.5);
    flow.share.store(0.25);
    flow.big.store(u64::MAX);
    flow.swapped.store(U32::new(7));
    flow.levels.store([Level::Warn, Level::Info]);
    mapping.write_at(64 + offset_of!(Flow, live), &[2]).unwrap();
    flow.next.store(mapvalue::ArenaPtr::from_address(0x1000));
    flow.name.store(CharArray::new("e\"th0").unwrap());
    let valid = format!("{flow:?}");
    mapping.write_at(64 + offset_of!(Flow, levels) + 2, &302i16.to_ne_bytes()).unwrap();
    assert!(flow.try_load().is_err());
    assert_eq!(
        format!("{flow:?}"),
        "Var(Flow { low: -3, port: 443, rate: -1.5, share: 0.25, big: 18446744073709551615, swapped: 7, \
         levels: [Warn, 302 (not a variant of `Level`)], address: Address { .. }, live: true, \
         marker: PhantomData, next: 0x1000, name: \"e\\\"th0\" })"
    );
    // The output has the form of a derived `Debug`.
    for part in ["low: -3", "rate: -1.5, share: 0.25, big: 18446744073709551615", "live: true", "name: \"e\\\"th0\" })"]
    {
        assert!(valid.contains(part), "{valid}");
    }
    assert_eq!(
        format!("{:?}", mapping.var::<Level>(64 + offset_of!(Flow, levels) + 2).unwrap()),
        "Var(302 (not a variant of `Level`))"
    );
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Padded {
    a: u32,
    b: u64,
    c: u16,
    d: [u8; 5],
    e: u64,
}

#[test]
fn padding_is_neither_written_nor_encoded() {
    let mapping = memory();
    mapping.write_at(0, &[0xee; 64]).unwrap();
    let value = Padded { a: 1, b: 2, c: 3, d: [4; 5], e: 5 };
    let var = mapping.var::<Padded>(0).unwrap();
    var.store(value);
    assert_eq!(var.load(), value);
    let bytes: [u8; 64] = bytes_at(&mapping, 0);
    assert_eq!(bytes[4..8], [0xee; 4], "the hole after `a`");
    assert_eq!(bytes[23], 0xee, "the hole after `d`");
    assert_eq!(bytes[32..], [0xee; 32]);
    let encoded = value.to_bytes();
    assert_eq!((encoded.len(), &encoded[4..8], encoded[23]), (32, &[0; 4][..], 0));
    assert_eq!(&encoded[8..16], 2u64.to_ne_bytes());
    assert_eq!(Padded::from_bytes(&bytes[..32]).unwrap(), value, "padding is ignored");
}

#[test]
fn bytes_are_decoded_at_any_alignment_and_at_their_exact_length_only() {
    let value = Padded { a: 1, b: u64::MAX - 1, c: 3, d: [4, 5, 6, 7, 8], e: 5 };
    let encoded = value.to_bytes();
    for shift in 0..8 {
        let mut shifted = vec![0xaa; shift];
        shifted.extend(&encoded);
        assert_eq!(Padded::from_bytes(&shifted[shift..]).unwrap(), value);
    }
    for wrong in [0, 31, 33] {
        let error = Padded::from_bytes(&vec![0; wrong]).unwrap_err();
        assert!(
            matches!(error, mapvalue::ValueError::WrongLength { given, expected: 32, .. } if given == wrong),
            "{wrong}: {error:?}"
        );
    }
    let mut room = [0xbb; 33];
    assert!(value.write_bytes(&mut room).is_err());
    assert_eq!(room, [0xbb; 33]);
    value.write_bytes(&mut room[1..]).unwrap();
    assert_eq!(room[1..], encoded);
    let key = FlowKey::from_bytes(&[10, 0, 0, 1, 10, 0, 0, 2, 0x14, 0xe9, 0, 53, 17]).unwrap();
    assert_eq!(key.source_port.get(), 5353);
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
struct Nanoseconds(u64);

#[derive(MapValue, Debug)]
#[repr(C)]
struct Counters(AtomicU64, AtomicU32, AtomicI16, [AtomicU8; 2]);

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
struct Bank<T, const N: usize, U = u16>
where
    U: Copy,
{
    head: T,
    cells: [U; N],
    marker: PhantomData<*const T>,
}

#[test]
fn transparent_tuple_generic_and_aligned_structs_have_mirrors() {
    let mapping = memory();
    let time = mapping.var::<Nanoseconds>(8).unwrap();
    time.0.fetch_add(5);
    assert_eq!(time.load(), Nanoseconds(5));

    assert_eq!((Bank::<u64, 3>::LAYOUT.size(), Bank::<u64, 3>::LAYOUT.align()), (64, 64));
    assert!(mapping.var::<Bank<u64, 3>>(32).is_err());
    let bank = mapping.var::<Bank<u64, 3>>(64).unwrap();
    bank.cells[2].store(0x0102);
    bank.head.store(9);
    assert_eq!(bank.load(), Bank { head: 9, cells: [0, 0, 0x0102], marker: PhantomData });
    assert_eq!(bytes_at(&mapping, 64 + 12), 0x0102u16.to_ne_bytes());
    let nested = mapping.var::<Bank<Bank<bool, 1, f32>, 2, Padded>>(128).unwrap();
    nested.head.head.store(true);
    nested.cells[1].d[4].store(8);
    assert!(nested.load().head.head);
    assert_eq!(nested.load().cells[1].d[4], 8);
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
struct Length<Unit> {
    unit: PhantomData<Unit>,
    number: u32,
    none: [u8; 0],
}

/// Rust places its zero-sized fields after the other field.
#[test]
fn a_transparent_struct_may_begin_with_a_marker() {
    let mapping = memory();
    let length = mapping.var::<Length<u64>>(4).unwrap();
    length.number.store(7);
    assert_eq!(length.load(), Length { unit: PhantomData, number: 7, none: [] });
    assert_eq!(Length::<u64>::LAYOUT.fields().iter().map(Field::offset).collect::<Vec<_>>(), [0, 0, 4]);
    assert!(!Length::<u64>::LAYOUT.to_string().contains("hole"), "{}", Length::<u64>::LAYOUT);
}

#[test]
fn a_struct_of_atomics_is_also_reached_in_place() {
    let mapping = memory();
    let counters = mapping.var::<Counters>(16).unwrap();
    counters.0.fetch_add(1336);
    let in_place: &Counters = counters.as_ref();
    in_place.0.fetch_add(1, Ordering::Relaxed);
    in_place.2.store(-1, Ordering::Relaxed);
    in_place.3[1].store(7, Ordering::Relaxed);
    assert_eq!(bytes_at(&mapping, 16), 1337u64.to_ne_bytes());
    assert_eq!((counters.0.load(), counters.2.load(), counters.3[1].load()), (1337, -1, 7));
    assert_eq!(format!("{:?}", counters.load()), "Counters(1337, 0, -1, [0, 7])");
    let one: Var<AtomicU64> = mapping.var(16).unwrap();
    assert_eq!(one.as_ref().load(Ordering::Relaxed), 1337);
    one.store(AtomicU64::new(4));
    assert_eq!(one.load().into_inner(), 4);
}

#[test]
fn a_projection_owns_its_mapping() {
    let mapping = memory();
    let config = mapping.var::<Config>(0).unwrap();
    let level: Var<Level> = config.project(|c| &c.rules[1].level);
    let rules: Slice<Rule> = config.project_slice(|c| &c.rules[1..3]);
    let whole: Var<[Rule; 4]> = config.project(|c| &c.rules);
    let read_only: Var<u64, ReadOnly> = config.read_only().project(|c| &c.generation);
    config.generation.store(12);
    drop((config, mapping));
    level.store(Level::Warn);
    assert_eq!(rules[0].level.try_load(), Ok(Level::Warn));
    assert_eq!((rules.len(), whole[1].level.try_load()), (2, Ok(Level::Warn)));
    assert_eq!(read_only.load(), 12);
    assert_eq!(level.mapping().len(), 4096);
}

#[test]
#[should_panic(expected = "not inside this")]
fn a_projection_to_another_mapping_is_refused() {
    let elsewhere: &'static Var<u64> = Box::leak(Box::new(memory().var(0).unwrap()));
    let here = memory().var::<Padded>(0).unwrap();
    let _ = here.project(|_| &**elsewhere);
}

#[test]
#[should_panic(expected = "not inside this")]
fn a_projection_to_a_promoted_empty_array_is_refused() {
    let here = memory().var::<Padded>(0).unwrap();
    let _ = here.project_slice::<Shared<u64>>(|_| &[]);
}

#[test]
fn generic_code_can_be_written_over_values_and_modes() {
    fn total<A: Access>(cells: &[Shared<u64, A>]) -> u64 {
        cells.iter().map(Shared::load).sum()
    }
    fn snapshot<T: Plain, A: Access>(var: &Var<T, A>) -> T {
        var.load()
    }
    fn name_of<M: Mirror>(_: &M) -> &'static str {
        M::Value::LAYOUT.name()
    }
    let mapping = memory();
    let cells = mapping.var::<[u64; 4]>(0).unwrap();
    cells[0].store(1);
    cells[3].store(2);
    assert_eq!(total(&*cells), 3);
    assert_eq!(total(&*cells.read_only()), 3);
    assert_eq!(snapshot(&cells), [1, 0, 0, 2]);
    assert_eq!(name_of(&*mapping.var::<Padded>(0).unwrap()), "Padded");
}

#[test]
fn a_layout_prints_as_a_table_with_its_holes() {
    assert_eq!(
        Config::LAYOUT.to_string(),
        "\
Config: 40 bytes, align 8
  offset    size  name            type
       0       8  generation      u64
       8      32  rules           [Rule; 4]
       8       4  rules[0].id     u32
      12       2  rules[0].level  Level
      14       2                  (tail padding)
"
    );
    assert_eq!(
        Padded::LAYOUT.to_string(),
        "\
Padded: 32 bytes, align 8
  offset    size  name  type
       0       4  a     u32
       4       4        (hole)
       8       8  b     u64
      16       2  c     u16
      18       5  d     [u8; 5]
      23       1        (hole)
      24       8  e     u64
"
    );
    // The first element of an array stands for all.
    let table = <[Rule; 4]>::LAYOUT.to_string();
    assert!(table.contains("\n       0       4  [0].id     u32\n       4       2  [0].level  Level\n"), "{table}");
    assert_eq!(<[U16<BigEndian>; 3]>::LAYOUT.to_string().lines().next(), Some("[U16<BigEndian>; 3]: 6 bytes, align 2"));
    let Kind::Enum { signed: true, variants, .. } = Level::LAYOUT.kind() else { panic!("{:?}", Level::LAYOUT) };
    assert_eq!(
        variants.iter().map(|v| (v.name, v.value)).collect::<Vec<_>>(),
        [("Debug", -7), ("Info", 300), ("Warn", 301)]
    );
    let fields: Vec<_> = Padded::LAYOUT.fields().iter().map(|f| (f.name(), f.offset(), f.layout().size())).collect();
    assert_eq!(fields, [("a", 0, 4), ("b", 8, 8), ("c", 16, 2), ("d", 18, 5), ("e", 24, 8)]);
}

/// An address of either family. A tag beside it says which.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    /// When the tag is 4.
    v4: U32<BigEndian>,
    v6: [u8; 16],
    words: [u64; 2],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Peer {
    family: u16,
    port: U16<BigEndian>,
    address: Address,
}

#[test]
fn a_union_is_reached_by_a_method_a_field() {
    assert_eq!((Peer::LAYOUT.size(), Peer::LAYOUT.align(), size_of::<Peer>()), (24, 8, 24));
    let mapping = memory();
    let peer = mapping.var::<Peer>(8).unwrap();
    peer.address.v4().store(U32::new(0x7f00_0001));
    assert_eq!(bytes_at(&mapping, 8 + 8), [127, 0, 0, 1, 0, 0, 0, 0]);
    peer.address.v6()[15].store(9);
    assert_eq!(peer.address.words()[1].load(), u64::from_ne_bytes([0, 0, 0, 0, 0, 0, 0, 9]));
    assert_eq!(peer.address.v6().iter().map(|b| u32::from(b.load())).sum::<u32>(), 127 + 1 + 9);
    // Handles to a field, also through a read-only handle.
    let v4 = peer.read_only().project(|p| p.address.v4());
    assert_eq!(v4.load().get(), 0x7f00_0001);
    // The union is loaded whole. A caller that reads a field of the copy claims that this field is
    // the valid one.
    let copy: Peer = peer.load();
    // SAFETY: any bits are four bytes.
    assert_eq!(unsafe { copy.address.v4 }.get(), 0x7f00_0001);
    let decoded = Peer::from_bytes(&bytes_at::<24>(&mapping, 8)).unwrap();
    // SAFETY: any bits are sixteen bytes.
    assert_eq!(unsafe { decoded.address.v6 }[15], 9);
    assert_eq!(
        Peer::LAYOUT.to_string(),
        "\
Peer: 24 bytes, align 8
  offset    size  name           type
       0       2  family         u16
       2       2  port           U16<BigEndian>
       4       4                 (hole)
       8      16  address        Address
       8       4  address.v4     U32<BigEndian>
       8      16  address.v6     [u8; 16]
       8      16  address.words  [u64; 2]
"
    );
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[map_value(deny_padding)]
#[repr(C)]
struct Dense {
    a: u32,
    b: [u16; 2],
    c: u64,
}

#[test]
fn a_struct_that_denies_padding_has_none() {
    let value = Dense { a: 1, b: [2, 3], c: 4 };
    let size: usize = Dense::LAYOUT.fields().iter().map(|f| f.layout().size()).sum();
    assert_eq!((size, value.to_bytes().len()), (16, 16));
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[
        FlowKey::LAYOUT,
        Level::LAYOUT,
        Rule::LAYOUT,
        Config::LAYOUT,
        Padded::LAYOUT,
        Nanoseconds::LAYOUT,
        Counters::LAYOUT,
        <Bank<u64, 3>>::LAYOUT,
        <Bank<Bank<bool, 1, f32>, 2, Padded>>::LAYOUT,
        <Length<u64>>::LAYOUT,
        Address::LAYOUT,
        Peer::LAYOUT,
        Dense::LAYOUT,
    ]);
}
