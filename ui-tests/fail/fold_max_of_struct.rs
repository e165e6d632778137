//! A struct folds by what its own fields say.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Peak {
    #[map_value(fold = "max")]
    length: u64,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "max")]
    field: Peak,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Peak { length: 60 } }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
