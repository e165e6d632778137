//! [`Places`]: where in an arena the elements of a list can be, and how a loop follows pointers to their nodes.
//!
//! [`Arena::get`] does the same for a single pointer. Here, what does not depend on the pointer is
//! computed once, and what is wrong with a pointer is left to the caller.

use super::node::ListNodeShared;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::value::{Access, ArenaPtr, MapValue, Mirror};

/// The mirror of an element.
pub(crate) type Element<L, A> = <<L as Links>::Element as MapValue>::Shared<A>;

/// Lists whose elements hold their node at one place.
pub(crate) trait Links {
    type Element: MapValue;

    /// Bytes from the start of an element to its node.
    const NODE: usize;

    /// The node in an element.
    fn node<A: Access>(element: &Element<Self, A>) -> &ListNodeShared<A>;
}

/// An arena, and where in it the elements of some lists can be.
pub(crate) struct Places<L, A> {
    arena: Arena,
    /// How many bytes can be reached in the mode `A`: all, or none if they are read-only and are to
    /// be stored to, or if they may fault.
    reach: u64,
    /// The lowest pointer to a node that there can be.
    lowest: u64,
    /// How many pointers there can be, from the lowest on: one for each multiple of the alignment
    /// where all of an element has room.
    count: u64,
    /// The same if pointers are addresses of this process, as in every kernel arena; the provenance
    /// of its memory is exposed. Otherwise 0.
    direct_count: u64,
    /// What to add to a pointer to have its place: where the arena is mapped here, less where
    /// pointers say that it begins. It never changes (see `View::follow` for why it is an atomic).
    origin: AtomicPtr<u8>,
    links: PhantomData<fn() -> (L, A)>,
}

impl<L: Links, A: Access> Places<L, A> {
    pub(crate) fn new(arena: &Arena) -> Self {
        const { L::Element::LAYOUT.assert_usable::<L::Element>() };
        let mapping = &arena.rest.mapping;
        let none = arena.flags().contains(ArenaFlags::SEGV_ON_FAULT) || A::WRITABLE && mapping.is_read_only();
        let (reach, size) = (if none { 0 } else { arena.len() }, L::Element::LAYOUT.size() as u64);
        #[expect(clippy::cast_possible_truncation, reason = "the targets that this crate accepts have 64 bits")]
        let origin = mapping.base().as_ptr().wrapping_sub(arena.start as usize);
        let count = if size > reach { 0 } else { ((reach - size) >> Self::ALIGN_BITS) + 1 };
        Self {
            arena: arena.clone(),
            reach,
            lowest: arena.start.wrapping_add(L::NODE as u64),
            count,
            direct_count: if origin.is_null() { count } else { 0 },
            origin: AtomicPtr::new(origin),
            links: PhantomData,
        }
    }

    /// The alignment of an element is 2 to the power of this; it is at most a page.
    const ALIGN_BITS: u32 = L::Element::LAYOUT.align().trailing_zeros();

    #[inline]
    pub(crate) fn arena(&self) -> &Arena {
        &self.arena
    }

    /// The most elements that there can be at one time.
    #[inline]
    pub(crate) fn room(&self) -> u64 {
        // An element is not smaller than the node in it.
        self.reach / L::Element::LAYOUT.size() as u64
    }

    /// The pointer to a place that is known to be in the arena.
    #[inline]
    pub(crate) fn ptr_of<S: Mirror>(&self, place: &S) -> ArenaPtr<S::Value> {
        let origin = self.origin.load(Ordering::Relaxed).addr();
        ArenaPtr::from_address(NonNull::from(place).addr().get().wrapping_sub(origin) as u64)
    }

    #[inline]
    pub(crate) fn view(&self) -> View<'_, L, A> {
        View { direct: self.direct_count != 0, lowest: self.lowest, count: self.count, places: self }
    }

    /// The same for a few steps, without a branch for each that tells whether pointers are
    /// addresses: where they are not, it follows none.
    #[inline]
    pub(crate) fn direct_view(&self) -> View<'_, L, A> {
        View { direct: true, count: self.direct_count, ..self.view() }
    }
}

impl<L, A> Clone for Places<L, A> {
    fn clone(&self) -> Self {
        let (arena, origin) = (self.arena.clone(), AtomicPtr::new(self.origin.load(Ordering::Relaxed)));
        Self { arena, origin, ..*self }
    }
}

/// What following a pointer takes, by value: a loop keeps it in registers, whatever else it does.
pub(crate) struct View<'a, L, A> {
    /// Whether pointers are addresses of this process, or none is followed at all (`count` is 0).
    direct: bool,
    lowest: u64,
    count: u64,
    places: &'a Places<L, A>,
}

impl<L, A> Clone for View<'_, L, A> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<L, A> Copy for View<'_, L, A> {}

impl<'a, L: Links, A: Access> View<'a, L, A> {
    /// The element whose node is at a full address, if there can be one.
    ///
    /// (Not an `Option`: its `None` is a null reference, and a loop would look whether each place
    /// is one.)
    #[inline]
    pub(crate) fn follow(self, address: u64) -> Result<&'a <L::Element as MapValue>::Shared<A>, NotFull> {
        // Of every number that leads to no place in the arena, the distance from the lowest is
        // larger than that of all which do. The arena begins at a page, so the distance is a
        // multiple of the alignment if the element is aligned: if it is not, one of its low bits is
        // set and, rotated to the top, makes a number larger than all. So for each pointer it takes
        // a subtraction, a rotation and one comparison.
        if address.wrapping_sub(self.lowest).rotate_right(Places::<L, A>::ALIGN_BITS) >= self.count {
            return Err(NotFull);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the targets that this crate accepts have 64 bits")]
        let address = address.wrapping_sub(L::NODE as u64) as usize;
        // The next load of a walk waits for this one, and so for each step between the two. Where
        // pointers are addresses there is none: a branch that is never taken costs less than to add
        // 0. (The compiler would add it, but for the atomic load. As it is, it makes two loops of
        // one.)
        let place: *mut u8 = if self.direct {
            ptr::with_exposed_provenance_mut(address)
        } else {
            self.places.origin.load(Ordering::Relaxed).wrapping_add(address)
        };
        // SAFETY: it is inside the mapping (checked above: `count` is not 0, and so `direct` is
        // true only where the origin is null), at least one byte before its end, and so not null.
        let place = unsafe { NonNull::new_unchecked(place) }.cast();
        // SAFETY: the arena holds an element here, aligned for all of its leaves (checked above, by
        // what `Places::new` has computed from this arena), which is the size of its mirror and at
        // least its alignment (`MapValue`, promises 1 and 2). The arena keeps it mapped while it is
        // borrowed; a page that is not there is made when it is touched, or nothing would be in
        // reach; it is writable if `A` is. All bits are a valid mirror (promise 3), and what others
        // write, they write to cells, which are inside `UnsafeCell`.
        Ok(unsafe { place.as_ref() })
    }
}

/// The pointer is null, the low 32 bits of an address, or leads nowhere.
#[derive(Debug)]
pub(crate) struct NotFull;
