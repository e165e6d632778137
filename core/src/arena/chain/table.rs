//! [`ArenaHashMap`]: a hash table in an arena, whose buckets are lists.

use std::any::type_name;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::slice;

use crate::arena::chain::links;
use crate::arena::chain::links::{FIRST_LOOK, Walk};
use crate::arena::chain::node::{ListHead, ListHeadShared, ListNode, ListNodeShared};
use crate::arena::chain::places::{Links, Places};
use crate::arena::chain::slots::{Slots, Taken};
use crate::arena::handle::Arena;
use crate::error::{Error, ListError};
use crate::handle::Slice;
use crate::value::{Access, ArenaHash, ArenaPtr, MapValue, ReadOnly, ReadWrite, Storable};

/// A hash table, as memory of the arena holds it: 16 bytes. `struct mv_table` in C.
///
/// ```
/// use mapvalue::arena::TableHead;
/// use mapvalue::{Arena, ArenaHashMap};
///
/// let arena = Arena::memfd(1)?;
/// let head = arena.at::<TableHead>(0);
/// ArenaHashMap::<u32, u64>::init(&arena, head, arena.at(64), 16)?;
/// assert_eq!(arena.get(head)?.n_buckets.load(), 16);
/// assert_eq!(arena.get(head)?.buckets.load(), arena.at(64));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(crate = "crate", rename = "mv_table")]
#[repr(C)]
pub struct TableHead {
    /// The first of the buckets, which lie side by side.
    pub buckets: ArenaPtr<ListHead>,
    /// How many there are: a power of two.
    pub n_buckets: i32,
}

/// An element of a hash table: what `MV_TABLE` declares in C.
///
/// With `i32` for both key and value it is 32 bytes long: `hash` at 0, `key` at 4, `value` at 8,
/// `node` at 16.
///
/// ```
/// use mapvalue::MapValue;
/// use mapvalue::arena::TableEntry;
///
/// let offsets = TableEntry::<i32, i32>::LAYOUT.fields().iter().map(|field| field.offset());
/// assert!(offsets.eq([0, 4, 8, 16]));
/// assert_eq!(size_of::<TableEntry<i32, i32>>(), 32);
/// ```
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(crate = "crate")]
#[repr(C)]
pub struct TableEntry<K, V> {
    /// The hash of the key, which tells the bucket by its low bits.
    pub hash: i32,
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// Its place in the list of its bucket.
    pub node: ListNode,
}

/// A hash table in an arena that Rust and BPF programs look into and change: the layout of the
/// table in the kernel's own test programs, and of `MV_TABLE` in `mapvalue/arena.bpf.h`.
///
/// Elements are [`TableEntry<K, V>`](TableEntry); their memory is the caller's, or comes from
/// [`Slots`]. The hash is [`ArenaHash`], which a BPF program has as well.
///
/// ```
/// use mapvalue::arena::Region;
/// use mapvalue::{Arena, ArenaHashMap};
///
/// let arena = Arena::memfd(16)?; // an arena that BPF programs use, too
/// let mut slots = Region::new(&arena, arena.at(4096), 1000)?;
///
/// // A new one; of a BPF program's: `ArenaHashMap::open(&arena, table)`.
/// let packets: ArenaHashMap<u32, u64> =
///     ArenaHashMap::init(&arena, arena.at(0), arena.at(64), 256)?;
/// packets.insert_with(&mut slots, 0x0a00_0001, 5)?;
///
/// let found = packets.get(&0x0a00_0001)?.expect("it was just inserted");
/// found.value.fetch_add(1); // in place, as a BPF program does it
/// assert_eq!(packets.iter().map(|entry| entry.map(|entry| entry.value.load())).sum::<Result<u64, _>>()?, 6);
///
/// assert!(packets.remove_with(&mut slots, &0x0a00_0001)?);
/// assert!(packets.get(&0x0a00_0001)?.is_none());
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// # Who may do what at the same time
///
/// | | beside a writer | |
/// |---|---|---|
/// | `open` | yes, once the table is set up | acquire load of `buckets` |
/// | `get`, `iter`, `len` | yes | may miss an element that is being added or removed, and end with [`ListError::ElementRemoved`] when the element that it stands on is removed: try again |
/// | loads, stores and atomic operations on a `value` that was found | yes | each leaf is whole, two leaves may be of two moments. If the element is removed and its memory used again, they meet the new one |
/// | `insert`, `insert_with`, `remove`, `remove_with`, `clear` | no | one writer at a time, on whichever side. Nothing here locks |
/// | `init` | no | nobody may use the table yet |
/// | `check`, `repair` | no | |
///
/// Whatever others write, a lookup stays inside of the arena, reads no torn leaf, and ends, as said
/// at [`ArenaList`](super::ArenaList); so does what is said there of several writers, and of
/// writers that die. Where the buckets are, and how many, is looked up when the table is opened,
/// and is as it was then for as long as the handle lives.
pub struct ArenaHashMap<K: MapValue, V: MapValue, A: Access = ReadWrite> {
    places: Places<InTable<K, V>, A>,
    buckets: Slice<ListHead, A>,
}

