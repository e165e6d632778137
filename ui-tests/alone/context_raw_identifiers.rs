//@ pass: context_raw_identifiers
//! Types, fields, variants, parameters and modules may have raw identifiers.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types, non_upper_case_globals)]

use mapvalue::{MapValue, Mapping};

mod r#mod {
    #[derive(mapvalue::MapValue)]
    #[repr(u8)]
    pub enum r#enum {
        r#true,
        r#false,
    }
}

#[derive(MapValue)]
#[repr(C)]
union r#union {
    r#fn: u32,
    r#loop: [u8; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct r#struct<r#const, const r#static: usize> {
    r#type: [r#const; r#static],
    r#match: r#mod::r#enum,
    r#where: r#union,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<r#struct<u16, 2>>(0).unwrap();
    value.r#type[1].store(1);
    value.r#where.r#loop()[0].store(1);
    value.r#match.store(r#mod::r#enum::r#false);
    assert_eq!(value.r#where.r#fn().load().count_ones(), r#mod::r#enum::r#false as u32);
    assert_eq!(<r#struct<u8, 1>>::LAYOUT.fields()[1].name(), "match");
}
