use crate::error::{ArenaError, BtfError, MapError, MapName, Mismatches, Nearest, PagesError, PlaceError, SystemError};
use crate::layout::Endianness;

/// Why a section of global variables, or one of its variables, cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// The map's values are of the type `found`, which is not a section of globals.
    #[error(
        "{map} is not a section of global variables: its values are `{found}`. Use \
         `Mapping::from_map`, and `bpf::check_map_value` to check their layout"
    )]
    NotASection { map: MapName, found: String },

    /// The BTF has no section of this `name`.
    #[error("there is no section `{name}` in the BTF{nearest}")]
    UnknownSection { name: String, nearest: Nearest },

    /// The BTF does not tell where the variables of the section `name` lie.
    #[error(
        "the BTF does not say where the variables of `{name}` lie: clang leaves that open. Read \
         the whole object file, with `Btf::from_object` (or, where the loader lays the section \
         out, as `.kconfig`, open its map with `DataSection::from_map`)"
    )]
    OpenSection { name: String },

    /// The map has several values, `entries`, but a section is the one value of its map.
    #[error("{map} has {entries} values, but a section of globals is the one value of its map")]
    SeveralValues { map: MapName, entries: u32 },

    /// The memory has another length, `len`, than the section `name`, which has `size` by the BTF.
    #[error(
        "the section `{name}` is {size} bytes long by its BTF, but {map} has {len}: the BTF must \
         be that of the object which the map was created from"
    )]
    Size { name: String, size: usize, map: MapName, len: usize },

    /// The BTF is that of a program for a machine of the other byte order, `found`.
    #[error("the BTF is {found:?}-endian, but this machine is not: take the object that was compiled for it")]
    ForeignByteOrder { found: Endianness },

    /// The `section` has no variable of this `name`. If `hidden`, there is one that only its own
    /// file sees.
    #[error("the section `{section}` has no variable `{name}`{}{nearest}", if *hidden { ", but one that is `static` or hidden, \
             whose place is not known: make it global" } else { "" })]
    UnknownVariable { section: String, name: String, hidden: bool, nearest: Nearest },

    /// The `path` into a variable leads nowhere: `reason` says which step fails, and why.
    #[error("`{path}`: {reason}")]
    NoSuchPart { path: String, reason: String },

    /// The Rust type is not laid out as the `variable` of the `section`, or a part of it, is:
    /// `mismatches` holds all differences.
    #[error("the variable `{variable}` of `{section}` has another layout:\n{mismatches}")]
    VariableLayout { section: String, variable: String, mismatches: Box<Mismatches> },

    /// A place in memory is asked for in a section that is not mapped.
    #[error(
        "{map} is not mapped, since it was created without BPF_F_MMAPABLE, or before Linux 5.5: \
         use `any_var`, which loads and stores by system calls, or load the program with libbpf, \
         which creates sections mmapable, or with aya and `MmapableSections`"
    )]
    NotMapped { map: MapName },

    /// It could not be found out where the section lies in an arena: `reason` says why, and what to
    /// do.
    #[error("where the program's global variables lie in {map} is not known: {reason}")]
    PlaceUnknown { map: MapName, reason: String },

    /// An object file that should define one arena in `.maps` defines `found`.
    #[error(
        "the object defines {found} maps of type arena in its section `.maps`, but 1 is needed: \
         create the arena by `Arena::create` and `Arena::store_globals`"
    )]
    NoArenaMap { found: usize },

    /// The arena has fewer `pages` than the `needed` ones, for the variables of the section `name`
    /// at both of its ends.
    #[error(
        "{map} has {pages} pages, but {needed} are needed: the variables of `{name}` are stored at \
         both ends, since the loader chooses one. Create a larger arena, by `Arena::create` and \
         `Arena::store_globals`"
    )]
    EndsOverlap { name: String, map: MapName, pages: u64, needed: u64 },

    /// The map cannot be opened.
    #[error(transparent)]
    Map(MapError),
    /// The arena cannot be created.
    #[error(transparent)]
    Arena(ArenaError),
    /// The map's types cannot be found out.
    #[error(transparent)]
    Btf(BtfError),
    /// The pages of an arena that hold the variables cannot be made.
    #[error(transparent)]
    Pages(PagesError),
    /// The memory has no such place, or does not let it be written.
    #[error(transparent)]
    Place(PlaceError),
    /// The kernel refused.
    #[error(transparent)]
    System(#[from] SystemError),
}
