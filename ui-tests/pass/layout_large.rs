//! A value of many pages.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Table {
    rows: [[u64; 512]; 64],
    last: u8,
}

fn main() {
    let table = Mapping::memfd(1 << 20).unwrap().var::<Table>(0).unwrap();
    table.rows[63][511].store(7);
    table.last.store(1);
    assert_eq!(table.rows.iter().flatten().map(|cell| cell.load()).sum::<u64>(), 7);
}
