//! Rings whose headers and positions others have written over: each call ends, with an error that
//! names the numbers.
#![expect(clippy::cast_possible_truncation, reason = "low halves are asked for, and numbers are small")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mapvalue::ring::RingProducer;
use mapvalue::{Mapping, Ring, RingError, UserRing};
use mapvalue_tests::fork;
use mapvalue_tests::race::duration;

const SIZE: usize = 65536;
const BUSY: u32 = 1 << 31;
const DISCARD: u32 = 1 << 30;

fn page() -> usize {
    // SAFETY: it only reads its argument.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap()
}

/// The memory of a ring, as somebody maps it who may write all of it.
struct Memory(Arc<Mapping>);

impl Memory {
    fn of(ring: &Ring) -> Self {
        Self(Mapping::from_memfd(ring.memory().unwrap()).unwrap())
    }
    fn set_consumer(&self, position: u64) {
        self.0.var::<u64>(0).unwrap().store(position);
    }
    fn set_producer(&self, position: u64) {
        self.0.var::<u64>(page()).unwrap().store(position);
    }
    fn set_header(&self, position: usize, header: u32) {
        self.0.var::<u32>(2 * page() + position % SIZE).unwrap().store(header);
    }
}

fn ring() -> (Ring, RingProducer, Memory) {
    let ring = Ring::memfd(SIZE).unwrap();
    let (producer, memory) = (ring.producer().unwrap(), Memory::of(&ring));
    (ring, producer, memory)
}

