//! Handles to typed maps: a Rust type is refused if the BTF has a different type at that place.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;

use mapvalue::bpf::{self, TypedMap};
use mapvalue::{
    AnyArray, Btf, BtfError, CharArray, DataSection, ElementError, Error, MapValue, Mapping, PlaceError, SystemError,
    TypeCheck, Var,
};
use mapvalue_tests::kernel::{self, Libbpf, Loader, Map, PrivateBpffs, child, objects};

/// `struct stats` of `checked.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Stats {
    packets: u64,
    bytes: u64,
    by_proto: [u64; 16],
    mode: u32,
    live: bool,
}

mod drifted {
    use mapvalue::MapValue;

    #[derive(MapValue, Clone, Copy, Debug)]
    #[repr(C)]
    pub(super) struct Order {
        bytes: u64,
        packets: u64,
        by_proto: [u64; 16],
        mode: u32,
        live: bool,
    }

    #[derive(MapValue, Clone, Copy, Debug)]
    #[repr(C)]
    pub(super) struct Shorter {
        packets: u64,
        bytes: u64,
        by_proto: [u64; 16],
    }

    #[derive(MapValue, Clone, Copy, Debug)]
    #[repr(C)]
    pub(super) struct Widened {
        packets: u64,
        bytes: u64,
        by_proto: [u64; 17],
    }

    #[derive(MapValue, Clone, Copy, Debug)]
    #[repr(C)]
    pub(super) struct Renamed {
        packets: u64,
        octets: u64,
        by_proto: [u64; 16],
        mode: u32,
        live: bool,
    }
}

/// `struct pair`.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
struct Pair {
    first: u64,
    second: u64,
}

#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
struct Swapped {
    second: u64,
    first: u64,
}

/// The text of the mismatch that keeps a handle from being opened.
fn refusal<H>(handle: Result<H, impl Into<Error>>) -> String {
    match handle.map(drop).map_err(Into::into) {
        Err(error @ Error::Btf(BtfError::LayoutMismatch(_))) => error.to_string(),
        other => panic!("not refused as it should be: {other:?}"),
    }
}

fn object() -> Btf {
    Btf::from_object(objects::CHECKED).unwrap()
}

/// Asserts that all handles refuse a drifted type with `expected` in the error, as [`Btf::check`]
/// does.
fn refuses<T: MapValue>(mapping: &Arc<Mapping>, expected: &str) {
    for text in [refusal(mapping.var::<T>(0)), refusal(mapping.var_ro::<T>(0)), refusal(mapping.var::<T>(152))] {
        assert!(text.contains(expected), "{text}");
        assert_eq!(text, object().check::<T>("struct stats").unwrap_err().to_string());
    }
    assert!(refusal(mapping.slice::<T>(0, 1)).contains(expected));
    assert!(refusal(mapping.slice_ro::<T>(152, 1)).contains(expected));
    let same_size = T::LAYOUT.size() == size_of::<Stats>();
    match mapping.array::<T>().map(drop) {
        Err(PlaceError::ValueSize { .. }) if !same_size => {}
        other => assert!(refusal(other).contains(expected)),
    }
    match mapping.array_ro::<T>().map(drop) {
        Err(PlaceError::ValueSize { .. }) if !same_size => {}
        other => assert!(refusal(other).contains(expected)),
    }
}

fn refuses_what_has_drifted(mapping: &Arc<Mapping>) {
    assert_eq!(mapping.type_check(), TypeCheck::Matches);
    refuses::<drifted::Order>(mapping, "Order.bytes: offset 0 in Rust, 8 in BTF (struct stats)");
    refuses::<drifted::Shorter>(mapping, "Shorter: size 144 in Rust, 152 in BTF (struct stats)");
    refuses::<drifted::Widened>(mapping, "Widened.by_proto: 17 elements in Rust, 16 elements in BTF (struct stats)");
    refuses::<drifted::Renamed>(mapping, "Renamed.octets: `u64` (8 bytes) at offset 8 in Rust, nothing in BTF");
    let stats: Var<Stats> = mapping.var(0).unwrap();
    stats.by_proto[3].store(7);
    assert_eq!(mapping.array::<Stats>().unwrap()[0].by_proto[3].load(), 7);
    // Opening by system calls refuses the type as well.
    let text = refusal(AnyArray::<drifted::Renamed>::from_mapping(mapping));
    assert!(text.contains("Renamed.octets"), "{text}");
}

