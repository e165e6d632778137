//@ case: aya_renamed
//! `aya` may name aya under another name, which must exist.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

mod loaders {
    pub use aya as loader;
}

#[derive(MapValue, Clone, Copy)]
#[map_value(aya = "crate::loaders::lader")] //~ #[map_value(aya = "crate::loaders::loader")]
#[repr(C)]
struct Value {
    packets: u64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
