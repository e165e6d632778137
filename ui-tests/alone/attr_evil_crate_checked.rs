//@ case: attr_evil_crate_checked, 6 errors
//! A fake `crate` passes a reference off as a number. The derive ties its checks to the field's own
//! type. The fake crate does no harm to a struct that does hold a number.
#![forbid(unsafe_code)]

mod evil {
    pub use mapvalue::*;

    pub mod __private {
        pub use mapvalue::__private::*;

        pub type Checked<T, const CHECKED: bool> = <T as As>::Number;

        pub trait As {
            type Number;
        }

        impl As for crate::Name {
            type Number = u64;
        }

        impl As for crate::Config {
            type Number = crate::Config;
        }

        pub mod refused {
            pub const fn value<T>() {}
        }
    }
}

type Name = &'static u64; //~ type Name = u64;

#[derive(mapvalue::MapValue)]
#[map_value(crate = "evil")]
#[repr(C)]
struct Config {
    name: Name,
}

fn main() {
    let _ = Config { name: &1 }.name; //~ let _ = Config { name: 1 }.name;
}
