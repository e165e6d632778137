//! A pointer that comes through a macro's `$ty`.
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

value!(*const u32);

fn main() {
    assert!(size_of::<Value>() > 0);
}
