//! One that offers ours.
#![forbid(unsafe_code)]

mod evil {
    pub use mapvalue::*;
    pub trait Other {
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
