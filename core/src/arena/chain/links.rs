//! What lists and tables have in common: nodes that are linked through pointers in the arena, and
//! how chains of them are walked and changed when nothing that they hold can be trusted.
//!
//! Each change is a few stores in an order that leaves, wherever it is cut short, a chain that can
//! be walked forwards and no wrong back pointer that looks right.

use std::any::type_name;
use std::fmt;

use crate::arena::chain::node::ListNode;
use crate::arena::chain::places::{Element, Links, Places, View};
use crate::arena::handle::Arena;
use crate::error::ListError;
use crate::value::{Access, ArenaPtr, MapValue, Mirror, ReadWrite, Shared};

/// A pointer in a head or a node.
type Link<A> = Shared<ArenaPtr<ListNode>, A>;
/// Where in the arena one is. (Where a node is, its `next` is.)
type LinkPtr = ArenaPtr<ArenaPtr<ListNode>>;
/// An element, and where the pointer is that led to it.
type Found<'a, L, A> = (&'a Element<L, A>, LinkPtr);

/// The element whose node the pointer `node`, which is at `holder`, leads to, if any.
#[inline]
fn follow<'a, L: Links, A: Access>(
    places: &'a Places<L, A>,
    view: View<'a, L, A>,
    holder: LinkPtr,
    mut node: ArenaPtr<ListNode>,
) -> Result<Option<&'a Element<L, A>>, ListError> {
    loop {
        if let Ok(element) = view.follow(node.address()) {
            return Ok(Some(element));
        }
        if node.is_null() {
            return Ok(None);
        }
        // It is tried again, rather than followed here, so that a loop has one way to an element.
        match low_half_of(places, node) {
            Some(full) => node = full,
            None if node == ListNode::REMOVED.next => return Err(removed::<L>(places.arena(), holder)),
            None => return Err(wild::<L>(places.arena(), holder, node)),
        }
    }
}

/// The full address of a node whose pointer is the low 32 bits of one, if there can be an element.
#[cold]
#[inline(never)]
fn low_half_of<L: Links, A: Access>(places: &Places<L, A>, node: ArenaPtr<ListNode>) -> Option<ArenaPtr<ListNode>> {
    let full = places.arena().full(node);
    (node != ListNode::REMOVED.next && places.view().follow(full.address()).is_ok()).then_some(full)
}

/// Where a walk ended, for the message. Apart from the loop that it ends.
#[cold]
#[inline(never)]
fn end_of(arena: &Arena, holder: LinkPtr) -> (u64, u64, u64) {
    (arena.full(holder).address(), arena.start(), arena.len())
}

/// The pointer leads to no element.
///
/// Which error it is, is seen where this is inlined: a compiler that is given an `Error` by a
/// function cannot tell it from the `Ok` of a `Result`, and then has the loop be ready for elements
/// from there.
#[inline]
fn wild<L: Links>(arena: &Arena, holder: LinkPtr, node: ArenaPtr<ListNode>) -> ListError {
    let (at, start, len) = end_of(arena, holder);
    ListError::WildPointer { type_name: type_name::<L::Element>(), at, value: node.address(), start, len }
}

/// The node is one that was removed.
#[inline]
fn removed<L: Links>(arena: &Arena, holder: LinkPtr) -> ListError {
    let (at, ..) = end_of(arena, holder);
    ListError::ElementRemoved { type_name: type_name::<L::Element>(), at }
}

/// The walk has met one element again and again, or more elements than there can be.
#[inline]
fn circle<L: Links>(arena: &Arena, holder: LinkPtr) -> ListError {
    let (at, _, len) = end_of(arena, holder);
    let max = usize::try_from(len / L::Element::LAYOUT.size() as u64).unwrap_or(usize::MAX);
    ListError::Cycle { type_name: type_name::<L::Element>(), at, max }
}

/// The address in the arena of something in it, for messages.
pub(crate) fn place_of<S: Mirror>(arena: &Arena, place: &S) -> u64 {
    arena.ptr_of(place).map_or(0, ArenaPtr::address)
}

/// How many elements a walk meets before it first looks whether the pointers go in a circle.
pub(crate) const FIRST_LOOK: u64 = 4096;
/// A walk looks ahead by this part of what it has met.
const PART: u64 = 16;
/// How many times a look ahead comes to the element that it began at, until it is a circle: once
/// may be a writer's doing, who moved an element to the front meanwhile.
const ROUNDS: u64 = 8;

