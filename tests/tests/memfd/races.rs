//! Threads, mappings and processes share one memfd: nothing is lost, torn or left mapped.
//!
//! `tests/sanitize` runs these under the sanitizers too, with `MAPVALUE_RACE_MS` set to make them
//! shorter.

use std::env;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::{self, Child};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use mapvalue::{Array, Iter, Leaf, MapValue, Mapping, Plain, ReadOnly, ReadWrite, Shared, Slice, Var};
use mapvalue_tests::race::{AtTheEnd, Race, duration, wait_until};
use mapvalue_tests::{again, c, pages};
use zerocopy::byteorder::{BigEndian, LittleEndian, U16, U32, U64};

/// How many times the counting tests count, in proportion to `duration`.
fn times(per_second: u64) -> u64 {
    per_second * u64::try_from(duration().as_millis()).unwrap() / 1000
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Maps a memfd twice, at two addresses: as two processes would, but where a sanitizer sees both.
fn mapped_twice(len: usize) -> [Arc<Mapping>; 2] {
    let here = Mapping::memfd(len).unwrap();
    let there = Mapping::from_memfd(here.fd().unwrap()).unwrap();
    assert_ne!(address_of(&here), address_of(&there));
    [here, there]
}

/// Maps the same memory again, through a read-only descriptor, in pages that cannot be written.
fn mapped_read_only(mapping: &Mapping) -> Arc<Mapping> {
    let path = format!("/proc/self/fd/{}", mapping.fd().unwrap().as_raw_fd());
    let mapping = Mapping::from_memfd(File::open(path).unwrap()).unwrap();
    assert!(mapping.is_read_only());
    mapping
}

fn address_of(mapping: &Arc<Mapping>) -> usize {
    std::ptr::from_ref(&*mapping.var_ro::<u8>(0).unwrap()).addr()
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Counters {
    started: u32,
    by_add: u64,
    by_compare_exchange: u64,
    small: u16,
    signed: i32,
    down: u32,
    bits: u64,
    sum: f64,
    network: U32<BigEndian>,
    highest: u32,
    per_slot: [u64; 4],
}

/// Counts `n` times in every way that must not lose a count. `who` is the caller's own number,
/// below 4. It starts when `people` callers are there, so that they do contend.
fn count(counters: &Var<Counters>, who: u32, people: u32, n: u64) {
    fn update<T: Leaf + Plain + Copy>(cell: &Shared<T>, next: impl Fn(T) -> T) {
        let mut current = cell.load();
        while let Err(found) = cell.compare_exchange(current, next(current)) {
            current = found;
        }
    }
    counters.started.fetch_add(1);
    wait_until("the others who count", || counters.started.load() == people);
    for i in 0..n {
        counters.by_add.fetch_add(1);
        counters.small.fetch_add(1);
        counters.signed.fetch_add(-3);
        counters.down.fetch_sub(1);
        // Each caller has 16 bits: the XOR of 1 to n is n, as n is a multiple of 4.
        counters.bits.fetch_xor(((i + 1) & 0xffff) << (16 * who));
        counters.highest.fetch_max(u32::try_from(i).unwrap() * 4 + who);
        counters.per_slot[usize::try_from(i % 4).unwrap()].fetch_add(i);
        update(&counters.by_compare_exchange, |value| value + 1);
        update(&counters.sum, |value| value + 1.0);
        update(&counters.network, |value| U32::new(value.get() + 1));
    }
}

/// Checks `counters` after `people` callers counted `n` times each. `n` is a multiple of 4.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "wrapping around is what is asked for")]
#[expect(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "the counts are far below 2^31")]
fn assert_counted(counters: &Var<Counters>, people: u32, n: u64) {
    let total = u64::from(people) * n;
    let slot = |k: u64| u64::from(people) * (0..n / 4).map(|i| 4 * i + k).sum::<u64>();
    let expected = Counters {
        started: people,
        by_add: total,
        by_compare_exchange: total,
        small: total as u16,
        signed: -3 * total as i32,
        down: (total as i64).wrapping_neg() as u32,
        bits: (0..people).map(|who| (n & 0xffff) << (16 * who)).sum(),
        sum: total as f64,
        network: U32::new(total as u32),
        highest: (n as u32 - 1) * 4 + people - 1,
        per_slot: [slot(0), slot(1), slot(2), slot(3)],
    };
    assert_eq!(counters.load(), expected);
}

#[test]
fn counts_from_four_threads_and_two_mappings_are_exact() {
    let mappings = mapped_twice(4096);
    let n = times(200_000).next_multiple_of(4);
    let threads = (0..4_u32).map(|who| {
        let counters = mappings[who as usize % 2].var::<Counters>(64).unwrap();
        thread::spawn(move || count(&counters, who, 4, n))
    });
    join(threads.collect());
    for mapping in &mappings {
        assert_counted(&mapping.var(64).unwrap(), 4, n);
    }
}

/// Leaves of every width. Each is either all zeros or all ones.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Patterns {
    long: u64,
    float: f64,
    network_long: U64<BigEndian>,
    int: u32,
    single: f32,
    network_int: U32<BigEndian>,
    short: u16,
    network_short: U16<BigEndian>,
    little: [U32<LittleEndian>; 2],
    signed: [i16; 3],
    byte: i8,
    flag: bool,
}

impl Patterns {
    fn of(ones: bool) -> Self {
        let bits = if ones { u64::MAX } else { 0 };
        Self::from_bytes(&bits.to_ne_bytes().repeat(size_of::<Self>() / 8)).unwrap()
    }

    fn assert_whole(&self) {
        assert!([0, u64::MAX].contains(&self.long), "{self:x?}");
        assert!([0, u64::MAX].contains(&self.float.to_bits()), "{self:x?}");
        assert!([0, u64::MAX].contains(&self.network_long.get()), "{self:x?}");
        assert!([0, u32::MAX].contains(&self.int), "{self:x?}");
        assert!([0, u32::MAX].contains(&self.single.to_bits()), "{self:x?}");
        assert!([0, u32::MAX].contains(&self.network_int.get()), "{self:x?}");
        assert!([0, u16::MAX].contains(&self.short), "{self:x?}");
        assert!([0, u16::MAX].contains(&self.network_short.get()), "{self:x?}");
        assert!(self.little.iter().all(|leaf| [0, u32::MAX].contains(&leaf.get())), "{self:x?}");
        assert!(self.signed.iter().all(|leaf| [0, -1].contains(leaf)), "{self:x?}");
        assert!([0, -1].contains(&self.byte), "{self:x?}");
    }
}

const PATTERNS: usize = 5;
const WORDS: usize = 24;
/// Where whole words lie beside the patterns, for `read_at` and `write_at`: memory of one width.
const WORDS_AT: usize = size_of::<Patterns>() * PATTERNS;

/// Stores one pattern and then the other, in every possible way, until `done`.
fn alternate(mapping: &Arc<Mapping>, done: &AtomicBool) {
    let slice: Slice<Patterns> = mapping.slice(0, PATTERNS).unwrap();
    let last: Var<Patterns> = slice.var(PATTERNS - 1).unwrap();
    let words: Slice<u64> = mapping.slice(WORDS_AT, WORDS).unwrap();
    while !done.load(Ordering::Relaxed) {
        for ones in [true, false] {
            let pattern = Patterns::of(ones);
            let word = pattern.long;
            slice.store_from(&[pattern; PATTERNS]).unwrap();
            last.store(pattern);
            slice[0].long.store(word);
            slice[0].float.swap(pattern.float);
            slice[0].network_long.store_release(pattern.network_long);
            slice[0].short.store(pattern.short);
            words.store_from(&[word; WORDS]).unwrap();
            mapping.write_at(WORDS_AT + 8, &[word.to_ne_bytes(); WORDS - 1].concat()).unwrap();
        }
    }
}

/// Loads the patterns in every possible way, for `duration` and until both were seen.
fn look(mapping: &Arc<Mapping>) {
    let slice: Slice<Patterns, ReadOnly> = mapping.slice_ro(0, PATTERNS).unwrap();
    let last: Var<Patterns, ReadOnly> = slice.var(PATTERNS - 1).unwrap();
    let words: Slice<u64, ReadOnly> = mapping.slice_ro(WORDS_AT, WORDS).unwrap();
    let all: Array<u64, ReadOnly> =
        mapping.array_ro::<u64>().unwrap().range(WORDS_AT / 8..WORDS_AT / 8 + WORDS).unwrap();
    let mut seen = [false; 2];
    let race = Race::of(duration());
    while race.goes_on(seen == [true; 2]) {
        let mut copies = [Patterns::of(false); PATTERNS];
        slice.load_into(&mut copies).unwrap();
        copies.iter().for_each(Patterns::assert_whole);
        last.load().assert_whole();
        last.try_load().unwrap().assert_whole();

        let (long, float) = (slice[0].long.load(), slice[0].float.load().to_bits());
        let (network, short) = (slice[0].network_long.load_acquire().get(), slice[0].short.load());
        assert!(
            [long, float, network].iter().all(|leaf| [0, u64::MAX].contains(leaf)),
            "{long:x} {float:x} {network:x}"
        );
        assert!([0, u16::MAX].contains(&short), "{short:x}");
        seen[usize::from(long != 0)] = true;

        let mut copies = [[0; WORDS]; 2];
        words.load_into(&mut copies[0]).unwrap();
        all.load_into(&mut copies[1]).unwrap();
        let mut bytes = [0; 8 * WORDS];
        mapping.read_at(WORDS_AT, &mut bytes).unwrap();
        let bytes = bytes.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap()));
        for word in copies.concat().into_iter().chain(bytes).chain(all.iter().map(Shared::load)) {
            assert!([0, u64::MAX].contains(&word), "{word:x}");
        }
    }
    assert_eq!(seen, [true; 2], "nothing has changed while we looked");
}

