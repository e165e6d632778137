//! An enum needs a variant: without one it has no value.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
enum Never {}

fn main() {
    assert!(align_of::<Never>() > 0);
}
