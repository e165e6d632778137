//! [`Keeper`]: what this process has for an allocator as long as there is a handle to it or an
//! object of it, and how long its memory stays mapped.
//!
//! Objects are made and dropped in nanoseconds, on many threads, so they cannot share a reference
//! count. They are in a [`Count`], which is closed when the last handle goes. Closing takes two
//! full fences. The one of the threads that drop objects is left to the closing thread, which has
//! all threads run one (`membarrier`). A thread for which that cannot be done has no balance of its
//! own, and runs a fence with each drop.

use std::ops::Range;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence};

use super::cache::{Cache, Own};
use super::layout::SHARDS;
use super::refcount::Count;
use crate::sys::membarrier;
use crate::sys::once::Once;

/// The counts of an allocator's objects in this process, and the free slots of its threads, by
/// shard.
///
/// It is never freed, only used again for other allocators: a thread that has dropped the last
/// object still looks at it.
pub(crate) struct Keeper<K: 'static> {
    count: Count<{ SHARDS + 1 }>,
    /// By shard, made when one is first claimed.
    caches: [Once<Cache>; SHARDS],
    /// The allocator, once there are no handles to it: an `Arc` of it.
    kept: AtomicPtr<K>,
    is_used: AtomicBool,
    /// Which allocator it is (`Shape::identity`); 0 once that is not in its place any more.
    identity: AtomicU64,
    /// Where that is in this process: its first address, and the one behind it.
    place: [AtomicUsize; 2],
    /// The keeper that was made before this one.
    next: AtomicPtr<Self>,
}

/// All keepers of this process, used or not. (It is not a lock, which a thread that a forked child
/// does not have could hold.)
pub(crate) struct Keepers<K: 'static>(AtomicPtr<Keeper<K>>);

impl<K> Keepers<K> {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    fn iter(&self) -> impl Iterator<Item = &'static Keeper<K>> + Clone {
        // SAFETY: every such pointer but null comes from a box that was leaked (`add`).
        let follow = |to: &AtomicPtr<Keeper<K>>| unsafe { to.load(Ordering::Acquire).as_ref() };
        std::iter::successors(follow(&self.0), move |keeper| follow(&keeper.next))
    }

    /// Returns a keeper for an allocator at this place of the process: one that nothing uses, or a
    /// new one.
    pub(crate) fn take(&self, place: Range<usize>, identity: u64) -> &'static Keeper<K> {
        let is_taken = |keeper: &&Keeper<K>| {
            !keeper.is_used.load(Ordering::Relaxed) && !keeper.is_used.swap(true, Ordering::Acquire)
        };
        let keeper = self.iter().find(is_taken).unwrap_or_else(|| self.add());
        for (end, address) in keeper.place.iter().zip([place.start, place.end]) {
            end.store(address, Ordering::Relaxed);
        }
        keeper.identity.store(identity, Ordering::Release);
        keeper
    }

    fn add(&self) -> &'static Keeper<K> {
        let new: &Keeper<K> = Box::leak(Box::new(Keeper {
            count: Count::new(),
            caches: [const { Once::new() }; SHARDS],
            kept: AtomicPtr::new(ptr::null_mut()),
            is_used: AtomicBool::new(true),
            place: [const { AtomicUsize::new(0) }; 2],
            identity: AtomicU64::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
        }));
        loop {
            let first = self.0.load(Ordering::Acquire);
            new.next.store(first, Ordering::Relaxed);
            let added = ptr::from_ref(new).cast_mut();
            if self.0.compare_exchange(first, added, Ordering::Release, Ordering::Relaxed).is_ok() {
                return new;
            }
        }
    }

    /// Returns the places of allocators that this process uses, which overlap with this range.
    pub(crate) fn overlapping(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> + Clone {
        let used = self.iter().filter(|keeper| keeper.identity.load(Ordering::Acquire) != 0);
        let places = used.map(|keeper| keeper.place.each_ref().map(|end| end.load(Ordering::Relaxed)));
        places.map(|[start, end]| start..end).filter(move |place| place.start < range.end && range.start < place.end)
    }

    /// An allocator is not in its place any more, whichever handle it was opened by.
    pub(crate) fn drained(&self, identity: u64) {
        for keeper in self.iter() {
            let _ = keeper.identity.compare_exchange(identity, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

impl<K> Keeper<K> {
    /// Gives the keeper of an allocator back that has no handle and no object any more.
    pub(crate) fn give_back(&self) {
        self.identity.store(0, Ordering::Relaxed);
        self.is_used.store(false, Ordering::Release);
    }

    /// Makes memory for the free slots of the thread with a shard, and returns what it has; `None`
    /// if there is no memory that a fork would wipe.
    pub(crate) fn own_or_new(&'static self, shard: usize) -> Option<Own> {
        let cache = self.caches[shard].get_or(Cache::leaked);
        cache.ok().and_then(|_| self.own(shard))
    }

    /// Returns what the thread with a shard has, if there is a cache: that thread alone may use it.
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
        let is_last = self.count.gone(balance, || match balance {
            // That is enough: `membarrier` knows this thread.
            Some(_) => compiler_fence(Ordering::SeqCst),
            None => fence(Ordering::SeqCst),
        });
        if is_last {
            self.let_go();
        }
    }

    /// Returns the number of objects.
    pub(crate) fn objects(&self) -> u64 {
        self.count.objects()
    }

    /// The last handle goes: keeps the allocator until there are no objects. Its number is that of
    /// no other in this process.
    pub(crate) fn close(&self, kept: Arc<K>, number: u64) {
        self.kept.store(Arc::into_raw(kept).cast_mut(), Ordering::Relaxed);
        let is_last = self.count.close(number, || {
            fence(Ordering::SeqCst);
            // If it cannot be had, no thread has a balance of its own. If a filter of system calls
            // came only later, an object that is dropped right now may leave the memory mapped for
            // ever.
            let _ = membarrier::barrier();
        });
        if is_last {
            self.let_go();
        }
    }

    /// Lets go of the allocator. The count has told one caller to, after a `close`.
    #[cold]
    fn let_go(&self) {
        let kept = self.kept.swap(ptr::null_mut(), Ordering::Acquire);
        if !kept.is_null() {
            // SAFETY: `close` got it from `Arc::into_raw`, and nobody else has taken it since.
            drop(unsafe { Arc::from_raw(kept) });
        }
    }
}
