//! [`ArenaList`]: a list in an arena. Each element holds its own node.

use std::any::type_name;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

use crate::arena::chain::links::{self, Walk};
use crate::arena::chain::node::{ListHead, ListNode};
use crate::arena::chain::places::{Links, Places};
use crate::arena::chain::slots::{Slots, Taken};
use crate::arena::handle::Arena;
use crate::error::{Error, ListError};
use crate::handle::Var;
use crate::layout::{Kind, Layout};
use crate::value::{Access, ArenaPtr, MapValue, ReadOnly, ReadWrite};

/// An element that holds only a value and its place in a list, 16 bytes more than the value. In C
/// it is `struct { struct mv_list_node node; V value; }`.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(crate = "crate")]
#[repr(C)]
pub struct ListEntry<V> {
    /// Its place in the list.
    pub node: ListNode,
    /// The value.
    pub value: V,
}

/// A list in an arena, which Rust and BPF programs walk and change.
///
/// Its layout is that of the lists in the kernel's own test programs, and of
/// `mapvalue/arena.bpf.h`. It is intrusive: an element of type `T` holds a [`ListNode`], `NODE`
/// bytes from its start, and the caller owns its memory. `NODE` is 0 in a
/// [`ListEntry<V>`](ListEntry), and `offset_of!` in a struct of your own. The compiler checks that
/// a node is there.
///
/// ```
/// use mapvalue::arena::ListNode;
/// use mapvalue::{Arena, ArenaList, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Flow {
///     id: u32,
///     node: ListNode,
///     bytes: u64,
/// }
///
/// type Flows = ArenaList<Flow, { core::mem::offset_of!(Flow, node) }>;
///
/// let arena = Arena::memfd(4)?; // an arena that BPF programs use, too
/// let flows = Flows::open(&arena, arena.at(0))?;
/// for (i, bytes) in [(1, 100), (2, 200), (3, 300)] {
///     let flow = arena.at(64 * u64::from(i));
///     arena.get::<Flow>(flow)?.id.store(i);
///     arena.get::<Flow>(flow)?.bytes.store(bytes);
///     flows.push_front(flow)?;
/// }
///
/// let mut total = 0;
/// for flow in flows.iter() {
///     let flow = flow?; // an error if a pointer is wrong, or they go in a circle
///     total += flow.bytes.load();
///     if flow.id.load() == 2 {
///         flows.remove(arena.ptr_of(flow)?)?;
///     }
/// }
/// let view = Flows::open_ro(&arena, arena.at(0))?; // it has no `push_front`
/// assert_eq!((total, view.len()?), (600, 2));
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// A wrong offset does not compile:
///
/// ```compile_fail
/// # use mapvalue::{Arena, ArenaList, MapValue, arena::ListNode};
/// # #[derive(MapValue)]
/// # #[repr(C)]
/// # struct Flow { id: u32, node: ListNode, bytes: u64 }
/// # let arena = Arena::memfd(4)?;
/// ArenaList::<Flow, { core::mem::offset_of!(Flow, bytes) }>::open(&arena, arena.at(0))?;
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// # Who may do what at the same time
///
/// - `open`, `is_empty` and `first` take one acquire load, and may run beside a writer.
/// - `iter` and `len` may run beside a writer, too. They may miss an element that is being added or
///   removed, and may show one twice that is moved to the front meanwhile. They end with
///   [`ListError::ElementRemoved`] when the element they stand on is removed: walk again.
/// - `push_front`, `push_front_with`, `remove`, `pop_front` and `clear` need to be the only writer,
///   on both sides. Nothing here locks.
/// - `check` and `repair` need a list without writers.
///
/// Whatever others write, a walk stays inside the arena, reads no torn leaf, and ends: with
/// [`ListError::WildPointer`] at a pointer that leads to no element, with [`ListError::Cycle`]
/// where the pointers go in a circle. The memory of a removed element can be reused at once. A walk
/// may still stand on it then, and reads what is there now.
///
/// Several writers (Rust threads, processes or BPF programs) must take turns. Two at once lose
/// elements, and do no other harm. User space cannot hold a BPF spin lock, so let one side write,
/// or pass requests through a ring buffer or a flag of your own.
///
/// A writer that dies leaves a list that can be walked. A back pointer may be wrong then:
/// [`remove`](Self::remove) refuses that element, [`check`](Self::check) reports it, and
/// [`repair`](Self::repair) corrects it.
pub struct ArenaList<T: MapValue, const NODE: usize = 0, A: Access = ReadWrite> {
    places: Places<At<T, NODE>, A>,
    head: Var<ListHead, A>,
}

/// Elements of type `T` with a node at `NODE`.
struct At<T, const NODE: usize>(PhantomData<T>);

