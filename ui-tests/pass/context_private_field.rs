//! Public fields.
#![forbid(unsafe_code)]

mod values {
    use mapvalue::MapValue;

    #[derive(MapValue)]
    #[repr(C)]
    pub struct Value {
        pub id: u32,
    }
}

fn main() {
    let value = mapvalue::Mapping::memfd(4096).unwrap().var::<values::Value>(0).unwrap();
    value.id.store(1);
}
