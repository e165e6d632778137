//! Ring buffers of the kernel's: programs fill one, and drain one that user space fills.
#![expect(clippy::cast_possible_truncation, reason = "low halves are asked for, and numbers are small")]

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mapvalue::bpf::{self, MapInfo};
use mapvalue::ring::{Positions, Record};
use mapvalue::{DataSection, MapError, MapValue, Ring, RingError, UserRing, Var};
use mapvalue_tests::c;
use mapvalue_tests::fork;
use mapvalue_tests::kernel::{self, Libbpf, Loader, Map, PrivateBpffs, child, cpu, flags, map_type, objects};
use mapvalue_tests::race::{AtTheEnd, PATIENCE, Race, duration};

/// `BPF_RB_NO_WAKEUP` and `BPF_RB_FORCE_WAKEUP`.
const NO_WAKEUP: u64 = 1;
const FORCE_WAKEUP: u64 = 2;

/// The same struct as in `ring.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Numbered {
    number: u64,
    producer: u32,
    words: u32,
    word: [u64; 5],
}

/// The same struct as in `ring.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Order {
    number: u64,
    producer: u32,
    check: u32,
}

fn order(producer: u32, number: u64) -> Order {
    Order { number, producer, check: (number * 7 + u64::from(producer)) as u32 }
}

/// The object, with a ring of a size.
fn load(size: u32) -> Libbpf {
    Libbpf::load_with(objects::RING, "events", |mut map| map.set_max_entries(size).unwrap())
}

fn global<T: MapValue>(loaded: &Libbpf, name: &str) -> Var<T> {
    DataSection::from_map(loaded.map(".bss")).unwrap().var(name).unwrap()
}

/// A packet of the producer's.
fn packet(producer: u8) -> [u8; 14] {
    [producer; 14]
}

/// Checks that a record is whole.
fn check(record: &Record<'_>) -> Numbered {
    let loaded: Numbered = record.load().unwrap();
    let word = std::array::from_fn(|at| loaded.number * 5 + at as u64);
    assert_eq!(loaded, Numbered { words: 5, word, ..loaded }, "{record:?}");
    loaded
}

#[test]
fn records_of_a_program_are_read_in_place() {
    kernel::require!(USER_RING);
    let loaded = load(65536);
    let mut ring = Ring::from_map(loaded.map("events")).unwrap();
    assert_eq!((ring.name(), ring.capacity(), ring.available()), ("events", 65536, 0));
    assert_eq!(ring.drain(|_| ()).unwrap(), 0);
    assert_eq!(loaded.run_on("numbered_record", &packet(1), 3), 0);
    assert_eq!((ring.available(), ring.positions()), (192, Positions { consumer: 0, producer: 192 }));
    let mut next = 0;
    for record in ring.records() {
        let record = record.unwrap();
        assert_eq!((record.len(), record.position()), (56, next * 64));
        let view = record.view::<Numbered>().unwrap();
        assert_eq!((view.number.load(), view.producer.load(), view.word[4].load()), (next, 1, next * 5 + 4));
        check(&record);
        next += 1;
    }
    assert_eq!((next, ring.available()), (3, 0));
    // The kernel sees what the reader has released.
    loaded.run("query");
    assert_eq!(global::<[u64; 4]>(&loaded, "queried").load(), [0, 65536, 192, 192]);
}

#[test]
fn bytes_of_any_length_wrap_around_the_end() {
    kernel::require!(USER_RING);
    let loaded = load(8192);
    let mut ring = Ring::from_map(loaded.map("events")).unwrap();
    let (len, output) = (global::<u32>(&loaded, "output_len"), global::<[u8; 4096]>(&loaded, "output"));
    let mut seed = 1_u64;
    for round in 0..500_u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bytes: Vec<u8> = (0..(seed >> 33) % 4097).map(|at| (round + at) as u8).collect();
        len.store(bytes.len() as u32);
        output.iter().zip(&bytes).for_each(|(cell, byte)| cell.store(*byte));
        assert_eq!(loaded.run("output_bytes"), 0);
        assert_eq!(ring.drain(|record| assert_eq!(record.bytes(), bytes)).unwrap(), 1, "{} bytes", bytes.len());
    }
    assert!(ring.positions().consumer > 50 * 8192);
}

