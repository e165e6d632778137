//@ pass: context_lints_of_names_in_c
//! The user allows names as C has them on the type. The mirror does not warn about them either.
#![deny(warnings, missing_docs)]
#![forbid(unsafe_code)]

pub mod values {
    //! Public, so that documentation is asked for.
    use mapvalue::MapValue;

    #[allow(missing_docs, non_snake_case, non_camel_case_types)]
    #[derive(MapValue)]
    #[repr(C)]
    pub struct flow_key {
        pub srcAddr: u32,
        pub N: u32,
    }

    #[allow(missing_docs, non_snake_case)]
    #[derive(MapValue)]
    #[repr(C)]
    pub union Address {
        pub V4: u32,
        pub V6: [u32; 4],
    }
}

fn main() {
    let value = mapvalue::Mapping::memfd(4096).unwrap().var::<values::Address>(0).unwrap();
    value.V4().store(5);
    assert_eq!(value.V6()[0].load(), 5);
    assert_eq!(<values::flow_key as mapvalue::MapValue>::LAYOUT.size(), 8);
}
