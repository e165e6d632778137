use crate::error::{PlaceError, SystemError, ValueError};

/// Why a pointer into an arena cannot be followed.
///
/// ```
/// use mapvalue::{Arena, ArenaPtr, ArenaPtrError};
///
/// let arena = Arena::memfd(1)?;
/// assert!(matches!(arena.get(ArenaPtr::<u64>::null()), Err(ArenaPtrError::Null { .. })));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArenaPtrError {
    /// A null pointer leads nowhere.
    #[error("a null pointer to `{type_name}`: look with `is_null` before following it")]
    Null { type_name: &'static str },

    /// The pointer (`address`, as memory holds it) leads into other memory than the arena's, by its
    /// high 32 bits. The arena begins at the address `start`.
    #[error(
        "the pointer {address:#x} to `{type_name}` leads out of the arena, which lies at \
         {start:#x} and is {len:#x} bytes long: its high 32 bits are neither the arena's nor 0"
    )]
    Foreign { type_name: &'static str, address: u64, start: u64, len: u64 },

    /// The pointer leads to a place that is not, or not whole, inside the arena, which begins at
    /// the address `start`. Memory holds `address`: a full address, or its low 32 bits alone.
    /// `size` is `usize::MAX` if computing it overflowed.
    #[error(
        "the pointer {address:#x} to {size} bytes of `{type_name}` leads out of the arena, which \
         lies at {start:#x} and is {len:#x} bytes long"
    )]
    OutOfRange { type_name: &'static str, address: u64, size: usize, start: u64, len: u64 },

    /// The pointer (`address`, as memory holds it) leads to a place that is not aligned for the
    /// type.
    #[error("the pointer {address:#x} to `{type_name}` is misaligned: it needs a multiple of {align}")]
    Misaligned { type_name: &'static str, address: u64, align: usize },

    /// A page of an arena with `BPF_F_SEGV_ON_FAULT` is not there: its first missing byte is at
    /// `address`.
    #[error("there is no page at {address:#x}, which `{type_name}` reaches into: nobody allocated it, or it was freed")]
    PageAbsent { type_name: &'static str, address: u64 },

    /// The place is not in the arena that it is said to be in. `place` is its address in this
    /// process, and `base` that of the arena.
    #[error(
        "the place at {place:#x} is not inside this arena, which is mapped at {base:#x} and is \
         {len:#x} bytes long"
    )]
    NotInArena { place: usize, base: usize, len: u64 },

    /// The arena gives out no such handle.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The bytes there are not a value of the type.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The kernel refused.
    #[error(transparent)]
    System(#[from] SystemError),
}
