//! Nor is `InPlace`: it would make a `&T` to memory that changes.
#![forbid(unsafe_code)]

use mapvalue::{InPlace, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Stats(u64);
impl InPlace for Stats {}

fn in_place<T: InPlace>() {}

fn main() {
    in_place::<Stats>();
}