#[test]
fn a_drifted_type_is_refused_by_every_handle() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    refuses_what_has_drifted(&Mapping::from_map(loaded.map("stats")).unwrap());
    refuses_what_has_drifted(&Mapping::from_map_checked(loaded.map("stats")).unwrap());
    assert!(refusal(AnyArray::<drifted::Order>::from_map(loaded.map("stats"))).contains("Order.bytes"));
    // Handles still open from memory, on any value and in any thread.
    let mapping = Mapping::from_map(loaded.map("stats")).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for at in [0, 152].repeat(100) {
                    assert!(mapping.var::<Stats>(at).is_ok() && mapping.var::<drifted::Renamed>(at).is_err());
                }
            });
        }
    });
}

/// `BPF_BTF_GET_FD_BY_ID` of `bpf(2)`.
const BTF_GET_FD_BY_ID: u32 = 19;

#[test]
fn a_drifted_type_is_refused_without_the_right_to_read_types() {
    kernel::require!();
    if child::passed().is_none() {
        return child::run(a_drifted_type_is_refused_without_the_right_to_read_types, Map::array(8, 1));
    }
    let loaded = Libbpf::load(objects::CHECKED);
    child::forbid(libc::SYS_bpf, 0, BTF_GET_FD_BY_ID);
    let error = Mapping::from_map_checked(loaded.map("stats")).unwrap_err();
    assert!(matches!(error, BtfError::System(SystemError::PermissionDenied { .. })), "{error:?}");
    let text = error.to_string();
    assert!(
        ["CAP_SYS_ADMIN", "from_map_with_btf", "Btf::from_object"].iter().all(|word| text.contains(word)),
        "{text}"
    );
    let lenient = Mapping::from_map(loaded.map("stats")).unwrap();
    assert_eq!(lenient.type_check(), TypeCheck::NotPermitted);
    assert!(lenient.var::<drifted::Renamed>(0).is_ok());

    refuses_what_has_drifted(&Mapping::from_map_with_btf(loaded.map("stats"), &object()).unwrap());
    assert!(
        refusal(AnyArray::<drifted::Order>::from_map_with_btf(loaded.map("stats"), &object())).contains("Order.bytes")
    );
    let array = AnyArray::<Stats>::from_map_with_btf(loaded.map("stats"), &object()).unwrap();
    assert_eq!(array.type_check(), TypeCheck::Matches);
    let flows = TypedMap::<u32, Pair>::from_map_with_btf(loaded.map("flows"), &object()).unwrap();
    assert_eq!(flows.type_check(), TypeCheck::Matches);
    assert!(
        refusal(TypedMap::<u32, Swapped>::from_map_with_btf(loaded.map("flows"), &object())).contains("Swapped.second")
    );
    assert!(refusal(TypedMap::<i32, Pair>::from_map_with_btf(loaded.map("flows"), &object())).contains("i32"));
    child::done();
}

#[test]
fn types_from_an_object_are_those_of_the_map() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let with_btf = |map| Mapping::from_map_with_btf(loaded.map(map), &object());
    // The kernel keeps the first 15 letters of the name.
    let pair: Var<Pair> = with_btf("a_name_of_many_letters").unwrap().var(0).unwrap();
    pair.first.store(1);
    assert!(refusal(with_btf("a_name_of_many_letters").unwrap().var::<Swapped>(0)).contains("Swapped.second"));
    assert!(with_btf("counters").unwrap().array::<u64>().is_ok());
    assert!(matches!(with_btf("untyped"), Err(BtfError::Untyped { part: "values", .. })));
    // A section of globals.
    let bss = with_btf(".bss").unwrap();
    let sum = DataSection::from_map(loaded.map(".bss")).unwrap();
    let sum = sum.variables().into_iter().find(|variable| variable.name == "sum").unwrap().offset;
    assert!(bss.var::<Pair>(sum).is_ok() && bss.var::<u64>(sum + 8).is_ok());
    assert!(refusal(bss.var::<Swapped>(sum)).contains("Swapped.second: offset 0 in Rust, 8 in BTF (struct pair)"));
    // The object of another program.
    let other = Btf::from_object(objects::TABLES).unwrap();
    let error = Mapping::from_map_with_btf(loaded.map("stats"), &other).unwrap_err();
    assert!(
        matches!(error, BtfError::ForeignMap { .. }) && error.to_string().contains("no map of that name"),
        "{error}"
    );
    let other = Map::create(kernel::map_type::ARRAY, kernel::flags::MMAPABLE, 24, 1, "stats");
    let error = Mapping::from_map_with_btf(&other, &object()).unwrap_err();
    assert!(error.to_string().contains("its values are 24 bytes long, there 152"), "{error}");
}

