//! Ring buffers on memfds: the protocol of the kernel's, with both sides in user space.
#![expect(clippy::cast_possible_truncation, reason = "low halves are asked for, and numbers are small")]

use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mapvalue::ring::{Positions, Record, RingProducer};
use mapvalue::{MapValue, Ring, RingError, UserRing};
use mapvalue_tests::fork;
use mapvalue_tests::race::{AtTheEnd, PATIENCE, Race, duration};

const SIZE: usize = 65536;

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Event {
    number: u64,
    kind: u32,
    tail: u32,
}

fn event(number: u64) -> Event {
    Event { number, kind: 7, tail: 3 }
}

fn ring() -> (Ring, RingProducer) {
    let ring = Ring::memfd(SIZE).unwrap();
    let producer = ring.producer().unwrap();
    (ring, producer)
}

fn numbers(ring: &mut Ring) -> Vec<u64> {
    ring.records().map(|record| record.unwrap().load::<u64>().unwrap()).collect()
}

#[test]
fn records_come_in_order_and_once() {
    let (mut ring, producer) = ring();
    assert_eq!(numbers(&mut ring), []);
    (0..5_u64).for_each(|number| producer.send(number).unwrap());
    assert_eq!(numbers(&mut ring), [0, 1, 2, 3, 4]);
    assert_eq!(numbers(&mut ring), []);
}

#[test]
fn a_record_is_seen_in_place_and_by_value() {
    let (mut ring, producer) = ring();
    producer.send(event(9)).unwrap();
    let count = ring
        .drain(|record| {
            assert_eq!((record.len(), record.is_empty(), record.position()), (16, false, 0));
            assert_eq!(record.view::<Event>().unwrap().kind.load(), 7);
            assert_eq!(record.load::<Event>().unwrap(), event(9));
            assert_eq!(record.bytes(), event(9).to_bytes());
            assert_eq!(record.load_at::<u32>(12).unwrap(), 3);
            let mut bytes = [0; 4];
            record.read_at(8, &mut bytes).unwrap();
            assert_eq!(bytes, 7_u32.to_ne_bytes());
            assert!(record.copy_to(&mut bytes).is_err());
            assert_eq!(record.slice_at::<u32>(8, 2).unwrap()[1].load(), 3);
        })
        .unwrap();
    assert_eq!(count, 1);
}

#[test]
fn a_type_that_does_not_fit_a_record_is_an_error_with_both_sizes() {
    let (mut ring, producer) = ring();
    producer.output(&[0; 12]).unwrap();
    let record = ring.records().next().unwrap().unwrap();
    let error = record.load::<u64>().unwrap_err();
    assert_eq!(error.to_string(), "a record of 12 bytes is not one `u64`, which has 8");
    assert!(matches!(record.view::<Event>(), Err(RingError::RecordSize { size: 16, len: 12, .. })));
    assert!(matches!(record.view_at::<u64>(8), Err(RingError::OutOfRecord { offset: 8, size: 8, len: 12 })));
    assert!(matches!(record.view_at::<u64>(usize::MAX), Err(RingError::OutOfRecord { .. })));
    assert!(matches!(record.slice_at::<u64>(0, usize::MAX), Err(RingError::OutOfRecord { .. })));
    assert!(matches!(record.view_at::<u32>(2), Err(RingError::Place(_))));
    assert!(matches!(record.read_at(9, &mut [0; 4]), Err(RingError::OutOfRecord { .. })));
}

#[test]
fn records_wrap_around_the_end_in_one_piece() {
    let (mut ring, producer) = ring();
    let mut seed = 1_u64;
    for round in 0..2000_u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let len = (seed >> 33) as usize % 5000;
        let bytes: Vec<u8> = (0..len).map(|at| (round as usize + at) as u8).collect();
        producer.output(&bytes).unwrap();
        assert_eq!(ring.drain(|record| assert_eq!(record.bytes(), bytes)).unwrap(), 1, "{len} bytes");
    }
    assert!(ring.positions().consumer > 20 * SIZE as u64);
}

