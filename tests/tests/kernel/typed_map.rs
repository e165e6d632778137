//! Keys and values by system calls: what programs keep in hash tables, tries and unmapped arrays,
//! as typed values with the same errors as mapped ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use libbpf_rs::MapCore;
use mapvalue::bpf::{self, TypedMap, Update};
use mapvalue::{AnyArray, BtfError, ElementError, MapError, MapValue, PlaceError, ReadOnlyReason, TypeCheck};
use mapvalue_tests::feature::{Version, running};
use mapvalue_tests::kernel::{self, Libbpf, Loader, Map, child, flags, map_type, objects};

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
struct Total {
    packets: u64,
    bytes: u64,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Route {
    bits: u32,
    address: [u8; 4],
}

const SOCKET: Socket = Socket { address: 0x0a00_0001, port: 443, protocol: 6 };

fn flow(packets: u64, verdict: Verdict) -> Flow {
    Flow { packets, bytes: 14 * packets, verdict, seen: true }
}

fn hash<V: MapValue>(entries: u32) -> (Map, TypedMap<u32, V>) {
    let size = u32::try_from(size_of::<V>()).unwrap();
    let map = Map::create(map_type::HASH, 0, size, entries, "table");
    let typed = TypedMap::from_map(&map).unwrap();
    (map, typed)
}

/// An array that cannot be mapped.
fn plain_array(entries: u32) -> Map {
    Map::create(map_type::ARRAY, 0, 8, entries, "plain")
}

#[test]
fn what_a_program_inserts_is_looked_up_and_what_is_updated_the_program_sees() {
    kernel::require!();
    let loaded = Libbpf::load(objects::TABLES);
    let sockets: TypedMap<Socket, Flow> = TypedMap::from_map(loaded.map("sockets")).unwrap();
    assert_eq!(sockets.lookup(&SOCKET).unwrap(), None);
    assert_eq!(loaded.run("verdict"), 100);
    loaded.run_repeatedly("count_packet", 3);
    assert_eq!(sockets.lookup(&SOCKET).unwrap(), Some(flow(3, Verdict::Log)));
    sockets.update(&SOCKET, &flow(9, Verdict::Drop), Update::IfPresent).unwrap();
    assert_eq!(loaded.run("verdict"), Verdict::Drop as u32);
    loaded.run("count_packet");
    assert_eq!(sockets.lookup(&SOCKET).unwrap().unwrap().packets, 10);
    assert_eq!((sockets.remove(&SOCKET).unwrap(), sockets.remove(&SOCKET).unwrap()), (true, false));
    assert_eq!(loaded.run("verdict"), 100);
    assert_eq!(sockets.type_check(), TypeCheck::Matches);
    assert_eq!((sockets.name(), sockets.max_entries(), sockets.map_type().name()), ("sockets", 64, "hash"));
}

/// The key of the test above has a hole. The program has zeroed it, so the key is found whatever
/// ours has there.
#[test]
fn the_padding_of_keys_is_zeroed() {
    kernel::require!();
    let loaded = Libbpf::load(objects::TABLES);
    let map = loaded.map("sockets");
    let typed: TypedMap<Socket, Flow> = TypedMap::from_map(&map).unwrap();
    typed.update(&SOCKET, &flow(1, Verdict::Pass), Update::Always).unwrap();
    let mut key = SOCKET.to_bytes();
    assert_eq!(key[7], 0);
    let value = bpf::lookup_bytes(&map, &key).unwrap().expect("the key with a hole of zeros");
    assert_eq!((Flow::from_bytes(&value).unwrap(), &value[21..]), (flow(1, Verdict::Pass), &[0, 0, 0][..]));
    key[7] = 1;
    assert_eq!(bpf::lookup_bytes(&map, &key).unwrap(), None, "another key to the kernel");
}

#[test]
fn tries_and_lru_tables_are_maps_like_others() {
    kernel::require!();
    let loaded = Libbpf::load(objects::TABLES);
    let routes: TypedMap<Route, u32> = TypedMap::from_map(loaded.map("routes")).unwrap();
    let recent: TypedMap<u32, Total> = TypedMap::from_map(loaded.map("recent")).unwrap();
    assert_eq!(loaded.run("look"), 100);
    routes.update(&Route { bits: 8, address: [10, 0, 0, 0] }, &1, Update::Always).unwrap();
    routes.update(&Route { bits: 24, address: [10, 0, 0, 0] }, &2, Update::Always).unwrap();
    recent.update(&1, &Total::default(), Update::IfAbsent).unwrap();
    assert_eq!(loaded.run("look"), 1002);
    assert_eq!(routes.lookup(&Route { bits: 32, address: [10, 9, 9, 9] }).unwrap(), Some(1), "the longest prefix");
    let mut bits: Vec<(u32, u32)> =
        routes.entries().map(Result::unwrap).map(|(key, value)| (key.bits, value)).collect();
    bits.sort_unstable();
    assert_eq!(bits, [(8, 1), (24, 2)]);
    assert_eq!(routes.keys().count(), 2);
}

#[test]
fn what_a_program_stored_that_is_no_variant_is_an_error_of_that_entry_alone() {
    kernel::require!();
    let loaded = Libbpf::load(objects::TABLES);
    loaded.run("spoil_verdict");
    let rates: TypedMap<u32, Flow> = TypedMap::from_map(loaded.map("rates")).unwrap();
    let mapped_error = Flow::from_bytes(&bpf::lookup_bytes(loaded.map("rates"), &2u32.to_ne_bytes()).unwrap().unwrap());
    let error = rates.lookup(&2).unwrap_err();
    assert_eq!(error.to_string(), mapped_error.unwrap_err().to_string());
    assert_eq!(error.to_string(), "5 at offset 16 (`Flow.verdict`) is not a variant of `Verdict`");
    let entries: Vec<_> = rates.entries().collect();
    assert_eq!(entries.len(), 4);
    assert!(entries.iter().enumerate().all(|(i, entry)| entry.is_err() == (i == 2)), "{entries:?}");
}

#[test]
fn updates_are_for_the_keys_that_they_say() {
    kernel::require!();
    let (_map, table) = hash::<u64>(2);
    assert!(matches!(table.update(&1, &1, Update::IfPresent), Err(ElementError::NoSuchKey { .. })));
    table.update(&1, &1, Update::IfAbsent).unwrap();
    let error = table.update(&1, &2, Update::IfAbsent).unwrap_err();
    assert!(matches!(error, ElementError::KeyExists { .. }), "{error:?}");
    assert_eq!(table.lookup(&1).unwrap(), Some(1), "nothing is changed");
    table.update(&1, &3, Update::IfPresent).unwrap();
    table.update(&2, &4, Update::Always).unwrap();
    let error = table.update(&3, &5, Update::Always).unwrap_err();
    assert!(matches!(error, ElementError::Full { max_entries: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("map `table` is full: it has room for 2 entries"), "{error}");
    assert_eq!(
        (table.lookup(&1).unwrap(), table.lookup(&2).unwrap(), table.lookup(&3).unwrap()),
        (Some(3), Some(4), None)
    );
}

#[test]
fn an_array_is_a_map_from_its_indices() {
    kernel::require!();
    let map = plain_array(3);
    let array: TypedMap<u32, u64> = TypedMap::from_map(&map).unwrap();
    array.update(&2, &22, Update::Always).unwrap();
    assert_eq!(map.lookup(2), 22u64.to_ne_bytes());
    assert_eq!((array.lookup(&2).unwrap(), array.lookup(&3).unwrap()), (Some(22), None));
    let error = array.update(&3, &1, Update::Always).unwrap_err();
    assert!(matches!(error, ElementError::Place(PlaceError::IndexOutOfRange { index: 3, len: 3 })), "{error:?}");
    assert!(matches!(array.update(&0, &1, Update::IfAbsent), Err(ElementError::KeyExists { .. })));
    let error = array.remove(&0).unwrap_err();
    assert!(matches!(error, ElementError::NotRemovable { .. }), "{error:?}");
    assert_eq!(array.keys().map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(array.entries().map(Result::unwrap).collect::<Vec<_>>(), [(0, 0), (1, 0), (2, 22)]);
}

#[test]
fn sizes_that_are_not_the_maps_are_refused_with_both_numbers() {
    kernel::require!();
    let (map, _) = hash::<u64>(1);
    let error = TypedMap::<u64, u64>::from_map(&map).unwrap_err();
    assert_eq!(error.to_string(), "`u64` is 8 bytes long, but the keys of map `table` are 4 bytes long");
    let error = TypedMap::<u32, u32>::from_map(&map).unwrap_err();
    assert_eq!(error.to_string(), "`u32` is 4 bytes long, but the values of map `table` are 8 bytes long");
    assert!(matches!(
        bpf::lookup_bytes(&map, &[0; 3]),
        Err(ElementError::Place(PlaceError::KeySize { size: 3, key_size: 4, .. }))
    ));
    assert!(matches!(bpf::lookup_bytes(&map, &[]), Err(ElementError::Place(PlaceError::KeySize { size: 0, .. }))));
}

#[test]
fn a_layout_that_is_not_the_maps_is_refused_by_the_name_of_the_field() {
    #[derive(MapValue)]
    #[repr(C)]
    struct Drifted {
        packets: u64,
        octets: u64,
    }
    #[derive(MapValue)]
    #[repr(C)]
    struct DriftedKey {
        address: u32,
        protocol: u8,
        port: u16,
    }
    kernel::require!();
    let loaded = Libbpf::load(objects::TABLES);
    let error = TypedMap::<u32, Drifted>::from_map(loaded.map("totals")).unwrap_err();
    assert!(matches!(error, ElementError::Btf(BtfError::LayoutMismatch(_))), "{error:?}");
    assert!(error.to_string().contains("Drifted.octets"), "{error}");
    let error = TypedMap::<DriftedKey, Flow>::from_map(loaded.map("sockets")).unwrap_err();
    assert!(error.to_string().contains("DriftedKey.protocol: offset 4 in Rust, 6 in BTF"), "{error}");
    // Where the map has no types, only the sizes are checked.
    let map = Map::create(map_type::HASH, 0, 16, 1, "untyped");
    let typed = TypedMap::<u32, Drifted>::from_map(&map).unwrap();
    assert_eq!((typed.type_check(), typed.type_check().is_match()), (TypeCheck::Untyped, false));
}

#[test]
fn maps_whose_values_are_not_looked_up_are_refused_by_their_type() {
    kernel::require!();
    // The kernel does look up keys in the last four types, so their errors do not call a lookup
    // impossible.
    for (map_type, value_size, entries, name, instead) in [
        (map_type::RINGBUF, 0, 4096, "ringbuf (27)", "records in order"),
        (map_type::QUEUE, 8, 1, "queue (22)", "`bpf::Queue`"),
        (map_type::STACK, 8, 1, "stack (23)", "`bpf::Queue`"),
        (map_type::BLOOM_FILTER, 8, 1, "bloom_filter (30)", "whether a value is in it"),
        (map_type::PROG_ARRAY, 4, 1, "prog_array (3)", "the id of a program"),
        (map_type::DEVMAP, 4, 1, "devmap (14)", "where the kernel sends packets"),
        (map_type::CPUMAP, 4, 1, "cpumap (16)", "where the kernel sends packets"),
        (map_type::STACK_TRACE, 8, 1, "stack_trace (7)", "this crate does not look up"),
    ] {
        if map_type == map_type::BLOOM_FILTER && running() < Version(5, 16) {
            continue;
        }
        let map = Map::create(map_type, 0, value_size, entries, "other");
        let error = TypedMap::<u32, u32>::from_map(&map).unwrap_err();
        assert!(matches!(error, ElementError::Map(MapError::NoLookups { .. })), "{error:?}");
        for part in [name, instead, "percpu_hash, lru_percpu_hash"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        assert!(matches!(bpf::lookup_bytes(&map, &[0; 4]), Err(ElementError::Map(MapError::NoLookups { .. }))));
    }
    let error = TypedMap::<u32, Total>::from_map(Libbpf::load(objects::TABLES).map("per_cpu")).unwrap_err();
    assert!(matches!(error, ElementError::PerCpuValues { .. }), "{error:?}");
    assert!(error.to_string().contains("percpu_array (6)"), "{error}");
    let null = std::fs::File::open("/dev/null").unwrap();
    assert!(matches!(TypedMap::<u32, u32>::from_map(&null), Err(ElementError::Map(MapError::NotAMap { .. }))));
}

#[test]
fn the_bytes_of_all_cpus_are_looked_up_at_once() {
    kernel::require!();
    let loaded = Libbpf::load(objects::TABLES);
    let map = loaded.map("per_cpu");
    loaded.run_repeatedly("count_packet", 5);
    let bytes = bpf::lookup_bytes(&map, &1u32.to_ne_bytes()).unwrap().unwrap();
    let cpus = libbpf_rs::num_possible_cpus().unwrap();
    assert_eq!(bytes.len(), 16 * cpus);
    let packets: u64 = bytes.chunks(16).map(|cpu| Total::from_bytes(cpu).unwrap().packets).sum();
    assert_eq!(packets, 5);
    assert_eq!(bpf::lookup_bytes(&map, &2u32.to_ne_bytes()).unwrap(), None, "past the end");
    // And back: each CPU gets a value of its own.
    let values: Vec<u8> =
        (0..cpus as u64).flat_map(|cpu| Total { packets: 100 * cpu, bytes: cpu }.to_bytes()).collect();
    bpf::update_bytes(&map, &1u32.to_ne_bytes(), &values, Update::Always).unwrap();
    assert_eq!(bpf::lookup_bytes(&map, &1u32.to_ne_bytes()).unwrap().unwrap(), values);
    assert_eq!(map.lookup_percpu(&1u32.to_ne_bytes(), libbpf_rs::MapFlags::ANY).unwrap().unwrap().concat(), values);
    let error = bpf::update_bytes(&map, &1u32.to_ne_bytes(), &values[1..], Update::Always).unwrap_err();
    assert!(
        matches!(error, ElementError::Place(PlaceError::ValueSize { size, value_size, .. }) if size + 1 == value_size),
        "{error:?}"
    );
    let error = bpf::update_bytes(&map, &2u32.to_ne_bytes(), &values, Update::Always).unwrap_err();
    assert!(matches!(error, ElementError::Place(PlaceError::IndexOutOfRange { index: 2, len: 2 })), "{error:?}");
    // Each value takes a multiple of 8 bytes.
    let narrow = Map::create(map_type::PERCPU_ARRAY, 0, 4, 1, "narrow");
    assert_eq!(bpf::lookup_bytes(&narrow, &[0; 4]).unwrap().unwrap().len(), 8 * cpus);
}

#[test]
fn frozen_maps_and_restricted_descriptors_are_refused_what_they_refuse() {
    kernel::require!();
    let reason = |error| match error {
        ElementError::NotWritable { reason, .. } => reason,
        error => panic!("{error:?}"),
    };
    let map = plain_array(1);
    map.update(0, &7u64.to_ne_bytes());
    let reading: TypedMap<u32, u64> = TypedMap::from_map(map.reopen(flags::RDONLY)).unwrap();
    assert_eq!(reading.lookup(&0).unwrap(), Some(7));
    assert_eq!(reading.entries().count(), 1);
    assert_eq!(reason(reading.update(&0, &1, Update::Always).unwrap_err()), ReadOnlyReason::Descriptor);
    let Err(ElementError::BatchStopped { done: 0, len: 1, error }) = reading.update_batch(&[(0, 1)]) else {
        panic!("it may not")
    };
    assert_eq!(reason(*error), ReadOnlyReason::Descriptor);

    let writing: TypedMap<u32, u64> = TypedMap::from_map(map.reopen(flags::WRONLY)).unwrap();
    writing.update(&0, &8, Update::Always).unwrap();
    assert_eq!(map.lookup(0), 8u64.to_ne_bytes());
    assert!(matches!(writing.lookup(&0), Err(ElementError::Map(MapError::WriteOnlyDescriptor { .. }))));
    assert!(matches!(writing.keys().next(), Some(Err(ElementError::Map(MapError::WriteOnlyDescriptor { .. })))));
    let mut entries = writing.entries();
    assert!(matches!(entries.next(), Some(Err(ElementError::Map(MapError::WriteOnlyDescriptor { .. })))));
    assert!(entries.next().is_none(), "an error is the end");

    let (hash, _) = hash::<u64>(1);
    let reading: TypedMap<u32, u64> = TypedMap::from_map(hash.reopen(flags::RDONLY)).unwrap();
    assert_eq!(reason(reading.remove(&0).unwrap_err()), ReadOnlyReason::Descriptor);
    drop((reading, writing));

    map.freeze().unwrap();
    let frozen: TypedMap<u32, u64> = TypedMap::from_map(&map).unwrap();
    assert_eq!(reason(frozen.update(&0, &1, Update::Always).unwrap_err()), ReadOnlyReason::Frozen);
    assert_eq!(frozen.lookup(&0).unwrap(), Some(8));
}

/// Many entries, which take several batches.
#[test]
fn all_entries_are_met_once_and_batches_are_updated_in_order() {
    kernel::require!();
    let (_map, table) = hash::<Total>(20_000);
    let entries: Vec<(u32, Total)> = (0..20_000).map(|i| (i * 7, Total { packets: i.into(), bytes: 1 })).collect();
    table.update_batch(&entries).unwrap();
    let found: BTreeMap<u32, u64> =
        table.entries().map(|entry| entry.map(|(key, value)| (key, value.packets))).collect::<Result<_, _>>().unwrap();
    assert_eq!(table.entries().count(), 20_000, "none twice");
    assert!(found.into_iter().eq(entries.iter().map(|(key, value)| (*key, value.packets))));
    assert_eq!(table.keys().map(Result::unwrap).collect::<BTreeSet<u32>>().len(), 20_000);
    // One entry more than fits: the entries before it are inserted.
    for (key, _) in &entries[..5] {
        assert!(table.remove(key).unwrap());
    }
    let more: Vec<(u32, Total)> = (0..9).map(|i| (1 + 7 * i, Total::default())).collect();
    let error = table.update_batch(&more).unwrap_err();
    let ElementError::BatchStopped { done, len: 9, error } = &error else { panic!("{error:?}") };
    assert!(matches!(**error, ElementError::Full { .. }), "{error:?}");
    // A preallocated table has a few spare elements, one for each CPU.
    let there = more.iter().filter(|(key, _)| table.lookup(key).unwrap().is_some()).count();
    assert_eq!(there, *done);
    assert!(*done >= 5, "{done}");
    table.update_batch(&[]).unwrap();
}

static LARGE: [u8; 60_000] = [1; 60_000];

/// Entries that share a bucket come in one piece, and a batch must have room for them. A table of
/// one bucket is one such piece.
#[test]
fn a_table_without_entries_and_one_of_one_bucket_are_walked() {
    kernel::require!();
    let (_map, table) = hash::<u64>(1);
    assert_eq!((table.keys().count(), table.entries().count()), (0, 0));
    table.update(&9, &1, Update::Always).unwrap();
    assert_eq!(table.entries().map(Result::unwrap).collect::<Vec<_>>(), [(9, 1)]);
    // Values so large that a batch has room for one, in a table with buckets of two entries and
    // more.
    let map = Map::create(map_type::HASH, 0, 60_000, 64, "large");
    let table: TypedMap<u32, [u8; 60_000]> = TypedMap::from_map(&map).unwrap();
    for key in 0..64 {
        table.update(&key, &LARGE, Update::Always).unwrap();
    }
    assert_eq!(table.entries().map(|entry| entry.unwrap().0).collect::<BTreeSet<u32>>().len(), 64);
}

/// The commands of `bpf(2)` for batches.
const LOOKUP_BATCH: u32 = 24;
const TAKE_BATCH: u32 = 25;
const UPDATE_BATCH: u32 = 26;
/// The command that looks up and removes one key.
const TAKE: u32 = 21;

/// Runs `then` in a child where the kernel answers `errno` to the batch commands.
fn without_batches(test: impl Fn(), errno: i32, then: impl FnOnce()) {
    let (map, _) = hash::<u64>(1);
    if child::passed().is_none() {
        return child::run(test, &map);
    }
    for command in [LOOKUP_BATCH, TAKE_BATCH, UPDATE_BATCH, TAKE] {
        child::refuse(libc::SYS_bpf, 0, command, errno);
    }
    then();
    child::done();
}

fn assert_works_one_by_one() {
    let (map, table) = hash::<u64>(100);
    let entries: Vec<(u32, u64)> = (0..100).map(|i| (i, 2 * u64::from(i))).collect();
    table.update_batch(&entries).unwrap();
    let found: BTreeMap<u32, u64> = table.entries().map(Result::unwrap).collect();
    assert!(found.into_iter().eq(entries));
    let Err(ElementError::BatchStopped { done: 1, len: 3, error }) = table.update_batch(&[(5, 5), (100, 0), (6, 6)])
    else {
        panic!("it is full")
    };
    assert!(matches!(*error, ElementError::Full { .. }), "{error:?}");
    assert_eq!((map.lookup(5), map.lookup(6)), (5u64.to_ne_bytes().into(), 12u64.to_ne_bytes().into()));
    assert_eq!((table.take(&5).unwrap(), table.take(&5).unwrap()), (Some(5), None));
    assert_eq!(table.retain(|key, _| key % 3 == 0).unwrap(), 65);
    let drained: BTreeSet<u32> = table.drain().map(|entry| entry.unwrap().0).collect();
    assert!(drained.into_iter().eq((0..100).step_by(3)));
    assert_eq!(table.keys().count(), 0);
    let array: AnyArray<u64> = AnyArray::from_map(plain_array(3)).unwrap();
    array.store_from(&[7, 8, 9]).unwrap();
    let mut out = [0; 3];
    array.load_into(&mut out).unwrap();
    assert_eq!(out, [7, 8, 9]);
}

#[test]
fn a_kernel_before_batches_is_asked_one_by_one() {
    kernel::require!();
    without_batches(a_kernel_before_batches_is_asked_one_by_one, libc::EINVAL, assert_works_one_by_one);
}

#[test]
fn a_kernel_without_batches_for_the_type_of_map_is_asked_one_by_one() {
    kernel::require!();
    without_batches(a_kernel_without_batches_for_the_type_of_map_is_asked_one_by_one, 524, assert_works_one_by_one);
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Walks a table in which another thread inserts and removes keys all the time. Each walk ends, and
/// shows only keys that were there. Calls `then` with the keys of each walk.
fn walk_beside_a_writer(mut then: impl FnMut(Result<Vec<u32>, ElementError>)) {
    let (_map, table) = hash::<u64>(64);
    for key in 0..16 {
        table.update(&key, &u64::from(key), Update::Always).unwrap();
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Stops the writer also when an assertion fails.
        let _stop = StopOnDrop(&stop);
        scope.spawn(|| {
            let mut key = 1000u32;
            while !stop.load(Ordering::Relaxed) {
                table.update(&key, &u64::from(key), Update::Always).unwrap();
                table.remove(&key).unwrap();
                key += 1;
            }
        });
        for _ in 0..3000 {
            let keys = table.keys().take_while(Result::is_ok).count();
            assert!(keys <= 2 * 64 + 64, "{keys}");
            let entries: Result<Vec<(u32, u64)>, ElementError> = table.entries().collect();
            then(entries.map(|entries| {
                // The kernel may use the memory of a removed entry for another key while it copies.
                let were_there = |(key, value): &(u32, u64)| {
                    if *key < 16 { u64::from(*key) == *value } else { *key >= 1000 && *value >= 1000 }
                };
                assert!(entries.iter().all(were_there), "{entries:?}");
                entries.into_iter().map(|(key, _)| key).collect()
            }));
        }
    });
}

/// In batches, a walk misses no entry that was there all the time.
#[test]
fn walks_end_beside_a_writer() {
    kernel::require!();
    walk_beside_a_writer(|keys| {
        let stayed: BTreeSet<u32> = keys.unwrap().into_iter().filter(|key| *key < 16).collect();
        assert_eq!(stayed.len(), 16);
    });
}

/// Without batches, a key may be gone when its value is looked up. The walk then leaves it out.
#[test]
fn walks_without_batches_end_beside_a_writer() {
    kernel::require!();
    without_batches(walks_without_batches_end_beside_a_writer, libc::EINVAL, || {
        walk_beside_a_writer(|keys| assert!(matches!(keys, Ok(_) | Err(ElementError::Changing { .. })), "{keys:?}"));
    });
}

/// A walk starts again if its key is removed before it asks for the next one. A count of steps
/// keeps it from going on for ever.
#[test]
fn a_walk_that_begins_anew_again_and_again_is_given_up() {
    kernel::require!();
    let (_map, table) = hash::<u64>(4);
    for key in 0..3 {
        table.update(&key, &0, Update::Always).unwrap();
    }
    let (mut keys, mut removed, mut steps) = (table.keys(), None, 0);
    let error = loop {
        match keys.next().expect("it begins anew") {
            Ok(key) => {
                if let Some(before) = removed.replace(key) {
                    table.update(&before, &0, Update::Always).unwrap();
                }
                table.remove(&key).unwrap();
                steps += 1;
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ElementError::Changing { steps: 72, .. }), "{error:?}");
    assert_eq!(steps, 72);
    assert!(keys.next().is_none(), "that is the end");
}
