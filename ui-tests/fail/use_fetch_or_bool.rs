//! Nor has a `bool`, whose byte may be any.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let live = Mapping::memfd(4096).unwrap().var::<bool>(0).unwrap();
    live.fetch_or(true);
}
