//! What an allocator is in memory: a header with its size classes and the shards of threads, and
//! behind it the slots. BPF programs (`mapvalue/alloc.bpf.h`) and other processes work on the same.
//! Offsets are in bytes from the header. A link is the index of a slot plus one, and 0 for none.

use crate::value::MapValue;

/// What the header begins with.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"mvalloc\0");
/// The upper half of `magic` while somebody makes an allocator. The lower half counts the makers.
pub(crate) const MAKING: u64 = 0x6d76_6d6b << 32;
pub(crate) const VERSION: u32 = 2;
/// The most size classes.
pub(crate) const CLASSES: usize = 16;
/// The most threads, of all processes together, that keep free slots at one time.
pub(crate) const SHARDS: usize = u64::BITS as usize;
/// The gates of threads that have no shard, behind those of the shards. Each is used for a moment.
pub(crate) const VISITORS: usize = 16;
pub(crate) const GATES: usize = SHARDS + VISITORS;
/// Bytes of a slot before its value.
pub(crate) const SLOT_HEADER: usize = size_of::<Slot>();

/// The allocator's own memory, before the slots.
#[derive(MapValue)]
#[map_value(crate = "crate", rename = "mv_alloc")]
#[repr(C, align(64))]
pub(crate) struct Header {
    pub(crate) magic: u64,
    pub(crate) version: u32,
    /// Where this is: the low 32 bits of its address, by 64. Not 0.
    pub(crate) id: u32,
    /// One of `state`, and above those bits a random number, which no earlier allocator here had.
    pub(crate) state: u32,
    pub(crate) class_count: u32,
    /// Bytes to which values are aligned.
    pub(crate) align: u32,
    /// Free slots of each class that a thread keeps for itself at most.
    pub(crate) magazine: u32,
    /// Bytes of header and slots together.
    pub(crate) len: u64,
    /// 1 if threads take slots without a fence, which the closing thread has them run; else 0.
    pub(crate) asymmetric: u32,
    _reserved: u32,
    pub(crate) classes: [Class; CLASSES],
    /// Objects that were refused.
    pub(crate) failed: u64,
    pub(crate) shards: [Shard; GATES],
}

/// The life of an allocator. Once it is drained, something else may be in its place.
pub(crate) mod state {
    /// It hands out objects.
    pub(crate) const LIVE: u32 = 1;
    /// It takes objects back, and hands none out.
    pub(crate) const CLOSING: u32 = 2;
    /// There are no objects any more.
    pub(crate) const DRAINED: u32 = 3;
    /// Somebody makes its lists anew; nobody else may touch it.
    pub(crate) const RECOVERING: u32 = 4;
    /// As `RECOVERING`, after it was closed; or somebody gives its pages back.
    pub(crate) const RECOVERING_CLOSED: u32 = 6;
    /// There are no objects any more, but threads may be inside. It refuses others.
    pub(crate) const DRAINING: u32 = 5;
    /// The bits that say which.
    pub(crate) const BITS: u32 = 7;
}

/// Slots of one size.
#[derive(MapValue, Clone, Copy)]
#[map_value(crate = "crate", rename = "mv_alloc_class")]
#[repr(C, align(64))]
pub(crate) struct Class {
    /// The shared free list (`protocol`): the first link, and in the high half a count of changes.
    pub(crate) free: u64,
    /// How many slots have been used at some time: the first ones. The others are in no list.
    pub(crate) fresh: u32,
    /// How many slots are in the list; for a moment more than are, while one is taken.
    pub(crate) listed: u32,
    pub(crate) capacity: u32,
    /// Bytes of a value, at most.
    pub(crate) value_size: u32,
    /// Bytes from one slot to the next.
    pub(crate) stride: u32,
    _reserved: u32,
    /// Where the first slot is, from the header on.
    pub(crate) first: u64,
}

impl Class {
    /// A class of which no slot was used.
    pub(crate) const fn new(value_size: u32, capacity: u32, stride: u32, first: u64) -> Self {
        Self { free: 0, fresh: 0, listed: 0, capacity, value_size, stride, _reserved: 0, first }
    }

    /// Where the last slot ends.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.stride) * u64::from(self.capacity)
    }
}

/// A thread that keeps free slots for itself, and how many. Which ones, it alone knows (`cache`).
#[derive(MapValue)]
#[map_value(crate = "crate", rename = "mv_alloc_shard")]
#[repr(C, align(64))]
pub(crate) struct Shard {
    /// The number of the thread (`Thread`), and its gate to the lists: the lowest bit is set while
    /// it is inside. 0 if no thread has the shard; `vacant` if no visitor uses the gate.
    pub(crate) owner: u64,
    /// The namespace in which the thread has that number; 0 if it is not known.
    pub(crate) space: u64,
    /// Slots of each class that it kept when it last entered the lists.
    pub(crate) kept: [u32; CLASSES],
}

/// What a slot holds before its value: 16 bytes.
#[derive(MapValue)]
#[map_value(crate = "crate", rename = "mv_slot")]
#[repr(C)]
pub(crate) struct Slot {
    /// See [`Control`](super::protocol::Control).
    pub(crate) control: u64,
    /// Of the value, while there is one.
    pub(crate) type_id: u32,
    /// While it is free, the link to the next free slot. While it is kept, by whom (`cache::mark`).
    pub(crate) next: u32,
}
