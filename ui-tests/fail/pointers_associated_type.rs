//! An associated type that is a pointer.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

trait Linked {
    type Link;
}

impl Linked for u32 {
    type Link = Option<Box<u32>>;
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    next: <u32 as Linked>::Link,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
