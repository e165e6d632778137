//! Why there is no handle to a place, or no copy to or from it.

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
    Misaligned {
        /// The type.
        type_name: &'static str,
        /// The offset asked for, in bytes.
        offset: usize,
        /// The alignment that the type needs, in bytes.
        align: usize,
    },

    /// The memory begins at an address that does not suit the type, although the offset does.
    /// Only adopted memory can.
    #[error(
        "`{type_name}` needs a multiple of {align}, but the memory itself begins at address \
         {base:#x}, which is not one"
    )]
    MisalignedBase {
        /// The type.
        type_name: &'static str,
        /// The address where the mapping begins.
        base: usize,
        /// The alignment that the type needs, in bytes.
        align: usize,
    },

    /// The place does not lie inside the mapping.
    #[error("offset {offset} + {size} bytes is out of range: the mapping ends at {len}")]
    OutOfRange {
        /// The offset asked for, in bytes.
        offset: usize,
        /// The size asked for, in bytes; `usize::MAX` if computing it overflowed.
        size: usize,
        /// The length of the mapping in bytes.
        len: usize,
    },

    /// The place reaches past the value that it starts in, into bytes that BPF programs do not see.
    #[error(
        "`{type_name}` at offset {offset} ({size} bytes) reaches past the end of its map value: \
         values are {value_size} bytes long and start every {stride} bytes"
    )]
    CrossesValue {
        /// The type.
        type_name: &'static str,
        /// The offset asked for, in bytes.
        offset: usize,
        /// The size of the type in bytes.
        size: usize,
        /// The map's value size in bytes.
        value_size: usize,
        /// Bytes from one value to the next.
        stride: usize,
    },

    /// The map's BTF has something else at the place than the Rust type.
    ///
    /// In an [`Error`](crate::Error) it is a
    /// [`BtfError::LayoutMismatch`](crate::BtfError::LayoutMismatch).
    #[error(transparent)]
    LayoutMismatch(Box<Mismatches>),

    /// A type without size has no place in a map.
    #[error("`{type_name}` is zero-sized: there is nothing to read or write")]
    ZeroSized {
        /// The type.
        type_name: &'static str,
    },

    /// A bank, or a range of banks, is empty.
    #[error("{what} has length zero: there is nothing to map")]
    Empty {
        /// What has no length.
        what: &'static str,
    },

    /// The elements of a slice would not all be aligned.
    #[error(
        "`{type_name}` is {size} bytes long, not a multiple of its alignment {align}: pad it, or \
         use `array`"
    )]
    Unsliceable {
        /// The type.
        type_name: &'static str,
        /// The size of the type in bytes.
        size: usize,
        /// The alignment that the type needs, in bytes.
        align: usize,
    },

    /// The index is past the end of the array.
    #[error("index {index} is out of range: the array has {len} elements")]
    IndexOutOfRange {
        /// The index asked for.
        index: usize,
        /// The number of elements.
        len: usize,
    },

    /// The range of indices ends past the end of the array, or before its own start.
    #[error("the range {start}..{end} is out of range: the array has {len} elements")]
    RangeOutOfRange {
        /// Its first index.
        start: usize,
        /// The index after its last.
        end: usize,
        /// The number of elements.
        len: usize,
    },

    /// The slice and the array have different lengths.
    #[error("{given} elements were given for {expected}: both sides of a copy must have the same length")]
    LengthMismatch {
        /// The length of the caller's slice.
        given: usize,
        /// The number of elements in the map.
        expected: usize,
    },

    /// The iterator yields more values than the array has elements. It is not asked how many more.
    #[error(
        "more values were given than the {expected} elements that they are for: both sides of a \
         copy must have the same length"
    )]
    TooManyValues {
        /// The number of elements in the map.
        expected: usize,
    },

    /// The map's values and the type have different sizes.
    #[error("`{type_name}` is {size} bytes long, but the values of {map} are {value_size} bytes long")]
    ValueSize {
        /// The type.
        type_name: &'static str,
        /// The size of the type in bytes.
        size: usize,
        /// The map's value size in bytes.
        value_size: usize,
        /// The map.
        map: MapName,
    },

    /// The map's keys and the type have different sizes.
    #[error("`{type_name}` is {size} bytes long, but the keys of {map} are {key_size} bytes long")]
    KeySize {
        /// The type.
        type_name: &'static str,
        /// The size of the type in bytes.
        size: usize,
        /// The map's key size in bytes.
        key_size: usize,
        /// The map.
        map: MapName,
    },

    /// Memory without a geometry of its own is not a whole number of elements long.
    #[error(
        "a mapping of {len} bytes is not a whole number of `{type_name}`, which lie every {stride} \
         bytes: make it {stride} bytes long an element"
    )]
    Geometry {
        /// The type.
        type_name: &'static str,
        /// Bytes from one element to the next.
        stride: usize,
        /// The length of the mapping in bytes.
        len: usize,
    },

    /// A handle that could write, or a write, on a read-only mapping.
    #[error("the mapping of {map} is read-only ({reason}): use `var_ro`, `array_ro`, `slice_ro` or `banks_ro`")]
    ReadOnly {
        /// The map.
        map: MapName,
        /// Why it is read-only.
        reason: ReadOnlyReason,
    },

    /// A handle to a place in an arena whose absent pages are a SIGSEGV.
    #[error(
        "{map} was created with BPF_F_SEGV_ON_FAULT: to touch a page that is not there would end \
         this process, so no handle is given out. Copy values with `read`, or create the arena \
         without the flag"
    )]
    ArenaFaults {
        /// The arena.
        map: MapName,
    },
}
