use crate::error::{ArenaPtrError, PagesError, PlaceError, SystemError};

/// Why no object is handed out, or none taken back. Nothing is changed, unless it says so.
///
/// ```
/// use mapvalue::arena::Config;
/// use mapvalue::{AllocError, Allocator, Arena};
///
/// let arena = Arena::memfd(16)?;
/// let objects =
///     Allocator::create(&arena, Config { value_size: 8, capacity: 1, ..Config::default() })?;
/// let one = objects.alloc(1u64)?;
/// assert!(matches!(objects.alloc(2u64), Err(AllocError::OutOfSlots { capacity: 1, .. })));
/// assert!(matches!(
///     objects.alloc([0u64; 2]),
///     Err(AllocError::TooLarge { size: 16, largest: 8, .. })
/// ));
/// let ptr = one.into_ptr();
/// assert!(matches!(objects.free(ptr.cast::<i64>()), Err(AllocError::WrongType { .. })));
/// objects.free(ptr)?;
/// assert!(matches!(objects.free(ptr), Err(AllocError::AlreadyFree { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AllocError {
    /// All `capacity` slots for values of at most `value_size` bytes are in use.
    #[error("all {capacity} slots of {value_size} bytes are in use: free some, or create the allocator with more")]
    OutOfSlots { capacity: u32, value_size: u32 },

    /// The type does not fit into the largest slot, whose value has `largest` bytes.
    #[error(
        "`{type_name}` is {size} bytes long, but the largest slots are for {largest}: create the allocator with larger ones"
    )]
    TooLarge { type_name: &'static str, size: usize, largest: u32 },

    /// The type wants more alignment than the `given` bytes that values have.
    #[error(
        "`{type_name}` is aligned to {align} bytes, but the slots are to {given}: create the allocator with that `align`"
    )]
    Misaligned { type_name: &'static str, align: usize, given: u32 },

    /// The allocator was closed.
    #[error("the allocator is closed: objects can be freed, but none are handed out")]
    Closed,

    /// Somebody recovers the allocator, or died while recovering it.
    #[error("the allocator is being recovered; if nobody is at it, recover it")]
    Recovering,

    /// This number of `objects` is in use.
    #[error("{objects} objects of the allocator are in use: free them first")]
    InUse { objects: u64 },

    /// There is an allocator already, from the address `start` to `end`.
    #[error(
        "there is an allocator from {start:#x} to {end:#x}: open it, or close and drain it, or choose another `Config::at`"
    )]
    Occupied { start: u64, end: u64 },

    /// This process has an allocator from `start` to `end` open, whose header somebody overwrote.
    #[error(
        "this process has an allocator from {start:#x} to {end:#x} open, whose header somebody overwrote: drop its handles and objects first, or choose another `Config::at`"
    )]
    Overwritten { start: u64, end: u64 },

    /// The pages are those of another arena.
    #[error("the pages are of another arena: take those of the allocator's own")]
    OtherArena,

    /// The address `at` is in no slot of the allocator with the number `id`, whose slots lie from
    /// `start` to `end`.
    #[error("{at:#x} is no object of this allocator (number {id}): it has slots from {start:#x} to {end:#x}")]
    ForeignObject { at: u64, id: u32, start: u64, end: u64 },

    /// The address `at` is in a slot, but not that of its value: the `object` begins there.
    #[error("{at:#x} is inside of a slot: the object there begins at {object:#x}")]
    InteriorPointer { at: u64, object: u64 },

    /// The object at `at` was freed: twice, or by somebody else, or it was never made.
    #[error("the object at {at:#x} is free already")]
    AlreadyFree { at: u64 },

    /// The slot at `at` was freed and used again since the pointer was made: `expected` is the
    /// pointer's generation, and `found` the slot's.
    #[error("the pointer to {at:#x} is stale: it is of generation {expected}, and the slot is of {found}")]
    Stale { at: u64, expected: u32, found: u32 },

    /// An `Object` holds the object at `at`.
    #[error("the object at {at:#x} belongs to an `Object`: drop that instead")]
    Owned { at: u64 },

    /// The object at `at` was made as another type. The types are given by their numbers,
    /// `Layout::type_id`: `expected` that of the type asked for, `found` that of the object.
    #[error("the object at {at:#x} is of type {found:#x}, not `{type_name}` ({expected:#x})")]
    WrongType { at: u64, type_name: &'static str, expected: u32, found: u32 },

    /// Something that only the allocator writes, `what`, holds what it never writes: `found`, at
    /// `at`. The slot, or the rest of the list, is not used any more until the allocator is
    /// recovered.
    #[error("the allocator was scribbled on: {what} at {at:#x} holds {found:#x}; recover it")]
    Corrupt { what: &'static str, at: u64, found: u64 },

    /// There is no allocator at `at`, or one of another version: `what` is `found`, which should be
    /// `expected`, or at most that.
    #[error("there is no allocator at {at:#x}: {what} is {found:#x} instead of {expected:#x}")]
    NoAllocator { at: u64, what: &'static str, found: u64, expected: u64 },

    /// The configuration makes no sense: its `field` is `given`, which is not as `needed`.
    #[error("`Config::{field}` is {given}: {needed}")]
    Config { field: &'static str, given: u64, needed: &'static str },

    /// A pointer that cannot be followed.
    #[error(transparent)]
    Ptr(ArenaPtrError),
    /// A place that the arena refuses.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The pages of a closed allocator cannot be given back.
    #[error(transparent)]
    Pages(PagesError),
    /// The kernel refused.
    #[error(transparent)]
    System(#[from] SystemError),
}
