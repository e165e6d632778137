//! [`Head`]: the struct that a record begins with, in place, and the tail behind it.

use std::any::type_name;
use std::fmt;
use std::ops::Deref;

use crate::error::RingError;
#[cfg(doc)]
use crate::error::{InvalidValue, PlaceError};
use crate::ring::record::Record;
use crate::value::text::Text;
use crate::value::{self, MapValue, ReadOnly};

/// The struct that a record begins with, in place; [`Record::head`] returns it.
///
/// It dereferences to the read-only mirror of `T`. Behind `T` may be a tail, a flexible array of C.
/// It begins where C puts it: after the last field, at a multiple of the element's alignment.
///
/// ```
/// use mapvalue::{MapValue, Ring};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Args {
///     at: u64,
///     len: u32,
/// } // 16 bytes; `char text[]` begins at 12
///
/// let mut ring = Ring::memfd(65536)?;
/// let producer = ring.producer()?;
/// let args = producer.reserve_bytes(17)?;
/// args.view_at::<u64>(0)?.store(7);
/// args.view_at::<u32>(8)?.store(5);
/// args.write_at(12, b"ls -l")?;
/// args.submit();
///
/// for record in ring.records() {
///     let record = record?;
///     let args = record.head::<Args>()?;
///     assert_eq!((args.at.load(), args.load()?), (7, Args { at: 7, len: 5 }));
///     assert_eq!(args.text(), "ls -l"); // to the record's end, or a NUL
///     let bytes = args.tail_first::<u8>(args.len.load() as usize)?; // in place
///     assert_eq!(bytes[0].load(), b'l');
/// }
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Head<'r, T: MapValue> {
    record: &'r Record<'r>,
    mirror: &'r T::Shared<ReadOnly>,
}

impl Record<'_> {
    /// Returns the mirror of the `T` that the record begins with, and reaches what is behind it.
    ///
    /// The record may end where the last field of `T` does, without the padding behind it.
    ///
    /// # Errors
    ///
    /// [`RingError::RecordTooShort`], [`PlaceError::Misaligned`] if `T` is aligned to more than 8,
    /// [`PlaceError::ZeroSized`].
    #[inline]
    pub fn head<T: MapValue>(&self) -> Result<Head<'_, T>, RingError> {
        Ok(Head { record: self, mirror: self.mirror_of_head::<T>()? })
    }
}

impl<'r, T: MapValue> Head<'r, T> {
    /// Returns the record.
    pub fn record(&self) -> &'r Record<'r> {
        self.record
    }

    /// Copies the value out: leaf by leaf, and enums checked.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] with the first enum whose number is invalid.
    #[inline]
    pub fn load(&self) -> Result<T, RingError> {
        Ok(value::try_load::<T, ReadOnly>(self.mirror)?)
    }

    /// Returns the mirrors of the elements behind the struct: all that are whole.
    ///
    /// # Errors
    ///
    /// [`PlaceError::ZeroSized`], and [`PlaceError::Unsliceable`] if not all would be aligned.
    pub fn tail<E: MapValue>(&self) -> Result<&'r [E::Shared<ReadOnly>], RingError> {
        let bytes = self.record.len().saturating_sub(Self::tail_at::<E>());
        self.tail_first::<E>(bytes.checked_div(E::LAYOUT.size()).unwrap_or(0))
    }

    /// Returns the mirrors of the first `len` elements behind the struct, if a field counts them.
    ///
    /// # Errors
    ///
    /// [`RingError::OutOfRecord`] if the record has fewer, and as [`tail`](Self::tail).
    pub fn tail_first<E: MapValue>(&self, len: usize) -> Result<&'r [E::Shared<ReadOnly>], RingError> {
        // The padding before the first element need not be in the record.
        let at = if len == 0 { 0 } else { Self::tail_at::<E>() };
        self.record.slice_at::<E>(at, len)
    }

    /// Copies the bytes behind the struct out, as text, which ends at the first NUL.
    pub fn text(&self) -> Text<Vec<u8>> {
        let len = self.record.len().saturating_sub(T::LAYOUT.end());
        // `Record::head` has checked that the record has these bytes.
        self.text_first(len).unwrap_or_else(|_| Text::new(Vec::new()))
    }

    /// Copies the first `len` bytes behind the struct out, as [`text`](Self::text) does.
    ///
    /// # Errors
    ///
    /// [`RingError::OutOfRecord`] if the record has fewer.
    pub fn text_first(&self, len: usize) -> Result<Text<Vec<u8>>, RingError> {
        let at = T::LAYOUT.end();
        // Before there is a buffer: a program may have written any length.
        if len > self.record.len().saturating_sub(at) {
            return Err(RingError::OutOfRecord { offset: at, size: len, len: self.record.len() });
        }
        let mut bytes = vec![0; len];
        self.record.read_at(at, &mut bytes)?;
        Ok(Text::new(bytes))
    }

    /// Where a flexible array of `E` begins.
    const fn tail_at<E: MapValue>() -> usize {
        T::LAYOUT.end().next_multiple_of(E::LAYOUT.align())
    }
}

impl<T: MapValue> Deref for Head<'_, T> {
    type Target = T::Shared<ReadOnly>;

    #[inline]
    fn deref(&self) -> &T::Shared<ReadOnly> {
        self.mirror
    }
}

impl<T: MapValue> Clone for Head<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: MapValue> Copy for Head<'_, T> {}

impl<T: MapValue> fmt::Debug for Head<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("type", &type_name::<T>()).field("record", self.record).finish()
    }
}
