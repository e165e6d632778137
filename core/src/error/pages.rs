//! Why pages of an arena cannot be allocated, freed, reserved or made.

use std::fmt;

use crate::error::{ArenaError, BtfError, PlaceError, SystemError};

/// Why pages of an arena cannot be allocated, freed, reserved or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PagesError {
    /// The arena does not have these pages.
    #[error("pages {start}..{end} are out of range: the arena has {pages}")]
    OutOfRange {
        /// The first page.
        start: u64,
        /// The page after the last.
        end: u64,
        /// The number of pages.
        pages: u64,
    },

    /// There are not as many free pages side by side as were asked for.
    #[error("{}", NoneFree(*pages))]
    NoneFree {
        /// The number asked for.
        pages: u64,
    },

    /// Somebody has the pages.
    #[error(
        "pages {start}..{end} are not free: BPF programs allocated or reserved some, or a process \
         touched them (or the kernel has no memory)"
    )]
    Taken {
        /// The first page.
        start: u64,
        /// The page after the last.
        end: u64,
    },

    /// The arena has no map to allocate in.
    #[error(transparent)]
    Arena(ArenaError),

    /// The kernel's own types cannot be read.
    #[error(transparent)]
    Btf(BtfError),

    /// The arena gives out no such handle.
    #[error(transparent)]
    Place(#[from] PlaceError),

    /// The kernel refused.
    #[error(transparent)]
    System(#[from] SystemError),
}

/// Says that there are not as many free pages, or that none were asked for.
struct NoneFree(u64);

impl fmt::Display for NoneFree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("no pages were asked for: allocate at least 1"),
            pages => write!(
                f,
                "the arena has no {pages} free pages side by side (or the kernel has no memory for \
                 them, or the memory cgroup of the arena's creator is full)"
            ),
        }
    }
}
