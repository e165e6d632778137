//! Copies of many values, for `Array` and `Slice` alike: each leaf by a relaxed access of its own.

use crate::{Error, MapValue, Plain, ReadWrite, Storable};

/// Loads as many elements as there are, which `out` must have room for exactly.
pub(crate) fn load_into<'a, T: Plain, A: crate::Access>(
    elements: impl ExactSizeIterator<Item = &'a T::Shared<A>>,
    out: &mut [T],
) -> Result<(), Error> {
    check_length(out.len(), elements.len())?;
    out.iter_mut().zip(elements).for_each(|(out, shared)| *out = T::__load(shared));
    Ok(())
}

/// Stores as many elements as there are, which `values` must have exactly.
pub(crate) fn store_from<'a, T: Storable>(
    elements: impl ExactSizeIterator<Item = &'a <T as MapValue>::Shared<ReadWrite>>,
    values: &[T],
) -> Result<(), Error> {
    check_length(values.len(), elements.len())?;
    elements.zip(values).for_each(|(shared, value)| T::__store(shared, value));
    Ok(())
}

fn check_length(given: usize, expected: usize) -> Result<(), Error> {
    if given == expected { Ok(()) } else { Err(Error::LengthMismatch { given, expected }) }
}
