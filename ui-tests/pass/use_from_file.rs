//! A memfd of one's own is sealed against that.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let _ = Mapping::memfd(4096);
}
