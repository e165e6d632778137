//! Maps are found again by their pin or their id. They still hold their values, and a layout that
//! has drifted is an error.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mapvalue::bpf::{self, MapInfo, TypedMap, Update};
use mapvalue::{
    AnyArray, Arena, ArenaError, ArenaFlags, Array, BtfError, DataSection, ElementError, MapError, MapValue, Mapping,
    PlaceError, SystemError, TypeCheck, Var,
};
use mapvalue_tests::kernel::{self, Libbpf, Loader, Map, PrivateBpffs, child, flags, map_type, objects};

#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
struct Total {
    packets: u64,
    bytes: u64,
}

/// `Total` as an agent of another version might declare it. It has the same size, so only the map's
/// types show the difference.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
struct DriftedTotal {
    packets: u64,
    errors: u32,
    bytes: u32,
}

fn id(map: impl std::os::fd::AsFd) -> u32 {
    MapInfo::query(map).unwrap().id
}

#[test]
fn a_pinned_map_is_found_after_its_loader_has_gone_and_its_layout_is_checked() {
    kernel::require!();
    let bpffs = PrivateBpffs::mount();
    let pin = bpffs.path("banks");
    let loaded = Libbpf::load(objects::TABLES);
    bpf::pin(loaded.map("banks"), &pin).unwrap();
    loaded.run_repeatedly("count_packet", 3);
    drop(loaded);

    let mapping = Mapping::from_pin(&pin).unwrap();
    assert_eq!(mapping.check::<Total>().unwrap(), TypeCheck::Matches);
    let banks: Array<Total> = mapping.array().unwrap();
    assert_eq!(banks[1].packets.load(), 3);
    let error = mapping.check::<DriftedTotal>().unwrap_err();
    assert!(matches!(error, BtfError::LayoutMismatch(_)), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("DriftedTotal.errors") && text.contains("DriftedTotal.bytes: offset 12 in Rust, 8"),
        "{text}"
    );
    let error = mapping.check::<u32>().unwrap_err();
    assert!(matches!(error, BtfError::Place(PlaceError::ValueSize { size: 4, value_size: 16, .. })), "{error:?}");

    // The map outlives its pin.
    fs::remove_file(&pin).unwrap();
    banks[1].packets.fetch_add(1);
    assert_eq!(mapping.check::<Total>().unwrap(), TypeCheck::Matches, "the types stay with the map");
    assert_eq!(banks[1].packets.load(), 4);
    let error = Mapping::from_pin(&pin).unwrap_err();
    assert!(matches!(&error, MapError::PinFailed { errno: libc::ENOENT, path, .. } if *path == pin), "{error:?}");
    assert!(error.to_string().contains("banks") && error.to_string().contains("no such file"), "{error}");
}

#[test]
fn maps_are_found_by_their_numbers_as_what_they_are() {
    kernel::require!();
    let loaded = Libbpf::load(objects::TABLES);
    loaded.run_repeatedly("count_packet", 2);
    let banks = Mapping::from_id(id(loaded.map("banks"))).unwrap().array::<Total>().unwrap();
    assert_eq!(banks[1].packets.load(), 2);
    let section = DataSection::from_id(id(loaded.map(".bss"))).unwrap();
    let runs: Var<u64> = section.var("runs").unwrap();
    assert_eq!(runs.load(), 2);
    let error = section.var::<DriftedTotal>("sum").unwrap_err();
    assert!(error.to_string().contains("DriftedTotal.errors"), "{error}");
    let totals: TypedMap<u32, Total> = TypedMap::from_id(id(loaded.map("totals"))).unwrap();
    assert_eq!((totals.type_check(), totals.lookup(&1).unwrap()), (TypeCheck::Matches, None));
    assert!(matches!(
        TypedMap::<u32, DriftedTotal>::from_id(id(loaded.map("totals"))),
        Err(ElementError::Btf(BtfError::LayoutMismatch(_)))
    ));
    let elements: AnyArray<Total> = AnyArray::from_id(id(loaded.map("banks"))).unwrap();
    assert_eq!((elements.is_mapped(), elements.type_check()), (true, TypeCheck::Matches));
    assert!(matches!(
        AnyArray::<DriftedTotal>::from_id(id(loaded.map("banks"))),
        Err(ElementError::Btf(BtfError::LayoutMismatch(_)))
    ));
}

