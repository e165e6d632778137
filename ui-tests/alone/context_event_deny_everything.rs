//@ pass: context_event_deny_everything
//! What the derive of an event writes breaks no lint, and it needs no prelude.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, nonstandard_style, unreachable_pub)]
#![deny(unused_qualifications, trivial_numeric_casts, trivial_casts, unused_lifetimes, single_use_lifetimes)]
#![no_implicit_prelude]

use ::mapvalue::{MapEvent, MapValue};
use ::std::iter::Iterator as _;

mod core {}
mod std {}

/// A struct.
#[derive(MapValue, Debug)]
#[repr(C)]
pub struct Value {
    /// Which.
    pub r#type: u8,
    /// How many.
    pub count: u8,
}

const BYTE: u8 = b'b';

/// An event.
#[derive(MapEvent, Debug)]
#[map_event(tag = "type")]
pub enum r#Event {
    /// One.
    #[map_event(tag = b'a')]
    One(Value),
    /// Another.
    #[map_event(tag = BYTE)]
    #[deprecated]
    Some(Value),
    /// The rest.
    #[map_event(other)]
    None(u8),
}

fn main() {
    let mut ring = ::mapvalue::Ring::memfd(65536).unwrap();
    ring.producer().unwrap().output(b"a!").unwrap();
    let record = ring.records().next().unwrap().unwrap();
    ::std::assert!(::std::matches!(r#Event::view(&record), ::std::result::Result::Ok(EventView::One(..))));
    ::std::assert!(::std::matches!(r#Event::load(&record), ::std::result::Result::Ok(Event::One(Value { count: b'!', .. }))));
}
