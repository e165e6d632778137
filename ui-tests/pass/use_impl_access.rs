//! One of them.
#![forbid(unsafe_code)]

use mapvalue::Access;

#[derive(Clone, Copy, Debug)]
struct Mine;

trait Other: Copy {
    const WRITABLE: bool;
}

impl Other for Mine {
    const WRITABLE: bool = true;
}

fn main() {
    assert!(Mine::WRITABLE);
    let _ = <mapvalue::ReadWrite as Access>::WRITABLE;
}