#[test]
fn all_kinds_of_maps_are_found_by_their_pins() {
    kernel::require!();
    let bpffs = PrivateBpffs::mount();
    let loaded = Libbpf::load(objects::TABLES);
    for name in ["totals", "rates", ".bss"] {
        bpf::pin(loaded.map(name), bpffs.path(name.trim_start_matches('.'))).unwrap();
    }
    loaded.run("count_packet");
    let totals: TypedMap<u32, Total> = TypedMap::from_pin(bpffs.path("totals")).unwrap();
    totals.update(&1, &Total::default(), Update::IfAbsent).unwrap();
    loaded.run("count_packet");
    assert_eq!(totals.lookup(&1).unwrap().unwrap().packets, 1);
    assert_eq!(DataSection::from_pin(bpffs.path("bss")).unwrap().var::<u64>("runs").unwrap().load(), 2);
    let error = AnyArray::<Total>::from_pin(bpffs.path("rates")).unwrap_err();
    assert!(matches!(error, ElementError::Place(PlaceError::ValueSize { size: 16, value_size: 24, .. })), "{error:?}");
}

#[test]
fn an_arena_is_found_by_its_pin_and_its_number() {
    kernel::require!(ARENA);
    let bpffs = PrivateBpffs::mount();
    let arena = Arena::create(1, ArenaFlags::default()).unwrap();
    let number = id(arena.fd().unwrap());
    arena.var(arena.at::<u64>(64)).unwrap().store(7);
    assert!(matches!(Arena::from_id(number), Err(ArenaError::MappedHere { .. })));
    arena.pin(bpffs.path("arena")).unwrap();
    drop(arena);
    let again = Arena::from_id(number).unwrap();
    assert_eq!(again.var(again.at::<u64>(64)).unwrap().load(), 7);
}

#[test]
fn a_map_without_types_is_found_and_says_that_it_has_none() {
    kernel::require!();
    let map = Map::array(16, 2);
    let mapping = Mapping::from_id(id(&map)).unwrap();
    assert_eq!(mapping.check::<DriftedTotal>().unwrap(), TypeCheck::Untyped);
    assert!(
        matches!(mapping.check::<u64>(), Err(BtfError::Place(PlaceError::ValueSize { .. }))),
        "the size is compared all the same"
    );
    assert_eq!(Mapping::memfd(8).unwrap().check::<u64>().unwrap(), TypeCheck::Untyped);
}

#[test]
fn a_section_of_globals_is_not_the_value_that_is_asked_for() {
    kernel::require!();
    let loaded = Libbpf::load(objects::TABLES);
    let mapping = Mapping::from_map(loaded.map(".bss")).unwrap();
    assert_eq!(mapping.len(), 24);
    let error = mapping.check::<[u64; 3]>().unwrap_err();
    assert!(error.to_string().contains(".bss"), "{error}");
}

#[test]
fn a_map_that_has_gone_is_not_found_by_its_number() {
    kernel::require!();
    let map = Map::array(8, 1);
    let number = id(&map);
    let mapping = Mapping::from_id(number).unwrap();
    drop(map);
    let value = Mapping::from_id(number).expect("the mapping keeps it").var::<u64>(0).unwrap();
    drop(mapping);
    assert!(bpf::open_id(number).is_ok(), "a handle keeps it");
    drop(value);
    // A process that another test starts has a copy of our descriptors until it executes another
    // program.
    let gone = || matches!(bpf::open_id(number), Err(MapError::NoMapWithId { id }) if id == number);
    while !gone() {
        std::thread::yield_now();
    }
    let error = Mapping::from_id(number).unwrap_err();
    assert!(error.to_string().contains(&format!("no map with the id {number}")), "{error}");
    assert!(matches!(Mapping::from_id(0), Err(MapError::NoMapWithId { id: 0 })));
    assert!(matches!(Mapping::from_id(u32::MAX), Err(MapError::NoMapWithId { id: u32::MAX })));
}

