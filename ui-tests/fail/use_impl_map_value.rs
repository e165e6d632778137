//! `MapValue` is not implemented by hand without `unsafe`.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[repr(C)]
struct Pair(u32, u32);

impl MapValue for Pair {}

fn main() {
    let _ = (Pair(0, 0), u32::LAYOUT);
}
