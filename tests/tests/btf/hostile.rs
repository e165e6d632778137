//! What hostile BTF costs: time and memory grow with its bytes, not with what can be built from
//! them. Following such an input naively takes the square of its size, or two to the power of its
//! depth.

use std::alloc::{GlobalAlloc, Layout as Allocation, System};
use std::cell::Cell;
use std::time::Duration;

use mapvalue::btf::{InvalidBtf, RustSource, Type, TypeKind};
use mapvalue::{Btf, BtfError, DataSection, Endianness, MapValue, Mapping, SectionError};
use mapvalue_tests::btf::{Builder, Elf, FLAG, check_layouts, kind, symbol};
use mapvalue_tests::clock::{cpu_time, slowness};

/// Counts the memory that the measured thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn count(added: usize, removed: usize) {
    // Memory allocated on another thread may be freed here.
    HELD.set(HELD.get().saturating_add(added).saturating_sub(removed));
    PEAK.set(PEAK.get().max(HELD.get()));
}

// SAFETY: all calls go to the system's allocator. Counting does not allocate: the counters start as
// constants and need no drop.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Allocation) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Allocation) {
        count(0, layout.size());
        // SAFETY: the caller keeps the promises of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Allocation, size: usize) -> *mut u8 {
        // Both may exist while the memory is copied.
        count(size, 0);
        count(0, layout.size());
        // SAFETY: the caller keeps the promises of `realloc`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Following the input naively takes hours.
const LIMIT: Duration = Duration::from_secs(2);
/// Bytes of each input: a megabyte, or a quarter of that where code runs about ten times slower.
const SIZE: usize = if cfg!(debug_assertions) { 1 << 18 } else { 1 << 20 };
/// Parts of a type. BTF has room for at most 65,535.
const PARTS: usize = SIZE / 16 - 1;

/// Runs `work` on `len` bytes, in the time limit and with at most `times` as much memory.
#[track_caller]
fn measured<R>(what: &str, len: usize, times: usize, work: impl FnOnce() -> R) -> R {
    let (start, held) = (cpu_time(), HELD.get());
    PEAK.set(held);
    let result = work();
    let (taken, peak) = (cpu_time().saturating_sub(start), PEAK.get().saturating_sub(held));
    println!("{what}: {} ms, {} KB for {} KB", taken.as_millis(), peak / 1024, len / 1024);
    assert!(taken < LIMIT || taken < LIMIT.mul_f64(slowness()), "{what} of {len} bytes takes {taken:?}");
    assert!(peak <= times * len + 65536, "{what} of {len} bytes takes {peak} bytes");
    result
}

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
    bytes: u64,
}

/// Reads the bytes, and asks every type for everything.
#[track_caller]
fn survives(bytes: &[u8]) -> Btf {
    let len = bytes.len();
    assert!(len > SIZE / 2 && len < SIZE + SIZE / 2, "{len} bytes");
    // The words, the strings, and one word a type. `starts` grows by doubling.
    let btf = measured("parse", len, 3, || Btf::parse(bytes)).unwrap();
    // All types together and each alone, with very little memory.
    measured("display", 0, 0, || {
        btf.types().for_each(|ty| assert!(ty.to_string().len() < 16384));
    });
    measured("size", 0, 0, || btf.types().filter_map(|ty| ty.size().map(|_| ty.id())).count());
    measured("resolved", 0, 0, || btf.types().filter_map(Type::resolved).count());
    measured("parts", 0, 0, || {
        let short = |ty: Type<'_>| match ty.kind() {
            TypeKind::Struct(composite) | TypeKind::Union(composite) => {
                composite.members().all(|it| it.name.len() < 5000)
            }
            TypeKind::Prototype(prototype) => prototype.params().all(|(name, _)| name.len() < 5000),
            TypeKind::Enum(values) => values.values().all(|(name, _)| name.len() < 5000),
            TypeKind::Section(section) => section.variables().all(|it| it.variable.id() < btf.len()),
            _ => true,
        };
        assert!(btf.types().all(short));
    });
    // One check may look at all there is, so only some are made.
    let step = btf.len() as usize / 4 + 1;
    for ty in btf.types().step_by(step).chain(btf.get(btf.len() - 1)) {
        measured(&format!("check {}", ty.id()), len, 16, || check_layouts(ty));
    }
    measured("check by a name", len, 16, || {
        for name in ["x", "struct x", "union x", "y"] {
            drop(btf.check::<Stats>(name));
            drop(btf.check::<[u8; 16]>(name));
        }
    });
    let unknown = measured("nearest names", len, 1, || btf.check::<Stats>("statistics"));
    assert!(matches!(unknown, Err(BtfError::UnknownType { .. })), "{unknown:?}");
    measured("rust", len, 128, || assert_clean(&btf.rust_source_of_all()));
    measured("find", 0, 0, || btf.find("x").count());
    btf
}

