//! Forgotten on a nested struct: uses of its fields are not to blame.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, ReadOnly, Var};

#[repr(C)]
struct Inner {
    packets: u64,
    by_queue: [u32; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u64,
    inner: [Inner; 2],
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let value: Var<Value> = mapping.var(0).unwrap();
    value.inner[0].packets.fetch_add(1);
    value.inner[1].by_queue[2].store(4);
    let sum: u64 = value.inner.iter().map(|inner| inner.packets.load()).sum();
    let packets: Var<u64> = value.project(|value| &value.inner[0].packets);
    assert_eq!(packets.load(), sum);
    let view: Var<Value, ReadOnly> = mapping.var_ro(0).unwrap();
    assert_eq!(view.inner[0].packets.load(), value.load().inner[0].packets);
    assert_eq!(mapping.slice::<Value>(0, 2).unwrap()[0].inner[1].by_queue[2].load(), 4);
}