/// The elements of a table.
struct InTable<K, V>(PhantomData<(K, V)>);

impl<K: MapValue, V: MapValue> Links for InTable<K, V> {
    type Element = TableEntry<K, V>;

    const NODE: usize = std::mem::offset_of!(TableEntry<K, V>, node);

    #[inline]
    fn node<A: Access>(element: &TableEntryShared<K, V, A>) -> &ListNodeShared<A> {
        &element.node
    }
}

/// How many elements of a chain a lookup looks at without counting them: in a table with as many
/// buckets as elements, one chain in 250 is longer.
const NEAR: usize = 4;

/// The most buckets that a table is opened with, unless the caller says another number: 8 MiB of
/// them.
const MAX_BUCKETS: usize = 1 << 20;

/// The number of buckets of a table that somebody has set up, if it is no more than `max`.
fn no_more_than(max: usize, found: i32) -> Result<usize, ListError> {
    match bucket_count(found)? {
        found if found > max => Err(ListError::TooManyBuckets { found, max }),
        n => Ok(n),
    }
}

/// A number of buckets that there can be.
fn bucket_count(n: i32) -> Result<usize, ListError> {
    usize::try_from(n).ok().filter(|n| n.is_power_of_two()).ok_or(ListError::BucketCount { found: n })
}