/// Nothing of a hostile name is in the text: it is lines of the writer's own forms.
fn assert_clean(source: &RustSource) {
    for line in source.text.lines() {
        let fits = |c: char| c.is_ascii_graphic() || c == ' ';
        assert!(line.len() < 2048 && line.chars().all(fits), "{line:?}");
        // A name ends no comment, string or item.
        let quotes = line.matches('"').count();
        assert!(quotes == 0 || quotes == 2 && line.trim_start().starts_with("#[map_value(rename = "), "{line}");
    }
    for refused in source.refused.iter().map(ToString::to_string) {
        // A build script prints it as a line for cargo.
        assert!(refused.len() < 4096 && !refused.contains(char::is_control), "{refused:?}");
    }
}

/// What a BPF program's author may call things: none of it becomes Rust.
#[test]
fn names_that_are_source_text() {
    for evil in [
        "a: u8 } fn main() { panic!() } struct b {",
        "wide\ncargo::x=y",
        "x\npub fn y() {}",
        "x\"; y",
        "x`",
        "*/",
        "r#type",
        "é",
        "4",
        "-",
    ] {
        let mut btf = Builder::new();
        let int = btf.int(evil, 4, 0);
        let pointer = btf.to(kind::PTR, "", int);
        let inner = btf.composite(kind::STRUCT, "", 4, &[("a", int, 0)]);
        let typedef = btf.to(kind::TYPEDEF, evil, inner);
        let tag = btf.to(kind::TYPE_TAG, "arena", typedef);
        let tagged = btf.to(kind::PTR, "", tag);
        btf.composite(kind::STRUCT, evil, 4, &[("a", int, 0)]);
        btf.composite(kind::STRUCT, "m", 4, &[(evil, int, 0)]);
        btf.composite(kind::STRUCT, "t", 4, &[("a", typedef, 0)]);
        btf.composite(kind::STRUCT, "p", 16, &[("a", pointer, 0), ("b", tagged, 64)]);
        btf.enumeration("e", 0, 4, &[(evil, 1)]);
        btf.enumeration(evil, 0, 4, &[("a", 1)]);
        let btf = Btf::parse(&btf.native()).unwrap();
        let source = btf.rust_source([evil, "m", "t", "p", "e", "wide", "fn main"]);
        assert_clean(&source);
        assert!(source.text.contains("struct P {"), "{source}");
        assert!(evil.len() < 3 || !source.text.contains(evil), "{evil}: {source}");
        assert!(source.refused.len() >= 5, "{:?}", source.refused);
        assert_clean(&btf.rust_source_of_all());
    }
}

/// BTF of a compiler with some bytes changed at random.
#[test]
fn rust_of_mutated_objects() {
    let object = include_bytes!("../../bpf/layouts.bpf.o");
    let bytes = mapvalue_tests::btf::raw(object);
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let mut read = 0;
    for _ in 0..2000 {
        let mut bytes = bytes.to_vec();
        for _ in 0..=random(6) {
            // Behind the header.
            let at = 24 + random(bytes.len().min(12000) - 24);
            bytes[at] = u8::try_from(random(256)).unwrap();
        }
        if let Ok(btf) = Btf::parse(&bytes) {
            assert_clean(&btf.rust_source_of_all());
            read += 1;
        }
    }
    assert!(read > 500, "{read}");
}

/// A name of the greatest length. Every end of it is the same letters.
fn long_name() -> String {
    "x".repeat(4096)
}

#[test]
fn a_chain_of_typedefs() {
    let mut btf = Builder::new();
    let count = u32::try_from(SIZE / 12).unwrap();
    for id in 1..=count {
        btf.to(kind::TYPEDEF, "x", id % count + 1);
    }
    let btf = survives(&btf.native());
    assert_eq!(btf.get(1).unwrap().resolved().map(Type::id), None);
}

#[test]
fn types_that_share_a_long_name() {
    for kind in [kind::INT, kind::TYPEDEF, kind::STRUCT, kind::VOLATILE, kind::FWD] {
        let (mut btf, name) = (Builder::new(), long_name());
        for id in 0..u32::try_from(SIZE / 16).unwrap() {
            let rest: &[u32] = if kind == kind::INT { &[32] } else { &[] };
            btf.add(&name, kind, 0, if matches!(kind, kind::TYPEDEF | kind::VOLATILE) { id } else { 4 }, rest);
        }
        survives(&btf.native());
    }
}

