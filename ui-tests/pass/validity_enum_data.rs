//! The tag as a field-less enum, the data beside it.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u32)]
enum Verdict {
    Drop,
    Redirect,
}

fn main() {
    let _ = [Verdict::Drop];
    assert_eq!(Verdict::Redirect.to_bytes(), 1u32.to_ne_bytes());
}
