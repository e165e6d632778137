//@ pass: attr_evil_crate_manually_drop
//! A fake `crate` has a `ManuallyDrop` without the cell inside. The derive takes the one of `core`.
#![forbid(unsafe_code)]

mod evil {
    pub use mapvalue::*;

    pub mod __private {
        pub use mapvalue::__private::*;

        pub struct ManuallyDrop<T>(u32, core::marker::PhantomData<fn() -> T>);

        impl<T> Clone for ManuallyDrop<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for ManuallyDrop<T> {}
    }
}

#[derive(mapvalue::MapValue)]
#[map_value(crate = "evil")]
#[repr(C)]
union Word {
    number: u32,
}

fn main() {
    mapvalue::Mapping::memfd(4096).unwrap().var::<Word>(0).unwrap().number().store(3);
}