/// The error with which a walk ends, and the number of records before it.
fn error_of(ring: &mut Ring) -> (usize, RingError) {
    let mut count = 0;
    let mut walk = ring.records();
    let error = loop {
        match walk.next().expect("an error") {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert!(walk.next().is_none(), "the error ends the walk");
    (count, error)
}

#[test]
fn a_length_beyond_the_producers_position_is_an_error() {
    let (mut ring, producer, memory) = ring();
    producer.send(1_u64).unwrap();
    producer.send(2_u64).unwrap();
    for (len, discard) in [(9, 0), (9, DISCARD), (SIZE as u32, 0), (DISCARD - 1, 0), (DISCARD - 1, DISCARD)] {
        memory.set_header(16, len | discard);
        let (count, error) = error_of(&mut ring);
        assert!(count <= 1);
        assert!(
            matches!(error, RingError::Length { position: 16, len: found, available: 16, .. } if found == len),
            "{error}"
        );
        assert!(ring.wait(Duration::ZERO).is_err());
    }
    assert_eq!(
        error_of(&mut ring).1.to_string(),
        "the record at position 16 of the memory is damaged: its length is 1073741823 bytes, but its header and it \
         have only 16 before the producer's position"
    );
    memory.set_header(16, BUSY | 9);
    assert!(ring.records().next().is_none(), "a busy one's length does not count yet");
    memory.set_header(16, 8);
    assert_eq!(ring.drain(|record| assert_eq!(record.load::<u64>().unwrap(), 2)).unwrap(), 1);
}

#[test]
fn a_producers_position_that_cannot_be_is_an_error() {
    let (mut ring, producer, memory) = ring();
    (0..4_u64).for_each(|number| producer.send(number).unwrap());
    ring.drain(|_| ()).unwrap();
    for wrong in [0, 56, 63, 65, 68, 64 + SIZE as u64 + 8, u64::MAX, u64::MAX - 7, 1 << 63] {
        memory.set_producer(wrong);
        let (count, error) = error_of(&mut ring);
        assert_eq!(count, 0);
        assert!(
            matches!(error, RingError::Positions { consumer: 64, producer, capacity: 65536, .. } if producer == wrong),
            "{error}"
        );
        assert!(ring.wait(Duration::from_secs(10)).is_err(), "without waiting");
        assert!(ring.available() <= ring.capacity());
        assert!(matches!(producer.send(0_u64), Err(RingError::OtherProcess { .. })));
        let again = producer.send(0_u64);
        assert!(matches!(again, Err(RingError::Positions { .. } | RingError::Full { .. }) | Ok(())), "{again:?}");
    }
    let message = error_of(&mut ring).1.to_string();
    assert!(message.contains("the reader's is 64, the producer's "), "{message}");
}

#[test]
fn a_readers_position_that_another_process_moved_is_an_error_once() {
    let (mut ring, producer, memory) = ring();
    (0..4_u64).for_each(|number| producer.send(number).unwrap());
    drop(ring.records().next());
    memory.set_consumer(48);
    let (count, error) = error_of(&mut ring);
    assert!(matches!(error, RingError::OtherProcess { expected: 16, found: 48, .. }), "{error}");
    assert!(error.to_string().starts_with("the reader's position of the memory is 48, but this process left it at 16"));
    assert_eq!(count, 0);
    // It goes on from there.
    assert_eq!(ring.drain(|record| assert_eq!(record.load::<u64>().unwrap(), 3)).unwrap(), 1);
    for wrong in [65, 72, 1 << 40, u64::MAX] {
        memory.set_consumer(wrong);
        assert!(matches!(error_of(&mut ring).1, RingError::OtherProcess { .. }));
        let (_, error) = error_of(&mut ring);
        assert!(matches!(error, RingError::Positions { consumer, producer: 64, .. } if consumer == wrong), "{error}");
    }
    memory.set_consumer(64);
    assert!(matches!(error_of(&mut ring).1, RingError::OtherProcess { .. }));
    assert_eq!(ring.drain(|_| ()).unwrap(), 0);
}

#[test]
fn positions_go_on_beyond_the_largest_number() {
    let (mut ring, producer, memory) = ring();
    let before = 0_u64.wrapping_sub(64);
    memory.set_consumer(before);
    memory.set_producer(before);
    assert!(matches!(error_of(&mut ring).1, RingError::OtherProcess { found, .. } if found == before));
    assert!(matches!(producer.send(0_u64), Err(RingError::OtherProcess { found, .. }) if found == before));
    for number in 0..8_u64 {
        producer.send([number; 2]).unwrap();
        assert_eq!(ring.available(), 24);
        assert!(ring.wait(Duration::ZERO).unwrap());
        assert_eq!(ring.drain(|record| assert_eq!(record.load::<[u64; 2]>().unwrap(), [number; 2])).unwrap(), 1);
    }
    assert_eq!((ring.available(), ring.positions().producer), (0, 8 * 24 - 64));
}

#[test]
fn a_ring_full_of_headers_ends() {
    let (mut ring, _, memory) = ring();
    for header in [0, DISCARD] {
        for position in (0..SIZE).step_by(8) {
            memory.set_header(position, header);
        }
        let before = ring.positions().consumer;
        memory.set_producer(before + SIZE as u64);
        let count = ring.drain(|record| assert!(record.is_empty())).unwrap();
        assert_eq!(count, if header == 0 { SIZE / 8 } else { 0 });
        assert_eq!(ring.available(), 0);
    }
}

#[test]
fn a_length_that_changes_after_it_was_read_leads_nowhere() {
    let (mut ring, producer, memory) = ring();
    producer.output(&[7; 32]).unwrap();
    let mut walk = ring.records();
    let record = walk.next().unwrap().unwrap();
    memory.set_header(0, DISCARD - 1);
    assert_eq!((record.len(), record.bytes()), (32, vec![7; 32]));
    assert!(record.read_at(32, &mut [0]).is_err());
    drop(record);
    assert!(walk.next().is_none());
}

#[test]
fn a_user_ring_whose_readers_position_cannot_be_is_an_error() {
    let ring = UserRing::memfd(SIZE).unwrap();
    ring.send(1_u64).unwrap();
    let memory = Mapping::from_memfd(ring.memory().unwrap()).unwrap();
    let consumer = memory.var::<u64>(0).unwrap();
    for wrong in [4, 24, u64::MAX, 1 << 63] {
        consumer.store(wrong);
        let error = ring.send(2_u64).unwrap_err();
        assert!(matches!(error, RingError::Positions { consumer, producer: 16, .. } if consumer == wrong), "{error}");
        assert!(ring.reserve_within::<u64>(Duration::from_secs(10)).is_err(), "without waiting");
        assert!(ring.pending() <= ring.capacity());
    }
    consumer.store(0);
    ring.send(2_u64).unwrap();
    memory.var::<u64>(page()).unwrap().store(8);
    assert!(matches!(ring.send(3_u64), Err(RingError::OtherProcess { expected: 32, found: 8, .. })));
}

/// Another process writes anything anywhere, while a ring is read and another one is filled: no call
/// fails to return, and each error has a name.
///
/// Half of the time the ring's positions stay valid, since wrong ones end most walks before a length.
#[test]
fn a_process_that_scribbles_causes_errors_only() {
    let (mut ring, producer, memory) = ring();
    let user = UserRing::memfd(SIZE).unwrap();
    let consumer = Mapping::from_memfd(user.memory().unwrap()).unwrap().var::<u64>(0).unwrap();
    let end = Instant::now() + duration();
    let scribble = || {
        let mut seed = 7_u64;
        for round in 0_u64.. {
            if Instant::now() >= end {
                break;
            }
            if round % 1024 == 512 {
                memory.set_consumer(0);
                memory.set_producer(SIZE as u64);
            }
            for _ in 0..64 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (seed >> 20) as usize % SIZE / 8 * 8;
                match seed >> 60 {
                    0 if round % 1024 < 512 => memory.set_consumer(seed >> 30 & 0xffff8),
                    1..3 if round % 1024 < 512 => memory.set_producer(seed >> 30 & 0xffff8),
                    3 => consumer.store(seed >> 30 & 0xfffff),
                    _ if (seed >> 58).is_multiple_of(4) => memory.set_header(at, (seed >> 32) as u32),
                    _ => memory.set_header(at, (seed >> 32) as u32 & (BUSY | DISCARD | 0xff)),
                }
            }
        }
        0
    };
    let (mut records, mut bytes, mut sent, mut errors) = (0_u64, 0, 0_u64, BTreeMap::new());
    thread::scope(|scope| {
        let hostile = scope.spawn(|| fork(scribble));
        let mut count = |error: RingError| {
            let name = match error {
                RingError::Positions { .. } => "positions",
                RingError::Length { .. } => "length",
                RingError::OtherProcess { .. } => "other process",
                RingError::Full { .. } => "full",
                other => panic!("{other}"),
            };
            *errors.entry(name).or_insert(0_u64) += 1;
        };
        while Instant::now() < end {
            for record in ring.records().take(1000) {
                match record {
                    Ok(record) => (records, bytes) = (records + 1, bytes + record.bytes().len()),
                    Err(error) => count(error),
                }
            }
            ring.wait(Duration::ZERO).map_err(&mut count).ok();
            producer.send(1_u64).map_err(&mut count).ok();
            sent += u64::from(user.send(2_u64).map_err(&mut count).is_ok());
        }
        assert_eq!(hostile.join().unwrap(), 0);
    });
    println!("{records} records of {bytes} bytes, {sent} samples sent, errors: {errors:?}");
    assert!(["positions", "length", "other process"].iter().all(|name| errors.contains_key(name)), "{errors:?}");
}
