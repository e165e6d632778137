use crate::error::{
    BtfError, MapError, MapName, MapType, PerCpuError, PlaceError, ReadOnlyReason, SystemError, ValueError,
};

/// Why an element of a map cannot be looked up, set or removed by system calls.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElementError {
    /// The map has a value for each CPU, where one is asked for.
    #[error(
        "cannot {operation} {map} with one value a key, since it is of type {map_type} and has one \
         for each CPU: open it as `bpf::TypedMap<K, PerCpu<V>>`"
    )]
    PerCpuValues { operation: &'static str, map: MapName, map_type: MapType },

    /// The map has one value a key, where one for each CPU is asked for.
    #[error(
        "cannot open {map} with a value for each CPU, since it is of type {map_type} and has one \
         value a key: open it as `bpf::TypedMap<K, V>`"
    )]
    NotPerCpu { map: MapName, map_type: MapType },

    /// The key to insert is there already. (Every key of an array is.)
    #[error("the key is in {map} already: update it with `Update::Always` or `Update::IfPresent`")]
    KeyExists { map: MapName },

    /// The key to update is not there.
    #[error("the key is not in {map}: insert it with `Update::Always` or `Update::IfAbsent`")]
    NoSuchKey { map: MapName },

    /// There is no room for another key: the map can have `max_entries` entries.
    #[error(
        "{map} is full: it has room for {max_entries} entries. Remove some, or create it with a \
         larger `max_entries`"
    )]
    Full { map: MapName, max_entries: u32 },

    /// The elements of an array cannot be removed.
    #[error("{map} is of type {map_type}, whose elements are always there: store a value that means nothing instead")]
    NotRemovable { map: MapName, map_type: MapType },

    /// A walk over the map did not end in this many `steps`, since others inserted and removed keys
    /// meanwhile.
    #[error(
        "a walk over {map} was given up after {steps} steps, twice as many as it can have entries: \
         others insert and remove keys so fast that it began anew. Walk again, or at a quieter time"
    )]
    Changing { map: MapName, steps: u64 },

    /// One of `len` updates failed, with `error`. The `done` ones before it were made.
    #[error("{done} of {len} entries were updated, then: {error}")]
    BatchStopped { done: usize, len: usize, error: Box<ElementError> },

    /// User space cannot write the map, which is not mapped.
    #[error("{map} cannot be written ({reason}): its values can only be loaded")]
    NotWritable { map: MapName, reason: ReadOnlyReason },

    /// A store of `size` bytes by a system call would overwrite what programs write at the same
    /// time to the other bytes of the section, which has `len`.
    #[error(
        "{map} is not mapped, and a store by a system call writes all of its {len} bytes, {size} \
         of them new: what BPF programs write to the others meanwhile would be lost. Create the \
         map with BPF_F_MMAPABLE, or use `store_exclusive` while no program runs"
    )]
    WouldLoseWrites { map: MapName, size: usize, len: usize },

    /// The map cannot be opened or read.
    #[error(transparent)]
    Map(MapError),
    /// The map's C types differ from the Rust types, or cannot be found out.
    #[error(transparent)]
    Btf(BtfError),
    /// A size, a length or an index does not suit the map.
    #[error(transparent)]
    Place(PlaceError),
    /// The values of all CPUs cannot be decoded.
    #[error(transparent)]
    PerCpu(PerCpuError),
    /// The bytes in the map are not a value of the type.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The kernel refused.
    #[error(transparent)]
    System(#[from] SystemError),
}
