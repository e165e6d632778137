//! [`ArenaHashMap`]: a hash table in an arena. Its buckets are lists.

use std::any::type_name;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::slice;

use crate::arena::chain::links::{self, FIRST_LOOK, Walk};
use crate::arena::chain::node::{ListHead, ListHeadShared, ListNode};
use crate::arena::chain::places::{Linked, Links, Places};
use crate::arena::chain::slots::{Slots, Taken};
use crate::arena::handle::Arena;
use crate::error::{Error, ListError};
use crate::handle::Slice;
use crate::value::{Access, ArenaHash, ArenaPtr, MapValue, ReadOnly, ReadWrite, Storable};

/// The head of a hash table in the arena's memory, 16 bytes. In C it is `struct mv_table`.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(crate = "crate", rename = "mv_table")]
#[repr(C)]
pub struct TableHead {
    /// The first of the buckets, which lie side by side.
    pub buckets: ArenaPtr<ListHead>,
    /// The number of buckets, a power of two.
    pub n_buckets: i32,
}

/// An element of a hash table, as `MV_TABLE` declares it in C. If key and value are `i32`, it is 32
/// bytes long: `hash` at 0, `key` at 4, `value` at 8, `node` at 16.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(crate = "crate")]
#[repr(C)]
pub struct TableEntry<K, V> {
    /// The hash of the key. Its low bits are the number of the bucket.
    pub hash: i32,
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// The element's place in the list of its bucket.
    pub node: ListNode,
}

/// A hash table in an arena, which Rust and BPF programs read and change.
///
/// Its layout is that of the table in the kernel's own test programs, and of `MV_TABLE` in
/// `mapvalue/arena.bpf.h`. Elements are [`TableEntry<K, V>`](TableEntry). Their memory is the
/// caller's, or comes from [`Slots`]. The hash is [`ArenaHash`], which BPF programs can compute as
/// well.
///
/// ```
/// use mapvalue::arena::Region;
/// use mapvalue::{Arena, ArenaHashMap};
///
/// let arena = Arena::memfd(16)?; // an arena that BPF programs use, too
/// let mut slots = Region::new(&arena, arena.at(4096), 1000)?;
///
/// // A new table. `ArenaHashMap::open(&arena, table)` opens that of a BPF program.
/// let packets: ArenaHashMap<u32, u64> =
///     ArenaHashMap::init(&arena, arena.at(0), arena.at(64), 256)?;
/// packets.insert_with(&mut slots, 0x0a00_0001, 5)?;
/// let found = packets.get(&0x0a00_0001)?.expect("it was just inserted");
/// found.value.fetch_add(1); // in place, as a BPF program does it
/// let values = packets.iter().map(|entry| entry.map(|entry| entry.value.load()));
/// assert_eq!(values.sum::<Result<u64, _>>()?, 6);
/// assert!(packets.remove_with(&mut slots, &0x0a00_0001)?);
/// assert!(packets.get(&0x0a00_0001)?.is_none());
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// # Who may do what at the same time
///
/// What [`ArenaList`](super::ArenaList) says of hostile memory, of several writers, and of writers
/// that die, holds here as well: a lookup stays inside the arena, reads no torn leaf, and ends.
///
/// - `open` may run beside a writer, once the table is set up. It takes an acquire load of
///   `buckets`. Their place and number then stay the same for this handle.
/// - `get`, `iter` and `len` may run beside a writer, too. They may miss an element that is being
///   added or removed, and end with [`ListError::ElementRemoved`] when the element they stand on is
///   removed: try again.
/// - So may loads, stores and atomic operations on a `value` that was found. Each leaf is whole;
///   two leaves may be of two moments. If the element was removed and its memory reused, they reach
///   the new element.
/// - `insert`, `insert_with`, `remove`, `remove_with` and `clear` need to be the only writer, on
///   both sides. `init` needs a table that nobody uses yet; `check` and `repair` need one without
///   writers.
#[doc(alias("hash_map"))]
pub struct ArenaHashMap<K: MapValue, V: MapValue, A: Access = ReadWrite> {
    places: Places<InTable<K, V>, A>,
    buckets: Slice<ListHead, A>,
}

