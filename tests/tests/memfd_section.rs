//! Globals by name without a kernel: the variables of an object file in memory of our own.

use std::sync::Arc;

use mapvalue::{AnyVar, Btf, DataSection, Error, MapValue, Mapping, ReadOnly, Var};

fn btf() -> Btf {
    Btf::from_object(include_bytes!("../bpf/sections.bpf.o")).unwrap()
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
    any.store(&42).unwrap();
    assert_eq!(answer.load(), 42);
    assert_eq!(format!("{any:?}"), "AnyVar(42)");
}

#[test]
fn other_sections_and_too_little_memory_are_told() {
    let text =
        |mapping: &Arc<Mapping>, name: &str| DataSection::with_btf(mapping, &btf(), name).unwrap_err().to_string();
    let page = Mapping::memfd(4096).unwrap();
    assert_eq!(text(&page, "bss"), "there is no section `bss` in the BTF; did you mean `.bss`?");
    // A type that is no section.
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
    // SAFETY: a static is mapped for ever, and nobody writes to it.
    let mapping = unsafe { Mapping::adopt(WORDS.as_ptr().cast_mut().cast(), 32, ReadOnly, || {}) }.unwrap();
    let section = DataSection::with_btf(&mapping, &btf(), ".rodata").unwrap();
    assert_eq!(section.var_ro::<Proto>("limits").unwrap().load(), Proto { packets: 10, bytes: 1500 });
    assert!(matches!(section.var::<Proto>("limits"), Err(Error::ReadOnly { .. })));
    assert!(matches!(section.slice::<u64>("answer"), Err(Error::NoSuchPart { .. })));
    assert!(matches!(section.any_var::<bool>("enabled").unwrap().store(&false), Err(Error::ReadOnly { .. })));
}