#[test]
fn discarded_records_are_skipped() {
    kernel::require!(USER_RING);
    let loaded = load(65536);
    let mut ring = Ring::from_map(loaded.map("events")).unwrap();
    global::<u32>(&loaded, "discard_every").store(3);
    loaded.run_on("numbered_record", &packet(0), 9);
    let mut numbers = Vec::new();
    assert_eq!(ring.drain(|record| numbers.push(check(record).number)).unwrap(), 6);
    assert_eq!((numbers, ring.available()), (vec![1, 2, 4, 5, 7, 8], 0));
    loaded.run_repeatedly("discarded_record", 5);
    assert_eq!((ring.available(), ring.drain(|_| ()).unwrap(), ring.available()), (80, 0, 0));
}

#[test]
fn a_full_ring_loses_what_does_not_fit_and_room_is_made_record_by_record() {
    kernel::require!(USER_RING);
    let loaded = load(4096);
    let mut ring = Ring::from_map(loaded.map("events")).unwrap();
    let lost = global::<[u64; 4]>(&loaded, "lost");
    loaded.run_on("numbered_record", &packet(0), 100);
    // 64 bytes each, and the kernel does not fill the last 8.
    assert_eq!((lost[0].load(), ring.available()), (37, 63 * 64));
    let mut walk = ring.records();
    drop(walk.next());
    assert_eq!(loaded.run_on("numbered_record", &packet(0), 1), 0, "there is room for one");
    assert_eq!(loaded.run_on("numbered_record", &packet(0), 1), 1);
    let held = walk.next();
    assert_eq!(loaded.run_on("numbered_record", &packet(0), 1), 1, "the record in use is not released");
    drop(held);
    assert_eq!(loaded.run_on("numbered_record", &packet(0), 1), 0);
    drop(walk);
    let mut numbers = Vec::new();
    ring.drain(|record| numbers.push(check(record).number)).unwrap();
    assert!(numbers.into_iter().eq(2..65));
}

#[test]
fn a_program_wakes_the_reader() {
    kernel::require!(USER_RING);
    let loaded = load(65536);
    let mut ring = Ring::from_map(loaded.map("events")).unwrap();
    let submit_flags = global::<u64>(&loaded, "submit_flags");
    let before = Instant::now();
    assert!(!ring.wait(Duration::from_millis(30)).unwrap());
    assert!(before.elapsed() >= Duration::from_millis(30));
    thread::scope(|scope| {
        scope.spawn(|| {
            // Wakeups without a record: it goes on waiting.
            submit_flags.store(FORCE_WAKEUP);
            for _ in 0..10 {
                loaded.run("discarded_record");
                thread::sleep(Duration::from_millis(2));
            }
            submit_flags.store(0);
            loaded.run_on("numbered_record", &packet(2), 1);
        });
        assert!(ring.wait(PATIENCE).unwrap());
    });
    assert_eq!(ring.drain(|record| assert_eq!(check(record).producer, 2)).unwrap(), 1);
    // A record that wakes nobody is found when the time is over.
    submit_flags.store(NO_WAKEUP);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            loaded.run_on("numbered_record", &packet(2), 1);
        });
        let before = Instant::now();
        assert!(ring.wait(Duration::from_millis(500)).unwrap());
        assert!(before.elapsed() >= Duration::from_millis(20));
    });
}

#[test]
fn a_process_reads_a_ring_once_at_a_time() {
    kernel::require!(USER_RING);
    let loaded = load(4096);
    let first = Ring::from_map(loaded.map("events")).unwrap();
    let id = MapInfo::query(loaded.map("events")).unwrap().id;
    let error = Ring::from_id(id).unwrap_err();
    assert!(matches!(error, RingError::OpenHere { id: found, .. } if found == Some(id)), "{error}");
    assert!(error.to_string().starts_with("map `events` (id "), "{error}");
    loaded.run_on("numbered_record", &packet(0), 2);
    drop(first);
    let mut second = Ring::from_id(id).unwrap();
    drop(second.records().next());
    drop(second);
    // Reading goes on where the last reader stopped.
    let mut third = Ring::from_map(loaded.map("events")).unwrap();
    assert_eq!(third.drain(|record| assert_eq!(check(record).number, 1)).unwrap(), 1);
    let user = UserRing::from_map(loaded.map("orders")).unwrap();
    assert!(matches!(UserRing::from_map(loaded.map("orders")), Err(RingError::OpenHere { .. })));
    drop(user);
    UserRing::from_map(loaded.map("orders")).unwrap();
}