#[test]
fn empty_records_are_records() {
    let (mut ring, producer) = ring();
    producer.output(&[]).unwrap();
    assert_eq!(ring.available(), 8);
    assert_eq!(ring.drain(|record| assert!(record.is_empty() && record.bytes().is_empty())).unwrap(), 1);
}

#[test]
fn a_wait_looks_at_the_clock_while_it_skips() {
    let (mut ring, producer) = ring();
    while let Ok(sample) = producer.reserve_bytes(0) {
        sample.discard();
    }
    producer.send(7u64).unwrap_err();
    assert!(!ring.wait(Duration::ZERO).unwrap());
    let left = ring.available();
    assert!(0 < left && left < SIZE as u64, "{left} bytes are left");
    assert!(!ring.wait(Duration::ZERO).unwrap());
    assert!(0 < ring.available() && ring.available() < left, "the next call goes on");
    producer.send(7u64).unwrap();
    assert!(ring.wait(Duration::MAX).unwrap(), "all of them are skipped");
    assert_eq!(ring.drain(|record| assert_eq!(record.load::<u64>().unwrap(), 7)).unwrap(), 1);
}

#[test]
fn a_busy_record_stops_the_walk_and_a_discarded_one_is_skipped() {
    let (mut ring, producer) = ring();
    producer.send(1_u64).unwrap();
    let busy = producer.reserve::<u64>().unwrap();
    producer.send(3_u64).unwrap();
    assert_eq!(numbers(&mut ring), [1]);
    busy.store(2);
    assert_eq!(numbers(&mut ring), []);
    busy.submit();
    assert_eq!(numbers(&mut ring), [2, 3]);
    producer.reserve::<u64>().unwrap().discard();
    drop(producer.reserve_bytes(100).unwrap());
    producer.send(4_u64).unwrap();
    producer.reserve::<u64>().unwrap().discard();
    assert_eq!(numbers(&mut ring), [4]);
    assert_eq!(ring.available(), 0, "the discarded ones are released");
}

#[test]
fn a_ring_is_filled_as_the_kernel_fills_it() {
    let mut ring = Ring::memfd(4096).unwrap();
    let producer = ring.producer().unwrap();
    // 8 bytes stay free.
    producer.output(&[0; 4080]).unwrap();
    let error = producer.output(&[]).unwrap_err();
    assert!(matches!(error, RingError::Full { len: 0, span: 8, free: 0, .. }), "{error}");
    assert!(error.to_string().starts_with("the memory is full: a record of 0 bytes takes 8"), "{error}");
    assert!(matches!(producer.output(&[0; 4081]), Err(RingError::TooLong { len: 4081, max: 4080, .. })));
    assert_eq!(ring.drain(|_| ()).unwrap(), 1);
    producer.output(&[]).unwrap();
}

/// How many records of 8 bytes a producer gets into a ring until it is full.
fn fill(producer: &RingProducer) -> u64 {
    let mut sent = 0;
    while producer.send(sent).is_ok() {
        sent += 1;
    }
    sent
}

#[test]
fn what_is_read_is_the_producers_at_once() {
    let mut ring = Ring::memfd(4096).unwrap();
    let producer = ring.producer().unwrap();
    assert_eq!(fill(&producer), 255);
    let mut walk = ring.records();
    assert!(producer.send(0_u64).is_err());
    drop(walk.next());
    producer.send(255_u64).unwrap();
    let mut held = walk.next().unwrap().unwrap();
    assert!(producer.send(0_u64).is_err(), "the record in use is not released");
    for number in 256..300 {
        held = walk.next().unwrap().unwrap();
        // Two are in use for a moment, so both are released now.
        while producer.send(number).is_ok() {}
    }
    drop((held, walk));
    assert!(fill(&producer) > 0);
}

