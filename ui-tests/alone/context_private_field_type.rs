//@ pass: context_private_field_type
//! A public struct may have a private type in a private field, under the lints about that.
#![deny(warnings, private_bounds, private_interfaces)]
#![forbid(unsafe_code)]

pub mod values {
    use mapvalue::MapValue;

    #[derive(MapValue)]
    #[repr(C)]
    struct Part(u32);

    #[derive(MapValue)]
    #[repr(C)]
    pub struct Value {
        pub id: u32,
        part: [Part; 2],
    }

    pub fn inner(value: &ValueShared) -> u32 {
        value.part[1].0.load()
    }
}

fn main() {
    let value = mapvalue::Mapping::memfd(4096).unwrap().var::<values::Value>(0).unwrap();
    assert_eq!(values::inner(&value), 0);
}
