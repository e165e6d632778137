//! Each type of map that the kernel has: the guide says what opens it, and it does, or nothing does.
//! Queues, stacks and bloom filters.

use std::os::fd::{AsFd, BorrowedFd};

use mapvalue::bpf::{self, BloomFilter, MapInfo, Queue, TypedMap};
use mapvalue::{
    AnyArray, Arena, ArenaError, Btf, ElementError, Error, MapError, MapType, MapValue, PerCpu, ReadOnlyReason, Ring,
    TypeCheck, UserRing, ValueError,
};
use mapvalue_tests::kernel::{self, Libbpf, Loader, Map, flags, map_type, objects};

const GUIDE: &str = include_str!("../../../core/guide/map_types.md");

/// Rows of the guide's table: the type, and the cell that says what opens it.
fn rows() -> Vec<(&'static str, &'static str)> {
    let cells = |line: &'static str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        Some((cells.next()?.trim_end_matches('`'), cells.next()?))
    };
    GUIDE.lines().filter_map(cells).collect()
}

type Key16 = [u64; 2];

/// Tries all that a type may be opened with, and returns the names of what opened the map.
fn opened(map: BorrowedFd<'_>, key_size: u32) -> Vec<&'static str> {
    fn typed<K: MapValue + mapvalue::Storable>(map: BorrowedFd<'_>) -> (bool, bool) {
        // Types are not what is tested here, so they are compared with none.
        (bpf_ok(TypedMap::<K, u32>::from_map(map)), bpf_ok(TypedMap::<K, PerCpu<u32>>::from_map(map)))
    }
    fn bpf_ok<T>(opened: Result<T, ElementError>) -> bool {
        // A trie and a cgroup's storage have structs as keys, which are not arrays of numbers.
        match opened {
            Ok(_) | Err(ElementError::Btf(_)) => true,
            Err(
                ElementError::Map(MapError::NoLookups { .. } | MapError::OtherType { .. })
                | ElementError::PerCpuValues { .. }
                | ElementError::NotPerCpu { .. }
                | ElementError::Place(_),
            ) => false,
            Err(error) => panic!("{error:?}"),
        }
    }
    let (one, per_cpu) = match key_size {
        8 => typed::<u64>(map),
        16 => typed::<Key16>(map),
        _ => typed::<u32>(map),
    };
    [
        ("TypedMap<K, V>", one),
        ("TypedMap<K, PerCpu<V>>", per_cpu),
        ("AnyArray", AnyArray::<u32>::from_map(map).is_ok()),
        ("Queue<V>", bpf_ok(Queue::<u32>::from_map(map))),
        ("BloomFilter<V>", bpf_ok(BloomFilter::<u32>::from_map(map))),
        ("Ring", Ring::from_map(map).is_ok()),
        ("UserRing", UserRing::from_map(map).is_ok()),
        // libbpf has mapped the arena in this process, which only an arena can be told.
        ("Arena", matches!(Arena::from_map(map), Ok(_) | Err(ArenaError::MappedHere { .. }))),
    ]
    .into_iter()
    .filter_map(|(name, opened)| opened.then_some(name))
    .collect()
}

/// One type is not created here: a map of type `struct_ops` takes functions of a program.
#[test]
fn the_guide_says_what_opens_each_type_of_map() {
    kernel::require!(ARENA);
    let loaded = Libbpf::load(objects::MAPS);
    let rows = rows();
    let of_every_type = (1..=33).map(|number| MapType(number).name());
    assert!(rows.iter().map(|row| row.0).eq(of_every_type), "a row for each, in order: {rows:?}");
    let mut created = 0;
    for (number, (name, cell)) in (1..).zip(&rows) {
        if *name == "struct_ops" {
            continue;
        }
        // Names in the kernel have 15 characters.
        let short = match *name {
            "perf_event_array" => "perf_event_arr",
            "reuseport_sockarray" => "sockarray",
            "percpu_cgroup_storage" => "percpu_cgroup",
            name => name,
        };
        let map = loaded.map(short);
        let info = MapInfo::query(&map).unwrap();
        assert_eq!(info.map_type, MapType(number), "{name}");
        let opened = opened(map.as_fd(), info.key_size);
        created += 1;
        if *cell == "none" {
            assert_eq!(opened, [""; 0], "{name}");
            let error = TypedMap::<u32, u32>::from_map(&map).unwrap_err().to_string();
            assert!(error.contains(&format!("is of type {name} ({number}), ")), "{error}");
            assert!(!error.contains("does not look up") || *name == "stack_trace", "the reason: {error}");
            continue;
        }
        assert!(!opened.is_empty(), "nothing opens {name}");
        for way in opened {
            let way = way.replace("<K, ", if cell.contains("<u32, ") { "<u32, " } else { "<K, " });
            assert!(cell.contains(&format!("[`{way}`]")), "{name} is opened by {way}, not {cell}");
        }
    }
    assert_eq!(created, 32);
}

/// Newest first, or oldest first.
#[test]
fn queues_and_stacks_are_pushed_and_popped_in_their_order() {
    kernel::require!();
    for (map_type, of_four, after_five) in
        [(map_type::QUEUE, [1, 2, 3, 4], [2, 3, 4, 5]), (map_type::STACK, [4, 3, 2, 1], [5, 4, 3, 2])]
    {
        let map = Map::create(map_type, 0, 8, 4, "values");
        let queue: Queue<u64> = Queue::from_map(&map).unwrap();
        assert_eq!(
            (queue.map_type(), queue.max_entries(), queue.type_check()),
            (MapType(map_type), 4, TypeCheck::Untyped)
        );
        assert_eq!((queue.peek().unwrap(), queue.pop().unwrap()), (None, None));
        let fill = || (1..5).for_each(|value| queue.push(&value).unwrap());
        let drain = || std::iter::from_fn(|| queue.pop().unwrap()).collect::<Vec<_>>();
        fill();
        let error = queue.push(&5).unwrap_err();
        assert!(matches!(error, ElementError::Full { max_entries: 4, .. }), "{error:?}");
        assert_eq!((queue.peek().unwrap(), queue.peek().unwrap()), (Some(of_four[0]), Some(of_four[0])));
        assert_eq!(drain(), of_four);
        fill();
        queue.push_over_oldest(&5).unwrap();
        assert_eq!(drain(), after_five, "the oldest is gone");

        queue.push(&9).unwrap();
        let open = |flags| Queue::<u64>::from_map(map.reopen(flags)).unwrap();
        let (reads, writes) = (open(flags::RDONLY), open(flags::WRONLY));
        assert_eq!(reads.peek().unwrap(), Some(9));
        for error in [reads.pop().unwrap_err(), reads.push(&1).unwrap_err()] {
            assert!(matches!(error, ElementError::NotWritable { reason: ReadOnlyReason::Descriptor, .. }), "{error:?}");
        }
        for error in [writes.pop().unwrap_err(), writes.peek().unwrap_err()] {
            assert!(matches!(error, ElementError::Map(MapError::WriteOnlyDescriptor { .. })), "{error:?}");
        }
        assert_eq!(queue.pop().unwrap(), Some(9), "it is still there");

        // A value that is none of its type.
        queue.push(&7).unwrap();
        let strict: Queue<[Flag; 8]> = Queue::from_map(&map).unwrap();
        assert!(matches!(strict.peek(), Err(ElementError::Value(ValueError::InvalidValue(_)))));
    }
    let error = Queue::<u32>::from_map(Map::array(4, 1)).unwrap_err();
    assert_eq!(error.to_string(), "map `plain` is of type array (2), not queue or stack");
    let error = Queue::<u32>::from_map(Map::create(map_type::QUEUE, 0, 8, 4, "values")).unwrap_err();
    assert_eq!(error.to_string(), "`u32` is 4 bytes long, but the values of map `values` are 8 bytes long");
}

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(u8)]
enum Flag {
    Off,
    On,
}

#[test]
fn a_bloom_filter_has_what_was_inserted() {
    kernel::require!(ARENA);
    let loaded = Libbpf::load(objects::MAPS);
    let map = loaded.map("bloom_filter");
    let btf = Btf::from_object(objects::MAPS).unwrap();
    let filter: BloomFilter<u32> = BloomFilter::from_map_with_btf(&map, &btf).unwrap();
    assert_eq!(filter.type_check(), TypeCheck::Matches);
    assert!(!filter.may_contain(&7).unwrap());
    filter.insert(&7).unwrap();
    assert!(filter.may_contain(&7).unwrap());
    let others = (1000..2000).filter(|value| filter.may_contain(value).unwrap()).count();
    assert!(others < 500, "{others} of 1000 that were not inserted");
    let error = BloomFilter::<f32>::from_map_with_btf(&map, &btf).unwrap_err();
    assert!(matches!(error, ElementError::Btf(_)), "{error:?}");
    let error = BloomFilter::<u32>::from_map(loaded.map("queue")).unwrap_err();
    assert_eq!(error.to_string(), "map `queue` is of type queue (22), not bloom_filter");
    let queue: Queue<u32> = Queue::from_map_with_btf(loaded.map("queue"), &btf).unwrap();
    assert_eq!(queue.type_check(), TypeCheck::Matches);
    // An inner map is opened by its id, as what it is.
    let outer = loaded.map("array_of_maps");
    let inner = Map::create(map_type::ARRAY, 0, 4, 1, "inner");
    let fd = std::os::fd::AsRawFd::as_raw_fd(&inner.as_fd()).to_ne_bytes();
    Map::of(&outer).update(1, &fd);
    let id = u32::from_ne_bytes(Map::of(&outer).lookup(1).try_into().unwrap());
    let open = || -> Result<u32, Error> { Ok(AnyArray::<u32>::from_map(bpf::open_id(id)?)?.load(0)?) };
    assert_eq!(open().unwrap(), 0);
}
