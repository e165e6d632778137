//@ pass: context_type_macros
//! A macro may stand in the place of a type or a length.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

macro_rules! matrix {
    ($ty:ty, $n:literal) => {
        [[$ty; $n]; $n]
    };
}

macro_rules! A {
    () => {
        u32
    };
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    cells: matrix!(u16, 4),
    a: A!(),
    text: [u8; "1234".len()],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.cells[3][3].store(7);
    assert_eq!((value.load().cells[3], value.a.load()), ([0, 0, 0, 7], 0));
}
