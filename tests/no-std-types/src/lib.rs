//! Types shared between a BPF program and user space, derived without std.

#![no_std]
#![deny(missing_docs)]
#![expect(missing_debug_implementations, reason = "the derive is to be seen alone")]
#![forbid(unsafe_code)]

use core::sync::atomic::AtomicU64;

use mapvalue::zerocopy::byteorder::{BigEndian, U32};
use mapvalue::{ArenaPtr, CharArray, Layout, MapValue, Plain, SeqCell};

/// What the program does with a packet.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub enum Mode {
    /// Lets it pass.
    Pass,
    /// Drops it.
    Drop = 7,
}

/// A word, or its halves.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
pub union Word {
    /// The word.
    pub whole: u32,
    /// Its halves.
    pub halves: [u16; 2],
}

/// Every kind of field, and every width.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
pub struct Message {
    /// 8 bytes.
    pub id: u64,
    /// 2 bytes, with a sign.
    pub delta: i16,
    /// What to do.
    pub mode: Mode,
    /// Whether it counts.
    pub live: bool,
    /// Where it comes from.
    pub source: U32<BigEndian>,
    /// Nested arrays.
    pub grid: [[u32; 3]; 2],
    /// A union.
    pub word: Word,
    /// A number that BPF can only move.
    pub share: f32,
    /// Text.
    pub name: CharArray<12>,
    /// A struct in an array.
    pub pairs: [Pair<u8>; 3],
}

/// A generic struct.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Pair<T: 'static> {
    /// One.
    pub a: T,
    /// The other.
    pub b: T,
}

/// The value of the map.
#[derive(MapValue)]
#[repr(C)]
pub struct Exchange {
    /// Written by user space.
    pub request: Message,
    /// Written by the program.
    pub reply: Message,
    /// How often the program ran.
    pub runs: u64,
    /// What the program takes `size_of::<Exchange>()` and the offset of `reply` for.
    pub layout: [u32; 2],
    /// The number that was no `Mode`, if there was one.
    pub invalid: i64,
}

/// What a BPF program may hold, but not use: its core has no such operations.
#[derive(MapValue)]
#[repr(C)]
pub struct More {
    /// An atomic.
    pub counter: AtomicU64,
    /// A sequence lock.
    pub window: SeqCell<[u64; 2]>,
    /// A pointer.
    pub next: ArenaPtr<More>,
}

/// Layouts, to be compared with the C side.
pub const LAYOUTS: [Layout; 2] = [Exchange::LAYOUT, More::LAYOUT];

const fn assert_plain<T: Plain>() {}
const _: () = assert_plain::<More>();
