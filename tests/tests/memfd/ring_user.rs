//! User rings on memfds: this process is the producer, and a stand-in for the program reads.
#![expect(clippy::cast_possible_truncation, reason = "low halves are asked for, and numbers are small")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mapvalue::ring::Positions;
use mapvalue::{MapValue, Mapping, PlaceError, Ring, RingError, UserRing};
use mapvalue_tests::fork;
use mapvalue_tests::race::{AtTheEnd, PATIENCE, Race, duration};

const BUSY: u32 = 1 << 31;

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Order {
    number: u64,
    thread: u32,
    check: u32,
}

fn order(thread: u32, number: u64) -> Order {
    Order { number, thread, check: (number * 7) as u32 + thread }
}

fn page() -> usize {
    // SAFETY: it only reads its argument.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap()
}

fn numbers(program: &mut Ring) -> Vec<u64> {
    program.records().map(|record| record.unwrap().load::<Order>().unwrap().number).collect()
}

#[test]
fn samples_are_filled_in_place_or_by_value() {
    let ring = UserRing::memfd(4096).unwrap();
    let mut program = ring.consumer().unwrap();
    let error = ring.consumer().unwrap_err();
    assert!(matches!(error, RingError::OpenHere { id: None, .. }), "there is one reader: {error:?}");
    assert!(error.to_string().starts_with("the memory is open in this process already"), "{error}");
    assert!(matches!(program.producer(), Err(RingError::NoStandIn { .. })));
    ring.send(order(1, 1)).unwrap();
    let sample = ring.reserve::<Order>().unwrap();
    sample.number.store(2);
    sample.thread.store(1);
    sample.check.store(15);
    assert!(format!("{sample:?}").contains("position: 24"), "{sample:?}");
    sample.submit();
    let bytes = ring.reserve_bytes(16).unwrap();
    assert_eq!((bytes.len(), bytes.is_empty()), (16, false));
    bytes.write_at(0, &order(1, 3).to_bytes()[..8]).unwrap();
    bytes.slice_at::<u32>(8, 2).unwrap()[1].store(22);
    bytes.view_at::<u32>(8).unwrap().store(1);
    assert!(matches!(bytes.view_at::<u64>(9), Err(RingError::OutOfRecord { offset: 9, size: 8, len: 16 })));
    assert!(matches!(bytes.view_at::<u32>(2), Err(RingError::Place(_))));
    assert!(matches!(bytes.slice_at::<u64>(8, usize::MAX), Err(RingError::OutOfRecord { .. })));
    assert!(bytes.write_at(10, &[0; 7]).is_err());
    bytes.submit();
    ring.send_bytes(&order(1, 4).to_bytes()).unwrap();
    assert_eq!((ring.pending(), ring.positions()), (96, Positions { consumer: 0, producer: 96 }));
    let mut next = 1;
    let count = program.drain(|sample| {
        assert_eq!(sample.load::<Order>().unwrap(), order(1, next));
        next += 1;
    });
    assert_eq!((count.unwrap(), ring.pending()), (4, 0));
}

#[test]
fn what_is_dropped_is_discarded_and_what_is_busy_holds_up_the_rest() {
    let ring = UserRing::memfd(4096).unwrap();
    let mut program = ring.consumer().unwrap();
    let busy = ring.reserve::<Order>().unwrap();
    drop(ring.reserve::<Order>().unwrap());
    ring.reserve_bytes(100).unwrap().discard();
    ring.send(order(0, 2)).unwrap();
    assert_eq!(numbers(&mut program), []);
    busy.store(order(0, 1));
    busy.submit();
    assert_eq!(numbers(&mut program), [1, 2]);
    // A panic discards what was being filled.
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _sample = ring.reserve::<Order>().unwrap();
        panic!("on purpose");
    }));
    ring.send(order(0, 3)).unwrap();
    assert!(panicked.is_err());
    assert_eq!((numbers(&mut program), ring.pending()), (vec![3], 0));
}