#[test]
fn a_ring_is_opened_by_its_pin() {
    kernel::require!(USER_RING);
    let loaded = load(4096);
    let pins = PrivateBpffs::mount();
    bpf::pin(loaded.map("events"), pins.path("events")).unwrap();
    bpf::pin(loaded.map("orders"), pins.path("orders")).unwrap();
    loaded.run_on("numbered_record", &packet(0), 1);
    let mut ring = Ring::from_pin(pins.path("events")).unwrap();
    assert_eq!(ring.drain(|_| ()).unwrap(), 1);
    let orders = UserRing::from_pin(pins.path("orders")).unwrap();
    assert_eq!((orders.name(), orders.capacity(), orders.longest()), ("orders", 65536, 65528));
    assert!(matches!(Ring::from_pin(pins.path("orders")), Err(RingError::NotARing { .. })));
    assert!(matches!(UserRing::from_pin(pins.path("events")), Err(RingError::NotARing { .. })));
}

#[test]
fn other_maps_and_other_descriptors_are_told_apart() {
    kernel::require!(USER_RING);
    let array = Map::array(8, 1);
    assert!(matches!(Ring::from_map(&array), Err(RingError::NotARing { .. })));
    assert!(matches!(UserRing::from_map(&array), Err(RingError::NotARing { .. })));
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(matches!(Ring::from_map(&file), Err(RingError::Map(MapError::NotAMap { .. }))));
    for (ring, user) in [(map_type::RINGBUF, false), (map_type::USER_RINGBUF, true)] {
        let map = Map::create(ring, 0, 0, 4096, "some_ring");
        let open = |fd: OwnedFd| if user { UserRing::from_map(fd).map(drop) } else { Ring::from_map(fd).map(drop) };
        open(map.reopen(0)).unwrap();
        let read_only = open(map.reopen(flags::RDONLY)).unwrap_err();
        assert!(matches!(read_only, RingError::NotWritable { .. }), "{read_only}");
        let write_only = open(map.reopen(flags::WRONLY)).unwrap_err();
        assert!(matches!(write_only, RingError::NotWritable { .. } | RingError::Map(_)), "{write_only}");
        map.freeze().unwrap();
        let frozen = open(map.reopen(0)).unwrap_err();
        assert!(frozen.to_string().contains("the map is frozen"), "{frozen}");
    }
}

#[test]
fn a_ring_that_overwrites_is_refused() {
    kernel::require!(RING);
    match kernel::try_create(map_type::RINGBUF, flags::RB_OVERWRITE, 0, 4096, "events") {
        Ok(map) => {
            let error = Ring::from_map(&map).unwrap_err();
            assert!(error.to_string().contains("BPF_F_RB_OVERWRITE"), "{error}");
        }
        // Before Linux 6.19 there are none.
        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EINVAL)),
    }
}

#[test]
fn a_forked_child_does_not_consume_its_parents_records() {
    kernel::require!(USER_RING);
    if !child::alone(a_forked_child_does_not_consume_its_parents_records) {
        return;
    }
    let loaded = load(4096);
    let mut ring = Ring::from_map(loaded.map("events")).unwrap();
    let orders = UserRing::from_map(loaded.map("orders")).unwrap();
    loaded.run_on("numbered_record", &packet(0), 3);
    let status = fork(|| {
        let drained = ring.drain(|_| ()).is_err_and(|error| matches!(error, RingError::Forked { .. }));
        let sent = orders.send(1_u64).is_err_and(|error| matches!(error, RingError::Forked { .. }));
        let found = orders.discard_abandoned().is_err_and(|error| matches!(error, RingError::Forked { .. }));
        i32::from(!(drained && sent && found))
    });
    assert_eq!((status, ring.available(), orders.pending()), (0, 192, 0));
    // A child that opens the ring itself reads it, and its parent notices.
    let status = fork(|| {
        let mut own = Ring::from_map(loaded.map("events")).unwrap();
        i32::from(own.records().take(2).flatten().count() != 2)
    });
    assert_eq!(status, 0);
    let error = ring.drain(|_| ()).unwrap_err();
    assert!(matches!(error, RingError::OtherProcess { expected: 0, found: 128, .. }), "{error}");
    assert_eq!(ring.drain(|record| assert_eq!(check(record).number, 2)).unwrap(), 1);
    child::done();
}