#[test]
fn a_map_without_types_says_so() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let plain = Map::array(16, 1);
    for map in [loaded.map("untyped").as_fd(), plain.as_fd()] {
        assert_eq!(Mapping::from_map(map).unwrap().type_check(), TypeCheck::Untyped);
        let error = Mapping::from_map_checked(map).unwrap_err();
        assert!(matches!(error, BtfError::NoBtf { .. } | BtfError::Untyped { .. }), "{error:?}");
    }
    let text = Mapping::from_map_checked(&plain).unwrap_err().to_string();
    assert!(["`-g`", "the loader's log", "from_map_with_btf"].iter().all(|words| text.contains(words)), "{text}");
    let unchecked = Mapping::from_map_unchecked(loaded.map("stats")).unwrap();
    assert_eq!(
        (unchecked.type_check(), unchecked.check::<drifted::Order>().unwrap()),
        (TypeCheck::Unchecked, TypeCheck::Unchecked)
    );
    assert!(unchecked.var::<drifted::Renamed>(0).is_ok());
}

#[test]
fn a_pin_or_an_id_without_types_is_refused_where_types_must_be_known() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let bpffs = PrivateBpffs::mount();
    for (name, known) in [("stats", true), ("untyped", false)] {
        bpf::pin(loaded.map(name), bpffs.path(name)).unwrap();
        let id = bpf::MapInfo::query(loaded.map(name)).unwrap().id;
        for opened in [Mapping::from_pin_checked(bpffs.path(name)), Mapping::from_id_checked(id)] {
            if known {
                refuses_what_has_drifted(&opened.unwrap());
            } else {
                let error = opened.unwrap_err();
                assert!(matches!(error, BtfError::NoBtf { .. } | BtfError::Untyped { .. }), "{error:?}");
            }
        }
    }
}

