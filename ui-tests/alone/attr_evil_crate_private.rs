//@ case: attr_evil_crate_private
//! A fake `crate` has a `__private` that passes off a wider number as the repr of an enum.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

mod evil {
    pub use mapvalue::*;
    pub mod __private { //~ pub mod other {
        pub use mapvalue::__private::*;
        pub type u8 = u64;
    }
}

#[derive(mapvalue::MapValue)]
#[map_value(crate = "evil")]
#[repr(u8)]
enum Mode {
    On = 1,
}

fn main() {
    let _ = Mode::On;
}
