//! Maps with a value for each CPU, keys with a union, and entries that are taken out of a map: what
//! an agent that counts flows does.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mapvalue::bpf::{self, TypedMap, Update};
use mapvalue::{
    ElementError, MapError, MapValue, PerCpu, PerCpuError, PlaceError, ReadOnlyReason, TypeCheck, ValueError, Whole,
    possible_cpus,
};
use mapvalue_tests::kernel::{self, Libbpf, Loader, Map, cpu, flags, map_type, objects};

// The types of `flows.bpf.c`.

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: u32,
    v6: [u8; 16],
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
struct FlowKey {
    from: Whole<Address>,
    to: Whole<Address>,
    port: u16,
    family: u8,
}

#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
struct Counts {
    packets: u32,
    bytes: u32,
    #[map_value(fold = "max")]
    longest: u32,
}

type Flows = TypedMap<FlowKey, PerCpu<Counts>>;

fn v4(address: u32) -> Whole<Address> {
    Whole::new(|v4| Address { v4 }, address)
}

fn v6(address: [u8; 16]) -> Whole<Address> {
    Whole::new(|v6| Address { v6 }, address)
}

fn over_v4() -> FlowKey {
    FlowKey { from: v4(0x0a00_0001), to: v4(0x0a00_0002), port: 443, family: 2 }
}

fn over_v6() -> FlowKey {
    FlowKey { from: v6(std::array::from_fn(|i| u8::try_from(i + 1).unwrap())), to: v6([0; 16]), port: 443, family: 10 }
}

fn counts(times: u32, len: u32) -> Counts {
    Counts { packets: times, bytes: times * len, longest: len }
}

#[test]
fn a_key_with_addresses_of_either_family_is_the_one_that_a_program_makes() {
    kernel::require!();
    let loaded = Libbpf::load(objects::FLOWS);
    let flows = Flows::from_map(loaded.map("flows")).unwrap();
    assert_eq!((flows.type_check(), flows.map_type().name()), (TypeCheck::Matches, "lru_percpu_hash"));
    assert!(flows.lookup(&over_v4()).unwrap().is_none());
    let cpus = cpu::allowed();
    for (times, cpu) in (1..).zip(&cpus) {
        let run = |program, len, times| loaded.run_on(program, &vec![0; len], times);
        assert_eq!(cpu::run_on(*cpu, || [run("count_v4", 100, times), run("count_v6", 60, 2 * times)]), [0; 2]);
    }
    // Each CPU has counted for itself.
    let found: HashMap<FlowKey, PerCpu<Counts>> = flows.entries().collect::<Result<_, _>>().unwrap();
    assert_eq!(found.len(), 2);
    for (key, len, factor) in [(over_v4(), 100, 1), (over_v6(), 60, 2)] {
        let here = &found[&key];
        assert_eq!(flows.lookup(&key).unwrap().as_ref(), Some(here));
        assert_eq!(here.len(), possible_cpus().unwrap());
        for (times, cpu) in (1..).zip(&cpus) {
            assert_eq!(here[*cpu], counts(factor * times, len));
        }
        let all = u32::try_from(cpus.len() * (cpus.len() + 1) / 2).unwrap();
        assert_eq!(here.sum(), counts(factor * all, len));
    }

    // What user space sets, the program sees: it counts on, and it finds the limit of a flow.
    let mut before = flows.take(&over_v4()).unwrap().expect("the flow");
    assert!(flows.take(&over_v4()).unwrap().is_none());
    before.get_mut(cpus[0]).unwrap().packets = 1000;
    flows.update(&over_v4(), &before, Update::IfAbsent).unwrap();
    assert_eq!(cpu::run_on(cpus[0], || loaded.run_on("count_v4", &[0; 100], 1)), 0);
    assert_eq!(flows.lookup(&over_v4()).unwrap().unwrap()[cpus[0]].packets, 1001);
    let limits: TypedMap<FlowKey, u32> = TypedMap::from_map(loaded.map("limits")).unwrap();
    limits.update(&over_v4(), &99, Update::Always).unwrap();
    assert_eq!((loaded.run_on("count_v4", &[0; 99], 1), loaded.run_on("count_v4", &[0; 100], 1)), (0, 1));
    assert_eq!(loaded.run_on("count_v6", &[0; 100], 1), 0);
    assert_eq!(flows.retain(|key, _| key.from.v4() != 0x0a00_0001).unwrap(), 1);
    assert_eq!(flows.keys().collect::<Result<Vec<_>, _>>().unwrap(), [over_v6()]);
}

