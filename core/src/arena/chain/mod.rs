//! Lists and hash tables: chains of elements that are linked through pointers in the arena.
//!
//! `node` has the types in memory, `places` follows pointers to elements, `links` walks and changes
//! chains whose memory cannot be trusted, and `slots` hands out memory for elements.

pub(crate) mod links;
pub(crate) mod list;
pub(crate) mod node;
pub(crate) mod places;
pub(crate) mod slots;
pub(crate) mod table;

pub use list::{ArenaList, Iter, ListEntry, ListEntryShared};
pub use node::{ListHead, ListHeadShared, ListNode, ListNodeShared};
pub use slots::{Region, Slots};
pub use table::{ArenaHashMap, Entries, TableEntry, TableEntryShared, TableHead, TableHeadShared};
