//! What a field holds is not taken through a read-only handle.
#![forbid(unsafe_code)]

use mapvalue::{Kptr, Local, Mapping, ReadOnly, Var};

fn main() {
    let field: Var<Kptr<u64, Local>, ReadOnly> = Mapping::memfd(4096).unwrap().var_ro(0).unwrap();
    assert!(field.take().is_null());
}