#[test]
fn what_is_pinned_and_no_map_is_named_with_its_path() {
    kernel::require!();
    let bpffs = PrivateBpffs::mount();
    let pin = bpffs.path("program");
    let loaded = Libbpf::load(objects::TABLES);
    loaded.pin_program("verdict", &pin);
    let error = Mapping::from_pin(&pin).unwrap_err();
    assert!(matches!(&error, MapError::PinnedOther { path, .. } if *path == pin), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(pin.to_str().unwrap()) && text.contains("bpf-prog"), "{text}");
    // A path that is not a pin.
    let error = Mapping::from_pin("/etc/passwd").unwrap_err();
    assert!(matches!(error, MapError::PinFailed { .. }), "{error:?}");
    assert!(error.to_string().contains("BPF file system"), "{error}");
    assert!(matches!(bpf::open_pin("a\0b"), Err(MapError::PinFailed { errno: libc::EINVAL, .. })));
    // Only a map can be pinned, and only where nothing is yet.
    assert!(matches!(
        bpf::pin(fs::File::open("/dev/null").unwrap(), bpffs.path("null")),
        Err(MapError::NotAMap { .. })
    ));
    let error = bpf::pin(Map::array(8, 1), &pin).unwrap_err();
    assert!(matches!(error, MapError::PinFailed { errno: libc::EEXIST, .. }), "{error:?}");
}

/// `BPF_BTF_GET_FD_BY_ID` of `bpf(2)`.
const BTF_GET_FD_BY_ID: u32 = 19;

