//! [`ArenaList`]: a list in an arena, whose elements hold their own node.

use std::any::type_name;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::arena::chain::links;
use crate::arena::chain::links::Walk;
use crate::arena::chain::node::{ListHead, ListNode, ListNodeShared};
use crate::arena::chain::places::{Links, Places};
use crate::arena::chain::slots::{Slots, Taken};
use crate::arena::handle::Arena;
use crate::error::{Error, ListError};
use crate::handle::Var;
use crate::layout::{Kind, Layout};
use crate::value::{Access, ArenaPtr, MapValue, ReadOnly, ReadWrite};

/// An element that is a value and nothing else but its place in a list: 16 bytes more than the
/// value.
///
/// `struct { struct mv_list_node node; V value; }` in C.
///
/// ```
/// use mapvalue::arena::{ListEntry, ListNode};
/// use mapvalue::{Arena, ArenaList};
///
/// let arena = Arena::memfd(1)?;
/// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
/// arena.get(arena.at::<ListEntry<u64>>(64))?.value.store(7);
/// list.push_front(arena.at(64))?;
/// assert_eq!(list.first()?.map(|entry| entry.value.load()), Some(7));
/// assert_eq!(size_of::<ListEntry<u64>>(), size_of::<ListNode>() + 8);
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(crate = "crate")]
#[repr(C)]
pub struct ListEntry<V> {
    /// Its place in the list.
    pub node: ListNode,
    /// The value.
    pub value: V,
}

/// A list in an arena that Rust and BPF programs walk and change: the layout of the lists in the
/// kernel's own test programs, and of `mapvalue/arena.bpf.h`.
///
/// It is intrusive: an element of type `T` holds a [`ListNode`], `NODE` bytes from its start, and
/// its memory is the caller's. In [`ListEntry<V>`](ListEntry) that is at 0; in a struct of one's
/// own it is `offset_of`. That there is one is checked when the program is compiled.
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
///     let flow = flow?; // an error if a pointer leads nowhere, or in a circle
///     total += flow.bytes.load();
///     if flow.id.load() == 2 {
///         flows.remove(arena.ptr_of(flow)?)?;
///     }
/// }
/// assert_eq!((total, flows.len()?), (600, 2));
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// An offset at which there is no node does not compile:
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
/// | | beside a writer | |
/// |---|---|---|
/// | `open`, `is_empty`, `first` | yes | one acquire load |
/// | `iter`, `len` | yes | may miss an element that is being added or removed, may show one again that is moved to the front meanwhile, and end with [`ListError::ElementRemoved`] when the element that it stands on is removed: walk again |
/// | `push_front`, `push_front_with`, `remove`, `pop_front`, `clear` | no | one writer at a time, on whichever side. Nothing here locks |
/// | `check`, `repair` | no | |
///
/// Whatever others write, a walk stays inside of the arena, reads no torn leaf, and ends: with
/// [`ListError::WildPointer`] at a pointer that leads to no element, with [`ListError::Cycle`]
/// where the pointers go in a circle. The memory of a removed element can be used again at once,
/// but a walk beside the writer may still stand on it, and reads what is there now.
///
/// Several writers, in Rust threads, processes or BPF programs, have to take turns: two at once
/// lose elements, though they do no other harm. A BPF spin lock cannot be held by user space, so
/// let one side write, or pass requests through a ring buffer or a flag of your own.
///
/// A writer that dies leaves a list that can be walked. A back pointer may then be wrong:
/// [`remove`](Self::remove) refuses that element, [`check`](Self::check) tells, and
/// [`repair`](Self::repair) mends it.
pub struct ArenaList<T: MapValue, const NODE: usize = 0, A: Access = ReadWrite> {
    places: Places<At<T, NODE>, A>,
    head: Var<ListHead, A>,
}

/// Elements of type `T` with a node at `NODE`.
struct At<T, const NODE: usize>(PhantomData<T>);

impl<T: MapValue, const NODE: usize> Links for At<T, NODE> {
    type Element = T;

    const NODE: usize = {
        assert!(
            holds_node(&T::LAYOUT, NODE),
            "an `ArenaList<T, NODE>` needs a `ListNode` in `T` at `NODE` bytes: write `{{ offset_of!(T, field) }}` for it"
        );
        NODE
    };

    #[inline]
    fn node<A: Access>(element: &T::Shared<A>) -> &ListNodeShared<A> {
        // SAFETY: it is inside of the element, by the layout of `T` (`Links::NODE`), which is its
        // mirror's too.
        let node = unsafe { NonNull::from(element).byte_add(<Self as Links>::NODE) };
        // SAFETY: the layout of `T` has a `ListNode` there (`Links::NODE`), so the mirror has the
        // two cells of a `ListNodeShared` there, in the same mode (`MapValue`, promise 1), aligned
        // as the element is. It lives as long as the element.
        unsafe { node.cast().as_ref() }
    }
}

