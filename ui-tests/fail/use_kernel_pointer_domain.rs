//! A domain is one of ours.
#![forbid(unsafe_code)]

use mapvalue::{Domain, Kernel, Kptr};

enum Mine {}

impl Domain for Mine {}

fn main() {
    assert!(<Kptr<u8, Kernel>>::NULL.is_null());
    let _ = size_of::<Mine>();
}
