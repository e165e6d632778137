//! A way to fold on a field.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Peak {
    #[map_value(fold = "max")]
    length: u64,
}

fn main() {
    let peak = PerCpu::from_fn(|_| Peak { length: 60 }).unwrap();
    assert_eq!(peak.sum().length, 60);
}
