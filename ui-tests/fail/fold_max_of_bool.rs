//! A way to fold that the field's type has not, told where it is written, and of a use nothing more.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "max")]
    field: bool,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Default::default() }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
