//! Arenas of the running kernel: created, mapped, shared with programs, forked and pinned, and
//! every way to be refused.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::ptr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use aya::programs::TestRun;
use mapvalue::{
    Arena, ArenaError, ArenaFlags, ArenaPtr, ArenaPtrError, Btf, BtfError, DataSection, MapError, MapValue, PagesError,
    PlaceError, ReadOnlyReason, SectionError, SystemError, ValueError, Var, bpf,
};
use mapvalue_tests::fork;
use mapvalue_tests::kernel::{self, Libbpf, Loader, Map, PrivateBpffs, child, flags, map_type, objects};

const GIB_4: u64 = 1 << 32;
/// Where tests place arenas themselves: below the range in which `Arena::create` looks. Each test
/// uses a place of its own.
const OURS: u64 = 0x0800_0000_0000;

/// The page size in bytes, at least 4 KiB.
fn page() -> u64 {
    // SAFETY: `sysconf` only reads its argument.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap()
}

fn create(pages: u64) -> Arena {
    Arena::create(pages, ArenaFlags::default()).unwrap()
}

fn create_with(pages: u64, flags: ArenaFlags) -> Arena {
    Arena::create(pages, flags).unwrap()
}

/// Loads the programs with this arena as their own.
fn load_into(arena: &Arena) -> Libbpf {
    let fd = arena.fd().unwrap();
    Libbpf::load_with(objects::ARENA_GLOBALS, "arena", |mut map| map.reuse_fd(fd).unwrap())
}

/// The programs' variables, wherever the loader has placed them.
fn globals_of(arena: &Arena, loaded: &Libbpf) -> DataSection {
    loaded.with_program("fill_stats", |program| arena.globals(&object_btf(), program)).unwrap()
}

fn object_btf() -> Btf {
    Btf::from_object(objects::ARENA_GLOBALS).unwrap()
}

/// How many mappings of BPF maps in this process begin at an address.
fn mappings_at(address: u64) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let start = format!("{address:x}-");
    maps.lines().filter(|line| line.starts_with(&start) && line.contains("bpf-map")).count()
}

