//! Chains of elements that are linked through pointers in the arena, and what is made of them:
//! lists and hash tables.
//!
//! `node` is what memory holds, `places` where elements can be and how a loop follows pointers to
//! them, `links` how chains are walked and changed when nothing that they hold can be trusted;
//! `slots` is memory for elements.

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
