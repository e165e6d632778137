//! [`Record`]: one committed record, in place.

use std::any::type_name;
use std::fmt;
use std::ptr::NonNull;
use std::slice;

#[cfg(doc)]
use crate::error::InvalidValue;
use crate::error::{PlaceError, RingError};
use crate::handle::bulk;
use crate::mapping::place::check_sliceable;
use crate::ring::protocol::Found;
use crate::ring::reading::Reading;
use crate::value::{self, MapValue, ReadOnly};

/// A record of a ring, in place: nothing was copied.
///
/// A committed record does not change until it is released, and dropping the `Record` releases it.
/// [`view`](Self::view) is the mirror of a type in it, read-only; [`load`](Self::load) copies a
/// value out, and [`bytes`](Self::bytes) all of it.
///
/// No program can write a record once it is committed. But whoever else reads the ring could
/// release it, and on a memfd the producer is a process like any other. So the bytes are never a
/// `&[u8]`: each access is an atomic load, as everywhere in this crate.
///
/// ```
/// use mapvalue::{MapValue, Ring};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Exec {
///     pid: u32,
///     uid: u32,
/// }
///
/// let mut ring = Ring::memfd(65536)?;
/// let producer = ring.producer()?; // stands in for a program
/// producer.send(Exec { pid: 7, uid: 1000 })?;
/// for record in ring.records() {
///     let record = record?;
///     assert_eq!(record.view::<Exec>()?.pid.load(), 7); // one field
///     assert_eq!(record.load::<Exec>()?, Exec { pid: 7, uid: 1000 });
/// }
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Record<'r> {
    reading: &'r Reading,
    /// Where it begins: at a multiple of 8.
    place: NonNull<u8>,
    position: u64,
    len: u32,
}

impl<'r> Record<'r> {
    /// The record that the walk of `reading` has just given out.
    #[inline]
    pub(crate) fn new(reading: &'r Reading, Found { position, len }: Found) -> Self {
        Self { reading, place: reading.words.data.record(position), position, len }
    }

    /// Returns the length in bytes, as the program reserved it.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Returns whether the record has no bytes, which a program may submit.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the position of the record: how many bytes were reserved in the ring before it.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the mirror of the record, if it is one `T`.
    ///
    /// ```
    /// let mut ring = mapvalue::Ring::memfd(65536)?;
    /// ring.producer()?.send([1u32, 2, 3])?;
    /// let record = ring.records().next().expect("a record")?;
    /// assert_eq!(record.view::<[u32; 3]>()?[2].load(), 3);
    /// assert!(record.view::<u64>().is_err()); // 12 bytes are not 8
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RingError::RecordSize`] unless the record has exactly the size of `T`,
    /// [`PlaceError::ZeroSized`].
    #[inline]
    pub fn view<T: MapValue>(&self) -> Result<&T::Shared<ReadOnly>, RingError> {
        let (size, len) = (T::LAYOUT.size(), self.len());
        if size != len {
            return Err(RingError::RecordSize { type_name: type_name::<T>(), size, len });
        }
        self.view_at::<T>(0)
    }

    /// Returns the mirror of a `T` at an offset in the record. It may end before the record does.
    ///
    /// ```
    /// let mut ring = mapvalue::Ring::memfd(65536)?;
    /// ring.producer()?.send([7u64, 8])?;
    /// let record = ring.records().next().expect("a record")?;
    /// assert_eq!(record.view_at::<u64>(8)?.load(), 8);
    /// assert!(record.view_at::<u64>(12).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RingError::OutOfRecord`], [`PlaceError::Misaligned`] (the record begins at a multiple of
    /// 8), [`PlaceError::ZeroSized`].
    #[inline]
    pub fn view_at<T: MapValue>(&self, offset: usize) -> Result<&T::Shared<ReadOnly>, RingError> {
        let place = self.place::<T>(offset, T::LAYOUT.size())?;
        // SAFETY: `place` has checked the place: inside the record, and aligned. Any bits are a
        // valid mirror. The ring, which `self` borrows, keeps it mapped. Others write only to
        // cells.
        Ok(unsafe { place.as_ref() })
    }

    /// Returns the mirror of the `T` that the record begins with.
    #[inline]
    pub(crate) fn mirror_of_head<T: MapValue>(&self) -> Result<&T::Shared<ReadOnly>, RingError> {
        let (end, size) = const { (T::LAYOUT.end(), T::LAYOUT.size()) };
        // A record takes up a multiple of 8 bytes in the ring. So all of `T` is in its place, the
        // padding at the end of `T` included, unless `T` is aligned to more than 8.
        let needs = if size <= end.next_multiple_of(8) { end } else { size };
        if needs > self.len() {
            return Err(RingError::RecordTooShort { type_name: type_name::<T>(), needs, len: self.len() });
        }
        let place = self.reading.words.data.place::<T>(self.position, 0, size)?;
        // SAFETY: as in `view_at`. No cell of the mirror is after `end`, so all are in the record.
        Ok(unsafe { place.as_ref() })
    }

