//! The types of lists in the arena's memory.

use crate::value::{ArenaPtr, MapValue};

/// The head of a list in the arena, 8 bytes: in C, `struct mv_list_head`. Zeros are an empty list.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(crate = "crate", rename = "mv_list_head")]
#[repr(C)]
pub struct ListHead {
    /// The first node, or null.
    pub first: ArenaPtr<ListNode>,
}

/// The place of an element in a list, 16 bytes of the element. Zeros are a node in no list. In C it
/// is `struct mv_list_node`.
///
/// ```
/// use core::mem::offset_of;
/// use mapvalue::arena::{ListHead, ListNode};
/// use mapvalue::{Arena, ArenaList, MapValue};
///
/// /// Lists among other fields, as in a program's struct.
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Queues {
///     count: u64,
///     by_age: ListHead,
///     by_owner: ListHead,
/// }
///
/// /// An element of two lists at a time.
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Task {
///     by_age: ListNode,
///     by_owner: ListNode,
///     id: u64,
/// }
///
/// type ByAge = ArenaList<Task, { offset_of!(Task, by_age) }>;
/// type ByOwner = ArenaList<Task, { offset_of!(Task, by_owner) }>;
///
/// let arena = Arena::memfd(1)?;
/// let queues = arena.var(arena.at::<Queues>(0))?;
/// ByAge::open(&arena, arena.ptr_of(&queues.by_age)?)?.push_front(arena.at(64))?;
/// let by_owner = ByOwner::open(&arena, arena.ptr_of(&queues.by_owner)?)?;
/// assert!(by_owner.is_empty() && !queues.by_age.first.load().is_null());
/// by_owner.push_front(arena.at(64))?;
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(crate = "crate", rename = "mv_list_node")]
#[repr(C)]
pub struct ListNode {
    /// The node after this one, or null.
    pub next: ArenaPtr<ListNode>,
    /// The pointer that points here: the head's `first`, or another node's `next`.
    pub pprev: ArenaPtr<ArenaPtr<ListNode>>,
}

impl ListNode {
    /// The pointers of a removed node, 0x100 and 0x122: as full addresses, outside every arena.
    ///
    /// In an arena with `BPF_F_NO_USER_CONV`, memory may hold only the low 32 bits of a pointer,
    /// and 0x100 is taken for this mark there too. So no node can be 0x100 bytes after a multiple
    /// of 4 GiB.
    pub const REMOVED: Self = Self { next: ArenaPtr::from_address(0x100), pprev: ArenaPtr::from_address(0x122) };
}
