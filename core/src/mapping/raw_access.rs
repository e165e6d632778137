//! Copies of bytes in and out of a mapping at raw offsets.

use crate::error::PlaceError;
use crate::mapping::Mapping;
use crate::value::chunks;

/// Copies of raw bytes.
impl Mapping {
    /// Copies bytes out of the mapping, from `offset` on.
    ///
    /// The accesses are relaxed and as wide as alignment and length allow, up to 8 bytes: an
    /// aligned `u64` in the range is never torn. (Prefer handles: see "Mixed sizes" at
    /// [`Mapping`].)
    ///
    /// ```
    /// let mapping = mapvalue::Mapping::memfd(64)?;
    /// mapping.write_at(3, b"text")?; // at any offset
    /// let mut bytes = [0; 4];
    /// mapping.read_at(3, &mut bytes)?;
    /// assert_eq!(&bytes, b"text");
    /// mapping.write_at(8, &7u64.to_ne_bytes())?;
    /// assert_eq!(mapping.var::<u64>(8)?.load(), 7);
    /// assert!(mapping.read_at(61, &mut bytes).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::OutOfRange`]; `out` is unchanged then.
    pub fn read_at(&self, offset: usize, out: &mut [u8]) -> Result<(), PlaceError> {
        let place = self.bytes_at(offset, out.len())?;
        // SAFETY: `bytes_at` checked that the mapping has all of `out`; only atomics reach it.
        unsafe { chunks::load(place, out, chunks::WIDEST) };
        Ok(())
    }

    /// Copies bytes into the mapping, from `offset` on, like [`read_at`](Self::read_at).
    /// Bytes beside the range are not touched, not even written back as they were.
    ///
    /// # Errors
    ///
    /// [`PlaceError::ReadOnly`], [`PlaceError::OutOfRange`]; nothing is written then.
    pub fn write_at(&self, offset: usize, bytes: &[u8]) -> Result<(), PlaceError> {
        self.writable()?;
        let place = self.bytes_at(offset, bytes.len())?;
        // SAFETY: as in `read_at`; and the mapping is writable (checked above).
        unsafe { chunks::store(place, bytes, chunks::WIDEST) };
        Ok(())
    }
}
