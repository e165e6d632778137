//! A tuple struct without a repr.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
struct Pair(u32, u64);

fn main() {
    assert!(size_of::<Pair>() > 0);
}
