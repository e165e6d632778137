//! Raw bytes of BPF maps: system calls see what is written, and the bounds are those of the values.

use std::sync::Arc;

use mapvalue::{Error, Mapping, PlaceError};
use mapvalue_tests::kernel::{self, Map, flags, map_type};

fn mapped(map: &Map) -> Arc<Mapping> {
    Mapping::from_map(map).unwrap()
}

/// Sixteen bytes, all different.
const PATTERN: [u8; 16] = *b"0123456789abcdef";

#[test]
fn bytes_written_at_16_are_read_back_and_seen_by_a_system_call() {
    kernel::require!();
    let map = Map::array(64, 1);
    let mapping = mapped(&map);
    mapping.write_at(16, &PATTERN).unwrap();
    let mut read = [0; 16];
    mapping.read_at(16, &mut read).unwrap();
    assert_eq!(read, PATTERN);
    let value = map.lookup(0);
    assert_eq!(value[16..32], PATTERN);
    assert!(value[..16].iter().chain(&value[32..]).all(|byte| *byte == 0), "nothing beside it: {value:?}");
}

#[test]
fn bytes_that_a_system_call_wrote_are_read() {
    kernel::require!();
    let map = Map::array(16, 4);
    let mapping = mapped(&map);
    map.update(2, &PATTERN);
    let mut all = [0; 64];
    mapping.read_at(0, &mut all).unwrap();
    assert_eq!(all[32..48], PATTERN);
    assert!(all[..32].iter().chain(&all[48..]).all(|byte| *byte == 0), "{all:?}");
}

#[test]
fn every_offset_and_length_moves_just_its_bytes() {
    kernel::require!();
    let map = Map::array(24, 1);
    let mapping = mapped(&map);
    for offset in 0..24 {
        for len in 0..=24 - offset {
            let before: Vec<u8> = (100..124).collect();
            map.update(0, &before);
            let bytes: Vec<u8> = (1..25).take(len).collect();
            mapping.write_at(offset, &bytes).unwrap();
            let mut expected = before;
            expected[offset..offset + len].copy_from_slice(&bytes);
            assert_eq!(map.lookup(0), expected, "{len} bytes at {offset}");
            let mut read = vec![0; len];
            mapping.read_at(offset, &mut read).unwrap();
            assert_eq!(read, bytes, "{len} bytes at {offset}");
        }
    }
}

/// Reads and writes `len` bytes at `offset`.
fn reach(mapping: &Mapping, offset: usize, len: usize) -> Result<(), Error> {
    let mut bytes = vec![0xee; len];
    let read = mapping.read_at(offset, &mut bytes);
    let written = mapping.write_at(offset, &vec![0; len]);
    assert_eq!(read.is_ok(), written.is_ok(), "reads and writes have the same bounds");
    assert!(read.is_ok() || bytes.iter().all(|byte| *byte == 0xee), "an error leaves the buffer as it was");
    Ok(read?)
}

/// Asserts that exactly the places within the first `end` bytes are reached.
fn assert_ends_at(mapping: &Mapping, end: usize) {
    for (offset, len) in [(0, 0), (end, 0), (end - 8, 8), (0, end), (end - 1, 1)] {
        reach(mapping, offset, len).unwrap_or_else(|error| panic!("({offset}, {len}): {error}"));
    }
    for (offset, len) in [(end - 8, 9), (end, 1), (0, end + 1), (u32::MAX as usize, 1), (usize::MAX, 1), (end + 1, 0)] {
        match reach(mapping, offset, len) {
            Err(Error::Place(PlaceError::OutOfRange { offset: o, size, len: l })) => {
                assert_eq!((o, size, l), (offset, len, end));
            }
            other => panic!("({offset}, {len}): {other:?}"),
        }
    }
}

#[test]
fn an_array_of_64_bytes_ends_at_64_and_not_at_its_page() {
    kernel::require!();
    assert_ends_at(&mapped(&Map::array(8, 8)), 64);
    assert_ends_at(&mapped(&Map::array(64, 1)), 64);
}

#[test]
fn a_map_of_whole_pages_ends_with_its_last_page() {
    kernel::require!();
    assert_ends_at(&mapped(&Map::array(4096, 2)), 8192);
}

#[test]
fn a_map_ends_with_its_last_value_and_not_with_the_padding_after_it() {
    kernel::require!();
    // Values of 12 bytes, one every 16.
    assert_ends_at(&mapped(&Map::array(12, 3)), 16 + 16 + 12);
}

#[test]
fn a_write_out_of_range_changes_nothing() {
    kernel::require!();
    let map = Map::array(16, 1);
    let mapping = mapped(&map);
    map.update(0, &PATTERN);
    mapping.write_at(8, &[0; 9]).unwrap_err();
    mapping.write_at(usize::MAX, &[0; 2]).unwrap_err();
    assert_eq!(map.lookup(0), PATTERN);
}

#[test]
fn a_write_to_a_frozen_map_is_an_error_and_changes_nothing() {
    kernel::require!();
    let map = Map::array(16, 1);
    map.update(0, &PATTERN);
    map.freeze().unwrap();
    assert_write_refused(&map);
}

#[test]
fn a_write_to_a_map_that_is_read_only_for_programs_is_an_error_and_changes_nothing() {
    kernel::require!();
    let map = Map::create(map_type::ARRAY, flags::MMAPABLE | flags::RDONLY_PROG, 16, 1, "plain");
    map.update(0, &PATTERN);
    assert_write_refused(&map);
}

fn assert_write_refused(map: &Map) {
    let mapping = mapped(map);
    // An empty write is still a write.
    for bytes in [&[0xff; 16][..], &[0xff], &[]] {
        let error = mapping.write_at(0, bytes).unwrap_err();
        assert!(matches!(error, PlaceError::ReadOnly { .. }), "{error:?}");
    }
    let mut read = [0; 16];
    mapping.read_at(0, &mut read).unwrap();
    assert_eq!(read, PATTERN);
    assert_eq!(map.lookup(0), PATTERN);
}
