//! Typed values in BPF maps: a BPF program sees what Rust writes, and the other way round.

use std::fmt::Debug;
use std::mem::offset_of;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use mapvalue::zerocopy::byteorder::{BigEndian, U16, U32};
use mapvalue::{Array, MapValue, Mapping, PlaceError, Shared, Storable, Var};
use mapvalue_tests::c;
use mapvalue_tests::kernel::{self, Aya, Libbpf, Loader, Map, objects};

// The types of `values.bpf.c`, with its field names.

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Pair {
    a: u32,
    b: u64,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct OneWord {
    word: u32,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
struct FourBytes([u8; 4]);

#[derive(MapValue, Debug)]
#[repr(C)]
struct AtomicWord {
    word: AtomicU32,
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

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Mode {
    Off = 0,
    Count = 1,
    Drop = 5,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum Action {
    Pass = 0,
    Deny = 1,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Rule {
    port: u16,
    action: Action,
    enabled: bool,
    mode: Mode,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Flow {
    source: U32<BigEndian>,
    destination: U32<BigEndian>,
    source_port: U16<BigEndian>,
    destination_port: U16<BigEndian>,
    protocol: u8,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct OfSigned {
    a: i8,
    b: i16,
    c: i32,
    d: i64,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Either {
    word: u32,
    halves: [u16; 2],
}

// The slots of `values.bpf.c`.
const BOOL: usize = 0;
const U32_: usize = 1;
const BYTES: usize = 2;
const PAIRS: usize = 3;
const ONE_WORD: usize = 4;
const FOUR_BYTES: usize = 5;
const ATOMIC: usize = 6;
const ATOMIC_STRUCT: usize = 7;
const PADDED: usize = 8;
const ENUM: usize = 9;
const RULE: usize = 10;
const FLOW: usize = 11;
const F64: usize = 12;
const NONZERO: usize = 13;
const SIGNED: usize = 14;
const UNION: usize = 15;
const SLOT: usize = 64;

/// The object `values`, and a handle to the value in one of its slots.
struct Slot<L, T: MapValue> {
    loaded: L,
    key: usize,
    value: Var<T>,
}

impl<L: Loader, T: MapValue> Slot<L, T> {
    fn open(key: usize) -> Self {
        let loaded = L::load(objects::VALUES);
        let map = loaded.map("slots");
        let mapping = match key {
            // C has an integer for the float's bits, and three more bytes at the end of the flow
            // key.
            F64 | FLOW => Mapping::from_map_unchecked(map).unwrap(),
            _ => Mapping::from_map_checked(map).unwrap(),
        };
        let value = mapping.var(SLOT * key).unwrap();
        Self { loaded, key, value }
    }

    /// Whether the program finds the value that it expects in the slot.
    fn is_seen(&self) -> bool {
        self.loaded.run("check") & (1 << self.key) != 0
    }

    /// Has the program fill the slot.
    fn fill(&self) {
        assert_eq!(self.loaded.run("fill"), 0);
    }
}

/// Stores `from_rust`, which the program must see. Then loads what the program wrote, which must be
/// `from_bpf`.
fn goes_both_ways<L: Loader, T: Storable + Debug + PartialEq>(key: usize, from_rust: T, from_bpf: &T) {
    let slot = Slot::<L, T>::open(key);
    assert!(!slot.is_seen(), "the slot starts empty");
    slot.value.store(from_rust);
    assert!(slot.is_seen(), "the program sees the value");
    slot.fill();
    assert!(!slot.is_seen(), "the program has overwritten it");
    assert_eq!(slot.value.try_load().as_ref(), Ok(from_bpf));
}

#[test]
fn a_bool_goes_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, bool>(BOOL, true, &false);
}

#[test]
fn a_u32_goes_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, u32>(U32_, 0xdead_beef, &0xfeed_f00d);
}

#[test]
fn an_array_of_bytes_goes_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, [u8; 4]>(BYTES, [1, 2, 3, 4], &[0xca, 0xfe, 0xba, 0xbe]);
}

#[test]
fn an_array_of_structs_goes_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, [Pair; 2]>(
        PAIRS,
        [Pair { a: 1, b: 0x2_0000_0002 }, Pair { a: 3, b: 0x4_0000_0004 }],
        &[Pair { a: 5, b: 0x6_0000_0006 }, Pair { a: 7, b: 0x8_0000_0008 }],
    );
}

#[test]
fn a_struct_of_one_integer_goes_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, OneWord>(ONE_WORD, OneWord { word: 0x1111 }, &OneWord { word: 0x2222 });
}

#[test]
fn a_struct_of_one_array_goes_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, FourBytes>(FOUR_BYTES, FourBytes([9, 8, 7, 6]), &FourBytes([4, 3, 2, 1]));
}

#[test]
fn an_atomic_goes_both_ways() {
    kernel::require!();
    let slot = Slot::<Libbpf, AtomicU32>::open(ATOMIC);
    slot.value.store(AtomicU32::new(1336));
    assert!(!slot.is_seen());
    slot.value.as_ref().fetch_add(1, Ordering::Relaxed);
    assert!(slot.is_seen());
    slot.fill();
    assert_eq!(slot.value.as_ref().load(Ordering::Relaxed), 0x3333);
    assert_eq!(slot.value.load().into_inner(), 0x3333);
}

#[test]
fn an_atomic_in_a_struct_goes_both_ways() {
    kernel::require!();
    let slot = Slot::<Libbpf, AtomicWord>::open(ATOMIC_STRUCT);
    slot.value.word.store(1338);
    assert!(slot.is_seen());
    slot.fill();
    assert_eq!(slot.value.as_ref().word.load(Ordering::Relaxed), 0x4444);
    assert_eq!(slot.value.word.load(), 0x4444);
}

const PADDED_FROM_RUST: Padded = Padded { a: 0xa, b: 0xb_0000_000b, c: 0xc, d: [1, 2, 3, 4, 5], e: 0xe_0000_000e };
const PADDED_FROM_BPF: Padded =
    Padded { a: 0x1a, b: 0x1b_0000_001b, c: 0x1c, d: [11, 12, 13, 14, 15], e: 0x1e_0000_001e };

#[test]
fn a_struct_with_padding_goes_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, Padded>(PADDED, PADDED_FROM_RUST, &PADDED_FROM_BPF);
}

#[test]
fn a_struct_with_padding_goes_both_ways_with_aya() {
    kernel::require!();
    goes_both_ways::<Aya, Padded>(PADDED, PADDED_FROM_RUST, &PADDED_FROM_BPF);
}

#[test]
fn single_fields_go_both_ways() {
    kernel::require!();
    let slot = Slot::<Libbpf, Padded>::open(PADDED);
    slot.value.a.store(PADDED_FROM_RUST.a);
    slot.value.b.store(PADDED_FROM_RUST.b);
    slot.value.c.store(PADDED_FROM_RUST.c);
    for (cell, byte) in slot.value.d.iter().zip(PADDED_FROM_RUST.d) {
        assert!(!slot.is_seen(), "not all of the fields are stored yet");
        cell.store(byte);
    }
    slot.value.e.store(PADDED_FROM_RUST.e);
    assert!(slot.is_seen());
    let (d, e) = (slot.value.project(|padded| &padded.d), slot.value.project(|padded| &padded.e));
    slot.fill();
    assert_eq!((d.load(), e.load()), (PADDED_FROM_BPF.d, PADDED_FROM_BPF.e));
}

#[test]
fn padding_is_left_as_it_is() {
    kernel::require!();
    let slot = Slot::<Libbpf, Padded>::open(PADDED);
    let map = Map::of(slot.loaded.map("slots"));
    map.update(8, &[0x77; SLOT]);
    slot.value.store(PADDED_FROM_RUST);
    let bytes = map.lookup(8);
    for hole in [4..8, 23..24, 32..SLOT] {
        assert!(bytes[hole.clone()].iter().all(|byte| *byte == 0x77), "{hole:?} of {bytes:x?}");
    }
    assert_eq!(Padded::from_bytes(&bytes[..32]).unwrap(), PADDED_FROM_RUST);
}

#[test]
fn a_lookup_decodes_to_what_a_handle_loads_and_encoded_bytes_update_it() {
    kernel::require!();
    let slot = Slot::<Libbpf, Padded>::open(PADDED);
    let map = Map::of(slot.loaded.map("slots"));
    slot.fill();
    assert_eq!(Padded::from_bytes(&map.lookup(8)[..32]).unwrap(), slot.value.load());
    let mut bytes = PADDED_FROM_RUST.to_bytes();
    bytes.resize(SLOT, 0);
    map.update(8, &bytes);
    assert_eq!(slot.value.load(), PADDED_FROM_RUST);
    assert!(slot.is_seen());
}

#[test]
fn an_enum_goes_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, Mode>(ENUM, Mode::Drop, &Mode::Count);
    assert_eq!(Slot::<Libbpf, Mode>::open(ENUM).value.try_load(), Ok(Mode::Off), "zero to begin with");
}

