//! Copies of many values, for `Array` and `Slice` alike: each leaf by a relaxed access of its own.
//!
//! Where the bytes of a type in memory are its value, so that nothing is to be decoded or left out, the instructions that move
//! them are those of `run`; elsewhere, and on other machines, each leaf has an instruction of its own.

#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod run;
#[cfg(not(target_arch = "x86_64"))]
#[path = "portable.rs"]
mod run;

use std::ops::Range;
use std::ptr::{self, NonNull};

use crate::error::Error;
use crate::value::{Access, MapValue, Plain, ReadWrite, Storable};

/// Loads as many values as there are, which `out` must have room for exactly.
pub(crate) fn load_slice<T: Plain, A: Access>(from: &[T::Shared<A>], out: &mut [T]) -> Result<(), Error> {
    check_length(out.len(), from.len())?;
    let Some(run) = run::of(size_of_val(out)).filter(|_| const { T::LAYOUT.is_any_bytes() }) else {
        from.iter().zip(out).for_each(|(shared, out)| *out = T::__load(shared));
        return Ok(());
    };
    // SAFETY: `from` holds as many mirrors as `out` holds values, each of the value's size (`MapValue`, promise 1), so as many bytes,
    // which are reached by atomic accesses alone and begin and end with a leaf; `out` is borrowed mutably, and any bytes are
    // values of `T` (`is_any_bytes`).
    unsafe { run.load(NonNull::from(from).cast(), ptr::from_mut(out).cast()) };
    Ok(())
}

/// As [`load_slice`], of elements that do not lie side by side.
pub(crate) fn load_each<'a, T: Plain, A: Access>(
    elements: impl ExactSizeIterator<Item = &'a T::Shared<A>>,
    out: &mut [T],
) -> Result<(), Error> {
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

/// Stores as many values as there are places, which `values` must have exactly.
pub(crate) fn store_slice<T: Storable>(to: &[T::Shared<ReadWrite>], values: &[T]) -> Result<(), Error> {
    check_length(values.len(), to.len())?;
    let Some(run) = run::of(size_of_val(values)).filter(|_| const { T::LAYOUT.is_its_bytes() }) else {
        to.iter().zip(values).for_each(|(shared, value)| T::__store(shared, value));
        return Ok(());
    };
    // SAFETY: as in `load_slice`; all bytes of `values` belong to leaves and are what a store of those leaves writes
    // (`is_its_bytes`), so they are initialised; the mirrors are writable, being `ReadWrite`.
    unsafe { run.store(NonNull::from(to).cast(), ptr::from_ref(values).cast()) };
    Ok(())
}

/// As [`store_slice`], into places that do not lie side by side.
pub(crate) fn store_each<'a, T: Storable>(
    elements: impl ExactSizeIterator<Item = &'a <T as MapValue>::Shared<ReadWrite>>,
    values: &[T],
) -> Result<(), Error> {
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

/// Bytes of values that are gathered before they are stored: enough for the fast instructions, and few, as they are moved twice.
const GATHERED: usize = 1024;

/// Stores values as an iterator makes them into `len` places, with `store` for each range of them; `values` must have exactly as many.
pub(crate) fn store_iter<T: Storable>(
    len: usize,
    values: impl IntoIterator<Item = T>,
    store: impl Fn(Range<usize>, &[T]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut values = values.into_iter();
    if let (least, Some(most)) = values.size_hint() {
        // Where the iterator knows how many there are, nothing is stored in vain.
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
        Some(_) => Err(Error::TooManyValues { expected: len }),
    }
}

fn check_length(given: usize, expected: usize) -> Result<(), Error> {
    if given == expected { Ok(()) } else { Err(Error::LengthMismatch { given, expected }) }
}
