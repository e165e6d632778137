//! A type with the same name as the derive's trait elsewhere: the derive is found by its path.
#![forbid(unsafe_code)]

trait MapValue {}

impl MapValue for Stats {}

#[derive(mapvalue::MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    fn mine<T: MapValue>() {}
    mine::<Stats>();
    assert_eq!(<Stats as mapvalue::MapValue>::LAYOUT.size(), 8);
}
