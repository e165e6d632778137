//! Nor is `Mirror`: it would let `project` make a handle of another type.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mirror};

#[derive(MapValue)]
#[repr(C)]
struct Stats(u64);

struct Foreign;

impl Mirror for Foreign {
    type Value = u64;
}

fn mirror<T: Mirror>() {}

fn main() {
    mirror::<StatsShared>();
    let _ = Foreign;
}
