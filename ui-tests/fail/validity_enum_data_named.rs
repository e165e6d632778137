//! An enum with data in named fields.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u32)]
enum Verdict {
    Drop,
    Redirect { ifindex: u32 },
}

fn main() {
    let _ = [Verdict::Drop];
}
