//! There is no handle without a mapping.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, Var};

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let var: Var<u64> = Var { place: std::ptr::NonNull::dangling(), mapping };
    let _ = var;
}
