//! A type without size is a field, but no place in a map: that is an error at run time.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

use mapvalue::{Error, Mapping};

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    assert!(matches!(mapping.var::<PhantomData<u32>>(0), Err(Error::ZeroSized { .. })));
    assert!(matches!(mapping.var::<[u64; 0]>(0), Err(Error::ZeroSized { .. })));
    assert!(matches!(mapping.array::<[u64; 0]>(), Err(Error::ZeroSized { .. })));
}
