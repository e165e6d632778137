//! Of a parameter the way is judged where it is used.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Peak<T> {
    #[map_value(fold = "max")]
    length: T,
}

fn main() {
    let peak = PerCpu::from_fn(|_| Peak { length: true }).unwrap();
    let _ = peak.sum();
}
