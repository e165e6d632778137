use crate::error::{MapName, Mismatches, ReadOnlyReason};

/// Why a place in memory cannot be made into a handle, or copied.
///
/// ```
/// use mapvalue::{Mapping, PlaceError};
///
/// match Mapping::memfd(64)?.var::<u64>(60) {
///     Err(PlaceError::OutOfRange { offset, size, len }) => {
///         assert_eq!((offset, size, len), (60, 8, 64));
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The offset is not a multiple of the type's alignment.
    #[error("`{type_name}` at offset {offset} is misaligned: it needs a multiple of {align}")]
    Misaligned { type_name: &'static str, offset: usize, align: usize },

    /// The memory begins at an address, `base`, that does not suit the type, although the offset
    /// does. Only adopted memory can.
    #[error(
        "`{type_name}` needs a multiple of {align}, but the memory itself begins at address \
         {base:#x}, which is not one"
    )]
    MisalignedBase { type_name: &'static str, base: usize, align: usize },

    /// The place does not lie inside the mapping, of `len` bytes. `size` is `usize::MAX` if
    /// computing it overflowed.
    #[error("offset {offset} + {size} bytes is out of range: the mapping ends at {len}")]
    OutOfRange { offset: usize, size: usize, len: usize },

    /// The place reaches past the value that it starts in, into bytes that BPF programs do not see.
    /// Values of `value_size` bytes begin every `stride` bytes.
    #[error(
        "`{type_name}` at offset {offset} ({size} bytes) reaches past the end of its map value: \
         values are {value_size} bytes long and start every {stride} bytes"
    )]
    CrossesValue { type_name: &'static str, offset: usize, size: usize, value_size: usize, stride: usize },

    /// The map's BTF has something else at the place than the Rust type.
    ///
    /// In an [`Error`](crate::Error) it is a
    /// [`BtfError::LayoutMismatch`](crate::BtfError::LayoutMismatch).
    #[error(transparent)]
    LayoutMismatch(Box<Mismatches>),

    /// A type without size has no place in a map.
    #[error("`{type_name}` is zero-sized: there is nothing to read or write")]
    ZeroSized { type_name: &'static str },

    /// A bank, or a range of banks, is empty: `what` says which.
    #[error("{what} has length zero: there is nothing to map")]
    Empty { what: &'static str },

    /// The elements of a slice would not all be aligned.
    #[error(
        "`{type_name}` is {size} bytes long, not a multiple of its alignment {align}: pad it, or \
         use `array`"
    )]
    Unsliceable { type_name: &'static str, size: usize, align: usize },

    /// The `index` is past the end of the array, of `len` elements.
    #[error("index {index} is out of range: the array has {len} elements")]
    IndexOutOfRange { index: usize, len: usize },

    /// The range of indices ends (before `end`) past the end of the array, of `len` elements, or
    /// before its own `start`.
    #[error("the range {start}..{end} is out of range: the array has {len} elements")]
    RangeOutOfRange { start: usize, end: usize, len: usize },

    /// The caller's slice, of `given` elements, and the array, of `expected`, have different
    /// lengths.
    #[error("{given} elements were given for {expected}: both sides of a copy must have the same length")]
    LengthMismatch { given: usize, expected: usize },

    /// The iterator yields more values than the array has elements, `expected`. It is not asked how
    /// many more.
    #[error(
        "more values were given than the {expected} elements that they are for: both sides of a \
         copy must have the same length"
    )]
    TooManyValues { expected: usize },

    /// The map's values, of `value_size` bytes, and the type have different sizes.
    #[error("`{type_name}` is {size} bytes long, but the values of {map} are {value_size} bytes long")]
    ValueSize { type_name: &'static str, size: usize, value_size: usize, map: MapName },

    /// The map's keys, of `key_size` bytes, and the type have different sizes.
    #[error("`{type_name}` is {size} bytes long, but the keys of {map} are {key_size} bytes long")]
    KeySize { type_name: &'static str, size: usize, key_size: usize, map: MapName },

    /// Memory without a geometry of its own is not a whole number of elements long, one every
    /// `stride` bytes.
    #[error(
        "a mapping of {len} bytes is not a whole number of `{type_name}`, which lie every {stride} \
         bytes: make it {stride} bytes long an element"
    )]
    Geometry { type_name: &'static str, stride: usize, len: usize },

    /// A handle that could write, or a write, on a read-only mapping.
    #[error("the mapping of {map} is read-only ({reason}): use `var_ro`, `array_ro`, `slice_ro` or `banks_ro`")]
    ReadOnly { map: MapName, reason: ReadOnlyReason },

    /// A handle to a place in an arena whose absent pages are a SIGSEGV.
    #[error(
        "{map} was created with BPF_F_SEGV_ON_FAULT: to touch a page that is not there would end \
         this process, so no handle is given out. Copy values with `read`, or create the arena \
         without the flag"
    )]
    ArenaFaults { map: MapName },
}
