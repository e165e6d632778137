//@ pass: context_raw_identifier_names
//! A layout gives names without `r#`, as in C.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct r#struct {
    r#type: r#enum,
}

#[derive(MapValue)]
#[repr(u8)]
enum r#enum {
    r#true,
}

fn main() {
    assert_eq!(r#struct::LAYOUT.name(), "struct");
    assert_eq!(r#struct::LAYOUT.fields()[0].name(), "type");
    assert_eq!(r#enum::LAYOUT.name(), "enum");
    let _ = r#enum::r#true;
}
