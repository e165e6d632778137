//! A ring in the event loops of tokio and mio, which are edge-triggered: no event is slept through.

use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use mapvalue::ring::RingProducer;
use mapvalue::{Ring, RingError};
use mapvalue_tests::race::{AtTheEnd, PATIENCE};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use tokio::io::unix::AsyncFd;

const COUNT: u64 = 20_000;

/// Sends numbers, and waits now and then until all were read, so that the reader goes to sleep.
///
/// It gives up when the reader has ended, so that a test that fails ends.
fn send(producer: &RingProducer, read: &AtomicU64, ended: &AtomicBool) {
    for number in 0..COUNT {
        let sample = loop {
            match producer.reserve::<u64>() {
                Err(RingError::Full { .. }) if ended.load(Ordering::Relaxed) => return,
                Err(RingError::Full { .. }) => thread::yield_now(),
                sample => break sample.unwrap(),
            }
        };
        if number % 5 == 0 {
            // It is busy when the reader finds it.
            thread::yield_now();
        }
        sample.store(number);
        sample.submit();
        if number % 64 == 0 {
            while read.load(Ordering::Relaxed) <= number {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                thread::yield_now();
            }
        }
    }
}

#[test]
fn tokio_waits_for_a_ring() {
    let ring = Ring::memfd(4096).unwrap();
    let producer = ring.producer().unwrap();
    let (read, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let _ended = AtTheEnd(|| ended.store(true, Ordering::Relaxed));
        scope.spawn(|| send(&producer, &read, &ended));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            #[allow(deprecated, reason = "its successor is unsafe, and a ring's descriptor stays open and the same")]
            let mut events = AsyncFd::with_interest(ring, tokio::io::Interest::READABLE).unwrap();
            let mut next = 0;
            while next < COUNT {
                let ready = tokio::time::timeout(PATIENCE, events.readable_mut()).await;
                let mut ready = ready.expect("each commit that the reader waits for wakes it").unwrap();
                let drained = ready.get_inner_mut().drain(|record| {
                    assert_eq!(record.load::<u64>().unwrap(), next);
                    next += 1;
                });
                drained.unwrap();
                ready.clear_ready();
                read.store(next, Ordering::Relaxed);
            }
        });
    });
}

#[test]
fn mio_waits_for_a_ring() {
    let mut ring = Ring::memfd(4096).unwrap();
    let producer = ring.producer().unwrap();
    let (read, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    let number = ring.as_fd().as_raw_fd();
    poll.registry().register(&mut SourceFd(&number), Token(0), Interest::READABLE).unwrap();
    thread::scope(|scope| {
        let _ended = AtTheEnd(|| ended.store(true, Ordering::Relaxed));
        scope.spawn(|| send(&producer, &read, &ended));
        let mut next = 0;
        while next < COUNT {
            match poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.unwrap(),
            }
            assert!(!events.is_empty(), "each commit that the reader waits for wakes it");
            for record in ring.records() {
                assert_eq!(record.unwrap().load::<u64>().unwrap(), next);
                next += 1;
            }
            read.store(next, Ordering::Relaxed);
        }
    });
    assert!(!ring.wait(Duration::ZERO).unwrap());
}
