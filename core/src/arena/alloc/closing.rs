//! [`Closing`]: the end of an allocator; and the repair of one whose users died.

use std::collections::HashSet;
use std::mem;
use std::sync::atomic::Ordering;

use super::allocator::Allocator;
use super::layout::{MAGIC, state};
use super::opened::{Class, Keeper, Opened};
use super::protocol::{self, Control, Holder, link_to};
use crate::arena::pages::Pages;
use crate::error::AllocError;
use crate::value::ArenaPtr;

/// An allocator that was closed, for as long as there are objects.
///
/// ```
/// use mapvalue::{AllocError, Allocator, Arena, arena::Config};
///
/// let arena = Arena::memfd(16)?;
/// let config = Config { value_size: 8, capacity: 100, ..Config::default() };
/// let objects = Allocator::create(&arena, config)?;
/// let (other, ptr) = (objects.clone(), objects.alloc(7u64)?.into_ptr());
/// assert!(other.closing().is_none());
/// let closing = objects.close()?;
/// assert!(other.closing().is_some());
/// assert!(matches!(closing.allocator().alloc(8u64), Err(AllocError::Closed)));
/// assert_eq!((closing.remaining(), closing.is_drained()), (1, false));
/// closing.allocator().free(ptr)?;
/// assert!(closing.is_drained()); // now `give_back(&arena.pages()?)`, of a kernel arena
/// assert_eq!(closing.span(), (arena.page(1), config.bytes()?)); // where, and how many bytes
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Closing {
    pub(crate) allocator: Allocator,
}

impl Closing {
    /// Returns the number of objects that are still there: exact, by a look at each slot that was
    /// ever used. If it is 0, the allocator is drained, and its pages can be given back.
    ///
    /// The last look waits for threads that are among the shared lists just then, at most a second.
    /// One that is stopped there for so long counts as an object; one that was killed does not. So
    /// does one that recovers the allocator, also if it was killed, until somebody recovers it.
    pub fn remaining(&self) -> u64 {
        let opened = &self.allocator.opened;
        if opened.is_replaced() {
            return 0;
        }
        // Somebody wrote over its state, and recovered it.
        if opened.change(state::LIVE, state::CLOSING) {
            let _ = opened.barrier();
        }
        let is_held =
            |control: Control| control.id() == opened.id && matches!(control.holder(), Holder::Shared | Holder::Object);
        let used = opened.classes().flat_map(|class| class.used(class.words.fresh.load_acquire()));
        let held = used.filter(|(_, _, control)| is_held(*control)).count() as u64;
        if held > 0 {
            return held;
        }
        // Somebody else may have said so. Another may be made here only when nobody is inside.
        opened.change(state::CLOSING, state::DRAINING);
        let inside = opened.wait_for_those_inside();
        // Its state is another one while somebody recovers it: then others may take it for live.
        let is_drained = inside == 0
            && (opened.change(state::DRAINING, state::DRAINED)
                || opened.state() == state::DRAINED
                || opened.is_replaced());
        if is_drained {
            opened.drained.store(true, Ordering::Relaxed);
            Keeper::drained(opened.identity());
            return 0;
        }
        inside.max(1)
    }

    /// Whether no object is left.
    pub fn is_drained(&self) -> bool {
        self.remaining() == 0
    }

    /// Returns the allocator: objects can still be freed, claimed and drained.
    pub fn allocator(&self) -> &Allocator {
        &self.allocator
    }

    /// Gives whole pages back (`bpf_arena_free_pages`) once there are no objects; returns how many.
    ///
    /// # Errors
    ///
    /// [`AllocError::InUse`] while there are objects; [`AllocError::OtherArena`];
    /// [`AllocError::Closed`] if they were given back, or are another's; [`AllocError::Pages`].
    pub fn give_back(&self, pages: &Pages) -> Result<u64, AllocError> {
        let objects = self.remaining();
        if objects > 0 {
            return Err(AllocError::InUse { objects });
        }
        let opened = &self.allocator.opened;
        let (arena, (start, bytes)) = (&opened.arena, self.span());
        // A mapping has one place in a process, and each arena its own.
        if pages.arena().rest.mapping.base() != arena.rest.mapping.base() {
            return Err(AllocError::OtherArena);
        }
        let (offset, page) = (start.address() - arena.start(), arena.page_size());
        let range = offset.div_ceil(page)..(offset + bytes) / page;
        // For others the place is occupied until the pages are gone. If another allocator was made
        // there since this one was drained, its pages stay.
        if opened.given_back.load(Ordering::Relaxed) || !opened.change(state::DRAINED, state::RECOVERING_CLOSED) {
            return Err(AllocError::Closed);
        }
        let freed = if range.is_empty() { Ok(()) } else { pages.free(range.clone()) };
        // A page that was given back is not to be touched.
        if freed.is_err() || range.is_empty() || range.start * page != offset {
            opened.change(state::RECOVERING_CLOSED, state::DRAINED);
        } else {
            opened.given_back.store(true, Ordering::Relaxed);
        }
        freed?;
        Ok(range.end.saturating_sub(range.start))
    }

