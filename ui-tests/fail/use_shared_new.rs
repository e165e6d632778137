//! There is no constructor of a cell.
#![forbid(unsafe_code)]

use mapvalue::Shared;

fn main() {
    let cell = Shared::<u64>::new(0);
    let _: &Shared<u64> = &cell;
}
