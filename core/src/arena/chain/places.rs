//! [`Places`]: where in an arena elements of a list can be, and how a loop follows pointers there.
//!
//! [`Arena::get`] does the same for a single pointer. Here, everything that does not depend on the
//! pointer is computed once, and the caller finds out what is wrong with a pointer.

use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering;

use crate::arena::chain::node::ListNodeShared;
use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::value::{Access, ArenaPtr, MapValue, Mirror};

/// The mirror of an element.
pub(crate) type Element<L, A> = <<L as Links>::Element as MapValue>::Shared<A>;

/// Elements of one type, with their node at one offset.
///
/// # Safety
///
/// The layout of an `Element` has a `ListNode` at `NODE` bytes.
pub(crate) unsafe trait Links {
    type Element: MapValue;

    /// Bytes from the start of an element to its node.
    const NODE: usize;
}

/// A node that is known to be in an element.
///
/// It is the place of the node: a loop that kept the element's place would compute it for each.
pub(crate) struct Linked<'a, L: Links, A: Access> {
    node: NonNull<ListNodeShared<A>>,
    element: PhantomData<&'a Element<L, A>>,
}

impl<'a, L: Links, A: Access> Linked<'a, L, A> {
    pub(crate) fn of(element: &'a Element<L, A>) -> Self {
        // SAFETY: the node is inside the element, by its layout (`Links`), as in its mirror.
        Self { node: unsafe { NonNull::from(element).byte_add(L::NODE) }.cast(), element: PhantomData }
    }

    #[inline]
    pub(crate) fn element(&self) -> &'a Element<L, A> {
        // SAFETY: the node is in an element, `NODE` bytes from its start (`of`, `follow`).
        let element = unsafe { self.node.byte_sub(L::NODE) }.cast();
        // SAFETY: so this is the mirror of an element, for `'a`: `of` got it, or `follow` found it.
        unsafe { element.as_ref() }
    }

    #[inline]
    pub(crate) fn node(&self) -> &'a ListNodeShared<A> {
        // SAFETY: the layout of the element has a `ListNode` here (`Links`). So the mirror has the
        // two cells of a `ListNodeShared` here, in the same mode (`MapValue`, promise 1), and
        // aligned as the element is. They live as long as the element.
        unsafe { self.node.as_ref() }
    }
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
    links: PhantomData<fn() -> (L, A)>,
}

impl<L: Links, A: Access> Places<L, A> {
    pub(crate) fn new(arena: &Arena) -> Self {
        const { L::Element::LAYOUT.assert_usable::<L::Element>() };
        let none = arena.flags().contains(ArenaFlags::SEGV_ON_FAULT) || A::WRITABLE && arena.is_read_only();
        let (reach, size) = (if none { 0 } else { arena.len() }, L::Element::LAYOUT.size() as u64);
        let count = if size > reach { 0 } else { ((reach - size) >> Self::ALIGN_BITS) + 1 };
        let is_direct = arena.rest.origin.load(Ordering::Relaxed).is_null();
        Self {
            arena: arena.clone(),
            reach,
            lowest: arena.start.wrapping_add(L::NODE as u64),
            count,
            direct_count: if is_direct { count } else { 0 },
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
        let origin = self.arena.rest.origin.load(Ordering::Relaxed).addr();
        ArenaPtr::from_address(ptr::from_ref(place).addr().wrapping_sub(origin) as u64)
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
        Self { arena: self.arena.clone(), ..*self }
    }
}

/// Everything that it takes to follow a pointer, by value: a loop keeps it in registers.
pub(crate) struct Follower<'a, L, A> {
    /// Whether pointers are addresses of this process, or none is followed at all (`count` is 0).
    direct: bool,
    lowest: u64,
    count: u64,
    pub(crate) places: &'a Places<L, A>,
}

impl<'a, L: Links, A: Access> Follower<'a, L, A> {
    /// Returns the node at a full address, if there can be one.
    ///
    /// (It is not an `Option`: `None` would be a null pointer, for which a loop would check.)
    #[inline]
    pub(crate) fn follow(&self, address: u64) -> Result<Linked<'a, L, A>, NotFollowed> {
        // The distance from the lowest pointer is larger for every number that leads out of the
        // arena than for those that lead to a place in it. The arena begins at a page, so the
        // distance of an aligned element is a multiple of the alignment. Otherwise one of its low
        // bits is set; rotated to the top, that bit makes a number larger than all. So each pointer
        // takes a subtraction, a rotation and one comparison.
        if address.wrapping_sub(self.lowest).rotate_right(Places::<L, A>::ALIGN_BITS) >= self.count {
            return Err(NotFollowed);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the targets that this crate accepts have 64 bits")]
        let address = address as usize;
        // The next load of a walk waits for this one, and so for each instruction in between. There
        // is none where pointers are addresses: a branch that is never taken costs less than an
        // addition of 0. (Without the atomic load, the compiler would add. As it is, it makes two
        // loops of one.)
        let node: *mut u8 = if self.direct {
            ptr::with_exposed_provenance_mut(address)
        } else {
            self.places.arena.rest.origin.load(Ordering::Relaxed).wrapping_add(address)
        };
        // SAFETY: the place is inside the mapping (checked above: `count` is not 0, so `direct` is
        // true only where the origin is null), at least a byte before its end, and so not null.
        let node = unsafe { NonNull::new_unchecked(node) }.cast();
        // The arena holds an element `NODE` bytes before, aligned for all of its leaves. That was
        // checked above, with numbers that `Places::new` computed from this arena. An element has
        // the size of its mirror and at least its alignment (`MapValue`, promises 1 and 2). The
        // arena stays mapped while it is borrowed. A page that is absent is made when it is
        // touched; where it would fault, nothing is in reach. The memory is writable if `A` is. All
        // bits are a valid mirror (promise 3), and others write to cells only, which are inside
        // `UnsafeCell`.
        Ok(Linked { node, element: PhantomData })
    }
}

/// The pointer is null, the low 32 bits of an address, or leads to no element.
#[derive(Debug)]
pub(crate) struct NotFollowed;
