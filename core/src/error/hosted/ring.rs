use crate::error::{InvalidValue, MapError, MapName, MapType, PlaceError, ReadOnlyReason, SystemError};

/// Why a ring buffer cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// The map is not a ring buffer of the `wanted` type.
    #[error("{map} is of type {map_type}, not {wanted}{}", other_ring(*map_type))]
    NotARing { map: MapName, map_type: MapType, wanted: MapType },

    /// The ring overwrites records that nobody has read yet.
    #[error(
        "{map} was created with BPF_F_RB_OVERWRITE: its programs write over records while they \
         are read, so that none of them can be read in place. Create it without the flag"
    )]
    Overwrites { map: MapName },

    /// The reader's or the producer's position cannot be written.
    #[error(
        "{map} cannot be used, since {reason}: whoever reads or fills a ring buffer must write its \
         position there"
    )]
    NotWritable { map: MapName, reason: ReadOnlyReason },

    /// No ring buffer has this size: a power of two, and a multiple of a page of `page` bytes.
    #[error(
        "a ring buffer of {size} bytes cannot be: its size is a power of two, and a multiple of a \
         page, {page} bytes"
    )]
    Size { size: u64, page: u64 },

    /// This process has the ring open already; `id` is its map's, which a memfd does not have.
    #[error(
        "{map}{} is open in this process already, and a ring buffer has one reader, a user ring \
         buffer one handle: use that one, or drop it first",
        id.map_or_else(String::new, |id| format!(" (id {id})"))
    )]
    OpenHere { map: MapName, id: Option<u32> },

    /// The handle belongs to the process that this one was forked from.
    #[error(
        "{map} was opened before this process was forked, and is its parent's to use: open it \
         again here, once the parent has dropped it"
    )]
    Forked { map: MapName },

    /// Another process has moved the position that is this handle's to move (`whose` it is: the
    /// reader's or the producer's). It is not `expected`, where the handle left it, but `found`.
    #[error(
        "the {whose} position of {map} is {found}, but this process left it at {expected}: another \
         process uses the ring too. Records may be lost, or seen twice; let one of them do it"
    )]
    OtherProcess { map: MapName, whose: &'static str, expected: u64, found: u64 },

    /// The positions of a ring contradict each other: that of the reader, `consumer`, and that of
    /// the `producer`, in a ring of `capacity` bytes.
    #[error(
        "the positions of {map} are damaged: the reader's is {consumer}, the producer's {producer}. \
         Both are multiples of 8, and the second is at most {capacity} bytes, the capacity, ahead"
    )]
    Positions { map: MapName, consumer: u64, producer: u64, capacity: u64 },

    /// The header of the record at `position` is damaged: so many bytes are not there, but
    /// `available`, from the header to the producer's position.
    #[error(
        "the record at position {position} of {map} is damaged: its length is {len} bytes, but its \
         header and it have only {available} before the producer's position"
    )]
    Length { map: MapName, position: u64, len: u32, available: u64 },

    /// The record has not the size of the type.
    #[error("a record of {len} bytes is not one `{type_name}`, which has {size}")]
    RecordSize { type_name: &'static str, size: usize, len: usize },

    /// The record is too short for what it begins with, which `needs` so many bytes.
    #[error("a record of {len} bytes is too short for `{type_name}`, which takes at least {needs}")]
    RecordTooShort { type_name: &'static str, needs: usize, len: usize },

    /// The place is not inside the record.
    #[error("{size} bytes at offset {offset} are not inside a record of {len} bytes")]
    OutOfRecord { offset: usize, size: usize, len: usize },

    /// The buffer, of `buffer` bytes, has not the length of the record.
    #[error("a buffer of {buffer} bytes does not fit a record of {len} bytes: they must be as many")]
    BufferSize { buffer: usize, len: usize },

    /// The record can never be in the ring, which takes records of at most `max` bytes.
    #[error("a record of {len} bytes is longer than {map} takes: at most {max}")]
    TooLong { map: MapName, len: usize, max: usize },

    /// There is no room for the record now: it takes `span` bytes with its header, and `free` bytes
    /// are free.
    #[error(
        "{map} is full: a record of {len} bytes takes {span} with its header, and {free} are free. \
         Try again when the reader has gone on, or wait for it"
    )]
    Full { map: MapName, len: usize, span: u64, free: u64 },

    /// Only rings on a memfd have both of their sides in user space.
    #[error(
        "{map} has no stand-in for programs: they are the other side of a map of the kernel's, and the reader of a \
         `UserRing` on a memfd stands in for one itself. `Ring::memfd` and `UserRing::memfd` make rings that have one"
    )]
    NoStandIn { map: MapName },

    /// A value in a record is invalid.
    #[error(transparent)]
    Value(#[from] InvalidValue),
    /// A place in a record does not suit the type.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The map cannot be opened.
    #[error(transparent)]
    Map(MapError),
    /// The kernel refused.
    #[error(transparent)]
    System(#[from] SystemError),
}

/// What opens the other kind of ring.
fn other_ring(map_type: MapType) -> &'static str {
    match map_type {
        MapType::RINGBUF => ": records from programs are read with `Ring`",
        MapType::USER_RINGBUF => ": samples for programs are sent with `UserRing`",
        _ => "",
    }
}
