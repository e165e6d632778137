//! One that makes a number.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

macro_rules! link {
    ($to:ty) => {
        $to
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
