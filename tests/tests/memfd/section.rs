//! Globals by name without a kernel: the variables of an object file, in memory of this process.

use std::sync::Arc;

use mapvalue::btf::InvalidBtf;
use mapvalue::{AnyVar, Btf, DataSection, ElementError, MapValue, Mapping, PlaceError, ReadOnly, SectionError, Var};
use mapvalue_tests::btf::{Builder, raw};

fn btf() -> Btf {
    Btf::from_object(include_bytes!("../../bpf/sections.bpf.o")).unwrap()
}

fn section(name: &str) -> (Arc<Mapping>, DataSection) {
    let mapping = Mapping::memfd(4096).unwrap();
    let section = DataSection::with_btf(&mapping, &btf(), name).unwrap();
    (mapping, section)
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Proto {
    packets: u64,
    bytes: u64,
}

#[test]
fn variables_lie_where_the_object_says() {
    let (mapping, section) = section(".bss");
    section.var::<u64>("signal").unwrap().store(7);
    assert_eq!(mapping.var::<u64>(704).unwrap().load(), 7);
    let bytes = section.var::<Proto>("stats.by_proto[6]").unwrap();
    bytes.store(Proto { packets: 1, bytes: 2 });
    assert_eq!(mapping.var::<u64>(8 + 8 + 6 * 16 + 8).unwrap().load(), 2);
    assert!(Arc::ptr_eq(section.mapping().unwrap(), &mapping));
}

#[test]
fn handles_are_send_sync_and_outlive_the_section() {
    fn assert_free<T: Send + Sync + Clone + 'static>() {}
    assert_free::<DataSection>();
    assert_free::<Btf>();
    assert_free::<AnyVar<Proto>>();
    let (mapping, section) = section(".rodata");
    let answer: Var<u64, ReadOnly> = section.var_ro("answer").unwrap();
    let any = section.any_var::<u64>("answer").unwrap();
    drop((mapping, section));
    any.store(42).unwrap();
    assert_eq!(answer.load(), 42);
    assert_eq!(format!("{any:?}"), "AnyVar(42)");
}

#[test]
fn other_sections_and_too_little_memory_are_told() {
    let text =
        |mapping: &Arc<Mapping>, name: &str| DataSection::with_btf(mapping, &btf(), name).unwrap_err().to_string();
    let page = Mapping::memfd(4096).unwrap();
    assert_eq!(text(&page, "bss"), "there is no section `bss` in the BTF; did you mean `.bss`?");
    // A type, not a section.
    assert_eq!(text(&page, "stats"), "there is no section `stats` in the BTF");
    assert_eq!(
        text(&Mapping::memfd(712).unwrap(), ".bss"),
        "the section `.bss` is 713 bytes long by its BTF, but the memory has 712: the BTF must be that of the object which the \
         map was created from"
    );
    assert!(DataSection::with_btf(&Mapping::memfd(713).unwrap(), &btf(), ".bss").is_ok());
}

#[test]
fn read_only_memory_gives_read_only_handles() {
    static WORDS: [u64; 4] = [4_242_424_242, 1, 10, 1500];
    // SAFETY: a static stays mapped until the process ends, and nobody writes to it.
    let mapping = unsafe { Mapping::adopt(WORDS.as_ptr().cast_mut().cast(), 32, ReadOnly, || {}) }.unwrap();
    let section = DataSection::with_btf(&mapping, &btf(), ".rodata").unwrap();
    assert_eq!(section.var_ro::<Proto>("limits").unwrap().load(), Proto { packets: 10, bytes: 1500 });
    assert!(matches!(section.var::<Proto>("limits"), Err(SectionError::Place(PlaceError::ReadOnly { .. }))));
    assert!(matches!(section.slice::<u64>("answer"), Err(SectionError::NoSuchPart { .. })));
    assert!(matches!(
        section.any_var::<bool>("enabled").unwrap().store(false),
        Err(ElementError::Place(PlaceError::ReadOnly { .. }))
    ));
}

#[test]
fn paths_lead_through_anonymous_structs_and_not_into_bitfields() {
    let btf = Btf::from_object(include_bytes!("../../bpf/layouts.bpf.o")).unwrap();
    let mapping = Mapping::memfd(8192).unwrap();
    let section = DataSection::with_btf(&mapping, &btf, ".data").unwrap();
    let start = section.variables().into_iter().find(|variable| variable.name == "flow").unwrap().offset;
    section.var::<u32>("flow.high").unwrap().store(7);
    assert_eq!(mapping.var::<u32>(start + 28).unwrap().load(), 7);
    let text = |path: &str| section.var::<u32>(path).unwrap_err().to_string();
    assert_eq!(text("bits.length"), "`bits.length`: `length` is a bitfield of 12 bits, which has no place of its own");
    assert_eq!(text("nested.points.1]"), "`nested.points.1]`: write `.member` and `[index]`");
    // A flexible array has no elements.
    assert!(text("nested.data[0]").contains("`__u8[0]` has 0 elements"));
}

#[test]
fn bare_btf_from_clang_does_not_say_where_variables_are() {
    let btf = Btf::parse(raw(include_bytes!("../../bpf/sections.bpf.o"))).unwrap();
    let error = DataSection::with_btf(&Mapping::memfd(4096).unwrap(), &btf, ".bss").unwrap_err();
    assert!(matches!(error, SectionError::OpenSection { .. }), "{error:?}");
    assert!(error.to_string().contains("`Btf::from_object`"), "{error}");
}

#[test]
fn btf_of_the_other_byte_order_is_no_description_of_memory_here() {
    let little = raw(include_bytes!("../../bpf/sections.bpf.o"));
    let word = |at: usize| u32::from_le_bytes(little[at..at + 4].try_into().unwrap()) as usize;
    let (types, strings) = (24 + word(8)..24 + word(8) + word(12), 24 + word(16)..24 + word(16) + word(20));
    let mut other = little[..strings.end].to_vec();
    other[..2].reverse();
    other[4..24].chunks_exact_mut(4).for_each(<[u8]>::reverse);
    other[types].chunks_exact_mut(4).for_each(<[u8]>::reverse);
    let btf = Btf::parse(&other).unwrap();
    assert_eq!(btf.find("stats").count(), 2, "the struct and the variable");
    let error = DataSection::with_btf(&Mapping::memfd(4096).unwrap(), &btf, ".bss").unwrap_err();
    assert!(matches!(error, SectionError::ForeignByteOrder { .. }), "{error:?}");
}

/// The object with one name replaced, at its last occurrence between zero bytes.
fn renamed(from: &str, to: &str) -> Vec<u8> {
    let mut object = include_bytes!("../../bpf/sections.bpf.o").to_vec();
    let name = [b"\0", from.as_bytes(), b"\0"].concat();
    let at = object.windows(name.len()).rposition(|bytes| bytes == name).unwrap() + 1;
    object[at..at + from.len()].fill(0);
    object[at..at + to.len()].copy_from_slice(to.as_bytes());
    object
}

#[test]
fn a_variable_without_a_symbol_has_no_known_place() {
    let btf = Btf::from_object(&renamed("threshold", "thresholx")).unwrap();
    let section = DataSection::with_btf(&Mapping::memfd(4096).unwrap(), &btf, ".data").unwrap();
    assert!(!section.variables().iter().any(|variable| variable.name.starts_with("thresh")));
    let error = section.var::<u64>("threshold").unwrap_err();
    assert!(matches!(error, SectionError::UnknownVariable { hidden: true, .. }), "{error:?}");
    assert_eq!(section.var::<i32>("offset").unwrap().load(), 0, "the others are there");
}

/// clang names the `static` variable of a function `function.variable`.
#[test]
fn a_static_variable_is_refused_as_such_whatever_its_name() {
    let mut btf = Builder::new();
    let int = btf.int("int", 4, 4);
    let in_function = btf.variable("touch.calls", int, 0);
    let in_file = btf.variable("local", int, 0);
    let seen = btf.variable("count", int, 1);
    btf.section(".bss", 12, &[(in_function, 0, 4), (in_file, 4, 4), (seen, 8, 4)]);
    let btf = Btf::parse(&btf.native()).unwrap();
    let section = DataSection::with_btf(&Mapping::memfd(12).unwrap(), &btf, ".bss").unwrap();
    for name in ["touch.calls", "local"] {
        let error = section.var::<u32>(name).unwrap_err().to_string();
        assert!(error.contains(&format!("no variable `{name}`, but one that is `static`")), "{error}");
    }
    // A name similar to that of a static variable is answered with that one.
    let error = section.var::<u32>("loca1").unwrap_err().to_string();
    assert!(error.contains("did you mean `local`?"), "{error}");
    let error = section.var::<u32>("touch.cal1s").unwrap_err().to_string();
    assert!(error.contains("did you mean `touch.calls`?"), "{error}");
}

#[test]
fn an_object_whose_btf_continues_anothers_is_refused() {
    let error = Btf::from_object(&renamed(".data.knobs", ".BTF.base")).unwrap_err();
    assert_eq!(error, InvalidBtf::Split);
}

/// The object with the records of some symbols (`Elf64_Sym`) changed.
fn with_symbols(change: impl Fn(&str, &mut [u8])) -> Vec<u8> {
    let mut object = include_bytes!("../../bpf/sections.bpf.o").to_vec();
    let number = |object: &[u8], at: usize, len: usize| {
        object[at..at + len].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let (headers, count) = (number(&object, 0x28, 8), number(&object, 0x3c, 2));
    let section = |object: &[u8], index: usize| {
        let header = headers + index * 64;
        let field = |at, len| number(object, header + at, len);
        (field(4, 4), field(24, 8), field(32, 8), field(40, 4))
    };
    let (_, start, size, names) = (0..count).map(|index| section(&object, index)).find(|found| found.0 == 2).unwrap();
    let (_, names, ..) = section(&object, names);
    for symbol in (start..start + size).step_by(24) {
        let name = names + number(&object, symbol, 4);
        let end = object[name..].iter().position(|byte| *byte == 0).unwrap();
        let name = String::from_utf8(object[name..name + end].to_vec()).unwrap();
        change(&name, &mut object[symbol..symbol + 24]);
    }
    object
}

fn knobs(object: &[u8]) -> Vec<(String, usize)> {
    let btf = Btf::from_object(object).unwrap();
    let section = DataSection::with_btf(&Mapping::memfd(4096).unwrap(), &btf, ".data.knobs").unwrap();
    section.variables().into_iter().map(|variable| (variable.name.to_owned(), variable.offset)).collect()
}

#[test]
fn symbols_tell_where_variables_lie() {
    let named = |names: [(&str, usize); 2]| names.map(|(name, offset)| (name.to_owned(), offset)).to_vec();
    assert_eq!(knobs(&with_symbols(|_, _| {})), named([("verbosity", 0), ("burst", 4)]));
    let swapped = with_symbols(|name, symbol| match name {
        "verbosity" => symbol[8] = 4,
        "burst" => symbol[8] = 0,
        _ => {}
    });
    assert_eq!(knobs(&swapped), named([("burst", 0), ("verbosity", 4)]), "in the order of their offsets");
    // A symbol of the same name in another section is another variable.
    let elsewhere = with_symbols(|name, symbol| symbol[6] += u8::from(name == "burst"));
    assert_eq!(knobs(&elsewhere), [("verbosity".to_owned(), 0)]);
    let hidden = with_symbols(|name, symbol| symbol[5] += 2 * u8::from(name == "burst"));
    assert_eq!(knobs(&hidden), [("verbosity".to_owned(), 0)]);
    let local = with_symbols(|name, symbol| symbol[4] &= if name == "burst" { 0x0f } else { 0xff });
    assert_eq!(knobs(&local), [("verbosity".to_owned(), 0)]);
}
