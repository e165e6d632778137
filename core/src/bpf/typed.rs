//! [`TypedMap`]: a map's keys and values as Rust types, moved by system calls. [`MapEntry`]: what
//! it can have for a key.

use std::any::type_name;
use std::borrow::Borrow;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;

#[cfg(doc)]
use crate::{Layout, PerCpu};

use crate::bpf::elements::{Elements, Update};
use crate::bpf::info::MapInfo;
use crate::bpf::pin::{open_id, open_pin};
use crate::bpf::types::{TypeCheck, Types};
use crate::bpf::walk::{ElementWalk, KeyWalk};
use crate::btf::Btf;
use crate::error::{BtfError, ElementError, MapType};
#[cfg(doc)]
use crate::error::{MapError, PlaceError, SystemError, ValueError};
use crate::value::codec;
use crate::value::{MapValue, Storable};

/// The bytes of entries that one call for a batch sets.
const BATCH_BYTES: usize = 1 << 20;

/// What a [`TypedMap`] has for a key: a [`MapValue`], or in a per-CPU map a [`PerCpu`] of them.
///
/// Nothing else implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a map has for a key",
    label = "neither a `MapValue` nor a `PerCpu` of one",
    note = "if `{Self}` is a type of yours, add `#[derive(MapValue)]` and `#[repr(C)]` to it; in a per-CPU map, write `PerCpu<Value>`"
)]
pub trait MapEntry: Sized + sealed::Held {
    /// The value that the map's types describe: `Self`, or that of one CPU.
    type Value: MapValue;
    #[doc(hidden)]
    const PER_CPU: bool;

    /// Decodes what `fill` writes to a buffer of `room` bytes, if it returns true.
    #[doc(hidden)]
    fn __filled(
        room: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<bool, ElementError>,
    ) -> Result<Option<Self>, ElementError>;
    #[doc(hidden)]
    fn __decode(bytes: &[u8]) -> Result<Self, ElementError>;
    #[doc(hidden)]
    fn __with_bytes<R>(&self, then: impl FnOnce(&[u8]) -> R) -> R
    where
        Self::Value: Storable;
}

pub(crate) mod sealed {
    pub trait Held {}
}

#[diagnostic::do_not_recommend]
impl<T: MapValue> sealed::Held for T {}

#[diagnostic::do_not_recommend]
impl<T: MapValue> MapEntry for T {
    type Value = T;
    const PER_CPU: bool = false;

    fn __filled(
        _: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<bool, ElementError>,
    ) -> Result<Option<Self>, ElementError> {
        let mut found = Ok(false);
        let value = codec::decode_from(|buffer| found = fill(buffer));
        Ok(if found? { Some(value?) } else { None })
    }

    fn __decode(bytes: &[u8]) -> Result<Self, ElementError> {
        Ok(T::from_bytes(bytes)?)
    }

    fn __with_bytes<R>(&self, then: impl FnOnce(&[u8]) -> R) -> R
    where
        T: Storable,
    {
        codec::with_bytes(self, then)
    }
}

/// A map with keys of type `K` and values of type `V`, which system calls look up and update.
///
/// It is for maps that are never mapped (hash, `lru_hash`, `lpm_trie`), and for arrays that are not
/// mmapable. The key of an array is a `u32`. A per-CPU map (`percpu_hash`, `lru_percpu_hash`,
/// `percpu_array`, `percpu_cgroup_storage`) has a [`PerCpu<V>`](PerCpu) for each key.
///
/// The kernel copies a value while programs run, and a value is as coherent as that copy. If the
/// entry is removed meanwhile, its memory may already be another entry's, and so may the value. An
/// update replaces the whole value, and so also what a program wrote to a field since a lookup.
///
/// Keys and values are encoded as by [`to_bytes`](MapValue::to_bytes), with padding zeroed. They
/// are decoded as by [`from_bytes`](MapValue::from_bytes), with the same errors. (To the kernel a
/// key is its bytes, so a BPF program too must zero the padding of its keys.)
///
/// A system call costs hundreds of loads. Where an array can be mapped, prefer
/// [`Array`](crate::Array), or [`AnyArray`](crate::AnyArray), which takes the better way. Linux
/// 4.13 is needed, and batches go in one system call since 5.6.
///
/// It holds a descriptor of its own, and is `Send + Sync + 'static`. A clone is another handle to
/// the same map.
///
/// ```no_run
/// use mapvalue::MapValue;
/// use mapvalue::bpf::{TypedMap, Update};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Flow {
///     packets: u64,
///     bytes: u64,
/// }
///
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// // An error unless sizes and, if the map has BTF, layouts are as here.
/// let flows: TypedMap<u32, Flow> = TypedMap::from_map(&fd)?;
/// if let Some(flow) = flows.lookup(&0x0a00_0001)? {
///     println!("{} packets", flow.packets);
/// }
/// flows.update(&0x0a00_0002, &Flow { packets: 0, bytes: 0 }, Update::IfAbsent)?;
/// for entry in flows.entries() {
///     let (address, flow) = entry?;
///     println!("{address:x}: {} bytes", flow.bytes);
/// }
/// # Ok(())
/// # }
///
/// # use mapvalue::PerCpu;
/// # fn per_cpu(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// // A per-CPU hash table.
/// let counts: TypedMap<u32, PerCpu<u64>> = TypedMap::from_map(&fd)?;
/// for entry in counts.entries() {
///     let (address, count) = entry?;
///     println!("{address:x}: {} in all, {} on CPU 0", count.sum(), count[0]);
/// }
/// counts.update(&0x0a00_0001, &PerCpu::from_fn(|_| 0)?, Update::Always)?; // on all CPUs
/// # Ok(())
/// # }
/// ```
#[doc(alias("hash_map", "HashMap", "lru", "percpu"))]
pub struct TypedMap<K, V> {
    elements: Arc<Elements>,
    types: TypeCheck,
    marker: PhantomData<fn(K) -> V>,
}

