//! [`CharArray`]: text in C's `char name[N]`, up to the first NUL or the array's end.

use core::fmt;
use core::str::{FromStr, Utf8Error};

#[cfg(feature = "std")]
use std::borrow::Cow;

use crate::error::ValueError;
use crate::layout::{Kind, Layout};
use crate::value::cell::Shared;
use crate::value::hash::ArenaHash;
use crate::value::primitive::plain_value;
use crate::value::text::Text;
use crate::value::{Access, Mirror, Plain, ReadWrite, Storable, Writable};

/// Text in `N` bytes: C's `char name[N]`, such as the name of a command or an interface.
///
/// The text ends before the first NUL, or after `N` bytes if there is none; nothing past them is
/// ever read. It should be UTF-8, but a BPF program may store anything: [`to_str`](Self::to_str)
/// checks; [`to_str_lossy`](Self::to_str_lossy) and `Display` show what is invalid as U+FFFD.
///
/// ```
/// use mapvalue::{CharArray, MapValue, Mapping, Var};
///
/// #[derive(MapValue, Clone, Copy, Debug)]
/// #[repr(C)]
/// struct Task {
///     pid: u32,
///     comm: CharArray<16>, // char comm[16]
/// }
///
/// let mapping = Mapping::memfd(size_of::<Task>())?;
/// let task: Var<Task> = mapping.var(0)?;
/// task.comm.store("bash".parse()?);
/// assert_eq!(task.comm.load(), "bash");
/// assert_eq!(task.comm.load().to_str()?, "bash");
/// assert_eq!(format!("{:?}", task.load()), r#"Task { pid: 0, comm: "bash" }"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # In a map
///
/// It is loaded and stored byte by byte, each relaxed. No byte is torn, but a reader beside a
/// writer may get the start of one text and the end of another. Where that matters, put it in a
/// [`SeqCell`](crate::SeqCell). The mirror of a `CharArray` gives no access to single bytes.
///
/// [`Layout::check`] accepts `char[N]`, `signed char[N]`, `unsigned char[N]` and `__u8[N]` for it,
/// and [`Layout::c_declaration`] prints `char name[N]`.
///
/// # As a key
///
/// Equality and hash take all `N` bytes, including those after the NUL, as the kernel does for the
/// keys of its maps. An array made from a `str` has zeros there. To compare only the text, compare
/// with a `str` or use [`as_bytes_until_nul`](Self::as_bytes_until_nul).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct CharArray<const N: usize>([u8; N]);

impl<const N: usize> CharArray<N> {
    /// Makes an array of the text and zeros after it.
    ///
    /// `text.parse()` and `CharArray::try_from(text)` do the same. A text of exactly `N` bytes
    /// fits, but no NUL ends it: C code that reads it as a string must be bounded by `N`
    /// (`bpf_strncmp` is, `bpf_probe_read_kernel_str` is not).
    ///
    /// ```
    /// use mapvalue::{CharArray, Error, ValueError};
    ///
    /// let name = CharArray::<8>::new("eth0")?;
    /// assert_eq!(name.as_bytes(), b"eth0\0\0\0\0");
    /// assert_eq!((name.len(), name.is_empty()), (4, false));
    /// assert!(matches!(CharArray::<8>::new("ethernet0"), Err(ValueError::TextTooLong { .. })));
    /// assert!(matches!(CharArray::<8>::new("eth\00"), Err(ValueError::TextHasNul { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueError::TextTooLong`] if the text has more than `N` bytes, [`ValueError::TextHasNul`]
    /// if it contains a NUL, at which readers would end it.
    pub fn new(text: &str) -> Result<Self, ValueError> {
        if let Some(at) = text.bytes().position(|byte| byte == 0) {
            return Err(ValueError::TextHasNul { at });
        }
        if text.len() > N {
            return Err(ValueError::TextTooLong { given: text.len(), max: N });
        }
        Ok(Self::truncated(text))
    }

    /// Makes an array of as many whole characters as fit, up to the first NUL.
    ///
    /// ```
    /// use mapvalue::CharArray;
    /// assert_eq!(CharArray::<4>::truncated("Grüße"), "Grü");
    /// assert_eq!(CharArray::<4>::truncated("Gr\0ße"), "Gr");
    /// ```
    #[must_use]
    pub fn truncated(text: &str) -> Self {
        let mut end = text.bytes().position(|byte| byte == 0).unwrap_or(text.len()).min(N);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut bytes = [0; N];
        bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        Self(bytes)
    }