#[test]
fn a_layout_that_is_not_that_of_a_per_cpu_map_is_refused() {
    kernel::require!();
    let loaded = Libbpf::load(objects::FLOWS);
    let error = TypedMap::<FlowKey, PerCpu<[u32; 3]>>::from_map(loaded.map("flows")).unwrap_err();
    assert!(matches!(error, ElementError::Btf(_)), "{error:?}");
    let error = TypedMap::<FlowKey, PerCpu<u64>>::from_map(loaded.map("flows")).unwrap_err();
    assert_eq!(error.to_string(), "`u64` is 8 bytes long, but the values of map `flows` are 12 bytes long");
    let error = TypedMap::<FlowKey, Counts>::from_map(loaded.map("flows")).unwrap_err();
    let ElementError::PerCpuValues { .. } = error else { panic!("{error:?}") };
    for part in ["map `flows`", "lru_percpu_hash (10)", "`bpf::TypedMap<K, PerCpu<V>>`"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let error = TypedMap::<FlowKey, PerCpu<u32>>::from_map(loaded.map("limits")).unwrap_err();
    let ElementError::NotPerCpu { .. } = error else { panic!("{error:?}") };
    for part in ["map `limits`", "hash (1)", "`bpf::TypedMap<K, V>`"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

const ENTRIES: u32 = 3000;

/// Three bytes and five of padding, on each CPU.
type Three = PerCpu<[u8; 3]>;

fn three(key: u32) -> Three {
    let [low, high, ..] = key.to_le_bytes();
    PerCpu::from_fn(|cpu| [low, high, u8::try_from(cpu).unwrap()]).unwrap()
}

fn per_cpu_map(map_type: u32, entries: u32) -> (Map, TypedMap<u32, Three>) {
    let map = Map::create(map_type, 0, 3, entries, "per_cpu");
    let typed = TypedMap::from_map(&map).unwrap();
    (map, typed)
}

#[test]
fn values_of_all_cpus_go_in_batches_and_one_by_one() {
    kernel::require!();
    // Twice as many places as entries, for an LRU table drops some before it is full.
    for map_type in [map_type::PERCPU_HASH, map_type::LRU_PERCPU_HASH, map_type::PERCPU_ARRAY] {
        let is_array = map_type == map_type::PERCPU_ARRAY;
        let (map, table) = per_cpu_map(map_type, if is_array { ENTRIES } else { 2 * ENTRIES });
        let entries: Vec<(u32, Three)> = (0..ENTRIES).map(|key| (key, three(key))).collect();
        table.update_batch(&entries).unwrap();
        let found: BTreeMap<u32, Three> = table.entries().collect::<Result<_, _>>().unwrap();
        assert!(found.into_iter().eq(entries), "map type {map_type}");
        assert_eq!(map.lookup(7), three(7).to_bytes(), "as libbpf counts the CPUs");
        table.update(&7, &three(9), Update::IfPresent).unwrap();
        assert_eq!(table.lookup(&7).unwrap(), Some(three(9)));
        assert_eq!(
            PerCpu::from_bytes(&bpf::lookup_bytes(&map, &7u32.to_ne_bytes()).unwrap().unwrap()).unwrap(),
            three(9)
        );
        assert!(matches!(table.update(&7, &three(7), Update::IfAbsent), Err(ElementError::KeyExists { .. })));
        assert_eq!(table.lookup(&ENTRIES).unwrap(), None);
        if is_array {
            for error in [table.take(&7).unwrap_err(), table.drain().next().unwrap().unwrap_err()] {
                assert!(matches!(error, ElementError::NotRemovable { .. }), "{error:?}");
            }
            let error = table.update(&ENTRIES, &three(0), Update::Always).unwrap_err();
            assert!(matches!(error, ElementError::Place(PlaceError::IndexOutOfRange { .. })), "{error:?}");
            continue;
        }
        let error = table.update(&ENTRIES, &three(0), Update::IfPresent).unwrap_err();
        assert!(matches!(error, ElementError::NoSuchKey { .. }), "{error:?}");
        assert_eq!(table.take(&7).unwrap(), Some(three(9)));
        assert_eq!(table.take(&7).unwrap(), None);
        assert_eq!(table.retain(|key, value| key % 2 == 1 && *value == three(*key)).unwrap(), 1500);
        let odd: BTreeMap<u32, Three> = table.drain().collect::<Result<_, _>>().unwrap();
        assert!(odd.into_iter().eq((0..ENTRIES).filter(|key| key % 2 == 1 && *key != 7).map(|key| (key, three(key)))));
        assert_eq!(table.keys().count(), 0);
    }
    let (_map, table) = per_cpu_map(map_type::PERCPU_HASH, 1);
    table.update(&1, &three(1), Update::Always).unwrap();
    let error = table.update(&2, &three(2), Update::Always).unwrap_err();
    assert_eq!(
        error.to_string(),
        "map `per_cpu` is full: it has room for 1 entries. Remove some, or create it with a larger `max_entries`"
    );
}

#[test]
fn an_invalid_value_names_the_cpu_that_has_it() {
    #[derive(MapValue, Debug, PartialEq)]
    #[repr(u8)]
    enum Mode {
        Off,
        On,
    }

    kernel::require!();
    let map = Map::create(map_type::PERCPU_HASH, 0, 1, 4, "modes");
    let last = possible_cpus().unwrap() - 1;
    let table: TypedMap<u32, PerCpu<Mode>> = TypedMap::from_map(&map).unwrap();
    let mut bytes = PerCpu::from_fn(|_| 1u8).unwrap();
    table.update(&1, &PerCpu::from_fn(|_| Mode::On).unwrap(), Update::Always).unwrap();
    assert_eq!(map.lookup(1), bytes.to_bytes());
    *bytes.get_mut(last).unwrap() = 9;
    map.update(2, &bytes.to_bytes());
    let error = table.lookup(&2).unwrap_err();
    assert_eq!(error.to_string(), format!("CPU {last}: 9 at offset 0 is not a variant of `{}`", "Mode"));
    let ElementError::PerCpu(PerCpuError::OnCpu { error: ValueError::InvalidValue(_), .. }) = error else {
        panic!("{error:?}")
    };
    let mut entries: Vec<_> = table.entries().map(|entry| entry.is_ok()).collect();
    entries.sort_unstable();
    assert_eq!(entries, [false, true], "the error is of that entry alone");
    assert_eq!(table.lookup(&1).unwrap(), Some(PerCpu::from_fn(|_| Mode::On).unwrap()));
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
struct Route {
    bits: u32,
    address: [u8; 4],
}

#[test]
fn entries_are_removed_on_the_way_whatever_the_kind_of_map() {
    fn holds<K: MapValue + mapvalue::Storable + Ord + std::fmt::Debug + Copy>(
        map_type: u32,
        flags: u32,
        key: impl Fn(u32) -> K,
    ) {
        let map = Map::create(map_type, flags, 8, 4 * ENTRIES, "table");
        let table: TypedMap<K, u64> = TypedMap::from_map(&map).unwrap();
        let entries: BTreeMap<K, u64> = (0..ENTRIES).map(|i| (key(i), u64::from(i))).collect();
        table.update_batch(&entries.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>()).unwrap();
        // Removes long runs of neighbors, so also the key that a walk is at.
        assert_eq!(table.retain(|_, value| value % 100 == 7).unwrap(), 2970);
        let left: BTreeMap<K, u64> = table.entries().collect::<Result<_, _>>().unwrap();
        assert!(left.into_iter().eq((7..ENTRIES).step_by(100).map(|i| (key(i), u64::from(i)))));
        assert_eq!(table.take(&key(7)).unwrap(), Some(7));
        assert_eq!(table.take(&key(7)).unwrap(), None);
        assert_eq!(table.drain().collect::<Result<BTreeMap<_, _>, _>>().unwrap().len(), 29);
        assert_eq!((table.drain().count(), table.keys().count(), table.retain(|_, _| false).unwrap()), (0, 0, 0));
    }

    kernel::require!();
    holds(map_type::HASH, 0, |i| i);
    holds(map_type::LRU_HASH, 0, |i| i);
    holds(map_type::LPM_TRIE, flags::NO_PREALLOC, |i| Route { bits: 32, address: i.to_be_bytes() });
}

#[test]
fn an_entry_is_taken_once_however_many_take() {
    kernel::require!();
    let map = Map::create(map_type::HASH, 0, 8, 2 * ENTRIES, "table");
    let table: TypedMap<u32, u64> = TypedMap::from_map(&map).unwrap();
    let (done, per_thread) = (AtomicBool::new(false), 20_000);
    let taken = thread::scope(|scope| {
        let drains: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut values = Vec::new();
                    while !done.load(Ordering::Acquire) {
                        values.extend(table.drain().map(|entry| entry.unwrap().1));
                    }
                    values
                })
            })
            .collect();
        for value in 0..per_thread {
            // The same few keys again and again: an update would replace what was not taken.
            while let Err(error) = table.update(&u32::try_from(value % 100).unwrap(), &value, Update::IfAbsent) {
                assert!(matches!(error, ElementError::KeyExists { .. }), "{error:?}");
            }
        }
        done.store(true, Ordering::Release);
        drains.into_iter().flat_map(|drain| drain.join().unwrap()).collect::<Vec<u64>>()
    });
    let mut all: Vec<u64> = taken.into_iter().chain(table.drain().map(|entry| entry.unwrap().1)).collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..per_thread), "each value once");
}

