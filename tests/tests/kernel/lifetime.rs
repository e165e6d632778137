//! Handles outlive descriptors and loaders. The memory goes with the last handle.

use std::fs;

use mapvalue::{Array, Mapping, ReadOnly, Slice, Var};
use mapvalue_tests::kernel::{self, Aya, Libbpf, Loader, Map, objects};

/// Pages of the map whose mapping is looked for. No other test has a map of that length.
const PAGES: u32 = 37;
const PAGE: u32 = 4096;

/// Whether a BPF map of [`PAGES`] pages is mapped at this address.
fn is_mapped_at(address: usize) -> bool {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let range = format!("{address:x}-{:x}", address + (PAGES * PAGE) as usize);
    maps.lines().any(|line| line.starts_with(&range) && line.contains("bpf-map"))
}

#[test]
fn the_mapping_goes_with_the_last_handle_of_any_kind() {
    kernel::require!();
    assert_eq!(page_size(), PAGE, "this test counts pages of 4096 bytes");
    let map = Map::array(8, PAGES * PAGE / 8);
    let mapping = Mapping::from_map(&map).unwrap();
    let first: Var<u64> = mapping.var(0).unwrap();
    let address = (&raw const *first).addr();
    assert!(is_mapped_at(address));

    let last: Var<u64, ReadOnly> = mapping.var_ro((PAGES * PAGE) as usize - 8).unwrap();
    let all: Array<u64> = mapping.array().unwrap();
    let some: Slice<u64> = mapping.slice(4096, 16).unwrap();
    let part: Var<u64> = mapping.var::<[u64; 4]>(8).unwrap().project(|values| &values[3]);
    drop((map, mapping, first));
    assert!(is_mapped_at(address));
    all[32].store(5);
    drop(all);
    assert!(is_mapped_at(address));
    assert_eq!(some.len(), 16);
    drop(some);
    assert!(is_mapped_at(address));
    part.store(6);
    let copy = part.clone();
    drop(part);
    assert!(is_mapped_at(address));
    assert_eq!(copy.load(), 6);
    drop(copy);
    assert!(is_mapped_at(address));
    assert_eq!(last.load(), 0);
    drop(last);
    assert!(!is_mapped_at(address));
}

fn page_size() -> u32 {
    // SAFETY: the call takes an integer and touches no memory.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u32::try_from(size).unwrap()
}

#[test]
fn a_handle_that_went_to_another_thread_keeps_the_mapping() {
    kernel::require!();
    let map = Map::array(8, 1);
    let value: Var<u64> = Mapping::from_map(&map).unwrap().var(0).unwrap();
    std::thread::spawn(move || value.store(42)).join().unwrap();
    assert_eq!(map.lookup(0), 42u64.to_ne_bytes());
}

/// Asserts that a handle to a map of the loader works after the loader is gone, and that a second
/// descriptor of the map sees what it stored.
fn outlives<L: Loader>(section: Option<&str>) {
    let loaded = L::load(objects::COUNTERS);
    let name = section.unwrap_or("counters");
    let map = Map::of(loaded.map(name));
    let mapping = Mapping::from_map(loaded.map(name)).unwrap();
    let value: Var<u64> = mapping.var(8).unwrap();
    value.store(1);
    drop((loaded, mapping));
    value.fetch_add(1);
    assert_eq!(value.load(), 2);
    // The eight bytes at offset 8 are those of key 1. A section is one value, so there they are its
    // second variable.
    let seen = if section.is_some() { map.lookup(0)[8..].to_vec() } else { map.lookup(1) };
    assert_eq!(seen, 2u64.to_ne_bytes(), "it is still the map's memory");
    drop(map);
    value.store(3);
    assert_eq!(value.load(), 3, "no descriptor is left at all");
}

#[test]
fn a_handle_outlives_libbpf_and_its_map() {
    kernel::require!();
    outlives::<Libbpf>(None);
}

#[test]
fn a_handle_outlives_libbpf_and_its_section_of_globals() {
    kernel::require!();
    outlives::<Libbpf>(Some(".bss"));
}

#[test]
fn a_handle_outlives_aya_and_its_map() {
    kernel::require!();
    outlives::<Aya>(None);
}