/// Two programs fill the ring from two threads, and a third thread reads it: each record that was
/// committed is seen once, in order, whole.
#[test]
fn every_record_that_programs_commit_is_seen_once_in_order_and_whole() {
    const PRODUCERS: usize = 2;
    kernel::require!(USER_RING);
    let loaded = load(16384);
    let mut ring = Ring::from_map(loaded.map("events")).unwrap();
    global::<u32>(&loaded, "discard_every").store(5);
    let (committed, lost) = (global::<[u64; 4]>(&loaded, "committed"), global::<[u64; 4]>(&loaded, "lost"));
    let stop = AtomicBool::new(false);
    let mut expected = [0_u64; PRODUCERS];
    let mut seen = [0_u64; PRODUCERS];
    let mut look = |record: &Record<'_>| {
        let Numbered { number, producer, .. } = check(record);
        let expected = &mut expected[producer as usize];
        *expected += u64::from(expected.is_multiple_of(5));
        assert_eq!(number, *expected, "of producer {producer}");
        *expected += 1;
        seen[producer as usize] += 1;
    };
    thread::scope(|scope| {
        let _stop = AtTheEnd(|| stop.store(true, Ordering::Relaxed));
        let cpus = cpu::allowed();
        for producer in 0..PRODUCERS {
            let (loaded, stop, cpu) = (&loaded, &stop, cpus[producer % cpus.len()]);
            scope.spawn(move || {
                cpu::run_on(cpu, || {
                    while !stop.load(Ordering::Relaxed) {
                        loaded.run_on("numbered_record", &packet(producer as u8), 1000);
                    }
                });
            });
        }
        let race = Race::of(duration());
        let mut total = 0;
        while race.goes_on(total > 10_000 && lost.iter().any(|lost| lost.load() > 0)) {
            // The commit of the record that the reader waits for wakes it.
            assert!(ring.wait(PATIENCE).unwrap());
            total += ring.drain(&mut look).unwrap();
        }
    });
    ring.drain(&mut look).unwrap();
    assert_eq!(ring.available(), 0);
    assert_eq!(seen, [committed[0].load(), committed[1].load()]);
    println!("{seen:?} records, {:?} lost", lost.load());
}

#[test]
fn samples_are_drained_by_a_program() {
    kernel::require!(USER_RING);
    let loaded = load(4096);
    let orders = UserRing::from_map(loaded.map("orders")).unwrap();
    let samples = global::<u64>(&loaded, "samples");
    let drained = global::<i64>(&loaded, "drained");
    for number in 0..10 {
        orders.send(order(1, number)).unwrap();
    }
    let sample = orders.reserve::<Order>().unwrap();
    sample.store(order(1, 10));
    assert_eq!(orders.pending(), 11 * 24);
    assert_eq!(loaded.run("drain"), 0);
    assert_eq!((drained.load(), samples.load(), orders.pending()), (10, 10, 24), "it stops at the busy one");
    sample.submit();
    orders.reserve_bytes(100).unwrap().discard();
    drop(orders.reserve::<Order>().unwrap());
    let bytes = orders.reserve_bytes(16).unwrap();
    bytes.view_at::<u64>(0).unwrap().store(11);
    bytes.write_at(8, &1_u32.to_ne_bytes()).unwrap();
    bytes.slice_at::<u32>(8, 2).unwrap()[1].store(order(1, 11).check);
    bytes.submit();
    orders.send_bytes(&order(1, 12).to_bytes()).unwrap();
    loaded.run("drain");
    assert_eq!((drained.load(), samples.load(), orders.pending()), (3, 13, 0));
    assert_eq!(global::<u64>(&loaded, "out_of_order").load(), 0);
    assert_eq!(global::<u64>(&loaded, "not_whole").load(), 0);
    assert_eq!(global::<u64>(&loaded, "order_sum").load(), 12 * 13 / 2);
}

#[test]
fn a_full_user_ring_is_an_error_or_a_wait() {
    kernel::require!(USER_RING);
    let loaded = load(4096);
    let orders = UserRing::from_map(loaded.map("orders")).unwrap();
    let max = orders.longest();
    let error = orders.reserve_bytes(max + 1).unwrap_err();
    assert!(matches!(error, RingError::TooLong { max: 65528, .. }), "{error}");
    // All of it can be filled at once.
    orders.reserve_bytes(max).unwrap().submit();
    assert!(matches!(orders.send(1_u64), Err(RingError::Full { free: 0, span: 16, .. })));
    loaded.run("drain");
    global::<[u64; 4]>(&loaded, "order_next").store([0; 4]);
    global::<u64>(&loaded, "out_of_order").store(0);
    let mut sent = 0;
    while orders.send(order(0, sent)).is_ok() {
        sent += 1;
    }
    assert_eq!(sent, 65536 / 24);
    let before = Instant::now();
    assert!(orders.reserve_within::<Order>(Duration::from_millis(20)).is_err());
    assert!(before.elapsed() >= Duration::from_millis(20));
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            loaded.run("drain");
        });
        let sample = orders.reserve_within::<Order>(PATIENCE).unwrap();
        sample.store(order(0, sent));
        sample.submit();
    });
    loaded.run("drain");
    assert_eq!((global::<u64>(&loaded, "out_of_order").load(), orders.pending()), (0, 0));
    assert_eq!(global::<[u64; 4]>(&loaded, "order_next")[0].load(), sent + 1);
}