/// Offsets in `struct parts`.
mod at {
    pub(super) const MATRIX: usize = 16;
    pub(super) const EITHER: usize = 48;
    pub(super) const BITS: usize = 56;
    pub(super) const AFTER: usize = 60;
    pub(super) const NAME: usize = 64;
    pub(super) const PAIRS: usize = 80;
    pub(super) const SIZE: usize = 128;
}

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Halves {
    low: u32,
    high: u32,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Either {
    whole: u64,
    halves: Halves,
}

#[test]
fn parts_are_what_begins_at_their_offset() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let parts = Mapping::from_map(loaded.map("parts")).unwrap();
    // The same in each of the values.
    for value in [0, at::SIZE, 3 * at::SIZE] {
        assert!(parts.var::<Pair>(value).is_ok() && parts.var::<u64>(value + 8).is_ok());
        assert!(parts.var::<[[u32; 4]; 2]>(value + at::MATRIX).is_ok() && parts.var::<[u32; 4]>(value + 32).is_ok());
        assert!(parts.var::<u32>(value + at::MATRIX + 12).is_ok());
        assert!(parts.var::<Either>(value + at::EITHER).is_ok() && parts.var::<Halves>(value + at::EITHER).is_ok());
        assert!(parts.var::<u64>(value + at::EITHER).is_ok() && parts.var::<u32>(value + at::EITHER + 4).is_ok());
        assert!(parts.var::<u32>(value + at::AFTER).is_ok() && parts.var::<CharArray<16>>(value + at::NAME).is_ok());
        assert!(parts.var::<[Pair; 3]>(value + at::PAIRS).is_ok() && parts.var::<Pair>(value + at::PAIRS + 32).is_ok());
        assert!(
            parts.slice::<u32>(value + at::MATRIX, 4).is_ok() && parts.slice::<u32>(value + at::MATRIX + 8, 2).is_ok()
        );
        assert!(parts.slice::<Pair>(value + at::PAIRS + 16, 2).is_ok() && parts.slice::<u8>(value, 0).is_ok());

        refusal(parts.var::<Swapped>(value));
        refusal(parts.var::<i64>(value + 8));
        refusal(parts.var::<u32>(value + 8));
        refusal(parts.var::<f64>(value + 8));
        refusal(parts.var::<[u64; 2]>(value));
        refusal(parts.var::<[u32; 8]>(value + at::MATRIX));
        refusal(parts.var::<[u32; 3]>(value + at::MATRIX));
        refusal(parts.var::<u64>(value + at::MATRIX));
        refusal(parts.var::<u32>(value + at::BITS));
        refusal(parts.var::<Pair>(value + 8));
        refusal(parts.var::<[Pair; 2]>(value + at::PAIRS));
        refusal(parts.var::<[u8; 16]>(value + at::PAIRS));
        refusal(parts.slice::<u64>(value, 2));
        let text = refusal(parts.slice::<u32>(value + at::MATRIX + 8, 3));
        assert!(text.contains("3 elements in Rust, 2 elements in BTF"), "{text}");
    }
    let text = refusal(parts.var::<u32>(4));
    assert!(
        text.contains("`u32` (4 bytes) at offset 4 in Rust, `__u64` (8 bytes), which begins at 0 in BTF"),
        "{text}"
    );
    // Raw bytes may be read and written at any place.
    let mut bytes = [0; 16];
    parts.read_at(3, &mut bytes).unwrap();
    parts.write_at(3, &bytes).unwrap();
}

/// A struct of the same size around the only member.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Renamed {
    one: Pair,
}

/// `struct single`.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Single {
    count: u64,
}

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct RenamedSingle {
    total: u64,
}

#[test]
fn names_are_compared_where_a_struct_holds_but_one_member() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let wrapped = Mapping::from_map(loaded.map("wrapped")).unwrap();
    assert!(wrapped.var::<Pair>(0).is_ok() && wrapped.var::<u64>(0).is_ok());
    refusal(wrapped.var::<Renamed>(0));
    refusal(wrapped.array::<Swapped>());
    let single = Mapping::from_map(loaded.map("single")).unwrap();
    assert!(single.var::<u64>(0).is_ok() && single.var::<Single>(0).is_ok());
    assert!(refusal(single.var::<RenamedSingle>(0)).contains("RenamedSingle.total"));
}

/// The first members of `struct stats`.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct First {
    packets: u64,
    bytes: u64,
}

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct FirstRenamed {
    packets: u64,
    octets: u64,
}

#[test]
fn a_shorter_prefix_is_had_by_its_name_alone() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let stats = Mapping::from_map(loaded.map("stats")).unwrap();
    for _ in 0..2 {
        assert!(stats.var_prefix::<First>(152).is_ok() && stats.var_prefix_ro::<Stats>(0).is_ok());
        assert!(stats.var_prefix::<[u64; 8]>(16).is_ok());
        assert!(refusal(stats.var::<First>(152)).contains("First: size 16 in Rust, 152 in BTF (struct stats)"));
        assert!(refusal(stats.var::<[u64; 8]>(16)).contains("8 elements in Rust, 16 elements in BTF"));
        assert!(refusal(stats.var_prefix::<FirstRenamed>(0)).contains("FirstRenamed.octets"));
        refusal(stats.var_prefix::<drifted::Widened>(0));
        refusal(stats.var_prefix::<[u64; 17]>(16));
        refusal(stats.var_prefix::<u32>(0));
    }
}

