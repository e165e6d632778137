//! A struct that holds a `SeqCell` is not stored as a whole: readers would get half of it.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, SeqCell, Var};

#[derive(MapValue)]
#[repr(C)]
struct Config {
    limits: SeqCell<[u32; 4]>,
    live: u64,
}

fn main() {
    let configs: Var<[Config; 2]> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    let first: Var<Config> = configs.project(|configs| &configs[0]);
    configs.project(|configs| &configs[1]).store(first.load());
}
