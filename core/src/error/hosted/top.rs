//! [`Error`], the top of all areas, and how an error of one area becomes an error of another.

use crate::error::{
    AllocError, ArenaError, ArenaPtrError, BtfError, Busy, ElementError, InvalidBtf, InvalidValue, ListError, MapError,
    Mismatches, PagesError, PerCpuError, PlaceError, RingError, SectionError, SystemError, ValueError,
};

/// Any error of this crate, by area. Every other one converts into it with `?`.
///
/// A function returns the error of its area, whose variants are all that can happen. Some areas
/// hold those below: opening a map can meet [`MapError::System`]. Conversions move such an error to
/// the variant of its own area, so [`Error::System`] holds it wherever it came from, and
/// `Error::Map(MapError::System(_))` is never made.
///
/// Nothing is changed when an error is returned, unless the function says otherwise. Every error is
/// printed for people, with the numbers and what to do.
///
/// Its fields are named alike in all areas. `type_name` is the Rust type; `map` the map, arena or
/// other memory; `operation` what was refused, with the error number `errno`; `reason` why;
/// `nearest` names like the one that was asked for. A `size`, `align`, `offset`, `len` or `stride`
/// is in bytes (a `stride` goes from one value to the next). The doc of a variant says what its
/// other fields are.
///
/// ```
/// use mapvalue::{Arena, ArenaFlags, Error, Mapping, SystemError};
///
/// fn open() -> Result<u64, Error> {
///     let arena = Arena::create(16, ArenaFlags::default())?; // an `ArenaError`
///     let counter = Mapping::memfd(64)?.var::<u64>(0)?; // a `MapError`, and a `PlaceError`
///     Ok(counter.load() + arena.len())
/// }
///
/// match open() {
///     Ok(len) => assert!(len > 0),
///     Err(Error::System(SystemError::PermissionDenied { capability, .. })) => {
///         println!("{capability} is needed");
///     }
///     Err(error) => println!("{error}"),
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Of a value, or the bytes of one.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Of a place in memory.
    #[error(transparent)]
    Place(PlaceError),
    /// Of opening a map or other memory.
    #[error(transparent)]
    Map(MapError),
    /// Of an element of a map, by system calls.
    #[error(transparent)]
    Element(ElementError),
    /// Of C types.
    #[error(transparent)]
    Btf(BtfError),
    /// Of a section of globals.
    #[error(transparent)]
    Section(SectionError),
    /// Of values by CPU.
    #[error(transparent)]
    PerCpu(PerCpuError),
    /// Of opening an arena.
    #[error(transparent)]
    Arena(ArenaError),
    /// Of a pointer into an arena.
    #[error(transparent)]
    ArenaPtr(ArenaPtrError),
    /// Of an arena's pages.
    #[error(transparent)]
    Pages(PagesError),
    /// Of a list or table in an arena.
    #[error(transparent)]
    List(ListError),
    /// Of objects in an arena.
    #[error(transparent)]
    Alloc(AllocError),
    /// Of a ring buffer.
    #[error(transparent)]
    Ring(RingError),
    /// Of the operating system.
    #[error(transparent)]
    System(#[from] SystemError),
}

/// Converts errors of areas that hold others: what is held goes to the variant of its own area.
macro_rules! flatten {
    ($($inner:ident => $outer:ident::$own:ident, from $($held:ident)*;)*) => {$(
        impl From<$inner> for $outer {
            fn from(error: $inner) -> Self {
                match error {
                    $($inner::$held(held) => held.into(),)*
                    own => Self::$own(own),
                }
            }
        }
    )*};
}

flatten! {
    PlaceError => BtfError::Place, from LayoutMismatch;
    PlaceError => ElementError::Place, from LayoutMismatch;
    PlaceError => SectionError::Place, from LayoutMismatch;
    PlaceError => Error::Place, from LayoutMismatch;
    MapError => BtfError::Map, from System;
    MapError => ElementError::Map, from System;
    MapError => SectionError::Map, from System;
    MapError => ArenaError::Map, from System;
    MapError => RingError::Map, from System;
    MapError => Error::Map, from System;
    BtfError => ElementError::Btf, from Map Place System;
    BtfError => SectionError::Btf, from Map Place System;
    BtfError => PagesError::Btf, from Place System;
    BtfError => Error::Btf, from Map Place System;
    ElementError => Error::Element, from Map Btf PerCpu Place Value System;
    SectionError => Error::Section, from Map Btf Arena Pages Place System;
    PerCpuError => ElementError::PerCpu, from Place System;
    PerCpuError => Error::PerCpu, from Place System;
    ArenaError => PagesError::Arena, from System;
    ArenaError => SectionError::Arena, from Map System;
    ArenaError => Error::Arena, from Map System;
    ArenaPtrError => ListError::Ptr, from Place;
    ArenaPtrError => AllocError::Ptr, from Place System;
    ArenaPtrError => Error::ArenaPtr, from Place Value System;
    PagesError => SectionError::Pages, from Arena Place System;
    PagesError => AllocError::Pages, from Place System;
    PagesError => Error::Pages, from Arena Btf Place System;
    ListError => Error::List, from Ptr Place;
    AllocError => Error::Alloc, from Ptr Place Pages System;
    RingError => Error::Ring, from Value Place Map System;
}

/// Converts errors that are a variant of an area.
macro_rules! within {
    ($($inner:ty => $area:ident => $($outer:ident)*;)*) => {$($(
        impl From<$inner> for $outer {
            fn from(error: $inner) -> Self {
                $area::from(error).into()
            }
        }
    )*)*};
}

within! {
    InvalidValue => ValueError => ElementError ArenaPtrError Error;
    Busy => ValueError => Error;
    InvalidBtf => BtfError => ElementError SectionError Error;
    Box<Mismatches> => BtfError => ElementError SectionError Error;
}