#[test]
fn a_struct_with_enums_and_a_bool_goes_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, Rule>(
        RULE,
        Rule { port: 443, action: Action::Deny, enabled: true, mode: Mode::Count },
        &Rule { port: 53, action: Action::Pass, enabled: true, mode: Mode::Drop },
    );
}

#[test]
fn a_number_that_is_no_variant_is_an_error_that_tells_the_number_and_the_field() {
    kernel::require!();
    let mode = Slot::<Libbpf, Mode>::open(ENUM);
    mode.fill();
    assert_eq!(mode.loaded.run("fill_with_invalid"), 0);
    let invalid = mode.value.try_load().unwrap_err();
    assert_eq!((invalid.value(), invalid.type_name(), invalid.offset()), (3, "Mode", 0));
    mode.value.store(Mode::Off);
    assert_eq!(mode.value.try_load(), Ok(Mode::Off));

    let rule: Var<Rule> = mode.value.mapping().var(SLOT * RULE).unwrap();
    let invalid = rule.try_load().unwrap_err();
    assert_eq!((invalid.value(), invalid.offset()), (9, offset_of!(Rule, action)));
    assert_eq!(invalid.path(Rule::LAYOUT).to_string(), "Rule.action");
    assert_eq!(rule.port.load(), 53, "the other fields are reached all the same");
    assert_eq!(rule.mode.try_load(), Ok(Mode::Drop));
}

