//! A way to fold is a field's.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[map_value(fold = "max")]
#[repr(C)]
struct Peak {
    length: u64,
}

fn main() {
    let peak = PerCpu::from_fn(|_| Peak { length: 60 }).unwrap();
    assert_eq!(peak.sum().length, 60);
}
