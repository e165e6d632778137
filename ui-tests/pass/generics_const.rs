//! Arrays as long as a parameter says, with a default.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Histogram<T = u64, const N: usize = 8, const M: usize = { 2 * 2 }> {
    total: T,
    buckets: [[T; M]; N],
}

fn main() {
    assert_eq!(Histogram::<u64>::LAYOUT.size(), 8 + 8 * 4 * 8);
    let histogram = Mapping::memfd(4096).unwrap().var::<Histogram<u16, 3>>(0).unwrap();
    histogram.buckets[2][3].fetch_add(9);
    assert_eq!(histogram.load().buckets[2], [0, 0, 0, 9]);
}