#[test]
fn no_leaf_is_ever_torn() {
    let mappings = mapped_twice(4096);
    let read_only = mapped_read_only(&mappings[0]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for mapping in &mappings {
            scope.spawn(|| alternate(mapping, &done));
        }
        // The readers end the writers.
        let _done = AtTheEnd(|| done.store(true, Ordering::Relaxed));
        let other = scope.spawn(|| look(&mappings[1]));
        look(&read_only);
        if let Err(panic) = other.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Queue {
    ready: u32,
    /// Keeps what follows far from the flag, in a cache line of its own.
    gap: [u64; 16],
    taken: u32,
    messages: [Message; 64],
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Message {
    number: u32,
    kind: u16,
    urgent: bool,
    body: [u64; 4],
}

impl Message {
    #[expect(clippy::cast_possible_truncation, reason = "a few bits of the number are enough")]
    fn new(number: u32) -> Self {
        Self { number, kind: number as u16, urgent: number.is_multiple_of(3), body: [u64::from(number) << 20; 4] }
    }
}

#[test]
fn who_sees_a_release_store_sees_everything_before_it() {
    let mappings = mapped_twice(8192);
    let total = u32::try_from(times(200_000)).unwrap();
    // The reader cannot store, so it reports its progress through another handle.
    let queue: Var<Queue> = mappings[0].var(0).unwrap();
    let taken: Var<u32> = mappings[1].var::<Queue>(0).unwrap().project(|queue| &queue.taken);
    let seen: Var<Queue, ReadOnly> = mapped_read_only(&mappings[1]).var_ro(0).unwrap();
    let place = |number: u32| number as usize % 64;
    let writer = thread::spawn(move || {
        for number in 1..=total {
            wait_until("a place in the queue", || number - queue.taken.load_acquire() <= 64);
            queue.project(|queue| &queue.messages[place(number)]).store(Message::new(number));
            queue.ready.store_release(number);
        }
    });
    let reader = thread::spawn(move || {
        let mut next = 1;
        while next <= total {
            let mut ready = 0;
            wait_until("a message", || {
                ready = seen.ready.load_acquire();
                ready >= next
            });
            for number in next..=ready {
                let message = seen.project(|queue| &queue.messages[place(number)]).load();
                assert_eq!(message, Message::new(number), "ready: {ready}");
            }
            taken.store_release(ready);
            next = ready + 1;
        }
    });
    join(vec![writer, reader]);
}

#[test]
fn handles_are_send_sync_and_owned() {
    fn shared_and_owned<T: Send + Sync + 'static>() {}
    shared_and_owned::<Arc<Mapping>>();
    shared_and_owned::<Var<Counters>>();
    shared_and_owned::<Var<Counters, ReadOnly>>();
    shared_and_owned::<Array<Patterns>>();
    shared_and_owned::<Array<Patterns, ReadOnly>>();
    shared_and_owned::<Slice<Message>>();
    shared_and_owned::<Slice<Message, ReadOnly>>();
    shared_and_owned::<<Counters as MapValue>::Shared<ReadWrite>>();
    shared_and_owned::<Iter<'static, u64, ReadOnly>>();
}

#[test]
fn memory_is_unmapped_by_whichever_thread_drops_the_last_handle() {
    let (race, mut rounds) = (Race::of(duration() / 2), 0);
    while race.goes_on(rounds > 10) {
        rounds += 1;
        let mapping = Mapping::memfd(64 * 1024).unwrap();
        let (address, inode) = (address_of(&mapping), pages::inode(mapping.fd().unwrap()));
        // All handles go to the threads: this one has none left when they drop theirs.
        let handles = [0, 8192].map(|offset| (mapping.var::<Queue>(offset).unwrap(), mapping.array::<u64>().unwrap()));
        drop(mapping);
        assert!(pages::is_mapped(address, inode));
        let threads = handles.map(|(queue, array)| {
            thread::spawn(move || {
                for number in 0..100_u32 {
                    let place = number as usize % 64;
                    let message = queue.project(|queue| &queue.messages[place]);
                    let bodies = message.project_slice(|message| &message.body[1..]);
                    let body = bodies.var(2).unwrap();
                    let again = (queue.clone(), bodies.clone(), array.range(10..20).unwrap(), queue.read_only());
                    drop((message, bodies));
                    body.fetch_add(1);
                    assert!(again.3.messages[place].body[3].load() > 0);
                    assert_eq!(again.2.len(), 10);
                    drop(again);
                }
                let places = [std::ptr::from_ref(&*queue).addr(), address];
                drop((queue, array));
                (places, pages::is_mapped(address, inode))
            })
        });
        let still_mapped = threads.map(|thread| {
            let ([place, first], still_mapped) = thread.join().unwrap();
            assert!(place - first <= 8192);
            still_mapped
        });
        assert_ne!(still_mapped, [true; 2], "still mapped after the last handle");
        assert!(!pages::is_mapped(address, inode), "mapped again");
    }
}

/// The memory that two processes share.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Meeting {
    /// The progress of the other process: its id, then 1, then 2.
    there: u32,
    go_on: bool,
    counters: Counters,
}

/// Where the shared words are: after the `Meeting`.
const SHARED_WORDS: usize = 1024;

/// The environment variable that gives `the_other_process` the place of the memory.
const OTHER: &str = "MAPVALUE_TEST_OTHER_PROCESS";

/// This program again, running only `the_other_process`. Dropping this ends it.
struct OtherProcess(Child);

impl OtherProcess {
    /// Starts it on the memory of `mapping`, to count `n` times as one of `people` callers.
    fn start(mapping: &Mapping, people: u32, n: u64) -> Self {
        let fd = mapping.fd().unwrap().as_raw_fd();
        let mut command = again(the_other_process);
        command.env(OTHER, format!("/proc/{}/fd/{fd} {people} {n}", process::id())).stdout(process::Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        // This fails if the process has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "it is the second process of the tests below"]
fn the_other_process() {
    let Ok(task) = env::var(OTHER) else { return };
    let [path, people, n] = task.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mapping = Mapping::from_memfd(&file).unwrap();
    drop(file);
    let meeting: Var<Meeting> = mapping.var(0).unwrap();
    let words: Slice<u64> = mapping.slice(SHARED_WORDS, WORDS).unwrap();
    meeting.there.store_release(process::id());
    let counters = meeting.project(|meeting| &meeting.counters);
    count(&counters, 1, people.parse().unwrap(), n.parse().unwrap());
    meeting.there.store_release(1);
    // So that it ends if the first process dies.
    let race = Race::of(duration());
    for ones in [true, false].into_iter().cycle() {
        words.store_from(&[if ones { u64::MAX } else { 0 }; WORDS]).unwrap();
        if !meeting.go_on.load() || !race.goes_on(false) {
            break;
        }
    }
    meeting.there.store_release(2);
}

#[test]
fn two_processes_count_and_wait_for_each_other_in_one_mapping() {
    let mapping = Mapping::memfd(4096).unwrap();
    let meeting: Var<Meeting> = mapping.var(0).unwrap();
    meeting.go_on.store(true);
    let n = times(200_000).next_multiple_of(4);
    // Only a relaxed load in a loop: it must not be compiled to one load and an endless loop.
    let there = meeting.project(|meeting| &meeting.there);
    let waiting = thread::spawn(move || while there.load() == 0 {});
    let mut other = OtherProcess::start(&mapping, 2, n);
    wait_until("a loop that waits for the other process", || {
        assert!(other.0.try_wait().unwrap().is_none(), "it has not come");
        waiting.is_finished()
    });
    waiting.join().unwrap();
    assert_eq!(meeting.there.load_acquire(), other.0.id());
    let counters = meeting.project(|meeting| &meeting.counters);
    count(&counters, 0, 2, n);
    wait_until("the other process to have counted", || meeting.there.load_acquire() == 1);
    assert_counted(&counters, 2, n);

    // From now on, nothing that the other process writes may be torn.
    let words: Slice<u64, ReadOnly> = mapping.slice_ro(SHARED_WORDS, WORDS).unwrap();
    let (race, mut copies) = (Race::of(duration() / 4), 0);
    while race.goes_on(copies > 1000) {
        copies += 1;
        let mut copy = [1; WORDS];
        words.load_into(&mut copy).unwrap();
        assert!(copy.iter().all(|word| [0, u64::MAX].contains(word)), "{copy:x?}");
    }
    meeting.go_on.store(false);
    assert!(other.0.wait().unwrap().success());
    assert_eq!(meeting.there.load_acquire(), 2);
}

#[test]
fn a_process_that_is_killed_while_it_writes_leaves_the_memory_whole() {
    let mapping = Mapping::memfd(4096).unwrap();
    let meeting: Var<Meeting> = mapping.var(0).unwrap();
    meeting.go_on.store(true);
    let mut other = OtherProcess::start(&mapping, 1, 4);
    wait_until("the other process to write", || meeting.there.load_acquire() == 1);
    let words: Slice<u64> = mapping.slice(SHARED_WORDS, WORDS).unwrap();
    wait_until("its first words", || words[WORDS - 1].load() != 0);
    other.0.kill().unwrap();
    assert!(!other.0.wait().unwrap().success());
    let mut copy = [1; WORDS];
    words.load_into(&mut copy).unwrap();
    assert!(copy.iter().all(|word| [0, u64::MAX].contains(word)), "{copy:x?}");
    assert_eq!(meeting.counters.by_add.fetch_add(1), 4);
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[Counters::LAYOUT, Patterns::LAYOUT, Queue::LAYOUT, Message::LAYOUT, Meeting::LAYOUT]);
}