    /// Returns the mirrors of `len` values of type `T`, side by side from an offset on.
    ///
    /// ```
    /// let mut ring = mapvalue::Ring::memfd(65536)?;
    /// ring.producer()?.send([7u32, 8, 9])?; // a struct of 4 bytes, and a tail of two elements
    /// let record = ring.records().next().expect("a record")?;
    /// let tail = record.slice_at::<u32>(4, 2)?;
    /// assert_eq!(tail.iter().map(|element| element.load()).sum::<u32>(), 17);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`view_at`](Self::view_at), and [`PlaceError::Unsliceable`] if not all of them would be
    /// aligned.
    pub fn slice_at<T: MapValue>(&self, offset: usize, len: usize) -> Result<&[T::Shared<ReadOnly>], RingError> {
        check_sliceable::<T>()?;
        let first = self.place::<T>(offset, T::LAYOUT.size().saturating_mul(len))?;
        // SAFETY: as in `view_at`, for `len` mirrors. The size is a multiple of the alignment
        // (checked above), so all of them are aligned.
        Ok(unsafe { slice::from_raw_parts(first.as_ptr(), len) })
    }

    /// Copies the value out, if the record is one `T`: leaf by leaf, and enums checked.
    ///
    /// # Errors
    ///
    /// As [`view`](Self::view), and [`InvalidValue`] with the first enum whose number is invalid.
    #[inline]
    pub fn load<T: MapValue>(&self) -> Result<T, RingError> {
        Ok(value::try_load::<T, ReadOnly>(self.view::<T>()?)?)
    }

    /// Copies a value out, from an offset in the record, as [`load`](Self::load) does.
    ///
    /// # Errors
    ///
    /// As [`view_at`](Self::view_at), and [`InvalidValue`].
    #[inline]
    pub fn load_at<T: MapValue>(&self, offset: usize) -> Result<T, RingError> {
        Ok(value::try_load::<T, ReadOnly>(self.view_at::<T>(offset)?)?)
    }

    /// Copies all bytes out.
    ///
    /// ```
    /// let mut ring = mapvalue::Ring::memfd(65536)?;
    /// ring.producer()?.output(b"text")?;
    /// assert_eq!(ring.records().next().expect("a record")?.bytes(), b"text");
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len()];
        // SAFETY: the record has as many bytes (see `inside`), and only atomics reach them.
        unsafe { bulk::load_bytes(self.place, &mut bytes) };
        bytes
    }

    /// Copies all bytes into a buffer of the record's length.
    ///
    /// # Errors
    ///
    /// [`RingError::BufferSize`] if it has another length; it is unchanged then.
    pub fn copy_to(&self, out: &mut [u8]) -> Result<(), RingError> {
        if out.len() != self.len() {
            return Err(RingError::BufferSize { buffer: out.len(), len: self.len() });
        }
        // SAFETY: the record has as many bytes (see `inside`), and only atomics reach them.
        unsafe { bulk::load_bytes(self.place, out) };
        Ok(())
    }

    /// Copies bytes out, from an offset on, as many as the buffer has.
    ///
    /// ```
    /// let mut ring = mapvalue::Ring::memfd(65536)?;
    /// ring.producer()?.output(b"some text")?;
    /// let record = ring.records().next().expect("a record")?;
    /// let mut word = [0; 4];
    /// record.read_at(5, &mut word)?;
    /// assert_eq!(&word, b"text");
    /// assert!(record.read_at(6, &mut word).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RingError::OutOfRecord`]; the buffer is unchanged then.
    pub fn read_at(&self, offset: usize, out: &mut [u8]) -> Result<(), RingError> {
        let place = self.inside(offset, out.len())?;
        // SAFETY: the record has as many bytes there (checked), and only atomics reach them.
        unsafe { bulk::load_bytes(place, out) };
        Ok(())
    }

    /// Returns the place for `bytes` bytes of `T`s at an offset in the record.
    #[inline]
    fn place<T: MapValue>(&self, offset: usize, bytes: usize) -> Result<NonNull<T::Shared<ReadOnly>>, RingError> {
        const { T::LAYOUT.assert_usable::<T>() };
        let (type_name, align) = (type_name::<T>(), T::LAYOUT.align());
        if T::LAYOUT.size() == 0 {
            return Err(PlaceError::ZeroSized { type_name }.into());
        }
        let place = self.inside(offset, bytes)?;
        if place.addr().get().is_multiple_of(align) {
            Ok(place.cast())
        } else {
            Err(PlaceError::Misaligned { type_name, offset, align }.into())
        }
    }

    /// Returns the place of `size` bytes at an offset, if the record has them.
    #[inline]
    fn inside(&self, offset: usize, size: usize) -> Result<NonNull<u8>, RingError> {
        match offset.checked_add(size) {
            // SAFETY: at most the end of the record (checked here), which the data holds: the walk
            // has checked that the record ends before the producer's position, and that this is at
            // most the capacity ahead. So it is inside the mapping, which has the data twice.
            Some(end) if end <= self.len() => Ok(unsafe { self.place.add(offset) }),
            _ => Err(RingError::OutOfRecord { offset, size, len: self.len() }),
        }
    }
}

impl Drop for Record<'_> {
    /// Releases the record, once no other of the walk is in use.
    #[inline]
    fn drop(&mut self) {
        self.reading.done();
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("position", &self.position).field("len", &self.len).finish_non_exhaustive()
    }
}
