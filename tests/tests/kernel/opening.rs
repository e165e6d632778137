//! Opening BPF maps: which are mapped, which are refused, and what the errors say.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mapvalue::bpf::{MapInfo, freeze};
use mapvalue::{Array, MapError, Mapping, PlaceError, ReadOnlyReason, SystemError, Var};
use mapvalue_tests::feature::{Version, running};
use mapvalue_tests::kernel::{self, Aya, Libbpf, Loader, Map, child, flags, map_type, objects};
use mapvalue_tests::race::{AtTheEnd, Race, duration};

/// Opens a map that must be refused, and returns the error.
fn refused(map: impl AsFd) -> MapError {
    Mapping::from_map(map).expect_err("the map is refused")
}

/// Asserts that a map of this type is refused by the type's name.
fn assert_refused_as(map: &Map, name: &str) {
    let error = refused(map);
    assert!(matches!(error, MapError::UnsupportedType { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("of type {name}")), "{error}");
}

#[test]
fn a_mmapable_array_map_is_mapped_writable_and_has_its_name() {
    kernel::require!();
    let map = Map::create(map_type::ARRAY, flags::MMAPABLE, 8, 4, "by_the_tests");
    let mapping = Mapping::from_map(&map).unwrap();
    assert_eq!((mapping.len(), mapping.is_read_only(), mapping.name()), (32, false, "by_the_tests"));
    assert!(mapping.fd().is_none(), "no memfd");
}

#[test]
fn an_array_map_without_the_flag_is_refused_by_an_error_that_names_the_flag() {
    kernel::require!();
    let map = Map::create(map_type::ARRAY, 0, 8, 4, "plain");
    let error = refused(&map);
    assert!(matches!(error, MapError::NotMmapable { .. }), "{error:?}");
    assert!(error.to_string().contains("BPF_F_MMAPABLE"), "{error}");
    assert!(error.to_string().contains("`plain`"), "{error}");
}

#[test]
fn a_section_of_globals_that_aya_loaded_is_refused_because_aya_does_not_set_the_flag() {
    kernel::require!();
    let loaded = Aya::load(objects::COUNTERS);
    let error = refused(loaded.map(".bss"));
    assert!(matches!(error, MapError::NotMmapable { .. }), "{error:?}");
}

#[test]
fn a_hash_map_is_refused_by_its_type() {
    kernel::require!();
    assert_refused_as(&Map::create(map_type::HASH, 0, 8, 4, "plain"), "hash (1)");
}

#[test]
fn a_per_cpu_array_map_is_refused_by_its_type() {
    kernel::require!();
    assert_refused_as(&Map::create(map_type::PERCPU_ARRAY, 0, 8, 4, "plain"), "percpu_array (6)");
}

#[test]
fn a_ring_buffer_is_refused_by_its_type() {
    kernel::require!();
    assert_refused_as(&Map::create(map_type::RINGBUF, 0, 0, 4096, "plain"), "ringbuf (27)");
}

#[test]
fn an_arena_is_refused_as_values_by_its_type() {
    kernel::require!(ARENA);
    assert_refused_as(&Map::create(map_type::ARENA, flags::MMAPABLE, 0, 1, "plain"), "arena (33)");
}

#[test]
fn a_program_is_not_a_map() {
    kernel::require!();
    let loaded = Libbpf::load(objects::COUNTERS);
    let error = loaded.with_program("add_to_map", |program| refused(program));
    assert!(matches!(error, MapError::NotAMap { .. }), "{error:?}");
    assert!(error.to_string().contains("anon_inode:bpf-prog"), "{error}");
}

#[test]
fn a_btf_object_is_not_a_map() {
    kernel::require!();
    let loaded = Libbpf::load(objects::COUNTERS);
    let error = refused(Map::of(loaded.map("counters")).btf());
    assert!(matches!(error, MapError::NotAMap { .. }), "{error:?}");
    assert!(error.to_string().contains("btf"), "{error}");
}

#[test]
fn a_device_is_not_a_map() {
    kernel::require!();
    let null = File::open("/dev/null").unwrap();
    let error = refused(&null);
    assert!(matches!(error, MapError::NotAMap { fd, .. } if fd == null.as_raw_fd()), "{error:?}");
    assert!(error.to_string().contains("/dev/null"), "{error}");
}

#[test]
fn a_number_without_an_open_descriptor_is_a_bad_descriptor() {
    kernel::require!();
    // Above any limit on open files, so no other test can have this number.
    // SAFETY: nobody owns this number, so the call misuses nobody's descriptor. The test is about a
    // number that is not open, and no memory safety depends on it.
    let closed = unsafe { BorrowedFd::borrow_raw(i32::MAX) };
    let error = refused(closed);
    assert!(matches!(error, MapError::System(SystemError::BadDescriptor { fd: i32::MAX })), "{error:?}");
    let error = freeze(closed).unwrap_err();
    assert!(matches!(error, MapError::System(SystemError::BadDescriptor { fd: i32::MAX })), "{error:?}");
}

#[test]
fn a_frozen_map_is_mapped_read_only() {
    kernel::require!();
    let map = Map::array(8, 1);
    map.update(0, &7u64.to_ne_bytes());
    map.freeze().unwrap();
    let mapping = Mapping::from_map(&map).unwrap();
    assert!(mapping.is_read_only());
    assert_eq!(mapping.var_ro::<u64>(0).unwrap().load(), 7);
    for error in
        [mapping.var::<u64>(0).map(drop), mapping.array::<u64>().map(drop), mapping.slice::<u64>(0, 1).map(drop)]
    {
        let error = error.unwrap_err();
        assert!(matches!(error, PlaceError::ReadOnly { reason: ReadOnlyReason::Frozen, .. }), "{error:?}");
    }
    assert_eq!(mapping.array_ro::<u64>().unwrap()[0].load(), 7);
}

#[test]
fn constants_that_the_loader_froze_are_mapped_read_only() {
    kernel::require!();
    let loaded = Libbpf::load(objects::COUNTERS);
    let mapping = Mapping::from_map(loaded.map(".rodata.answer")).unwrap();
    assert!(mapping.is_read_only());
    assert_eq!(mapping.var_ro::<u64>(0).unwrap().load(), 4_242_424_242);
}

#[test]
fn a_map_that_is_read_only_for_programs_is_mapped_read_only() {
    kernel::require!();
    let map = Map::create(map_type::ARRAY, flags::MMAPABLE | flags::RDONLY_PROG, 8, 1, "plain");
    let mapping = Mapping::from_map(&map).unwrap();
    assert!(mapping.is_read_only());
    let error = mapping.var::<u64>(0).unwrap_err();
    assert!(matches!(error, PlaceError::ReadOnly { reason: ReadOnlyReason::ReadOnlyForPrograms, .. }), "{error:?}");
    assert!(error.to_string().contains("BPF_F_RDONLY_PROG"), "{error}");
    // Changes by system calls are still seen.
    let value = mapping.var_ro::<u64>(0).unwrap();
    map.update(0, &9u64.to_ne_bytes());
    assert_eq!(value.load(), 9);
}

#[test]
fn a_descriptor_that_was_opened_read_only_is_refused_by_an_error_of_its_own() {
    kernel::require!();
    let error = refused(Map::array(8, 1).reopen(flags::RDONLY));
    assert!(matches!(error, MapError::ReadOnlyDescriptor { .. }), "{error:?}");
    assert!(error.to_string().contains("BPF_F_RDONLY"), "{error}");
}

#[test]
fn a_descriptor_that_was_opened_write_only_is_refused_by_an_error_of_its_own() {
    kernel::require!();
    let error = refused(Map::array(8, 1).reopen(flags::WRONLY));
    assert!(matches!(error, MapError::WriteOnlyDescriptor { .. }), "{error:?}");
    assert!(error.to_string().contains("BPF_F_WRONLY"), "{error}");
}

#[test]
fn a_restricted_descriptor_is_refused_as_such_also_when_the_map_is_read_only_anyhow() {
    kernel::require!();
    let frozen = Map::array(8, 1);
    frozen.freeze().unwrap();
    let constant = Map::create(map_type::ARRAY, flags::MMAPABLE | flags::RDONLY_PROG, 8, 1, "plain");
    for map in [frozen, constant] {
        let error = refused(map.reopen(flags::RDONLY));
        assert!(matches!(error, MapError::ReadOnlyDescriptor { .. }), "{error:?}");
        let error = refused(map.reopen(flags::WRONLY));
        assert!(matches!(error, MapError::WriteOnlyDescriptor { .. }), "{error:?}");
    }
}

#[test]
fn a_second_descriptor_of_a_map_opens_the_same_memory() {
    kernel::require!();
    let map = Map::array(8, 1);
    let (a, b) = (Mapping::from_map(&map).unwrap(), Mapping::from_map(map.reopen(0)).unwrap());
    a.var::<u64>(0).unwrap().store(5);
    assert_eq!(b.var::<u64>(0).unwrap().load(), 5);
}

#[test]
fn a_map_with_a_spin_lock_or_a_timer_in_its_values_is_refused_by_an_error_of_its_own() {
    kernel::require!();
    let loaded = Libbpf::load(objects::SPECIAL);
    // Before Linux 5.15 there are no timers.
    let names = if running() < Version(5, 15) { &["locked"][..] } else { &["locked", "timed"] };
    for name in names {
        let error = refused(loaded.map(name));
        assert!(matches!(error, MapError::SpecialFields { .. }), "{error:?}");
        assert!(error.to_string().contains("524"), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_map_cannot_be_frozen_while_it_is_mapped_writable() {
    kernel::require!();
    let map = Map::array(8, 1);
    let mapping = Mapping::from_map(&map).unwrap();
    let error = freeze(&map).unwrap_err();
    assert!(matches!(error, MapError::MappedWritable { .. }), "{error:?}");
    assert!(error.to_string().contains("EBUSY"), "{error}");
    assert!(error.to_string().contains("before 6.5"), "an older kernel says so of a frozen map: {error}");
    // The attempt has changed nothing.
    mapping.var::<u64>(0).unwrap().store(3);
    map.update(0, &4u64.to_ne_bytes());
    assert_eq!(mapping.var::<u64>(0).unwrap().load(), 4);
}

#[test]
fn dropping_the_last_writable_handle_lets_the_map_be_frozen() {
    kernel::require!();
    let map = Map::array(8, 2);
    let mapping = Mapping::from_map(&map).unwrap();
    let first: Var<u64> = mapping.var(0).unwrap();
    let all: Array<u64> = mapping.array().unwrap();
    let reader = first.read_only();
    let still_mapped = || assert!(matches!(freeze(&map), Err(MapError::MappedWritable { .. })));
    drop(mapping);
    still_mapped();
    drop(first);
    still_mapped();
    drop(all);
    // A handle that only loads shares the same writable pages.
    still_mapped();
    drop(reader);
    freeze(&map).unwrap();
    let error = map.try_update(0, &1u64.to_ne_bytes()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EPERM), "the map really is frozen");
    assert!(Mapping::from_map(&map).unwrap().is_read_only());
}

#[test]
fn freezing_a_frozen_map_is_no_error() {
    kernel::require!();
    let map = Map::array(8, 1);
    freeze(&map).unwrap();
    freeze(&map).unwrap();
    // Nor is it an error while somebody has the map mapped read-only.
    let _mapping = Mapping::from_map(&map).unwrap();
    freeze(&map).unwrap();
}

#[test]
fn freezing_a_map_with_a_spin_lock_is_refused_by_an_error_of_its_own() {
    kernel::require!();
    let loaded = Libbpf::load(objects::SPECIAL);
    let frozen = freeze(loaded.map("locked"));
    if running() < Version(6, 2) {
        return frozen.unwrap();
    }
    let error = frozen.unwrap_err();
    assert!(matches!(error, MapError::SpecialFields { .. }), "{error:?}");
}

#[test]
fn freezing_something_else_than_a_map_is_refused() {
    kernel::require!();
    let error = freeze(File::open("/dev/null").unwrap()).unwrap_err();
    assert!(matches!(error, MapError::NotAMap { .. }), "{error:?}");
}

#[test]
fn freezing_through_a_descriptor_that_was_opened_read_only_is_not_permitted() {
    kernel::require!();
    let frozen = freeze(Map::array(8, 1).reopen(flags::RDONLY));
    if running() < Version(6, 5) {
        return frozen.unwrap();
    }
    let error = frozen.unwrap_err();
    assert!(matches!(error, MapError::System(SystemError::PermissionDenied { .. })), "{error:?}");
}

#[test]
fn the_kernel_tells_what_a_map_is() {
    kernel::require!();
    let map = Map::create(map_type::ARRAY, flags::MMAPABLE, 12, 3, "plain");
    let info = MapInfo::query(&map).unwrap();
    assert_eq!((info.map_type.0, info.key_size, info.value_size, info.max_entries), (2, 4, 12, 3));
    assert_eq!((info.map_flags, info.name.as_str()), (flags::MMAPABLE, "plain"));
    assert_ne!(info.id, 0);
    assert_eq!((info.btf_id, info.btf_value_type_id), (0, 0), "made without BTF");
    let loaded = Libbpf::load(objects::COUNTERS);
    let info = MapInfo::query(loaded.map("counters")).unwrap();
    assert!(info.btf_id != 0 && info.btf_value_type_id != 0, "{info:?}");
}

/// Opens `counters` of an object, and reads through it what a system call wrote.
fn opens_with<L: Loader>() {
    let loaded = L::load(objects::COUNTERS);
    let map = Map::of(loaded.map("counters"));
    let mapping = Mapping::from_map(loaded.map("counters")).unwrap();
    assert_eq!((mapping.len(), mapping.is_read_only(), mapping.name()), (32, false, "counters"));
    map.update(3, &11u64.to_ne_bytes());
    assert_eq!(mapping.array::<u64>().unwrap()[3].load(), 11);
}

#[test]
fn a_map_that_libbpf_loaded_is_opened() {
    kernel::require!();
    opens_with::<Libbpf>();
}

#[test]
fn a_map_that_aya_loaded_is_opened() {
    kernel::require!();
    opens_with::<Aya>();
}

#[test]
fn a_section_of_globals_that_libbpf_loaded_is_opened() {
    kernel::require!();
    let loaded = Libbpf::load(objects::COUNTERS);
    let mapping = Mapping::from_map(loaded.map(".bss")).unwrap();
    assert_eq!((mapping.len(), mapping.is_read_only()), (16, false));
    assert_eq!(Mapping::from_map(loaded.map(".bss.flag")).unwrap().len(), 1, "not the stride");
}

#[test]
fn a_process_without_privileges_uses_a_map_that_was_passed_to_it() {
    kernel::require!();
    let Some(map) = child::passed() else {
        let map = Map::array(8, 1);
        map.update(0, &76u64.to_ne_bytes());
        return child::run(a_process_without_privileges_uses_a_map_that_was_passed_to_it, &map);
    };
    child::drop_privileges();
    assert!(kernel::out_of_reach().is_some(), "the kernel refuses this process a map of its own");
    match child::may_query(map) {
        // Since Linux 5.19, only creating maps and programs takes a capability. Using a descriptor
        // takes none.
        Ok(()) => {
            let value: Var<u64> = Mapping::from_map(map).unwrap().var(0).unwrap();
            assert_eq!(value.load(), 76);
            value.store(77);
            assert_eq!(Map::of(map).lookup(0), 77u64.to_ne_bytes());
            assert!(matches!(freeze(map), Err(MapError::MappedWritable { .. })));
            drop(value);
            if running() < Version(6, 5) {
                assert_names_cap_bpf(&freeze(map).unwrap_err());
            } else {
                freeze(map).unwrap();
                assert!(Mapping::from_map(map).unwrap().is_read_only());
            }
        }
        Err(error) => {
            assert_eq!(error.raw_os_error(), Some(libc::EPERM));
            assert_names_cap_bpf(&refused(map));
        }
    }
    child::done();
}

fn assert_names_cap_bpf(error: &MapError) {
    assert!(matches!(error, MapError::System(SystemError::PermissionDenied { .. })), "{error:?}");
    assert!(error.to_string().contains("CAP_BPF"), "{error}");
}

#[test]
fn a_process_that_may_not_call_bpf_is_told_of_the_capability() {
    kernel::require!();
    let Some(map) = child::passed() else {
        return child::run(a_process_that_may_not_call_bpf_is_told_of_the_capability, Map::array(8, 1));
    };
    // Kernels up to 5.18 do this, and so do the profiles of containers.
    child::forbid(libc::SYS_bpf, 0, BPF_OBJ_GET_INFO_BY_FD);
    assert_eq!(child::may_query(map).unwrap_err().raw_os_error(), Some(libc::EPERM), "the filter works");
    assert_names_cap_bpf(&refused(map));
    assert_names_cap_bpf(&freeze(map).unwrap_err());
    child::done();
}

const BPF_OBJ_GET_INFO_BY_FD: u32 = 15;
const BPF_MAP_FREEZE: u32 = 22;

#[test]
fn a_process_that_may_not_freeze_is_told_of_the_capability() {
    kernel::require!();
    let Some(map) = child::passed() else {
        return child::run(a_process_that_may_not_freeze_is_told_of_the_capability, Map::array(8, 1));
    };
    child::forbid(libc::SYS_bpf, 0, BPF_MAP_FREEZE);
    let error = freeze(map).unwrap_err();
    assert_names_cap_bpf(&error);
    assert!(error.to_string().contains("before Linux 6.5"), "{error}");
    child::done();
}

#[test]
fn a_process_that_may_not_share_memory_is_told_of_the_policy() {
    kernel::require!();
    let Some(map) = child::passed() else {
        return child::run(a_process_that_may_not_share_memory_is_told_of_the_policy, Map::array(8, 1));
    };
    child::forbid(libc::SYS_mmap, 3, libc::MAP_SHARED.cast_unsigned());
    let error = refused(map);
    assert!(matches!(error, MapError::System(SystemError::PermissionDenied { .. })), "{error:?}");
    assert!(error.to_string().contains("seccomp"), "{error}");
    child::done();
}

#[test]
fn maps_are_opened_and_frozen_where_proc_is_not_mounted() {
    kernel::require!();
    let Some(map) = child::passed() else {
        return child::run(maps_are_opened_and_frozen_where_proc_is_not_mounted, Map::array(8, 1));
    };
    child::hide_proc();
    let value: Var<u64> = Mapping::from_map(map).unwrap().var(0).unwrap();
    value.store(5);
    assert!(matches!(freeze(map), Err(MapError::MappedWritable { .. })));
    drop(value);
    freeze(map).unwrap();
    assert_eq!(Mapping::from_map(map).unwrap().var_ro::<u64>(0).unwrap().load(), 5);
    child::done();
}

// `BPF_OBJ_GET_INFO_BY_FD` answers for programs as well. For a classifier, its answer could be
// taken for that of a map of type 3, which is the number of classifiers among program types.
#[test]
fn a_program_is_not_a_map_where_proc_is_not_mounted() {
    kernel::require!();
    let Some(program) = child::passed() else {
        let loaded = Libbpf::load(objects::COUNTERS);
        return loaded.with_program("add_to_map", |program| {
            child::run(a_program_is_not_a_map_where_proc_is_not_mounted, program);
        });
    };
    child::hide_proc();
    let error = refused(program);
    assert!(matches!(error, MapError::NotAMap { .. }), "{error:?}");
    child::done();
}

#[test]
fn freezing_a_frozen_map_is_refused_where_proc_is_not_mounted_to_tell_that_it_is_frozen() {
    kernel::require!();
    let Some(map) = child::passed() else {
        return child::run(
            freezing_a_frozen_map_is_refused_where_proc_is_not_mounted_to_tell_that_it_is_frozen,
            Map::array(8, 1),
        );
    };
    let since_6_5 = running() >= Version(6, 5);
    child::hide_proc();
    freeze(map).unwrap();
    let error = freeze(map).unwrap_err();
    if since_6_5 {
        assert!(matches!(error, MapError::System(SystemError::PermissionDenied { .. })), "{error:?}");
        assert!(error.to_string().contains("not frozen yet"), "{error}");
    } else {
        assert!(matches!(error, MapError::MappedWritable { .. }), "{error:?}");
        assert!(error.to_string().contains("frozen already"), "{error}");
    }
    child::done();
}

/// A thread may have a table of descriptors of its own. /proc/self shows that of the first thread.
/// There, the same numbers stand for a device and a frozen map.
#[test]
fn a_thread_with_its_own_table_of_descriptors_opens_and_freezes_maps() {
    kernel::require!();
    let device = File::open("/dev/null").unwrap();
    let frozen = Map::create(map_type::ARRAY, flags::MMAPABLE, 8, 4, "frozen");
    freeze(&frozen).unwrap();
    let own_table = || {
        // SAFETY: from here on this thread has its own copy of the table. No other thread is
        // affected.
        assert_eq!(unsafe { libc::unshare(libc::CLONE_FILES) }, 0);
        let map = Map::create(map_type::ARRAY, flags::MMAPABLE, 8, 4, "own_table");
        let number_of = |fd: BorrowedFd<'_>| {
            // SAFETY: both are open, and only this test uses the number in this thread's table.
            assert_eq!(unsafe { libc::dup2(map.as_fd().as_raw_fd(), fd.as_raw_fd()) }, fd.as_raw_fd());
        };
        number_of(device.as_fd());
        number_of(frozen.as_fd());
        Mapping::from_map(&device).unwrap().var::<u64>(0).unwrap().store(7);
        freeze(&frozen).unwrap();
        assert!(Mapping::from_map(&map).unwrap().is_read_only(), "it was frozen");
    };
    thread::scope(|scope| scope.spawn(own_table).join().unwrap());
}

/// Another thread closes the descriptor, and its number comes to stand for a file of 5 bytes.
#[test]
fn a_map_is_asked_about_and_mapped_through_one_descriptor() {
    const LEN: usize = 8 * 4096;
    kernel::require!();
    let map = Map::create(map_type::ARRAY, flags::MMAPABLE, 8, 4096, "swapped");
    let file = memfd_of(b"short");
    let number = map.as_fd().try_clone_to_owned().unwrap().into_raw_fd();
    let stop = AtomicBool::new(false);
    let mut opened = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for fd in [file.as_fd(), map.as_fd()] {
                    // SAFETY: only this test uses `number`, and both descriptors are open.
                    assert_eq!(unsafe { libc::dup2(fd.as_raw_fd(), number) }, number);
                }
            }
        });
        let end = AtTheEnd(|| stop.store(true, Ordering::Relaxed));
        let race = Race::of(duration());
        while race.goes_on(opened > 1000) {
            // SAFETY: it is always open, though not always the same file.
            let Ok(mapping) = Mapping::from_map(unsafe { BorrowedFd::borrow_raw(number) }) else { continue };
            opened += 1;
            let last = mapping.var::<u64>(LEN - 8).unwrap();
            let name = name_of_mapping_at(std::ptr::from_ref(&*last).addr());
            assert_eq!(name, "anon_inode:bpf-map");
        }
        drop(end);
    });
    // SAFETY: nobody uses the number any more.
    drop(unsafe { OwnedFd::from_raw_fd(number) });
    assert!(opened > 1000, "{opened}");
}

/// A memfd of these bytes. It is not sealed.
fn memfd_of(bytes: &[u8]) -> File {
    // SAFETY: the name is a C string.
    let fd = unsafe { libc::memfd_create(c"short".as_ptr(), libc::MFD_CLOEXEC) };
    assert!(fd >= 0);
    // SAFETY: the descriptor was just made, and nobody else owns it.
    let mut file = unsafe { File::from_raw_fd(fd) };
    file.write_all(bytes).unwrap();
    file
}

/// The name in /proc/self/maps of the mapping at an address.
fn name_of_mapping_at(address: usize) -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let contains = |line: &&str| {
        let (start, end) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        (number(start)..number(end)).contains(&address)
    };
    maps.lines().find(contains).unwrap().split_whitespace().nth(5).unwrap_or_default().to_owned()
}
