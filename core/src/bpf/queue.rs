//! Maps without keys: [`Queue`], also of a stack, and [`BloomFilter`].

use std::any::type_name;
use std::marker::PhantomData;
use std::os::fd::AsFd;

#[cfg(doc)]
use crate::bpf::TypedMap;
use crate::bpf::elements::{Elements, Update};
use crate::bpf::info::MapInfo;
use crate::bpf::typed::MapEntry;
use crate::bpf::types::{TypeCheck, Types};
use crate::btf::Btf;
use crate::error::{BtfError, ElementError, MapType};
#[cfg(doc)]
use crate::error::{MapError, PlaceError};
use crate::value::{MapValue, Storable, codec};

/// A map without keys that is opened: its values are all of one type.
#[derive(Debug)]
struct Keyless<V> {
    elements: Elements,
    types: TypeCheck,
    marker: PhantomData<fn(V) -> V>,
}

impl<V: MapValue> Keyless<V> {
    fn open(elements: Elements, types: impl FnOnce(&MapInfo) -> Result<Types, BtfError>) -> Result<Self, ElementError> {
        elements.check_value_size(type_name::<V>(), V::LAYOUT.size())?;
        let types = types(&elements.info)?.check(None, &V::LAYOUT)?;
        Ok(Self { elements, types, marker: PhantomData })
    }

    fn push(&self, value: &V, how: Update) -> Result<(), ElementError>
    where
        V: Storable,
    {
        codec::with_bytes(value, |value| self.elements.update(&[], value, how))
    }
}

/// A map of type `queue` or `stack`: values that either side pushes and pops (Linux 4.20).
///
/// A queue gives the oldest value first, a stack the newest. Each call is one system call, and of
/// several that pop, each gets another value. It takes the map's descriptor, and is
/// `Send + Sync + 'static`.
///
/// ```no_run
/// use mapvalue::bpf::Queue;
///
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// let free_ports: Queue<u16> = Queue::from_map(&fd)?;
/// for port in 40_000..40_100 {
///     free_ports.push(&port)?;
/// }
/// while let Some(port) = free_ports.pop()? {
///     println!("{port} was still free");
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias("stack", "push", "pop"))]
#[derive(Debug)]
pub struct Queue<V>(Keyless<V>);

impl<V: MapValue> Queue<V> {
    /// Opens the map behind a descriptor, which is duplicated.
    ///
    /// The size of `V` must be that of the map's values. (libbpf and aya create these maps without
    /// types. [`from_map_with_btf`](Self::from_map_with_btf) compares them.)
    ///
    /// # Errors
    ///
    /// [`MapError::OtherType`], [`PlaceError::ValueSize`], and those of [`TypedMap::from_map`].
    pub fn from_map(map: impl AsFd) -> Result<Self, ElementError> {
        Self::open(map, |info| Types::if_any(info.types()))
    }

    /// Opens the map and compares `V` with the types of the object file that it was created from.
    ///
    /// # Errors
    ///
    /// Those of [`from_map`](Self::from_map) and [`TypedMap::from_map_with_btf`].
    pub fn from_map_with_btf(map: impl AsFd, btf: &Btf) -> Result<Self, ElementError> {
        Self::open(map, |info| Types::in_object(info, btf))
    }

    fn open(map: impl AsFd, types: impl FnOnce(&MapInfo) -> Result<Types, BtfError>) -> Result<Self, ElementError> {
        let elements = Elements::without_keys(map.as_fd(), &[MapType::QUEUE, MapType::STACK], "queue or stack")?;
        Keyless::open(elements, types).map(Self)
    }

    /// Returns whether `V` was compared with the map's own types.
    pub fn type_check(&self) -> TypeCheck {
        self.0.types
    }

    /// Returns the map's type, which says the order.
    pub fn map_type(&self) -> MapType {
        self.0.elements.info.map_type
    }

