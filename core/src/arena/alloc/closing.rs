//! [`Closing`]: the end of an allocator.

use std::sync::atomic::Ordering;

use super::allocator::Allocator;
use super::layout::state;
use super::opened::Keeper;
use super::protocol::{Control, Holder};
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
    /// One that is stopped there for so long counts as an object; one that was killed there does
    /// not.
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
        // Somebody else may have said so. Another allocator may be made here only when nobody is
        // inside any more.
        opened.change(state::CLOSING, state::DRAINING);
        let inside = opened.wait_for_those_inside();
        if inside == 0 {
            opened.change(state::DRAINING, state::DRAINED);
            opened.drained.store(true, Ordering::Relaxed);
            Keeper::drained(opened.identity());
        }
        inside
    }

    /// Whether no object is left.
    pub fn is_drained(&self) -> bool {
        self.remaining() == 0
    }

    /// Returns the allocator: objects can still be freed, claimed and drained.
    pub fn allocator(&self) -> &Allocator {
        &self.allocator
    }

    /// Gives its whole pages back to the kernel, once there are no objects; returns how many.
    ///
    /// A BPF program does so (`bpf_arena_free_pages`).
    ///
    /// # Errors
    ///
    /// [`AllocError::InUse`] while there are objects; [`AllocError::OtherArena`];
    /// [`AllocError::Closed`] if somebody has given them back, or made another allocator there;
    /// [`AllocError::Pages`].
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
        if !opened.change(state::DRAINED, state::RECOVERING_CLOSED) {
            return Err(AllocError::Closed);
        }
        let freed = if range.is_empty() { Ok(()) } else { pages.free(range.clone()) };
        // A page that was given back is not to be touched.
        if freed.is_err() || range.is_empty() || range.start * page != offset {
            opened.change(state::RECOVERING_CLOSED, state::DRAINED);
        }
        freed?;
        Ok(range.end.saturating_sub(range.start))
    }

    /// The bytes of the arena that it takes: where its header is, and how many from there.
    pub fn span(&self) -> (ArenaPtr<()>, u64) {
        (self.allocator.as_ptr(), self.allocator.opened.len())
    }
}

/// Its end.
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
    /// [`AllocError::System`] if this process may not use `membarrier`, by which it waits for
    /// threads of others that may.
    pub fn close(self) -> Result<Closing, AllocError> {
        // If that cannot be had, nothing is changed.
        self.opened.barrier()?;
        if !self.opened.change(state::LIVE, state::CLOSING) {
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
}