/// Constructors
impl<K: MapValue + Storable, V: MapEntry> TypedMap<K, V> {
    /// Opens the map behind a descriptor, which is duplicated (Linux 4.13).
    ///
    /// `map` is anything with a map's descriptor: the fd of an aya `MapData`, a libbpf-rs
    /// `MapHandle`, an `OwnedFd`.
    ///
    /// The sizes of `K` and `V` must be those of the map. If the map has BTF, their layouts must be
    /// those of its types ([`Layout::check`]). The key of an array is its index, whatever BTF calls
    /// it. [`type_check`](Self::type_check) returns whether there were types to compare with.
    ///
    /// ```no_run
    /// use mapvalue::TypeCheck;
    /// use mapvalue::bpf::TypedMap;
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let flows: TypedMap<u32, u64> = TypedMap::from_map(&fd)?;
    /// assert_eq!(flows.type_check(), TypeCheck::Matches); // the map has types, and they are these
    /// println!("`{}` has room for {} entries", flows.name(), flows.max_entries());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::KeySize`], [`PlaceError::ValueSize`], [`BtfError::LayoutMismatch`] with all
    /// differences, [`MapError::NoLookups`] for a map of another type,
    /// [`ElementError::PerCpuValues`] for a per-CPU map if `V` is not a [`PerCpu`],
    /// [`ElementError::NotPerCpu`] for another map if it is, [`SystemError::NoPossibleCpus`],
    /// [`SystemError::BadDescriptor`], [`MapError::NotAMap`], [`SystemError::PermissionDenied`],
    /// [`SystemError::Os`].
    pub fn from_map(map: impl AsFd) -> Result<Self, ElementError> {
        Self::open(map.as_fd(), |info| Types::if_any(info.types()))
    }

    /// Opens the map and compares `K` and `V` with types from elsewhere: the BTF of the object file
    /// that it was created from (Linux 4.13).
    ///
    /// It takes no `CAP_SYS_ADMIN`. The map's definition is found by the map's name.
    ///
    /// ```no_run
    /// use mapvalue::Btf;
    /// use mapvalue::bpf::TypedMap;
    ///
    /// # fn open(fd: std::os::fd::OwnedFd, object: &[u8]) -> Result<(), mapvalue::Error> {
    /// let btf = Btf::from_object(object)?; // the bytes that the loader was given
    /// let flows: TypedMap<u32, u64> = TypedMap::from_map_with_btf(&fd, &btf)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`BtfError::ForeignMap`], [`BtfError::Untyped`], and those of [`from_map`](Self::from_map).
    pub fn from_map_with_btf(map: impl AsFd, btf: &Btf) -> Result<Self, ElementError> {
        Self::open(map.as_fd(), |info| Types::in_object(info, btf))
    }

    pub(crate) fn open(
        map: BorrowedFd<'_>,
        types: impl FnOnce(&MapInfo) -> Result<Types, BtfError>,
    ) -> Result<Self, ElementError> {
        let elements = Elements::of(map)?;
        elements.check_per_cpu(V::PER_CPU)?;
        elements.check_key_size(type_name::<K>(), K::LAYOUT.size())?;
        elements.check_value_size(type_name::<V::Value>(), V::Value::LAYOUT.size())?;
        let key = (!elements.is_array()).then_some(&K::LAYOUT);
        let types = types(&elements.info)?.check(key, &V::Value::LAYOUT)?;
        Ok(Self { elements: Arc::new(elements), types, marker: PhantomData })
    }

