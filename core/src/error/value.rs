//! What is wrong with values and their bytes. Of all errors, only these exist without `std`.

use core::fmt;

use crate::layout::{Kind, Layout};

/// Why bytes are not a value, a value cannot be encoded, or a cell cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A byte buffer, of `given` bytes, is longer or shorter than the type, which has `expected`.
    #[error("`{type_name}` is {expected} bytes long, but {given} bytes were given")]
    WrongLength { type_name: &'static str, given: usize, expected: usize },

    /// A byte buffer, of `given` bytes, ends before the last field of the type, which `needs` more.
    #[error("`{type_name}` takes at least {needs} bytes, but {given} bytes were given")]
    TooShort { type_name: &'static str, given: usize, needs: usize },

    /// A tail has fewer elements, `len`, than are `wanted`.
    #[error("the tail has {len} `{type_name}`, but {wanted} are asked for")]
    TailTooShort { type_name: &'static str, len: usize, wanted: usize },

    /// An enum inside the value holds a number that is not one of its variants.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
    /// A [`SeqCell`](crate::SeqCell) was being written each time that it was looked at.
    #[error(transparent)]
    Busy(#[from] Busy),

    /// The text has more bytes, `given`, than the array for it, which has `max`.
    #[error(
        "the text is {given} bytes long, but a `CharArray` of {max} bytes is to hold it: shorten \
         it, or use `CharArray::truncated`"
    )]
    TextTooLong { given: usize, max: usize },

    /// The text has a NUL after its first `at` bytes, where it would end for all who read it.
    #[error(
        "the text has a NUL at byte {at}, where it would end for all who read it: remove it, or \
         use `CharArray::truncated`, which ends it there"
    )]
    TextHasNul { at: usize },
}

/// A number in memory that is not a variant of the enum read there.
///
/// ```
/// use mapvalue::{MapValue, ValueError};
///
/// #[derive(MapValue, Debug)]
/// #[repr(u16)]
/// enum Mode {
///     Off,
///     On,
/// }
///
/// #[derive(MapValue, Debug)]
/// #[repr(C)]
/// struct Config {
///     limit: u16,
///     modes: [Mode; 2],
/// }
///
/// let bytes = [10u16, 1, 9].map(u16::to_ne_bytes).concat();
/// let Err(ValueError::InvalidValue(invalid)) = Config::from_bytes(&bytes) else {
///     panic!("9 is no mode")
/// };
/// assert_eq!((invalid.type_name(), invalid.value(), invalid.offset()), ("Mode", 9, 4));
/// assert_eq!(invalid.path(Config::LAYOUT).to_string(), "Config.modes[1]");
/// assert_eq!(
///     invalid.to_string(),
///     "9 at offset 4 (`Config.modes[1]`) is not a variant of `Mode`"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvalidValue {
    type_name: &'static str,
    value: i128,
    offset: usize,
    /// The layout of the struct or array that was read, if it is known.
    whole: Option<&'static Layout>,
}

impl InvalidValue {
    /// Used by the derive.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(type_name: &'static str, value: i128) -> Self {
        Self { type_name, value, offset: 0, whole: None }
    }

    /// The same error seen from a type that holds the place at `offset`.
    #[doc(hidden)]
    #[must_use]
    pub const fn within(mut self, offset: usize) -> Self {
        self.offset = self.offset.saturating_add(offset);
        self.whole = None;
        self
    }

    /// The same error of a value with this layout, so that its text names the field.
    #[cold]
    pub(crate) const fn inside(mut self, whole: &'static Layout) -> Self {
        if matches!(whole.kind(), Kind::Struct { .. } | Kind::Array { .. }) {
            self.whole = Some(whole);
        }
        self
    }

    /// The name of the enum.
    pub const fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// The number found.
    pub const fn value(&self) -> i128 {
        self.value
    }

    /// Bytes from the start of the value that was read to the enum inside it.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The place as a field path of the type that was read, given its layout:
    /// `Config.rules[3].mode`.
    pub fn path(&self, layout: Layout) -> impl fmt::Display {
        struct FieldPath(Layout, usize);
        impl fmt::Display for FieldPath {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0.name())?;
                self.0.write_path(f, self.1)
            }
        }
        FieldPath(layout, self.offset)
    }
}

impl fmt::Debug for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidValue({self})")
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { type_name, value, offset, whole } = self;
        write!(f, "{value} at offset {offset}")?;
        if let Some(whole) = whole {
            write!(f, " (`{}`)", self.path(**whole))?;
        }
        write!(f, " is not a variant of `{type_name}`")
    }
}

impl core::error::Error for InvalidValue {}

/// How often a reader looks, and a writer tries, before it returns [`Busy`]: for some microseconds,
/// if the value is small.
pub(crate) const TRIES: u32 = 1000;

/// A [`SeqCell`](crate::SeqCell) that did not hold still: somebody was writing it each time that it
/// was looked at.
///
/// A writer takes nanoseconds, unless it was interrupted; try again later. If it has died,
/// [`recover`](crate::SeqCellShared::recover).
///
/// ```
/// use mapvalue::{Busy, Mapping, SeqCell};
///
/// let mapping = Mapping::memfd(4096)?;
/// let window = mapping.var::<SeqCell<[u64; 2]>>(0)?;
/// mapping.var::<u64>(0)?.store(7); // as a writer leaves it that is at work, or has died
/// let busy: Busy = window.read().unwrap_err();
/// assert_eq!(busy.sequence(), 7);
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the value is being written (its sequence number is {sequence}, after {TRIES} tries): try again, or `recover` the cell if the \
     writer is gone"
)]
pub struct Busy {
    pub(crate) sequence: u64,
}

impl Busy {
    /// The sequence number that was seen last: odd if a writer was at work then.
    pub const fn sequence(self) -> u64 {
        self.sequence
    }
}