/// Threads fill the ring while a program on a CPU of its own drains it.
#[test]
fn threads_send_at_once_and_each_sample_is_drained_once_in_order_and_whole() {
    kernel::require!(USER_RING);
    let loaded = load(4096);
    let orders = UserRing::from_map(loaded.map("orders")).unwrap();
    let cpus = cpu::allowed();
    let (race, stop) = (Race::of(duration()), AtomicBool::new(false));
    let samples = global::<u64>(&loaded, "samples");
    let fill = |producer, cpu| {
        let mut number = 0;
        cpu::run_on(cpu, || {
            while race.goes_on(number > 10_000) {
                let sample = orders.reserve_within::<Order>(PATIENCE).unwrap();
                sample.store(order(producer, number));
                sample.submit();
                if number % 7 == 0 {
                    drop(orders.reserve_bytes(8));
                }
                number += 1;
            }
        });
        number
    };
    let fill = &fill;
    let sent = thread::scope(|scope| {
        let _stop = AtTheEnd(|| stop.store(true, Ordering::Relaxed));
        let senders = [0_u32, 1, 2].map(|producer| {
            let cpu = cpus[producer as usize % cpus.len().saturating_sub(1).max(1)];
            scope.spawn(move || fill(producer, cpu))
        });
        scope.spawn(|| {
            cpu::run_on(cpus[cpus.len() - 1], || {
                while !stop.load(Ordering::Relaxed) {
                    loaded.run("drain");
                }
            });
        });
        senders.map(|sender| sender.join().unwrap())
    });
    loaded.run("drain");
    assert_eq!((samples.load(), orders.pending()), (sent.iter().sum(), 0));
    assert_eq!(global::<[u64; 4]>(&loaded, "order_next").load()[..3], sent);
    assert_eq!(global::<u64>(&loaded, "out_of_order").load(), 0);
    assert_eq!(global::<u64>(&loaded, "not_whole").load(), 0);
    println!("{sent:?} samples");
}

/// One process after the other is killed between reserve and submit. The next one gives the place
/// up and goes on; no sample that was submitted is lost.
#[test]
fn producers_that_are_killed_before_they_submit_lose_only_what_they_had_not_submitted() {
    kernel::require!(USER_RING);
    if !child::alone(producers_that_are_killed_before_they_submit_lose_only_what_they_had_not_submitted) {
        return;
    }
    let loaded = load(4096);
    let (race, mut number, mut kills) = (Race::of(duration()), 0, 0);
    while race.goes_on(kills > 20) {
        let each = kills % 37;
        // SAFETY: the child only uses the ring, and is killed.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let orders = UserRing::from_map(loaded.map("orders")).unwrap();
            (number..number + each).for_each(|number| orders.send(order(0, number)).unwrap());
            let _sample = orders.reserve::<Order>().unwrap();
            orders.send(order(0, number + each)).unwrap();
            // SAFETY: it ends this process, and touches no memory.
            unsafe { libc::raise(libc::SIGKILL) };
        }
        let mut status = 0;
        // SAFETY: it only writes the status.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        assert_eq!(libc::WTERMSIG(status), libc::SIGKILL);
        (number, kills) = (number + each + 1, kills + 1);
        loaded.run("drain");
        let orders = UserRing::from_map(loaded.map("orders")).unwrap();
        assert_eq!((orders.pending(), orders.discard_abandoned().unwrap()), (48, 1));
        loaded.run("drain");
        assert_eq!((orders.pending(), global::<u64>(&loaded, "samples").load()), (0, number));
    }
    assert_eq!(global::<u64>(&loaded, "out_of_order").load() + global::<u64>(&loaded, "not_whole").load(), 0);
    println!("{kills} producers killed, {number} samples drained");
    child::done();
}

