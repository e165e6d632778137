//@ pass: attr_evil_struct_turn
//! A macro in a field's type expands to something else each time. The layout has the real type.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use mapvalue::MapValue;
use mapvalue_ui_evil::in_turn;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    first: in_turn!(AtomicU64; u64),
    second: in_turn!(u64; AtomicU64; u64),
    third: in_turn!(u64; u64; AtomicU64; u64),
}

/// The name of the type that a field really has.
fn real<T: MapValue>(_: fn(&Value) -> &T) -> &'static str {
    T::LAYOUT.name()
}

fn main() {
    let names: Vec<_> = Value::LAYOUT.fields().iter().map(|field| field.layout().name()).collect();
    let real = [real(|v| &v.first), real(|v| &v.second), real(|v| &v.third)];
    assert_eq!(names, real);
}
