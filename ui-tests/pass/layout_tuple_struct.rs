//! A tuple struct with `repr(C)`: fields are reached by their number.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Pair(u32, u64);

fn main() {
    assert!(size_of::<Pair>() > 0);
    let pair = mapvalue::Mapping::memfd(4096).unwrap().var::<Pair>(0).unwrap();
    pair.1.store(7);
    assert_eq!((pair.load().0, pair.load().1), (0, 7));
}