impl<K: MapValue, V: MapValue> ArenaHashMap<K, V> {
    /// The table at `table`, which has been set up by [`init`](Self::init), or by a BPF program.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaHashMap};
    ///
    /// let arena = Arena::memfd(1)?;
    /// let ours = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 16)?;
    /// let theirs = ArenaHashMap::<u32, u64>::open(&arena, arena.at(0))?;
    /// assert!(ours.insert(arena.at(1024), 7, 70)?);
    /// assert_eq!(theirs.get(&7)?.map(|entry| entry.value.load()), Some(70));
    /// assert_eq!(theirs.buckets(), 16);
    /// assert!(ArenaHashMap::<u32, u64>::open(&arena, arena.at(2048)).is_err()); // zeros are no table
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Arena::get`] for `table`, [`ListError::BucketCount`] if the number of buckets is
    /// no power of two, [`ListError::TooManyBuckets`] if it is more than 2^20
    /// ([`open_up_to`](Self::open_up_to) takes more), those of [`Arena::slice`] for the buckets.
    pub fn open(arena: &Arena, table: ArenaPtr<TableHead>) -> Result<Self, ListError> {
        Self::open_up_to(arena, table, MAX_BUCKETS)
    }

    /// The table at `table`, if it has no more than `max` buckets.
    ///
    /// The number of buckets is in memory that others write. Whoever forges it decides how long
    /// [`iter`](Self::iter), [`len`](Self::len), [`is_empty`](Self::is_empty) and
    /// [`clear`](Self::clear) take, and how many pages they make: each bucket is 8 bytes, and a
    /// page that is not there is made when it is read. (2^28 buckets in an arena of 4 GiB are 2 GiB
    /// of pages, and many seconds.) So give the number that the table is known to have.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaHashMap, Error, ListError};
    ///
    /// let arena = Arena::memfd(16)?;
    /// ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 64)?;
    /// let table = ArenaHashMap::<u32, u64>::open_up_to(&arena, arena.at(0), 64)?;
    /// assert_eq!(table.buckets(), 64);
    /// let error = ArenaHashMap::<u32, u64>::open_up_to(&arena, arena.at(0), 32).unwrap_err();
    /// assert!(matches!(error, ListError::TooManyBuckets { found: 64, max: 32 }));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_up_to(arena: &Arena, table: ArenaPtr<TableHead>, max: usize) -> Result<Self, ListError> {
        let table = arena.get(table)?;
        // What was written before the pointer: the number of buckets, and the buckets. It pairs
        // with the release store of `init`.
        let buckets = table.buckets.load_acquire();
        let buckets = arena.slice(buckets, no_more_than(max, table.n_buckets.load())?)?;
        Ok(Self { places: Places::new(arena), buckets })
    }

    /// Makes an empty table of `n` buckets, whose memory the caller got: 16 bytes at `table`, and 8
    /// for each bucket. `n` is a power of two.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaHashMap, Error, ListError};
    ///
    /// let arena = Arena::memfd(1)?;
    /// // The table at 0, its 16 buckets of 8 bytes from 64 on, and elements anywhere else.
    /// let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 16)?;
    /// assert!(table.is_empty());
    /// let wrong = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 15);
    /// assert!(matches!(wrong, Err(ListError::BucketCount { found: 15 })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Arena::get`] for `table`, [`ListError::BucketCount`], those of [`Arena::slice`]
    /// for the buckets.
    pub fn init(
        arena: &Arena,
        table: ArenaPtr<TableHead>,
        buckets: ArenaPtr<ListHead>,
        n: u32,
    ) -> Result<Self, ListError> {
        let table = arena.get(table)?;
        let n = i32::try_from(n).map_err(|_| ListError::BucketCount { found: n.cast_signed() })?;
        let slice = arena.slice(buckets, bucket_count(n)?)?;
        slice.iter().for_each(|bucket| bucket.first.store(ArenaPtr::NULL));
        table.n_buckets.store(n);
        // It pairs with the acquire load of `open`.
        table.buckets.store_release(arena.full(buckets));
        Ok(Self { places: Places::new(arena), buckets: slice })
    }

    /// The table at `table`, for looking only; the arena may be read-only or not.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaHashMap};
    ///
    /// let arena = Arena::memfd(1)?;
    /// let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 16)?;
    /// table.insert(arena.at(1024), 7, 70)?;
    /// let view = ArenaHashMap::<u32, u64>::open_ro(&arena, arena.at(0))?;
    /// assert_eq!(view.get(&7)?.map(|entry| entry.value.load()), Some(70));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`open`](ArenaHashMap::open), of [`Arena::get_ro`] and [`Arena::slice_ro`].
    pub fn open_ro(arena: &Arena, table: ArenaPtr<TableHead>) -> Result<ArenaHashMap<K, V, ReadOnly>, ListError> {
        Self::open_ro_up_to(arena, table, MAX_BUCKETS)
    }

    /// The table at `table`, for looking only, if it has no more than `max` buckets: see
    /// [`open_up_to`](Self::open_up_to).
    ///
    /// # Errors
    ///
    /// As [`open_ro`](Self::open_ro).
    pub fn open_ro_up_to(
        arena: &Arena,
        table: ArenaPtr<TableHead>,
        max: usize,
    ) -> Result<ArenaHashMap<K, V, ReadOnly>, ListError> {
        let table = arena.get_ro(table)?;
        let buckets = table.buckets.load_acquire();
        let buckets = arena.slice_ro(buckets, no_more_than(max, table.n_buckets.load())?)?;
        Ok(ArenaHashMap { places: Places::new(arena), buckets })
    }
}

/// Looking.
impl<K: MapValue, V: MapValue, A: Access> ArenaHashMap<K, V, A> {
    /// The element with this key: its value is `.value`.
    ///
    /// # Errors
    ///
    /// Those of a walk: [`ListError::WildPointer`], [`ListError::Cycle`],
    /// [`ListError::ElementRemoved`].
    #[inline]
    pub fn get(&self, key: &K) -> Result<Option<&TableEntryShared<K, V, A>>, ListError>
    where
        K: ArenaHash + Eq,
    {
        self.find(key.arena_hash(), key)
    }

