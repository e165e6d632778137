//! Text in fixed arrays that the kernel and BPF programs write and read.

use std::fs;

use mapvalue::{BtfError, CharArray, DataSection, MapValue, SectionError, Var, bpf};
use mapvalue_tests::kernel::{self, Libbpf, Loader, objects};

/// `struct name` of `text.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Name {
    id: u32,
    text: CharArray<12>,
}

#[test]
fn names_that_bpf_writes_are_read() {
    kernel::require!(COMM);
    let object = Libbpf::load(objects::TEXT);
    let bss = DataSection::from_map(object.map(".bss")).unwrap();
    let comm: Var<CharArray<16>> = bss.var("comm").unwrap();
    let filled: Var<CharArray<8>> = bss.var("filled").unwrap();
    assert!(comm.load().is_empty());
    assert_eq!(object.run("tell"), 0);
    // The kernel's name for this thread: the first 15 bytes of the name, and a NUL.
    let expected = fs::read_to_string("/proc/thread-self/comm").unwrap();
    assert_eq!(comm.load(), expected.trim_end_matches('\n'));
    assert_eq!(filled.load().as_bytes_until_nul(), b"xxxxxxxx", "without a NUL it ends with the array");

    let by_name = kernel::reopen(object.map("by_name"), 0);
    bpf::check_map_key::<CharArray<16>>(&by_name).unwrap();
    assert!(matches!(bpf::check_map_key::<CharArray<8>>(&by_name), Err(BtfError::LayoutMismatch(_))));
    assert!(matches!(bss.var::<CharArray<15>>("comm"), Err(SectionError::VariableLayout { .. })));
}

#[test]
fn names_that_are_stored_are_found_by_bpf() {
    kernel::require!(COMM);
    let object = Libbpf::load(objects::TEXT);
    let bss = DataSection::from_map(object.map(".bss")).unwrap();
    let data = DataSection::from_map(object.map(".data")).unwrap();
    let names: Var<[Name; 4]> = bss.var("names").unwrap();
    let found: Var<u32> = data.var("found").unwrap();
    names[0].text.store(CharArray::truncated("eth0-and-more"));
    names[1].text.store("eth".parse().unwrap());
    assert_eq!((object.run("find"), found.load()), (1, 4), "neither is the name looked for");
    names[2].text.store("eth0".parse().unwrap());
    assert_eq!((object.run("find"), found.load()), (0, 2));
    // A shorter name leaves nothing of the longer one.
    names[0].text.store("eth0".parse().unwrap());
    assert_eq!((object.run("find"), found.load()), (0, 0));
    let part: Var<CharArray<12>> = bss.var("names[2].text").unwrap();
    assert_eq!(part.load(), "eth0");
}
