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
    NoBtf { map: MapName },

    /// The map has the BTF of its program, but says of its keys or values (`part`) no type in it.
    #[error("{map} has BTF, but names no type of its {part}: name it in the definition (`__type(value, struct ..)`)")]
    Untyped { map: MapName, part: &'static str },

    /// The BTF is that of another object than the map was created from: `reason` says what
    /// contradicts it.
    #[error("the BTF does not describe {map}: {reason}. Give that of the object file which the map was created from")]
    ForeignMap { map: MapName, reason: String },

    /// The kernel does not offer its own types, which should be at `path`.
    #[error("the kernel's own BTF cannot be read from {path}: {reason} (it takes a kernel with CONFIG_DEBUG_INFO_BTF)")]
    NoVmlinux { path: &'static str, reason: String },

    /// The Rust type is not laid out as the C type is.
    #[error(transparent)]
    LayoutMismatch(#[from] Box<Mismatches>),

    /// There is no C type of this `name`.
    #[error("there is no type `{name}` in the BTF{nearest}")]
    UnknownType { name: String, nearest: Nearest },

    /// C types that cannot be written in Rust: each in `refused`, with the reason.
    #[error("{}", list(refused))]
    NotInRust { refused: Vec<NotInRust> },

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

/// A C type that is not written in Rust, by its `name`, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not written in Rust: {reason}")]
#[expect(missing_docs, reason = "the doc of the struct says what its fields are")]
#[non_exhaustive]
pub struct NotInRust {
    pub name: String,
    pub reason: String,
}

fn list(refused: &[NotInRust]) -> String {
    refused.iter().map(NotInRust::to_string).collect::<Vec<_>>().join("\n")
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
    /// The bytes do not begin as BTF does: `found` holds the first two, as a little-endian number.
    #[error("not BTF: it begins with {found:#06x} instead of 0xeb9f (for an object file, use `Btf::from_object`)")]
    NotBtf { found: u16 },

    /// The version of the format, `found`, is not one that this crate knows.
    #[error("BTF of version {found}: this version of mapvalue reads version 1")]
    Version { found: u8 },

    /// The header says that its length is `len`, which is shorter than a header is.
    #[error("the BTF header says that it has {len} bytes: at least 24 are needed")]
    Header { len: u32 },

    /// A part, `what`, ends at the byte `end`, beyond the end of the bytes.
    #[error("the BTF is cut short: {what} end at byte {end}, but there are {len} bytes")]
    Truncated { what: &'static str, end: u64, len: usize },

    /// The parts lie over each other.
    #[error("the parts of the BTF (types, strings, layouts of kinds) overlap")]
    Overlap,

    /// The types are not a whole number of 32-bit words.
    #[error("the BTF types are {len} bytes long, which is not a multiple of 4")]
    OddLength { len: usize },

    /// The layouts of kinds are not a whole number of entries of 4 bytes.
    #[error("the BTF layouts of kinds are {len} bytes long, which is not a multiple of 4")]
    OddLayouts { len: usize },

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

    /// The strings are not UTF-8 from `offset` on, in bytes from their start.
    #[error("the BTF strings are not UTF-8 from byte {offset} on")]
    NotText { offset: usize },

    /// A name that is longer than any compiler's, and than the `max` bytes that are read.
    #[error("the BTF has a name of {len} bytes: at most {max} are read")]
    LongName { len: usize, max: usize },

    /// The record of the type `id` ends after the types do.
    #[error("the record of BTF type {id} is cut short")]
    CutType { id: u32 },

    /// The type `id` is of a `kind` (its number) that this crate does not know.
    #[error(
        "BTF type {id} is of kind {kind}: this version of mapvalue knows kinds 1 to 19 (Linux 6.0), and the BTF has no \
         layout of that kind, by which it could be passed over"
    )]
    UnknownKind { id: u32, kind: u32 },

    /// The type `id` refers to a name at `offset` that is not there: the strings have `len` bytes.
    #[error(
        "BTF type {id} refers to a name at byte {offset}, but the strings are {len} bytes long (the BTF of a kernel module is \
         split: read it with `Btf::parse_split`)"
    )]
    NoString { id: u32, offset: u32, len: usize },

    /// The type `id` refers to a type `to` that is not there: the BTF has `count`, `void` included.
    #[error(
        "BTF type {id} refers to type {to}, but there are {count} types (the BTF of a kernel module is split: read it with \
         `Btf::parse_split`)"
    )]
    NoType { id: u32, to: u32, count: u32 },

    /// Bytes that should be an object file are not.
    #[error("not a 64-bit ELF file (for bare BTF, use `Btf::parse`)")]
    NotElf,

    /// A part of an object file lies beyond its end, or contradicts another: `what` says it.
    #[error("the object file is damaged: {what}")]
    Object { what: &'static str },

    /// An object file without BTF.
    #[error(
        "the object file has no section `.BTF`: compile it with `clang -g`, and strip it with `llvm-strip -g` at most"
    )]
    NoBtfSection,
}
