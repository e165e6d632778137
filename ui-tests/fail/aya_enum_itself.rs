//! An enum as a `Pod` of aya.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(u32)]
enum Value {
    Off,
    On,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    let _ = [Value::Off, Value::On];
    is_pod::<Value>();
}