    /// Makes an array of these bytes, whatever they are. See [`to_str`](Self::to_str).
    pub const fn from_array(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// Returns all `N` bytes, including those after the NUL.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// Returns the bytes of the text: those before the first NUL, or all without one.
    pub fn as_bytes_until_nul(&self) -> &[u8] {
        &self.0[..self.len()]
    }

    /// Returns the length of the text in bytes: at most `N`.
    pub fn len(&self) -> usize {
        self.0.iter().position(|byte| *byte == 0).unwrap_or(N)
    }

    /// Returns whether the text is empty: whether the first byte is NUL.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the text, if it is UTF-8.
    ///
    /// ```
    /// use mapvalue::CharArray;
    ///
    /// const LO: CharArray<4> = CharArray::from_array(*b"lo\0\xff"); // as C may leave it
    /// assert_eq!((LO.to_str(), LO.as_bytes()), (Ok("lo"), b"lo\0\xff"));
    /// assert_eq!(LO.as_bytes_until_nul(), b"lo");
    /// let cut = CharArray::from_array(*b"Gr\xc3"); // in the middle of a character
    /// assert_eq!(cut.to_str().unwrap_err().valid_up_to(), 2);
    /// assert_eq!(cut.to_str_lossy(), "Gr\u{fffd}");
    /// ```
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

impl<const N: usize> FromStr for CharArray<N> {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::new(text)
    }
}

impl<const N: usize> TryFrom<&str> for CharArray<N> {
    type Error = ValueError;

    fn try_from(text: &str) -> Result<Self, ValueError> {
        Self::new(text)
    }
}

impl<const N: usize> From<[u8; N]> for CharArray<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> From<CharArray<N>> for [u8; N] {
    fn from(array: CharArray<N>) -> Self {
        array.0
    }
}

/// The empty text.
impl<const N: usize> Default for CharArray<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

/// Compares the text alone.
impl<const N: usize> PartialEq<str> for CharArray<N> {
    fn eq(&self, text: &str) -> bool {
        self.as_bytes_until_nul() == text.as_bytes()
    }
}

/// Compares the text alone.
impl<const N: usize> PartialEq<&str> for CharArray<N> {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

/// Displays the text, with invalid UTF-8 replaced by U+FFFD.
impl<const N: usize> fmt::Display for CharArray<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Text::new(&self.0), f)
    }
}

/// Shows the text as a literal, with invalid UTF-8 bytes as `\xff`.
impl<const N: usize> fmt::Debug for CharArray<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Text::new(&self.0), f)
    }
}

/// The mirror of a [`CharArray`], whose example loads and stores it.
#[repr(transparent)]
pub struct CharArrayShared<const N: usize, A: Access = ReadWrite>([Shared<u8, A>; N]);

impl<const N: usize, A: Access> CharArrayShared<N, A> {
    /// Loads the array byte by byte, each relaxed; with a writer beside it, a mixture.
    #[inline]
    pub fn load(&self) -> CharArray<N> {
        CharArray::__load(self)
    }

    /// Stores the array byte by byte, each relaxed.
    #[inline]
    pub fn store(&self, value: CharArray<N>)
    where
        A: Writable,
    {
        CharArray::__store(A::read_write::<CharArray<N>>(self), &value);
    }
}

impl<const N: usize, A: Access> fmt::Debug for CharArrayShared<N, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load().fmt(f)
    }
}

// SAFETY: see the implementation of `MapValue` that names this type.
#[diagnostic::do_not_recommend]
unsafe impl<const N: usize, A: Access> Mirror for CharArrayShared<N, A> {
    type Value = CharArray<N>;
    type Access = A;
}

/// C's `char`.
const CHARACTER: Layout = Layout::leaf::<u8>("char", Kind::Character);

// Not derived, because in C it is not a struct, and its bytes are `char`.
//
// One type is `repr(transparent)` over an array of `u8`, the other over an array of cells of `u8`.
// They agree in size and alignment, and each byte has its cell; the layout is that of an array.
plain_value!(
    [const N: usize] CharArray<N>, Layout::array::<Self>(N, &CHARACTER), <A> CharArrayShared<N, A>,
    |shared| Self(<[u8; N]>::__load(&shared.0)), |shared, value| <[u8; N]>::__store(&shared.0, &value.0)
);

#[diagnostic::do_not_recommend]
impl<const N: usize> ArenaHash for CharArray<N> {}
