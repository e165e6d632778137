//! A number that does.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

macro_rules! value {
    ($ty:ty) => {
        #[derive(MapValue)]
        #[repr(C)]
        struct Value {
            id: u32,
            next: [$ty; 2],
        }
    };
}

value!(u32);

fn main() {
    assert!(size_of::<Value>() > 0);
}