    /// All elements, bucket by bucket. The caller may remove the element that it was given last,
    /// but no other.
    ///
    /// Each is an error or the mirror of an element. An error ends the walk over its bucket; the
    /// next bucket follows. (The `arena_htab` program among the kernel's own tests never unlinks an
    /// element that it deletes: its `__list_del` only marks it. Of a table of that program,
    /// [`ListError::ElementRemoved`] is all there is of a bucket behind such an element.)
    #[inline]
    pub fn iter(&self) -> Entries<'_, K, V, A> {
        let mut entries = Entries { table: self, walk: None, bucket: 0, rest: self.buckets.iter() };
        entries.go_on(self.places.room());
        entries
    }

    /// How many elements there are, found by a walk over all of them.
    ///
    /// # Errors
    ///
    /// Those of a walk, which ends with the first: [`ListError::WildPointer`],
    /// [`ListError::Cycle`], [`ListError::ElementRemoved`], [`ListError::WrongBucket`].
    pub fn len(&self) -> Result<usize, ListError> {
        self.iter().try_fold(0, |count, entry| entry.map(|_| count + 1))
    }

    /// Whether there is no element: one load for each bucket, up to one that has an element.
    pub fn is_empty(&self) -> bool {
        self.buckets.iter().all(|bucket| bucket.first.load_acquire().is_null())
    }

    /// How many buckets there are.
    pub fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// How many elements there are, with the back pointer of each checked.
    ///
    /// # Errors
    ///
    /// Those of a walk, and [`ListError::BackPointer`].
    pub fn check(&self) -> Result<usize, ListError> {
        self.sum(|walk, _| links::check(walk))
    }

    /// The arena that it lies in.
    pub fn arena(&self) -> &Arena {
        self.places.arena()
    }

    /// Whether an element belongs into this bucket, by its hash.
    #[inline]
    fn is_in(&self, bucket: usize, entry: &TableEntryShared<K, V, A>) -> bool {
        entry.hash.load().cast_unsigned() as usize & (self.buckets.len() - 1) == bucket
    }

    /// The error for an element that does not.
    #[cold]
    #[inline(never)]
    fn astray(&self, bucket: usize, entry: &TableEntryShared<K, V, A>) -> ListError {
        let (hash, at) = (entry.hash.load().cast_unsigned(), links::place_of(self.arena(), entry));
        ListError::WrongBucket { type_name: type_name::<TableEntry<K, V>>(), at, hash, bucket }
    }

    #[inline]
    fn bucket(&self, hash: u32) -> &ListHeadShared<A> {
        // The number of buckets is a power of two (`bucket_count`).
        &self.buckets[hash as usize & (self.buckets.len() - 1)]
    }

    /// The sum of what each bucket counts. `count` is given the number of the bucket, too.
    fn sum(
        &self,
        count: impl Fn(&mut Walk<'_, InTable<K, V>, A>, usize) -> Result<usize, ListError>,
    ) -> Result<usize, ListError> {
        // All of them share one budget: they may be made to lead into one chain, each of them.
        let (mut sum, mut left) = (0, self.places.room());
        for (number, bucket) in self.buckets.iter().enumerate() {
            let mut walk = Walk::with_budget(&self.places, &bucket.first, left);
            sum += count(&mut walk, number)?;
            left = walk.left();
        }
        Ok(sum)
    }

    /// The element that has the key.
    #[inline]
    fn find(&self, hash: u32, key: &K) -> Result<Option<&TableEntryShared<K, V, A>>, ListError>
    where
        K: Eq,
    {
        let view = self.places.direct_view();
        let mut node = links::load(&self.bucket(hash).first);
        for _ in 0..NEAR {
            let Ok(entry) = view.follow(node.address()) else {
                return if node.is_null() { Ok(None) } else { self.find_from(node, hash, key) };
            };
            if is_of(entry, hash, key) {
                return Ok(Some(entry));
            }
            node = links::load(&entry.node.next);
        }
        self.find_from(node, hash, key)
    }

    /// The same from one element of the chain on, where the chain is long, or a pointer is no
    /// address.
    #[inline(never)]
    fn find_from(
        &self,
        mut node: ArenaPtr<ListNode>,
        hash: u32,
        key: &K,
    ) -> Result<Option<&TableEntryShared<K, V, A>>, ListError>
    where
        K: Eq,
    {
        let view = self.places.view();
        for _ in 0..FIRST_LOOK.min(self.places.room()) {
            let Ok(entry) = view.follow(node.address()) else { break };
            if is_of(entry, hash, key) {
                return Ok(Some(entry));
            }
            node = links::load(&entry.node.next);
        }
        if node.is_null() { Ok(None) } else { self.find_slowly(hash, key) }
    }

    /// The same, where a pointer is no full address, a chain is very long, or something is wrong.
    /// From the start, so that nothing must be kept for it.
    #[cold]
    #[inline(never)]
    fn find_slowly(&self, hash: u32, key: &K) -> Result<Option<&TableEntryShared<K, V, A>>, ListError>
    where
        K: Eq,
    {
        let mut walk = Walk::new(&self.places, &self.bucket(hash).first);
        walk.find(|entry| entry.as_ref().map_or(true, |entry| is_of(entry, hash, key))).transpose()
    }
}