/// Whether a chain leads from a node to that node again: within `steps` elements, a few times in a
/// row.
#[cold]
#[inline(never)]
fn goes_in_a_circle<L: Links, A: Access>(places: &Places<L, A>, first: ArenaPtr<ListNode>, steps: u64) -> bool {
    let (arena, view, mut node, mut met) = (places.arena(), places.view(), first, 0);
    for step in 0..steps.saturating_mul(ROUNDS) {
        if step >= steps && met == 0 {
            return false;
        }
        let Ok(element) = view.follow(arena.full(node).address()) else { return false };
        node = load(&L::node(element).next);
        met += u64::from(arena.same(node, first));
        if met == ROUNDS {
            return true;
        }
    }
    false
}

/// The elements of one chain, from its first.
///
/// A circle ends it with an error after some ten times as many elements as are in the circle, and
/// in any case after as many as there is room for: each time that it has met twice as many
/// elements, it looks ahead whether it comes to the same one again.
///
/// It is never handed to a function that is not inlined, so that a loop keeps it in registers.
pub(crate) struct Walk<'a, L: Links, A: Access> {
    places: &'a Places<L, A>,
    view: View<'a, L, A>,
    /// The pointer that was loaded last, and where it was.
    next: ArenaPtr<ListNode>,
    holder: LinkPtr,
    /// How many more elements until it looks ahead.
    left: u64,
    /// How many more there can be after those, unless the pointers go in a circle.
    beyond: u64,
    /// How many it has met when it looks ahead.
    look_at: u64,
}

impl<'a, L: Links, A: Access> Walk<'a, L, A> {
    #[inline]
    pub(crate) fn new(places: &'a Places<L, A>, first: &Link<A>) -> Self {
        Self::with_budget(places, first, places.room())
    }

    /// A walk that ends with an error after `left` elements.
    #[inline]
    pub(crate) fn with_budget(places: &'a Places<L, A>, first: &Link<A>, left: u64) -> Self {
        let (view, next, holder) = (places.view(), load(first), places.ptr_of(first));
        let now = left.min(FIRST_LOOK);
        Self { places, view, next, holder, left: now, beyond: left - now, look_at: FIRST_LOOK }
    }

    /// How many more elements there can be.
    #[inline]
    pub(crate) fn left(&self) -> u64 {
        self.left + self.beyond
    }

    /// The next element, and the pointer that leads to it.
    #[inline]
    fn step(&mut self) -> Result<Option<Found<'a, L, A>>, ListError> {
        let (holder, node) = (self.holder, self.next);
        // After an error there is nothing more.
        self.next = ArenaPtr::NULL;
        let Some(element) = follow(self.places, self.view, holder, node)? else { return Ok(None) };
        if self.left == 0 {
            let more = self.beyond.min(self.look_at);
            if more == 0 || goes_in_a_circle(self.places, node, self.look_at / PART) {
                return Err(circle::<L>(self.places.arena(), holder));
            }
            (self.left, self.beyond, self.look_at) = (more, self.beyond - more, self.look_at * 2);
        }
        self.left -= 1;
        self.holder = node.cast();
        // Before the caller sees the element, who may remove it.
        self.next = load(&L::node(element).next);
        Ok(Some((element, holder)))
    }
}

impl<'a, L: Links, A: Access> Iterator for Walk<'a, L, A> {
    type Item = Result<&'a Element<L, A>, ListError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Ok(Some((element, _))) => Some(Ok(element)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl<L: Links, A: Access> fmt::Debug for Walk<'_, L, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").field("next", &self.next).field("left", &self.left()).finish_non_exhaustive()
    }
}

/// Loads a pointer that is to be followed. It pairs with the release stores of `push` and `remove`,
/// and with `mv_store_release` of a BPF program: what was written to an element before it was
/// linked is seen by who has found it.
#[inline]
pub(crate) fn load<A: Access>(link: &Link<A>) -> ArenaPtr<ListNode> {
    link.load_acquire()
}

/// An error if the node of an element says that it is in a chain.
pub(crate) fn refuse_linked<L: Links>(
    places: &Places<L, ReadWrite>,
    element: ArenaPtr<L::Element>,
) -> Result<(), ListError> {
    let arena = places.arena();
    let shared = arena.get(element)?;
    let node = L::node(shared);
    match link_to(arena, node.pprev.load(), arena.ptr_of(node)?) {
        None => Ok(()),
        Some(_) => Err(already_linked::<L>(arena, shared)),
    }
}

