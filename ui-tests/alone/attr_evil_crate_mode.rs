//@ case: attr_evil_crate_mode, 2 errors
//! A fake `crate` has a cell that forgets the mode, so that a read-only handle would store.
#![forbid(unsafe_code)]

mod evil {
    pub mod __private {
        pub use mapvalue::__private::*;

        pub trait Always {
            type Of<T: Leaf>;
        }
        impl<A: Access> Always for A {
            type Of<T: Leaf> = mapvalue::Shared<T, ReadWrite>; //~
            //~ type Of<T: Leaf> = mapvalue::Shared<T, A>;
        }
        pub type Shared<T, A = ReadWrite> = <A as Always>::Of<T>;
    }
}

#[derive(mapvalue::MapValue)]
#[map_value(crate = "evil")]
#[repr(u8)]
enum Mode {
    Off,
}

fn main() {
    let mapping = mapvalue::Mapping::memfd(4096).unwrap();
    mapping.var_ro::<Mode>(0).unwrap().store(Mode::Off); //~
    //~ mapping.var::<Mode>(0).unwrap().store(Mode::Off);
}