#[derive(MapValue, Debug)]
#[repr(C)]
struct Node {
    next: ArenaPtr<Node>,
    value: u64,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Mode {
    Off,
    On = 3,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Stats {
    packets: u64,
    by_proto: [u32; 4],
    mode: Mode,
    live: bool,
}

/// The words of `Stats`, each as a `Mode`.
#[derive(MapValue, Debug)]
#[repr(C)]
struct Modes([Mode; 8]);

#[test]
fn an_arena_is_created_at_a_multiple_of_four_gigabytes_and_unmapped_with_its_last_handle() {
    kernel::require!(ARENA);
    // No other test's arena has this length, so none can be taken for this one once it is gone.
    let arena = create(19);
    let start = arena.start();
    assert_eq!((arena.len(), arena.page_count(), start % GIB_4), (19 * page(), 19, 0));
    assert_eq!((arena.name(), arena.is_read_only(), arena.flags()), ("arena", false, ArenaFlags::default()));
    let info = bpf::MapInfo::query(arena.fd().unwrap()).unwrap();
    assert_eq!((info.map_extra, info.max_entries, info.map_flags), (start, 19, flags::MMAPABLE));
    let var = arena.var(arena.at::<u64>(8)).unwrap();
    assert_eq!((&raw const *var).addr() as u64, start + 8, "pointers are addresses");
    let clone = arena.clone();
    drop(arena);
    assert_eq!(mappings_at(start), 1);
    drop(clone);
    var.store(1);
    assert_eq!(mappings_at(start), 1, "a handle keeps it");
    drop(var);
    let range = format!("{start:x}-{:x} ", start + 19 * page());
    assert!(!std::fs::read_to_string("/proc/self/maps").unwrap().contains(&range));
}

#[test]
fn many_arenas_are_created_beside_each_other() {
    kernel::require!(ARENA);
    let arenas: Vec<Arena> = (0..20).map(|_| create(1)).collect();
    let mut starts: Vec<u64> = arenas.iter().map(Arena::start).collect();
    starts.sort_unstable();
    starts.dedup();
    assert_eq!(starts.len(), 20);
    for (arena, value) in arenas.iter().zip(0..) {
        arena.get(arena.at::<u64>(0)).unwrap().store(value);
    }
    for (arena, value) in arenas.iter().zip(0..) {
        assert_eq!(arena.read(arena.at::<u64>(0)).unwrap(), value);
    }
}

#[test]
fn what_cannot_be_created_is_refused_each_by_its_own_error() {
    kernel::require!(ARENA);
    let none = ArenaFlags::default();
    let at = OURS;
    assert!(matches!(Arena::create(0, none), Err(ArenaError::Map(MapError::Empty { what: "the arena" }))));
    let most = GIB_4 / page();
    assert!(matches!(Arena::create(most + 1, none), Err(ArenaError::TooLong { max: GIB_4, .. })));
    assert!(matches!(Arena::create(u64::MAX, none), Err(ArenaError::TooLong { .. })));
    for unknown in [1, flags::RDONLY, flags::WRONLY, flags::RDONLY_PROG, 1 << 19] {
        let flags = ArenaFlags::SEGV_ON_FAULT | ArenaFlags::from_bits(unknown);
        let error = Arena::create(1, flags).unwrap_err();
        assert!(matches!(error, ArenaError::Flags { unknown: u, .. } if u == unknown), "{error:?}");
        assert!(error.to_string().contains(&format!("{unknown:#x} is unknown")), "{error}");
    }
    for start in [at + 8, at + page() - 1, 0, 1] {
        let error = Arena::create_at(start, 1, none).unwrap_err();
        assert!(matches!(error, ArenaError::Misaligned { start: s, .. } if s == start), "{error:?}");
    }
    for (start, pages) in [(at + GIB_4 - page(), 2), (at + page(), most), (u64::MAX - page() + 1, 2)] {
        let error = Arena::create_at(start, pages, none).unwrap_err();
        assert!(matches!(error, ArenaError::Crosses { start: s, .. } if s == start), "{error:?}");
    }
    // No process can have this address.
    let error = Arena::create_at(1 << 63, 1, none).unwrap_err();
    assert!(
        matches!(error, ArenaError::Unmappable { start: 0x8000_0000_0000_0000, errno: libc::ENOMEM, .. }),
        "{error:?}"
    );
    // The kernel gives this address to no process.
    let error = Arena::create_at(0x1000, 1, none).unwrap_err();
    assert!(matches!(error, ArenaError::Unmappable { start: 0x1000, errno: libc::ENOMEM, .. }), "{error:?}");
    assert!(error.to_string().contains("vm.mmap_min_addr"), "{error}");
}

#[test]
fn the_kernel_refuses_what_this_crate_refuses() {
    kernel::require!(ARENA);
    // The crate's checks before it asks the kernel refuse nothing that the kernel would accept.
    let at = OURS + GIB_4;
    let most = u32::try_from(GIB_4 / page()).unwrap();
    let errno = |flags: u32, pages: u32, start: u64| {
        kernel::create_arena(flags, pages, start).map(drop).unwrap_err().raw_os_error()
    };
    assert_eq!(errno(0, 1, at), Some(libc::EINVAL), "without BPF_F_MMAPABLE");
    assert_eq!(errno(flags::MMAPABLE | 1, 1, at), Some(libc::EINVAL), "another flag");
    assert_eq!(errno(flags::MMAPABLE, 0, at), Some(libc::EINVAL), "no pages");
    assert_eq!(errno(flags::MMAPABLE, 1, at + 8), Some(libc::EINVAL), "misaligned");
    assert_eq!(errno(flags::MMAPABLE, most + 1, at), Some(libc::E2BIG), "more than 4 GiB");
    assert_eq!(errno(flags::MMAPABLE, 2, at - page()), Some(libc::ERANGE), "across a multiple of 4 GiB");
    assert!(kernel::create_arena(flags::MMAPABLE, most, at).is_ok());
    assert!(kernel::create_arena(flags::MMAPABLE | flags::SEGV_ON_FAULT | flags::NO_USER_CONV, 1, at).is_ok());
}

#[test]
fn without_privileges_an_arena_is_opened_but_not_created() {
    kernel::require!(ARENA);
    let Some(fd) = child::passed() else {
        let arena = create(4);
        arena.get(arena.at::<u64>(24)).unwrap().store(5);
        child::run(without_privileges_an_arena_is_opened_but_not_created, arena.fd().unwrap());
        assert_eq!(arena.read(arena.at::<u64>(24)).unwrap(), 6, "the child has the same memory");
        return;
    };
    child::drop_privileges();
    let error = Arena::create(1, ArenaFlags::default()).unwrap_err();
    assert!(
        matches!(error, ArenaError::System(SystemError::PermissionDenied { capability: "CAP_BPF", .. })),
        "{error:?}"
    );
    match Arena::from_map(fd) {
        Ok(arena) => {
            assert_eq!(arena.get(arena.at::<u64>(24)).unwrap().fetch_add(1), 5);
            let error = arena.pages().unwrap_err();
            assert!(
                matches!(
                    error,
                    PagesError::System(SystemError::PermissionDenied { .. })
                        | PagesError::Btf(BtfError::NoVmlinux { .. })
                ),
                "{error:?}"
            );
        }
        Err(error) => {
            // The kernel may also refuse to describe a map.
            assert!(matches!(error, ArenaError::System(SystemError::PermissionDenied { .. })), "{error:?}");
            panic!("an arena could not be opened without privileges: {error}");
        }
    }
    child::done();
}

#[test]
fn arenas_are_created_and_opened_where_proc_is_not_mounted() {
    kernel::require!(ARENA);
    let Some(fd) = child::passed() else {
        let arena = create(4);
        child::run(arenas_are_created_and_opened_where_proc_is_not_mounted, arena.fd().unwrap());
        assert_eq!(arena.read(arena.at::<u64>(24)).unwrap(), 6);
        return;
    };
    child::hide_proc();
    let made = create(2);
    made.get(made.at::<u64>(8)).unwrap().store(1);
    let arena = Arena::from_map(fd).unwrap();
    arena.get(arena.at::<u64>(24)).unwrap().store(6);
    // The error cannot name what is in the way, but says that something is.
    let error = Arena::from_map(fd).unwrap_err();
    assert!(matches!(&error, ArenaError::AddressTaken { by, .. } if by == "it is not known what"), "{error:?}");
    let len = usize::try_from(made.len()).unwrap();
    let base = ptr::without_provenance_mut(usize::try_from(made.start()).unwrap());
    // SAFETY: this is a whole mapping, which is readable and writable for as long as `made` lives.
    let adopted = unsafe { Arena::adopt_map(made.fd().unwrap(), base) }.unwrap();
    assert_eq!((adopted.len(), adopted.get(adopted.at::<u64>(8)).unwrap().load()), (len as u64, 1));
    child::done();
}

#[test]
fn an_address_that_is_taken_is_an_error_that_says_by_what() {
    kernel::require!(ARENA);
    let start = OURS + 2 * GIB_4;
    let len = usize::try_from(page()).unwrap();
    // In the way at the arena's first byte, and further inside.
    for in_the_way in [0, 2 * len] {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
        let place = ptr::without_provenance_mut(usize::try_from(start).unwrap() + in_the_way);
        // SAFETY: nothing else here uses these addresses, and the call fails unless they are free.
        let memory = unsafe { libc::mmap(place, len, libc::PROT_READ, flags, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED, "{}", io::Error::last_os_error());
        let error = Arena::create_at(start, 4, ArenaFlags::default()).unwrap_err();
        let ArenaError::AddressTaken { start: s, len: l, by, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*s, *l, by.as_str()), (start, 4 * page(), "memory without a name"));
        assert!(error.to_string().contains("has something already: memory without a name"), "{error}");
        // SAFETY: the memory that was mapped above. There is no reference to it.
        unsafe { libc::munmap(memory, len) };
        assert!(Arena::create_at(start, 4, ArenaFlags::default()).is_ok());
    }
}

#[test]
fn the_same_arena_twice_in_a_process_is_an_error_and_the_first_is_unharmed() {
    kernel::require!(ARENA);
    // A place where no other test's arena can be once this one is gone.
    let arena = Arena::create_at(OURS + 10 * GIB_4, 4, ArenaFlags::default()).unwrap();
    let place = arena.get(arena.at::<u64>(64)).unwrap();
    place.store(11);
    let error = Arena::from_map(arena.fd().unwrap()).unwrap_err();
    assert!(matches!(error, ArenaError::MappedHere { start, .. } if start == arena.start()), "{error:?}");
    assert!(error.to_string().contains("clone the `Arena`"), "{error}");
    assert_eq!((place.load(), mappings_at(arena.start())), (11, 1));
    // Another arena asks for the same address.
    let error = Arena::create_at(arena.start(), 4, ArenaFlags::default()).unwrap_err();
    assert!(matches!(error, ArenaError::MappedHere { .. }), "{error:?}");
    // Once the arena is gone, its map can be mapped again.
    let (fd, start) = (arena.fd().unwrap().try_clone_to_owned().unwrap(), arena.start());
    drop(arena);
    let again = Arena::from_map(&fd).unwrap();
    assert_eq!((again.start(), again.read(again.at::<u64>(64)).unwrap()), (start, 11));
}

#[test]
fn of_many_threads_that_map_an_arena_one_has_it_and_the_others_are_told_so() {
    kernel::require!(ARENA);
    let start = Barrier::new(8);
    for _ in 0..200 {
        let fd = kernel::create_arena(flags::MMAPABLE, 4, OURS + 12 * GIB_4).unwrap();
        let opened: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        Arena::from_map(&fd)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 1, "{opened:?}");
        for error in opened.iter().filter_map(|opened| opened.as_ref().err()) {
            assert!(matches!(error, ArenaError::MappedHere { .. }), "{error:?}");
        }
    }
}

#[test]
fn what_is_no_arena_is_refused() {
    kernel::require!(ARENA);
    let error = Arena::from_map(Map::array(8, 1)).unwrap_err();
    assert!(matches!(error, ArenaError::NotAnArena { .. }), "{error:?}");
    assert!(error.to_string().contains("of type array (2), not an arena"), "{error}");
    assert!(matches!(
        Arena::from_map(File::open("/dev/null").unwrap()),
        Err(ArenaError::Map(MapError::NotAMap { .. }))
    ));
    // SAFETY: the call is refused before it uses the address.
    let error = unsafe { Arena::adopt_map(Map::array(8, 1), ptr::without_provenance_mut(4096)) }.unwrap_err();
    assert!(matches!(error, ArenaError::NotAnArena { .. }), "{error:?}");
}

#[test]
fn a_descriptor_of_one_direction_is_refused_by_its_flag() {
    kernel::require!(ARENA);
    let fd = kernel::create_arena(flags::MMAPABLE, 1, OURS + 14 * GIB_4).unwrap();
    let error = Arena::from_map(kernel::reopen(&fd, flags::RDONLY)).unwrap_err();
    assert!(matches!(error, ArenaError::Map(MapError::ReadOnlyDescriptor { .. })), "{error:?}");
    let error = Arena::from_map(kernel::reopen(&fd, flags::WRONLY)).unwrap_err();
    assert!(matches!(error, ArenaError::Map(MapError::WriteOnlyDescriptor { .. })), "{error:?}");
    assert!(Arena::from_map(&fd).is_ok());
}

#[test]
fn a_frozen_arena_is_read_only_here_and_not_for_programs() {
    kernel::require!(ARENA);
    // Frozen before it is ever mapped: the kernel never forgets that an arena was mapped writable.
    let fd = kernel::create_arena(flags::MMAPABLE, 64, OURS + 8 * GIB_4).unwrap();
    bpf::freeze(&fd).unwrap();
    let view = Arena::from_map(&fd).unwrap();
    let loaded = load_into(&view);
    assert!(view.is_read_only());
    let globals = globals_of(&view, &loaded);
    let packets = view.ptr_of(&*globals.var_ro::<u64>("stats.packets").unwrap()).unwrap();
    for error in [view.get(packets).map(drop), view.var(packets).map(drop), view.slice(packets, 1).map(drop)] {
        assert!(
            matches!(error, Err(ArenaPtrError::Place(PlaceError::ReadOnly { reason: ReadOnlyReason::Frozen, .. }))),
            "{error:?}"
        );
    }
    assert!(matches!(globals.var::<Stats>("stats"), Err(SectionError::Place(PlaceError::ReadOnly { .. }))));
    let stats = globals.var_ro::<Stats>("stats").unwrap();
    assert_eq!(stats.packets.load(), 0);
    loaded.run("fill_stats");
    assert_eq!((stats.packets.load(), view.get_ro(packets).unwrap().load(), view.read(packets).unwrap()), (5, 5, 5));
    assert_eq!((view.var_ro(packets).unwrap().load(), view.slice_ro(packets, 2).unwrap()[0].load()), (5, 5));
    let made = view.resident_pages().unwrap();
    view.prefault(30..34).unwrap();
    assert_eq!(view.resident_pages().unwrap(), made + 4);
}

#[test]
fn an_arena_that_is_mapped_writable_is_not_frozen() {
    kernel::require!(ARENA);
    let arena = create(1);
    assert!(matches!(bpf::freeze(arena.fd().unwrap()), Err(MapError::MappedWritable { .. })));
}

/// Pointers that this process stores are followed by a program, and the other way round.
fn exchange_pointers(arena: &Arena) {
    let loaded = load_into(arena);
    let globals = globals_of(arena, &loaded);
    let head = globals.var::<ArenaPtr<Node>>("head").unwrap();
    let mut next = ArenaPtr::null();
    for i in 1..=10u64 {
        let node = arena.get(arena.at::<Node>(0x4000 + 0x123 * 16 * i)).unwrap();
        node.value.store(i);
        node.next.store(next);
        next = arena.ptr_of(node).unwrap();
    }
    head.store(next);
    assert_eq!(loaded.run("sum_list"), 55, "the program walks the list");
    assert_eq!(loaded.run("reverse_list"), 10);
    let mut values = Vec::new();
    let mut next = head.load();
    while !next.is_null() {
        let node = arena.get(next).unwrap();
        values.push(node.value.load());
        next = node.next.load();
    }
    assert_eq!(values, (1..=10).collect::<Vec<_>>(), "in the order that the program left");

    // A program finds the place that a pointer names here. It finds it in both forms of the
    // pointer, whatever low 32 bits the arena's start has.
    let target = globals.var::<ArenaPtr<u64>>("target").unwrap();
    for offset in [0x5008, 0x6010, 64 * page() - 8] {
        let place = arena.get(arena.at::<u64>(offset)).unwrap();
        let full = arena.ptr_of(place).unwrap();
        for (value, pointer) in [(70, full), (90, ArenaPtr::from_address(full.offset().into()))] {
            place.store(value);
            target.store(pointer);
            assert_eq!((u64::from(loaded.run("add_to_target")), place.load()), (value, value + 1), "{pointer:?}");
            assert_eq!(arena.read(pointer).unwrap(), value + 1, "{pointer:?}");
            assert!(arena.same(pointer, full));
        }
    }
}

#[test]
fn pointers_mean_the_same_to_programs_and_to_this_process() {
    kernel::require!(ARENA);
    exchange_pointers(&create(64));
}

#[test]
fn an_arena_between_two_multiples_of_four_gigabytes_has_the_same_pointers_for_all() {
    kernel::require!(ARENA);
    // The low 32 bits of the arena's start are not 0, so those of a pointer are not its offset.
    for low in [page(), 0x1234_5000, GIB_4 - 64 * page()] {
        let arena = Arena::create_at(OURS + 4 * GIB_4 + low, 64, ArenaFlags::default()).unwrap();
        assert_eq!(arena.start() % GIB_4, low);
        exchange_pointers(&arena);
        // Nothing lies below the arena's start, although these low 32 bits are less than its
        // length.
        let error = arena.get(ArenaPtr::<u64>::from_address(8)).map(drop);
        assert!(matches!(error, Err(ArenaPtrError::OutOfRange { address: 8, .. })), "{error:?}");
    }
}

#[test]
fn what_programs_store_as_pointers_leads_to_its_place_with_and_without_conversion() {
    kernel::require!(ARENA);
    for flags in [ArenaFlags::default(), ArenaFlags::NO_USER_CONV] {
        let arena = create_with(64, flags);
        assert_eq!(arena.flags(), flags);
        exchange_pointers(&arena);
        let loaded = load_into(&arena);
        let globals = globals_of(&arena, &loaded);
        globals.var::<ArenaPtr<u64>>("target").unwrap().store(arena.at(0x7008));
        loaded.run("store_pointers");
        let stored = |name: &str| globals.var::<ArenaPtr<u8>>(name).unwrap().load();
        let stats = globals.var::<Stats>("stats").unwrap();
        let expected: ArenaPtr<u8> = arena.ptr_of(&*stats).unwrap().cast();
        assert!(arena.same(stored("stored_global"), expected), "{:?}", stored("stored_global"));
        assert_eq!(stored("stored_loaded"), arena.at(0x7008));
        let converted = stored("stored_converted");
        assert!(arena.same(converted, arena.at(0x7008)), "{converted:?}");
        let bare = converted.address() == 0x7008;
        assert_eq!(bare, flags == ArenaFlags::NO_USER_CONV, "{converted:?}");
        arena.get(arena.at::<u64>(0x7008)).unwrap().store(3);
        assert_eq!(arena.read(converted.cast::<u64>()).unwrap(), 3);
        // The conversion turns a pointer to the arena's first byte into null; without it, the
        // pointer is 0 as well.
        globals.var::<ArenaPtr<u64>>("target").unwrap().store(arena.at(0));
        loaded.run("store_pointers");
        assert_eq!((stored("stored_loaded"), stored("stored_converted")), (arena.at(0), ArenaPtr::null()));
    }
}

#[test]
fn hostile_pointers_from_a_program_are_errors() {
    kernel::require!(ARENA);
    let arena = create(64);
    let loaded = load_into(&arena);
    let globals = globals_of(&arena, &loaded);
    let target = globals.var::<ArenaPtr<u64>>("target").unwrap();
    assert!(matches!(arena.get(arena.at::<[u64; 0]>(8)), Err(ArenaPtrError::Place(PlaceError::ZeroSized { .. }))));
    let (start, end) = (arena.start(), arena.start() + arena.len());
    let hostile = [
        0,
        1,
        start + 1,
        start + 4,
        end - 4,
        end - 1,
        end,
        end + page(),
        start - 8,
        start + GIB_4,
        start - GIB_4,
        arena.len(),
        arena.len() - 4,
        u64::from(u32::MAX) - 7,
        GIB_4,
        1 << 47,
        1 << 63,
        0xffff_8880_0000_0008,
        u64::MAX,
        u64::MAX - 7,
    ];
    for address in hostile {
        target.store(ArenaPtr::from_address(address));
        loaded.run("store_pointers");
        let pointer = globals.var::<ArenaPtr<u64>>("stored_loaded");
        let pointer = pointer.map_or_else(|error| panic!("{error}"), |var: Var<ArenaPtr<u64>>| var.load());
        assert_eq!(pointer.address(), address, "as the program stored it");
        let errors = [
            arena.get(pointer).map(drop),
            arena.var(pointer).map(drop),
            arena.slice(pointer, 1).map(drop),
            arena.read(pointer).map(drop),
        ];
        for error in errors {
            assert!(
                matches!(
                    error,
                    Err(ArenaPtrError::Null { .. }
                        | ArenaPtrError::Misaligned { .. }
                        | ArenaPtrError::OutOfRange { .. }
                        | ArenaPtrError::Foreign { .. })
                ),
                "{address:#x}: {error:?}"
            );
        }
    }
}

#[test]
fn an_arena_of_four_gigabytes_costs_no_page_until_it_is_touched_and_reaches_its_end() {
    kernel::require!(ARENA);
    let arena = create(GIB_4 / page());
    assert_eq!((arena.len(), arena.resident_pages().unwrap()), (GIB_4, 0));
    let (first, last) = (arena.at::<u64>(0), arena.at::<u64>(GIB_4 - 8));
    arena.get(last).unwrap().store(2);
    assert_eq!(arena.resident_pages().unwrap(), 1);
    arena.get(first).unwrap().store(1);
    assert_eq!(arena.resident_pages().unwrap(), 2);
    assert_eq!((arena.read(first).unwrap(), arena.read(last).unwrap()), (1, 2));
    assert_eq!(arena.read(ArenaPtr::<u64>::from_address(GIB_4 - 8)).unwrap(), 2);
    assert!(arena.get(arena.at::<u64>(GIB_4)).is_err() && arena.get(arena.at::<[u64; 2]>(GIB_4 - 8)).is_err());
    assert_eq!(arena.slice(arena.at::<u64>(0), 1 << 29).unwrap().len(), 1 << 29);
    assert!(arena.slice(arena.at::<u64>(0), (1 << 29) + 1).is_err());
}

#[test]
fn pages_are_made_ahead_of_time_and_hold_what_they_held() {
    kernel::require!(ARENA);
    let arena = create(32);
    arena.get(arena.page::<u64>(9)).unwrap().store(99);
    arena.prefault(8..16).unwrap();
    assert_eq!(arena.resident_pages().unwrap(), 8);
    assert_eq!(arena.read(arena.page::<u64>(9)).unwrap(), 99);
    arena.prefault(8..8).unwrap();
    arena.prefault(0..32).unwrap();
    assert_eq!(arena.resident_pages().unwrap(), 32);
    for (start, end) in [(0, 33), (32, 33), (5, 4), (u64::MAX, u64::MAX), (0, u64::MAX)] {
        let error = arena.prefault(start..end).unwrap_err();
        assert!(matches!(error, PagesError::OutOfRange { pages: 32, .. }), "{error:?}");
    }
}

#[test]
fn prefaulting_loses_no_write_of_a_program() {
    kernel::require!(ARENA);
    let arena = create(64);
    let loaded = load_into(&arena);
    let globals = globals_of(&arena, &loaded);
    globals.var::<ArenaPtr<u64>>("target").unwrap().store(arena.at(0x8000));
    arena.get(arena.at::<u64>(0x8000)).unwrap().store(0);
    let stop = AtomicBool::new(false);
    let runs = thread::scope(|scope| {
        let prefaulting = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                arena.prefault(0..64).unwrap();
            }
        });
        let runs = 20_000;
        loaded.run_repeatedly("add_to_target", runs);
        stop.store(true, Ordering::Relaxed);
        prefaulting.join().unwrap();
        runs
    });
    assert_eq!(arena.read(arena.at::<u64>(0x8000)).unwrap(), runs.into());
}

