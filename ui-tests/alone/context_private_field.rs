//@ case: context_private_field
//! A cell has the visibility of its field.
#![forbid(unsafe_code)]

mod values {
    use mapvalue::MapValue;

    #[derive(MapValue)]
    #[repr(C)]
    pub struct Value {
        id: u32, //~ pub id: u32,
    }
}

fn main() {
    let value = mapvalue::Mapping::memfd(4096).unwrap().var::<values::Value>(0).unwrap();
    value.id.store(1);
}
