//@ case: use_union_field_not_method
//! A field of a union's mirror is a method, so it needs parentheses.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

mod shared {
    use mapvalue::MapValue;

    #[derive(MapValue)]
    #[repr(C)]
    pub union Word {
        pub number: u32,
        pub bytes: [u8; 4],
    }
}

fn main() {
    let word = Mapping::memfd(4096).unwrap().var::<shared::Word>(0).unwrap();
    word.number.store(1); //~ word.number().store(1);
}