#[test]
fn a_descriptor_that_only_reads_or_only_writes_takes_nothing_and_says_why() {
    kernel::require!();
    let map = Map::create(map_type::HASH, 0, 8, 4, "table");
    map.update(1, &7u64.to_ne_bytes());
    let open = |flags| TypedMap::<u32, u64>::from_map(map.reopen(flags)).unwrap();
    let reads = open(flags::RDONLY);
    let errors = [
        reads.take(&1).unwrap_err(),
        reads.drain().next().unwrap().unwrap_err(),
        reads.retain(|_, _| false).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, ElementError::NotWritable { reason: ReadOnlyReason::Descriptor, .. }), "{error:?}");
    }
    assert_eq!(reads.retain(|_, _| true).unwrap(), 0, "nothing is to be removed");
    let writes = open(flags::WRONLY);
    for error in [writes.take(&1).unwrap_err(), writes.drain().next().unwrap().unwrap_err()] {
        assert!(matches!(error, ElementError::Map(MapError::WriteOnlyDescriptor { .. })), "{error:?}");
    }
    map.freeze().unwrap();
    let frozen = open(0);
    for error in [frozen.take(&1).unwrap_err(), frozen.drain().next().unwrap().unwrap_err()] {
        assert!(matches!(error, ElementError::NotWritable { reason: ReadOnlyReason::Frozen, .. }), "{error:?}");
    }
    assert_eq!(frozen.lookup(&1).unwrap(), Some(7));
}

