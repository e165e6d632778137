//! Handles to parts: a field, an element, a row, a field of a union; each outlives what it came from.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, ReadOnly, Slice, Var};

#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    rows: [[u64; 4]; 2],
    word: Word,
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    let row: Var<[u64; 4]> = stats.project(|s| &s.rows[1]);
    let cells: Slice<u64> = row.project_slice(|row| &row[2..]);
    let word: Var<Word> = stats.project(|s| &s.word);
    let byte: Var<u8, ReadOnly> = word.read_only().project(|word| &word.bytes()[0]);
    drop((stats, row));
    cells[1].store(7);
    word.number().store(u32::from_ne_bytes([9; 4]));
    assert_eq!((cells.var(1).unwrap().load(), byte.load()), (7, 9));
}
