//! It is derived.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Pair(u32, u32);

fn main() {
    let _ = (Pair(0, 0), u32::LAYOUT);
}