#[test]
fn types_that_may_not_be_read_are_not_compared_and_it_says_so() {
    kernel::require!();
    if child::passed().is_none() {
        return child::run(types_that_may_not_be_read_are_not_compared_and_it_says_so, Map::array(8, 1));
    }
    let loaded = Libbpf::load(objects::TABLES);
    let section = Libbpf::load(objects::SECTIONS);
    child::forbid(libc::SYS_bpf, 0, BTF_GET_FD_BY_ID);
    let mapping = Mapping::from_map(loaded.map("banks")).unwrap();
    assert_eq!(mapping.check::<DriftedTotal>().unwrap(), TypeCheck::NotPermitted);
    assert!(
        matches!(mapping.check::<u64>(), Err(BtfError::Place(PlaceError::ValueSize { .. }))),
        "the size is compared all the same"
    );
    let totals: TypedMap<u32, DriftedTotal> = TypedMap::from_map(loaded.map("totals")).unwrap();
    assert_eq!(totals.type_check(), TypeCheck::NotPermitted);
    let array: AnyArray<DriftedTotal> = AnyArray::from_map(loaded.map("banks")).unwrap();
    assert_eq!(array.type_check(), TypeCheck::NotPermitted);
    let error = DataSection::from_map(section.map(".bss")).unwrap_err();
    for part in ["CAP_SYS_ADMIN", "`Btf::from_object`", "`DataSection::from_map_with_btf`"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    child::done();
}

/// `BPF_OBJ_GET` of `bpf(2)`.
const OBJ_GET: u32 = 7;

#[test]
fn a_process_that_may_not_open_pins_is_told_of_the_capability_and_of_no_mount() {
    kernel::require!();
    if child::passed().is_none() {
        return child::run(
            a_process_that_may_not_open_pins_is_told_of_the_capability_and_of_no_mount,
            Map::array(8, 1),
        );
    }
    child::forbid(libc::SYS_bpf, 0, OBJ_GET);
    let error = bpf::open_pin("/sys/fs/bpf/absent").unwrap_err();
    assert!(matches!(error, MapError::System(SystemError::PermissionDenied { .. })), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("CAP_BPF") && !text.contains("mount -t bpf"), "{text}");
    child::done();
}

/// An ordinary process opens a pinned map if the pin's file mode allows it. It opens no map by an
/// id.
#[test]
fn a_process_without_privileges_is_told_which_it_lacks() {
    kernel::require!();
    match child::passed() {
        None => child::run(a_process_without_privileges_is_told_which_it_lacks, Map::array(8, 1)),
        Some(map) => {
            let loaded = Libbpf::load(objects::TABLES);
            let banks = loaded.map("banks");
            let bpffs = PrivateBpffs::mount();
            let (closed, open) = (bpffs.path("closed"), bpffs.path("open"));
            bpf::pin(map, &closed).unwrap();
            bpf::pin(&banks, &open).unwrap();
            fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).unwrap();
            fs::set_permissions(open.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
            let number = id(map);
            child::drop_privileges();
            let error = Mapping::from_id(number).unwrap_err();
            assert!(
                matches!(error, MapError::System(SystemError::PermissionDenied { capability: "CAP_SYS_ADMIN", .. })),
                "{error:?}"
            );
            let error = Mapping::from_pin(&closed).unwrap_err();
            let forbidden = |error: &MapError| matches!(error, MapError::System(SystemError::PermissionDenied { .. }));
            let closed = matches!(error, MapError::PinFailed { errno: libc::EACCES, .. });
            assert!(closed || forbidden(&error), "{error:?}");
            // Where the kernel lets ordinary processes call `bpf(2)`, this process opens the pin
            // that it may open.
            match Mapping::from_pin(&open) {
                Ok(mapping) => assert_eq!(mapping.check::<DriftedTotal>().unwrap(), TypeCheck::NotPermitted),
                Err(error) => assert!(forbidden(&error), "{error:?}"),
            }
            child::done();
        }
    }
}

/// The elements of an array are the same by every way: from a map that is mapped, one that is not
/// mmapable, one whose values hold a spin lock, and through a read-only descriptor.
#[test]
fn the_elements_of_an_array_go_by_whatever_way_there_is() {
    kernel::require!();
    for (map_flags, mapped) in [(flags::MMAPABLE, true), (0, false)] {
        let map = Map::create(map_type::ARRAY, map_flags, 16, 5, "either");
        let array: AnyArray<Total> = AnyArray::from_map(&map).unwrap();
        assert_eq!((array.is_mapped(), array.len(), array.type_check()), (mapped, 5, TypeCheck::Untyped));
        let values: Vec<Total> = (0..5).map(|i| Total { packets: i, bytes: 10 * i }).collect();
        array.store_from(&values).unwrap();
        assert_eq!(map.lookup(4), values[4].to_bytes());
        array.store(4, Total { packets: 44, bytes: 4 }).unwrap();
        assert_eq!((array.load(3).unwrap(), array.load(4).unwrap().packets), (values[3], 44));
        let mut out = [Total::default(); 5];
        array.load_into(&mut out).unwrap();
        assert_eq!((&out[..4], out[4].packets), (&values[..4], 44));
        for index in [5, usize::MAX] {
            let range = |error| matches!(error, ElementError::Place(PlaceError::IndexOutOfRange { index: i, len: 5 }) if i == index);
            assert!(range(array.load(index).unwrap_err()) && range(array.store(index, values[0]).unwrap_err()));
        }
        assert!(matches!(
            array.load_into(&mut out[..4]),
            Err(ElementError::Place(PlaceError::LengthMismatch { given: 4, expected: 5 }))
        ));
        assert!(matches!(
            array.store_from(&values[..4]),
            Err(ElementError::Place(PlaceError::LengthMismatch { given: 4, expected: 5 }))
        ));
        assert!(matches!(
            AnyArray::<u64>::from_map(&map),
            Err(ElementError::Place(PlaceError::ValueSize { size: 8, value_size: 16, .. }))
        ));

        let reading: AnyArray<Total> = AnyArray::from_map(map.reopen(flags::RDONLY)).unwrap();
        assert_eq!((reading.is_mapped(), reading.load(3).unwrap()), (false, values[3]));
        assert!(matches!(reading.store(3, values[0]), Err(ElementError::NotWritable { .. })));
        let clone = array.clone();
        drop((map, array, reading));
        assert_eq!(clone.load(4).unwrap().packets, 44, "it keeps what it needs");
    }
    let frozen = Map::array(8, 1);
    frozen.update(0, &7u64.to_ne_bytes());
    frozen.freeze().unwrap();
    let array: AnyArray<u64> = AnyArray::from_map(&frozen).unwrap();
    assert_eq!((array.is_mapped(), array.load(0).unwrap()), (true, 7));
    assert!(matches!(array.store(0, 1), Err(ElementError::Place(PlaceError::ReadOnly { .. }))));
    assert!(matches!(array.store_from(&[1]), Err(ElementError::Place(PlaceError::ReadOnly { .. }))));
}

#[test]
fn an_array_with_a_spin_lock_in_its_values_is_read_by_system_calls() {
    #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Locked {
        lock: u32,
        count: u32,
    }
    kernel::require!();
    let loaded = Libbpf::load(objects::SPECIAL);
    let array = AnyArray::<Locked>::from_map(loaded.map("locked")).unwrap();
    assert!(!array.is_mapped());
    array.store(0, Locked { lock: 0, count: 7 }).unwrap();
    assert_eq!(array.load(0).unwrap().count, 7);
}