#[test]
fn values_side_by_side_are_those_of_the_map() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let counters = Mapping::from_map(loaded.map("counters")).unwrap();
    assert!(counters.slice::<u64>(8, 63).is_ok() && counters.var::<[u64; 4]>(64).is_ok());
    assert!(counters.var::<Pair>(16).is_ok());
    refusal(counters.slice::<u32>(0, 128));
    refusal(counters.slice::<i64>(8, 2));
    refusal(counters.var::<[u32; 4]>(0));
    let rows = Mapping::from_map(loaded.map("rows")).unwrap();
    assert!(rows.array::<[u64; 8]>().is_ok() && rows.var::<[[u64; 8]; 3]>(64).is_ok());
    assert!(rows.slice::<u64>(0, 64).is_ok() && rows.slice::<[u64; 8]>(64, 2).is_ok());
    refusal(rows.var::<[u64; 16]>(0));
    refusal(rows.var::<[u64; 7]>(0));
    refusal(rows.var::<[[u64; 8]; 2]>(8));
    let parts = Mapping::from_map(loaded.map("parts")).unwrap();
    refusal(parts.slice::<Pair>(0, 16));
    refusal(parts.slice::<u64>(0, 64));
}

#[test]
fn banks_are_those_of_the_map() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let counters = Mapping::from_map(loaded.map("counters")).unwrap(); // 8 banks of 8 counters
    assert!(counters.banks::<[u64; 5]>(8, 64).is_ok() && counters.banks_of_ro::<u64>(4, 128, 9).is_ok());
    assert!(counters.banks::<Pair>(8, 64).is_ok());
    refusal(counters.banks::<[i64; 5]>(8, 64));
    refusal(counters.banks_of::<u32>(8, 64, 3));
    let rows = Mapping::from_map(loaded.map("rows")).unwrap();
    assert!(rows.banks::<[u64; 5]>(8, 64).is_ok() && rows.banks_of::<u64>(8, 64, 8).is_ok());
    refusal(rows.banks::<Pair>(8, 64));
    // Each bank is a value, with padding after it.
    let per_cpu = Libbpf::load(objects::PER_CPU);
    let banks = Mapping::from_map(per_cpu.map("banks")).unwrap();
    assert!(banks.banks::<Bank>(1024, 128).is_ok() && banks.banks_ro::<Bank>(1024, 128).is_ok());
    assert!(refusal(banks.banks::<RenamedBank>(1024, 128)).contains("RenamedBank.widest"));
    assert!(refusal(banks.banks::<Pair>(1024, 128)).contains("Pair.first"));
    assert!(refusal(banks.banks_ro::<ShorterBank>(1024, 128)).contains("ShorterBank.longest: nothing in Rust"));
}

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Bank {
    packets: u64,
    bytes: u64,
    longest: u32,
    cpu: u32,
}

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct RenamedBank {
    packets: u64,
    bytes: u64,
    widest: u32,
    cpu: u32,
}

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct ShorterBank {
    packets: u64,
    bytes: u64,
}

/// More places than the mapping remembers. Each is still compared.
#[test]
fn places_beyond_those_that_are_remembered_are_compared() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let mapping = Mapping::from_map(loaded.map("fifty")).unwrap();
    for _ in 0..2 {
        for place in 0..50 {
            assert!(mapping.var::<u64>(8 * place).is_ok());
            for len in 1..=4 {
                assert_eq!(mapping.slice::<u64>(8 * place, len).is_ok(), len == 1, "{place} {len}");
            }
            assert!(mapping.var_prefix::<u64>(8 * place).is_ok());
            refusal(mapping.var::<i64>(8 * place));
        }
    }
    let stats = Mapping::from_map(loaded.map("stats")).unwrap();
    for _ in 0..2 {
        for first in 0..16 {
            for len in 1..=17 - first {
                let slice = stats.slice::<u64>(16 + 8 * first, len);
                assert_eq!(slice.is_ok(), first + len <= 16, "{first} {len}");
            }
        }
    }
    let counters = Mapping::from_map(loaded.map("counters")).unwrap();
    for len in [1, 2, 3, 500, 64].repeat(100) {
        assert_eq!(counters.slice::<u64>(0, len).is_ok(), len <= 64);
        assert!(counters.slice::<i64>(0, len).is_err());
    }
}

#[test]
fn a_table_of_other_values_is_an_error_of_its_types() {
    kernel::require!();
    let loaded = Libbpf::load(objects::CHECKED);
    let Err(ElementError::Btf(BtfError::LayoutMismatch(_))) = TypedMap::<u32, Swapped>::from_map(loaded.map("flows"))
    else {
        panic!("the members of `struct pair` are in another order");
    };
}