    /// The bytes of the arena that it takes: where its header is, and how many from there.
    pub fn span(&self) -> (ArenaPtr<()>, u64) {
        (self.allocator.as_ptr(), self.allocator.opened.len())
    }
}

/// What [`Allocator::recover`] has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Objects that were handed over, and are still there.
    pub live: u64,
    /// Free slots, all in lists now. After others wrote over the memory, a few that were never used
    /// may be had only after the next recovery: those whose word was written over.
    pub free: u64,
    /// Free slots that no list had and no thread kept: it died, or the list was broken.
    pub lost: u64,
    /// Free slots whose objects nobody has: a process that is gone did, or no known field does.
    pub orphans: u64,
    /// Free slots whose word made no sense.
    pub scribbled: u64,
}

/// Its end, and its repair.
impl Allocator {
    /// Ends the allocator for all processes and programs.
    ///
    /// From now on nobody can make objects ([`AllocError::Closed`]), and everybody can free them.
    /// When the last is freed, the [`Closing`] knows, and the pages can be given back.
    ///
    /// Then anything may be made in its place. What is left of this allocator, handles in any
    /// process and slots that threads keep, stays away from there, with one exception: an
    /// [`alloc`](Self::alloc) that began before it was closed, and takes a slot that its thread
    /// keeps, may be stopped in between, and store to the word of that slot when it goes on.
    ///
    /// # Errors
    ///
    /// [`AllocError::Closed`] if somebody else did, [`AllocError::Recovering`];
    /// [`AllocError::System`] without `membarrier`, by which it waits for threads that have it.
    pub fn close(self) -> Result<Closing, AllocError> {
        // If that cannot be had, nothing is changed.
        self.opened.barrier()?;
        if self.opened.state() != state::LIVE || !self.opened.change(state::LIVE, state::CLOSING) {
            return Err(self.opened.not_live());
        }
        // Pairs with the fence in `alloc`: from here on no slot of an object looks free.
        self.opened.barrier()?;
        Ok(Closing { allocator: self })
    }

    /// Returns the closing of an allocator that was closed, by anybody; `None` if it was not.
    ///
    /// It is also `None` where [`close`](Self::close) would be an error, since this process may not
    /// use `membarrier` (a seccomp filter refuses it), which the allocator was made to use. Without
    /// that, nobody can tell which slots other threads still take.
    pub fn closing(&self) -> Option<Closing> {
        let is_closed = matches!(self.opened.state(), state::CLOSING | state::DRAINING | state::DRAINED);
        (self.opened.barrier().is_ok() && is_closed).then(|| Closing { allocator: self.clone() })
    }

    /// Repairs an allocator that a process or program left amid a change, or amid a repair.
    ///
    /// Slots that are in no list and hold no object that was handed over are free again: those that
    /// an `Object` of a dead process held, and those that were on their way. Objects that were
    /// handed over stay. The header is written anew, as it was when this handle was made. The
    /// allocator is live then, or closed if it was, unless somebody wrote over that.
    ///
    /// Nobody else may use the allocator while this runs, and this process may hold no objects of
    /// it. Others that try are refused ([`AllocError::Recovering`]). A thread that is among the
    /// lists is waited for, at most a second; a BPF program is not.
    ///
    /// ```
    /// # use mapvalue::{Allocator, Arena, arena::{Config, Recovered}};
    /// # let arena = Arena::memfd(64)?;
    /// # let config = Config { value_size: 8, capacity: 100, ..Config::default() };
    /// # let objects = Allocator::create(&arena, config)?;
    /// let (one, other) = (objects.alloc(1u64)?.into_kptr(), objects.alloc(2u64)?.into_kptr());
    /// let Recovered { live, free, lost, orphans, scribbled, .. } = objects.recover()?;
    /// assert_eq!((live, free), (2, 98));
    /// assert_eq!((lost, orphans, scribbled), (0, 0, 0)); // nothing was wrong
    /// let recovered = objects.recover_reachable([one.offset()])?; // nobody has the other
    /// assert_eq!((recovered.live, recovered.orphans), (1, 1));
    /// assert!(objects.free(other).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AllocError::InUse`] if there are objects of this handle or its clones (of handles that
    /// were opened apart it is not known); [`AllocError::Closed`] if the allocator is drained, and
    /// its place may be another's; [`AllocError::NoAllocator`] if all of the header was
    /// overwritten, say by zeros, which looks like a place that was given back: drop all handles
    /// and objects, and [`create`](Self::create) another.
    pub fn recover(&self) -> Result<Recovered, AllocError> {
        recover(&self.opened, |_| true)
    }