fn already_linked<L: Links>(arena: &Arena, shared: &Element<L, ReadWrite>) -> ListError {
    ListError::AlreadyLinked { type_name: type_name::<L::Element>(), at: place_of(arena, shared) }
}

/// Has `write` write an element, and links it as the first of a chain.
pub(crate) fn push<L: Links>(
    places: &Places<L, ReadWrite>,
    first: &Link<ReadWrite>,
    element: ArenaPtr<L::Element>,
    write: impl FnOnce(&Element<L, ReadWrite>),
) -> Result<(), ListError> {
    let arena = places.arena();
    let shared = arena.get(element)?;
    let node = L::node(shared);
    let (this, next_at, first_at) = (arena.ptr_of(node)?, arena.ptr_of(&node.next)?, arena.ptr_of(first)?);
    let second = load(first);
    if arena.same(second, this) {
        return Err(already_linked::<L>(arena, shared));
    }
    let behind = follow(places, places.view(), first_at, second)?;
    write(shared);
    node.next.store(second);
    node.pprev.store(first_at);
    // Cut short before this, nobody knows of the element. It pairs with the acquire load of a walk:
    // `load`.
    first.store_release(this);
    // Cut short before this, the second element's back pointer leads to a pointer to the first one,
    // which `remove` takes for what it is.
    if let Some(behind) = behind {
        L::node(behind).pprev.store(next_at);
    }
    Ok(())
}

/// Takes an element out of the chain that it is in.
pub(crate) fn remove<L: Links>(places: &Places<L, ReadWrite>, element: ArenaPtr<L::Element>) -> Result<(), ListError> {
    let arena = places.arena();
    let shared = arena.get(element)?;
    let node = L::node(shared);
    let (this, pprev, next) = (arena.ptr_of(node)?, node.pprev.load(), load(&node.next));
    let Some(back) = link_to(arena, pprev, this) else {
        let (type_name, at) = (type_name::<L::Element>(), place_of(arena, shared));
        return Err(ListError::NotLinked { type_name, at, pprev: pprev.address() });
    };
    // Cut short after this, the next element's back pointer leads to a pointer to this one, and
    // this one can be removed again.
    if let Some(behind) = follow(places, places.view(), this.cast(), next)? {
        L::node(behind).pprev.store(pprev);
    }
    // A release store, as that of `push`, which it may undo: who finds the next element through
    // this pointer sees it as who found it through the other.
    back.store_release(next);
    // Cut short before these, the back pointer leads to a pointer to another element, or to none.
    node.next.store(ListNode::REMOVED.next);
    node.pprev.store(ListNode::REMOVED.pprev);
    Ok(())
}

/// The pointer that a back pointer leads to, if that leads to the node `this`.
fn link_to(arena: &Arena, pprev: LinkPtr, this: ArenaPtr<ListNode>) -> Option<&Link<ReadWrite>> {
    let back = arena.get(pprev).ok()?;
    arena.same(back.load(), this).then_some(back)
}

/// The number of elements of a chain; an error if the back pointer of one is wrong.
pub(crate) fn check<L: Links, A: Access>(walk: &mut Walk<'_, L, A>) -> Result<usize, ListError> {
    let (arena, mut count) = (walk.places.arena(), 0);
    while let Some((element, holder)) = walk.step()? {
        let (expected, found) = (arena.full(holder), L::node(element).pprev.load());
        if !arena.same(found, expected) {
            return Err(ListError::BackPointer {
                type_name: type_name::<L::Element>(),
                at: place_of(arena, element),
                found: found.address(),
                expected: expected.address(),
            });
        }
        count += 1;
    }
    Ok(count)
}

/// Stores the back pointers of a chain that are wrong; how many there were. `belongs` is an error
/// for an element of another chain.
pub(crate) fn repair<L: Links>(
    walk: &mut Walk<'_, L, ReadWrite>,
    belongs: impl Fn(&Element<L, ReadWrite>) -> Result<(), ListError>,
) -> Result<usize, ListError> {
    let (arena, mut count) = (walk.places.arena(), 0);
    while let Some((element, holder)) = walk.step()? {
        belongs(element)?;
        let (expected, pprev) = (arena.full(holder), &L::node(element).pprev);
        if !arena.same(pprev.load(), expected) {
            pprev.store(expected);
            count += 1;
        }
    }
    Ok(count)
}
