//! Values as private bytes: what a syscall lookup, a ring buffer or a perf event carries.
//!
//! Both directions go through a private buffer with the mirror's layout. So decoding and encoding
//! are the same loads and stores as in a mapping, and a type has to implement only those.

use core::any::type_name;
use core::mem::MaybeUninit;
use core::slice;

use crate::error::{InvalidValue, ValueError};
use crate::value::{self, MapValue, Plain, ReadWrite, Storable};

/// Room for a mirror of `T` in private memory, aligned for every leaf.
///
/// Leaves are at most 8 bytes wide, so alignment 8 (or the mirror's own, if larger) is enough for
/// each, including those whose Rust type has alignment 1.
#[repr(C, align(8))]
struct Buffer<T: MapValue> {
    mirror: MaybeUninit<T::Shared<ReadWrite>>,
}

impl<T: MapValue> Buffer<T> {
    /// Zeroes `buffer`, padding included, and returns the mirror inside. The buffer must not move
    /// afterwards: a move may change its padding.
    fn zeroed(buffer: &mut MaybeUninit<Self>) -> *mut T::Shared<ReadWrite> {
        let start = buffer.as_mut_ptr();
        // SAFETY: `start` is valid for writes of one `Self`, which is what is written.
        unsafe { start.write_bytes(0, 1) };
        start.cast()
    }
}

pub(crate) fn check_length<T: MapValue>(given: usize) -> Result<(), ValueError> {
    let expected = T::LAYOUT.size();
    if given == expected {
        Ok(())
    } else {
        Err(ValueError::WrongLength { type_name: type_name::<T>(), given, expected })
    }
}

pub(crate) fn decode<T: MapValue>(bytes: &[u8]) -> Result<T, ValueError> {
    check_length::<T>(bytes.len())?;
    Ok(decode_from(|buffer| buffer.copy_from_slice(bytes))?)
}

/// Decodes the value at the start of `bytes`, and returns what is behind its last field.
pub(crate) fn decode_prefix<T: MapValue>(bytes: &[u8]) -> Result<(T, &[u8]), ValueError> {
    let needs = T::LAYOUT.end();
    let Some((fields, rest)) = bytes.split_at_checked(needs) else {
        return Err(ValueError::TooShort { type_name: type_name::<T>(), given: bytes.len(), needs });
    };
    Ok((decode_from(|buffer| buffer[..needs].copy_from_slice(fields))?, rest))
}

/// Decodes a value from the bytes that `fill` writes to a zeroed buffer of its length.
#[inline]
pub(crate) fn decode_from<T: MapValue>(fill: impl FnOnce(&mut [u8])) -> Result<T, InvalidValue> {
    filled::<T, _>(fill, value::try_load::<T, ReadWrite>)
}

/// Decodes a plain value as [`decode_from`] does.
#[inline]
pub(crate) fn decode_plain_from<T: Plain>(fill: impl FnOnce(&mut [u8])) -> T {
    filled::<T, _>(fill, T::__load::<ReadWrite>)
}

/// Loads from a mirror in private memory, zeroed and then written by `fill`.
#[inline]
fn filled<T: MapValue, R>(fill: impl FnOnce(&mut [u8]), load: impl FnOnce(&T::Shared<ReadWrite>) -> R) -> R {
    const { T::LAYOUT.assert_usable::<T>() };
    let mut buffer = MaybeUninit::<Buffer<T>>::uninit();
    let mirror = Buffer::zeroed(&mut buffer);
    // SAFETY: the buffer is initialized (zeroed) and at least as large as the mirror, whose size is
    // the layout's (`MapValue`, promises 1 and 2). It is local, with no other live reference to it.
    fill(unsafe { slice::from_raw_parts_mut(mirror.cast::<u8>(), T::LAYOUT.size()) });
    // SAFETY: the buffer is initialized (zeroed, then overwritten) and any bits are a valid mirror
    // (promise 3); it is aligned for every leaf (see `Buffer`) and outlives the reference.
    load(unsafe { &*mirror })
}

pub(crate) fn encode<T: Storable>(value: &T, out: &mut [u8]) -> Result<(), ValueError> {
    check_length::<T>(out.len())?;
    with_bytes(value, |bytes| out.copy_from_slice(bytes));
    Ok(())
}

/// Lets `change` write to the bytes of a value, padding zeroed. If it fails, the value stays.
#[cfg(feature = "std")]
pub(crate) fn change<T: Plain + Storable, R, E>(
    value: &mut T,
    change: impl FnOnce(&mut [u8]) -> Result<R, E>,
) -> Result<R, E> {
    let changed = |bytes: &mut [u8]| {
        with_bytes(value, |before| bytes.copy_from_slice(before));
        change(bytes)
    };
    let mut result = None;
    let after = decode_plain_from(|buffer| result = Some(changed(buffer)));
    match result {
        Some(Err(error)) => Err(error),
        Some(Ok(result)) => {
            *value = after;
            Ok(result)
        }
        None => unreachable!("it was called to fill the buffer"),
    }
}

/// Calls `then` with the bytes of a value, padding zeroed.
#[inline]
pub(crate) fn with_bytes<T: Storable, R>(value: &T, then: impl FnOnce(&[u8]) -> R) -> R {
    const { T::LAYOUT.assert_usable::<T>() };
    let mut buffer = MaybeUninit::<Buffer<T>>::uninit();
    let mirror = Buffer::zeroed(&mut buffer);
    // SAFETY: the buffer is initialized (zeroed), zero bits are a valid mirror (`MapValue`, promise
    // 3), and it is aligned for every leaf (see `Buffer`).
    T::__store(unsafe { &*mirror }, value);
    // SAFETY: the buffer has at least as many bytes as the layout (promises 1 and 2). All are
    // initialized: they were zeroed in place, padding included, and since then only leaves were
    // stored over them. Nothing writes them any more, as the reference to the mirror has ended.
    then(unsafe { slice::from_raw_parts(mirror.cast::<u8>(), T::LAYOUT.size()) })
}