    /// Opens the map that is pinned at a path in a BPF file system (Linux 4.13).
    ///
    /// # Errors
    ///
    /// Those of [`open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self, ElementError> {
        Self::from_map(open_pin(path)?)
    }

    /// Opens the map of this number, [`MapInfo::id`] (Linux 4.13).
    ///
    /// # Errors
    ///
    /// Those of [`open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Self, ElementError> {
        Self::from_map(open_id(id)?)
    }
}

/// Accessors
impl<K, V> TypedMap<K, V> {
    /// Returns whether the layouts of `K` and `V` were compared with the map's own types.
    pub fn type_check(&self) -> TypeCheck {
        self.types
    }

    /// Returns how many entries the map can have. An array always has that many.
    pub fn max_entries(&self) -> u32 {
        self.elements.info.max_entries
    }

    /// Returns the map's type.
    pub fn map_type(&self) -> MapType {
        self.elements.info.map_type
    }

    /// Returns the map's name as the kernel has it: at most 15 characters.
    pub fn name(&self) -> &str {
        self.elements.info.name.as_str()
    }
}

/// Single entries
impl<K: MapValue + Storable, V: MapEntry> TypedMap<K, V> {
    /// Looks up a key; `None` if there is no such key, or if an array ends before it.
    ///
    /// ```no_run
    /// # fn open(flows: mapvalue::bpf::TypedMap<u32, u64>) -> Result<(), mapvalue::Error> {
    /// assert_eq!(flows.lookup(&7)?, None);
    /// flows.update(&7, &70, Default::default())?;
    /// assert_eq!(flows.lookup(&7)?, Some(70));
    /// assert!(flows.remove(&7)? && !flows.remove(&7)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueError::InvalidValue`] if an enum inside holds a number that is not one of its
    /// variants, [`MapError::WriteOnlyDescriptor`] if the descriptor was opened with
    /// `BPF_F_WRONLY`, [`SystemError::Os`].
    pub fn lookup(&self, key: &K) -> Result<Option<V>, ElementError> {
        V::__filled(self.elements.room(), |buffer| codec::with_bytes(key, |key| self.elements.lookup(key, buffer)))
    }

    /// Looks up a key and removes it; `None` if there is no such key.
    ///
    /// In a hash table this is one step (`BPF_MAP_LOOKUP_AND_DELETE_ELEM`, Linux 5.14): of several
    /// that take a key, one gets the value. In an `lpm_trie`, and before Linux 5.14, it is a lookup
    /// and a removal, and an update between these is lost. What a program adds to a value that it
    /// looked up before is lost either way.
    ///
    /// ```no_run
    /// # fn open(flows: mapvalue::bpf::TypedMap<u32, u64>) -> Result<(), mapvalue::Error> {
    /// flows.update(&7, &70, Default::default())?;
    /// assert_eq!((flows.take(&7)?, flows.take(&7)?), (Some(70), None));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`lookup`](Self::lookup) and [`remove`](Self::remove). If a value is invalid, it is
    /// removed all the same.
    #[doc(alias("lookup_and_delete", "pop"))]
    pub fn take(&self, key: &K) -> Result<Option<V>, ElementError> {
        V::__filled(self.elements.room(), |buffer| codec::with_bytes(key, |key| self.elements.take(key, buffer)))
    }

    /// Sets the value of a key, as [`Update`] shows; in a per-CPU map, those of all CPUs.
    ///
    /// (To change the value of one CPU, look all up, change it by [`PerCpu::get_mut`], and update
    /// all. What other CPUs write meanwhile is lost.)
    ///
    /// # Errors
    ///
    /// [`ElementError::KeyExists`] or [`ElementError::NoSuchKey`] as `how` asks,
    /// [`ElementError::Full`], [`PlaceError::IndexOutOfRange`] for an array,
    /// [`ElementError::NotWritable`] if the map is frozen or the descriptor was opened with
    /// `BPF_F_RDONLY`, [`SystemError::Os`].
    pub fn update(&self, key: &K, value: &V, how: Update) -> Result<(), ElementError>
    where
        V::Value: Storable,
    {
        codec::with_bytes(key, |key| value.__with_bytes(|value| self.elements.update(key, value, how)))
    }

    /// Removes a key. Returns false if there was none.
    ///
    /// # Errors
    ///
    /// [`ElementError::NotRemovable`] for an array, [`ElementError::NotWritable`],
    /// [`SystemError::Os`].
    pub fn remove(&self, key: &K) -> Result<bool, ElementError> {
        codec::with_bytes(key, |key| self.elements.remove(key))
    }
}

