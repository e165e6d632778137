//! Arenas without a kernel map: pointers of any number are followed, and mappings share an arena.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::thread;

use mapvalue::{
    Arena, ArenaError, ArenaFlags, ArenaPtr, ArenaPtrError, Btf, InvalidValue, MapError, MapValue, Mapping, PagesError,
    PlaceError, ReadOnly, ReadOnlyReason, SectionError, Shared, Slice, ValueError, Var,
};
use mapvalue_tests::fork;

/// Bytes of a page: at least 4 KiB.
fn page() -> u64 {
    // SAFETY: `sysconf` only reads its argument.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap()
}

/// A pointer to the place at `offset` bytes, as a full address.
fn at<T>(arena: &Arena, offset: u64) -> ArenaPtr<T> {
    ArenaPtr::from_address(arena.start() + offset)
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
    On,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Config {
    limit: u32,
    mode: Mode,
    ports: [u16; 3],
}

#[test]
fn an_arena_is_zeroed_writable_and_as_many_pages_long_as_asked() {
    let arena = Arena::memfd(3).unwrap();
    assert_eq!(arena.len(), 3 * page());
    assert!(!arena.is_empty() && !arena.is_read_only());
    assert_eq!(arena.name(), "");
    assert!(arena.start() != 0 && arena.start().is_multiple_of(1 << 32), "{:#x}", arena.start());
    let words: Slice<u64> = arena.slice(at(&arena, 0), usize::try_from(arena.len() / 8).unwrap()).unwrap();
    assert!(words.iter().all(|word| word.load() == 0));
}

#[test]
fn no_pages_and_more_than_four_gigabytes_are_errors() {
    assert!(matches!(Arena::memfd(0), Err(ArenaError::Map(MapError::Empty { what: "the arena" }))));
    let most = (1 << 32) / page();
    let error = Arena::memfd(most + 1).unwrap_err();
    assert!(matches!(error, ArenaError::TooLong { len, max: 0x1_0000_0000 } if len == (1 << 32) + page()), "{error:?}");
    assert!(matches!(Arena::memfd(u64::MAX), Err(ArenaError::TooLong { len: u64::MAX, .. })));
}

#[test]
fn an_arena_of_four_gigabytes_reaches_its_end() {
    // Sparse: only the touched pages exist.
    let arena = Arena::memfd((1 << 32) / page()).unwrap();
    assert_eq!(arena.len(), 1 << 32);
    let (first, last) = (at::<u64>(&arena, 0), at::<u64>(&arena, (1 << 32) - 8));
    arena.get(first).unwrap().store(1);
    arena.get(last).unwrap().store(2);
    assert_eq!((arena.get(first).unwrap().load(), arena.get(last).unwrap().load()), (1, 2));
    assert_eq!(arena.read(ArenaPtr::<u64>::from_address((1 << 32) - 8)).unwrap(), 2, "the low 32 bits alone");
    for past in [(1 << 32) - 4, 1 << 32, (1 << 32) + 8] {
        assert!(arena.get(ArenaPtr::<u64>::from_address(arena.start().wrapping_add(past))).is_err(), "{past:#x}");
    }
}

#[test]
fn pointers_are_followed_through_a_list_that_holds_them() {
    let arena = Arena::memfd(1).unwrap();
    let mut next = ArenaPtr::null();
    for i in 1..=100u64 {
        let node = arena.get(at::<Node>(&arena, 16 * i)).unwrap();
        node.value.store(i);
        node.next.store(next);
        next = arena.ptr_of(node).unwrap();
    }
    let mut seen = Vec::new();
    while !next.is_null() {
        let node = arena.get(next).unwrap();
        seen.push(node.value.load());
        next = node.next.load();
    }
    assert_eq!(seen, (1..=100).rev().collect::<Vec<_>>());
}

#[test]
fn the_first_byte_is_a_place_although_its_low_32_bits_are_zero() {
    let arena = Arena::memfd(1).unwrap();
    let first = at::<u64>(&arena, 0);
    assert!(!first.is_null() && first.offset() == 0);
    arena.get(first).unwrap().store(5);
    assert_eq!(arena.read(first).unwrap(), 5);
}

#[test]
fn the_low_32_bits_alone_lead_to_the_same_place() {
    let arena = Arena::memfd(2).unwrap();
    let full = at::<u64>(&arena, 0x1008);
    let bare = ArenaPtr::<u64>::from_address(0x1008);
    arena.get(full).unwrap().store(9);
    assert_eq!(arena.get(bare).unwrap().load(), 9);
    assert_eq!(arena.var(bare).unwrap().load(), 9);
    assert_eq!(arena.slice(bare, 2).unwrap()[0].load(), 9);
    assert_eq!(arena.read(bare).unwrap(), 9);
    assert_ne!(full, bare, "as numbers they differ");
    assert_eq!(arena.full(bare), full);
    assert!(arena.same(full, bare) && arena.same(bare, full) && arena.same(bare, bare));
    assert!(!arena.same(full, at(&arena, 0x1010)) && !arena.same(bare, at(&arena, 0x1010)));
    let null = ArenaPtr::<u64>::NULL;
    assert!(arena.same(null, null) && arena.full(null).is_null());
    assert!(!arena.same(null, at(&arena, 0)), "null is not the first byte");
    let foreign = ArenaPtr::<u64>::from_address(0xdead_0000_1008);
    assert!(arena.full(foreign) == foreign && !arena.same(foreign, full));
}

/// The errors from each way to follow a pointer. All must be of one kind.
fn refusals<T: MapValue>(arena: &Arena, address: u64) -> [ArenaPtrError; 4] {
    let ptr = ArenaPtr::<T>::from_address(address);
    [
        arena.get(ptr).map(drop).expect_err("get"),
        arena.var(ptr).map(drop).expect_err("var"),
        arena.slice(ptr, 1).map(drop).expect_err("slice"),
        arena.read(ptr).map(drop).expect_err("read"),
    ]
}

#[test]
fn null_is_an_error_that_names_the_type() {
    let arena = Arena::memfd(1).unwrap();
    for error in refusals::<u64>(&arena, 0) {
        assert!(matches!(error, ArenaPtrError::Null { type_name: "u64" }), "{error:?}");
        assert_eq!(error.to_string(), "a null pointer to `u64`: look with `is_null` before following it");
    }
}

#[test]
fn a_misaligned_pointer_is_an_error_in_either_form() {
    let arena = Arena::memfd(1).unwrap();
    for off in 1..8 {
        for address in [arena.start() + 64 + off, 64 + off] {
            for error in refusals::<u64>(&arena, address) {
                assert!(
                    matches!(error, ArenaPtrError::Misaligned { address: a, align: 8, .. } if a == address),
                    "{error:?}"
                );
            }
        }
    }
    let error = arena.get(ArenaPtr::<u32>::from_address(0x42)).unwrap_err();
    assert_eq!(error.to_string(), "the pointer 0x42 to `u32` is misaligned: it needs a multiple of 4");
    assert!(arena.get(ArenaPtr::<u16>::from_address(0x42)).is_ok());
}

#[test]
fn a_pointer_past_the_end_or_across_it_is_an_error() {
    let arena = Arena::memfd(2).unwrap();
    let end = 2 * page();
    assert!(arena.get(at::<[u64; 4]>(&arena, end - 32)).is_ok());
    assert!(arena.get(ArenaPtr::<[u64; 4]>::from_address(end - 32)).is_ok());
    for offset in [end - 24, end - 8, end, end + 8, end + page(), (1 << 32) - 8, (1 << 32) - 32] {
        for address in [arena.start() + offset, offset] {
            for error in refusals::<[u64; 4]>(&arena, address) {
                let ArenaPtrError::OutOfRange { address: a, size: 32, start, len, .. } = error else {
                    panic!("{address:#x}: {error:?}");
                };
                assert_eq!((a, start, len), (address, arena.start(), end));
            }
        }
    }
    let error = arena.get(ArenaPtr::<u64>::from_address(0x10000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the pointer 0x10000 to 8 bytes of `u64` leads out of the arena, which lies at {:#x} and is {end:#x} bytes long",
            arena.start()
        )
    );
}

#[test]
fn a_pointer_with_other_high_bits_is_an_error() {
    let arena = Arena::memfd(1).unwrap();
    let start = arena.start();
    let hostile = [
        start + (1 << 32),
        start - (1 << 32),
        start - 8,
        start | 1 << 63,
        start | 1 << 47,
        u64::MAX - 7,
        u64::MAX << 32,
        1 << 32,
        0xffff_8880_0000_0008,
        0xdead_beef_0000_0008,
    ];
    for address in hostile {
        for error in refusals::<u64>(&arena, address) {
            let ArenaPtrError::Foreign { address: a, start: s, len, type_name: "u64" } = error else {
                panic!("{address:#x}: {error:?}");
            };
            assert_eq!((a, s, len), (address, start, page()));
        }
    }
    let error = arena.get(ArenaPtr::<u64>::from_address(0xdead_0000_0008)).unwrap_err();
    assert!(error.to_string().contains("its high 32 bits are neither the arena's nor 0"), "{error}");
}

#[test]
fn a_size_that_overflows_is_an_error() {
    let arena = Arena::memfd(1).unwrap();
    for len in [usize::MAX, usize::MAX / 8, usize::MAX / 8 + 1, isize::MAX.unsigned_abs(), 1 << 61, 513] {
        let error = arena.slice(at::<u64>(&arena, 0), len).unwrap_err();
        assert!(
            matches!(error, ArenaPtrError::OutOfRange { size, .. } if size == len.saturating_mul(8)),
            "{len:#x}: {error:?}"
        );
    }
    assert_eq!(arena.slice(at::<u64>(&arena, 0), 512).unwrap().len(), 512);
    assert!(arena.slice(at::<u64>(&arena, 4096), 0).unwrap().is_empty(), "an empty slice may begin at the end");
    assert!(arena.slice(at::<u64>(&arena, 4104), 0).is_err());
    // A pointer so large that its end would wrap to a small number.
    assert!(arena.slice(ArenaPtr::<u64>::from_address(u64::MAX - 7), 2).is_err());
}

#[test]
fn no_number_is_followed_outside_of_the_arena() {
    // Of the two, at most one is mapped at the address that its pointers have.
    let arenas = [Arena::memfd(1).unwrap(), Arena::memfd(1).unwrap()];
    let address = |arena: &Arena| (&raw const *arena.get(at::<u64>(arena, 0)).unwrap()).addr() as u64;
    assert!(arenas.iter().filter(|arena| address(arena) == arena.start()).count() < 2);
    for arena in &arenas {
        follow_all_numbers(arena, address(arena));
    }
}

/// Follows all the limits of both pointer forms, and numbers in between. Plain arithmetic in 128
/// bits says which ones are valid and where they lead.
fn follow_all_numbers(arena: &Arena, base: u64) {
    let (start, len) = (arena.start(), page());
    let edges = [0, 1 << 32, start, start + (1 << 32), 1 << 63, u64::MAX, len, start + len, base, base + len];
    let near = edges.iter().flat_map(|edge| (0..64u64).flat_map(move |d| [edge.wrapping_add(d), edge.wrapping_sub(d)]));
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let far = (0..100_000).map(|_| {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        random.rotate_left((random >> 58) as u32)
    });
    let mut followed = 0;
    for address in near.chain(far) {
        let wide = i128::from(address);
        let offset = if address > 0 && address < 1 << 32 { wide } else { wide - i128::from(start) };
        let expected = (0..=i128::from(len) - 8).contains(&offset) && address % 8 == 0;
        let got = arena.get(ArenaPtr::<u64>::from_address(address));
        assert_eq!(got.is_ok(), expected, "{address:#x}: {got:?}");
        if let Ok(place) = got {
            assert_eq!((&raw const *place).addr() as i128, i128::from(base) + offset);
            assert_eq!(i128::from(arena.ptr_of(place).unwrap().address()), i128::from(start) + offset);
            followed += 1;
        }
    }
    assert!(followed > 30, "{followed}");
}

#[test]
fn zero_sized_types_have_no_place() {
    let arena = Arena::memfd(1).unwrap();
    assert!(matches!(arena.get(at::<[u64; 0]>(&arena, 0)), Err(ArenaPtrError::Place(PlaceError::ZeroSized { .. }))));
    assert!(matches!(
        arena.slice(at::<[u64; 0]>(&arena, 0), 3),
        Err(ArenaPtrError::Place(PlaceError::ZeroSized { .. }))
    ));
}

#[test]
fn elements_that_would_not_all_be_aligned_are_no_slice() {
    use zerocopy::byteorder::{BigEndian, U64};
    #[derive(MapValue, Debug)]
    #[repr(C)]
    struct Odd {
        at: U64<BigEndian>,
        tag: u8,
    }
    let arena = Arena::memfd(1).unwrap();
    let error = arena.slice(at::<Odd>(&arena, 0), 2).unwrap_err();
    assert!(matches!(error, ArenaPtrError::Place(PlaceError::Unsliceable { size: 9, align: 8, .. })), "{error:?}");
    // Its Rust alignment is 1, but the leaf inside is 8 bytes wide.
    let error = arena.get(at::<Odd>(&arena, 4)).map(drop).unwrap_err();
    assert!(matches!(error, ArenaPtrError::Misaligned { align: 8, .. }), "{error:?}");
}

#[test]
fn a_copy_has_its_enums_checked() {
    let arena = Arena::memfd(1).unwrap();
    let ptr = at::<Config>(&arena, 256);
    arena.var(ptr).unwrap().store(Config { limit: 3, mode: Mode::On, ports: [1, 2, 3] });
    assert_eq!(arena.read(ptr).unwrap(), Config { limit: 3, mode: Mode::On, ports: [1, 2, 3] });
    arena.get(ptr.cast::<[u32; 4]>()).unwrap()[1].store(7);
    let error = arena.read(ptr).unwrap_err();
    let ArenaPtrError::Value(ValueError::InvalidValue(invalid)) = error else { panic!("{error:?}") };
    let expected: InvalidValue = arena.var(ptr).unwrap().try_load().unwrap_err();
    assert_eq!((invalid, invalid.value(), invalid.offset()), (expected, 7, 4));
}

#[test]
fn a_place_elsewhere_has_no_pointer_here() {
    let (arena, other) = (Arena::memfd(1).unwrap(), Arena::memfd(1).unwrap());
    let here = arena.get(at::<u64>(&arena, 8)).unwrap();
    assert_eq!(arena.ptr_of(here).unwrap(), at(&arena, 8));
    let there = other.get(at::<u64>(&other, 8)).unwrap();
    let error = arena.ptr_of(there).unwrap_err();
    assert!(
        matches!(error, ArenaPtrError::NotInArena { place, .. } if place == (&raw const *there).addr()),
        "{error:?}"
    );
    let mapping = Mapping::memfd(64).unwrap();
    assert!(matches!(arena.ptr_of(&*mapping.var::<u64>(0).unwrap()), Err(ArenaPtrError::NotInArena { .. })));
}

#[test]
fn a_pointer_to_a_part_leads_to_the_part() {
    let arena = Arena::memfd(1).unwrap();
    let config = arena.get(at::<Config>(&arena, 64)).unwrap();
    let port: ArenaPtr<u16> = arena.ptr_of(&config.ports[2]).unwrap();
    arena.get(port).unwrap().store(443);
    assert_eq!((port.address(), config.ports[2].load()), (arena.start() + 64 + 12, 443));
}

#[test]
fn two_mappings_of_one_memfd_agree_on_pointers_though_they_lie_elsewhere() {
    let here = Arena::memfd(4).unwrap();
    let there = Arena::from_memfd(here.fd().unwrap()).unwrap();
    assert_eq!((here.start(), here.len()), (there.start(), there.len()));
    let node = here.get(at::<Node>(&here, page() + 32)).unwrap();
    node.value.store(77);
    let head = here.get(at::<ArenaPtr<Node>>(&here, 0)).unwrap();
    head.store_release(here.ptr_of(node).unwrap());
    let found = there.get(at::<ArenaPtr<Node>>(&there, 0)).unwrap().load_acquire();
    let same = there.get(found).unwrap();
    assert_eq!(same.value.load(), 77);
    assert_ne!((&raw const *same).addr(), (&raw const *node).addr());
    assert!(matches!(there.ptr_of(node), Err(ArenaPtrError::NotInArena { .. })));
}

#[test]
fn a_memfd_that_cannot_be_an_arena_is_refused() {
    let mapping = Mapping::memfd(100).unwrap();
    let error = Arena::from_memfd(mapping.fd().unwrap()).unwrap_err();
    assert!(matches!(error, ArenaError::Length { len: 100, page: p } if p == page()), "{error:?}");
    let mapping = Mapping::memfd((1 << 32) + 65536).unwrap();
    let error = Arena::from_memfd(mapping.fd().unwrap()).unwrap_err();
    assert!(matches!(error, ArenaError::TooLong { len: 0x1_0001_0000, .. }), "{error:?}");
    let null = File::open("/dev/null").unwrap();
    assert!(matches!(Arena::from_memfd(&null), Err(ArenaError::Map(MapError::NotSealed))));
}

/// A read-only descriptor of the same memfd.
fn reading(arena: &Arena) -> OwnedFd {
    let path = format!("/proc/self/fd/{}\0", arena.fd().unwrap().as_raw_fd());
    // SAFETY: the path ends with a zero byte; the call reads no other memory.
    let fd = unsafe { libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC) };
    assert!(fd >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the descriptor was just made, and nobody else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[test]
fn a_read_only_arena_gives_out_handles_that_only_load() {
    let arena = Arena::memfd(1).unwrap();
    arena.get(at::<u64>(&arena, 8)).unwrap().store(6);
    let view = Arena::from_memfd(reading(&arena)).unwrap();
    assert!(view.is_read_only());
    let ptr = at::<u64>(&view, 8);
    let var: Var<u64, ReadOnly> = view.var_ro(ptr).unwrap();
    let slice: Slice<u64, ReadOnly> = view.slice_ro(at(&view, 0), 2).unwrap();
    assert_eq!((view.get_ro(ptr).unwrap().load(), var.load(), slice[1].load(), view.read(ptr).unwrap()), (6, 6, 6, 6));
    assert_eq!(view.ptr_of(view.get_ro(ptr).unwrap()).unwrap(), ptr);
    let errors = [view.get(ptr).map(drop), view.var(ptr).map(drop), view.slice(ptr, 1).map(drop)];
    for error in errors.map(|result| result.expect_err("a place to store to")) {
        assert!(
            matches!(error, ArenaPtrError::Place(PlaceError::ReadOnly { reason: ReadOnlyReason::File, .. })),
            "{error:?}"
        );
    }
    assert!(matches!(view.get_ro(ArenaPtr::<u64>::NULL), Err(ArenaPtrError::Null { .. })));
}

#[test]
fn handles_keep_the_memory_when_the_arena_is_gone() {
    let arena = Arena::memfd(1).unwrap();
    let var = arena.var(at::<u64>(&arena, 8)).unwrap();
    let slice = arena.clone().slice(at::<u64>(&arena, 0), 4).unwrap();
    drop(arena);
    var.store(3);
    assert_eq!(slice[1].load(), 3);
}

#[test]
fn pages_are_numbered_made_ahead_of_time_and_counted() {
    let arena = Arena::memfd(8).unwrap();
    assert_eq!((arena.page_size(), arena.page_count(), arena.resident_pages().unwrap()), (page(), 8, 0));
    assert_eq!(arena.page::<u64>(3), at(&arena, 3 * page()));
    arena.get(arena.page::<u64>(3)).unwrap().store(33);
    assert_eq!(arena.resident_pages().unwrap(), 1);
    arena.prefault(2..6).unwrap();
    assert_eq!((arena.resident_pages().unwrap(), arena.read(arena.page::<u64>(3)).unwrap()), (4, 33));
    let error = arena.prefault(7..9).unwrap_err();
    assert_eq!(error.to_string(), "pages 7..9 are out of range: the arena has 8");
    // A pointer to a page that does not exist is refused when it is followed.
    for beyond in [8, 1 << 32, u64::MAX] {
        assert!(arena.get(arena.page::<u64>(beyond)).is_err(), "{beyond}");
    }
}

#[test]
fn a_memfd_has_no_pages_that_a_kernel_allocates() {
    let arena = Arena::memfd(1).unwrap();
    assert!(matches!(arena.pages(), Err(PagesError::Arena(ArenaError::NoMap { .. }))));
    let error = arena.pin("/nowhere").unwrap_err();
    assert!(error.to_string().starts_with("not possible to pin it: the arena is a memfd"), "{error}");
    assert_eq!(arena.flags(), ArenaFlags::default());
}

#[test]
fn globals_of_an_object_are_found_in_an_arena_without_a_kernel() {
    let btf = Btf::from_object(include_bytes!("../../bpf/arena_globals.bpf.o")).unwrap();
    let arena = Arena::memfd(4).unwrap();
    let globals = arena.globals_at(&btf, 2 * page()).unwrap();
    let head = globals.var::<ArenaPtr<Node>>("head").unwrap();
    head.store(at(&arena, 64));
    let place = arena.ptr_of(&*head).unwrap();
    assert!(place.address() >= arena.page::<u8>(2).address());
    assert_eq!(arena.read(place).unwrap(), at(&arena, 64));
    // One page more than the arena has from that page on.
    let error = arena.globals_at(&btf, 3 * page()).unwrap_err();
    assert!(matches!(error, SectionError::Size { size: 8192, len, .. } if len as u64 == page()), "{error:?}");
    assert!(matches!(arena.globals_at(&btf, u64::MAX), Err(SectionError::Size { len: 0, .. })));
    // Not at a multiple of the alignment of its variables.
    let skewed = arena.globals_at(&btf, 4).unwrap();
    assert!(matches!(skewed.var::<ArenaPtr<Node>>("head"), Err(SectionError::Place(PlaceError::Misaligned { .. }))));
}

#[test]
fn the_initial_values_of_globals_are_stored_at_both_ends_of_an_arena() {
    let object = include_bytes!("../../bpf/arena_globals.bpf.o");
    let btf = Btf::from_object(object).unwrap();
    let packets = |arena: &Arena, page_number: u64| {
        arena.globals_at(&btf, page_number * page()).unwrap().var::<u64>("stats.packets").unwrap().load()
    };
    let arena = Arena::memfd(7).unwrap();
    arena.get(arena.page::<u64>(3)).unwrap().store(9);
    assert_eq!(arena.store_globals(object).unwrap(), 2..5);
    assert_eq!((packets(&arena, 0), packets(&arena, 5)), (7, 7));
    assert_eq!(arena.read(arena.page::<u64>(3)).unwrap(), 9, "it is nobody's variable");
    // Two pages are both ends at once. Of three, the loader would choose the place of the second.
    let two = Arena::memfd(2).unwrap();
    assert!(two.store_globals(object).unwrap().is_empty());
    assert_eq!(packets(&two, 0), 7);
    let three = Arena::memfd(3).unwrap();
    let error = three.store_globals(object).unwrap_err();
    assert!(matches!(error, SectionError::EndsOverlap { pages: 3, needed: 4, .. }), "{error:?}");
    assert_eq!(packets(&three, 0), 0, "nothing is stored");
    assert!(matches!(Arena::memfd(1).unwrap().store_globals(object), Err(SectionError::Size { .. })));
    // No object, cut short or changed, is a panic.
    for len in (0..object.len()).step_by(61) {
        let _ = arena.store_globals(&object[..len]);
    }
    let mut changed = object.to_vec();
    for at in (0..object.len()).step_by(7) {
        changed[at] ^= 0xff;
        let _ = arena.store_globals(&changed);
        changed[at] ^= 0xff;
    }
}

#[test]
fn arenas_and_handles_go_to_other_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Arena>();
    shared::<ArenaPtr<std::rc::Rc<u8>>>();
    let arena = Arena::memfd(1).unwrap();
    let ptr = at::<u64>(&arena, 8);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let arena = arena.clone();
            thread::spawn(move || {
                for _ in 0..1000 {
                    arena.get(ptr).unwrap().fetch_add(1);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(arena.read(ptr).unwrap(), 4000);
}

#[test]
fn of_all_who_take_a_pointer_one_gets_it() {
    let arena = Arena::memfd(1).unwrap();
    let slot = arena.var(at::<ArenaPtr<Node>>(&arena, 0)).unwrap();
    let object = at::<Node>(&arena, 64);
    for round in 0..200u64 {
        slot.store_release(object);
        let got: usize = thread::scope(|scope| {
            let take = |acquire: bool| {
                let slot: &Shared<ArenaPtr<Node>> = &slot;
                scope.spawn(move || usize::from(!(if acquire { slot.take_acquire() } else { slot.take() }).is_null()))
            };
            let threads = [take(false), take(true), take(false)];
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(got, 1, "round {round}");
        assert!(slot.load().is_null());
    }
    assert_eq!(slot.compare_exchange(ArenaPtr::null(), object), Ok(ArenaPtr::null()));
    assert_eq!(slot.compare_exchange(ArenaPtr::null(), object), Err(object));
}

#[test]
fn an_arena_prints_where_it_is() {
    let arena = Arena::memfd(1).unwrap();
    let printed = format!("{arena:?}");
    assert!(printed.contains(&format!("start: {:#x}", arena.start())) && printed.contains("len: 4096"), "{printed}");
    assert!(arena.fd().unwrap().as_fd().as_raw_fd() >= 0);
}

#[test]
fn a_forked_child_has_the_mapping_of_a_memfd() {
    // The first may be mapped at the address of its pointers; the second then cannot.
    let arenas = [Arena::memfd(1).unwrap(), Arena::memfd(1).unwrap()];
    for arena in &arenas {
        let word = arena.get(at::<u64>(arena, 8)).unwrap();
        word.store(5);
        assert_eq!(fork(|| if word.fetch_add(1) == 5 { 42 } else { 1 }), 42);
        assert_eq!(word.load(), 6);
    }
}
