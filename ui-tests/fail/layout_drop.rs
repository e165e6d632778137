//! Memory that BPF shares is never dropped: a type that wants to be is no value.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
}

impl Drop for Value {
    fn drop(&mut self) {}
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
