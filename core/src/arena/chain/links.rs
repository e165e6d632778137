//! Nodes that are linked through pointers in the arena: how lists and tables walk and change chains
//! of them, although nothing in memory can be trusted.
//!
//! A change is a few stores. Their order is such that a writer may die after any of them: the chain
//! can still be walked forwards, and no wrong back pointer looks right.

use std::any::type_name;
use std::fmt;

use crate::arena::chain::node::ListNode;
use crate::arena::chain::places::{Element, Follower, Linked, Links, Places};
use crate::arena::handle::Arena;
use crate::error::ListError;
use crate::value::{Access, ArenaPtr, MapValue, Mirror, ReadWrite, Shared};

/// A pointer in a head or a node.
type Link<A> = Shared<ArenaPtr<ListNode>, A>;
/// The place of such a pointer in the arena. (A node is at the place of its `next`.)
type LinkPtr = ArenaPtr<ArenaPtr<ListNode>>;
/// A node in an element, and the place of the pointer that led to it.
type Visited<'a, L, A> = (Linked<'a, L, A>, LinkPtr);

/// Follows the pointer `node`, which is stored at `holder`, to an element, if it is not null.
#[inline]
fn follow<'a, L: Links, A: Access>(
    follower: &Follower<'a, L, A>,
    holder: LinkPtr,
    mut node: ArenaPtr<ListNode>,
) -> Result<Option<Linked<'a, L, A>>, ListError> {
    loop {
        if let Ok(found) = follower.follow(node.address()) {
            return Ok(Some(found));
        }
        if node.is_null() {
            return Ok(None);
        }
        // The loop tries again, instead of following it here: there is one way to an element.
        match low_half_of(follower.places, node) {
            Some(full) => node = full,
            None => return Err(lost::<L>(follower.places.arena(), holder, node)),
        }
    }
}

/// Returns the full address of a node whose pointer is only its low 32 bits, if one can be there.
#[cold]
#[inline(never)]
fn low_half_of<L: Links, A: Access>(places: &Places<L, A>, node: ArenaPtr<ListNode>) -> Option<ArenaPtr<ListNode>> {
    let full = places.arena().full(node);
    (node != ListNode::REMOVED.next && places.follower().follow(full.address()).is_ok()).then_some(full)
}

/// Returns where a walk ended, for the error. It is kept apart from the loop that it ends.
#[cold]
#[inline(never)]
fn end_of(arena: &Arena, holder: LinkPtr) -> (u64, u64, u64) {
    (arena.full(holder).address(), arena.start(), arena.len())
}

/// The error for a pointer that leads to no element, or is the mark of a removed node.
///
/// It is inlined, so that the compiler sees which error it is. It cannot tell an `Error` that a
/// function returns from the `Ok` of a `Result`, and would prepare the loop for its elements.
#[inline]
fn lost<L: Links>(arena: &Arena, holder: LinkPtr, node: ArenaPtr<ListNode>) -> ListError {
    let (type_name, (at, start, len)) = (type_name::<L::Element>(), end_of(arena, holder));
    if node == ListNode::REMOVED.next {
        return ListError::ElementRemoved { type_name, at };
    }
    ListError::WildPointer { type_name, at, value: node.address(), start, len }
}

/// The error for a walk that met one element again and again, or more elements than there can be.
#[inline]
fn circle<L: Links>(arena: &Arena, holder: LinkPtr) -> ListError {
    let (at, _, len) = end_of(arena, holder);
    let max = usize::try_from(len / L::Element::LAYOUT.size() as u64).unwrap_or(usize::MAX);
    ListError::Cycle { type_name: type_name::<L::Element>(), at, max }
}

/// Returns the address of a place in the arena, for errors.
#[cold]
pub(crate) fn place_of<S: Mirror>(arena: &Arena, place: &S) -> u64 {
    arena.ptr_of(place).map_or(0, ArenaPtr::address)
}

/// The number of elements that a walk meets before it first looks for a circle.
pub(crate) const FIRST_LOOK: u64 = 4096;
/// A look ahead covers this part of the elements met so far.
const PART: u64 = 16;
/// A look ahead must come back to its first element this many times to call it a circle. A single
/// time may be the work of a writer that moved an element to the front meanwhile.
const ROUNDS: u64 = 8;

