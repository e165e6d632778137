//@ pass: context_own_derive
//! Another type has the name of the derive's trait. The derive is found by its path.
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
