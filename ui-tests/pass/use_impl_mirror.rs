//! The derive does it.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mirror};

#[derive(MapValue)]
#[repr(C)]
struct Stats(u64);

struct Foreign;

fn mirror<T: Mirror>() {}

fn main() {
    mirror::<StatsShared>();
    let _ = Foreign;
}
