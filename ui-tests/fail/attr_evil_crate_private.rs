//! A "crate" whose `__private` says that a pointer is as good as a number.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

mod evil {
    pub use mapvalue::*;
    pub mod __private {
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