    /// Returns how many values the map has room for.
    pub fn max_entries(&self) -> u32 {
        self.0.elements.info.max_entries
    }

    /// Adds a value.
    ///
    /// # Errors
    ///
    /// [`ElementError::Full`], [`ElementError::NotWritable`].
    pub fn push(&self, value: &V) -> Result<(), ElementError>
    where
        V: Storable,
    {
        self.0.push(value, Update::Always)
    }

    /// Adds a value, in place of the oldest one if the map is full (`BPF_EXIST`).
    ///
    /// # Errors
    ///
    /// [`ElementError::NotWritable`].
    pub fn push_over_oldest(&self, value: &V) -> Result<(), ElementError>
    where
        V: Storable,
    {
        self.0.push(value, Update::IfPresent)
    }

    /// Removes the next value and returns it; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`MapError::WriteOnlyDescriptor`], [`ElementError::NotWritable`], and those of
    /// [`from_bytes`](MapValue::from_bytes). A value that is invalid is removed all the same.
    pub fn pop(&self) -> Result<Option<V>, ElementError> {
        let elements = &self.0.elements;
        V::__filled(elements.room(), |buffer| elements.take(&[], buffer))
    }

    /// Returns the next value, and leaves it; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`MapError::WriteOnlyDescriptor`], and those of [`from_bytes`](MapValue::from_bytes).
    pub fn peek(&self) -> Result<Option<V>, ElementError> {
        let elements = &self.0.elements;
        V::__filled(elements.room(), |buffer| elements.lookup(&[], buffer))
    }
}

/// A map of type `bloom_filter`: a set that may say of a value that it is in, though it is not
/// (Linux 5.16).
///
/// Values are compared by their bytes, padding zeroed. None is removed, and there is no walk.
///
/// ```no_run
/// use mapvalue::bpf::BloomFilter;
///
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// let seen: BloomFilter<u32> = BloomFilter::from_map(&fd)?;
/// seen.insert(&0x0a00_0001)?;
/// assert!(seen.may_contain(&0x0a00_0001)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BloomFilter<V>(Keyless<V>);

impl<V: MapValue + Storable> BloomFilter<V> {
    /// Opens the map behind a descriptor, which is duplicated.
    ///
    /// # Errors
    ///
    /// [`MapError::OtherType`], [`PlaceError::ValueSize`], and those of [`TypedMap::from_map`].
    pub fn from_map(map: impl AsFd) -> Result<Self, ElementError> {
        Self::open(map, |info| Types::if_any(info.types()))
    }

    /// Opens the map and compares `V` with the types of the object file that it was created from.
    ///
    /// # Errors
    ///
    /// Those of [`from_map`](Self::from_map) and [`TypedMap::from_map_with_btf`].
    pub fn from_map_with_btf(map: impl AsFd, btf: &Btf) -> Result<Self, ElementError> {
        Self::open(map, |info| Types::in_object(info, btf))
    }

    fn open(map: impl AsFd, types: impl FnOnce(&MapInfo) -> Result<Types, BtfError>) -> Result<Self, ElementError> {
        let elements = Elements::without_keys(map.as_fd(), &[MapType::BLOOM_FILTER], "bloom_filter")?;
        Keyless::open(elements, types).map(Self)
    }

    /// Returns whether `V` was compared with the map's own types.
    pub fn type_check(&self) -> TypeCheck {
        self.0.types
    }

    /// Adds a value.
    ///
    /// # Errors
    ///
    /// [`ElementError::NotWritable`].
    pub fn insert(&self, value: &V) -> Result<(), ElementError> {
        self.0.push(value, Update::Always)
    }

    /// Returns false if the value is not in the filter, and true if it is, or might be.
    ///
    /// # Errors
    ///
    /// [`MapError::WriteOnlyDescriptor`].
    pub fn may_contain(&self, value: &V) -> Result<bool, ElementError> {
        self.0.elements.lookup(&[], &mut value.to_bytes())
    }
}
