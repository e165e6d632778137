//@ case: attr_evil_union_turn
//! A macro in a union's field expands to a reference for the compiler alone. The derive ties the
//! union to the type that the field really has.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use mapvalue_ui_evil::in_turn;

#[derive(MapValue)]
#[repr(C)]
union Name {
    bytes: [u8; 16],
    text: in_turn!([u64; 2]; [u64; 2]; [u64; 2]; &'static str), //~
    //~ text: in_turn!([u64; 2]; [u64; 2]; [u64; 2]; [u64; 2]),
}

fn main() {
    let _ = Name { bytes: [0; 16] };
}
