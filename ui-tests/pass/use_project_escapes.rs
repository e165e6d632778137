//! It returns a part of it.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let array = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    let mut kept = None;
    let first = array.project(|a| {
        kept = Some(a.len());
        &a[0]
    });
    first.store(kept.map_or(0, |_| 1));
}
