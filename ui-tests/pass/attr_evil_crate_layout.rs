//! One with ours.
#![forbid(unsafe_code)]

mod evil {
    pub use mapvalue::*;

    pub struct Other;

    impl Other {
        pub const fn structure<T, M>(_: &'static str, _: &'static [Field]) -> mapvalue::Layout {
            <[u64; 64] as MapValue>::LAYOUT
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
