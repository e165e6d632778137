//! A generic struct folds where its parameter does.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Peak<T> {
    #[map_value(fold = "max")]
    length: T,
}

fn main() {
    let peak = PerCpu::from_fn(|_| Peak { length: 7u32 }).unwrap();
    let _ = peak.sum();
}