/// Whether an element has the key, of which this is the hash.
#[inline]
fn is_of<K: MapValue + Eq, V: MapValue, A: Access>(entry: &TableEntryShared<K, V, A>, hash: u32, key: &K) -> bool {
    // A key with a number in it that is no variant of its enum is equal to none.
    entry.hash.load().cast_unsigned() == hash && K::__try_load(&entry.key).is_ok_and(|found| found == *key)
}

/// Changing it.
impl<K: MapValue + ArenaHash + Eq, V: MapValue> ArenaHashMap<K, V> {
    /// Gives the key a value: in the element that has it, or else in `slot`, memory that the caller
    /// got, which is linked with it. True if `slot` is in the table now, false if it was not
    /// needed.
    ///
    /// ```
    /// # use mapvalue::{Arena, ArenaHashMap};
    /// # let arena = Arena::memfd(1)?;
    /// let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 16)?;
    /// assert!(table.insert(arena.at(1024), 7, 70)?);
    /// assert!(!table.insert(arena.at(2048), 7, 71)?); // the key has an element: 2048 is still the caller's
    /// assert_eq!(table.get(&7)?.map(|entry| entry.value.load()), Some(71));
    /// assert_eq!(table.remove(&7)?, Some(arena.at(1024)));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of a walk over the key's bucket, those of [`Arena::get`] for `slot`,
    /// [`ListError::AlreadyLinked`] if its node says that it is in a table or list.
    pub fn insert(&self, slot: ArenaPtr<TableEntry<K, V>>, key: K, value: V) -> Result<bool, ListError>
    where
        V: Storable,
    {
        let hash = key.arena_hash();
        if let Some(found) = self.find(hash, &key)? {
            V::__store(&found.value, &value);
            return Ok(false);
        }
        links::refuse_linked(&self.places, slot)?;
        self.link(slot, hash, &key, &value).map(|()| true)
    }

    /// Gives the key a value, with memory from `slots` if it is a new one. True if it is.
    ///
    /// # Errors
    ///
    /// Those of the slots, and of [`insert`](Self::insert); the memory is given back then.
    pub fn insert_with(&self, mut slots: impl Slots<TableEntry<K, V>>, key: K, value: V) -> Result<bool, Error>
    where
        V: Storable,
    {
        let hash = key.arena_hash();
        if let Some(found) = self.find(hash, &key)? {
            V::__store(&found.value, &value);
            return Ok(false);
        }
        let taken = Taken::from(&mut slots)?;
        self.link(taken.slot(), hash, &key, &value)?;
        taken.keep();
        Ok(true)
    }

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

    /// Takes the element with this key out of the table, and gives its memory back. True if there
    /// was one.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove).
    pub fn remove_with(&self, mut slots: impl Slots<TableEntry<K, V>>, key: &K) -> Result<bool, ListError> {
        let removed = self.remove(key)?;
        if let Some(slot) = removed {
            slots.give_back(slot);
        }
        Ok(removed.is_some())
    }

