//! One of ours.
#![forbid(unsafe_code)]

use mapvalue::{Kernel, Kptr};

enum Mine {}

fn main() {
    assert!(<Kptr<u8, Kernel>>::NULL.is_null());
    let _ = size_of::<Mine>();
}