/// All entries
impl<K: MapValue + Storable, V: MapEntry> TypedMap<K, V> {
    /// Iterates over the keys, with one system call for each.
    ///
    /// While others insert and remove keys, a key may be left out or come twice: the kernel gives
    /// the key after a given one, and begins anew if that one is gone. If the walk does not end
    /// because of them, [`ElementError::Changing`] ends it. A [`ValueError::InvalidValue`] is about
    /// one key, and the others come after it. Any other error is the end. To remove keys on the
    /// way, use [`retain`](Self::retain) or [`drain`](Self::drain).
    ///
    /// ```no_run
    /// # fn open(flows: mapvalue::bpf::TypedMap<u32, u64>) -> Result<(), mapvalue::Error> {
    /// let addresses: Vec<u32> = flows.keys().collect::<Result<_, _>>()?;
    /// println!("{} flows", addresses.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn keys(&self) -> Keys<'_, K> {
        Keys { walk: Some(KeyWalk::new(&self.elements)), marker: PhantomData }
    }

    /// Iterates over the keys with their values, many in one system call.
    ///
    /// (`BPF_MAP_LOOKUP_BATCH`, Linux 5.6; for `lpm_trie` 5.14. Where the kernel has no batches,
    /// each entry takes its own calls.)
    ///
    /// About 64 KiB of entries may be fetched ahead of time. While others insert and remove keys,
    /// the same holds as for [`keys`](Self::keys). But a walk over a hash table in batches meets
    /// each entry that stays in the table exactly once.
    ///
    /// ```no_run
    /// # fn open(flows: mapvalue::bpf::TypedMap<u32, u64>) -> Result<(), mapvalue::Error> {
    /// let all: std::collections::HashMap<u32, u64> =
    ///     flows.entries().collect::<Result<_, _>>()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn entries(&self) -> Entries<'_, K, V> {
        Entries { walk: Some(ElementWalk::new(&self.elements, false)), marker: PhantomData }
    }

    /// Removes all entries, and iterates over them, many in one system call.
    ///
    /// (`BPF_MAP_LOOKUP_AND_DELETE_BATCH`, Linux 5.6, for hash tables. Elsewhere each entry takes
    /// its own calls, as by [`take`](Self::take).) Entries that others insert meanwhile may come or
    /// stay. What a program adds to a value that it looked up before is lost.
    ///
    /// Up to about 64 KiB of entries are removed ahead of time. They are lost if the iterator is
    /// dropped before its end; an entry that cannot be decoded is lost as well.
    ///
    /// ```no_run
    /// # fn open(counts: mapvalue::bpf::TypedMap<u32, u64>) -> Result<(), mapvalue::Error> {
    /// let mut total = 0;
    /// for entry in counts.drain() {
    ///     total += entry?.1;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The errors that it yields are those of [`entries`](Self::entries), and
    /// [`ElementError::NotRemovable`] for an array, [`ElementError::NotWritable`].
    pub fn drain(&self) -> Entries<'_, K, V> {
        Entries { walk: Some(ElementWalk::new(&self.elements, true)), marker: PhantomData }
    }

    /// Removes the entries for which `keep` returns false, and returns how many they were.
    ///
    /// It walks as [`entries`](Self::entries) does. A walk over a hash table meets each entry once,
    /// and entries are removed after each batch. In other maps a walk would begin anew if the key
    /// that it is at were removed, so the keys are collected first. What a program writes to a
    /// value after `keep` saw it goes with the entry.
    ///
    /// ```no_run
    /// # fn open(last_seen: mapvalue::bpf::TypedMap<u32, u64>) -> Result<(), mapvalue::Error> {
    /// let now = 1_000_000;
    /// let removed = last_seen.retain(|_, seen| now - seen < 60_000)?;
    /// println!("{removed} flows were idle for a minute");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`entries`](Self::entries) and [`remove`](Self::remove). At the first, it stops;
    /// some entries may have been removed.
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) -> Result<usize, ElementError> {
        let mut walk = ElementWalk::new(&self.elements, false);
        let (mut gone, mut removed) = (Vec::new(), 0);
        loop {
            let entry = walk.step()?;
            let ended = entry.is_none();
            if let Some((key, value)) = entry {
                if !keep(&K::from_bytes(key)?, &V::__decode(value)?) {
                    gone.extend_from_slice(key);
                }
            }
            if ended || walk.is_between() {
                for key in gone.chunks_exact(self.elements.key_size()) {
                    removed += usize::from(self.elements.remove(key)?);
                }
                gone.clear();
            }
            if ended {
                return Ok(removed);
            }
        }
    }

    /// Sets the values of many keys in order, present or not, many in one system call.
    ///
    /// (`BPF_MAP_UPDATE_BATCH`, Linux 5.6. Where the kernel has no batches, each entry takes its
    /// own call.) The encoded entries are allocated, up to 1 MiB of them at a time.
    ///
    /// ```no_run
    /// # use mapvalue::{ElementError, Error};
    /// # fn open(flows: mapvalue::bpf::TypedMap<u32, u64>) -> Result<(), Error> {
    /// match flows.update_batch(&[(7, 70), (8, 80), (9, 90)]) {
    ///     Err(ElementError::BatchStopped { done, error, .. }) => println!("{done} set: {error}"),
    ///     other => other?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ElementError::BatchStopped`] with the number of keys set before the first that could not
    /// be, and why.
    pub fn update_batch(&self, entries: &[(K, V)]) -> Result<(), ElementError>
    where
        V::Value: Storable,
    {
        self.update_all(entries.iter().map(|(key, value)| (key, value)))
    }

    pub(crate) fn update_all<'a>(
        &self,
        entries: impl ExactSizeIterator<Item = (impl Borrow<K>, &'a V)>,
    ) -> Result<(), ElementError>
    where
        V: 'a,
        V::Value: Storable,
    {
        let len = entries.len();
        let (key_size, value_size) = (K::LAYOUT.size(), self.elements.stride());
        let batch = (BATCH_BYTES / (key_size + value_size)).clamp(1, len.max(1));
        let (mut keys, mut values) = (vec![0; batch * key_size], vec![0; batch * value_size]);
        let mut entries = entries.peekable();
        let mut before = 0;
        while entries.peek().is_some() {
            let rooms = keys.chunks_exact_mut(key_size).zip(values.chunks_exact_mut(value_size));
            let mut count = 0;
            for ((key, value), (key_room, value_room)) in entries.by_ref().take(batch).zip(rooms) {
                key.borrow().write_bytes(key_room)?;
                value.__with_bytes(|bytes| value_room.copy_from_slice(bytes));
                count += 1;
            }
            let updated = self.elements.update_batch(&keys[..count * key_size], &values[..count * value_size]);
            if let Err((done, error)) = updated {
                return Err(ElementError::BatchStopped { done: before + done, len, error: Box::new(error) });
            }
            before += count;
        }
        Ok(())
    }
}

