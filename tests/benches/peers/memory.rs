//! The memory that both sides work on.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use mapvalue::bpf::MapInfo;
use mapvalue::{Array, MapValue, Mapping, Mirror};
use mapvalue_tests::kernel::{self, Map};

/// 64 MiB of [`Record`]s.
pub(crate) const RECORDS: usize = 1 << 20;
/// 32 MiB of counters.
pub(crate) const COUNTERS: usize = 1 << 22;

/// Eight leaves, which fill a cache line.
#[derive(MapValue, Clone, Copy, Default, Debug, PartialEq)]
#[repr(C)]
pub(crate) struct Record {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) errors: u64,
    pub(crate) drops: u64,
    pub(crate) first_seen: u64,
    pub(crate) last_seen: u64,
    pub(crate) flags: u64,
    pub(crate) owner: u64,
}

impl Record {
    pub(crate) const LEAVES: usize = 8;

    /// A value whose leaves differ from each other and from those of other seeds.
    pub(crate) fn of(seed: u64) -> Self {
        let [packets, bytes, errors, drops, first_seen, last_seen, flags, owner] = std::array::from_fn(|i| {
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(u32::try_from(i).unwrap() * 8)
        });
        Self { packets, bytes, errors, drops, first_seen, last_seen, flags, owner }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// BPF array maps.
    Maps,
    /// memfds, since BPF is out of reach.
    Memfds,
}

/// The two arrays, and the maps that hold them.
pub(crate) struct Memory {
    pub(crate) records: Array<Record>,
    pub(crate) counters: Array<u64>,
    maps: Result<Maps, String>,
}

/// The maps behind the arrays.
pub(crate) struct Maps {
    pub(crate) records: Map,
    pub(crate) counters: Map,
}

impl Maps {
    fn new() -> Self {
        let (records, counters) = (u32::try_from(RECORDS).unwrap(), u32::try_from(COUNTERS).unwrap());
        Self { records: Map::array(64, records), counters: Map::array(8, counters) }
    }
}

impl Memory {
    pub(crate) fn new() -> Self {
        let maps = kernel::out_of_reach().map_or_else(|| Ok(Maps::new()), Err);
        let mapping = |map: fn(&Maps) -> &Map, len| match &maps {
            Ok(maps) => Mapping::from_map(map(maps)).expect("map a map of our own"),
            Err(_) => Mapping::memfd(len).expect("make a memfd"),
        };
        let records = array::<Record>(&mapping(|maps| &maps.records, RECORDS * size_of::<Record>()));
        let counters = array::<u64>(&mapping(|maps| &maps.counters, COUNTERS * size_of::<u64>()));
        for (seed, record) in (1..).zip(&records) {
            record.store(Record::of(seed));
        }
        for (seed, counter) in (1..).zip(&counters) {
            counter.store(seed);
        }
        Self { records, counters, maps }
    }

    pub(crate) fn kind(&self) -> Kind {
        if self.maps.is_ok() { Kind::Maps } else { Kind::Memfds }
    }

    /// The maps, or why there are none.
    pub(crate) fn maps(&self) -> Result<&Maps, &str> {
        self.maps.as_ref().map_err(String::as_str)
    }

    /// The address of the records, for sides that use raw pointers.
    pub(crate) fn raw_records(&self) -> *mut Record {
        std::ptr::from_ref(&self.records[0]).cast_mut().cast()
    }

    /// The leaves of a record, for sides that use raw pointers.
    pub(crate) fn raw_record(&self, index: usize) -> &[AtomicU64; Record::LEAVES] {
        let leaves = std::ptr::from_ref(&self.records[index]).cast::<[AtomicU64; Record::LEAVES]>();
        // SAFETY: a record is eight leaves of 8 bytes, each in a cell that is an `AtomicU64`, and
        // lives as long as `self`.
        unsafe { &*leaves }
    }

    /// The first `len` counters, for sides that use raw pointers.
    pub(crate) fn raw_counters(&self, len: usize) -> &[AtomicU64] {
        assert!(len <= self.counters.len());
        let first = std::ptr::from_ref(&self.counters[0]).cast::<AtomicU64>();
        // SAFETY: counters lie side by side, each in a cell that is an `AtomicU64`. There are at
        // least `len` (asserted), and they live as long as `self`.
        unsafe { std::slice::from_raw_parts(first, len) }
    }
}

fn array<T: MapValue>(mapping: &Arc<Mapping>) -> Array<T> {
    mapping.array().expect("the memory was made for these values")
}

/// The map as aya sees it.
pub(crate) fn aya<V: aya::Pod>(map: &Map) -> aya::maps::Array<aya::maps::MapData, V> {
    let data = aya::maps::MapData::from_id(id(map)).expect("aya opens the map");
    aya::maps::Map::from_map_data(data).expect("an array").try_into().expect("values of that size")
}

/// The map as libbpf-rs sees it.
pub(crate) fn libbpf(map: &Map) -> libbpf_rs::MapHandle {
    libbpf_rs::MapHandle::from_map_id(id(map)).expect("libbpf-rs opens the map")
}

fn id(map: &Map) -> u32 {
    MapInfo::query(map).expect("query a map of our own").id
}
