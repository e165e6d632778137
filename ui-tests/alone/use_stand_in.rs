//@ case: use_stand_in
//! A type that the derive has refused does not compile, even if the error was silenced.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

mod quiet {
    pub use mapvalue::*;
    pub mod __private {
        pub use mapvalue::__private::*;
        #[allow(unused_macros)]
        macro_rules! nothing {
            ($($t:tt)*) => {};
        }
        #[allow(unused_imports)]
        pub(crate) use nothing as compile_error;
    }
}

#[derive(mapvalue::MapValue)]
#[map_value(crate = "quiet")]
#[repr(C, packed)] //~ #[repr(C)]
struct Value {
    id: u64,
    count: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
    let _ = value.load().count;
}
