//! Constants that are set by name before either loader loads the object, and sections of aya that
//! are mapped.

#![forbid(unsafe_code)]

use aya::EbpfLoader;
use aya::maps::Map;
use aya::programs::{SchedClassifier, TestRun, TestRunOptions};
use libbpf_rs::{ObjectBuilder, ProgramInput};
use mapvalue::{Btf, DataSection, MapValue, MmapableSections, SectionError, Var};
use mapvalue_tests::kernel::{self, objects};

/// Whether `count` is the constant `answer`.
const PROGRAM: &str = "count_is_the_answer";

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Proto {
    packets: u64,
    bytes: u64,
}

/// The constants of `sections.bpf.c`, with some of them changed.
fn changed() -> DataSection {
    let rodata = DataSection::from_object(objects::SECTIONS, ".rodata").unwrap();
    assert_eq!(rodata.var::<u64>("answer").unwrap().load(), 4_242_424_242, "as the C source has it");
    rodata.var::<u64>("answer").unwrap().store(7);
    rodata.var::<u64>("limits.bytes").unwrap().store(9000);
    rodata
}

fn check(rodata: &DataSection) {
    assert_eq!(rodata.any_var::<u64>("answer").unwrap().load().unwrap(), 7);
    let limits = rodata.any_var::<Proto>("limits").unwrap().load().unwrap();
    assert_eq!(limits, Proto { packets: 10, bytes: 9000 }, "the other field is as it was");
    assert!(rodata.any_var::<bool>("enabled").unwrap().load().unwrap());
}

#[test]
fn a_constant_is_set_by_name_before_libbpf_loads() {
    kernel::require!();
    let bytes = changed().bytes().unwrap();
    let mut open = ObjectBuilder::default().open_memory(objects::SECTIONS).unwrap();
    let is_rodata = |name: &std::ffi::OsStr| name.to_str().unwrap().ends_with(".rodata");
    open.maps_mut().find(|map| is_rodata(map.name())).unwrap().set_initial_value(&bytes).unwrap();
    let loaded = open.load().unwrap();
    check(&DataSection::from_map(loaded.maps().find(|map| is_rodata(libbpf_rs::MapCore::name(map))).unwrap()).unwrap());
    let section =
        |end| loaded.maps().find(|map| libbpf_rs::MapCore::name(map).to_str().unwrap().ends_with(end)).unwrap();
    let count: Var<u64> = DataSection::from_map(section(".bss")).unwrap().var("count").unwrap();
    let program = loaded.progs_mut().find(|program| program.name() == PROGRAM).unwrap();
    let input = || ProgramInput { data_in: Some(&[0; 14]), ..ProgramInput::default() };
    for (counted, verdict) in [(6, 0), (7, 1)] {
        count.store(counted);
        assert_eq!(program.test_run(input()).unwrap().return_value, verdict, "the program has the constant");
    }
}

#[test]
fn a_constant_is_set_by_name_before_aya_loads_and_sections_are_mapped() {
    kernel::require!();
    let (rodata, sections) = (changed(), MmapableSections::create(objects::SECTIONS, &[".bss", ".data", ".rodata"]));
    let (bytes, sections) = (rodata.bytes().unwrap(), sections.unwrap());
    let mut loader = EbpfLoader::new();
    loader.btf(None);
    for constant in rodata.variables() {
        loader.override_global(constant.name, &bytes[constant.offset..][..constant.size], true);
    }
    for (section, pin) in sections.pins() {
        loader.map_pin_path(section, pin);
    }
    let mut bpf = loader.load(objects::SECTIONS).unwrap();
    let mapped = sections.open(".rodata").unwrap();
    check(&mapped);
    assert!(mapped.mapping().unwrap().is_read_only(), "aya has frozen it");
    let count: Var<u64> = sections.open(".bss").unwrap().var("count").unwrap();
    // The map that aya's object has is the same.
    let Some(Map::Array(map)) = bpf.map(".data") else { panic!("no `.data`") };
    let same =
        DataSection::from_map_with_btf(map.fd(), &Btf::from_object(objects::SECTIONS).unwrap(), ".data").unwrap();
    let initial = DataSection::from_object(objects::SECTIONS, ".data").unwrap().bytes().unwrap();
    assert_eq!(same.bytes().unwrap(), initial, "aya has stored the initial values");
    let error = sections.open(".dato").unwrap_err();
    assert!(error.to_string().contains("`.data`"), "{error}");
    drop((sections, same));
    let program: &mut SchedClassifier = bpf.program_mut(PROGRAM).unwrap().try_into().unwrap();
    program.load().unwrap();
    let input = || TestRunOptions { data_in: Some(&[0; 14]), ..TestRunOptions::new() };
    for (counted, verdict) in [(6, 0), (7, 1)] {
        count.store(counted);
        assert_eq!(program.test_run(input()).unwrap().return_value, verdict, "the program has the constant");
    }
}

#[test]
fn a_section_that_is_not_there_is_an_error_with_the_nearest_names() {
    kernel::require!();
    let error = MmapableSections::create(objects::SECTIONS, &[".bss", ".rodato"]).unwrap_err();
    assert!(
        matches!(&error, SectionError::UnknownSection { .. }) && error.to_string().contains("`.rodata`"),
        "{error}"
    );
    let error = DataSection::from_object(objects::SECTIONS, ".rodato").unwrap_err();
    assert!(matches!(&error, SectionError::UnknownSection { .. }), "{error}");
}
