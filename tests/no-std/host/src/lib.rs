//! Decodes a value without std.

#![no_std]
#![deny(warnings, missing_docs)]

use mapvalue::{InvalidValue, MapValue, ValueError};
use mapvalue_no_std_types::Message;

/// Decodes a message from what a ring buffer carried.
///
/// # Errors
///
/// As `MapValue::from_bytes`.
pub fn decode(bytes: &[u8]) -> Result<Message, ValueError> {
    Message::from_bytes(bytes)
}

/// The error type is there too.
pub type Invalid = InvalidValue;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