#[test]
fn a_producer_that_dies_before_it_submits_holds_up_the_ring_until_its_sample_is_discarded() {
    kernel::require!(USER_RING);
    if !child::alone(a_producer_that_dies_before_it_submits_holds_up_the_ring_until_its_sample_is_discarded) {
        return;
    }
    let loaded = load(4096);
    let dies = || {
        let orders = UserRing::from_map(loaded.map("orders")).unwrap();
        orders.send(order(0, 0)).unwrap();
        let sample = orders.reserve::<Order>().unwrap();
        sample.store(order(0, 1));
        orders.send(order(0, 1)).unwrap();
        // As by SIGKILL, nothing is dropped.
        std::mem::forget(sample);
        std::mem::forget(orders);
        0
    };
    assert_eq!(fork(dies), 0);
    let orders = UserRing::from_map(loaded.map("orders")).unwrap();
    let drained = global::<i64>(&loaded, "drained");
    orders.send(order(0, 2)).unwrap();
    loaded.run("drain");
    assert_eq!((drained.load(), orders.pending()), (1, 72), "it stops before the busy one");
    loaded.run("drain");
    assert_eq!((drained.load(), orders.pending()), (0, 72), "for good");
    // Not this process's own.
    let own = orders.reserve::<Order>().unwrap();
    own.store(order(0, 3));
    assert_eq!(orders.discard_abandoned().unwrap(), 1);
    assert_eq!(orders.discard_abandoned().unwrap(), 0);
    own.submit();
    loaded.run("drain");
    assert_eq!((drained.load(), orders.pending()), (3, 0));
    assert_eq!(global::<u64>(&loaded, "out_of_order").load(), 0);
    child::done();
}

/// Two handles of two processes send to one ring, which the kernel does not know of.
#[test]
fn a_second_process_that_sends_is_noticed() {
    kernel::require!(USER_RING);
    if !child::alone(a_second_process_that_sends_is_noticed) {
        return;
    }
    let loaded = load(4096);
    let orders = UserRing::from_map(loaded.map("orders")).unwrap();
    orders.send(order(0, 0)).unwrap();
    let status = fork(|| {
        let own = UserRing::from_map(loaded.map("orders")).unwrap();
        i32::from(own.send(order(0, 1)).is_err())
    });
    assert_eq!(status, 0);
    let error = orders.send(order(0, 2)).unwrap_err();
    assert!(matches!(error, RingError::OtherProcess { expected: 24, found: 48, .. }), "{error}");
    orders.send(order(0, 2)).unwrap();
    loaded.run("drain");
    assert_eq!(global::<[u64; 4]>(&loaded, "order_next")[0].load(), 3);
    child::done();
}

/// The kernel's own descriptor, in poll(2).
#[test]
fn the_descriptor_is_readable_while_there_are_records() {
    kernel::require!(USER_RING);
    let loaded = load(4096);
    let mut ring = Ring::from_map(loaded.map("events")).unwrap();
    let is_readable = |ring: &Ring| {
        use std::os::fd::AsRawFd;
        let mut poll = libc::pollfd { fd: ring.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: it is one `pollfd`.
        let result = unsafe { libc::poll(&raw mut poll, 1, 0) };
        assert!(result >= 0, "{}", io::Error::last_os_error());
        result == 1
    };
    assert!(!is_readable(&ring));
    loaded.run_on("numbered_record", &packet(0), 2);
    assert!(is_readable(&ring));
    drop(ring.records().next());
    assert!(is_readable(&ring));
    ring.drain(|_| ()).unwrap();
    assert!(!is_readable(&ring));
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[Numbered::LAYOUT, Order::LAYOUT]);
}

#[test]
fn a_ring_is_used_that_was_opened_before_the_process_could_be_told_from_a_fork() {
    kernel::require!();
    if !child::alone(a_ring_is_used_that_was_opened_before_the_process_could_be_told_from_a_fork) {
        return;
    }
    // That thread gets no memory that a fork would wipe. Others do.
    let opened = thread::spawn(|| {
        child::refuse(libc::SYS_madvise, 2, libc::MADV_WIPEONFORK.cast_unsigned(), libc::ENOMEM);
        Ring::memfd(65536).unwrap()
    });
    let mut ring = opened.join().unwrap();
    ring.producer().unwrap().send(7_u64).unwrap();
    let numbers: Vec<u64> = ring.records().map(|record| record.unwrap().load().unwrap()).collect();
    assert_eq!(numbers, [7]);
    child::done();
}
