//! Why the allocator hands out no object, or takes none back.

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
    /// All slots of the size are in use.
    #[error("all {capacity} slots of {value_size} bytes are in use: free some, or create the allocator with more")]
    OutOfSlots {
        /// How many there are.
        capacity: u32,
        /// Bytes of a value in them, at most.
        value_size: u32,
    },

    /// The type does not fit into the largest slot.
    #[error(
        "`{type_name}` is {size} bytes long, but the largest slots are for {largest}: create the allocator with larger ones"
    )]
    TooLarge {
        /// The type.
        type_name: &'static str,
        /// Its size in bytes.
        size: usize,
        /// That of the largest slot's value, in bytes.
        largest: u32,
    },

    /// The type wants more alignment than values have.
    #[error(
        "`{type_name}` is aligned to {align} bytes, but the slots are to {given}: create the allocator with that `align`"
    )]
    Misaligned {
        /// The type.
        type_name: &'static str,
        /// Its alignment in bytes.
        align: usize,
        /// That of the slots, in bytes.
        given: u32,
    },

    /// The allocator was closed.
    #[error("the allocator is closed: objects can be freed, but none are handed out")]
    Closed,

    /// Somebody recovers the allocator, or died while recovering it.
    #[error("the allocator is being recovered; if nobody is at it, recover it")]
    Recovering,

    /// Objects are in use.
    #[error("{objects} objects of the allocator are in use: free them first")]
    InUse {
        /// How many.
        objects: u64,
    },

    /// There is an allocator already.
    #[error(
        "there is an allocator from {start:#x} to {end:#x}: open it, or close and drain it, or choose another `Config::at`"
    )]
    Occupied {
        /// Where it begins.
        start: u64,
        /// Where it ends.
        end: u64,
    },

    /// The pages are those of another arena.
    #[error("the pages are of another arena: take those of the allocator's own")]
    OtherArena,

    /// The pointer leads to no slot of this allocator.
    #[error("{at:#x} is no object of this allocator (number {id}): it has slots from {start:#x} to {end:#x}")]
    ForeignObject {
        /// The address.
        at: u64,
        /// The allocator's number.
        id: u32,
        /// Where its slots begin.
        start: u64,
        /// Where they end.
        end: u64,
    },

    /// The pointer leads into a slot, but not to its value.
    #[error("{at:#x} is inside of a slot: the object there begins at {object:#x}")]
    InteriorPointer {
        /// The address.
        at: u64,
        /// That of the object.
        object: u64,
    },

    /// The object was freed: twice, or by somebody else, or it was never made.
    #[error("the object at {at:#x} is free already")]
    AlreadyFree {
        /// Its address.
        at: u64,
    },

    /// The slot was freed and used again since the pointer was made.
    #[error("the pointer to {at:#x} is stale: it is of generation {expected}, and the slot is of {found}")]
    Stale {
        /// The address.
        at: u64,
        /// The pointer's.
        expected: u32,
        /// The slot's.
        found: u32,
    },

    /// An `Object` holds it.
    #[error("the object at {at:#x} belongs to an `Object`: drop that instead")]
    Owned {
        /// Its address.
        at: u64,
    },

    /// The object was made as another type.
    #[error("the object at {at:#x} is of type {found:#x}, not `{type_name}` ({expected:#x})")]
    WrongType {
        /// Its address.
        at: u64,
        /// The type asked for.
        type_name: &'static str,
        /// Its number, `Layout::type_id`.
        expected: u32,
        /// The number found.
        found: u32,
    },

    /// Something that only the allocator writes holds what it never writes. The slot, or the rest
    /// of the list, is not used any more until the allocator is recovered.
    #[error("the allocator was scribbled on: {what} at {at:#x} holds {found:#x}; recover it")]
    Corrupt {
        /// What.
        what: &'static str,
        /// Where.
        at: u64,
        /// The number found.
        found: u64,
    },

    /// There is no allocator, or one of another version.
    #[error("there is no allocator at {at:#x}: {what} is {found:#x} instead of {expected:#x}")]
    NoAllocator {
        /// Where it should begin.
        at: u64,
        /// What is wrong.
        what: &'static str,
        /// The number found.
        found: u64,
        /// The number expected, or the most.
        expected: u64,
    },

    /// The configuration makes no sense.
    #[error("`Config::{field}` is {given}: {needed}")]
    Config {
        /// The field.
        field: &'static str,
        /// Its value.
        given: u64,
        /// What it should be.
        needed: &'static str,
    },

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
