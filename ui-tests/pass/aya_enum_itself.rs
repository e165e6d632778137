//! The integer is one.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Value {
    Off,
    On,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    let _ = [Value::Off, Value::On];
    is_pod::<u32>();
}
