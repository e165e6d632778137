//! What is wrong with a list or table in an arena.

use crate::error::{ArenaPtrError, PlaceError};

/// Why a list or table in an arena cannot be walked or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// A pointer of the list or table leads to no element.
    #[error(
        "the pointer at {at:#x} is {value:#x}, where no `{type_name}` of the list can be: it is \
         misaligned, or outside of the arena, which lies at {start:#x} and is {len:#x} bytes long. \
         Somebody wrote over the list, or its elements are of another type"
    )]
    WildPointer {
        /// The type of the elements.
        type_name: &'static str,
        /// Where in the arena the pointer is.
        at: u64,
        /// What it is.
        value: u64,
        /// The arena's first address.
        start: u64,
        /// The arena's length in bytes.
        len: u64,
    },

    /// The pointers of the list or table go in a circle.
    #[error(
        "a walk that came to {at:#x} has met one `{type_name}` again and again, or more than the \
         {max} that the arena has room for: the pointers go in a circle, or a writer moved elements \
         about meanwhile"
    )]
    Cycle {
        /// The type of the elements.
        type_name: &'static str,
        /// Where in the arena the walk was given up.
        at: u64,
        /// How many elements fit into the arena.
        max: usize,
    },

    /// An element was removed while a walk stood on it.
    #[error("the `{type_name}` with the pointer at {at:#x} was removed while a walk stood on it: walk again")]
    ElementRemoved {
        /// The type of the elements.
        type_name: &'static str,
        /// Where in the arena its pointer to the next one is.
        at: u64,
    },

    /// The element to link is in a list or table already.
    #[error(
        "the `{type_name}` at {at:#x} is in a list already, as its node says: remove it from there \
         first, or, if that list is no longer, store `ListNode::default()` in the node"
    )]
    AlreadyLinked {
        /// The type of the element.
        type_name: &'static str,
        /// Where in the arena it is.
        at: u64,
    },

    /// The element to remove is in no list or table.
    #[error(
        "the `{type_name}` at {at:#x} is in no list: its back pointer, {pprev:#x}, does not lead \
         to a pointer to it. (If it is in one, a writer died before it had set the back pointer: \
         use `repair`)"
    )]
    NotLinked {
        /// The type of the element.
        type_name: &'static str,
        /// Where in the arena it is.
        at: u64,
        /// Its back pointer.
        pprev: u64,
    },

    /// The back pointer of an element is wrong.
    #[error(
        "the back pointer of the `{type_name}` at {at:#x} is {found:#x}, but the pointer to it is \
         at {expected:#x}: a writer died before it had set it, or somebody wrote over it. Use \
         `repair`"
    )]
    BackPointer {
        /// The type of the element.
        type_name: &'static str,
        /// Where in the arena it is.
        at: u64,
        /// Its back pointer.
        found: u64,
        /// Where the pointer to it is.
        expected: u64,
    },

    /// A hash table cannot have this many buckets.
    #[error(
        "{found} is not a number of buckets, which is a power of two, at most 2^30: the table is \
         not set up yet (`ArenaHashMap::init`, `mv_table_init`), or it is not one"
    )]
    BucketCount {
        /// The number.
        found: i32,
    },

    /// The hash table has more buckets than the caller expects.
    #[error(
        "the table has {found} buckets, more than {max}: somebody wrote over the number, or the \
         table is larger than expected (`ArenaHashMap::open_up_to` takes the largest number as an \
         argument)"
    )]
    TooManyBuckets {
        /// The number.
        found: usize,
        /// The most that are expected.
        max: usize,
    },

    /// An element of a hash table is in a bucket where its hash does not belong.
    #[error(
        "the `{type_name}` at {at:#x} is in bucket {bucket}, where its hash {hash:#x} does not \
         belong: somebody wrote over the table, or removed the element and used its memory again \
         while a walk stood on it"
    )]
    WrongBucket {
        /// The type of the elements.
        type_name: &'static str,
        /// Where in the arena it is.
        at: u64,
        /// Its hash.
        hash: u32,
        /// The number of the bucket.
        bucket: usize,
    },

    /// All slots of a [`Region`](crate::arena::Region) are taken.
    #[error("all {slots} slots for `{type_name}` are taken: give some back, or make the region larger")]
    NoRoom {
        /// The type.
        type_name: &'static str,
        /// How many there are.
        slots: usize,
    },

    /// A pointer to a head, a bucket or an element cannot be followed.
    #[error(transparent)]
    Ptr(ArenaPtrError),

    /// The arena gives out no such handle.
    #[error(transparent)]
    Place(#[from] PlaceError),
}