#[test]
fn records_that_are_kept_are_not_released() {
    let mut ring = Ring::memfd(4096).unwrap();
    let producer = ring.producer().unwrap();
    assert_eq!(fill(&producer), 255);
    let mut kept: Vec<Record<'_>> = ring.records().map(Result::unwrap).collect();
    assert_eq!(kept.len(), 255);
    let sum = |kept: &[Record<'_>]| kept.iter().map(|record| record.load::<u64>().unwrap()).sum::<u64>();
    assert_eq!((fill(&producer), sum(&kept)), (0, 254 * 255 / 2));
    kept.truncate(1);
    assert_eq!((fill(&producer), kept[0].load::<u64>().unwrap()), (0, 0));
    drop(kept);
    assert_eq!(fill(&producer), 255);
    // One that is forgotten is in use until the next walk.
    std::mem::forget(ring.records().next());
    assert_eq!(fill(&producer), 0);
    assert_eq!(ring.drain(|_| ()).unwrap(), 254);
    assert_eq!(fill(&producer), 255);
}

#[test]
fn an_early_break_loses_nothing() {
    let (mut ring, producer) = ring();
    (0..100_u64).for_each(|number| producer.send(number).unwrap());
    let mut seen = Vec::new();
    while seen.len() < 100 {
        for record in ring.records().take(7) {
            seen.push(record.unwrap().load::<u64>().unwrap());
        }
    }
    assert!(seen.iter().copied().eq(0..100));
}

#[test]
fn a_panic_loses_only_the_record_that_was_in_use() {
    let (mut ring, producer) = ring();
    (0..10_u64).for_each(|number| producer.send(number).unwrap());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        ring.drain(|record| assert_ne!(record.load::<u64>().unwrap(), 3, "on purpose"))
    }));
    assert!(panicked.is_err());
    assert_eq!(numbers(&mut ring), [4, 5, 6, 7, 8, 9]);
}

#[test]
fn positions_and_gauge_show_the_lag() {
    let (mut ring, producer) = ring();
    let gauge = ring.gauge();
    assert_eq!((gauge.capacity(), ring.capacity(), gauge.available()), (65536, 65536, 0));
    (0..3_u64).for_each(|number| producer.send(number).unwrap());
    assert_eq!((ring.available(), gauge.available()), (48, 48));
    drop(ring.records().next());
    assert_eq!(ring.positions(), Positions { consumer: 16, producer: 48 });
    let there = thread::spawn(move || gauge.positions()).join().unwrap();
    assert_eq!(there, ring.positions());
    assert!(format!("{ring:?}").contains("producer: 48"), "{ring:?}");
}

#[test]
fn waiting_ends_with_a_record_or_with_the_time() {
    let (mut ring, producer) = ring();
    let before = Instant::now();
    assert!(!ring.wait(Duration::from_millis(30)).unwrap());
    assert!(before.elapsed() >= Duration::from_millis(30));
    assert!(!ring.wait(Duration::ZERO).unwrap());
    let other = producer.clone();
    let sender = thread::spawn(move || {
        thread::sleep(Duration::from_millis(30));
        other.send(7_u64).unwrap();
    });
    assert!(ring.wait(PATIENCE).unwrap());
    sender.join().unwrap();
    assert!(ring.wait(Duration::MAX).unwrap(), "as long as it is not read");
    assert_eq!(numbers(&mut ring), [7]);
    assert!(!ring.wait(Duration::from_millis(1)).unwrap());
}

#[test]
fn whoever_is_woken_without_a_record_goes_on_waiting() {
    let (mut ring, producer) = ring();
    let sender = thread::spawn(move || {
        // Each discard wakes, since the reader waits for that record.
        for _ in 0..20 {
            producer.reserve::<u64>().unwrap().discard();
            thread::sleep(Duration::from_millis(2));
        }
        let busy = producer.reserve::<u64>().unwrap();
        producer.send(8_u64).unwrap();
        thread::sleep(Duration::from_millis(20));
        busy.store(7);
        busy.submit();
    });
    assert!(ring.wait(PATIENCE).unwrap());
    assert_eq!(numbers(&mut ring), [7, 8]);
    sender.join().unwrap();
}