// SAFETY: `NODE` does not compile unless the layout has a `ListNode` there.
unsafe impl<T: MapValue, const NODE: usize> Links for At<T, NODE> {
    type Element = T;

    const NODE: usize = {
        assert!(
            holds_node(&T::LAYOUT, NODE),
            "an `ArenaList<T, NODE>` needs a `ListNode` in `T` at `NODE` bytes: write `{{ offset_of!(T, field) }}` for it"
        );
        NODE
    };
}

/// Returns whether a type has a `ListNode` at `offset`.
const fn holds_node(layout: &Layout, offset: usize) -> bool {
    match layout.kind() {
        _ if offset == 0 && is_node(layout) => true,
        Kind::Array { element, .. } if element.size() > 0 && offset < layout.size() => {
            holds_node(element, offset % element.size())
        }
        Kind::Struct { fields } => {
            let mut i = 0;
            while i < fields.len() {
                let (start, field) = (fields[i].offset(), fields[i].layout());
                if start <= offset && offset < start + field.size() {
                    return holds_node(&field, offset - start);
                }
                i += 1;
            }
            false
        }
        _ => false,
    }
}

/// Returns whether this is the layout of `ListNode`, under whatever name.
const fn is_node(layout: &Layout) -> bool {
    match layout.kind() {
        Kind::Struct { fields: [next, pprev] } => {
            matches!((next.layout().kind(), pprev.layout().kind()), (Kind::Pointer, Kind::Pointer))
        }
        _ => false,
    }
}

impl<T: MapValue, const NODE: usize> ArenaList<T, NODE> {
    /// Opens the list whose head is at `head`: that of a BPF program, or zeros, an empty list.
    ///
    /// # Errors
    ///
    /// Those of [`Arena::var`].
    pub fn open(arena: &Arena, head: ArenaPtr<ListHead>) -> Result<Self, ListError> {
        Ok(Self { places: Places::new(arena), head: arena.var(head)? })
    }

    /// Opens a list for walking only. The arena may be read-only.
    ///
    /// # Errors
    ///
    /// Those of [`Arena::var_ro`].
    pub fn open_ro(arena: &Arena, head: ArenaPtr<ListHead>) -> Result<ArenaList<T, NODE, ReadOnly>, ListError> {
        Ok(ArenaList { places: Places::new(arena), head: arena.var_ro(head)? })
    }
}

/// Walking
impl<T: MapValue, const NODE: usize, A: Access> ArenaList<T, NODE, A> {
    /// Walks over the elements from the first to the last. The caller may remove the element that
    /// it got last, but no other. Each item is the mirror of an element, or an error, which ends
    /// the walk. [`Arena::ptr_of`] of the mirror is the pointer to the element.
    #[inline]
    pub fn iter(&self) -> Iter<'_, T, NODE, A> {
        Iter { walk: Walk::new(&self.places, &self.head.first, self.places.max_elements()) }
    }

    /// Returns the first element.
    ///
    /// # Errors
    ///
    /// [`ListError::WildPointer`], [`ListError::ElementRemoved`].
    pub fn first(&self) -> Result<Option<&T::Shared<A>>, ListError> {
        self.iter().next().transpose()
    }

    /// Returns whether there is no element, by one load.
    pub fn is_empty(&self) -> bool {
        self.head.first.load_acquire().is_null()
    }

    /// Counts the elements by a walk.
    ///
    /// # Errors
    ///
    /// Those of a walk: [`ListError::WildPointer`], [`ListError::Cycle`],
    /// [`ListError::ElementRemoved`].
    pub fn len(&self) -> Result<usize, ListError> {
        self.iter().try_fold(0, |count, element| element.map(|_| count + 1))
    }

    /// Counts the elements, and checks the back pointer of each.
    ///
    /// # Errors
    ///
    /// Those of a walk, and [`ListError::BackPointer`].
    pub fn check(&self) -> Result<usize, ListError> {
        links::check(&mut self.iter().walk, |_| Ok(()))
    }

    /// Returns the arena that the list is in.
    pub fn arena(&self) -> &Arena {
        self.places.arena()
    }
}

/// Changing
impl<T: MapValue, const NODE: usize> ArenaList<T, NODE> {
    /// Links an element as the first. The caller owns its memory, and has written its other fields
    /// before: a reader that finds the element sees them (a release store).
    ///
    /// # Errors
    ///
    /// Those of [`Arena::get`] for `element`; [`ListError::AlreadyLinked`] if its node says that it
    /// is in this list or another; [`ListError::WildPointer`] or [`ListError::ElementRemoved`] if
    /// the list is broken at its head.
    pub fn push_front(&self, element: ArenaPtr<T>) -> Result<(), ListError> {
        links::refuse_linked(&self.places, element)?;
        links::push(&self.places, &self.head.first, element, |_| ())
    }