/// Whether a type has a `ListNode` at `offset`.
const fn holds_node(layout: &Layout, offset: usize) -> bool {
    if offset == 0 && is_node(layout) {
        return true;
    }
    match layout.kind() {
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

/// Whether it is the layout of `ListNode`, or the same under another name.
const fn is_node(layout: &Layout) -> bool {
    let fields = layout.fields();
    matches!(layout.kind(), Kind::Struct { .. })
        && fields.len() == 2
        && matches!((fields[0].layout().kind(), fields[1].layout().kind()), (Kind::Pointer, Kind::Pointer))
}

impl<T: MapValue, const NODE: usize> ArenaList<T, NODE> {
    /// The list whose head is at `head`: one that a BPF program uses, or memory of zeros, which is
    /// an empty one.
    ///
    /// # Errors
    ///
    /// Those of [`Arena::var`].
    pub fn open(arena: &Arena, head: ArenaPtr<ListHead>) -> Result<Self, ListError> {
        Ok(Self { places: Places::new(arena), head: arena.var(head)? })
    }

    /// The list whose head is at `head`, for walking only; the arena may be read-only or not.
    ///
    /// ```
    /// use mapvalue::arena::ListEntry;
    /// use mapvalue::{Arena, ArenaList};
    ///
    /// let arena = Arena::memfd(1)?;
    /// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
    /// list.push_front(arena.at(64))?;
    /// let view = ArenaList::<ListEntry<u64>>::open_ro(&arena, arena.at(0))?; // for a process that looks on
    /// assert_eq!(view.len()?, 1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Arena::var_ro`].
    pub fn open_ro(arena: &Arena, head: ArenaPtr<ListHead>) -> Result<ArenaList<T, NODE, ReadOnly>, ListError> {
        Ok(ArenaList { places: Places::new(arena), head: arena.var_ro(head)? })
    }
}

/// Walking.
impl<T: MapValue, const NODE: usize, A: Access> ArenaList<T, NODE, A> {
    /// The elements from the first to the last. The caller may remove the element that it was given
    /// last, but no other.
    ///
    /// Each is an error or the mirror of an element; after an error there is nothing more. The
    /// pointer to an element is [`Arena::ptr_of`] of its mirror.
    #[inline]
    pub fn iter(&self) -> Iter<'_, T, NODE, A> {
        Iter { walk: Walk::new(&self.places, &self.head.first) }
    }

    /// The first element.
    ///
    /// # Errors
    ///
    /// [`ListError::WildPointer`].
    pub fn first(&self) -> Result<Option<&T::Shared<A>>, ListError> {
        self.iter().next().transpose()
    }

    /// Whether there is no element: one load.
    pub fn is_empty(&self) -> bool {
        self.head.first.load_acquire().is_null()
    }

    /// How many elements there are, found by a walk.
    ///
    /// # Errors
    ///
    /// Those of a walk: [`ListError::WildPointer`], [`ListError::Cycle`],
    /// [`ListError::ElementRemoved`].
    pub fn len(&self) -> Result<usize, ListError> {
        self.iter().try_fold(0, |count, element| element.map(|_| count + 1))
    }

    /// How many elements there are, with the back pointer of each checked.
    ///
    /// # Errors
    ///
    /// Those of a walk, and [`ListError::BackPointer`].
    pub fn check(&self) -> Result<usize, ListError> {
        links::check(&mut self.iter().walk)
    }

    /// The arena that it lies in.
    pub fn arena(&self) -> &Arena {
        self.places.arena()
    }
}

/// Changing it.
impl<T: MapValue, const NODE: usize> ArenaList<T, NODE> {
    /// Links an element, whose memory the caller got, as the first. What it holds besides its node
    /// was written before: who finds it sees that (a release store).
    ///
    /// # Errors
    ///
    /// Those of [`Arena::get`] for `element`, [`ListError::AlreadyLinked`] if its node says that it
    /// is in this list or another, [`ListError::WildPointer`] or [`ListError::ElementRemoved`] if
    /// the list is broken at its head.
    pub fn push_front(&self, element: ArenaPtr<T>) -> Result<(), ListError> {
        links::refuse_linked(&self.places, element)?;
        links::push(&self.places, &self.head.first, element, |_| ())
    }

    /// Takes memory for an element, has `write` write it, and links it as the first.
    ///
    /// ```
    /// use mapvalue::arena::{ListEntry, Region};
    /// use mapvalue::{Arena, ArenaList};
    ///
    /// let arena = Arena::memfd(4)?;
    /// let mut slots = Region::new(&arena, arena.at(64), 100)?;
    /// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
    /// list.push_front_with(&mut slots, |entry| entry.value.store(7))?;
    /// assert_eq!(list.first()?.map(|entry| entry.value.load()), Some(7));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the slots, and of [`push_front`](Self::push_front); the memory is given back then,
    /// also if `write` panics.
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
    /// Those of [`Arena::get`] for `element`, [`ListError::NotLinked`] if it is in no list,
    /// [`ListError::WildPointer`] if its `next` leads nowhere.
    pub fn remove(&self, element: ArenaPtr<T>) -> Result<(), ListError> {
        links::remove(&self.places, element)
    }

    /// Takes the first element out of the list.
    ///
    /// ```
    /// # use mapvalue::arena::ListEntry;
    /// # use mapvalue::{Arena, ArenaList};
    /// # let arena = Arena::memfd(1)?;
    /// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
    /// list.push_front(arena.at(64))?;
    /// list.push_front(arena.at(128))?;
    /// assert_eq!(list.pop_front()?, Some(arena.at(128))); // the last that came
    /// list.push_front(arena.at(128))?; // its memory can be used again
    /// assert_eq!(list.check()?, 2);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`first`](Self::first) and [`remove`](Self::remove).
    pub fn pop_front(&self) -> Result<Option<ArenaPtr<T>>, ListError> {
        let Some(first) = self.first()? else { return Ok(None) };
        let first = self.arena().ptr_of(first)?.cast();
        self.remove(first)?;
        Ok(Some(first))
    }

    /// Makes the list empty: one store. The elements are not touched, and are the caller's again.
    /// (Their nodes still say that they are in a list: before [`push_front`](Self::push_front) of
    /// one, store `ListNode::default()` there.)
    ///
    /// ```
    /// # use mapvalue::arena::{ListEntry, ListNode};
    /// # use mapvalue::{Arena, ArenaList, Error, ListError, Mirror};
    /// # let arena = Arena::memfd(1)?;
    /// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
    /// list.push_front(arena.at(64))?;
    /// list.push_front(arena.at(128))?;
    /// list.clear();
    /// assert!(list.is_empty());
    /// assert!(matches!(list.push_front(arena.at(64)), Err(ListError::AlreadyLinked { .. })));
    /// arena.get(arena.at::<ListEntry<u64>>(64))?.node.store(ListNode::default());
    /// list.push_front(arena.at(64))?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn clear(&self) {
        self.head.first.store_release(ArenaPtr::NULL);
    }

    /// Mends the back pointers, which a writer that died in the middle may have left wrong, by one
    /// walk; how many were wrong.
    ///
    /// ```
    /// # use mapvalue::arena::ListEntry;
    /// # use mapvalue::{Arena, ArenaList, ArenaPtr, Error, ListError};
    /// # let arena = Arena::memfd(1)?;
    /// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
    /// list.push_front(arena.at(64))?;
    /// arena.get(arena.at::<ListEntry<u64>>(64))?.node.pprev.store(ArenaPtr::null()); // as if its writer had died
    /// assert!(matches!(list.check(), Err(ListError::BackPointer { .. })));
    /// assert_eq!((list.repair()?, list.check()?), (1, 1));
    /// # Ok::<(), Error>(())
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

/// The elements of an [`ArenaList`].
///
/// ```
/// use mapvalue::arena::ListEntry;
/// use mapvalue::{Arena, ArenaList};
///
/// let arena = Arena::memfd(1)?;
/// let list = ArenaList::<ListEntry<u64>>::open(&arena, arena.at(0))?;
/// list.push_front(arena.at(64))?;
/// for entry in list.iter() {
///     entry?.value.fetch_add(1); // or an error that ends the walk
/// }
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Iter<'a, T: MapValue, const NODE: usize = 0, A: Access = ReadWrite> {
    walk: Walk<'a, At<T, NODE>, A>,
}

impl<'a, T: MapValue, const NODE: usize, A: Access> Iterator for Iter<'a, T, NODE, A> {
    type Item = Result<&'a T::Shared<A>, ListError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.walk.next()
    }
}

impl<T: MapValue, const NODE: usize, A: Access> FusedIterator for Iter<'_, T, NODE, A> {}

impl<T: MapValue, const NODE: usize, A: Access> fmt::Debug for Iter<'_, T, NODE, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.walk.fmt(f)
    }
}
