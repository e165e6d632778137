use crate::error::{ArenaPtrError, PlaceError};

/// Why a list or table in an arena cannot be walked or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The pointer of the list or table at `at` is `value`, which leads to no element. The arena
    /// has `len` bytes from the address `start` on.
    #[error(
        "the pointer at {at:#x} is {value:#x}, where no `{type_name}` of the list can be: it is \
         misaligned, or outside of the arena, which lies at {start:#x} and is {len:#x} bytes long. \
         Somebody wrote over the list, or its elements are of another type"
    )]
    WildPointer { type_name: &'static str, at: u64, value: u64, start: u64, len: u64 },

    /// The pointers of the list or table go in a circle. The walk was given up at `at`; the arena
    /// has room for `max` elements.
    #[error(
        "a walk that came to {at:#x} has met one `{type_name}` again and again, or more than the \
         {max} that the arena has room for: the pointers go in a circle, or a writer moved elements \
         about meanwhile"
    )]
    Cycle { type_name: &'static str, at: u64, max: usize },

    /// An element, whose pointer to the next one is at `at`, was removed while a walk stood on it.
    #[error("the `{type_name}` with the pointer at {at:#x} was removed while a walk stood on it: walk again")]
    ElementRemoved { type_name: &'static str, at: u64 },

    /// The element to link, at `at`, is in a list or table already.
    #[error(
        "the `{type_name}` at {at:#x} is in a list already, as its node says: remove it from there \
         first, or, if that list is no longer, store `ListNode::default()` in the node"
    )]
    AlreadyLinked { type_name: &'static str, at: u64 },

    /// The element to remove, at `at` with the back pointer `pprev`, is in no list or table.
    #[error(
        "the `{type_name}` at {at:#x} is in no list: its back pointer, {pprev:#x}, does not lead \
         to a pointer to it. (If it is in one, a writer died before it had set the back pointer: \
         use `repair`)"
    )]
    NotLinked { type_name: &'static str, at: u64, pprev: u64 },

    /// The back pointer of the element at `at` is wrong: it is `found`, and the pointer to the
    /// element is at `expected`.
    #[error(
        "the back pointer of the `{type_name}` at {at:#x} is {found:#x}, but the pointer to it is \
         at {expected:#x}: a writer died before it had set it, or somebody wrote over it. Use \
         `repair`"
    )]
    BackPointer { type_name: &'static str, at: u64, found: u64, expected: u64 },

    /// A hash table cannot have `found` buckets.
    #[error(
        "{found} is not a number of buckets, which is a power of two, at most 2^30: the table is \
         not set up yet (`ArenaHashMap::init`, `mv_table_init`), or it is not one"
    )]
    BucketCount { found: i32 },

    /// The hash table has `found` buckets, more than the `max` that the caller expects.
    #[error(
        "the table has {found} buckets, more than {max}: somebody wrote over the number, or the \
         table is larger than expected (`ArenaHashMap::open_up_to` takes the largest number as an \
         argument)"
    )]
    TooManyBuckets { found: usize, max: usize },

    /// The element of a hash table at `at` is in a `bucket` (its number) where its `hash` does not
    /// belong.
    #[error(
        "the `{type_name}` at {at:#x} is in bucket {bucket}, where its hash {hash:#x} does not \
         belong: somebody wrote over the table, or removed the element and used its memory again \
         while a walk stood on it"
    )]
    WrongBucket { type_name: &'static str, at: u64, hash: u32, bucket: usize },

    /// All `slots` of a [`Region`](crate::arena::Region) are taken.
    #[error("all {slots} slots for `{type_name}` are taken: give some back, or make the region larger")]
    NoRoom { type_name: &'static str, slots: usize },

    /// A pointer to a head, a bucket or an element cannot be followed.
    #[error(transparent)]
    Ptr(ArenaPtrError),
    /// The arena gives out no such handle.
    #[error(transparent)]
    Place(#[from] PlaceError),
}