    /// Takes memory for an element, lets `write` fill it, and links it as the first ([`Slots`]).
    ///
    /// # Errors
    ///
    /// Those of the slots and of [`push_front`](Self::push_front). The memory is given back then,
    /// and also if `write` panics.
    pub fn push_front_with(
        &self,
        mut slots: impl Slots<T>,
        write: impl FnOnce(&T::Shared<ReadWrite>),
    ) -> Result<ArenaPtr<T>, Error> {
        let taken = Taken::from(&mut slots)?;
        links::push(&self.places, &self.head.first, taken.slot(), write)?;
        Ok(taken.keep())
    }

    /// Takes an element out of the list. Its memory is the caller's again.
    ///
    /// # Errors
    ///
    /// Those of [`Arena::get`] for `element`; [`ListError::NotLinked`] if it is in no list;
    /// [`ListError::WildPointer`] if its `next` leads to no element.
    pub fn remove(&self, element: ArenaPtr<T>) -> Result<(), ListError> {
        links::remove(&self.places, element)
    }

    /// Takes the first element, the last that came, out of the list. Its memory is the caller's.
    ///
    /// # Errors
    ///
    /// As for [`first`](Self::first) and [`remove`](Self::remove).
    pub fn pop_front(&self) -> Result<Option<ArenaPtr<T>>, ListError> {
        let Some(first) = self.first()? else { return Ok(None) };
        let first = self.arena().ptr_of(first)?.cast();
        self.remove(first).map(|()| Some(first))
    }

    /// Makes the list empty, by one store. The elements are not touched, and are the caller's
    /// again. Their nodes still say that they are in a list: store `ListNode::default()` there
    /// before [`push_front`](Self::push_front).
    ///
    /// ```
    /// # use mapvalue::{Arena, ArenaList, ListError, Mirror, arena::{ListEntry, ListNode}};
    /// # let arena = Arena::memfd(1)?;
    /// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
    /// list.push_front(arena.at(64))?;
    /// list.push_front(arena.at(128))?;
    /// list.clear();
    /// assert!(matches!(list.push_front(arena.at(64)), Err(ListError::AlreadyLinked { .. })));
    /// arena.get(arena.at::<ListEntry<u64>>(64))?.node.store(ListNode::default());
    /// list.push_front(arena.at(64))?;
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn clear(&self) {
        self.head.first.store_release(ArenaPtr::NULL);
    }

    /// Corrects the back pointers that a dead writer left wrong, by one walk; returns how many.
    ///
    /// ```
    /// # use mapvalue::{Arena, ArenaList, ArenaPtr, arena::ListEntry};
    /// # let arena = Arena::memfd(1)?;
    /// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
    /// list.push_front(arena.at(64))?;
    /// // As if its writer had died:
    /// arena.get(arena.at::<ListEntry<u64>>(64))?.node.pprev.store(ArenaPtr::null());
    /// assert!(list.check().is_err());
    /// assert_eq!((list.repair()?, list.check()?), (1, 1));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of a walk.
    pub fn repair(&self) -> Result<usize, ListError> {
        links::repair(&mut self.iter().walk, |_| Ok(()))
    }
}

impl<T: MapValue, const NODE: usize, A: Access> Clone for ArenaList<T, NODE, A> {
    fn clone(&self) -> Self {
        Self { places: self.places.clone(), head: self.head.clone() }
    }
}

impl<T: MapValue, const NODE: usize, A: Access> fmt::Debug for ArenaList<T, NODE, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArenaList")
            .field("element", &type_name::<T>())
            .field("first", &self.head.first)
            .finish_non_exhaustive()
    }
}

impl<'a, T: MapValue, const NODE: usize, A: Access> IntoIterator for &'a ArenaList<T, NODE, A> {
    type Item = Result<&'a T::Shared<A>, ListError>;
    type IntoIter = Iter<'a, T, NODE, A>;

    #[inline]
    fn into_iter(self) -> Iter<'a, T, NODE, A> {
        self.iter()
    }
}

/// The elements of an [`ArenaList`], or an error that ends the walk.
pub struct Iter<'a, T: MapValue, const NODE: usize = 0, A: Access = ReadWrite> {
    walk: Walk<'a, At<T, NODE>, A>,
}

impl<'a, T: MapValue, const NODE: usize, A: Access> Iterator for Iter<'a, T, NODE, A> {
    type Item = Result<&'a T::Shared<A>, ListError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.walk.next().map(|found| found.map(|found| found.element()))
    }
}

impl<T: MapValue, const NODE: usize, A: Access> FusedIterator for Iter<'_, T, NODE, A> {}

impl<T: MapValue, const NODE: usize, A: Access> fmt::Debug for Iter<'_, T, NODE, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.walk.fmt(f)
    }
}
