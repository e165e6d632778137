use crate::error::{ArenaError, BtfError, PlaceError, SystemError};

/// Why pages of an arena cannot be allocated, freed, reserved or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PagesError {
    /// The arena, of `pages` pages, does not have those from `start` on, before `end`.
    #[error("pages {start}..{end} are out of range: the arena has {pages}")]
    OutOfRange { start: u64, end: u64, pages: u64 },

    /// There are not as many free `pages` side by side as were asked for.
    #[error("{}", none_free(*pages))]
    NoneFree { pages: u64 },

    /// Somebody has some of the pages from `start` on, before `end`.
    #[error(
        "pages {start}..{end} are not free: BPF programs allocated or reserved some, or a process \
         touched them (or the kernel has no memory)"
    )]
    Taken { start: u64, end: u64 },

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
fn none_free(pages: u64) -> String {
    match pages {
        0 => "no pages were asked for: allocate at least 1".to_owned(),
        pages => format!(
            "the arena has no {pages} free pages side by side (or the kernel has no memory for \
             them, or the memory cgroup of the arena's creator is full)"
        ),
    }
}
