//! The kernel's ring in the event loops of tokio and mio, which are edge-triggered: no commit of a
//! program is slept through.

use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use mapvalue::Ring;
use mapvalue_tests::kernel::{self, Libbpf, Loader, objects};
use mapvalue_tests::race::{AtTheEnd, PATIENCE};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use tokio::io::unix::AsyncFd;

const COUNT: u64 = 20_000;

/// Has a program commit records, and waits now and then until all were read, so that the reader goes
/// to sleep.
///
/// It gives up when the reader has ended, so that a test that fails ends.
fn send(loaded: &Libbpf, read: &AtomicU64, ended: &AtomicBool) {
    for number in (0..COUNT).step_by(4) {
        assert_eq!(loaded.run_on("numbered_record", &[0; 14], 4), 0);
        if number % 16 == 0 {
            while read.load(Ordering::Relaxed) < number + 4 {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                thread::yield_now();
            }
        }
    }
}

#[test]
fn tokio_waits_for_a_program() {
    kernel::require!(USER_RING);
    let loaded = Libbpf::load(objects::RING);
    let ring = Ring::from_map(loaded.map("events")).unwrap();
    let (read, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let _ended = AtTheEnd(|| ended.store(true, Ordering::Relaxed));
        scope.spawn(|| send(&loaded, &read, &ended));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            #[allow(deprecated, reason = "its successor is unsafe, and a ring's descriptor stays open and the same")]
            let mut events = AsyncFd::with_interest(ring, tokio::io::Interest::READABLE).unwrap();
            let mut next = 0;
            while next < COUNT {
                let ready = tokio::time::timeout(PATIENCE, events.readable_mut()).await;
                let mut ready = ready.expect("each commit that the reader waits for wakes it").unwrap();
                let drained = ready.get_inner_mut().drain(|record| {
                    assert_eq!(record.load_at::<u64>(0).unwrap(), next);
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
fn mio_waits_for_a_program() {
    kernel::require!(USER_RING);
    let loaded = Libbpf::load(objects::RING);
    let mut ring = Ring::from_map(loaded.map("events")).unwrap();
    let (read, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    let number = ring.as_fd().as_raw_fd();
    poll.registry().register(&mut SourceFd(&number), Token(0), Interest::READABLE).unwrap();
    thread::scope(|scope| {
        let _ended = AtTheEnd(|| ended.store(true, Ordering::Relaxed));
        scope.spawn(|| send(&loaded, &read, &ended));
        let mut next = 0;
        while next < COUNT {
            match poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.unwrap(),
            }
            assert!(!events.is_empty(), "each commit that the reader waits for wakes it");
            for record in ring.records() {
                assert_eq!(record.unwrap().load_at::<u64>(0).unwrap(), next);
                next += 1;
            }
            read.store(next, Ordering::Relaxed);
        }
    });
}
