//! aya and libbpf-rs side by side: typed handles from a map of either in two lines, handles that
//! outlive the loader, and the same types in the loaders' own lookups.

use aya::maps::{Array as AyaArray, HashMap as AyaHashMap, Map as AyaMap, MapData};
use aya::programs::{SchedClassifier, TestRun, TestRunOptions};
use aya::{Ebpf, EbpfLoader};
use libbpf_rs::{MapCore, MapFlags, MapHandle, Object, ObjectBuilder, ProgramInput};
use mapvalue::bpf::{TypedMap, Update};
use mapvalue::{AnyArray, Arena, Array, Btf, DataSection, MapValue, Mapping, TypeCheck, ValueError, Var};
use mapvalue_tests::kernel::{self, objects};
use zerocopy::byteorder::{BigEndian, U32};

/// It has no padding, and all bit patterns are valid, so it can be a `Pod` of aya.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(aya)]
#[repr(C)]
struct Total {
    packets: u64,
    bytes: u64,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Socket {
    address: u32,
    port: u16,
    protocol: u8,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Verdict {
    Pass,
    Drop,
    Log = 7,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Flow {
    packets: u64,
    bytes: u64,
    verdict: Verdict,
    seen: bool,
}

const SOCKET: Socket = Socket { address: 0x0a00_0001, port: 443, protocol: 6 };
const PACKET: [u8; 14] = [0; 14];

/// Loads the maps of an object, but none of its programs.
fn open_aya(object: &[u8]) -> Ebpf {
    // Without the kernel's own BTF, which takes long to read and which no program here needs.
    EbpfLoader::new().btf(None).allow_unsupported_maps().load(object).unwrap()
}

fn load_aya(object: &[u8]) -> Ebpf {
    let mut loaded = open_aya(object);
    for (_, program) in loaded.programs_mut() {
        <&mut SchedClassifier>::try_from(program).unwrap().load().unwrap();
    }
    loaded
}

fn run_aya(loaded: &Ebpf, program: &str, times: u32) {
    let program = <&SchedClassifier>::try_from(loaded.program(program).unwrap()).unwrap();
    program.test_run(TestRunOptions { data_in: Some(&PACKET), repeat: times, ..TestRunOptions::new() }).unwrap();
}

fn aya_map<'a>(loaded: &'a Ebpf, name: &str) -> &'a MapData {
    match loaded.map(name).unwrap() {
        AyaMap::Array(map) | AyaMap::HashMap(map) | AyaMap::Unsupported(map) => map,
        map => panic!("{map:?}"),
    }
}

fn load_libbpf(object: &[u8]) -> Object {
    ObjectBuilder::default().open_memory(object).unwrap().load().unwrap()
}

fn run_libbpf(loaded: &Object, program: &str, times: u32) {
    let program = loaded.progs_mut().find(|found| found.name() == program).unwrap();
    program.test_run(ProgramInput { data_in: Some(&PACKET), repeat: times, ..ProgramInput::default() }).unwrap();
}

fn libbpf_map(loaded: &Object, name: &str) -> MapHandle {
    let mut maps = loaded.maps();
    MapHandle::try_from(&maps.find(|map| map.name().to_str().is_some_and(|found| found.ends_with(name))).unwrap())
        .unwrap()
}

#[test]
fn an_array_that_aya_loaded_is_typed_in_two_lines_and_outlives_it() {
    kernel::require!();
    let loaded = load_aya(objects::TABLES);
    let mapping = Mapping::from_map(aya_map(&loaded, "banks").fd()).unwrap();
    let banks: Array<Total> = mapping.array().unwrap();
    run_aya(&loaded, "count_packet", 3);
    drop((loaded, mapping));
    assert_eq!(std::thread::spawn(move || banks[1].packets.load()).join().unwrap(), 3);
}

#[test]
fn an_array_that_libbpf_loaded_is_typed_in_two_lines_and_outlives_it() {
    kernel::require!();
    let loaded = load_libbpf(objects::TABLES);
    let mapping = Mapping::from_map(libbpf_map(&loaded, "banks")).unwrap();
    let banks: Array<Total> = mapping.array().unwrap();
    run_libbpf(&loaded, "count_packet", 3);
    drop((loaded, mapping));
    assert_eq!(std::thread::spawn(move || banks[1].packets.load()).join().unwrap(), 3);
}

/// aya makes the maps of sections without `BPF_F_MMAPABLE` and without BTF. So the types come from
/// the object, and loads are system calls.
#[test]
fn globals_that_aya_loaded_are_found_by_name_in_two_lines_and_outlive_it() {
    kernel::require!();
    let loaded = load_aya(objects::TABLES);
    let btf = Btf::from_object(objects::TABLES).unwrap();
    let section = DataSection::from_map_with_btf(aya_map(&loaded, ".bss").fd(), &btf, ".bss").unwrap();
    let (runs, sum) = (section.any_var::<u64>("runs").unwrap(), section.any_var::<Total>("sum").unwrap());
    run_aya(&loaded, "count_packet", 3);
    drop((loaded, section, btf));
    assert_eq!((runs.is_mapped(), runs.load().unwrap(), sum.load().unwrap().packets), (false, 3, 3));
}

#[test]
fn globals_that_libbpf_loaded_are_found_by_name_in_two_lines_and_outlive_it() {
    kernel::require!();
    let loaded = load_libbpf(objects::TABLES);
    let section = DataSection::from_map(libbpf_map(&loaded, ".bss")).unwrap();
    let (runs, sum): (Var<u64>, Var<Total>) = (section.var("runs").unwrap(), section.var("sum").unwrap());
    run_libbpf(&loaded, "count_packet", 3);
    drop((loaded, section));
    assert_eq!((runs.load(), sum.packets.load()), (3, 3));
}

/// The arena has to be mapped before the programs are loaded.
#[test]
fn an_arena_that_aya_made_is_typed_in_two_lines_and_outlives_it() {
    kernel::require!(ARENA);
    let loaded = open_aya(objects::ARENA_BARE);
    let arena = Arena::from_map(aya_map(&loaded, "arena").fd()).unwrap();
    let value: Var<u64> = arena.var(arena.at(64)).unwrap();
    drop((loaded, arena));
    value.store(7);
    assert_eq!(value.load(), 7);
}

/// libbpf maps arenas itself, so it gets one of ours.
#[test]
fn an_arena_that_libbpf_uses_is_typed_in_two_lines_and_outlives_it() {
    kernel::require!(ARENA);
    let arena = Arena::create(16, mapvalue::ArenaFlags::default()).unwrap();
    let value: Var<u64> = arena.var(arena.at(64)).unwrap();
    let mut open = ObjectBuilder::default().open_memory(objects::ARENA_BARE).unwrap();
    open.maps_mut().find(|map| map.name() == "arena").unwrap().reuse_fd(arena.fd().unwrap()).unwrap();
    let loaded = open.load().unwrap();
    drop((loaded, arena));
    value.store(7);
    assert_eq!(value.load(), 7);
}

#[test]
fn the_derived_pod_is_a_value_of_ayas_maps() {
    kernel::require!();
    let mut loaded = load_aya(objects::TABLES);
    let total = Total { packets: 41, bytes: 7 };
    let mut totals: AyaHashMap<_, u32, Total> = loaded.map_mut("totals").unwrap().try_into().unwrap();
    totals.insert(1, total, 0).unwrap();
    run_aya(&loaded, "count_packet", 1);
    let totals: AyaHashMap<_, u32, Total> = loaded.map("totals").unwrap().try_into().unwrap();
    assert_eq!(totals.get(&1, 0).unwrap(), Total { packets: 42, bytes: 7 });
    // The same map and the same type in a map of ours.
    let ours: TypedMap<u32, Total> = TypedMap::from_map(aya_map(&loaded, "totals").fd()).unwrap();
    assert_eq!(ours.lookup(&1).unwrap(), Some(Total { packets: 42, bytes: 7 }));
    let banks: AyaArray<_, Total> = loaded.map("banks").unwrap().try_into().unwrap();
    assert_eq!(banks.get(&1, 0).unwrap().packets, 1);
}

/// A type with a hole, a `bool` or an enum cannot be a `Pod`. It goes as bytes, which aya hands out
/// as well, or by a typed map.
#[test]
fn what_is_no_pod_goes_by_a_typed_map_with_either_loader() {
    kernel::require!();
    let flow = Flow { packets: 2, bytes: 28, verdict: Verdict::Log, seen: true };
    let aya = load_aya(objects::TABLES);
    run_aya(&aya, "count_packet", 2);
    let sockets: TypedMap<Socket, Flow> = TypedMap::from_map(aya_map(&aya, "sockets").fd()).unwrap();
    let rates: AnyArray<Flow> = AnyArray::from_map(aya_map(&aya, "rates").fd()).unwrap();
    drop(aya);
    assert_eq!((sockets.type_check(), rates.type_check()), (TypeCheck::Matches, TypeCheck::Matches));
    assert_eq!((sockets.lookup(&SOCKET).unwrap(), rates.load(2).unwrap().packets), (Some(flow), 2));

    let libbpf = load_libbpf(objects::TABLES);
    run_libbpf(&libbpf, "count_packet", 2);
    let sockets: TypedMap<Socket, Flow> = TypedMap::from_map(libbpf_map(&libbpf, "sockets")).unwrap();
    let rates: AnyArray<Flow> = AnyArray::from_map(libbpf_map(&libbpf, "rates")).unwrap();
    drop(libbpf);
    assert_eq!((sockets.lookup(&SOCKET).unwrap(), rates.load(2).unwrap().packets), (Some(flow), 2));
    assert_eq!((sockets.type_check(), rates.type_check()), (TypeCheck::Matches, TypeCheck::Matches));
}

#[test]
fn what_libbpf_looks_up_is_decoded_and_what_it_updates_is_encoded() {
    kernel::require!();
    let loaded = load_libbpf(objects::TABLES);
    run_libbpf(&loaded, "count_packet", 2);
    let sockets = libbpf_map(&loaded, "sockets");
    let bytes = sockets.lookup(&SOCKET.to_bytes(), MapFlags::ANY).unwrap().unwrap();
    let flow = Flow::from_bytes(&bytes).unwrap();
    assert_eq!(flow, Flow { packets: 2, bytes: 28, verdict: Verdict::Log, seen: true });
    let changed = Flow { verdict: Verdict::Drop, ..flow };
    sockets.update(&SOCKET.to_bytes(), &changed.to_bytes(), MapFlags::EXIST).unwrap();
    assert_eq!(TypedMap::<Socket, Flow>::from_map(&sockets).unwrap().lookup(&SOCKET).unwrap(), Some(changed));
    run_libbpf(&loaded, "spoil_verdict", 1);
    let bytes = libbpf_map(&loaded, "rates").lookup(&2u32.to_bytes(), MapFlags::ANY).unwrap().unwrap();
    let error = Flow::from_bytes(&bytes).unwrap_err();
    assert!(matches!(error, ValueError::InvalidValue(invalid) if invalid.value() == 5), "{error:?}");
}

/// A `Pod` of aya that is nothing but its bytes, in network byte order.
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[map_value(aya)]
#[repr(transparent)]
struct Address(U32<BigEndian>);

#[test]
fn a_key_of_another_byte_order_is_a_pod_too() {
    kernel::require!();
    let mut loaded = load_aya(objects::TABLES);
    let mut totals: AyaHashMap<_, Address, Total> = loaded.map_mut("totals").unwrap().try_into().unwrap();
    totals.insert(Address(U32::new(0x0a00_0001)), Total { packets: 1, bytes: 1 }, 0).unwrap();
    let ours: TypedMap<u32, Total> = TypedMap::from_map(aya_map(&loaded, "totals").fd()).unwrap();
    assert_eq!(ours.keys().map(Result::unwrap).collect::<Vec<_>>(), [0x0a00_0001u32.to_be()]);
    ours.update(&0x0a00_0002u32.to_be(), &Total::default(), Update::IfAbsent).unwrap();
    let totals: AyaHashMap<_, Address, Total> = loaded.map("totals").unwrap().try_into().unwrap();
    assert_eq!(totals.get(&Address(U32::new(0x0a00_0002)), 0).unwrap(), Total::default());
}