#[test]
fn a_flow_key_in_network_byte_order_goes_both_ways() {
    kernel::require!();
    let flow = |source: [u8; 4], destination: [u8; 4], source_port: u16, destination_port: u16, protocol| Flow {
        source: U32::from_bytes(source),
        destination: U32::from_bytes(destination),
        source_port: source_port.into(),
        destination_port: destination_port.into(),
        protocol,
    };
    goes_both_ways::<Libbpf, Flow>(
        FLOW,
        flow([10, 0, 0, 1], [192, 168, 1, 2], 51234, 443, 6),
        &flow([127, 0, 0, 1], [8, 8, 8, 8], 1024, 53, 17),
    );
}

#[test]
fn a_float_goes_both_ways_bit_by_bit() {
    kernel::require!();
    goes_both_ways::<Libbpf, f64>(F64, -2.5, &std::f64::consts::PI);
}

#[test]
fn an_optional_nonzero_goes_both_ways_and_zero_is_none() {
    kernel::require!();
    goes_both_ways::<Libbpf, Option<NonZeroU32>>(NONZERO, NonZeroU32::new(77), &None);
}

#[test]
fn signed_integers_go_both_ways() {
    kernel::require!();
    goes_both_ways::<Libbpf, OfSigned>(
        SIGNED,
        OfSigned { a: -1, b: -2, c: -3, d: -4 },
        &OfSigned { a: i8::MIN, b: i16::MIN, c: i32::MIN, d: -5_000_000_000 },
    );
}

#[test]
fn a_union_goes_both_ways() {
    kernel::require!();
    let slot = Slot::<Libbpf, Either>::open(UNION);
    slot.value.halves()[0].store(0xaaaa);
    assert!(!slot.is_seen());
    slot.value.halves()[1].store(0xbbbb);
    assert!(slot.is_seen());
    slot.fill();
    assert_eq!(slot.value.word().load(), 0xdddd_cccc);
    let halves = slot.value.halves().each_ref().map(Shared::load);
    assert_eq!(halves, if cfg!(target_endian = "little") { [0xcccc, 0xdddd] } else { [0xdddd, 0xcccc] });
}

#[test]
fn what_was_written_at_offset_8_is_what_a_lookup_of_key_1_returns() {
    kernel::require!();
    let map = Map::array(8, 4);
    let value: Var<u64> = Mapping::from_map(&map).unwrap().var(8).unwrap();
    value.store(0xf00d);
    assert_eq!(map.lookup(1), 0xf00d_u64.to_ne_bytes());
    for other in [0, 2, 3] {
        assert_eq!(map.lookup(other), [0; 8]);
    }
}

