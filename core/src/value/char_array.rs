//! [`CharArray`]: text in C's `char name[N]`, which ends at the first NUL or, without one, with the array.

use core::fmt::{self, Write as _};
use core::str::{FromStr, Utf8Error};

#[cfg(feature = "std")]
use std::borrow::Cow;

use crate::error::{Error, InvalidValue};
use crate::layout::{Kind, Layout};
use crate::value::cell::Shared;
use crate::value::hash::ArenaHash;
use crate::value::{Access, MapValue, Mirror, Plain, ReadWrite, Storable, Writable};

/// Text in `N` bytes: C's `char name[N]`, such as a command's or an interface's name.
///
/// The text ends before the first NUL. If there is none, it is all of the `N` bytes: nothing is ever read past them, whatever a
/// BPF program left there. It is meant to be UTF-8, and may hold anything: [`to_str`](Self::to_str) checks,
/// [`to_str_lossy`](Self::to_str_lossy) and `Display` put U+FFFD in the place of what is none.
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
///
/// // Too long is an error, or cut short by name.
/// assert!("a-name-of-twenty-one!".parse::<CharArray<16>>().is_err());
/// assert_eq!(CharArray::<16>::truncated("a-name-of-twenty-one!"), "a-name-of-twenty");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # In a map
///
/// It is loaded and stored byte by byte, each relaxed: no byte is torn, but a text that is read while somebody writes it may be the
/// beginning of one and the end of another. Where that matters, put it into a [`SeqCell`](crate::SeqCell). The mirror of a
/// `CharArray` has no way to a single byte.
///
/// In [`Layout::check`] it meets `char[N]`, `signed char[N]`, `unsigned char[N]` and `__u8[N]`, and [`Layout::c_declaration`] prints
/// `char name[N]`.
///
/// # As a key
///
/// Two are equal, and have one hash, if all of their `N` bytes are, those behind the NUL included: so the kernel compares the keys of
/// its maps. What is made of a `str` has zeros there. To compare the text alone, compare with a `str`, or
/// [`as_bytes_until_nul`](Self::as_bytes_until_nul).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct CharArray<const N: usize>([u8; N]);

impl<const N: usize> CharArray<N> {
    /// The text, and zeros behind it. `text.parse()` and `CharArray::try_from(text)` are the same.
    ///
    /// Text of exactly `N` bytes fits, and leaves no NUL to end it: C code that takes the array for a string must be bounded by `N`
    /// (`bpf_strncmp` is, `bpf_probe_read_kernel_str` is not).
    ///
    /// ```
    /// use mapvalue::{CharArray, Error};
    ///
    /// let name = CharArray::<8>::new("eth0")?;
    /// assert_eq!(name.as_bytes(), b"eth0\0\0\0\0");
    /// assert_eq!((name.len(), name.is_empty()), (4, false));
    /// assert!(matches!(CharArray::<8>::new("ethernet0"), Err(Error::TextTooLong { .. })));
    /// assert!(matches!(CharArray::<8>::new("eth\00"), Err(Error::TextHasNul { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::TextTooLong`] if it has more than `N` bytes, [`Error::TextHasNul`] if a NUL is inside, where it would end for who
    /// reads it.
    pub fn new(text: &str) -> Result<Self, Error> {
        if let Some(at) = text.bytes().position(|byte| byte == 0) {
            return Err(Error::TextHasNul { at });
        }
        if text.len() > N {
            return Err(Error::TextTooLong { given: text.len(), max: N });
        }
        Ok(Self::truncated(text))
    }

    /// As much of the text as fits, in whole characters, up to a NUL if there is one inside.
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

    /// The array with these bytes, whatever they are.
    ///
    /// ```
    /// use mapvalue::CharArray;
    ///
    /// const LO: CharArray<4> = CharArray::from_array(*b"lo\0\xff"); // with a rest behind the NUL, as C leaves it
    /// assert_eq!(LO, "lo");
    /// assert_eq!((LO.as_bytes_until_nul(), LO.as_bytes()), (&b"lo"[..], b"lo\0\xff"));
    /// ```
    pub const fn from_array(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// All `N` bytes, those behind the NUL included.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The bytes of the text: those before the first NUL, or all if there is none.
    pub fn as_bytes_until_nul(&self) -> &[u8] {
        &self.0[..self.len()]
    }

    /// The length of the text in bytes: at most `N`.
    pub fn len(&self) -> usize {
        self.0.iter().position(|byte| *byte == 0).unwrap_or(N)
    }

    /// Whether there is no text: the first byte is NUL.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text.
    ///
    /// ```
    /// use mapvalue::CharArray;
    ///
    /// assert_eq!(CharArray::from_array(*b"lo\0\xff").to_str(), Ok("lo"));
    /// let cut = CharArray::from_array(*b"Gr\xc3"); // in the middle of a character
    /// assert_eq!(cut.to_str().unwrap_err().valid_up_to(), 2);
    /// assert_eq!(cut.to_str_lossy(), "Gr\u{fffd}");
    /// ```
    ///
    /// # Errors
    ///
    /// If it is not UTF-8: where that begins.
    pub fn to_str(&self) -> Result<&str, Utf8Error> {
        core::str::from_utf8(self.as_bytes_until_nul())
    }

    /// The text, with U+FFFD in the place of what is not UTF-8. Nothing is allocated if all of it is. (Without `std`, `Display`
    /// writes the same.)
    ///
    /// ```
    /// use mapvalue::CharArray;
    ///
    /// assert_eq!(CharArray::from_array(*b"lo\0\0").to_str_lossy(), "lo");
    /// assert_eq!(CharArray::from_array(*b"Gr\xc3").to_str_lossy(), "Gr\u{fffd}");
    /// ```
    #[cfg(feature = "std")]
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes_until_nul())
    }
}

