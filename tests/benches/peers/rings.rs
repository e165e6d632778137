//! Rows of ring buffers, beside libbpf-rs and aya.
//!
//! Beside libbpf-rs, a program fills one ring once. Before each round the position of the reader is
//! set back (for a user ring, that of the producer), so that both sides move the same bytes again.
//! aya keeps its position to itself, so beside it each side has a ring, which a program fills
//! before each round.

use std::hint::black_box;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{ptr, slice};

use libbpf_rs::{RingBufferBuilder, UserRingBuffer};
use mapvalue::bpf::MapInfo;
use mapvalue::ring::Record as RingRecord;
use mapvalue::{DataSection, MapEvent, MapValue, Ring, UserRing};
use mapvalue_tests::kernel::{Libbpf, Loader, objects};

use crate::harness::{Side, compare};
use crate::memory::{Memory, Record};
use crate::rows::Outcome;

/// Bytes of the ring.
const SIZE: u32 = 1 << 20;

/// A page of a ring with the position of one side, mapped for writing once more.
struct Position(&'static AtomicU64);

impl Position {
    /// The page at an offset.
    fn of(map: impl AsFd, offset: usize) -> Self {
        let fd = map.as_fd().as_raw_fd();
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let offset = libc::off_t::try_from(offset).expect("an offset");
        // SAFETY: the kernel chooses the address.
        let page = unsafe { libc::mmap(ptr::null_mut(), page(), access, libc::MAP_SHARED, fd, offset) };
        assert_ne!(page, libc::MAP_FAILED, "map a page of the ring");
        // SAFETY: the page is mapped for good, begins with the position, and others change it as
        // threads do.
        Self(unsafe { &*page.cast::<AtomicU64>() })
    }

    fn set_back(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

fn page() -> usize {
    // SAFETY: it only reads its argument.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).expect("the size of a page")
}

fn load() -> Libbpf {
    Libbpf::load_with(objects::RING, "events", |mut map| map.set_max_entries(SIZE).expect("its size"))
}

/// Reads a ring full of what a program commits. `ours` counts the records, and adds up the number of
/// each, which `theirs` returns.
fn full_ring(
    memory: &Memory,
    program: &str,
    record: usize,
    ours: impl Fn(&mut Ring) -> (usize, u64),
    theirs: fn(&[u8]) -> u64,
) -> Outcome {
    if let Err(reason) = memory.maps() {
        return Outcome::Skipped(reason.to_owned());
    }
    let loaded = load();
    let records = (SIZE - 8) / u32::try_from(record + 8).expect("a small record");
    loaded.run_repeatedly(program, records);
    let position = Position::of(loaded.map("events"), 0);
    let mut ring = Ring::from_map(loaded.map("events")).expect("our ring");
    assert_eq!(ring.drain(|_| ()).expect("our ring"), records as usize);
    let expected = u64::from(records) * u64::from(records - 1) / 2;
    let ours = Side::new(records, || {
        position.set_back();
        // It notices that another has moved its position, once.
        let _ = ring.drain(|_| ());
        assert_eq!(ours(&mut ring), (records as usize, expected));
    });
    let sum = std::cell::Cell::new(0);
    let mut builder = RingBufferBuilder::new();
    let events = loaded.map("events");
    builder
        .add(&events, |bytes| {
            sum.set(sum.get() + theirs(bytes));
            0
        })
        .expect("their ring");
    let reader = builder.build().expect("their ring");
    let theirs = Side::new(records, || {
        position.set_back();
        sum.set(0);
        reader.consume().expect("their ring");
        assert_eq!(sum.get(), expected);
    });
    Outcome::Timed(compare(ours, theirs))
}

fn first(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(bytes[..8].try_into().expect("8 bytes"))
}

/// Drains a ring, and adds up what `number` returns for each record.
fn drained(ring: &mut Ring, mut number: impl FnMut(&RingRecord<'_>) -> u64) -> (usize, u64) {
    let mut sum = 0;
    let count = ring.drain(|record| sum += number(record)).expect("our ring");
    (count, sum)
}

fn small_number(record: &RingRecord<'_>) -> u64 {
    record.view::<Record>().expect("a record").packets.load()
}

fn small_bytes(bytes: &[u8]) -> u64 {
    assert_eq!(bytes.len(), 64);
    first(bytes)
}

/// Reads a ring full of what a program commits, beside aya. `ours` and `theirs` return the number
/// of a record.
fn beside_aya(
    memory: &Memory,
    program: &str,
    record: usize,
    ours: fn(&RingRecord<'_>) -> u64,
    theirs: fn(&[u8]) -> u64,
) -> Outcome {
    if let Err(reason) = memory.maps() {
        return Outcome::Skipped(reason.to_owned());
    }
    let (ours_loaded, theirs_loaded) = (load(), load());
    let records = (SIZE - 8) / u32::try_from(record + 8).expect("a small record");
    // The numbers of a round go on after those of the round before.
    let expected = |round: u64| {
        let count = u64::from(records);
        count * count * round + count * (count - 1) / 2
    };
    let mut ring = Ring::from_map(ours_loaded.map("events")).expect("our ring");
    let id = MapInfo::query(theirs_loaded.map("events")).expect("query a map of our own").id;
    let data = aya::maps::MapData::from_id(id).expect("aya opens the map");
    let mut reader = aya::maps::RingBuf::try_from(aya::maps::Map::RingBuf(data)).expect("their ring");
    let (mut our_rounds, mut their_rounds) = (0.., 0..);
    let ours = Side::new(records, || {
        let (count, sum) = drained(&mut ring, ours);
        assert_eq!((count, Some(sum)), (records as usize, our_rounds.next().map(expected)));
    })
    .after(|| {
        ours_loaded.run_repeatedly(program, records);
    });
    let theirs = Side::new(records, || {
        let mut sum = 0;
        while let Some(item) = reader.next() {
            sum += theirs(&item);
        }
        assert_eq!(Some(sum), their_rounds.next().map(expected));
    })
    .after(|| {
        theirs_loaded.run_repeatedly(program, records);
    });
    Outcome::Timed(compare(ours, theirs))
}

pub(crate) fn small(memory: &Memory) -> Outcome {
    full_ring(memory, "small_record", 64, |ring| drained(ring, small_number), small_bytes)
}

pub(crate) fn small_aya(memory: &Memory) -> Outcome {
    beside_aya(memory, "small_record", 64, small_number, small_bytes)
}

/// In a `for` loop.
pub(crate) fn small_in_a_loop(memory: &Memory) -> Outcome {
    let ours = |ring: &mut Ring| {
        let (mut count, mut sum) = (0, 0);
        for record in ring.records() {
            sum += small_number(&record.expect("our ring"));
            count += 1;
        }
        (count, sum)
    };
    full_ring(memory, "small_record", 64, ours, small_bytes)
}

fn large_number(record: &RingRecord<'_>) -> u64 {
    record.view::<[u64; 512]>().expect("a record")[0].load()
}

fn large_bytes(bytes: &[u8]) -> u64 {
    assert_eq!(bytes.len(), 4096);
    first(bytes)
}

pub(crate) fn large(memory: &Memory) -> Outcome {
    full_ring(memory, "large_record", 4096, |ring| drained(ring, large_number), large_bytes)
}

pub(crate) fn large_aya(memory: &Memory) -> Outcome {
    beside_aya(memory, "large_record", 4096, large_number, large_bytes)
}

/// The record of `numbered_record`, whose producer is taken for its tag.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Numbered {
    number: u64,
    producer: u32,
    words: u32,
    word: [u64; 5],
}

/// Another kind of record, of the same length.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Moved {
    from: u64,
    producer: u32,
    cpu: u32,
    to: [u64; 5],
}

#[derive(MapEvent, Clone, Copy)]
#[map_event(tag = "producer")]
enum Tagged {
    #[map_event(tag = 0)]
    Numbered(Numbered),
    #[map_event(tag = 1)]
    Moved(Moved),
    #[map_event(other)]
    Other(u32),
}

/// Each record is decoded by its tag.
pub(crate) fn typed(memory: &Memory) -> Outcome {
    let number = |record: &RingRecord<'_>| match Tagged::view(record).expect("a record") {
        TaggedView::Numbered(numbered) => numbered.number.load(),
        TaggedView::Moved(moved) => moved.from.load(),
        TaggedView::Other(tag, _) => tag.into(),
    };
    full_ring(
        memory,
        "numbered_record",
        56,
        |ring| drained(ring, number),
        |bytes| {
            assert_eq!(bytes.len(), 56);
            first(bytes)
        },
    )
}

/// Each record is copied out as well.
pub(crate) fn large_copied(memory: &Memory) -> Outcome {
    let ours = |ring: &mut Ring| {
        let mut buffer = [0; 4096];
        drained(ring, |record| {
            record.copy_to(&mut buffer).expect("4096 bytes");
            first(black_box(&buffer))
        })
    };
    full_ring(memory, "large_record", 4096, ours, |bytes| {
        let mut copy = [0; 4096];
        copy.copy_from_slice(bytes);
        first(black_box(&copy))
    })
}

pub(crate) fn user(memory: &Memory) -> Outcome {
    const COUNT: u32 = 900;
    if let Err(reason) = memory.maps() {
        return Outcome::Skipped(reason.to_owned());
    }
    let loaded = load();
    let position = Position::of(loaded.map("orders"), page());
    let ring = UserRing::from_map(loaded.map("orders")).expect("our ring");
    let theirs = UserRingBuffer::new(&loaded.map("orders")).expect("their ring");
    let value = Record::of(7);
    ring.send(value).expect("room");
    let outcome = {
        let ours = Side::new(COUNT, || {
            position.set_back();
            // It notices that another has moved its position, once.
            assert!(ring.reserve_bytes(0).is_err());
            for _ in 0..COUNT {
                ring.send(black_box(value)).expect("room");
            }
        });
        let theirs = Side::new(COUNT, || {
            position.set_back();
            for _ in 0..COUNT {
                let mut sample = theirs.reserve(64).expect("room");
                // SAFETY: the value has no padding, so it is 64 initialized bytes.
                let bytes = unsafe { slice::from_raw_parts(ptr::from_ref(black_box(&value)).cast::<u8>(), 64) };
                sample.copy_from_slice(bytes);
                theirs.submit(sample).expect("their ring");
            }
        });
        compare(ours, theirs)
    };
    let samples = DataSection::from_map(loaded.map(".bss")).expect("globals").var::<u64>("samples").expect("a global");
    loaded.run("drain");
    assert_eq!(samples.load(), u64::from(COUNT), "what was sent last can be drained");
    Outcome::Timed(outcome)
}
