//@ pass: context_mixed_macro
//! A macro makes two structs with fields that are spelled alike and have different types.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

mod a {
    pub type Id = u16;
}

mod b {
    pub type Id = u64;
}

macro_rules! pair {
    ($module:ident, $name:ident) => {
        mod $module {
            use super::$name::Id;

            #[derive(mapvalue::MapValue)]
            #[repr(C)]
            pub struct Pair(pub Id, pub [Id; 2]);
        }
    };
}

pair!(narrow, a);
pair!(wide, b);

fn main() {
    assert_eq!((narrow::Pair::LAYOUT.size(), wide::Pair::LAYOUT.size()), (6, 24));
    Mapping::memfd(4096).unwrap().var::<wide::Pair>(0).unwrap().1[1].store(1);
}
