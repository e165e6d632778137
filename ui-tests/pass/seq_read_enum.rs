//! `try_read` tells.
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
    println!("{:?}", cell.try_read());
}
