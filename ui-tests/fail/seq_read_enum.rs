//! An enum in a `SeqCell` is checked when it is read: `read` cannot be.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, SeqCell, Var};

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(u32)]
enum Mode {
    Off,
    On,
}

fn main() {
    let cell: Var<SeqCell<Mode>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    println!("{:?}", cell.read());
}
