//! [`Text`]: bytes that C uses as text, of any length.

use core::fmt::{self, Write as _};
use core::str::Utf8Error;

#[cfg(feature = "std")]
use std::borrow::Cow;

/// Bytes that C uses as text: up to the first NUL, or all of them.
///
/// It has the words of a [`CharArray`](crate::CharArray), for text whose length the record says:
/// `char args[]` behind a struct. [`Tail::text`](crate::Tail::text) borrows it from bytes, and
/// [`Head::text`](crate::ring::Head::text) copies it out of a ring.
///
/// ```
/// use mapvalue::Text;
///
/// let text = Text::new(b"ls -l\0\xff");
/// assert_eq!(text, "ls -l");
/// assert_eq!((text.len(), text.as_bytes().len()), (5, 7));
/// assert_eq!(Text::new(b"Gr\xc3").to_str_lossy(), "Gr\u{fffd}");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<B>(B);

impl<B: AsRef<[u8]>> Text<B> {
    /// Takes these bytes, whatever they are.
    pub const fn new(bytes: B) -> Self {
        Self(bytes)
    }

    /// Returns all bytes, including those after the NUL.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    /// Returns the bytes of the text: those before the first NUL, or all without one.
    pub fn as_bytes_until_nul(&self) -> &[u8] {
        let bytes = self.as_bytes();
        &bytes[..bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len())]
    }

    /// Returns the length of the text in bytes.
    pub fn len(&self) -> usize {
        self.as_bytes_until_nul().len()
    }

    /// Returns whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the text, if it is UTF-8.
    ///
    /// # Errors
    ///
    /// [`Utf8Error`] if the text is not UTF-8, with the length of the valid part.
    pub fn to_str(&self) -> Result<&str, Utf8Error> {
        core::str::from_utf8(self.as_bytes_until_nul())
    }

    /// Returns the text, with invalid UTF-8 replaced by U+FFFD. It allocates only to replace.
    /// (Without `std`, `Display` writes the same.)
    #[cfg(feature = "std")]
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes_until_nul())
    }
}

/// Compares the text alone.
impl<B: AsRef<[u8]>> PartialEq<str> for Text<B> {
    fn eq(&self, text: &str) -> bool {
        self.as_bytes_until_nul() == text.as_bytes()
    }
}

/// Compares the text alone.
impl<B: AsRef<[u8]>> PartialEq<&str> for Text<B> {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

/// Displays the text, with invalid UTF-8 replaced by U+FFFD.
impl<B: AsRef<[u8]>> fmt::Display for Text<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(text) = self.to_str() {
            return f.pad(text);
        }
        self.as_bytes_until_nul().utf8_chunks().try_for_each(|chunk| {
            f.write_str(chunk.valid())?;
            if chunk.invalid().is_empty() { Ok(()) } else { f.write_char(char::REPLACEMENT_CHARACTER) }
        })
    }
}

/// Shows the text as a literal, with invalid UTF-8 bytes as `\xff`.
impl<B: AsRef<[u8]>> fmt::Debug for Text<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for chunk in self.as_bytes_until_nul().utf8_chunks() {
            write!(f, "{}", chunk.valid().escape_debug())?;
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        f.write_char('"')
    }
}