/// The elements of a table.
struct InTable<K, V>(PhantomData<(K, V)>);

// SAFETY: that is where the node is, and it is a `ListNode`.
unsafe impl<K: MapValue, V: MapValue> Links for InTable<K, V> {
    type Element = TableEntry<K, V>;

    const NODE: usize = std::mem::offset_of!(TableEntry<K, V>, node);
}

/// How many elements of a chain a lookup visits without counting them. In a table with as many
/// buckets as elements, one chain in 250 is longer.
const NEAR: usize = 4;

/// The most buckets of a table that `open` accepts: 8 MiB of them.
const MAX_BUCKETS: usize = 1 << 20;

/// Checks a number of buckets.
fn bucket_count(n: i32) -> Result<usize, ListError> {
    usize::try_from(n).ok().filter(|n| n.is_power_of_two()).ok_or(ListError::BucketCount { found: n })
}

impl<K: MapValue, V: MapValue> ArenaHashMap<K, V> {
    /// Opens the table at `table`, which [`init`](Self::init) or a BPF program has set up.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaHashMap};
    ///
    /// let arena = Arena::memfd(1)?;
    /// // The table at 0, its 16 buckets of 8 bytes from 64 on, and elements anywhere else.
    /// let ours = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 16)?;
    /// assert!(ours.insert(arena.at(1024), 7, 70)?);
    /// let theirs = ArenaHashMap::<u32, u64>::open(&arena, arena.at(0))?;
    /// let view = ArenaHashMap::<u32, u64>::open_ro(&arena, arena.at(0))?; // it has no `insert`
    /// assert_eq!(view.get(&7)?.map(|entry| entry.value.load()), Some(70));
    /// assert_eq!((theirs.len()?, theirs.buckets()), (1, 16));
    /// assert!(ArenaHashMap::<u32, u64>::open_up_to(&arena, arena.at(0), 8).is_err());
    /// let zeros = ArenaHashMap::<u32, u64>::open(&arena, arena.at(2048));
    /// assert!(zeros.is_err()); // the table is not set up
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Arena::get`] for `table` and of [`Arena::slice`] for the buckets;
    /// [`ListError::BucketCount`] if their number is not a power of two;
    /// [`ListError::TooManyBuckets`] if it is more than 2^20 ([`open_up_to`](Self::open_up_to)
    /// accepts more).
    pub fn open(arena: &Arena, table: ArenaPtr<TableHead>) -> Result<Self, ListError> {
        Self::open_up_to(arena, table, MAX_BUCKETS)
    }

    /// Opens the table at `table`, if it has at most `max` buckets: the number that it is known to
    /// have.
    ///
    /// The number is in memory that others write. A forged one decides how long
    /// [`iter`](Self::iter), [`len`](Self::len), [`is_empty`](Self::is_empty) and
    /// [`clear`](Self::clear) take, and how many pages they make: a bucket has 8 bytes, and reading
    /// an absent page makes it. (2^28 buckets in an arena of 4 GiB take 2 GiB of pages and 17
    /// seconds.)
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_up_to(arena: &Arena, table: ArenaPtr<TableHead>, max: usize) -> Result<Self, ListError> {
        ArenaHashMap::open_any(arena, table, max)
    }

    /// Makes an empty table of `n` buckets, whose memory the caller got: 16 bytes at `table`, and 8
    /// for each bucket. `n` is a power of two.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), but for [`ListError::TooManyBuckets`].
    pub fn init(
        arena: &Arena,
        table: ArenaPtr<TableHead>,
        buckets: ArenaPtr<ListHead>,
        n: u32,
    ) -> Result<Self, ListError> {
        let (table, first) = (arena.get(table)?, arena.full(buckets));
        // A number that is too large for C's `int` is negative, and not one of buckets either.
        let n = n.cast_signed();
        let buckets = arena.slice(first, bucket_count(n)?)?;
        buckets.iter().for_each(|bucket| bucket.first.store(ArenaPtr::NULL));
        table.n_buckets.store(n);
        // It pairs with the acquire load of `open`.
        table.buckets.store_release(first);
        Ok(Self { places: Places::new(arena), buckets })
    }

    /// Opens a table for looking only. The arena may be read-only.
    ///
    /// # Errors
    ///
    /// As for [`open`](ArenaHashMap::open), of [`Arena::get_ro`] and [`Arena::slice_ro`].
    pub fn open_ro(arena: &Arena, table: ArenaPtr<TableHead>) -> Result<ArenaHashMap<K, V, ReadOnly>, ListError> {
        Self::open_ro_up_to(arena, table, MAX_BUCKETS)
    }

    /// Opens a table for looking only, as [`open_up_to`](Self::open_up_to) does.
    ///
    /// # Errors
    ///
    /// As for [`open_ro`](Self::open_ro).
    pub fn open_ro_up_to(
        arena: &Arena,
        table: ArenaPtr<TableHead>,
        max: usize,
    ) -> Result<ArenaHashMap<K, V, ReadOnly>, ListError> {
        ArenaHashMap::open_any(arena, table, max)
    }
}

/// Looking
impl<K: MapValue, V: MapValue, A: Access> ArenaHashMap<K, V, A> {
    fn open_any(arena: &Arena, table: ArenaPtr<TableHead>, max: usize) -> Result<Self, ListError> {
        let table = arena.get_any::<_, A>(table)?;
        // It pairs with the release store of `init`: the buckets and their number came before it.
        let buckets = table.buckets.load_acquire();
        match bucket_count(table.n_buckets.load())? {
            found if found > max => Err(ListError::TooManyBuckets { found, max }),
            n => Ok(Self { places: Places::new(arena), buckets: arena.slice_any(buckets, n)? }),
        }
    }

    /// Walks over all elements, bucket by bucket. The caller may remove the element that it got
    /// last, but no other. Each item is the mirror of an element, or an error, which ends the walk
    /// over its bucket. The walk goes on with the next bucket.
    ///
    /// The `arena_htab` program of the kernel's own tests does not unlink the elements that it
    /// deletes: its `__list_del` only marks them. So in a table of that program,
    /// [`ListError::ElementRemoved`] hides the rest of the bucket behind each deleted element.
    #[inline]
    pub fn iter(&self) -> Entries<'_, K, V, A> {
        let mut entries = Entries { table: self, walk: None, bucket: 0, rest: self.buckets.iter() };
        entries.go_on(self.places.max_elements());
        entries
    }

    /// Counts the elements, by a walk over all of them.
    ///
    /// # Errors
    ///
    /// The first of the walk: [`ListError::WildPointer`], [`ListError::Cycle`],
    /// [`ListError::ElementRemoved`], [`ListError::WrongBucket`].
    pub fn len(&self) -> Result<usize, ListError> {
        self.iter().try_fold(0, |count, entry| entry.map(|_| count + 1))
    }

    /// Returns whether there is no element, by a load for each bucket up to one that has any.
    pub fn is_empty(&self) -> bool {
        self.buckets.iter().all(|bucket| bucket.first.load_acquire().is_null())
    }

    /// Returns the number of buckets.
    pub fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// Counts the elements, and checks the bucket and the back pointer of each.
    ///
    /// # Errors
    ///
    /// Those of [`len`](Self::len), and [`ListError::BackPointer`].
    pub fn check(&self) -> Result<usize, ListError> {
        self.sum(|walk, bucket| links::check(walk, |entry| self.belongs(bucket, entry)))
    }

    /// Returns the arena that the table is in.
    pub fn arena(&self) -> &Arena {
        self.places.arena()
    }

    /// Refuses an element that is not in the bucket of its hash.
    #[inline]
    fn belongs(&self, bucket: usize, entry: &TableEntryShared<K, V, A>) -> Result<(), ListError> {
        let hash = entry.hash.load().cast_unsigned();
        if self.bucket_of(hash) == bucket {
            return Ok(());
        }
        let (type_name, at) = (type_name::<TableEntry<K, V>>(), links::place_of(self.arena(), entry));
        Err(ListError::WrongBucket { type_name, at, hash, bucket })
    }

    /// Returns the number of the bucket for a hash.
    #[inline]
    fn bucket_of(&self, hash: u32) -> usize {
        hash as usize & (self.buckets.len() - 1)
    }

    #[inline]
    fn bucket(&self, hash: u32) -> &ListHeadShared<A> {
        // SAFETY: all constructors check that the number is a power of two; `bucket_of` is less.
        unsafe { self.buckets.get_unchecked(self.bucket_of(hash)) }
    }

    /// Adds up what `count` returns for each bucket. It is also given the bucket's number.
    fn sum(
        &self,
        count: impl Fn(&mut Walk<'_, InTable<K, V>, A>, usize) -> Result<usize, ListError>,
    ) -> Result<usize, ListError> {
        // All buckets share one budget, since each of them can be made to lead into the same chain.
        let mut left = self.places.max_elements();
        let counts = self.buckets.iter().enumerate().map(|(number, bucket)| {
            let mut walk = Walk::new(&self.places, &bucket.first, left);
            count(&mut walk, number).inspect(|_| left = walk.left())
        });
        counts.sum()
    }
}

/// What a lookup finds: the element's node.
type Found<'a, K, V, A> = Result<Option<Linked<'a, InTable<K, V>, A>>, ListError>;

/// Finding
impl<K: MapValue + Eq, V: MapValue, A: Access> ArenaHashMap<K, V, A> {
    /// Returns the element with this key, whose value is `.value`.
    ///
    /// # Errors
    ///
    /// Those of a walk: [`ListError::WildPointer`], [`ListError::Cycle`],
    /// [`ListError::ElementRemoved`].
    #[inline]
    pub fn get(&self, key: &K) -> Result<Option<&TableEntryShared<K, V, A>>, ListError>
    where
        K: ArenaHash,
    {
        Ok(self.find(key.arena_hash(), key)?.map(|found| found.element()))
    }

    #[inline]
    fn find(&self, hash: u32, key: &K) -> Found<'_, K, V, A> {
        let follower = self.places.direct_follower();
        let mut node = links::load(&self.bucket(hash).first);
        for _ in 0..NEAR {
            let Ok(found) = follower.follow(node.address()) else {
                return if node.is_null() { Ok(None) } else { self.find_from(node, hash, key) };
            };
            if is_of(found.element(), hash, key) {
                return Ok(Some(found));
            }
            node = links::load(&found.node().next);
        }
        self.find_from(node, hash, key)
    }

    /// The same from an element on, where the chain is long or a pointer is not a full address.
    #[inline(never)]
    fn find_from(&self, mut node: ArenaPtr<ListNode>, hash: u32, key: &K) -> Found<'_, K, V, A> {
        let follower = self.places.follower();
        for _ in 0..FIRST_LOOK.min(self.places.max_elements()) {
            let Ok(found) = follower.follow(node.address()) else { break };
            if is_of(found.element(), hash, key) {
                return Ok(Some(found));
            }
            node = links::load(&found.node().next);
        }
        if node.is_null() { Ok(None) } else { self.find_slowly(hash, key) }
    }

    /// The same for a pointer that is not a full address, a very long chain, or an error. It begins
    /// at the start of the chain, so that the fast path need not keep anything for it.
    #[cold]
    #[inline(never)]
    fn find_slowly(&self, hash: u32, key: &K) -> Found<'_, K, V, A> {
        let mut walk = Walk::new(&self.places, &self.bucket(hash).first, self.places.max_elements());
        walk.find(|found| found.as_ref().map_or(true, |found| is_of(found.element(), hash, key))).transpose()
    }
}

/// Returns whether an element has this key with this hash.
#[inline]
fn is_of<K: MapValue + Eq, V: MapValue, A: Access>(entry: &TableEntryShared<K, V, A>, hash: u32, key: &K) -> bool {
    // A key whose number is not a variant of its enum equals no key.
    entry.hash.load().cast_unsigned() == hash && K::__try_load(&entry.key).is_ok_and(|found| found == *key)
}

/// Changing
impl<K: ArenaHash + Eq, V: Storable> ArenaHashMap<K, V> {
    /// Sets the value of a key. If no element has the key, `slot`, which is memory of the caller,
    /// is linked with it. Returns whether `slot` is now in the table.
    ///
    /// ```
    /// # use mapvalue::{Arena, ArenaHashMap};
    /// # let arena = Arena::memfd(1)?;
    /// let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 16)?;
    /// assert!(table.insert(arena.at(1024), 7, 70)?);
    /// assert!(!table.insert(arena.at(2048), 7, 71)?); // the key exists: 2048 is not used
    /// assert_eq!(table.remove(&7)?, Some(arena.at(1024)));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of a walk over the key's bucket; those of [`Arena::get`] for `slot`;
    /// [`ListError::AlreadyLinked`] if its node says that it is in a table or list.
    pub fn insert(&self, slot: ArenaPtr<TableEntry<K, V>>, key: K, value: V) -> Result<bool, ListError> {
        let hash = key.arena_hash();
        if self.set(hash, &key, &value)? {
            return Ok(false);
        }
        links::refuse_linked(&self.places, slot)?;
        self.link(slot, hash, &key, &value).map(|()| true)
    }

