//! Through one that writes it is.
#![forbid(unsafe_code)]

use mapvalue::{Kptr, Local, Mapping, Var};

fn main() {
    let field: Var<Kptr<u64, Local>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    assert!(field.take().is_null());
}