#[test]
fn structs_of_many_members() {
    for flag in [0, FLAG] {
        let (mut btf, name) = (Builder::new(), long_name());
        let int = btf.int("u32", 4, 0);
        let members = vec![(name.as_str(), int, 3 << 24); PARTS / 4];
        for part in 0..5 {
            let kind = if part % 2 == 0 { kind::STRUCT } else { kind::UNION };
            btf.parts(kind, "x", flag, 16, &members);
        }
        survives(&btf.native());
    }
}

#[test]
fn enums_of_many_values() {
    let (mut btf, name) = (Builder::new(), long_name());
    let values = vec![(name.as_str(), 7); PARTS];
    btf.enumeration("x", FLAG, 4, &values);
    btf.enumeration("x", 0, 4, &values);
    survives(&btf.native());
}

/// A union of enums, each slow to compare.
#[test]
fn unions_of_large_enums() {
    let mut btf = Builder::new();
    let inner = btf.enumeration("y", 0, 4, &vec![("z", 7); PARTS * 3 / 4]);
    btf.composite(kind::UNION, "x", 4, &vec![("a", inner, 0); PARTS / 2]);
    survives(&btf.native());
}

#[test]
fn a_section_of_many_variables() {
    let (mut btf, name) = (Builder::new(), long_name());
    let int = btf.int("int", 4, 1);
    let variables: Vec<_> = (0..PARTS / 2).map(|_| (btf.variable(&name, int, 1), 0, 4)).collect();
    btf.section(".bss", 0, &variables);
    let btf = survives(&btf.native());
    let section = DataSection::with_btf(&Mapping::memfd(4096).unwrap(), &btf, ".bss");
    assert!(matches!(section, Err(SectionError::OpenSection { .. })), "{section:?}");
}

/// Each struct holds the next one at least twice, without a name: each level at least doubles the
/// paths.
#[test]
fn anonymous_structs_that_share_their_insides() {
    for (outer, inner) in [(kind::STRUCT, kind::STRUCT), (kind::UNION, kind::UNION), (kind::STRUCT, kind::UNION)] {
        for width in [2, 16, 4096] {
            let mut btf = Builder::new();
            let count = u32::try_from(SIZE / (12 + 12 * width)).unwrap();
            for id in 1..=count {
                let next = if id == count { 0 } else { id + 1 };
                let kind = if id % 2 == 0 { inner } else { outer };
                btf.composite(kind, "x", 16, &vec![("", next, 0); width]);
            }
            survives(&btf.native());
        }
    }
}

/// Each union holds the next one many times, by name. A type that meets one of them meets all.
#[test]
fn unions_of_unions() {
    for width in [2, 8, 1000] {
        let mut btf = Builder::new();
        let count = u32::try_from(SIZE / (12 + 12 * width)).unwrap();
        for id in 1..=count {
            btf.composite(kind::UNION, "x", 16, &vec![("a", id % count + 1, 0); width]);
        }
        survives(&btf.native());
    }
}

/// A union of structs of the right size. None of them is the right one, and all are slow to
/// compare.
#[test]
fn unions_of_large_structs() {
    for prototypes in [false, true] {
        let (mut btf, name) = (Builder::new(), long_name());
        let int = btf.int(&name, 4, 0);
        let params = vec![("", int); 16];
        let prototype = btf.prototype(int, &params);
        let pointer = btf.to(kind::PTR, "", prototype);
        let member = if prototypes { pointer } else { int };
        let inner = btf.composite(kind::STRUCT, "", 16, &vec![("y", member, 0); PARTS / 2]);
        btf.composite(kind::UNION, "x", 16, &vec![("a", inner, 0); PARTS / 2]);
        let outer = btf.composite(kind::STRUCT, "", 16, &[("points", inner, 0)]);
        btf.composite(kind::UNION, "x", 16, &vec![("", outer, 0); 100]);
        survives(&btf.native());
    }
}