/// Returns whether a chain leads from a node back to it within `steps` elements, `ROUNDS` times.
#[cold]
#[inline(never)]
fn has_cycle<L: Links, A: Access>(places: &Places<L, A>, first: ArenaPtr<ListNode>, steps: u64) -> bool {
    let (arena, follower, mut node, mut met) = (places.arena(), places.follower(), first, 0);
    for step in 0..steps.saturating_mul(ROUNDS) {
        if step >= steps && met == 0 {
            return false;
        }
        let Ok(found) = follower.follow(arena.full(node).address()) else { return false };
        node = load(&found.node().next);
        met += u64::from(arena.same(node, first));
        if met == ROUNDS {
            return true;
        }
    }
    false
}

/// Walks over the elements of one chain, from the first.
///
/// It ends in any case after as many elements as the arena has room for. It also looks ahead for a
/// circle each time that the number of elements met has doubled, so a circle ends it earlier: after
/// the larger of 4096 elements and some tens of times the circle's length.
///
/// It is only passed to inlined functions, so that a loop keeps it in registers.
pub(crate) struct Walk<'a, L: Links, A: Access> {
    follower: Follower<'a, L, A>,
    /// The pointer that was loaded last, and its place.
    next: ArenaPtr<ListNode>,
    holder: LinkPtr,
    /// How many more elements until the next look ahead.
    left: u64,
    /// How many more there can be after those, if the pointers go in no circle.
    beyond: u64,
    /// The number of elements met at the next look ahead.
    look_at: u64,
}

impl<'a, L: Links, A: Access> Walk<'a, L, A> {
    /// Begins a walk that ends with an error after `left` elements.
    #[inline]
    pub(crate) fn new(places: &'a Places<L, A>, first: &Link<A>, left: u64) -> Self {
        let (follower, next, holder) = (places.follower(), load(first), places.ptr_of(first));
        let now = left.min(FIRST_LOOK);
        Self { follower, next, holder, left: now, beyond: left - now, look_at: FIRST_LOOK }
    }

    /// Returns how many more elements there can be.
    #[inline]
    pub(crate) fn left(&self) -> u64 {
        self.left + self.beyond
    }

    /// Returns the next node, and the place of the pointer that leads to it.
    #[inline]
    fn step(&mut self) -> Result<Option<Visited<'a, L, A>>, ListError> {
        let (holder, node) = (self.holder, self.next);
        // An error ends the walk.
        self.next = ArenaPtr::NULL;
        let Some(found) = follow(&self.follower, holder, node)? else { return Ok(None) };
        if self.left == 0 {
            let more = self.beyond.min(self.look_at);
            if more == 0 || has_cycle(self.follower.places, node, self.look_at / PART) {
                return Err(circle::<L>(self.follower.places.arena(), holder));
            }
            (self.left, self.beyond, self.look_at) = (more, self.beyond - more, self.look_at * 2);
        }
        self.left -= 1;
        self.holder = node.cast();
        // This is loaded before the caller gets the element, since the caller may remove it.
        self.next = load(&found.node().next);
        Ok(Some((found, holder)))
    }
}

impl<'a, L: Links, A: Access> Iterator for Walk<'a, L, A> {
    type Item = Result<Linked<'a, L, A>, ListError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose().map(|step| step.map(|(found, _)| found))
    }
}

impl<L: Links, A: Access> fmt::Debug for Walk<'_, L, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").field("next", &self.next).field("left", &self.left()).finish_non_exhaustive()
    }
}

/// Loads a pointer that will be followed. It pairs with the release stores of `push` and `remove`,
/// and with `mv_store_release` in a BPF program: a thread that finds an element sees everything
/// that was written to it before it was linked.
#[inline]
pub(crate) fn load<A: Access>(link: &Link<A>) -> ArenaPtr<ListNode> {
    link.load_acquire()
}

/// Refuses an element whose node says that it is in a chain.
pub(crate) fn refuse_linked<L: Links>(
    places: &Places<L, ReadWrite>,
    element: ArenaPtr<L::Element>,
) -> Result<(), ListError> {
    let (arena, element) = (places.arena(), places.arena().get(element)?);
    let node = Linked::<L, _>::of(element).node();
    match link_to(arena, node.pprev.load(), arena.ptr_of(node)?) {
        None => Ok(()),
        Some(_) => Err(already_linked::<L>(arena, element)),
    }
}

fn already_linked<L: Links>(arena: &Arena, element: &Element<L, ReadWrite>) -> ListError {
    ListError::AlreadyLinked { type_name: type_name::<L::Element>(), at: place_of(arena, element) }
}