#[test]
fn an_update_by_a_system_call_is_seen_by_a_handle() {
    kernel::require!();
    let map = Map::array(8, 4);
    let mapping = Mapping::from_map(&map).unwrap();
    let value: Var<u64> = mapping.var(8).unwrap();
    let reader = value.read_only();
    map.update(1, &0xf00d_u64.to_ne_bytes());
    assert_eq!((value.load(), reader.load()), (0xf00d, 0xf00d));
    assert_eq!(mapping.var::<u64>(0).unwrap().load(), 0);
}

/// A counter, both as a value of its own and inside a struct.
#[derive(MapValue, Debug)]
#[repr(C)]
struct Counter {
    count: AtomicU64,
}

/// The same struct as in `counters.bpf.c`.
#[derive(MapValue, Debug)]
#[repr(C)]
struct Globals {
    count: AtomicU64,
    signal: AtomicU64,
}

/// Rust and a program count in `counters[1]` by turns.
fn counts_in_a_map<L: Loader>() {
    let loaded = L::load(objects::COUNTERS);
    let mapping = Mapping::from_map(loaded.map("counters")).unwrap();
    let counters: Array<Counter> = mapping.array().unwrap();
    counters[1].count.store(1337);
    assert_eq!(loaded.run("add_to_map"), 0);
    assert_eq!(counters[1].count.load(), 1338);
    let in_place = counters.var(1).unwrap();
    assert_eq!(in_place.as_ref().count.fetch_add(1, Ordering::Relaxed), 1338);
    assert_eq!(loaded.run("add_to_map"), 0);
    assert_eq!(in_place.as_ref().count.load(Ordering::Relaxed), 1340);
    // A program reads what Rust wrote.
    assert_eq!(loaded.run("copy_in_map"), 0);
    assert_eq!(counters.iter().map(|counter| counter.count.load()).collect::<Vec<_>>(), [0, 1340, 1340, 0]);
}

#[test]
fn a_programs_atomic_addition_takes_a_counter_in_a_map_from_1337_to_1338() {
    kernel::require!();
    counts_in_a_map::<Libbpf>();
}

#[test]
fn a_programs_atomic_addition_takes_a_counter_in_a_map_from_1337_to_1338_with_aya() {
    kernel::require!();
    counts_in_a_map::<Aya>();
}

#[test]
fn a_programs_atomic_addition_takes_a_global_counter_from_1337_to_1338() {
    kernel::require!();
    let loaded = Libbpf::load(objects::COUNTERS);
    let mapping = Mapping::from_map(loaded.map(".bss")).unwrap();
    let globals: Var<Globals> = mapping.var(0).unwrap();
    globals.as_ref().count.store(1337, Ordering::Relaxed);
    assert_eq!(loaded.run("add_to_global"), 0);
    assert_eq!(globals.as_ref().count.load(Ordering::Relaxed), 1338);
    assert_eq!(globals.count.load(), 1338);
    let alone: Var<AtomicU64> = mapping.var(offset_of!(Globals, count)).unwrap();
    assert_eq!(alone.as_ref().load(Ordering::Relaxed), 1338);
    assert_eq!(globals.signal.load(), 0, "and nothing else");
}

#[test]
fn a_global_that_rust_set_is_seen_by_the_program() {
    kernel::require!();
    let loaded = Libbpf::load(objects::COUNTERS);
    let globals: Var<Globals> = Mapping::from_map(loaded.map(".bss")).unwrap().var(0).unwrap();
    assert_eq!(loaded.run("count_is_the_answer"), 0);
    globals.count.store(4_242_424_242);
    assert_eq!(loaded.run("count_is_the_answer"), 1);
}

#[test]
fn the_last_byte_of_a_global_array_of_8192_is_reached_from_both_sides() {
    kernel::require!();
    let loaded = Libbpf::load(objects::COUNTERS);
    let mapping = Mapping::from_map(loaded.map(".bss.buffer")).unwrap();
    let buffer: Var<[u8; 8192]> = mapping.var(0).unwrap();
    buffer[8191].store(0x5a);
    assert_eq!(loaded.run("read_last_byte"), 0x5a);
    assert_eq!(loaded.run("write_last_byte"), 0);
    assert_eq!(buffer[8191].load(), 0xa5);
    assert_eq!(mapping.var::<u8>(8191).unwrap().load(), 0xa5);
    assert_eq!(buffer.load()[8190..], [0, 0xa5]);
    assert!(matches!(mapping.var::<u8>(8192), Err(PlaceError::OutOfRange { .. })));
}