#[test]
fn sizes_up_to_the_capacity_wrap_around_the_end() {
    let ring = UserRing::memfd(4096).unwrap();
    let mut program = ring.consumer().unwrap();
    assert_eq!((ring.capacity(), ring.longest()), (4096, 4088));
    assert!(matches!(ring.reserve_bytes(4089), Err(RingError::TooLong { len: 4089, max: 4088, .. })));
    assert!(matches!(ring.reserve_bytes(usize::MAX), Err(RingError::TooLong { .. })));
    assert!(matches!(ring.reserve_within::<[u64; 512]>(PATIENCE), Err(RingError::TooLong { .. })), "without waiting");
    for len in (0..4089_usize).step_by(7).chain([4088, 4088]) {
        let bytes: Vec<u8> = (0..len).map(|at| (at * 3 + len) as u8).collect();
        ring.send_bytes(&bytes).unwrap();
        assert_eq!(program.drain(|sample| assert_eq!(sample.bytes(), bytes)).unwrap(), 1);
    }
    let large = UserRing::memfd(1 << 25).unwrap();
    assert_eq!(large.longest(), (1 << 24) - 1, "the kernel reads no longer ones");
}

#[test]
fn a_full_ring_is_an_error_or_a_wait() {
    let ring = UserRing::memfd(4096).unwrap();
    let mut program = ring.consumer().unwrap();
    let mut sent = 0;
    while ring.send(order(0, sent)).is_ok() {
        sent += 1;
    }
    assert_eq!(sent, 4096 / 24);
    let error = ring.send(order(0, 0)).unwrap_err();
    assert!(matches!(error, RingError::Full { len: 16, span: 24, free: 16, .. }), "{error}");
    let before = Instant::now();
    assert!(matches!(ring.reserve_bytes_within(16, Duration::from_millis(20)), Err(RingError::Full { .. })));
    assert!(before.elapsed() >= Duration::from_millis(20));
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            drop(program.records().next());
        });
        ring.reserve_within::<Order>(PATIENCE).unwrap().submit();
    });
}

#[test]
fn a_record_that_outlived_its_walk_makes_room_for_who_waits() {
    let ring = UserRing::memfd(4096).unwrap();
    let mut program = ring.consumer().unwrap();
    while ring.send(order(0, 0)).is_ok() {}
    let record = program.records().next().unwrap().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let before = Instant::now();
            ring.reserve_within::<Order>(PATIENCE).unwrap().submit();
            before.elapsed()
        });
        thread::sleep(Duration::from_millis(100));
        drop(record);
        assert!(waiting.join().unwrap() < PATIENCE, "woken, not timed out");
    });
}

#[test]
fn errors_name_the_offset_in_the_sample() {
    #[derive(MapValue, Clone, Copy)]
    #[repr(C, align(16))]
    struct Wide {
        number: u64,
        rest: u64,
    }
    let ring = UserRing::memfd(4096).unwrap();
    let mut program = ring.consumer().unwrap();
    ring.send(1_u64).unwrap();
    let sample = ring.reserve_bytes(32).unwrap();
    let error = sample.view_at::<u64>(3).unwrap_err();
    assert_eq!(error.to_string(), "`u64` at offset 3 is misaligned: it needs a multiple of 8");
    assert!(sample.view_at::<u64>(8).is_ok() && sample.slice_at::<u64>(4, 2).is_err());
    sample.submit();
    program.records().next().unwrap().unwrap();
    // This one begins at position 16, and its bytes 8 later.
    let record = program.records().next().unwrap().unwrap();
    for error in [record.head::<Wide>().map(|_| ()), record.view_at::<Wide>(0).map(|_| ())].map(Result::unwrap_err) {
        let RingError::Place(PlaceError::Misaligned { offset, align, .. }) = error else { panic!("{error}") };
        assert_eq!((offset, align), (0, 16), "{error}");
    }
}

