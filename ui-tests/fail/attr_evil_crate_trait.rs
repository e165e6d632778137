//! A "crate" that offers a trait of its own under the name of ours, without ours being implemented.
#![forbid(unsafe_code)]

mod evil {
    pub use mapvalue::*;
    pub trait Mirror {
        type Value;
    }
}

#[derive(mapvalue::MapValue)]
#[map_value(crate = "evil")]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(size_of::<Stats>(), 8);
}
