//! [`Own`]: what a thread has for itself.

use std::sync::atomic::AtomicI64;

use crate::arena::alloc::cache::Cache;
use crate::arena::alloc::count::Balance;

/// What a thread has for itself of an allocator. (Two words, which fit into registers.)
#[derive(Clone, Copy)]
pub(crate) struct Own {
    /// Its free slots.
    pub(crate) cache: &'static Cache,
    /// Its part of the count of objects.
    pub(crate) balance: &'static Balance,
}

/// The balance of who has none.
pub(crate) static NOBODYS: Balance = Balance { made: AtomicI64::new(0), gone: AtomicI64::new(0), index: 0 };
