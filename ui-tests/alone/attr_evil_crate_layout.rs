//@ case: attr_evil_crate_layout, 2 errors
//! A fake `crate` has a `Layout` of its own that states another size.
#![forbid(unsafe_code)]

mod evil {
    pub use mapvalue::*;

    pub mod __private {
        pub use mapvalue::__private::*;
        use mapvalue::Field;

        pub struct Layout; //~ pub struct Other;

        impl Layout { //~ impl Other {
            pub const fn structure<T, M>(_: &'static str, _: &'static [Field], _: &[usize]) -> mapvalue::Layout {
                <[u64; 64] as MapValue>::LAYOUT
            }
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
