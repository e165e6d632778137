//! What can go wrong, one enum an area: plain data with the numbers and names that a person needs.
//!
//! These files stand below everything that can fail. Each function returns the narrowest enum that
//! fits; [`Error`] holds them all.

#[cfg(feature = "std")]
pub(crate) mod alloc;
#[cfg(feature = "std")]
pub(crate) mod arena;
#[cfg(feature = "std")]
pub(crate) mod arena_ptr;
#[cfg(feature = "std")]
pub(crate) mod btf;
#[cfg(feature = "std")]
pub(crate) mod element;
#[cfg(feature = "std")]
pub(crate) mod kernel;
#[cfg(feature = "std")]
pub(crate) mod list;
#[cfg(feature = "std")]
pub(crate) mod map;
#[cfg(feature = "std")]
pub(crate) mod mismatch;
#[cfg(feature = "std")]
pub(crate) mod nearest;
#[cfg(feature = "std")]
pub(crate) mod pages;
#[cfg(feature = "std")]
pub(crate) mod per_cpu;
#[cfg(feature = "std")]
pub(crate) mod place;
#[cfg(feature = "std")]
pub(crate) mod section;
#[cfg(feature = "std")]
pub(crate) mod system;
#[cfg(feature = "std")]
pub(crate) mod top;
pub(crate) mod value;

#[cfg(feature = "std")]
pub use self::{
    alloc::AllocError,
    arena::ArenaError,
    arena_ptr::ArenaPtrError,
    btf::{BtfError, InvalidBtf},
    element::ElementError,
    kernel::{Found, KernelVersion, MapName, MapType, ReadOnlyReason},
    list::ListError,
    map::MapError,
    mismatch::{Mismatch, Mismatches},
    nearest::Nearest,
    pages::PagesError,
    per_cpu::PerCpuError,
    place::PlaceError,
    section::SectionError,
    system::SystemError,
    top::Error,
};
#[cfg(target_has_atomic = "64")]
pub(crate) use value::TRIES;
pub use value::{Busy, InvalidValue, ValueError};
