//@ case: attr_evil_crate_trait, 3 errors
//! A fake `crate` has a trait of its own named like ours, so ours is not implemented.
#![forbid(unsafe_code)]

mod evil {
    pub use mapvalue::*;
    pub mod __private {
        pub use mapvalue::__private::*;
        pub trait Mirror { //~ pub trait Other {
            type Value;
        }
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