/// The members are alternatives: one that is found is enough.
#[test]
fn an_anonymous_union_of_many_members() {
    for found in ["packets", "y"] {
        let mut btf = Builder::new();
        let (long, int) = (btf.int("unsigned long", 8, 0), btf.int("int", 4, 1));
        let ty = if found == "packets" { long } else { int };
        let mut members = vec![("z", ty, 0); PARTS];
        members[PARTS - 1] = (found, ty, 0);
        let union = btf.composite(kind::UNION, "", 8, &members);
        btf.composite(kind::STRUCT, "x", 16, &[("", union, 0), ("bytes", long, 64)]);
        let btf = survives(&btf.native());
        assert_eq!(btf.check::<Stats>("x").is_ok(), found == "packets");
    }
}

/// Functions that return functions, each with parameters of long names.
#[test]
fn functions_of_functions() {
    let (mut btf, name) = (Builder::new(), long_name());
    let int = btf.int(&name, 4, 0);
    for level in (0..PARTS / 10).rev() {
        let next = btf.next_id() + 2;
        let params = vec![("", int); 16];
        let prototype = btf.prototype(if level == 0 { 0 } else { next }, &params);
        btf.to(kind::PTR, "x", prototype);
    }
    survives(&btf.native());

    let mut btf = Builder::new();
    let int = btf.int(&name, 4, 0);
    btf.prototype(int, &vec![(name.as_str(), int); PARTS]);
    btf.prototype(2, &vec![(name.as_str(), 2); PARTS]);
    survives(&btf.native());
}

#[test]
fn arrays_of_arrays() {
    let mut btf = Builder::new();
    let count = u32::try_from(SIZE / 24).unwrap();
    for id in 1..=count {
        btf.array(id % count + 1, u32::MAX);
    }
    let btf = survives(&btf.native());
    assert_eq!(btf.get(1).unwrap().size(), None);
}

/// An object file whose sections and symbols share one long name.
#[test]
fn object_files_with_long_names() {
    let order = Endianness::Native;
    let mut btf = Builder::new();
    let int = btf.int("int", 4, 1);
    let variable = btf.variable("a", int, 1);
    btf.section(".bss", 0, &[(variable, 0, 4)]);

    let mut elf = Elf::with_btf(order, btf.native());
    let symbols: Vec<u8> = (0..PARTS / 4).flat_map(|_| symbol(order, 0, 1, 0, 2, 0)).collect();
    elf.add(".bss", 8, Vec::new());
    elf.add_symbols(&symbols, [vec![b'a'; SIZE / 2], vec![0]].concat());
    let object = elf.bytes();
    measured("symbols", object.len(), 8, || Btf::from_object(&object)).unwrap();

    let mut elf = Elf::with_btf(order, btf.native());
    elf.add(&"a".repeat(SIZE / 2), 1, Vec::new());
    for _ in 0..PARTS / 8 {
        elf.add("", 1, Vec::new());
    }
    let mut object = elf.bytes();
    // Give that long name to each section without a name.
    let long = u32::from_ne_bytes(object[64 + 2 * 64..][..4].try_into().unwrap());
    for header in object[64 + 3 * 64..][..64 * (PARTS / 8)].chunks_exact_mut(64) {
        header[..4].copy_from_slice(&long.to_ne_bytes());
    }
    measured("sections", object.len(), 8, || Btf::from_object(&object)).unwrap();
}

/// An object file with one section of many variables, and one with many sections of few.
#[test]
fn object_files_of_many_variables() {
    let order = Endianness::Native;
    for (sections, variables) in [(1, PARTS / 2), (PARTS / 4, 1)] {
        let (mut btf, name) = (Builder::new(), long_name());
        let int = btf.int("int", 4, 1);
        let variable = btf.variable(&name, int, 1);
        for _ in 0..sections {
            btf.section(".bss", 0, &vec![(variable, 0, 4); variables]);
        }
        let mut elf = Elf::with_btf(order, btf.native());
        let bss = u16::try_from(elf.add(".bss", 1, vec![0; 16])).unwrap();
        elf.add_symbols(&symbol(order, 0, 1, 0, bss, 8), [name.as_bytes(), b"\0"].concat());
        let object = elf.bytes();
        let btf = measured("from_object", object.len(), 5, || Btf::from_object(&object)).unwrap();
        let Some(TypeKind::Section(section)) = btf.get(3).map(Type::kind) else { panic!("{btf:?}") };
        assert!(section.size() == 16 && section.variables().all(|part| part.offset == 8));
    }
}

#[test]
fn names_are_not_longer_than_any_compiler_writes() {
    let mut btf = Builder::new();
    btf.int(&"x".repeat(4097), 4, 0);
    assert_eq!(Btf::parse(&btf.native()).unwrap_err(), InvalidBtf::LongName { len: 4097, max: 4096 });
}
