//! A macro in the place of a type that makes a pointer.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

macro_rules! link {
    ($to:ty) => {
        &'static $to
    };
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    next: link!(u32),
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
