//@ pass: context_access_name_in_union
//! A type has the name that the access parameter would have, and means different things inside and
//! outside.
#![forbid(unsafe_code)]

use mapvalue::zerocopy::big_endian::U32;
use mapvalue::{Access, MapValue, Mapping};

trait Pick<T> {
    type Of;
}
struct Mine;
impl<T> Pick<T> for Mine {
    type Of = [u8; 4];
}
impl<T, X: Access> Pick<T> for X {
    type Of = U32;
}

type __MapValueAccess = Mine;
type A = Mine;

#[derive(MapValue)]
#[repr(C)]
union Value<T: Copy> {
    picked: <__MapValueAccess as Pick<T>>::Of,
    other: <A as Pick<T>>::Of,
    plain: T,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<u8>>(1).unwrap();
    let bytes: &[mapvalue::Shared<u8>; 4] = value.picked();
    bytes[3].store(1);
    assert_eq!(value.other()[3].load(), 1);
}