#[test]
fn a_global_bool_that_holds_2_loads_as_true() {
    kernel::require!();
    let loaded = Libbpf::load(objects::COUNTERS);
    let flag: Var<bool> = Mapping::from_map(loaded.map(".bss.flag")).unwrap().var(0).unwrap();
    assert!(!flag.load());
    assert_eq!(loaded.run("set_flag_to_two"), 0);
    assert!(flag.load());
    assert_eq!(flag.try_load(), Ok(true));
    assert_eq!(flag.load_byte(), 2);
    // An exchange takes the byte 2 as `true`, and replaces it.
    assert_eq!(flag.compare_exchange(true, false), Ok(true));
    assert_eq!(loaded.run("read_flag"), 0);
    assert_eq!(loaded.run("set_flag_to_two"), 0);
    assert!(flag.swap(true));
    assert_eq!(loaded.run("read_flag"), 1, "Rust stores true as 1");
}

#[test]
fn a_misaligned_offset_is_an_error_that_carries_the_numbers() {
    kernel::require!();
    let mapping = Mapping::from_map(Map::array(8, 8)).unwrap();
    match mapping.var::<u32>(7) {
        Err(PlaceError::Misaligned { type_name: "u32", offset: 7, align: 4 }) => {}
        other => panic!("{other:?}"),
    }
    assert!(matches!(mapping.var::<Padded>(4), Err(PlaceError::Misaligned { offset: 4, align: 8, .. })));
    assert!(matches!(mapping.var::<Flow>(2), Err(PlaceError::Misaligned { offset: 2, align: 4, .. })));
    assert!(mapping.var::<u8>(7).is_ok() && mapping.var::<u32>(4).is_ok());
}

#[test]
fn a_value_past_the_end_is_an_error_that_carries_the_numbers() {
    kernel::require!();
    let mapping = Mapping::from_map(Map::array(8, 8)).unwrap();
    assert!(mapping.var::<u64>(56).is_ok());
    for offset in [64, 60, u32::MAX as usize - 7, usize::MAX - 7, usize::MAX] {
        match mapping.var::<u64>(offset) {
            Err(PlaceError::OutOfRange { offset: found, size: 8, len: 64 }) => assert_eq!(found, offset),
            other => panic!("{offset}: {other:?}"),
        }
    }
    assert!(matches!(mapping.var::<[u64; 9]>(0), Err(PlaceError::OutOfRange { size: 72, .. })));
    assert!(matches!(mapping.slice::<u64>(0, 9), Err(PlaceError::OutOfRange { size: 72, .. })));
    assert!(matches!(mapping.slice::<u64>(8, usize::MAX), Err(PlaceError::OutOfRange { .. })));
}

#[test]
fn elements_of_another_size_than_the_maps_values_are_an_error_that_names_both() {
    kernel::require!();
    let mapping = Mapping::from_map(Map::array(8, 8)).unwrap();
    for error in [mapping.array::<u32>().map(drop), mapping.array_ro::<u32>().map(drop)] {
        let error = error.unwrap_err();
        assert!(matches!(error, PlaceError::ValueSize { size: 4, value_size: 8, .. }), "{error:?}");
        assert_eq!(error.to_string(), "`u32` is 4 bytes long, but the values of map `plain` are 8 bytes long");
    }
    assert!(matches!(mapping.array::<[u64; 2]>(), Err(PlaceError::ValueSize { size: 16, value_size: 8, .. })));
}

