//! An enum with data: its tag and its data change at different moments.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u32)]
enum Verdict {
    Drop,
    Redirect(u32),
}

fn main() {
    let _ = [Verdict::Drop];
}
