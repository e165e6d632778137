//! A mapping makes handles.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, Var};

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let var: Var<u64> = mapping.var(0).unwrap();
    let _ = var;
}