impl<const N: usize> FromStr for CharArray<N> {
    type Err = Error;

    /// See [`new`](Self::new).
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl<const N: usize> TryFrom<&str> for CharArray<N> {
    type Error = Error;

    /// See [`new`](Self::new).
    fn try_from(text: &str) -> Result<Self, Error> {
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

/// No text.
impl<const N: usize> Default for CharArray<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

/// Compares the text.
impl<const N: usize> PartialEq<str> for CharArray<N> {
    fn eq(&self, text: &str) -> bool {
        self.as_bytes_until_nul() == text.as_bytes()
    }
}

/// Compares the text.
impl<const N: usize> PartialEq<&str> for CharArray<N> {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

/// The text, with U+FFFD in the place of what is not UTF-8.
impl<const N: usize> fmt::Display for CharArray<N> {
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

/// The text as a literal, with bytes that are not UTF-8 as `\xff`.
impl<const N: usize> fmt::Debug for CharArray<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for chunk in self.as_bytes_until_nul().utf8_chunks() {
            write!(f, "{}", chunk.valid().escape_debug())?;
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        f.write_char('"')
    }
}

/// The mirror of a [`CharArray`].
///
/// ```
/// use mapvalue::{CharArray, Mapping};
///
/// let names = Mapping::memfd(4096)?.var::<[CharArray<16>; 8]>(0)?;
/// names[3].store("eth0".parse()?); // `names[3]` is a `CharArrayShared<16>`
/// assert_eq!(names[3].load(), "eth0");
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[repr(transparent)]
pub struct CharArrayShared<const N: usize, A: Access = ReadWrite>([Shared<u8, A>; N]);

impl<const N: usize, A: Access> CharArrayShared<N, A> {
    /// Loads the array, byte by byte, each relaxed. If somebody writes it meanwhile, what is loaded may be a mixture.
    #[inline]
    pub fn load(&self) -> CharArray<N> {
        CharArray::__load(self)
    }

    /// Stores the array, byte by byte, each relaxed.
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

// SAFETY: see the implementation of `MapValue` that names it.
#[diagnostic::do_not_recommend]
unsafe impl<const N: usize, A: Access> Mirror for CharArrayShared<N, A> {
    type Value = CharArray<N>;
    type Access = A;
}

/// C's `char`.
const CHARACTER: Layout = Layout::leaf::<u8>("char", Kind::Character);

// Not derived, because in C it is no struct, and its bytes are `char`.
//
// SAFETY: both types are `repr(transparent)`, over an array of `u8` and over one of its cells, so they agree in size and alignment, and
// each byte has its cell; the layout is that of such an array. Any bits are a valid cell and a valid `u8`; there is no drop
// glue and no pointer.
#[diagnostic::do_not_recommend]
unsafe impl<const N: usize> MapValue for CharArray<N> {
    type Shared<A: Access> = CharArrayShared<N, A>;
    const LAYOUT: Layout = Layout::array::<Self>(N, &CHARACTER);

    #[inline]
    fn __try_load<A: Access>(shared: &Self::Shared<A>) -> Result<Self, InvalidValue> {
        Ok(Self::__load(shared))
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize> Storable for CharArray<N> {
    #[inline]
    fn __store(shared: &Self::Shared<ReadWrite>, value: &Self) {
        <[u8; N]>::__store(&shared.0, &value.0);
    }
}

// SAFETY: `__try_load` of this type always returns `Ok`.
#[diagnostic::do_not_recommend]
unsafe impl<const N: usize> Plain for CharArray<N> {
    #[inline]
    fn __load<A: Access>(shared: &Self::Shared<A>) -> Self {
        Self(<[u8; N]>::__load(&shared.0))
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize> ArenaHash for CharArray<N> {}
