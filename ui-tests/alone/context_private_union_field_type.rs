//@ pass: context_private_union_field_type
//! A public union may have a private type in a private field, under the lints about that.
#![deny(warnings, private_bounds, private_interfaces)]
#![forbid(unsafe_code)]

pub mod values {
    use mapvalue::MapValue;

    #[derive(MapValue, Clone, Copy)]
    #[repr(C)]
    struct Part {
        id: u32,
    }

    #[derive(MapValue)]
    #[repr(C)]
    pub union Value {
        pub id: u32,
        part: Part,
    }

    pub fn inner(value: &ValueShared) -> u32 {
        value.part().id.load()
    }
}

fn main() {
    let value = mapvalue::Mapping::memfd(4096).unwrap().var::<values::Value>(0).unwrap();
    value.id().store(5);
    assert_eq!(values::inner(&value), 5);
}
