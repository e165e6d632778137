//! Types shared between a BPF program and user space, derived without std.

#![no_std]
#![deny(warnings, missing_docs)]

use core::sync::atomic::AtomicU64;

use mapvalue::zerocopy::byteorder::{BigEndian, U32};
use mapvalue::{InvalidValue, Layout, MapValue, Plain};

/// What the program does with a packet.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub enum Mode {
    /// Lets it pass.
    Pass,
    /// Drops it.
    Drop,
}

/// One rule.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Rule<const N: usize> {
    /// Where packets come from.
    pub sources: [U32<BigEndian>; N],
    /// What to do with them.
    pub mode: Mode,
}

/// Counters.
#[derive(MapValue, Debug)]
#[repr(C)]
pub struct Counters {
    /// Packets seen.
    pub packets: AtomicU64,
    /// Share of a budget, in percent.
    pub share: f32,
}

/// Decodes a rule from what a ring buffer carried.
///
/// # Errors
///
/// As `MapValue::from_bytes`.
pub fn decode(bytes: &[u8]) -> Result<Rule<4>, mapvalue::Error> {
    Rule::from_bytes(bytes)
}

/// The layout, to be compared with the C side.
pub const LAYOUT: Layout = Rule::<4>::LAYOUT;

/// The error type is there too.
pub type Invalid = InvalidValue;

const fn assert_plain<T: Plain>() {}
const _: () = assert_plain::<Counters>();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