#[test]
fn values_of_12_bytes_lie_every_16_where_a_lookup_finds_them() {
    kernel::require!();
    let map = Map::array(12, 3);
    let mapping = Mapping::from_map(&map).unwrap();
    let values: Array<[u32; 3]> = mapping.array().unwrap();
    assert_eq!((values.len(), values.stride()), (3, 16));
    values.store_from(&[[1, 2, 3], [4, 5, 6], [7, 8, 9]]).unwrap();
    assert_eq!(map.lookup(1), [4u32, 5, 6].map(u32::to_ne_bytes).concat());
    assert_eq!(map.lookup(2), [7u32, 8, 9].map(u32::to_ne_bytes).concat());
    map.update(2, &[10u32, 11, 12].map(u32::to_ne_bytes).concat());
    let mut all = [[0; 3]; 3];
    values.load_into(&mut all).unwrap();
    assert_eq!(all, [[1, 2, 3], [4, 5, 6], [10, 11, 12]]);
    assert_eq!(values.var(2).unwrap().load(), [10, 11, 12]);
    assert!(matches!(values.var(3), Err(PlaceError::IndexOutOfRange { index: 3, len: 3 })));
    assert!(values.get(3).is_none());
}

#[test]
fn a_value_that_reaches_into_the_padding_between_values_is_an_error() {
    kernel::require!();
    let mapping = Mapping::from_map(Map::array(12, 3)).unwrap();
    match mapping.var::<u64>(8) {
        Err(PlaceError::CrossesValue { offset: 8, size: 8, value_size: 12, stride: 16, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert!(matches!(mapping.var::<u32>(12), Err(PlaceError::CrossesValue { .. })), "all of it is padding");
    assert!(matches!(mapping.var::<[u32; 8]>(0), Err(PlaceError::CrossesValue { .. })));
    assert!(matches!(mapping.slice::<u32>(0, 4), Err(PlaceError::CrossesValue { .. })));
    assert!(mapping.var::<u32>(16 + 8).is_ok() && mapping.var::<[u32; 3]>(32).is_ok());
    // Where the values have no gaps between them, a handle may span several.
    let map = Map::array(8, 4);
    let both: Var<[u64; 2]> = Mapping::from_map(&map).unwrap().var(8).unwrap();
    both.store([1, 2]);
    assert_eq!((map.lookup(1), map.lookup(2)), (1u64.to_ne_bytes().to_vec(), 2u64.to_ne_bytes().to_vec()));
}

/// The same struct as in `quickstart.bpf.c` of the examples.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Stats {
    packets: u64,
    bytes: u64,
    by_proto: [u64; 256],
    mode: Verdict,
    live: bool,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Verdict {
    Count = 0,
    Drop = 1,
}

const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;
const TCP: u8 = 6;

/// The program of the quickstart counts a packet and obeys the mode.
fn quickstart_counts<L: Loader>() {
    let loaded = L::load(objects::QUICKSTART);
    let stats: Var<Stats> = Mapping::from_map(loaded.map("stats")).unwrap().var(0).unwrap();
    assert!(!stats.live.load());
    // A packet of Ethernet, IPv4 and TCP, and one that is not IPv4.
    let mut packet = [0u8; 64];
    packet[12..14].copy_from_slice(&0x0800_u16.to_be_bytes());
    packet[14 + 9] = TCP;
    assert_eq!(loaded.run_on("count_packets", &packet, 3), XDP_PASS);
    stats.mode.store(Verdict::Drop);
    packet[12..14].copy_from_slice(&0x86dd_u16.to_be_bytes());
    assert_eq!(loaded.run_on("count_packets", &packet, 1), XDP_DROP);
    let mut by_proto = [0; 256];
    by_proto[usize::from(TCP)] = 3;
    let expected = Stats { packets: 4, bytes: 4 * 64, by_proto, mode: Verdict::Drop, live: true };
    assert_eq!(stats.try_load(), Ok(expected));
    stats.mode.store(Verdict::Count);
    assert_eq!(loaded.run_on("count_packets", &packet, 1), XDP_PASS);
}

#[test]
fn the_quickstarts_program_counts_and_obeys_with_libbpf() {
    kernel::require!();
    quickstart_counts::<Libbpf>();
}

#[test]
fn the_quickstarts_program_counts_and_obeys_with_aya() {
    kernel::require!();
    quickstart_counts::<Aya>();
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[
        Pair::LAYOUT,
        OneWord::LAYOUT,
        FourBytes::LAYOUT,
        AtomicWord::LAYOUT,
        Padded::LAYOUT,
        Mode::LAYOUT,
        Action::LAYOUT,
        Rule::LAYOUT,
        Flow::LAYOUT,
        OfSigned::LAYOUT,
        Either::LAYOUT,
        Counter::LAYOUT,
        Globals::LAYOUT,
    ]);
}
