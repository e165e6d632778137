//! Which shard of an allocator a thread has: claimed when it first makes or frees an object, given back when it ends.

use std::cell::{Cell, RefCell};
use std::process;
use std::ptr::{self, NonNull};
use std::sync::Weak;

use super::Inner;
use super::keeper::Balance;
use super::layout::ShardShared;

/// What a thread has for itself of an allocator.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    /// Its free slots.
    pub(super) shard: &'a ShardShared,
    /// Its part of the count of objects.
    pub(super) balance: &'static Balance,
}

/// The allocator that this thread used last, by its serial number, and what it has there.
#[derive(Clone, Copy)]
struct Last {
    serial: u64,
    shard: *const ShardShared,
    balance: *const Balance,
}

impl Last {
    const NONE: Self = Self { serial: 0, shard: ptr::null(), balance: ptr::null() };
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

/// What this thread has of the allocator; `None` if there is no shard left, or the thread is about to end.
#[inline]
pub(super) fn of_this_thread(inner: &Inner) -> Option<Own<'_>> {
    let last = LAST.get();
    if last.serial != inner.serial {
        return find(inner);
    }
    let shard = NonNull::new(last.shard.cast_mut())?;
    // SAFETY: it was a reference into `inner`'s memory (`find`), which is that of the same allocator: no two have one serial number. This
    // one is borrowed, so it is mapped.
    let shard = unsafe { shard.as_ref() };
    // SAFETY: a balance is part of a `Keeper`, which is never freed; it was stored together with the shard.
    let balance = unsafe { &*last.balance };
    Some(Own { shard, balance })
}

#[cold]
fn find(inner: &Inner) -> Option<Own<'_>> {
    let found = CLAIMS.try_with(|claims| {
        let mut claims = claims.borrow_mut();
        if let Some(claim) = claims.0.iter().find(|claim| claim.serial == inner.serial) {
            return claim.shard;
        }
        // Those of allocators that are gone.
        claims.0.retain(|claim| claim.inner.strong_count() > 0);
        let shard = inner.claim_shard(this_thread());
        claims.0.push(Claim { serial: inner.serial, shard, inner: Weak::clone(&inner.this) });
        shard
    });
    // While the thread ends, and its claims are gone, it does without.
    let shard = found.ok()?;
    let own = shard.map(|shard| Own { shard: &inner.header.shards[shard], balance: inner.keeper.own(shard) });
    LAST.set(match own {
        Some(Own { shard, balance }) => Last { serial: inner.serial, shard, balance },
        None => Last { serial: inner.serial, ..Last::NONE },
    });
    own
}

/// The process and the thread, never 0.
fn this_thread() -> u64 {
    // SAFETY: the call takes nothing, and touches no memory.
    let thread = unsafe { libc::gettid() };
    u64::from(process::id()) << 32 | u64::from(thread.cast_unsigned())
}