#[test]
fn a_forked_child_does_not_send_for_its_parent() {
    let ring = UserRing::memfd(4096).unwrap();
    let status = fork(|| {
        let forked = |sent: Result<(), RingError>| sent.is_err_and(|error| matches!(error, RingError::Forked { .. }));
        i32::from(!(forked(ring.send(1_u64)) && forked(ring.discard_abandoned().map(drop))))
    });
    assert_eq!((status, ring.pending()), (0, 0));
}

#[test]
fn a_sample_that_a_forked_child_drops_stays_its_parents() {
    let ring = UserRing::memfd(4096).unwrap();
    let mut program = ring.consumer().unwrap();
    let mut samples = [0, 1].map(|number| {
        let sample = ring.reserve::<Order>().unwrap();
        sample.store(order(0, number));
        Some(sample)
    });
    let status = fork(|| {
        samples[0].take().unwrap().submit();
        drop(samples[1].take());
        0
    });
    assert_eq!((status, numbers(&mut program)), (0, vec![]));
    samples.into_iter().flatten().for_each(mapvalue::ring::Sample::submit);
    assert_eq!(numbers(&mut program), [0, 1]);
}

#[test]
fn a_damaged_ring_has_no_abandoned_samples() {
    let ring = UserRing::memfd(4096).unwrap();
    assert_eq!(ring.discard_abandoned().unwrap(), 0);
    drop(ring.reserve::<Order>());
    assert_eq!(ring.discard_abandoned().unwrap(), 0, "its own are not from before");
    let memory = Mapping::from_memfd(ring.memory().unwrap()).unwrap();
    memory.var::<u64>(0).unwrap().store(4096 * 4);
    assert!(ring.discard_abandoned().is_ok_and(|count| count == 0));
    memory.var::<u32>(2 * page()).unwrap().store(BUSY);
    assert!(matches!(ring.send(1_u64), Err(RingError::Positions { consumer: 16384, producer: 24, .. })));
}

/// Threads send, and wait for room; a reader sees each sample once, in order and whole.
#[test]
fn threads_send_at_once() {
    const THREADS: u32 = 3;
    let ring = UserRing::memfd(4096).unwrap();
    let mut program = ring.consumer().unwrap();
    let stop = AtomicBool::new(false);
    let totals: [AtomicU64; THREADS as usize] = Default::default();
    let send = |thread: u32| {
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            let sample = ring.reserve_within::<Order>(PATIENCE).unwrap();
            sample.store(order(thread, number));
            sample.submit();
            number += 1;
            if number % 9 == 0 {
                drop(ring.reserve_bytes(number as usize % 100));
            }
        }
        totals[thread as usize].store(number, Ordering::Relaxed);
    };
    let mut next = [0; THREADS as usize];
    let mut look = |sample: &mapvalue::Record<'_>| {
        let Order { number, thread, .. } = sample.load().unwrap();
        assert_eq!(sample.load::<Order>().unwrap(), order(thread, next[thread as usize]), "of thread {thread}");
        next[thread as usize] = number + 1;
    };
    thread::scope(|scope| {
        let _stop = AtTheEnd(|| stop.store(true, Ordering::Relaxed));
        let send_ref = &send;
        let threads = [0, 1, 2].map(|thread| scope.spawn(move || send_ref(thread)));
        let race = Race::of(duration());
        let mut seen = 0;
        while race.goes_on(seen > 1000) {
            assert!(program.wait(PATIENCE).unwrap());
            seen += program.drain(&mut look).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        // They may wait for room.
        while !threads.iter().all(thread::ScopedJoinHandle::is_finished) {
            program.drain(&mut look).unwrap();
            thread::yield_now();
        }
    });
    program.drain(&mut look).unwrap();
    assert_eq!(next, totals.each_ref().map(|total| total.load(Ordering::Relaxed)));
    assert_eq!(ring.pending(), 0);
}
