//! Values as bytes outside of shared memory: what a syscall lookup, a ring buffer or a perf event carries.
//!
//! Both ways go through a private buffer that has the mirror's layout, so decoding and encoding are the very loads
//! and stores that a mapping has, and each type needs only those.

use core::any::type_name;
use core::mem::MaybeUninit;
use core::slice;

use crate::error::{Error, InvalidValue};
use crate::value::{MapValue, ReadWrite, Storable};

/// Room for a mirror of `T` in private memory, aligned for every leaf.
///
/// Leaves are at most 8 bytes wide, so alignment 8 (or the mirror's own, if that is more) suffices for all of
/// them, those included whose Rust type has alignment 1.
#[repr(C, align(8))]
struct Buffer<T: MapValue> {
    mirror: MaybeUninit<T::Shared<ReadWrite>>,
}

impl<T: MapValue> Buffer<T> {
    fn uninit() -> MaybeUninit<Self> {
        MaybeUninit::uninit()
    }

    /// The mirror inside `buffer`, with all bytes zero, padding included. The buffer must stay where it is from
    /// here on: moving a value may change its padding.
    fn zeroed(buffer: &mut MaybeUninit<Self>) -> *mut T::Shared<ReadWrite> {
        let start = buffer.as_mut_ptr();
        // SAFETY: `start` is valid for writes of one `Self`, which is what is written.
        unsafe { start.write_bytes(0, 1) };
        start.cast()
    }
}

pub(crate) fn check_length<T: MapValue>(given: usize) -> Result<(), Error> {
    let expected = T::LAYOUT.size();
    if given == expected { Ok(()) } else { Err(Error::WrongLength { type_name: type_name::<T>(), given, expected }) }
}

pub(crate) fn decode<T: MapValue>(bytes: &[u8]) -> Result<T, Error> {
    check_length::<T>(bytes.len())?;
    Ok(decode_from(|buffer| buffer.copy_from_slice(bytes))?)
}

/// Decodes a value from the bytes that `fill` writes to a zeroed buffer of its length.
#[inline]
pub(crate) fn decode_from<T: MapValue>(fill: impl FnOnce(&mut [u8])) -> Result<T, InvalidValue> {
    const { T::LAYOUT.assert_usable::<T>() };
    let mut buffer = Buffer::<T>::uninit();
    let mirror = Buffer::zeroed(&mut buffer);
    // SAFETY: the buffer is initialised (zeroed), and it has at least the mirror's size, which is that of the layout (`MapValue`,
    // promises 1 and 2); it is ours alone, and no other reference to it lives while this one does.
    fill(unsafe { slice::from_raw_parts_mut(mirror.cast::<u8>(), T::LAYOUT.size()) });
    // SAFETY: the buffer is initialised (zeroed, then overwritten); any bits are a valid mirror (promise 3); it is
    // aligned for every leaf (see `Buffer`) and lives to the end of this function.
    let mirror = unsafe { &*mirror };
    T::__try_load(mirror)
}

pub(crate) fn encode<T: Storable>(value: &T, out: &mut [u8]) -> Result<(), Error> {
    check_length::<T>(out.len())?;
    with_bytes(value, |bytes| out.copy_from_slice(bytes));
    Ok(())
}

/// What `then` makes of the bytes of a value, padding zeroed.
#[inline]
pub(crate) fn with_bytes<T: Storable, R>(value: &T, then: impl FnOnce(&[u8]) -> R) -> R {
    const { T::LAYOUT.assert_usable::<T>() };
    let mut buffer = Buffer::<T>::uninit();
    let mirror = Buffer::zeroed(&mut buffer);
    {
        // SAFETY: the buffer is initialised (zeroed), zero bits are a valid mirror (`MapValue`, promise 3), and it is
        // aligned for every leaf (see `Buffer`).
        let mirror = unsafe { &*mirror };
        T::__store(mirror, value);
    }
    // SAFETY: the bytes of the buffer, of which it has at least as many as the layout (promises 1 and 2), are all initialised: zeroed in
    // place, padding included, and since then only leaves were stored over them. The reference to the mirror has ended, so nothing
    // writes them.
    let bytes = unsafe { slice::from_raw_parts(mirror.cast::<u8>(), T::LAYOUT.size()) };
    then(bytes)
}
