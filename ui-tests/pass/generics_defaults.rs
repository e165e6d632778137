//! Default parameters, one of which is another parameter.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Range<T, U = T> {
    start: T,
    end: U,
}

fn main() {
    let range = Mapping::memfd(4096).unwrap().var::<Range<u32>>(0).unwrap();
    range.end.store(3);
    let _: &RangeShared<u32> = &range;
    assert_eq!(range.load().end, 3);
}
