//! How long this process keeps an allocator's memory mapped: as long as there is a handle to it or an object of it.
//!
//! Objects are made and dropped in nanoseconds, on many threads, so they cannot share a reference count; they are in a [`Count`], which is closed when
//! the last handle goes. Of the two full fences that closing takes, that of the droppers is left to the closer, who has all threads run one
//! (`barrier`); threads for which that cannot be done have no balance of their own, and run one each.

use crate::sys::membarrier;
use std::sync::atomic::{Ordering, compiler_fence, fence};
use std::sync::{Mutex, PoisonError};

use crate::arena::alloc::cache::MadeLater;
use crate::arena::alloc::count::Count;
use crate::arena::alloc::layout::SHARDS;
use crate::arena::alloc::own::Own;

/// The counts of an allocator's objects in this process, by shard, and what keeps it alive once there are no handles.
///
/// It is never freed, only used again for other allocators: who has dropped the last object still looks at it.
pub(crate) struct Keeper<K: 'static> {
    count: Count<K, { SHARDS + 1 }>,
    /// By shard, made when one is first claimed.
    caches: [MadeLater; SHARDS],
}

/// Keepers that can be used again.
pub(crate) type Pool<K> = Mutex<Vec<&'static Keeper<K>>>;

impl<K> Keeper<K> {
    /// One that nothing uses: from the pool, or a new one, which is there for ever.
    pub(crate) fn take(pool: &Pool<K>) -> &'static Self {
        let pooled = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        pooled.unwrap_or_else(|| {
            Box::leak(Box::new(Self { count: Count::new(), caches: [const { MadeLater::new() }; SHARDS] }))
        })
    }

    /// Gives the keeper of an allocator back that has no handle and no object any more.
    pub(crate) fn give_back(&'static self, pool: &Pool<K>) {
        self.count.open_again();
        pool.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }

    /// Whether there is memory for what the thread with a shard keeps.
    pub(crate) fn has_cache(&self, shard: usize) -> bool {
        self.caches[shard].make()
    }

    /// What the thread that has a shard has, if it has a cache: to be used by that thread alone.
    pub(crate) fn own(&'static self, shard: usize) -> Option<Own> {
        Some(Own { cache: self.caches[shard].get()?, balance: self.count.own(shard) })
    }

    /// Counts an object that is made, while there is a handle.
    #[inline]
    pub(crate) fn made(&self, own: Option<Own>) {
        self.count.made(own.map(|own| own.balance));
    }

    /// Counts an object that is dropped. After this the allocator may be gone.
    #[inline]
    pub(crate) fn gone(&self, own: Option<Own>) {
        let balance = own.map(|own| own.balance);
        self.count.gone(balance, || match balance {
            // For all that matters: `barrier` knows this thread.
            Some(_) => compiler_fence(Ordering::SeqCst),
            None => fence(Ordering::SeqCst),
        });
    }

    /// Objects that there are.
    pub(crate) fn objects(&self) -> u64 {
        self.count.objects()
    }

    /// The last handle goes: keeps the allocator until there are no objects.
    pub(crate) fn close(&self, kept: K) {
        self.count.close(kept, || {
            fence(Ordering::SeqCst);
            // If it cannot be had, no thread has a balance of its own; if a filter of system calls came only later, an object that is dropped right
            // now may leave the memory mapped for ever.
            let _ = membarrier::barrier();
        });
    }
}