    /// As [`recover`](Self::recover), but frees the objects that were handed over and are not
    /// `reachable`, by the low 32 bits of their addresses ([`Kptr::offset`](crate::Kptr::offset)).
    ///
    /// Known fields hold those. A process that died just after it exchanged a field had the others.
    ///
    /// # Errors
    ///
    /// As [`recover`](Self::recover).
    pub fn recover_reachable(&self, reachable: impl IntoIterator<Item = u32>) -> Result<Recovered, AllocError> {
        let reachable: HashSet<u32> = reachable.into_iter().collect();
        recover(&self.opened, |offset| reachable.contains(&offset))
    }
}

fn recover(opened: &Opened, is_reachable: impl Fn(u32) -> bool) -> Result<Recovered, AllocError> {
    let objects = opened.keeper.count.objects();
    if objects > 0 {
        return Err(AllocError::InUse { objects });
    }
    let (header, at, expected) = (&opened.header, opened.start, MAGIC);
    if opened.is_replaced() {
        // An overwritten header looks like memory that was given back and is another's.
        let found = if opened.drained.load(Ordering::Relaxed) { MAGIC } else { header.magic.load() };
        let error = AllocError::NoAllocator { at, what: "the magic number", found, expected };
        return Err(if found == MAGIC { AllocError::Closed } else { error });
    }
    let word = header.state.load();
    let before = opened.state_of(word);
    // Closed stays closed, also if whoever recovered it died, unless somebody wrote over that.
    let (during, after) = match before {
        state::CLOSING | state::DRAINING | state::RECOVERING_CLOSED => (state::RECOVERING_CLOSED, state::CLOSING),
        _ => (state::RECOVERING, state::LIVE),
    };
    // By an exchange: if it is drained, somebody may make another in its place just now.
    if before == state::DRAINED || header.state.compare_exchange(word, opened.word_of(during)).is_err() {
        return Err(opened.not_live());
    }
    // If one stays inside, the caller has promised that it does nothing.
    let _ = opened.wait_for_those_inside();
    opened.store(header);
    header.magic.store_release(MAGIC);
    let mut all = Recovered::default();
    opened.classes().for_each(|class| rebuild(class, &is_reachable, &mut all));
    opened.recover_shards();
    header.state.store_release(opened.word_of(after));
    Ok(all)
}

/// Makes one list of all free slots of a class, and counts what there is.
fn rebuild(class: Class<'_>, is_reachable: &impl Fn(u32) -> bool, found: &mut Recovered) {
    let id = class.opened.id;
    // As many as were used, whatever the header says: each names the allocator.
    let used: Vec<_> = class.used(u32::MAX).collect();
    let used = &used[..used.iter().rposition(|(_, _, control)| control.id() == id).map_or(0, |last| last + 1)];
    let fresh = u32::try_from(used.len()).unwrap_or(u32::MAX);
    let listed = listed(class, fresh);
    found.free += u64::from(class.shape.capacity - fresh);
    let (mut link, mut free) = (0, 0);
    // From the last, so that the first comes first.
    for (index, slot, control) in used.iter().rev() {
        match control.holder() {
            _ if control.id() != id => found.scribbled += 1,
            Holder::Shared if is_reachable(ArenaPtr::<()>::from_address(class.address_of(*index)).offset()) => {
                found.live += 1;
                continue;
            }
            Holder::Shared | Holder::Object => found.orphans += 1,
            Holder::Free => found.lost += u64::from(!listed[*index as usize]),
            Holder::Kept => {} // by a thread, which does not keep it any more
        }
        // The next generation, so that pointers to what was there are stale.
        slot.control.store(Control::new(id, Holder::Free, control.generation().wrapping_add(1)).0);
        slot.next.store(link);
        link = link_to(*index);
        free += 1;
    }
    found.free += u64::from(free);
    class.words.fresh.store(fresh);
    class.words.listed.store(free);
    let head = class.words.free.load();
    let _ = class.words.free.compare_exchange_acq_rel(head, protocol::changed(head, link));
}

/// Which of the `fresh` first slots of a class are in the list.
fn listed(class: Class<'_>, fresh: u32) -> Vec<bool> {
    let mut listed = vec![false; fresh as usize];
    let mut link = protocol::link_of(class.words.free.load_acquire());
    // Up to a slot that was never used, or that was there already: a circle.
    while let Ok(Some(index)) = protocol::follow(link, fresh) {
        if mem::replace(&mut listed[index as usize], true) {
            break;
        }
        link = class.slot(index).next.load();
    }
    listed
}