/// Whether poll(2) finds the ring readable now.
fn is_readable(fd: impl AsFd) -> bool {
    use std::os::fd::AsRawFd;
    let mut poll = libc::pollfd { fd: fd.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: it is one `pollfd`.
    unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
}

#[test]
fn the_descriptor_is_readable_while_there_is_something_to_read() {
    let (mut ring, producer) = ring();
    assert!(!is_readable(&ring));
    producer.send(1_u64).unwrap();
    producer.send(2_u64).unwrap();
    assert!(is_readable(&ring));
    drop(ring.records().next());
    assert!(is_readable(&ring), "one is left");
    assert_eq!(numbers(&mut ring), [2]);
    assert!(!is_readable(&ring));
    let busy = producer.reserve::<u64>().unwrap();
    assert_eq!(ring.drain(|_| ()).unwrap(), 0);
    assert!(!is_readable(&ring));
    busy.submit();
    assert!(is_readable(&ring));
}

#[test]
fn the_descriptor_is_readable_after_a_record_that_outlived_its_walk() {
    let (mut ring, producer) = ring();
    (0..2_u64).for_each(|number| producer.send(number).unwrap());
    let mut walk = ring.records();
    let (first, second) = (walk.next().unwrap().unwrap(), walk.next().unwrap().unwrap());
    drop(walk);
    // Its commit wakes nobody: the reader has not come there.
    producer.send(2_u64).unwrap();
    drop(first);
    drop(second);
    assert!(is_readable(&ring), "one is left");
    assert_eq!(numbers(&mut ring), [2]);
    // One that is forgotten holds up no later walk.
    producer.send(3_u64).unwrap();
    std::mem::forget(ring.records().next());
    producer.send(4_u64).unwrap();
    assert_eq!(numbers(&mut ring), [4]);
    assert!(!is_readable(&ring));
    producer.send(5_u64).unwrap();
    assert!(is_readable(&ring));
}

#[test]
fn a_forked_child_does_not_consume_its_parents_records() {
    let (mut ring, producer) = ring();
    producer.send(1_u64).unwrap();
    let status = fork(|| {
        let forked = |error: &RingError| matches!(error, RingError::Forked { .. });
        let walked = ring.records().next().is_some_and(|record| record.is_err_and(|error| forked(&error)));
        let drained = ring.drain(|_| ()).is_err_and(|error| forked(&error));
        let waited = ring.wait(Duration::from_secs(1)).is_err_and(|error| forked(&error));
        i32::from(!(walked && drained && waited))
    });
    assert_eq!((status, ring.available()), (0, 16));
    assert_eq!(numbers(&mut ring), [1]);
}

#[test]
fn a_child_that_is_forked_in_the_middle_of_a_walk_consumes_nothing() {
    let (mut ring, producer) = ring();
    (0..4_u64).for_each(|number| producer.send(number).unwrap());
    let gauge = ring.gauge();
    let mut walk = ring.records();
    let mut record = walk.next().unwrap().ok();
    let status = fork(|| {
        drop(record.take());
        i32::from(!matches!(walk.next(), Some(Err(RingError::Forked { .. }))) || walk.next().is_some())
    });
    assert_eq!(status, 0);
    assert_eq!((record.as_ref().unwrap().load::<u64>().unwrap(), gauge.positions().consumer), (0, 0));
    drop((record, walk));
    // In the function that `drain` calls.
    let mut is_child = false;
    let mut seen = 0;
    let drained = ring.drain(|_| {
        seen += 1;
        if seen == 1 {
            // SAFETY: the child makes system calls, and exits below.
            let pid = unsafe { libc::fork() };
            is_child = pid == 0;
            if !is_child {
                let mut status = -1;
                // SAFETY: it waits for the child, and writes one integer.
                unsafe { libc::waitpid(pid, &raw mut status, 0) };
                assert_eq!(status, 0, "the child has seen one record, and an error");
                assert_eq!(gauge.positions().consumer, 16, "the child has released nothing");
            }
        }
    });
    if is_child {
        // SAFETY: it only ends the child.
        unsafe { libc::_exit(i32::from(seen != 1 || !matches!(drained, Err(RingError::Forked { .. })))) };
    }
    assert_eq!((drained.unwrap(), seen, ring.positions().consumer), (3, 3, 64));
}

#[test]
fn another_process_fills_the_ring() {
    let (mut ring, producer) = ring();
    let status = fork(|| i32::from((0..1000_u64).any(|number| producer.send(number).is_err())));
    assert_eq!(status, 0);
    assert!(numbers(&mut ring).into_iter().eq(0..1000));
    // The child has moved the position, which the parent's producer notices, once.
    assert!(matches!(producer.send(0_u64), Err(RingError::OtherProcess { expected: 0, found: 16000, .. })));
    producer.send(1000_u64).unwrap();
    assert_eq!(numbers(&mut ring), [1000]);
}

/// Threads that send numbered records, and a reader that sees each once, in order, whole.
#[test]
fn every_committed_record_is_seen_once_in_order_and_whole() {
    const THREADS: usize = 2;
    let mut ring = Ring::memfd(8192).unwrap();
    let producer = ring.producer().unwrap();
    let stop = AtomicBool::new(false);
    // A thread's records, of which every fifth is discarded. Returns how many there were.
    let send = |thread: u64| {
        let mut number = 0_u64;
        while !stop.load(Ordering::Relaxed) {
            let words = 2 + number as usize % 30;
            let Ok(sample) = producer.reserve_bytes(words * 8) else {
                thread::yield_now();
                continue;
            };
            if number % 5 == 4 {
                sample.discard();
            } else {
                let cells = sample.slice_at::<u64>(0, words).unwrap();
                for cell in cells {
                    cell.store(thread << 56 | number);
                }
                sample.submit();
            }
            number += 1;
        }
        number
    };
    let mut next = [0_u64; THREADS];
    let mut check = |record: &Record<'_>| {
        let words = record.slice_at::<u64>(0, record.len() / 8).unwrap();
        let word = words[0].load();
        assert!(words.iter().all(|cell| cell.load() == word), "not whole: {record:?}");
        let (thread, number) = ((word >> 56) as usize, word << 8 >> 8);
        next[thread] += u64::from(next[thread] % 5 == 4);
        assert_eq!((number, words.len() as u64), (next[thread], 2 + number % 30), "of thread {thread}");
        next[thread] += 1;
    };
    let totals = thread::scope(|scope| {
        let _stop = AtTheEnd(|| stop.store(true, Ordering::Relaxed));
        let send_ref = &send;
        let threads = [0, 1].map(|thread| scope.spawn(move || send_ref(thread)));
        let race = Race::of(duration());
        let mut seen = 0;
        while race.goes_on(seen > 1000) {
            // A commit wakes the reader that waits for it: it never waits for its whole patience.
            assert!(ring.wait(PATIENCE).unwrap());
            seen += ring.drain(&mut check).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        threads.map(|thread| thread.join().unwrap())
    });
    ring.drain(&mut check).unwrap();
    let last_discarded = next.map(|next| next + u64::from(next % 5 == 4));
    assert!((0..THREADS).all(|thread| totals[thread] == next[thread] || totals[thread] == last_discarded[thread]));
    assert_eq!(ring.available(), 0);
}

#[test]
fn sizes_that_no_ring_has_are_refused() {
    for size in [0, 1, 4095, 12288] {
        let error = Ring::memfd(size).unwrap_err();
        assert!(matches!(error, RingError::Size { .. }), "{error}");
        assert!(UserRing::memfd(size).is_err());
    }
}
