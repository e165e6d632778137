//! What lies behind a struct in a record: [`Tail`], elements of any number, and [`Rest`], of which
//! a tail is made.

use core::any::type_name;
use core::fmt;
use core::marker::PhantomData;

use crate::error::{InvalidValue, ValueError};
use crate::value::text::Text;
use crate::value::{MapValue, Plain, codec};

/// The bytes of a record behind the struct that it begins with.
///
/// ```
/// use mapvalue::{MapValue, Rest};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Head {
///     at: u64,
///     len: u32,
/// } // 16 bytes; `char text[]` begins at 12, `__u64 stack[]` at 16
///
/// let record = [7, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, b't', b'e', b'x', b't'];
/// let rest = Rest::behind::<Head>(&record);
/// assert_eq!(rest.as_bytes(), b"text");
/// assert_eq!(rest.tail::<u8>().text(), "text");
/// assert!(rest.tail::<u64>().is_empty());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rest<'b> {
    record: &'b [u8],
    /// Where the last field of the struct ends.
    end: usize,
}

impl<'b> Rest<'b> {
    /// Returns what is behind the last field of a `T` at the start of a record. It is empty if the
    /// record is shorter.
    pub const fn behind<T: MapValue>(record: &'b [u8]) -> Self {
        Self { record, end: T::LAYOUT.end() }
    }

    /// Returns all of a record.
    pub const fn all(record: &'b [u8]) -> Self {
        Self { record, end: 0 }
    }

    /// Returns the bytes: those of a flexible array of bytes in C (`char text[]`).
    pub fn as_bytes(&self) -> &'b [u8] {
        self.from(self.end)
    }

    /// Returns the elements of a flexible array in C. It begins at a multiple of their alignment.
    pub fn tail<E: MapValue>(&self) -> Tail<'b, E> {
        Tail::new(self.from(self.end.next_multiple_of(E::LAYOUT.align())))
    }

    fn from(&self, offset: usize) -> &'b [u8] {
        self.record.get(offset..).unwrap_or_default()
    }
}

impl fmt::Debug for Rest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rest").field(&self.as_bytes()).finish()
    }
}

/// Elements of any number behind a struct: a flexible array of C.
///
/// Their bytes are decoded one element at a time, at any alignment.
/// [`MapValue::from_prefix_with_tail`] returns it. The record says how many there are: all that are
/// whole, or the [`first`](Self::first) so many, if a field of the struct counts them. (A perf
/// buffer rounds each record up, so there the last ones may be nobody's.)
///
/// ```
/// use mapvalue::{MapValue, Tail};
///
/// let bytes = [1u16, 2, 3].map(u16::to_ne_bytes).concat();
/// let tail = Tail::<u16>::new(&bytes);
/// assert_eq!(tail.iter().collect::<Vec<_>>(), [1, 2, 3]);
/// assert_eq!((tail.first(2)?.len(), tail.get(2), tail.get(3)), (2, Some(3), None));
/// assert_eq!(
///     tail.first(4).unwrap_err().to_string(),
///     "the tail has 3 `u16`, but 4 are asked for"
/// );
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Tail<'b, E> {
    bytes: &'b [u8],
    element: PhantomData<fn() -> E>,
}

impl<'b, E: MapValue> Tail<'b, E> {
    /// Takes bytes for elements. The last ones are left out if they are no whole element.
    pub const fn new(bytes: &'b [u8]) -> Self {
        const { assert!(E::LAYOUT.size() > 0, "elements without a size cannot be counted") };
        let whole = bytes.len() - bytes.len() % E::LAYOUT.size();
        Self { bytes: bytes.split_at(whole).0, element: PhantomData }
    }

    /// Returns the number of elements.
    pub const fn len(&self) -> usize {
        self.bytes.len() / E::LAYOUT.size()
    }

    /// Returns whether there are no elements.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the bytes of the elements.
    pub const fn as_bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// Returns the tail that ends after `len` elements.
    ///
    /// # Errors
    ///
    /// [`ValueError::TailTooShort`] if there are fewer.
    pub fn first(&self, len: usize) -> Result<Self, ValueError> {
        match len.checked_mul(E::LAYOUT.size()).and_then(|end| self.bytes.get(..end)) {
            Some(bytes) => Ok(Self { bytes, element: PhantomData }),
            None => Err(ValueError::TailTooShort { type_name: type_name::<E>(), len: self.len(), wanted: len }),
        }
    }

    /// Decodes an element; `None` if there are fewer.
    pub fn get(&self, index: usize) -> Option<E>
    where
        E: Plain,
    {
        let bytes = self.bytes_of(index)?;
        Some(codec::decode_plain_from(|buffer| buffer.copy_from_slice(bytes)))
    }

    /// Decodes an element and checks its enums; `None` if there are fewer.
    pub fn try_get(&self, index: usize) -> Option<Result<E, InvalidValue>> {
        let bytes = self.bytes_of(index)?;
        Some(codec::decode_from(|buffer| buffer.copy_from_slice(bytes)))
    }

    /// Decodes one element after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = E> + use<'b, E>
    where
        E: Plain,
    {
        let elements = self.bytes.chunks_exact(E::LAYOUT.size());
        elements.map(|bytes| codec::decode_plain_from(|buffer| buffer.copy_from_slice(bytes)))
    }

    /// Decodes one element after the other, and checks the enums inside.
    pub fn try_iter(&self) -> impl ExactSizeIterator<Item = Result<E, InvalidValue>> + use<'b, E> {
        let elements = self.bytes.chunks_exact(E::LAYOUT.size());
        elements.map(|bytes| codec::decode_from(|buffer| buffer.copy_from_slice(bytes)))
    }

    fn bytes_of(&self, index: usize) -> Option<&'b [u8]> {
        self.bytes.chunks_exact(E::LAYOUT.size()).nth(index)
    }
}

impl<'b> Tail<'b, u8> {
    /// Returns the bytes as text, which ends at the first NUL.
    ///
    /// ```
    /// use mapvalue::Tail;
    ///
    /// assert_eq!(Tail::<u8>::new(b"ls -l\0\0\0").text(), "ls -l");
    /// ```
    pub const fn text(&self) -> Text<&'b [u8]> {
        Text::new(self.bytes)
    }
}

impl<E> Clone for Tail<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Tail<'_, E> {}

impl<E> fmt::Debug for Tail<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tail").field("type", &type_name::<E>()).field("bytes", &self.bytes).finish()
    }
}
