//! [`Places`]: where in an arena the elements of a list can be, and how a loop follows pointers to
//! their nodes.
//!
//! [`Arena::get`] does the same for a single pointer. Here, everything that does not depend on the
//! pointer is computed once, and the caller finds out what is wrong with a pointer.

use super::node::ListNodeShared;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::value::{Access, ArenaPtr, MapValue, Mirror};

/// The mirror of an element.
pub(crate) type Element<L, A> = <<L as Links>::Element as MapValue>::Shared<A>;

/// Elements of one type, with their node at one offset.
pub(crate) trait Links {
    type Element: MapValue;

    /// Bytes from the start of an element to its node.
    const NODE: usize;

    /// Returns the node in an element.
    fn node<A: Access>(element: &Element<Self, A>) -> &ListNodeShared<A>;
}

/// An arena, with the range of pointers that lead to elements of one kind.
pub(crate) struct Places<L, A> {
    arena: Arena,
    /// The number of bytes that can be reached in mode `A`: the whole arena. It is 0 where an
    /// access may fault, or where the memory is read-only and `A` is writable.
    reach: u64,
    /// The lowest possible pointer to a node.
    lowest: u64,
    /// The number of possible pointers from the lowest on: one for each multiple of the alignment
    /// at which a whole element fits.
    count: u64,
    /// The same if pointers are addresses of this process, as in every kernel arena; the provenance
    /// of its memory is exposed. Otherwise 0.
    direct_count: u64,
    /// The difference between a place and the pointer to it: where the arena is mapped here, minus
    /// where pointers say that it begins. It never changes (`Follower::follow` says why it is an
    /// atomic).
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

    /// The alignment of an element is 2 to the power of this, and at most a page.
    const ALIGN_BITS: u32 = L::Element::LAYOUT.align().trailing_zeros();

    #[inline]
    pub(crate) fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Returns the most elements that there can be at one time.
    #[inline]
    pub(crate) fn max_elements(&self) -> u64 {
        // An element is not smaller than the node in it, so its size is not 0.
        self.reach / L::Element::LAYOUT.size() as u64
    }

    /// Returns the pointer to a place that is known to be in the arena.
    #[inline]
    pub(crate) fn ptr_of<S: Mirror>(&self, place: &S) -> ArenaPtr<S::Value> {
        let origin = self.origin.load(Ordering::Relaxed).addr();
        ArenaPtr::from_address(NonNull::from(place).addr().get().wrapping_sub(origin) as u64)
    }

    #[inline]
    pub(crate) fn follower(&self) -> Follower<'_, L, A> {
        Follower { direct: self.direct_count != 0, lowest: self.lowest, count: self.count, places: self }
    }

    /// As `follower`, for a few steps: without a branch in each that asks whether pointers are
    /// addresses. Where they are not, it follows none.
    #[inline]
    pub(crate) fn direct_follower(&self) -> Follower<'_, L, A> {
        Follower { direct: true, count: self.direct_count, ..self.follower() }
    }
}

impl<L, A> Clone for Places<L, A> {
    fn clone(&self) -> Self {
        let (arena, origin) = (self.arena.clone(), AtomicPtr::new(self.origin.load(Ordering::Relaxed)));
        Self { arena, origin, ..*self }
    }
}

/// Everything that it takes to follow a pointer, by value: a loop keeps it in registers.
pub(crate) struct Follower<'a, L, A> {
    /// Whether pointers are addresses of this process. Also true if no pointer is followed at all
    /// (`count` is 0).
    direct: bool,
    lowest: u64,
    count: u64,
    places: &'a Places<L, A>,
}

impl<L, A> Clone for Follower<'_, L, A> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<L, A> Copy for Follower<'_, L, A> {}

impl<'a, L: Links, A: Access> Follower<'a, L, A> {
    /// Returns the element whose node is at a full address, if there can be one.
    ///
    /// (It is not an `Option`: `None` would be a null reference, and a loop would check each place
    /// for it.)
    #[inline]
    pub(crate) fn follow(self, address: u64) -> Result<&'a <L::Element as MapValue>::Shared<A>, NotFollowed> {
        // The distance from the lowest pointer is larger for every number that leads out of the
        // arena than for those that lead to a place in it. The arena begins at a page, so the
        // distance of an aligned element is a multiple of the alignment. Otherwise one of its low
        // bits is set; rotated to the top, that bit makes a number larger than all. So each pointer
        // takes a subtraction, a rotation and one comparison.
        if address.wrapping_sub(self.lowest).rotate_right(Places::<L, A>::ALIGN_BITS) >= self.count {
            return Err(NotFollowed);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the targets that this crate accepts have 64 bits")]
        let address = address.wrapping_sub(L::NODE as u64) as usize;
        // The next load of a walk waits for this one, and so for each instruction in between. There
        // is none where pointers are addresses: a branch that is never taken costs less than an
        // addition of 0. (Without the atomic load, the compiler would add. As it is, it makes two
        // loops of one.)
        let place: *mut u8 = if self.direct {
            ptr::with_exposed_provenance_mut(address)
        } else {
            self.places.origin.load(Ordering::Relaxed).wrapping_add(address)
        };
        // SAFETY: the place is inside the mapping (checked above: `count` is not 0, and so `direct`
        // is true only where the origin is null), at least one byte before its end, and so not
        // null.
        let place = unsafe { NonNull::new_unchecked(place) }.cast();
        // SAFETY: the arena holds an element here, aligned for all of its leaves. That was checked
        // above, with numbers that `Places::new` computed from this arena. An element has the size
        // of its mirror and at least its alignment (`MapValue`, promises 1 and 2). The arena stays
        // mapped while it is borrowed. A page that is absent is made when it is touched; where it
        // would fault, nothing is in reach. The memory is writable if `A` is. All bits are a valid
        // mirror (promise 3), and others write to cells only, which are inside `UnsafeCell`.
        Ok(unsafe { place.as_ref() })
    }
}

/// The pointer is null, the low 32 bits of an address, or leads to no element.
#[derive(Debug)]
pub(crate) struct NotFollowed;