/// Whether this process has a mapping at every page of an arena's range.
fn is_mapped(arena: &Arena) -> bool {
    let base = ptr::without_provenance_mut(usize::try_from(arena.start()).unwrap());
    let mut pages = [0u8; 64];
    assert!(arena.page_count() <= 64);
    // SAFETY: `mincore` changes no mapping, and writes one byte a page to `pages`. (`ENOMEM` means
    // that some page is not mapped.)
    unsafe { libc::mincore(base, usize::try_from(arena.len()).unwrap(), pages.as_mut_ptr()) == 0 }
}

#[test]
fn a_forked_child_has_no_mapping() {
    kernel::require!(ARENA);
    if !child::alone(a_forked_child_has_no_mapping) {
        return;
    }
    // Linux 6.18 itself keeps arenas from children (`VM_DONTCOPY`). On older kernels the advice
    // given at opening does it.
    let arena = create(16);
    arena.prefault(0..16).unwrap();
    assert!(is_mapped(&arena));
    assert_eq!(fork(|| if is_mapped(&arena) { 1 } else { 42 }), 42);
    assert_eq!(arena.resident_pages().unwrap(), 16, "the parent's is as it was");
    child::done();
}

#[test]
fn a_forked_child_that_drops_an_arena_unmaps_nothing_of_its_own() {
    kernel::require!(ARENA);
    if !child::alone(a_forked_child_that_drops_an_arena_unmaps_nothing_of_its_own) {
        return;
    }
    let mut arena = Some(create(16));
    let status = fork(|| {
        let arena = arena.take().unwrap();
        let len = usize::try_from(arena.len()).unwrap();
        let there = ptr::without_provenance_mut(usize::try_from(arena.start()).unwrap());
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
        // SAFETY: the child has nothing at these addresses.
        let own = unsafe { libc::mmap(there, len, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if own == libc::MAP_FAILED {
            return 1;
        }
        drop(arena);
        let mut pages = [0u8; 64];
        // SAFETY: as in `is_mapped`.
        let still = unsafe { libc::mincore(own, len, pages.as_mut_ptr()) == 0 };
        if still { 42 } else { 2 }
    });
    assert_eq!(status, 42);
    let arena = arena.unwrap();
    arena.get(arena.at::<u64>(0)).unwrap().store(1);
    child::done();
}

#[test]
fn an_arena_is_the_same_to_a_process_that_starts_with_its_descriptor() {
    kernel::require!(ARENA);
    let Some(fd) = child::passed() else {
        let arena = create(8);
        let node = arena.get(arena.at::<Node>(0x2040)).unwrap();
        node.value.store(123);
        arena.get(arena.at::<ArenaPtr<Node>>(0)).unwrap().store_release(arena.ptr_of(node).unwrap());
        child::run(an_arena_is_the_same_to_a_process_that_starts_with_its_descriptor, arena.fd().unwrap());
        assert_eq!(node.value.load(), 124);
        return;
    };
    let arena = Arena::from_map(fd).unwrap();
    assert_eq!(arena.resident_pages().unwrap(), 0, "opening touches no page");
    let head = arena.get(arena.at::<ArenaPtr<Node>>(0)).unwrap().load_acquire();
    let node = arena.get(head).unwrap();
    assert_eq!((head, node.value.fetch_add(1)), (arena.at(0x2040), 123));
    child::done();
}

#[test]
fn a_pinned_arena_outlives_its_handles_and_is_opened_by_its_path() {
    kernel::require!(ARENA);
    let bpffs = PrivateBpffs::mount();
    let pin = bpffs.path("arena");
    // A place where no other test's arena can be once this one is unmapped.
    let arena = Arena::create_at(OURS + 16 * GIB_4, 8, ArenaFlags::default()).unwrap();
    let node = arena.var(arena.at::<Node>(0x3000)).unwrap();
    node.value.store(5);
    arena.get(arena.at::<ArenaPtr<Node>>(0)).unwrap().store(arena.ptr_of(&*node).unwrap());
    arena.pin(&pin).unwrap();
    let error = arena.pin(&pin).unwrap_err();
    assert!(
        matches!(&error, ArenaError::Map(MapError::PinFailed { errno: libc::EEXIST, path, .. }) if *path == pin),
        "{error:?}"
    );
    assert!(error.to_string().contains("`Arena::from_pin`"), "{error}");
    let outside = std::env::temp_dir().join("mapvalue-no-pin");
    let error = arena.pin(&outside).unwrap_err();
    assert!(matches!(error, ArenaError::Map(MapError::PinFailed { errno: libc::EPERM, .. })), "{error:?}");
    assert!(error.to_string().contains("mapvalue-no-pin") && error.to_string().contains("mount -t bpf"), "{error}");
    let start = arena.start();
    drop((arena, node));
    assert_eq!(mappings_at(start), 0);

    let arena = Arena::from_pin(&pin).unwrap();
    assert_eq!((arena.start(), arena.len()), (start, 8 * page()));
    let head = arena.read(arena.at::<ArenaPtr<Node>>(0)).unwrap();
    assert_eq!(arena.get(head).unwrap().value.load(), 5);
    assert!(matches!(Arena::from_pin(&pin), Err(ArenaError::MappedHere { .. })));
    std::fs::remove_file(&pin).unwrap();
    assert!(matches!(Arena::from_pin(&pin), Err(ArenaError::Map(MapError::PinFailed { errno: libc::ENOENT, .. }))));
    assert_eq!(arena.get(head).unwrap().value.load(), 5, "the mapping keeps it now");
    let error = arena.pin(Path::new("a\0b")).unwrap_err();
    assert!(matches!(error, ArenaError::Map(MapError::PinFailed { errno: libc::EINVAL, .. })), "{error:?}");
    assert!(matches!(Arena::memfd(1).unwrap().pin(&pin), Err(ArenaError::NoMap { .. })));
}

#[test]
fn an_arena_without_an_address_is_mapped_where_there_is_room_and_then_where_it_is() {
    kernel::require!(ARENA);
    let map = Map::create(map_type::ARENA, flags::MMAPABLE, 0, 16, "anywhere");
    let arena = Arena::from_map(&map).unwrap();
    let start = arena.start();
    assert_eq!((start % GIB_4, arena.len(), arena.name()), (0, 16 * page(), "anywhere"));
    arena.get(arena.at::<u64>(8)).unwrap().store(1);
    assert_eq!(arena.pages().unwrap().user_vm_start().unwrap(), start);
    let error = Arena::from_map(&map).unwrap_err();
    assert!(matches!(error, ArenaError::MappedHere { start: s, .. } if s == start), "{error:?}");
    drop(arena);
    // The map has kept its address, which the kernel tells a program.
    let again = Arena::from_map(&map).unwrap();
    assert_eq!((again.start(), again.read(again.at::<u64>(8)).unwrap()), (start, 1));
}

#[test]
fn of_an_arena_that_others_mapped_in_part_there_is_that_part() {
    kernel::require!(ARENA);
    let map = Map::create(map_type::ARENA, flags::MMAPABLE, 0, 16, "in_part");
    // The first process that maps it decides for all, and this one asks for half.
    let (len, fd) = (usize::try_from(8 * page()).unwrap(), map.as_fd().as_raw_fd());
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // Away from other threads' memory, which would take its place once it is unmapped.
    let place = ptr::without_provenance_mut(usize::try_from(OURS + 18 * GIB_4).unwrap());
    let flags = libc::MAP_SHARED | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: nothing else here uses these addresses, and the call fails unless they are free.
    let first = unsafe { libc::mmap(place, len, access, flags, fd, 0) };
    assert_ne!(first, libc::MAP_FAILED, "{}", io::Error::last_os_error());
    // SAFETY: this is the whole mapping made above. There is no reference to it.
    unsafe { libc::munmap(first, len) };
    let arena = Arena::from_map(&map).unwrap();
    assert_eq!((arena.start(), arena.len()), (first.addr() as u64, 8 * page()));
    arena.get(arena.page::<u64>(7)).unwrap().store(1);
    assert!(matches!(arena.get(arena.page::<u64>(8)), Err(ArenaPtrError::OutOfRange { .. })));
}

#[test]
fn where_an_arena_lies_that_libbpf_mapped_is_found_out_in_another_process() {
    kernel::require!(ARENA);
    let Some(fd) = child::passed() else {
        let loaded = Libbpf::load(objects::ARENA_GLOBALS);
        child::run(where_an_arena_lies_that_libbpf_mapped_is_found_out_in_another_process, loaded.map("arena"));
        // SAFETY: libbpf has it mapped for as long as `loaded` lives, which is longer than the
        // arena.
        let arena = unsafe { Arena::adopt_map(loaded.map("arena"), loaded.initial_value("arena")) }.unwrap();
        let globals = globals_of(&arena, &loaded);
        assert_eq!(globals.var::<u64>("stats.packets").unwrap().load(), 8, "what the child stored");
        return;
    };
    assert_eq!(bpf::MapInfo::query(fd).unwrap().map_extra, 0);
    let arena = Arena::from_map(fd).unwrap();
    assert_ne!(arena.start(), 0);
    // Without a program to ask, the variables are at one of the two ends.
    let at = |offset| arena.globals_at(&object_btf(), offset).unwrap().var::<u64>("stats.packets").unwrap();
    let found = [0, 62 * page()].map(at).into_iter().find(|packets| packets.load() == 7);
    assert_eq!(found.expect("what the program begins with").fetch_add(1), 7);
    child::done();
}

#[test]
fn without_privileges_an_arena_that_others_mapped_anywhere_is_an_error_that_says_what_to_do() {
    kernel::require!(ARENA);
    let Some(fd) = child::passed() else {
        let map = Map::create(map_type::ARENA, flags::MMAPABLE, 0, 16, "anywhere");
        let arena = Arena::from_map(&map).unwrap();
        return child::run(
            without_privileges_an_arena_that_others_mapped_anywhere_is_an_error_that_says_what_to_do,
            arena.fd().unwrap(),
        );
    };
    child::drop_privileges();
    let error = Arena::from_map(fd).unwrap_err();
    assert!(matches!(error, ArenaError::AddressUnknown { .. }), "{error:?}");
    assert!(error.to_string().contains("map_extra is 0") && error.to_string().contains("Arena::adopt"), "{error}");
    child::done();
}

#[test]
fn the_mapping_that_libbpf_made_is_adopted() {
    kernel::require!(ARENA);
    let loaded = Libbpf::load(objects::ARENA_GLOBALS);
    let base = loaded.initial_value("arena");
    let error = Arena::from_map(loaded.map("arena")).unwrap_err();
    assert!(matches!(error, ArenaError::MappedHere { .. }), "{error:?}");
    // SAFETY: libbpf has it mapped for as long as `loaded` lives, which is longer than the arena.
    let arena = unsafe { Arena::adopt_map(loaded.map("arena"), base) }.unwrap();
    assert_eq!((arena.start(), arena.len()), (base.addr() as u64, 64 * page()));
    assert_eq!((arena.name(), arena.is_read_only()), ("arena", false));
    let globals = globals_of(&arena, &loaded);
    let stats = globals.var::<Stats>("stats").unwrap();
    let begun = Stats { packets: 7, by_proto: [1, 2, 3, 4], mode: Mode::On, live: true };
    assert_eq!(stats.try_load().unwrap(), begun, "what the program begins with");
    loaded.run("fill_stats");
    let filled = Stats { packets: 12, by_proto: [1, 2, 3, 44], mode: Mode::Off, live: false };
    assert_eq!(stats.try_load().unwrap(), filled);
    assert_eq!(arena.pages().unwrap().user_vm_start().unwrap(), arena.start());
    let packets = arena.ptr_of(&stats.packets).unwrap();
    drop((globals, stats));
    let len = usize::try_from(arena.len()).unwrap();
    drop(arena);
    assert_eq!(mappings_at(base.addr() as u64), 1, "it is still libbpf's");
    // SAFETY: as above; and the map has no flags of its own.
    let arena = unsafe { Arena::adopt(base, len) }.unwrap();
    assert_eq!(arena.read(packets).unwrap(), 12, "without the map, too");
    assert!(arena.fd().is_none());
    assert!(matches!(arena.pages(), Err(PagesError::Arena(ArenaError::NoMap { .. }))));
}

#[test]
fn of_an_adopted_arena_with_segv_on_fault_there_are_copies_alone() {
    kernel::require!(ARENA);
    let made = create_with(4, ArenaFlags::SEGV_ON_FAULT);
    let base = ptr::without_provenance_mut(usize::try_from(made.start()).unwrap());
    // SAFETY: this is a whole mapping, which is readable and writable for as long as `made` lives.
    let arena = unsafe { Arena::adopt_map(made.fd().unwrap(), base) }.unwrap();
    let word = arena.at::<u64>(8);
    assert!(matches!(arena.get(word), Err(ArenaPtrError::Place(PlaceError::ArenaFaults { .. }))));
    assert!(matches!(arena.var_ro(word), Err(ArenaPtrError::Place(PlaceError::ArenaFaults { .. }))));
    assert!(matches!(arena.read(word), Err(ArenaPtrError::PageAbsent { .. })));
}

#[test]
fn an_adopted_mapping_that_is_not_writable_is_read_only() {
    kernel::require!(ARENA);
    let start = OURS + 20 * GIB_4;
    let fd = kernel::create_arena(flags::MMAPABLE, 4, start).unwrap();
    let len = usize::try_from(4 * page()).unwrap();
    let place = ptr::without_provenance_mut(usize::try_from(start).unwrap());
    let flags = libc::MAP_SHARED | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: nothing else here uses these addresses, and the call fails unless they are free.
    let base = unsafe { libc::mmap(place, len, libc::PROT_READ, flags, fd.as_raw_fd(), 0) };
    assert_ne!(base, libc::MAP_FAILED, "{}", io::Error::last_os_error());
    // SAFETY: the mapping above stays until both arenas are dropped. It is not writable, and /proc
    // says so.
    let with_map = unsafe { Arena::adopt_map(&fd, base.cast()) }.unwrap();
    // SAFETY: as above; and the map has no flags of its own.
    let without = unsafe { Arena::adopt(base.cast(), len) }.unwrap();
    for arena in [with_map, without] {
        let error = arena.get(arena.at::<u64>(8)).unwrap_err();
        assert!(
            matches!(error, ArenaPtrError::Place(PlaceError::ReadOnly { reason: ReadOnlyReason::Adopted, .. })),
            "{error:?}"
        );
        assert_eq!(arena.get_ro(arena.at::<u64>(8)).unwrap().load(), 0);
    }
    // SAFETY: this is the whole mapping. No handle to it is left.
    unsafe { libc::munmap(base, len) };
}

#[test]
fn an_arena_that_aya_made_is_mapped_before_its_programs_are_loaded() {
    kernel::require!(ARENA);
    let mut loaded = aya::EbpfLoader::new().btf(None).allow_unsupported_maps().load(objects::ARENA_BARE).unwrap();
    let Some(aya::maps::Map::Unsupported(map)) = loaded.map("arena") else { panic!("aya has no type for arenas") };
    let arena = Arena::from_map(map.fd()).unwrap();
    let word = arena.get(arena.at::<u64>(0x1008)).unwrap();
    word.store(70);
    let program: &mut aya::programs::SchedClassifier = loaded.program_mut("add_to_word").unwrap().try_into().unwrap();
    program.load().unwrap();
    let input = aya::programs::TestRunOptions { data_in: Some(&[0; 14]), ..aya::programs::TestRunOptions::new() };
    assert_eq!((program.test_run(input).unwrap().return_value, word.load()), (70, 71));
    // `Arena::for_object` says so.
    let with_variables = aya::EbpfLoader::new().btf(None).allow_unsupported_maps().load(objects::ARENA_GLOBALS);
    let error = format!("{:?}", with_variables.map(drop).expect_err("aya knows variables in an arena now"));
    assert!(error.contains("Relocation"), "{error}");
}

#[test]
fn what_is_not_the_mapping_of_an_arena_is_not_adopted() {
    kernel::require!(ARENA);
    let arena = create(64);
    let loaded = load_into(&arena);
    // Where the descriptor was reused, libbpf keeps a copy of the globals on its heap.
    let copy = loaded.initial_value("arena");
    assert!(!copy.is_null() && copy.addr() as u64 != arena.start());
    // SAFETY: the call is refused before it uses the address.
    let error = unsafe { Arena::adopt_map(arena.fd().unwrap(), copy) }.unwrap_err();
    assert!(matches!(error, ArenaError::NotArenaMemory { .. } | ArenaError::Misaligned { .. }), "{error:?}");
    // The address of another arena.
    let other = create(64);
    let base = ptr::without_provenance_mut(usize::try_from(other.start()).unwrap());
    // SAFETY: as above.
    let error = unsafe { Arena::adopt_map(arena.fd().unwrap(), base) }.unwrap_err();
    assert!(error.to_string().contains(&format!("lies at {:#x}", arena.start())), "{error}");
    let len = usize::try_from(page()).unwrap();
    let aligned = ptr::without_provenance_mut(copy.addr() / len * len);
    // SAFETY: as above.
    let error = unsafe { Arena::adopt(aligned, len) }.unwrap_err();
    assert!(matches!(&error, ArenaError::NotArenaMemory { .. }), "{error:?}");
    assert!(error.to_string().contains("descriptor was reused"), "{error}");
    // SAFETY: as above.
    let error = unsafe { Arena::adopt(ptr::without_provenance_mut(0x0700_0000_0000), len) }.unwrap_err();
    assert!(error.to_string().contains("but there is nothing"), "{error}");
    let end = ptr::without_provenance_mut(usize::try_from(arena.start() + 63 * page()).unwrap());
    // SAFETY: as above.
    let error = unsafe { Arena::adopt(end, 2 * len) }.unwrap_err();
    assert!(error.to_string().contains("a part of them is"), "{error}");
    // SAFETY: as above.
    let error = unsafe { Arena::adopt(ptr::null_mut(), len) }.unwrap_err();
    assert!(matches!(error, ArenaError::Map(MapError::NullPointer)), "{error:?}");
    // SAFETY: as above.
    let error = unsafe { Arena::adopt(end, len + 8) }.unwrap_err();
    assert!(matches!(error, ArenaError::Length { .. }), "{error:?}");
}

#[test]
fn of_an_arena_with_segv_on_fault_values_are_copied_and_an_absent_page_is_an_error() {
    kernel::require!(ARENA);
    let arena = create_with(16, ArenaFlags::SEGV_ON_FAULT);
    let ptr = arena.page::<Stats>(3);
    for error in
        [arena.get(ptr).map(drop), arena.var(ptr).map(drop), arena.slice(ptr, 1).map(drop), arena.get_ro(ptr).map(drop)]
    {
        assert!(matches!(error, Err(ArenaPtrError::Place(PlaceError::ArenaFaults { .. }))), "{error:?}");
    }
    assert!(matches!(arena.globals_at(&object_btf(), 0), Err(SectionError::Place(PlaceError::ArenaFaults { .. }))));
    assert!(matches!(arena.prefault(0..1), Err(PagesError::Place(PlaceError::ArenaFaults { .. }))));
    let error = arena.read(ptr).unwrap_err();
    assert!(matches!(error, ArenaPtrError::PageAbsent { address, .. } if address == ptr.address()), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "there is no page at {:#x}, which `{}` reaches into: nobody allocated it, or it was freed",
            ptr.address(),
            std::any::type_name::<Stats>()
        )
    );
    let pages = arena.pages().unwrap();
    pages.alloc_at(3..4).unwrap();
    let zeros = Stats { packets: 0, by_proto: [0; 4], mode: Mode::Off, live: false };
    assert_eq!(arena.read(ptr).unwrap(), zeros);
    // A value that begins in a page that is there and ends in one that is not.
    let across = ArenaPtr::<[u64; 4]>::from_address(arena.page::<u8>(4).address() - 16);
    let error = arena.read(across).unwrap_err();
    assert!(
        matches!(error, ArenaPtrError::PageAbsent { address, .. } if address == arena.page::<u8>(4).address()),
        "{error:?}"
    );
    pages.free(3..4).unwrap();
    assert!(matches!(arena.read(ptr), Err(ArenaPtrError::PageAbsent { .. })));
    // Reports the same mistakes of a pointer as other accesses do.
    let (start, len) = (arena.start(), arena.len());
    assert!(matches!(arena.read(ArenaPtr::<u64>::NULL), Err(ArenaPtrError::Null { .. })));
    assert!(matches!(arena.read(arena.at::<u64>(4)), Err(ArenaPtrError::Misaligned { .. })));
    assert!(matches!(arena.read(arena.at::<u64>(len)), Err(ArenaPtrError::OutOfRange { .. })));
    assert!(matches!(arena.read(arena.at::<[u64; 0]>(0)), Err(ArenaPtrError::Place(PlaceError::ZeroSized { .. }))));
    assert!(matches!(arena.read(ArenaPtr::<u64>::from_address(start + GIB_4)), Err(ArenaPtrError::Foreign { .. })));
}

#[test]
fn a_copy_of_an_enum_out_of_an_arena_with_segv_on_fault_is_checked() {
    kernel::require!(ARENA);
    let arena = create_with(64, ArenaFlags::SEGV_ON_FAULT);
    let loaded = load_into(&arena);
    let pages = arena.pages().unwrap();
    let offset = loaded.with_program("fill_stats", |program| arena.globals_offset(&object_btf(), program)).unwrap();
    pages.alloc_at(offset / page()..offset / page() + 2).unwrap();
    loaded.run("fill_stats");
    let stats = arena.read(arena.at::<Stats>(offset)).unwrap();
    assert_eq!((stats.packets, stats.by_proto, stats.mode), (5, [0, 0, 0, 44], Mode::Off));
    // The same words as `Mode`s: 5 is not one.
    let error = arena.read(arena.at::<Modes>(offset)).unwrap_err();
    assert!(
        matches!(&error, ArenaPtrError::Value(ValueError::InvalidValue(invalid)) if invalid.value() == 5),
        "{error:?}"
    );
}

#[test]
fn pages_are_allocated_and_freed_and_come_back_as_zeros() {
    kernel::require!(ARENA);
    let arena = create(16);
    let pages = arena.pages().unwrap();
    assert_eq!(pages.arena().start(), arena.start());
    let ours = pages.alloc(3).unwrap();
    assert_eq!((ours.end - ours.start, ours.end <= 16), (3, true));
    let place = arena.get(arena.page::<u64>(ours.start + 1)).unwrap();
    assert_eq!(place.load(), 0);
    place.store(7);
    let others = pages.alloc(4).unwrap();
    assert!(others.end <= ours.start || ours.end <= others.start, "{ours:?} {others:?}");
    assert_eq!(place.load(), 7);
    pages.free(ours.clone()).unwrap();
    assert_eq!(place.load(), 0, "a freed page is zeros when it is touched again");
    place.store(8);
    // The touch has made a page, so it is taken.
    let error = pages.alloc_at(ours.clone()).unwrap_err();
    assert!(matches!(error, PagesError::Taken { .. }), "{error:?}");
    pages.free(ours.clone()).unwrap();
    pages.alloc_at(ours.clone()).unwrap();
    assert_eq!(place.load(), 0);
    // More pages than there are.
    let error = pages.alloc(10).unwrap_err();
    assert!(matches!(error, PagesError::NoneFree { pages: 10 }), "{error:?}");
    assert!(pages.alloc(0).unwrap_err().to_string().contains("at least 1"));
    for none in [0, 17, u64::from(u32::MAX), 1 << 32, u64::MAX] {
        assert!(matches!(pages.alloc(none), Err(PagesError::NoneFree { .. })), "{none}");
    }
    for (start, end) in [(0, 17), (16, 17), (3, 2), (1 << 52, (1 << 52) + 1)] {
        for refused in [pages.alloc_at(start..end), pages.free(start..end), pages.reserve(start..end)] {
            assert!(matches!(refused, Err(PagesError::OutOfRange { pages: 16, .. })), "{refused:?}");
        }
    }
    pages.free(4..4).unwrap();
    pages.free(0..16).unwrap();
    assert_eq!((arena.resident_pages().unwrap(), pages.alloc(16).unwrap()), (0, 0..16));
}

#[test]
fn reserved_pages_are_for_user_space_alone() {
    kernel::require!(ARENA, RESERVE);
    let arena = create(16);
    let pages = arena.pages().unwrap();
    pages.reserve(0..12).unwrap();
    let error = pages.reserve(11..13).unwrap_err();
    assert!(matches!(error, PagesError::Taken { start: 11, end: 13 }), "{error:?}");
    assert!(matches!(pages.alloc_at(5..6), Err(PagesError::Taken { .. })));
    assert!(matches!(pages.alloc(5), Err(PagesError::NoneFree { .. })));
    assert_eq!(pages.alloc(4).unwrap(), 12..16);
    // A touch still makes a page.
    let place = arena.get(arena.page::<u64>(5)).unwrap();
    place.store(3);
    assert_eq!((place.load(), arena.resident_pages().unwrap()), (3, 1));
    pages.reserve(5..5).unwrap();
    pages.free(0..16).unwrap();
    assert_eq!(pages.alloc(16).unwrap(), 0..16);
}

#[test]
fn pages_of_an_arena_that_is_not_at_a_multiple_of_four_gigabytes_are_numbered_from_its_start() {
    kernel::require!(ARENA);
    let arena = Arena::create_at(OURS + 6 * GIB_4 + 0x7654_3000, 8, ArenaFlags::NO_USER_CONV).unwrap();
    let pages = arena.pages().unwrap();
    pages.alloc_at(0..5).unwrap();
    assert_eq!(pages.alloc(3).unwrap(), 5..8);
    assert_eq!(pages.user_vm_start().unwrap(), arena.start());
    arena.get(arena.page::<u64>(7)).unwrap().store(1);
}

#[test]
fn globals_in_an_arena_are_found_by_name_with_their_types_checked() {
    kernel::require!(ARENA);
    let arena = create(64);
    let loaded = load_into(&arena);
    let globals = globals_of(&arena, &loaded);
    assert_eq!(globals.name(), ".addr_space.1");
    let listed: Vec<_> = globals.variables().iter().map(|v| format!("{} {} {}", v.size, v.ty, v.name)).collect();
    assert!(listed.contains(&"32 struct stats stats".to_owned()), "{listed:?}");
    let stats = globals.var::<Stats>("stats").unwrap();
    assert_eq!(stats.try_load().unwrap().packets, 0, "libbpf puts no values into an arena that it did not create");
    loaded.run("fill_stats");
    assert_eq!((stats.packets.load(), globals.var::<u32>("stats.by_proto[3]").unwrap().load()), (5, 44));
    assert_eq!(globals.slice::<u64>("pattern").unwrap().len(), 512);
    assert!(matches!(globals.var::<u32>("stats"), Err(SectionError::VariableLayout { .. })));
    assert!(matches!(globals.var::<[u32; 2]>("head"), Err(SectionError::VariableLayout { .. })));
    assert!(matches!(globals.var::<ArenaPtr<u8>>("stats.by_proto"), Err(SectionError::VariableLayout { .. })));
    let error = globals.var::<Stats>("stat").unwrap_err();
    assert!(matches!(error, SectionError::UnknownVariable { hidden: false, .. }), "{error:?}");
    assert!(error.to_string().contains("`stats`"), "{error}");
    assert!(matches!(globals.var::<u64>("hidden"), Err(SectionError::UnknownVariable { hidden: true, .. })));
    // At another place where a loader could have put them.
    let last = arena.globals_at(&object_btf(), 62 * page()).unwrap();
    last.var::<u64>("pattern[511]").unwrap().store(9);
    let place = arena.ptr_of(&last.slice::<u64>("pattern").unwrap()[0]).unwrap();
    assert!(place.address() >= arena.page::<u8>(62).address());
    for beyond in [63 * page(), 64 * page(), u64::MAX] {
        let error = arena.globals_at(&object_btf(), beyond).unwrap_err();
        assert!(matches!(error, SectionError::Size { .. }), "{beyond}: {error:?}");
    }
    let without = Btf::from_object(objects::COUNTERS).unwrap();
    assert!(matches!(arena.globals_at(&without, 0), Err(SectionError::UnknownSection { .. })));
}

/// A classifier that loads these addresses in an arena, as programs loaded by libbpf load those of
/// variables.
fn program_with_variables_at(arena: &Arena, offsets: &[u64]) -> OwnedFd {
    let map = arena.fd().unwrap().as_raw_fd().cast_unsigned();
    let mut program = Vec::new();
    for offset in offsets {
        program.push(kernel::instruction(0x18, 1, 2, map));
        program.push(kernel::instruction(0, 0, 0, u32::try_from(*offset).unwrap()));
    }
    program.extend([kernel::instruction(0xb7, 0, 0, 0), kernel::instruction(0x95, 0, 0, 0)]);
    kernel::load_classifier(&program).unwrap()
}

#[test]
fn where_the_globals_of_an_arena_lie_is_read_from_a_program_or_is_an_error() {
    kernel::require!(ARENA);
    let arena = create(64);
    // Where libbpf 1.7 puts them on Linux 7.0, and where it puts them otherwise. They take two
    // pages.
    for (start, uses) in [(62, &[8, 8 * 512][..]), (62, &[8 * 1023]), (0, &[16]), (0, &[8 * 1023, 0])] {
        let offsets: Vec<u64> = uses.iter().map(|offset| start * page() + offset).collect();
        let globals = arena.globals(&object_btf(), program_with_variables_at(&arena, &offsets)).unwrap();
        let first = arena.ptr_of(&globals.slice::<u64>("pattern").unwrap()[0]).unwrap();
        assert_eq!(first, arena.page(start + 1), "{offsets:?}");
        let head = arena.ptr_of(&*globals.var::<ArenaPtr<Node>>("head").unwrap()).unwrap();
        assert_eq!((head.address() - arena.start()) / page(), start, "{offsets:?}");
    }
    let unknown = |offsets: &[u64], words: &str| {
        let error = arena.globals(&object_btf(), program_with_variables_at(&arena, offsets)).unwrap_err();
        assert!(matches!(error, SectionError::PlaceUnknown { .. }), "{error:?}");
        assert!(error.to_string().contains(words) && error.to_string().contains("Arena::globals_at"), "{error}");
    };
    unknown(&[], "no variable");
    unknown(&[2 * page(), 61 * page()], "no variable");
    unknown(&[0, 62 * page()], "both ends");
    // Variables in another arena say nothing about this one.
    let elsewhere = program_with_variables_at(&create(64), &[0]);
    assert!(matches!(arena.globals(&object_btf(), elsewhere), Err(SectionError::PlaceUnknown { .. })));
    for other in [arena.fd().unwrap(), File::open("/dev/null").unwrap().as_fd()] {
        let error = arena.globals(&object_btf(), other).unwrap_err();
        assert!(error.to_string().ends_with("the descriptor is not a BPF program"), "{error}");
    }
    let without = Btf::from_object(objects::COUNTERS).unwrap();
    let error = arena.globals(&without, program_with_variables_at(&arena, &[0])).unwrap_err();
    assert!(matches!(error, SectionError::UnknownSection { .. }), "{error:?}");
    // In an arena of three pages, the middle one belongs to both ends. In one of two, both ends are
    // the same.
    let small = create(3);
    let globals = |arena: &Arena, offset| arena.globals(&object_btf(), program_with_variables_at(arena, &[offset]));
    assert!(matches!(globals(&small, page()), Err(SectionError::PlaceUnknown { .. })));
    let found = globals(&small, 2 * page() + 8).unwrap();
    assert_eq!(small.ptr_of(&found.slice::<u64>("pattern").unwrap()[0]).unwrap(), small.page(2));
    assert!(globals(&create(2), page()).is_ok());
}

#[test]
fn without_privileges_the_globals_of_an_arena_are_an_error_that_names_what_is_missing() {
    kernel::require!(ARENA);
    let Some(fd) = child::passed() else {
        let map = Map::create(map_type::ARENA, flags::MMAPABLE, 0, 64, "anywhere");
        let arena = Arena::from_map(&map).unwrap();
        return child::run(
            without_privileges_the_globals_of_an_arena_are_an_error_that_names_what_is_missing,
            arena.fd().unwrap(),
        );
    };
    let arena = Arena::from_map(fd).unwrap();
    let program = program_with_variables_at(&arena, &[8]);
    child::drop_privileges();
    let error = arena.globals(&object_btf(), program).unwrap_err();
    assert!(
        matches!(error, SectionError::System(SystemError::PermissionDenied { capability: "CAP_BPF", .. })),
        "{error:?}"
    );
    child::done();
}

#[test]
fn a_program_is_never_handed_the_pages_of_its_own_variables() {
    kernel::require!(ARENA);
    let arena = create(8);
    let free = arena.hold_globals(&object_btf()).unwrap();
    assert_eq!(free, 2..6);
    let loaded = load_into(&arena);
    // Take every page that a program can be handed, and fill it as a program would.
    let pages = arena.pages().unwrap();
    while let Ok(handed) = pages.alloc(1) {
        assert!(free.contains(&handed.start), "{handed:?}");
        arena.slice(arena.page::<u64>(handed.start), 512).unwrap().iter().for_each(|word| word.store(u64::MAX));
    }
    loaded.run("fill_stats");
    assert_eq!(globals_of(&arena, &loaded).var::<u64>("stats.packets").unwrap().load(), 5);
    // An object without variables in the arena; variables that do not fit; and variables that leave
    // no page free.
    assert_eq!(arena.hold_globals(&Btf::from_object(objects::ARENA_BARE).unwrap()).unwrap(), 0..8);
    assert!(matches!(create(1).hold_globals(&object_btf()), Err(SectionError::Size { size: 8192, .. })));
    assert!(create(2).hold_globals(&object_btf()).unwrap().is_empty());
    assert!(create(3).hold_globals(&object_btf()).unwrap().is_empty());
}

#[test]
fn an_arena_for_an_object_begins_with_the_values_of_its_variables() {
    kernel::require!(ARENA);
    let arena = Arena::for_object(objects::ARENA_GLOBALS).unwrap();
    assert_eq!((arena.name(), arena.page_count(), arena.flags()), ("arena", 64, ArenaFlags::default()));
    let begun = Stats { packets: 7, by_proto: [1, 2, 3, 4], mode: Mode::On, live: true };
    // Wherever a loader will place them.
    for offset in [0, 62 * page()] {
        let stats = arena.globals_at(&object_btf(), offset).unwrap().var::<Stats>("stats").unwrap();
        assert_eq!(stats.try_load().unwrap(), begun, "{offset}");
    }
    let loaded = load_into(&arena);
    assert_eq!(mappings_at(arena.start()), 1, "libbpf maps nothing");
    // A program that takes every page that it can be handed, and fills it.
    let pages = arena.pages().unwrap();
    while let Ok(handed) = pages.alloc(1) {
        assert!((2..62).contains(&handed.start), "{handed:?}");
        arena.slice(arena.page::<u64>(handed.start), 512).unwrap().iter().for_each(|word| word.store(u64::MAX));
    }
    let stats = globals_of(&arena, &loaded).var::<Stats>("stats").unwrap();
    assert_eq!(stats.try_load().unwrap(), begun);
    loaded.run("fill_stats");
    let filled = Stats { packets: 12, by_proto: [1, 2, 3, 44], mode: Mode::Off, live: false };
    assert_eq!(stats.try_load().unwrap(), filled, "the program began with them, too");
}

#[test]
fn an_arena_for_an_object_has_the_address_and_the_name_of_its_definition() {
    kernel::require!(ARENA);
    let arena = Arena::for_object(objects::ARENA_AT).unwrap();
    assert_eq!((arena.start(), arena.page_count(), arena.name()), (0x0701_0000_0000, 4, "arena_at_an_add"));
    let fd = arena.fd().unwrap();
    let loaded = Libbpf::load_with(objects::ARENA_AT, "arena_at_an_address", |mut map| map.reuse_fd(fd).unwrap());
    assert_eq!(loaded.run("add_to_answer"), 42);
    let btf = Btf::from_object(objects::ARENA_AT).unwrap();
    let globals = loaded.with_program("add_to_answer", |program| arena.globals(&btf, program)).unwrap();
    assert_eq!(globals.var::<u64>("answer").unwrap().load(), 43);
    let error = Arena::for_object(objects::ARENA_AT).unwrap_err();
    assert!(matches!(error, SectionError::Arena(ArenaError::MappedHere { start: 0x0701_0000_0000, .. })), "{error:?}");
}

#[test]
fn an_object_that_does_not_tell_its_arena_is_refused() {
    kernel::require!(ARENA);
    let error = Arena::for_object(objects::COUNTERS).unwrap_err();
    assert!(matches!(error, SectionError::NoArenaMap { found: 0 }), "{error:?}");
    assert!(error.to_string().contains("defines 0 maps of type arena"), "{error}");
    let error = Arena::for_object(b"no object").unwrap_err();
    assert!(matches!(error, SectionError::Btf(BtfError::Invalid(_))), "{error:?}");
    let bare = Arena::for_object(objects::ARENA_BARE).unwrap();
    assert_eq!((bare.page_count(), bare.resident_pages().unwrap()), (16, 0), "no variables, no pages");
    let faults = create_with(64, ArenaFlags::SEGV_ON_FAULT);
    let error = faults.store_globals(objects::ARENA_GLOBALS).unwrap_err();
    assert!(matches!(error, SectionError::Place(PlaceError::ArenaFaults { .. })), "{error:?}");
}