    /// Sets the value of a key, with memory from `slots` if the key is new. Returns whether it is.
    ///
    /// # Errors
    ///
    /// Those of the slots and of [`insert`](Self::insert). The memory is given back then.
    pub fn insert_with(&self, mut slots: impl Slots<TableEntry<K, V>>, key: K, value: V) -> Result<bool, Error> {
        let hash = key.arena_hash();
        if self.set(hash, &key, &value)? {
            return Ok(false);
        }
        let taken = Taken::from(&mut slots)?;
        self.link(taken.slot(), hash, &key, &value)?;
        taken.keep();
        Ok(true)
    }

    /// Sets the value of a key that is in the table. Returns whether it is.
    fn set(&self, hash: u32, key: &K, value: &V) -> Result<bool, ListError> {
        let found = self.find(hash, key)?;
        Ok(found.map(|found| V::__store(&found.element().value, value)).is_some())
    }

    fn link(&self, slot: ArenaPtr<TableEntry<K, V>>, hash: u32, key: &K, value: &V) -> Result<(), ListError> {
        links::push(&self.places, &self.bucket(hash).first, slot, |entry| {
            entry.hash.store(hash.cast_signed());
            K::__store(&entry.key, key);
            V::__store(&entry.value, value);
        })
    }
}

/// Removing
impl<K: ArenaHash + Eq, V: MapValue> ArenaHashMap<K, V> {
    /// Takes the element with this key out of the table. Its memory is the caller's again.
    ///
    /// # Errors
    ///
    /// Those of a walk over the key's bucket; [`ListError::NotLinked`] if the element's back
    /// pointer is wrong.
    pub fn remove(&self, key: &K) -> Result<Option<ArenaPtr<TableEntry<K, V>>>, ListError> {
        let Some(found) = self.get(key)? else { return Ok(None) };
        let entry = self.arena().ptr_of(found)?;
        links::remove(&self.places, entry)?;
        Ok(Some(entry))
    }

