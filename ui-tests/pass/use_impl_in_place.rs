//! Atomics are what they say.
#![forbid(unsafe_code)]

use mapvalue::{InPlace, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Stats(std::sync::atomic::AtomicU64);

fn in_place<T: InPlace>() {}

fn main() {
    in_place::<Stats>();
}
