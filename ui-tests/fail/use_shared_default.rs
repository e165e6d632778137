//! Nor a default of one.
#![forbid(unsafe_code)]

use mapvalue::Shared;

fn main() {
    let cell: Shared<u64> = Default::default();
    let _: &Shared<u64> = &cell;
}