    /// Removes the element with this key, and gives its memory back. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// As for [`remove`](Self::remove).
    pub fn remove_with(&self, mut slots: impl Slots<TableEntry<K, V>>, key: &K) -> Result<bool, ListError> {
        Ok(self.remove(key)?.map(|slot| slots.give_back(slot)).is_some())
    }
}

impl<K: MapValue, V: MapValue> ArenaHashMap<K, V> {
    /// Makes the table empty, by one store for each bucket. The elements are not touched, and are
    /// the caller's again. Unless they come from [`Slots`], store `ListNode::default()` to their
    /// nodes before [`insert`](Self::insert): those still say that they are in a table.
    pub fn clear(&self) {
        self.buckets.iter().for_each(|bucket| bucket.first.store_release(ArenaPtr::NULL));
    }

    /// Corrects the back pointers that a writer left wrong when it died, as
    /// [`ArenaList::repair`](super::ArenaList::repair) does, by a walk over all; returns how many.
    ///
    /// # Errors
    ///
    /// Those of [`len`](Self::len).
    pub fn repair(&self) -> Result<usize, ListError> {
        self.sum(|walk, bucket| links::repair(walk, |entry| self.belongs(bucket, entry)))
    }
}

impl<K: MapValue, V: MapValue, A: Access> Clone for ArenaHashMap<K, V, A> {
    fn clone(&self) -> Self {
        Self { places: self.places.clone(), buckets: self.buckets.clone() }
    }
}

