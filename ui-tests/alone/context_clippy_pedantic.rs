//@ pass: context_clippy_pedantic
//! The derive's output passes all of clippy's pedantic lints.
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_docs_in_private_items
)]
#![deny(clippy::as_conversions, clippy::indexing_slicing, clippy::absolute_paths, clippy::exhaustive_structs)]
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

/// A mode.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(u8)]
enum Mode {
    /// Off.
    Off,
    /// On.
    On,
}

/// A word.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    /// As a number.
    number: u32,
    /// As bytes.
    bytes: [u8; 4],
}

/// A value.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Value<T> {
    /// Its mode.
    mode: Mode,
    /// Its word.
    word: Word,
    /// The last.
    last: T,
}

/// Runs.
fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<u64>>(0).unwrap();
    value.mode.store(Mode::On);
    value.word.number().store(value.word.bytes().len().try_into().unwrap());
    value.last.store(u64::from(matches!(value.mode.try_load(), Ok(Mode::Off))));
}
