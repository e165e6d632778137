//! Its constructor is the crate's own.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, Var};

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let var = Var::<u64>::new(std::ptr::NonNull::dangling(), mapping);
    let _ = var;
}