impl<K, V> Clone for TypedMap<K, V> {
    fn clone(&self) -> Self {
        Self { elements: Arc::clone(&self.elements), types: self.types, marker: PhantomData }
    }
}

impl<K, V> fmt::Debug for TypedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = &self.elements.info;
        f.debug_struct("TypedMap")
            .field("name", &info.name)
            .field("type", &info.map_type)
            .field("key", &type_name::<K>())
            .field("value", &type_name::<V>())
            .finish_non_exhaustive()
    }
}

/// An iterator over the keys of a [`TypedMap`], by [`TypedMap::keys`].
#[derive(Debug)]
pub struct Keys<'a, K> {
    /// `None` after the end.
    walk: Option<KeyWalk<'a>>,
    marker: PhantomData<fn() -> K>,
}

impl<K: MapValue> Iterator for Keys<'_, K> {
    type Item = Result<K, ElementError>;

    fn next(&mut self) -> Option<Self::Item> {
        let ended = match self.walk.as_mut()?.step() {
            Ok(Some(key)) => return Some(K::from_bytes(key).map_err(Into::into)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        };
        self.walk = None;
        ended
    }
}

impl<K: MapValue> FusedIterator for Keys<'_, K> {}

/// An iterator over the keys of a [`TypedMap`] with their values, by [`TypedMap::entries`] or
/// [`TypedMap::drain`].
#[derive(Debug)]
pub struct Entries<'a, K, V> {
    /// `None` after the end.
    walk: Option<ElementWalk<'a>>,
    marker: PhantomData<fn() -> (K, V)>,
}

impl<K: MapValue, V: MapEntry> Iterator for Entries<'_, K, V> {
    type Item = Result<(K, V), ElementError>;

    fn next(&mut self) -> Option<Self::Item> {
        let ended = match self.walk.as_mut()?.step() {
            Ok(Some((key, value))) => {
                return Some(K::from_bytes(key).map_err(Into::into).and_then(|key| Ok((key, V::__decode(value)?))));
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        };
        self.walk = None;
        ended
    }
}

impl<K: MapValue, V: MapEntry> FusedIterator for Entries<'_, K, V> {}