impl<K: MapValue, V: MapValue, A: Access> fmt::Debug for ArenaHashMap<K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArenaHashMap")
            .field("key", &type_name::<K>())
            .field("value", &type_name::<V>())
            .field("buckets", &self.buckets())
            .finish_non_exhaustive()
    }
}

impl<'a, K: MapValue, V: MapValue, A: Access> IntoIterator for &'a ArenaHashMap<K, V, A> {
    type Item = Result<&'a TableEntryShared<K, V, A>, ListError>;
    type IntoIter = Entries<'a, K, V, A>;

    #[inline]
    fn into_iter(self) -> Entries<'a, K, V, A> {
        self.iter()
    }
}

/// The elements of an [`ArenaHashMap`], and an error for each bucket whose walk it ended.
pub struct Entries<'a, K: MapValue, V: MapValue, A: Access = ReadWrite> {
    table: &'a ArenaHashMap<K, V, A>,
    /// The walk over the elements of one bucket, and that bucket's number.
    walk: Option<Walk<'a, InTable<K, V>, A>>,
    bucket: usize,
    rest: slice::Iter<'a, ListHeadShared<A>>,
}

impl<K: MapValue, V: MapValue, A: Access> Entries<'_, K, V, A> {
    /// Goes on with the next bucket. All buckets share the budget `left`, as in `sum`.
    fn go_on(&mut self, left: u64) {
        self.bucket = self.table.buckets.len() - self.rest.len();
        self.walk = self.rest.next().map(|bucket| Walk::new(&self.table.places, &bucket.first, left));
    }
}

impl<'a, K: MapValue, V: MapValue, A: Access> Iterator for Entries<'a, K, V, A> {
    type Item = Result<&'a TableEntryShared<K, V, A>, ListError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let walk = self.walk.as_mut()?;
            let error = match walk.next().map(|found| found.map(|found| found.element())) {
                Some(Ok(entry)) => match self.table.belongs(self.bucket, entry) {
                    Ok(()) => return Some(Ok(entry)),
                    Err(error) => Some(error),
                },
                Some(Err(error)) => Some(error),
                None => None,
            };
            match walk.left() {
                // There can be no more elements: only errors would follow.
                0 if error.is_some() => self.walk = None,
                left => self.go_on(left),
            }
            if let Some(error) = error {
                return Some(Err(error));
            }
        }
    }
}

impl<K: MapValue, V: MapValue, A: Access> FusedIterator for Entries<'_, K, V, A> {}

impl<K: MapValue, V: MapValue, A: Access> fmt::Debug for Entries<'_, K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("walk", &self.walk)
            .field("buckets_left", &self.rest.len())
            .finish_non_exhaustive()
    }
}