/// Lets `write` fill an element, and links it as the first of a chain.
pub(crate) fn push<L: Links>(
    places: &Places<L, ReadWrite>,
    first: &Link<ReadWrite>,
    element: ArenaPtr<L::Element>,
    write: impl FnOnce(&Element<L, ReadWrite>),
) -> Result<(), ListError> {
    let (arena, element) = (places.arena(), places.arena().get(element)?);
    let node = Linked::<L, _>::of(element).node();
    let (this, next_at, first_at) = (arena.ptr_of(node)?, arena.ptr_of(&node.next)?, arena.ptr_of(first)?);
    let second = load(first);
    if arena.same(second, this) {
        return Err(already_linked::<L>(arena, element));
    }
    let behind = follow(&places.follower(), first_at, second)?;
    write(element);
    node.next.store(second);
    node.pprev.store(first_at);
    // A writer that dies before this store has changed no list. It pairs with `load`.
    first.store_release(this);
    // If the writer dies before this store, the second element's back pointer leads to a pointer to
    // the first. `remove` notices that.
    if let Some(behind) = behind {
        behind.node().pprev.store(next_at);
    }
    Ok(())
}

/// Takes an element out of its chain.
pub(crate) fn remove<L: Links>(places: &Places<L, ReadWrite>, element: ArenaPtr<L::Element>) -> Result<(), ListError> {
    let (arena, element) = (places.arena(), places.arena().get(element)?);
    let node = Linked::<L, _>::of(element).node();
    let (this, pprev, next) = (arena.ptr_of(node)?, node.pprev.load(), load(&node.next));
    let Some(back) = link_to(arena, pprev, this) else {
        let (type_name, at) = (type_name::<L::Element>(), place_of(arena, element));
        return Err(ListError::NotLinked { type_name, at, pprev: pprev.address() });
    };
    // If the writer dies after this store, the next element's back pointer leads to a pointer to
    // this element, which can be removed again.
    if let Some(behind) = follow(&places.follower(), this.cast(), next)? {
        behind.node().pprev.store(pprev);
    }
    // A release store like that of `push`, which it may undo: a reader must see the next element as
    // well through this pointer as through the other.
    back.store_release(next);
    // If the writer dies before these stores, the back pointer leads to another element, or null.
    node.next.store(ListNode::REMOVED.next);
    node.pprev.store(ListNode::REMOVED.pprev);
    Ok(())
}

/// Follows a back pointer, if it leads to a pointer to the node `this`.
fn link_to(arena: &Arena, pprev: LinkPtr, this: ArenaPtr<ListNode>) -> Option<&Link<ReadWrite>> {
    let back = arena.get(pprev).ok()?;
    arena.same(back.load(), this).then_some(back)
}

/// Counts the elements of a chain. A wrong back pointer is an error, and so is an element of
/// another chain, which `belongs` refuses.
pub(crate) fn check<L: Links, A: Access>(
    walk: &mut Walk<'_, L, A>,
    belongs: impl Fn(&Element<L, A>) -> Result<(), ListError>,
) -> Result<usize, ListError> {
    let (arena, mut count) = (walk.follower.places.arena(), 0);
    while let Some((found, holder)) = walk.step()? {
        belongs(found.element())?;
        let (expected, pprev) = (arena.full(holder), found.node().pprev.load());
        if !arena.same(pprev, expected) {
            let (type_name, at) = (type_name::<L::Element>(), place_of(arena, found.element()));
            let (found, expected) = (pprev.address(), expected.address());
            return Err(ListError::BackPointer { type_name, at, found, expected });
        }
        count += 1;
    }
    Ok(count)
}

/// Corrects the wrong back pointers of a chain, and counts them. `belongs` is as for [`check`].
pub(crate) fn repair<L: Links>(
    walk: &mut Walk<'_, L, ReadWrite>,
    belongs: impl Fn(&Element<L, ReadWrite>) -> Result<(), ListError>,
) -> Result<usize, ListError> {
    let (arena, mut count) = (walk.follower.places.arena(), 0);
    while let Some((found, holder)) = walk.step()? {
        belongs(found.element())?;
        let (expected, pprev) = (arena.full(holder), &found.node().pprev);
        if !arena.same(pprev.load(), expected) {
            pprev.store(expected);
            count += 1;
        }
    }
    Ok(count)
}
