//! Copies of many values, for `Array` and `Slice` alike: each leaf by a relaxed access of its own.
//!
//! Where the bytes of a type in memory are its value, so that nothing is to be decoded or left out, the instructions that move
//! them are those of `run`; elsewhere, and on other machines, each leaf has an instruction of its own.

#[cfg(target_arch = "x86_64")]
#[path = "bulk/x86_64.rs"]
mod run;
#[cfg(not(target_arch = "x86_64"))]
#[path = "bulk/portable.rs"]
mod run;

use std::ptr::{self, NonNull};

use crate::{Access, Error, MapValue, Plain, ReadWrite, Storable};

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

fn check_length(given: usize, expected: usize) -> Result<(), Error> {
    if given == expected { Ok(()) } else { Err(Error::LengthMismatch { given, expected }) }
}