/// `struct bpf_cgroup_storage_key`
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct OfCgroup {
    inode: u64,
    attach_type: u32,
}

/// Nothing is attached to a cgroup here, so there is no storage.
#[test]
fn the_storage_of_cgroups_is_a_map_whose_keys_only_the_kernel_inserts() {
    kernel::require!();
    let key = OfCgroup { inode: 1, attach_type: 0 };
    let map = Map::create(map_type::CGROUP_STORAGE, 0, 8, 0, "storage");
    let storage: TypedMap<OfCgroup, u64> = TypedMap::from_map(&map).unwrap();
    assert_eq!(storage.lookup(&key).unwrap(), None);
    assert!(matches!(storage.update(&key, &1, Update::IfPresent), Err(ElementError::NoSuchKey { .. })));
    assert_eq!((storage.keys().count(), storage.entries().count()), (0, 0));
    let map = Map::create(map_type::PERCPU_CGROUP_STORAGE, 0, 8, 0, "per_cpu");
    let storage: TypedMap<OfCgroup, PerCpu<u64>> = TypedMap::from_map(&map).unwrap();
    assert_eq!(storage.lookup(&key).unwrap(), None);
    let ones = PerCpu::from_fn(|_| 1).unwrap();
    assert!(matches!(storage.update(&key, &ones, Update::Always), Err(ElementError::NoSuchKey { .. })));
    assert_eq!((storage.keys().count(), storage.entries().count()), (0, 0));
}
