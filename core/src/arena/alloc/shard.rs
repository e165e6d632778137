//! Which shard of an allocator a thread has, in its three lives: claimed when the thread first
//! enters the lists, given back when the thread ends, and taken back from a thread that ended
//! without that.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use super::cache::{Kept, Own, mark};
use super::config::vacant;
use super::layout::{CLASSES, SHARDS, ShardShared};
use super::lists::Inside;
use super::opened::Opened;
use super::protocol::{Holder, INSIDE, Word};
use crate::sys::membarrier;
use crate::sys::process::Thread;
use crate::value::Mirror;

thread_local! {
    /// The allocator that this thread used last and has a shard of, by its serial number, and what
    /// it has there: nothing beside 0, the number of none. (An `Option` would be looked at.)
    static LAST: Cell<(u64, MaybeUninit<Own>)> = const { Cell::new(NONE) };
    static CLAIMS: RefCell<Claims> = const { RefCell::new(Claims(BTreeMap::new())) };
}

const NONE: (u64, MaybeUninit<Own>) = (0, MaybeUninit::uninit());

/// The shards of this thread, by the serial numbers of their allocators.
struct Claims(BTreeMap<u64, Claim>);

struct Claim {
    /// `None` if there was none left.
    shard: Option<usize>,
    /// How often the thread enters before it tries again, and how often it has since.
    wait: u32,
    waited: u32,
    opened: Weak<Opened>,
}

impl Drop for Claims {
    fn drop(&mut self) {
        LAST.set(NONE);
        while let Some((_, Claim { shard, opened, .. })) = self.0.pop_first() {
            if let (Some(shard), Some(opened)) = (shard, opened.upgrade()) {
                opened.release_shard(shard);
            }
        }
    }
}

/// What this thread has of the allocator, if that is the one that it used last.
#[inline]
pub(crate) fn last(opened: &Opened) -> Option<Own> {
    LAST.with(|last| {
        let (serial, own) = last.get();
        // SAFETY: serial numbers begin at 1, so this one is from `find`, which set both.
        if serial == opened.serial { Some(unsafe { own.assume_init() }) } else { None }
    })
}

/// What this thread has of the allocator; `None` if it has no shard, or is about to end. In a
/// forked child, it is what a thread of the parent has, and the cache keeps nothing.
pub(crate) fn of_this_thread(opened: &Opened) -> Option<Own> {
    last(opened).or_else(|| find(opened))
}

#[cold]
fn find(opened: &Opened) -> Option<Own> {
    let shard = CLAIMS.try_with(|claims| claims.borrow().0.get(&opened.serial)?.shard).ok()??;
    let own = opened.keeper.own(shard)?;
    LAST.set((opened.serial, MaybeUninit::new(own)));
    Some(own)
}

/// The shard is not this thread's any more: another process has it, or the parent of this one.
#[cold]
pub(crate) fn forget(opened: &Opened, own: Own) {
    LAST.set(NONE);
    let _ = CLAIMS.try_with(|claims| claims.borrow_mut().0.remove(&opened.serial));
    own.cache.reset(0, |_| 0);
    opened.claimed.fetch_and(!bit(own.shard()), Ordering::Release);
}

/// Gets a shard for a thread that is inside as a visitor, if there is one and it is time to look: a
/// thread for which there was none looks again later, and ever more rarely.
pub(crate) fn claim(inside: &mut Inside<'_>) {
    let opened = inside.opened;
    let is_due = CLAIMS.try_with(|claims| claims.borrow_mut().is_due(opened));
    if opened.most_kept == 0 || !is_due.unwrap_or(false) || !membarrier::register() {
        return;
    }
    let here = Thread::current();
    let own = opened.claim_shard(here).or_else(|| if reclaim(inside) { opened.claim_shard(here) } else { None });
    let _ = CLAIMS.try_with(|claims| claims.borrow_mut().note(opened, own));
    if let Some(own) = own {
        inside.change_gate(own, here.number);
    }
}

impl Claims {
    fn is_due(&mut self, opened: &Opened) -> bool {
        let Some(claim) = self.0.get_mut(&opened.serial) else { return true };
        claim.waited += 1;
        claim.shard.is_none() && claim.waited > claim.wait
    }

    fn note(&mut self, opened: &Opened, own: Option<Own>) {
        // Those of allocators that are gone go when there are twice as many as there were.
        if self.0.len().is_power_of_two() {
            self.0.retain(|_, claim| claim.opened.strong_count() > 0);
        }
        let new = || Claim { shard: None, wait: 8, waited: 0, opened: Weak::clone(&opened.this) };
        let claim = self.0.entry(opened.serial).or_insert_with(new);
        claim.shard = own.map(Own::shard);
        (claim.wait, claim.waited) = ((2 * claim.wait).min(4096), 0);
    }
}

