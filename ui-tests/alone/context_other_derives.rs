//@ pass: context_other_derives
//! The derive works beside other derives and attributes, among them zerocopy's `KnownLayout`, which
//! has a `LAYOUT` of its own.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(C)]
#[must_use]
#[non_exhaustive]
/// Documented last.
struct Value {
    /// Documented.
    #[doc(alias = "n")]
    id: u32,
    #[allow(unused)]
    r#in: [u8; 4],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    assert_eq!(value.load(), Value::default());
}
