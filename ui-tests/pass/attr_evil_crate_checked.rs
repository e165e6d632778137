//! A "crate" that takes everything for a number, of a struct that is one.
#![forbid(unsafe_code)]

mod evil {
    pub use mapvalue::*;

    pub mod __private {
        pub use mapvalue::__private::*;

        pub type Checked<T, const CHECKED: bool> = <T as As>::Number;

        pub trait As {
            type Number;
        }

        impl<T> As for T {
            type Number = u64;
        }

        pub mod refused {
            pub const fn value<T>() {}
        }
    }
}

type Name = u64;

#[derive(mapvalue::MapValue)]
#[map_value(crate = "evil")]
#[repr(C)]
struct Config {
    name: Name,
}

fn main() {
    let _ = Config { name: 1 }.name;
}
