//! What can go wrong, one enum an area: plain data with the numbers and names that a person needs.
//!
//! These files stand below everything that can fail. Each function returns the narrowest enum that
//! fits; [`Error`] holds them all.

#![expect(missing_docs, reason = "the doc of a variant says what its fields are")]

#[cfg(feature = "std")]
mod hosted;
pub(crate) mod value;

#[cfg(feature = "std")]
pub use hosted::{
    alloc::AllocError,
    arena::ArenaError,
    arena_ptr::ArenaPtrError,
    btf::{BtfError, InvalidBtf, NotInRust},
    element::ElementError,
    kernel::{Found, KernelVersion, MapName, MapType, ReadOnlyReason},
    list::ListError,
    map::MapError,
    mismatch::{Mismatch, Mismatches},
    nearest::Nearest,
    pages::PagesError,
    per_cpu::PerCpuError,
    place::PlaceError,
    ring::RingError,
    section::SectionError,
    system::SystemError,
    top::Error,
};
#[cfg(target_has_atomic = "64")]
pub(crate) use value::TRIES;
pub use value::{Busy, InvalidValue, ValueError};
