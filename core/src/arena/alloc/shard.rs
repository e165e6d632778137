//! Which shard of an allocator a thread has. It claims one when it first enters the lists, and
//! gives it back when it ends. Others take it back from a thread that ended without that.

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
    /// The shards of this thread, by the serial numbers of their allocators.
    static CLAIMS: RefCell<Claims> = const { RefCell::new(Claims(BTreeMap::new())) };
}

const NONE: (u64, MaybeUninit<Own>) = (0, MaybeUninit::uninit());

struct Claims(BTreeMap<u64, Claim>);

struct Claim {
    /// `None` if there was none left.
    shard: Option<usize>,
    /// How often the thread has entered since it first looked for one.
    entered: u32,
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

/// What this thread has of the allocator, be it the last or not; `None` if it has no shard, or is
/// about to end. In a forked child, it is a parent's thread's, and the cache keeps nothing.
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
    opened.unclaim(own.shard());
}

/// Gets a shard for a thread that is inside as a visitor, if there is one and it is time to look.
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
        // By the gate of the shard, which has the number of this thread.
        *inside = Inside { opened, own: Some(own), gate: own.shard() };
    }
}

impl Claims {
    /// Whether it is time for the thread to look for a shard: if there was none, ever more rarely.
    fn is_due(&mut self, opened: &Opened) -> bool {
        let Some(Claim { shard, entered, .. }) = self.0.get_mut(&opened.serial) else { return true };
        *entered = entered.wrapping_add(1);
        shard.is_none() && (*entered >= 16 && entered.is_power_of_two() || *entered % 4096 == 0)
    }

    fn note(&mut self, opened: &Opened, own: Option<Own>) {
        // Those of allocators that are gone go when there are twice as many as there were.
        if self.0.len().is_power_of_two() {
            self.0.retain(|_, claim| claim.opened.strong_count() > 0);
        }
        let new = || Claim { shard: None, entered: 0, opened: Weak::clone(&opened.this) };
        self.0.entry(opened.serial).or_insert_with(new).shard = own.map(Own::shard);
    }
}

/// Takes the shards back of threads of any process that have ended without giving them back, and
/// lists what they kept; whether there were any. Since it takes system calls, it rests in between.
#[cold]
pub(crate) fn reclaim(inside: &Inside<'_>) -> bool {
    const MILLISECONDS: u32 = 10;
    let (opened, here) = (inside.opened, Thread::current());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_millis() + 1);
    let looked = opened.looked.swap(now, Ordering::Relaxed);
    if looked != 0 && now.abs_diff(looked) < MILLISECONDS {
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
            // The next generation tells its thread, were it still there after all.
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
    /// Claims a shard that nobody has, for a thread that is inside; by its gate it is, too.
    fn claim_shard(&self, here: Thread) -> Option<Own> {
        (0..SHARDS).find_map(|i| {
            let ShardShared { owner, space, kept } = &self.header.shards[i];
            let is_free = self.most(i, 0) > 0 && owner.load() == 0;
            // What the arena says of the owner can be written over. That gives two threads of this
            // process no shard in common. It acquires what the last thread has left.
            if !is_free || self.claimed.fetch_or(bit(i), Ordering::Acquire) & bit(i) != 0 {
                return None;
            }
            let own = self.keeper.own_or_new(i).filter(|own| {
                own.cache.reset(i, here.number, |class| self.most(i, class));
                owner.atomic().exchange(0, here.number | INSIDE).is_ok()
            });
            if own.is_some() {
                space.store_release(here.space);
                kept.store([0; CLASSES]);
            } else {
                self.unclaim(i);
            }
            own
        })
    }

    /// Gives up the claim to a shard, whose cache keeps nothing then.
    fn unclaim(&self, shard: usize) {
        if let Some(own) = self.keeper.own(shard) {
            own.cache.reset(shard, 0, |_| 0);
        }
        self.claimed.fetch_and(!bit(shard), Ordering::Release);
    }

    /// Free slots of a class that the thread with a shard keeps at most: its part of a sixteenth.
    fn most(&self, shard: usize, class: usize) -> u32 {
        let all = self.classes.get(class).map_or(0, |class| class.capacity / 16) as usize;
        u32::try_from((all + SHARDS - 1 - shard) / SHARDS).unwrap_or(u32::MAX).min(self.most_kept)
    }

    /// Says in the arena that nobody has a shard, if its gate is as given.
    fn clear(&self, shard: usize, gate: u64) {
        let ShardShared { owner, space, kept } = &self.header.shards[shard];
        if owner.load() == gate {
            kept.store([0; CLASSES]);
            space.store(0);
            let _ = owner.atomic().exchange(gate, 0);
        }
    }

    /// Gives the shard of a thread of this process back, and lists all that is in its cache. If it
    /// is a parent's, the arena is not touched, of which this process may have no mapping.
    pub(crate) fn release_shard(&self, shard: usize) {
        let Some(own) = self.own_if_ours(shard) else { return };
        if let Ok(inside) = self.visit() {
            inside.empty(own);
            self.clear(shard, own.cache.owner());
        }
        self.unclaim(shard);
    }

    /// What the thread of this process that claimed a shard has; `None` without one of our own.
    pub(crate) fn own_if_ours(&self, shard: usize) -> Option<Own> {
        let is_claimed = self.claimed.load(Ordering::Acquire) & bit(shard) != 0;
        self.keeper.own(shard).filter(|own| is_claimed && own.cache.owner() != 0)
    }

    /// Has all shards keep nothing. Threads of this process go on using theirs.
    pub(crate) fn recover_shards(&self) {
        for (i, shard) in self.header.shards.iter().enumerate() {
            shard.kept.store([0; CLASSES]);
            if i >= SHARDS {
                shard.space.store(0);
                shard.owner.store_release(vacant(self.live));
            } else if let Some(own) = self.own_if_ours(i) {
                own.cache.reset(i, own.cache.owner(), |class| self.most(i, class));
            } else if !(Thread { number: shard.owner.load() & !INSIDE, space: shard.space.load() }).is_here() {
                self.clear(i, shard.owner.load());
            }
        }
    }

    /// How many slots of a class threads keep: of this process now, of others when they last told.
    pub(crate) fn kept(&self, class: u32) -> u64 {
        let kept = |(i, shard): (usize, &ShardShared)| {
            let told = shard.kept[class as usize].load_acquire();
            self.own_if_ours(i).map_or(told, |own| own.cache.len(class))
        };
        self.header.shards[..SHARDS].iter().enumerate().map(|shard| u64::from(kept(shard))).sum()
    }
}

/// Of a shard, in a set of shards.
const fn bit(shard: usize) -> u64 {
    1 << shard
}
