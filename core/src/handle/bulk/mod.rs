//! Copies of many values, for `Array` and `Slice`: one relaxed access for each leaf.
//!
//! If a type's bytes in memory are its value, with nothing to decode or leave out, `run` moves them
//! by wider instructions. Otherwise, and on other machines, each leaf has its own instruction.

#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod run;
#[cfg(not(target_arch = "x86_64"))]
#[path = "portable.rs"]
mod run;

use std::ops::Range;
use std::ptr::{self, NonNull};

use crate::error::PlaceError;
use crate::value::{Access, MapValue, Plain, ReadWrite, Storable, chunks};

/// Loads all values of `from`; `out` must have the same length.
pub(crate) fn load_slice<T: Plain, A: Access>(from: &[T::Shared<A>], out: &mut [T]) -> Result<(), PlaceError> {
    check_length(out.len(), from.len())?;
    let Some(run) = run::of(size_of_val(out)).filter(|_| const { T::LAYOUT.is_any_bytes() }) else {
        from.iter().zip(out).for_each(|(shared, out)| *out = T::__load(shared));
        return Ok(());
    };
    // SAFETY: `from` has as many mirrors as `out` has values (checked above), each of a value's
    // size (`MapValue`, promise 1), so as many bytes. Only atomic accesses reach them; they begin
    // and end with a leaf. `out` is borrowed mutably; any bytes are a `T` (`is_any_bytes`).
    unsafe { run.load(NonNull::from(from).cast(), ptr::from_mut(out).cast()) };
    Ok(())
}

/// Loads the bytes at `from`, whatever leaves they belong to. Each leaf that lies inside, and is
/// aligned to its width, is moved as a whole.
///
/// # Safety
///
/// The memory at `from` holds `out.len()` bytes, which only atomic accesses reach while this runs.
pub(crate) unsafe fn load_bytes(from: NonNull<u8>, out: &mut [u8]) {
    match run::of(out.len()) {
        // SAFETY: the caller's promise. If the run cuts a leaf at an end, the caller gets the bytes
        // of it that it asked for.
        Some(run) => unsafe { run.load(from, out.as_mut_ptr()) },
        // SAFETY: the caller's promise.
        None => unsafe { chunks::load(from, out, chunks::WIDEST) },
    }
}

/// Stores these bytes, as [`load_bytes`] loads them.
///
/// # Safety
///
/// As for [`load_bytes`]; in addition the memory is writable.
pub(crate) unsafe fn store_bytes(to: NonNull<u8>, bytes: &[u8]) {
    match run::of(bytes.len()) {
        // SAFETY: the caller's promise; `bytes` are initialized.
        Some(run) => unsafe { run.store(to, bytes.as_ptr()) },
        // SAFETY: the caller's promise.
        None => unsafe { chunks::store(to, bytes, chunks::WIDEST) },
    }
}

/// Loads as [`load_slice`] does, from elements that are not contiguous.
pub(crate) fn load_each<'a, T: Plain, A: Access>(
    elements: impl ExactSizeIterator<Item = &'a T::Shared<A>>,
    out: &mut [T],
) -> Result<(), PlaceError> {
    check_length(out.len(), elements.len())?;
    let run = run::of(size_of::<T>()).filter(|_| const { T::LAYOUT.is_any_bytes() });
    let Some(run) = run else {
        out.iter_mut().zip(elements).for_each(|(out, shared)| *out = T::__load(shared));
        return Ok(());
    };
    for (out, shared) in out.iter_mut().zip(elements) {
        // SAFETY: as in `load_slice`, for one value.
        unsafe { run.load(NonNull::from(shared).cast(), ptr::from_mut(out).cast()) };
    }
    Ok(())
}

/// Stores `values` to all places of `to`, which must be as many.
pub(crate) fn store_slice<T: Storable>(to: &[T::Shared<ReadWrite>], values: &[T]) -> Result<(), PlaceError> {
    check_length(values.len(), to.len())?;
    let Some(run) = run::of(size_of_val(values)).filter(|_| const { T::LAYOUT.is_its_bytes() }) else {
        to.iter().zip(values).for_each(|(shared, value)| T::__store(shared, value));
        return Ok(());
    };
    // SAFETY: as in `load_slice`. All bytes of `values` belong to leaves and are what a store of
    // those writes (`is_its_bytes`), so they are initialized. `ReadWrite` mirrors are writable.
    unsafe { run.store(NonNull::from(to).cast(), ptr::from_ref(values).cast()) };
    Ok(())
}

/// Stores as [`store_slice`] does, to elements that are not contiguous.
pub(crate) fn store_each<'a, T: Storable>(
    elements: impl ExactSizeIterator<Item = &'a <T as MapValue>::Shared<ReadWrite>>,
    values: &[T],
) -> Result<(), PlaceError> {
    check_length(values.len(), elements.len())?;
    let run = run::of(size_of::<T>()).filter(|_| const { T::LAYOUT.is_its_bytes() });
    let Some(run) = run else {
        elements.zip(values).for_each(|(shared, value)| T::__store(shared, value));
        return Ok(());
    };
    for (shared, value) in elements.zip(values) {
        // SAFETY: as in `store_slice`, for one value.
        unsafe { run.store(NonNull::from(shared).cast(), ptr::from_ref(value).cast()) };
    }
    Ok(())
}

/// Bytes to gather before a store: enough for wide instructions, yet few: they move twice.
const GATHERED: usize = 1024;

/// Stores exactly `len` values of an iterator; `store` is called for each range of them.
pub(crate) fn store_iter<T: Storable>(
    len: usize,
    values: impl IntoIterator<Item = T>,
    store: impl Fn(Range<usize>, &[T]) -> Result<(), PlaceError>,
) -> Result<(), PlaceError> {
    let mut values = values.into_iter();
    if let (least, Some(most)) = values.size_hint() {
        // If the iterator knows its length, a wrong one is refused before anything is stored.
        if least == most {
            check_length(least, len)?;
        }
    }
    let at_once = (GATHERED / size_of::<T>().max(1)).max(1);
    let mut gathered = Vec::with_capacity(at_once.min(len));
    let mut stored = 0;
    while stored < len {
        gathered.extend(values.by_ref().take(at_once.min(len - stored)));
        if gathered.is_empty() {
            return check_length(stored, len);
        }
        let end = stored + gathered.len();
        store(stored..end, &gathered)?;
        stored = end;
        gathered.clear();
    }
    match values.next() {
        None => Ok(()),
        Some(_) => Err(PlaceError::TooManyValues { expected: len }),
    }
}

pub(crate) fn check_length(given: usize, expected: usize) -> Result<(), PlaceError> {
    if given == expected { Ok(()) } else { Err(PlaceError::LengthMismatch { given, expected }) }
}