/// Takes the shards back of threads that have ended without giving them back, in any process, and
/// lists what they kept; whether there were any. To look takes system calls, so it is not done all
/// the time.
#[cold]
pub(crate) fn reclaim(inside: &Inside<'_>) -> bool {
    const REST: u32 = 10;
    let (opened, here) = (inside.opened, Thread::current());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_millis() + 1);
    let looked = opened.looked.swap(now, Ordering::Relaxed);
    if looked != 0 && now.abs_diff(looked) < REST {
        opened.looked.store(looked, Ordering::Relaxed);
        return false;
    }
    // Whoever takes them back has them meanwhile. If it dies, the next one takes them back from it.
    let take_back = |shard: usize| {
        let ShardShared { owner, space, .. } = &opened.header.shards[shard];
        let found = owner.load_acquire();
        let thread = Thread { number: found & !INSIDE, space: space.load() };
        let is_taken = found != 0 && thread.is_gone() && owner.atomic().exchange(found, here.number | INSIDE).is_ok();
        is_taken.then(|| {
            space.store_release(here.space);
            (shard, mark(shard, thread.number))
        })
    };
    let gone: Vec<_> = (0..SHARDS).filter_map(take_back).collect();
    for class in opened.classes().filter(|_| !gone.is_empty()) {
        let used = class.used(class.words.fresh.load_acquire());
        let kept = used.filter_map(|(index, slot, control)| {
            let is_kept = control.id() == opened.id && control.holder() == Holder::Kept;
            let was_theirs = is_kept && gone.iter().any(|(_, mark)| *mark == slot.next.load());
            // Of the next generation, so that its thread would see it, were it still there after
            // all.
            let taken = control.next(Holder::Object);
            let is_taken = was_theirs && slot.control.atomic().exchange(control.0, taken.0).is_ok();
            is_taken.then(|| Kept { slot: class.place(index), control: taken })
        });
        inside.list(class, kept);
    }
    for (shard, _) in &gone {
        opened.clear(*shard, here.number | INSIDE);
    }
    !gone.is_empty()
}

/// The shards that threads of this process have.
impl Opened {
    /// Claims a shard that nobody has, for a thread that is inside, and as if it were so by its
    /// gate.
    fn claim_shard(&self, here: Thread) -> Option<Own> {
        for (i, shard) in self.header.shards[..SHARDS].iter().enumerate() {
            let gate = shard.owner.atomic();
            let is_free = self.most(i, 0) > 0 && !is_in(self.claimed.load(Ordering::Relaxed), i);
            // What the arena says of the owner can be written over. That gives two threads of this
            // process no shard in common. It acquires what the last thread has left.
            if !is_free
                || gate.load(Ordering::Relaxed) != 0
                || is_in(self.claimed.fetch_or(bit(i), Ordering::Acquire), i)
            {
                continue;
            }
            if let Some(own) = self.keeper.own_or_new(i) {
                own.cache.reset(here.number, |class| self.most(i, class));
                if gate.exchange(0, here.number | INSIDE).is_ok() {
                    shard.space.store_release(here.space);
                    shard.kept.store([0; CLASSES]);
                    return Some(own);
                }
                own.cache.reset(0, |_| 0);
            }
            self.claimed.fetch_and(!bit(i), Ordering::Release);
        }
        None
    }

    /// Free slots of a class that the thread with a shard keeps at most: all together a sixteenth,
    /// which is divided among the shards.
    fn most(&self, shard: usize, class: usize) -> u32 {
        let all = self.classes.get(class).map_or(0, |class| class.capacity / 16) as usize;
        u32::try_from((all + SHARDS - 1 - shard) / SHARDS).unwrap_or(u32::MAX).min(self.most_kept)
    }

    /// Says in the arena that nobody has a shard, if its gate is as given.
    fn clear(&self, shard: usize, gate: u64) {
        let ShardShared { owner, space, kept } = &self.header.shards[shard];
        kept.store([0; CLASSES]);
        space.store(0);
        let _ = owner.atomic().exchange(gate, 0);
    }

    /// Lists all that is in the cache of a shard, which nobody uses any more, and gives the shard
    /// back.
    ///
    /// If it is the shard of a parent of this process, which may have no mapping of the arena,
    /// there is nothing in the cache, and the arena is not touched.
    pub(crate) fn release_shard(&self, shard: usize) {
        let Some(own) = self.own_if_ours(shard) else { return };
        if let Ok(inside) = self.visit() {
            inside.empty(own);
            self.clear(shard, own.cache.owner());
        }
        own.cache.reset(0, |_| 0);
        self.claimed.fetch_and(!bit(shard), Ordering::Release);
    }

    /// What the thread of this process has that claimed a shard; `None` if there is none, or it is
    /// one of our parent's.
    pub(crate) fn own_if_ours(&self, shard: usize) -> Option<Own> {
        let is_claimed = is_in(self.claimed.load(Ordering::Acquire), shard);
        let own = if is_claimed { self.keeper.own(shard) } else { None };
        own.filter(|own| own.cache.owner() != 0)
    }

    /// Nothing is kept by any thread. Those of this process go on using their shards.
    pub(crate) fn recover_shards(&self) {
        for (i, shard) in self.header.shards.iter().enumerate() {
            shard.kept.store([0; CLASSES]);
            if i >= SHARDS {
                shard.space.store(0);
                shard.owner.store_release(vacant(self.live));
            } else if let Some(own) = self.own_if_ours(i) {
                own.cache.reset(own.cache.owner(), |class| self.most(i, class));
            } else if !(Thread { number: shard.owner.load() & !INSIDE, space: shard.space.load() }).is_here() {
                self.clear(i, shard.owner.load());
            }
        }
    }

    /// How many slots of a class threads keep: those of this process now, those of others when they
    /// last said so.
    pub(crate) fn kept(&self, class: u32) -> u64 {
        let kept = |(i, shard): (usize, &ShardShared)| {
            let told = shard.kept[class as usize].load_acquire();
            self.own_if_ours(i).map_or(told, |own| own.cache.len(class))
        };
        self.header.shards[..SHARDS].iter().enumerate().map(|shard| u64::from(kept(shard))).sum()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let claimed = *self.claimed.get_mut();
        for shard in (0..SHARDS).filter(|shard| is_in(claimed, *shard)) {
            self.release_shard(shard);
        }
        self.keeper.give_back();
    }
}

/// Whether a shard is in a set, which has one bit for each.
const fn is_in(set: u64, shard: usize) -> bool {
    set & bit(shard) != 0
}

const fn bit(shard: usize) -> u64 {
    1 << shard
}