    fn link(&self, slot: ArenaPtr<TableEntry<K, V>>, hash: u32, key: &K, value: &V) -> Result<(), ListError>
    where
        V: Storable,
    {
        links::push(&self.places, &self.bucket(hash).first, slot, |entry| {
            entry.hash.store(hash.cast_signed());
            K::__store(&entry.key, key);
            V::__store(&entry.value, value);
        })
    }
}

impl<K: MapValue, V: MapValue> ArenaHashMap<K, V> {
    /// Makes the table empty: one store for each bucket. The elements are not touched, and are the
    /// caller's again. (Their nodes still say that they are in a table: before
    /// [`insert`](Self::insert) of one, store `ListNode::default()` there. Those of [`Slots`] need
    /// nothing.)
    ///
    /// ```
    /// # use mapvalue::{Arena, ArenaHashMap};
    /// # let arena = Arena::memfd(1)?;
    /// let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 16)?;
    /// table.insert(arena.at(1024), 7, 70)?;
    /// assert_eq!((table.len()?, table.check()?), (1, 1));
    /// table.clear();
    /// assert_eq!(table.len()?, 0);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn clear(&self) {
        self.buckets.iter().for_each(|bucket| bucket.first.store_release(ArenaPtr::NULL));
    }

    /// Mends the back pointers, which a writer that died in the middle may have left wrong, by a
    /// walk over all elements; how many were wrong.
    ///
    /// ```
    /// # use mapvalue::arena::TableEntry;
    /// # use mapvalue::{Arena, ArenaHashMap, ArenaPtr};
    /// # let arena = Arena::memfd(1)?;
    /// let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 16)?;
    /// table.insert(arena.at(1024), 7, 70)?;
    /// arena.get(arena.at::<TableEntry<u32, u64>>(1024))?.node.pprev.store(ArenaPtr::null()); // as if its writer had died
    /// assert!(table.check().is_err());
    /// assert_eq!((table.repair()?, table.check()?), (1, 1));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of a walk.
    pub fn repair(&self) -> Result<usize, ListError> {
        self.sum(|walk, bucket| {
            links::repair(
                walk,
                |entry| if self.is_in(bucket, entry) { Ok(()) } else { Err(self.astray(bucket, entry)) },
            )
        })
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

/// The elements of an [`ArenaHashMap`].
///
/// ```
/// use mapvalue::{Arena, ArenaHashMap};
///
/// let arena = Arena::memfd(1)?;
/// let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 16)?;
/// table.insert(arena.at(1024), 7, 70)?;
/// for entry in &table {
///     let entry = entry?;
///     assert_eq!((entry.key.load(), entry.value.load()), (7, 70));
/// }
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Entries<'a, K: MapValue, V: MapValue, A: Access = ReadWrite> {
    table: &'a ArenaHashMap<K, V, A>,
    /// The walk over the elements of one bucket, and the number of that.
    walk: Option<Walk<'a, InTable<K, V>, A>>,
    bucket: usize,
    rest: slice::Iter<'a, ListHeadShared<A>>,
}

impl<K: MapValue, V: MapValue, A: Access> Entries<'_, K, V, A> {
    /// Goes on with the next bucket. All share the budget, as in `sum`.
    fn go_on(&mut self, left: u64) {
        self.bucket = self.table.buckets.len() - self.rest.len();
        self.walk = self.rest.next().map(|bucket| Walk::with_budget(&self.table.places, &bucket.first, left));
    }
}

impl<'a, K: MapValue, V: MapValue, A: Access> Iterator for Entries<'a, K, V, A> {
    type Item = Result<&'a TableEntryShared<K, V, A>, ListError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let walk = self.walk.as_mut()?;
            let error = match walk.next() {
                Some(Ok(entry)) if self.table.is_in(self.bucket, entry) => return Some(Ok(entry)),
                Some(Ok(entry)) => Some(self.table.astray(self.bucket, entry)),
                Some(Err(error)) => Some(error),
                None => None,
            };
            let left = walk.left();
            match error {
                // There can be no more elements: the rest would be errors alone.
                Some(error) if left == 0 => {
                    self.walk = None;
                    return Some(Err(error));
                }
                Some(error) => {
                    self.go_on(left);
                    return Some(Err(error));
                }
                None => self.go_on(left),
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
