//! Two cells cannot be swapped: there is no `&mut` to one.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let (a, b) = (mapping.var::<u64>(0).unwrap(), mapping.var::<u64>(8).unwrap());
    std::mem::swap(&*a, &*b);
}
