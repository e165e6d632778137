//! What is wrong with BTF, with an object file that should hold it, or with a type compared to it.

use crate::error::{MapError, MapName, Mismatches, Nearest, PlaceError, SystemError};

/// Why C types cannot be found out, or how a Rust type differs from them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BtfError {
    /// Bytes are not the BTF, or not the object file, that they should be.
    #[error(transparent)]
    Invalid(#[from] InvalidBtf),

    /// The map was created without the types of its program.
    #[error(
        "{map} has no BTF, so the kernel does not know its types. Either the object has none: compile \
         the program with `-g`, and name the types of a map in its definition \
         (`__type(value, struct ..)`). Or the kernel refused the object's BTF when it was loaded: see \
         the loader's log. To take the types from the object file that was loaded, use \
         `from_map_with_btf` or, for globals (aya creates their maps without BTF), \
         `DataSection::from_map_with_btf` with `Btf::from_object`"
    )]
    NoBtf {
        /// The map.
        map: MapName,
    },

    /// The map has the BTF of its program, but says of its keys or values no type in it.
    #[error("{map} has BTF, but names no type of its {part}: name it in the definition (`__type(value, struct ..)`)")]
    Untyped {
        /// The map.
        map: MapName,
        /// Keys or values.
        part: &'static str,
    },

    /// The BTF is that of another object than the map was created from.
    #[error("the BTF does not describe {map}: {reason}. Give that of the object file which the map was created from")]
    ForeignMap {
        /// The map.
        map: MapName,
        /// What contradicts it.
        reason: String,
    },

    /// The kernel does not offer its own types.
    #[error("the kernel's own BTF cannot be read from {path}: {reason} (it takes a kernel with CONFIG_DEBUG_INFO_BTF)")]
    NoVmlinux {
        /// Where it should be.
        path: &'static str,
        /// What the system said.
        reason: String,
    },

    /// The Rust type is not laid out as the C type is.
    #[error(transparent)]
    LayoutMismatch(#[from] Box<Mismatches>),

    /// There is no C type of this name.
    #[error("there is no type `{name}` in the BTF{nearest}")]
    UnknownType {
        /// The name asked for.
        name: String,
        /// Names like it.
        nearest: Nearest,
    },

    /// The map whose types are asked for cannot be opened.
    #[error(transparent)]
    Map(MapError),

    /// The Rust type has another size than the map's values.
    #[error(transparent)]
    Place(PlaceError),

    /// The kernel refused.
    #[error(transparent)]
    System(#[from] SystemError),
}

/// Why bytes could not be read as BTF.
///
/// ```
/// use mapvalue::Btf;
/// use mapvalue::btf::InvalidBtf;
///
/// assert!(matches!(Btf::parse(b"\x7fELF"), Err(InvalidBtf::NotBtf { .. })));
/// assert!(matches!(Btf::from_object(b"no object"), Err(InvalidBtf::NotElf)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBtf {
    /// The bytes do not begin as BTF does.
    #[error("not BTF: it begins with {found:#06x} instead of 0xeb9f (for an object file, use `Btf::from_object`)")]
    NotBtf {
        /// The first two bytes, as a little-endian number.
        found: u16,
    },

    /// A version of the format that this crate does not know.
    #[error("BTF of version {found}: this version of mapvalue reads version 1")]
    Version {
        /// The version found.
        found: u8,
    },

    /// The header says that it is shorter than a header is.
    #[error("the BTF header says that it has {len} bytes: at least 24 are needed")]
    Header {
        /// The length in bytes that it gives.
        len: u32,
    },

    /// A part lies beyond the end of the bytes.
    #[error("the BTF is cut short: {what} end at byte {end}, but there are {len} bytes")]
    Truncated {
        /// The part.
        what: &'static str,
        /// The byte at which it ends.
        end: u64,
        /// The number of bytes.
        len: usize,
    },

    /// The parts lie over each other.
    #[error("the parts of the BTF (types, strings, layouts of kinds) overlap")]
    Overlap,

    /// The types are not a whole number of 32-bit words.
    #[error("the BTF types are {len} bytes long, which is not a multiple of 4")]
    OddLength {
        /// Their length in bytes.
        len: usize,
    },

    /// The layouts of kinds are not a whole number of entries of 4 bytes.
    #[error("the BTF layouts of kinds are {len} bytes long, which is not a multiple of 4")]
    OddLayouts {
        /// Their length in bytes.
        len: usize,
    },

    /// BTF that continues another object's, such as that of a kernel module.
    #[error(
        "split BTF, such as that of a kernel module, continues the types of another object: read it with \
         `Btf::parse_split(&base, bytes)`, for a kernel module with `Btf::from_vmlinux` as the base"
    )]
    Split,

    /// Split BTF whose byte order is not that of its base.
    #[error("split BTF is of another byte order than its base: both must come from one machine")]
    ForeignBase,

    /// The strings do not begin and end with a zero byte.
    #[error("the BTF strings do not begin and end with a zero byte")]
    UnendedStrings,

    /// A name is not UTF-8.
    #[error("the BTF strings are not UTF-8 from byte {offset} on")]
    NotText {
        /// Bytes from the start of the strings.
        offset: usize,
    },

    /// A name that is longer than any compiler's.
    #[error("the BTF has a name of {len} bytes: at most {max} are read")]
    LongName {
        /// Its length in bytes.
        len: usize,
        /// The longest that is read.
        max: usize,
    },

    /// A type's record ends after the types do.
    #[error("the record of BTF type {id} is cut short")]
    CutType {
        /// The type.
        id: u32,
    },

    /// A kind of type that this crate does not know.
    #[error(
        "BTF type {id} is of kind {kind}: this version of mapvalue knows kinds 1 to 19 (Linux 6.0), and the BTF has no \
         layout of that kind, by which it could be passed over"
    )]
    UnknownKind {
        /// The type.
        id: u32,
        /// The number of its kind.
        kind: u32,
    },

    /// A type refers to a name that is not there.
    #[error(
        "BTF type {id} refers to a name at byte {offset}, but the strings are {len} bytes long (the BTF of a kernel module is \
         split: read it with `Btf::parse_split`)"
    )]
    NoString {
        /// The type that refers.
        id: u32,
        /// Where the name should be.
        offset: u32,
        /// Length of the strings in bytes.
        len: usize,
    },

    /// A type refers to another that is not there.
    #[error(
        "BTF type {id} refers to type {to}, but there are {count} types (the BTF of a kernel module is split: read it with \
         `Btf::parse_split`)"
    )]
    NoType {
        /// The type that refers.
        id: u32,
        /// The type referred to.
        to: u32,
        /// The number of types, `void` included.
        count: u32,
    },

    /// Bytes that should be an object file are not.
    #[error("not a 64-bit ELF file (for bare BTF, use `Btf::parse`)")]
    NotElf,

    /// A part of an object file lies beyond its end, or contradicts another.
    #[error("the object file is damaged: {what}")]
    Object {
        /// What is wrong.
        what: &'static str,
    },

    /// An object file without BTF.
    #[error(
        "the object file has no section `.BTF`: compile it with `clang -g`, and strip it with `llvm-strip -g` at most"
    )]
    NoBtfSection,
}
