//! Which shard of an allocator a thread has: claimed when it first makes or frees an object, given back when it ends.

use super::layout::SHARDS;
use super::own;
use crate::sys::membarrier;
use std::cell::{Cell, RefCell};
use std::process;
use std::sync::Weak;
use std::sync::atomic::Ordering;

use crate::arena::alloc::cache;
use crate::arena::alloc::cache::Cache;
use crate::arena::alloc::inner::Inner;
use crate::arena::alloc::layout::ShardShared;
use crate::arena::alloc::own::Own;

/// The allocator that this thread used last and has a shard of, by its serial number, and what it has there.
#[derive(Clone, Copy)]
struct Last {
    serial: u64,
    own: Own,
}

impl Last {
    /// (Not an `Option`: who asks would look whether it is one.)
    const NONE: Self = Self { serial: 0, own: Own { cache: &cache::NONE, balance: &own::NOBODYS } };
}

thread_local! {
    static LAST: Cell<Last> = const { Cell::new(Last::NONE) };
    static CLAIMS: RefCell<Claims> = const { RefCell::new(Claims(Vec::new())) };
}

/// The shards of this thread.
struct Claims(Vec<Claim>);

struct Claim {
    serial: u64,
    /// `None` if there was none left.
    shard: Option<usize>,
    inner: Weak<Inner>,
}

impl Drop for Claims {
    fn drop(&mut self) {
        LAST.set(Last::NONE);
        for Claim { shard, inner, .. } in self.0.drain(..) {
            if let (Some(shard), Some(inner)) = (shard, inner.upgrade()) {
                inner.release_shard(shard);
            }
        }
    }
}

/// What this thread has of the allocator, if that is the one that it used last.
#[inline]
pub(crate) fn last(inner: &Inner) -> Option<Own> {
    LAST.with(|last| {
        let Last { serial, own } = last.get();
        if serial == inner.serial { Some(own) } else { None }
    })
}

/// What this thread has of the allocator; `None` if there is no shard left, threads keep nothing, or this one is about to end.
pub(crate) fn of_this_thread(inner: &Inner) -> Option<Own> {
    if inner.magazine == 0 {
        return None;
    }
    last(inner).or_else(|| find(inner))
}

#[cold]
fn find(inner: &Inner) -> Option<Own> {
    let found = CLAIMS.try_with(|claims| claims.borrow_mut().shard_of(inner));
    // While the thread ends, and its claims are gone, it does without.
    let own = inner.keeper.own(found.ok()??)?;
    LAST.set(Last { serial: inner.serial, own });
    Some(own)
}

/// After a fork, the parent has the shard that this thread claimed: this one claims another.
#[cold]
pub(crate) fn find_another(inner: &Inner, old: Own) -> Option<Own> {
    // What this thread itself has put there since.
    inner.empty(old.cache);
    let _ = CLAIMS.try_with(|claims| claims.borrow_mut().0.retain(|claim| claim.serial != inner.serial));
    find(inner)
}

impl Claims {
    fn shard_of(&mut self, inner: &Inner) -> Option<usize> {
        if let Some(claim) = self.0.iter().find(|claim| claim.serial == inner.serial) {
            return claim.shard;
        }
        // Those of allocators that are gone.
        self.0.retain(|claim| claim.inner.strong_count() > 0);
        let shard = if membarrier::register() { inner.claim_shard(this_thread()) } else { None };
        self.0.push(Claim { serial: inner.serial, shard, inner: Weak::clone(&inner.this) });
        shard
    }
}

/// The shards that threads of this process have.
impl Inner {
    /// A shard that is nobody's, with an empty cache.
    fn claim_shard(&self, owner: u64) -> Option<usize> {
        let mut shards = self.header.shards.iter().enumerate();
        let claim = |(i, shard): (usize, &ShardShared)| {
            let exchange = |new| shard.owner.atomic().compare_exchange(0, new, Ordering::Acquire, Ordering::Relaxed);
            !is_in(self.claimed.load(Ordering::Relaxed), i)
                && shard.owner.load() == 0
                && exchange(owner).is_ok()
                // What the arena says of the owner can be written over: that gives two threads of this process no shard in common. It
                // acquires what the last thread has left.
                && !is_in(self.claimed.fetch_or(bit(i), Ordering::Acquire), i)
        };
        let shard = shards.position(claim)?;
        if !self.keeper.has_cache(shard) {
            self.unclaim(shard);
            return None;
        }
        self.reset_shard(shard);
        Some(shard)
    }

    /// Says that a shard is nobody's: first in this process, and then where others can see it.
    fn unclaim(&self, shard: usize) {
        self.claimed.fetch_and(!bit(shard), Ordering::Release);
        self.header.shards[shard].owner.store_release(0);
    }

    /// Nothing is kept there.
    pub(crate) fn reset_shard(&self, shard: usize) {
        if let Some(own) = self.keeper.own(shard) {
            own.cache.reset(self.magazine);
        }
        self.header.shards[shard].kept.iter().for_each(|kept| kept.store(0));
    }

    /// Gives all that is in the cache of a shard to all, while nobody uses it, and gives the shard back. If it is the parent's of this
    /// process, which may have no mapping of the arena, there is nothing in the cache, and the arena is not touched.
    pub(crate) fn release_shard(&self, shard: usize) {
        let Some(own) = self.keeper.own(shard) else { return };
        self.empty(own.cache);
        if !self.is_wiped(own) && self.is_in_place() {
            self.reset_shard(shard);
            self.unclaim(shard);
        }
    }

    fn empty(&self, cache: &Cache) {
        for class in 0..self.class_count() {
            while let Some(kept) = cache.pop(class) {
                self.list(class, kept);
            }
        }
    }

    /// Whether a cache was that of a thread of our parent. (The number of the process tells less: in a new namespace ours can be the parent's.)
    pub(crate) fn is_wiped(&self, own: Own) -> bool {
        own.cache.most() != self.magazine
    }

    /// What the thread of this process has that claimed a shard; `None` if there is none, or it is one of our parent's.
    pub(crate) fn own_if_ours(&self, shard: usize) -> Option<Own> {
        let is_claimed = is_in(self.claimed.load(Ordering::Acquire), shard);
        let own = if is_claimed { self.keeper.own(shard) } else { None };
        own.filter(|own| !self.is_wiped(*own))
    }

    /// Says in the arena how many slots of a class a thread keeps.
    pub(crate) fn tell(&self, own: Own, class: u32) {
        self.header.shards[own.balance.index].kept[class as usize].store(own.cache.len(class));
    }

    /// How many slots of a class threads keep: those of this process now, those of others when they last said so.
    pub(crate) fn kept(&self, class: u32) -> u64 {
        let kept = |(i, shard): (usize, &ShardShared)| {
            let told = shard.kept[class as usize].load_acquire();
            self.own_if_ours(i).map_or(told, |own| own.cache.len(class))
        };
        self.header.shards.iter().enumerate().map(|shard| u64::from(kept(shard))).sum()
    }
}

/// The shards of a set, one bit for each.
pub(crate) fn shards_in(set: u64) -> impl Iterator<Item = usize> {
    (0..SHARDS).filter(move |shard| is_in(set, *shard))
}

const fn is_in(set: u64, shard: usize) -> bool {
    set & bit(shard) != 0
}

const fn bit(shard: usize) -> u64 {
    1 << shard
}

/// The process and the thread, never 0.
fn this_thread() -> u64 {
    // SAFETY: the call takes nothing, and touches no memory.
    let thread = unsafe { libc::gettid() };
    u64::from(process::id()) << 32 | u64::from(thread.cast_unsigned())
}
