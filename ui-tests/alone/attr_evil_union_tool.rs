//@ case: attr_evil_union_tool
//! A module called like a tool could hold a macro that gives the union fields that the derive does not see.
#![forbid(unsafe_code)]

mod clippy { //~ mod own {
    pub use mapvalue_ui_evil::instead; //~
}

#[derive(mapvalue::MapValue)]
#[clippy::instead(#[repr(C)] union Name { bytes: [u8; 16], words: [u64; 2], text: &'static str })] //~
#[repr(C)]
union Name {
    bytes: [u8; 16],
    words: [u64; 2],
}

fn main() {
    let _ = Name { bytes: [0; 16] };
}
