//! An allocator that a scribbler overwrites while threads use it, and what must hold even then.
//!
//! Every call returns, with an object or an error. If one slot is handed out to two threads, one of
//! them gets an error when it gives the slot back (`Stats::failed`). After the scribbling, recovery
//! makes the allocator whole.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mapvalue::arena::{AllocError, Allocator, Config, Object};
use mapvalue::{Arena, Kptr, Local, MapValue, Slice};

use crate::race::{PATIENCE, Race};

/// The type that is allocated.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[map_value(rename = "flow")]
#[repr(C)]
pub struct Flow {
    /// Any number.
    pub packets: u64,
    /// The same number with all bits flipped.
    pub bytes: u64,
}

impl Flow {
    /// A flow with this number.
    #[must_use]
    pub fn of(number: u64) -> Self {
        Self { packets: number, bytes: !number }
    }
}

/// A field for an object.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
pub struct Cell {
    /// The object, or null.
    pub flow: Kptr<Flow, Local>,
}

/// The number of fields.
pub const CELLS: usize = 64;
/// The word of an allocator that counts failures. It must not be overwritten if a test reads it
/// afterwards.
pub const FAILED: u32 = 1088 / 8;

/// The offset of the word that says whether an allocator is closed, and below, its value while it
/// is open.
const STATE: u64 = 16;
const LIVE: u32 = 1;

/// The word that counts the slots handed out so far.
const FRESH: u64 = 72 / 8;

/// Pseudo-random numbers, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number, less than `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// An allocator in an arena, its users in this process, and fields in the last page of the arena,
/// where nobody scribbles.
#[derive(Debug)]
pub struct Users {
    /// The allocator.
    pub flows: Allocator,
    arena: Arena,
    capacity: u32,
    cells: Slice<Cell>,
    /// The number of the object made last at each place, or 0. The index is in words from the
    /// allocator's start.
    holders: Vec<AtomicU64>,
    /// The number of steps that the threads have taken.
    steps: AtomicU64,
    /// The allocator's count of failures when the round began.
    failed: AtomicU64,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    made: AtomicU64,
    errors: AtomicU64,
    /// Errors that the allocator counts too.
    refused: AtomicU64,
    refused_now: AtomicU64,
    /// Objects in whose slot another object was made or claimed during their life.
    lost: AtomicU64,
    lost_now: AtomicU64,
    /// Objects whose free or hand-over was refused, since their slot's word had changed.
    told: AtomicU64,
    recovered: AtomicU64,
}

impl Users {
    /// Makes the allocator, one page into the arena.
    ///
    /// # Panics
    ///
    /// If there is no room.
    #[must_use]
    pub fn new(arena: &Arena, capacity: u32) -> Self {
        let config = Config { value_size: size_of::<Flow>(), capacity, ..Config::default() };
        let flows = Allocator::create(arena, config).expect("make an allocator");
        let cells = cells(arena);
        for cell in cells.iter() {
            cell.flow.store(Kptr::NULL);
        }
        let words = usize::try_from(config.bytes().expect("its size")).expect("a small one") / 8;
        let holders = (0..words).map(|_| AtomicU64::new(0)).collect();
        Self {
            flows,
            arena: arena.clone(),
            capacity,
            cells,
            holders,
            steps: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            counts: Counts::default(),
        }
    }

    /// The number of words in the allocator.
    ///
    /// # Panics
    ///
    /// Never: an arena has less than 2^32.
    #[must_use]
    pub fn words(&self) -> u32 {
        self.holders.len().try_into().expect("less than 4 GiB")
    }

    /// Runs rounds until the time is over. In each, threads make, hand over, claim and free
    /// objects. Another thread opens the allocator and counts, and if `recovers`, it also recovers
    /// it beside the others. Meanwhile `disturb` overwrites the given number of words, few or many.
    /// Afterwards the allocator must recover completely, and unless `recovers`, each slot that two
    /// objects had must have been reported.
    ///
    /// # Panics
    ///
    /// If one of these fails, or something hangs.
    pub fn run(&self, time: Duration, recovers: bool, mut disturb: impl FnMut(u32)) {
        let race = Race::of(time);
        let mut rounds = 0;
        while race.goes_on(rounds > 0) {
            self.round(recovers, || disturb(1 << (rounds * 7 % 13)));
            if !recovers {
                self.assert_told();
            }
            self.assert_whole();
            rounds += 1;
        }
        let Counts { made, errors, refused, lost, told, recovered, .. } = &self.counts;
        let [made, errors, refused, lost, told, recovered] =
            [made, errors, refused, lost, told, recovered].map(|count| count.load(Relaxed));
        println!(
            "{rounds} rounds: {made} objects made or claimed, {errors} errors, {refused} of them for a slot; \
             {lost} objects whose slot another got as well, {told} times told; {recovered} recoveries beside others"
        );
        assert!(made > rounds && errors > 0, "{made} made, {errors} errors");
    }

    fn round(&self, recovers: bool, disturb: impl FnOnce()) {
        let done = AtomicBool::new(false);
        self.failed.store(self.flows.stats().failed, Relaxed);
        for count in [&self.counts.refused_now, &self.counts.lost_now] {
            count.store(0, Relaxed);
        }
        thread::scope(|scope| {
            let (end, ended) = mpsc::channel::<()>();
            // Joining a thread waits until it has ended and given back what it had.
            let work = |seed| (Random(seed + self.steps.load(Relaxed)), end.clone());
            let mut all: Vec<_> = [1, 2]
                .map(work)
                .map(|(random, end)| {
                    let done = &done;
                    scope.spawn(move || {
                        self.work(random, done);
                        drop(end);
                    })
                })
                .into();
            let watched = &done;
            all.push(scope.spawn(move || {
                self.look(recovers, watched);
                drop(end);
            }));
            self.wait_for_steps(200);
            disturb();
            self.wait_for_steps(2000);
            done.store(true, Relaxed);
            if ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                self.give_up();
            }
            for thread in all {
                thread.join().expect("it has not panicked");
            }
        });
    }

    /// Waits until the threads have taken this many more steps.
    fn wait_for_steps(&self, steps: u64) {
        let (before, race) = (self.steps.load(Relaxed), Race::of(Duration::ZERO));
        while self.steps.load(Relaxed) < before + steps {
            if !race.goes_on(false) {
                self.give_up();
            }
            thread::yield_now();
        }
    }

    fn give_up(&self) -> ! {
        eprintln!("a call does not return, or has panicked: {:?}", self.flows);
        std::process::abort()
    }

    fn work(&self, mut random: Random, done: &AtomicBool) {
        let mut held: Vec<Held> = Vec::new();
        while !done.load(Relaxed) {
            self.steps.fetch_add(1, Relaxed);
            let cell = &self.cells[usize::try_from(random.below(CELLS as u64)).expect("small")].flow;
            match random.below(8) {
                0..=2 if held.len() < 200 => match self.flows.alloc(Flow::of(random.0)) {
                    Ok(flow) => held.push(self.noted(flow)),
                    Err(error) => self.count(&error),
                },
                3 if !held.is_empty() => {
                    let old = cell.replace(self.forgotten(take_one(&mut held, &mut random)).into_kptr());
                    if !old.is_null() {
                        self.count_if(self.flows.free(old));
                    }
                }
                4 => {
                    let kptr = cell.take();
                    if !kptr.is_null() {
                        let claimed = self.flows.claim(kptr);
                        self.count_if(claimed.map(|flow| held.push(self.noted(flow))));
                    }
                }
                // A pointer to anywhere.
                5 => {
                    let at = self.arena.at::<Flow>(random.below(self.arena.len()));
                    if random.below(2) == 0 {
                        self.count_if(self.flows.free(at));
                    } else {
                        self.count_if(self.flows.claim(at).map(drop));
                    }
                }
                _ if !held.is_empty() => {
                    let flow = self.forgotten(take_one(&mut held, &mut random));
                    flow.packets.fetch_add(1);
                    drop(flow);
                }
                _ => {}
            }
        }
        for flow in held {
            drop(self.forgotten(flow));
        }
    }

    fn look(&self, recovers: bool, done: &AtomicBool) {
        for turn in 0u64.. {
            if done.load(Relaxed) {
                break;
            }
            let stats = self.flows.stats();
            assert_eq!(stats.capacity, self.capacity.into());
            assert!(stats.live <= stats.capacity && stats.free <= stats.capacity, "{stats:?}");
            match Allocator::open(&self.arena, self.flows.as_ptr()) {
                // Its header may be corrupt, but it stays inside the arena.
                Ok(other) => {
                    if let Ok(flow) = other.alloc(1u64) {
                        flow.store(2);
                    }
                    // Rarely, since nobody can make objects meanwhile.
                    if recovers && turn % 16 == 0 && other.recover().is_ok() {
                        self.counts.recovered.fetch_add(1, Relaxed);
                    }
                }
                Err(error) => drop(error.to_string()),
            }
        }
    }

    fn count_if(&self, result: Result<(), AllocError>) {
        if let Err(error) = result {
            drop(error.to_string());
            self.counts.errors.fetch_add(1, Relaxed);
        }
    }

    /// Counts an error of making an object.
    fn count(&self, error: &AllocError) {
        drop(error.to_string());
        self.counts.errors.fetch_add(1, Relaxed);
        // The allocator does not count errors about the state or the gates.
        let is_of_lists = |what: &str| !what.contains("state") && !what.contains("gate");
        if matches!(error, AllocError::OutOfSlots { .. })
            || matches!(error, AllocError::Corrupt { what, .. } if is_of_lists(what))
        {
            self.counts.refused.fetch_add(1, Relaxed);
            self.counts.refused_now.fetch_add(1, Relaxed);
        }
    }

    fn holder(&self, flow: &Object<Flow>) -> &AtomicU64 {
        let offset = flow.as_ptr().address() - self.flows.as_ptr().address();
        &self.holders[usize::try_from(offset / 8).expect("inside")]
    }

    fn noted(&self, flow: Object<Flow>) -> Held {
        let number = self.counts.made.fetch_add(1, Relaxed) + 1;
        self.holder(&flow).store(number, Relaxed);
        Held { flow, number }
    }

    /// Notes that an object is about to be given back. If two objects had one slot, the one that
    /// was not made last counts as lost.
    fn forgotten(&self, Held { flow, number }: Held) -> Object<Flow> {
        if self.holder(&flow).compare_exchange(number, 0, Relaxed, Relaxed).is_err() {
            self.counts.lost.fetch_add(1, Relaxed);
            self.counts.lost_now.fetch_add(1, Relaxed);
        }
        flow
    }

    /// When all is quiet, recovers the allocator. Then each of its slots can be had, once.
    fn assert_whole(&self) {
        for cell in self.cells.iter() {
            cell.flow.store(Kptr::NULL);
        }
        // The scribbler may have closed it, which is final.
        if self.flows.closing().is_some() {
            let state = self.arena.at::<u32>(self.flows.as_ptr().address() - self.arena.start() + STATE);
            self.arena.get(state).expect("its state").store(LIVE);
        }
        let recovered = self.flows.recover_reachable([]).expect("nobody uses it any more");
        assert_eq!((recovered.live, recovered.free), (0, self.capacity.into()));
        let all: Vec<_> = (0..self.capacity).map(|_| self.flows.alloc(Flow::of(1)).expect("a free slot")).collect();
        let places: HashSet<_> = all.iter().map(|flow| flow.as_ptr().address()).collect();
        assert_eq!(places.len(), all.len());
        assert!(matches!(self.flows.alloc(Flow::of(1)), Err(AllocError::OutOfSlots { .. })));
        drop(all);
        assert_eq!(self.flows.stats().live, 0);
        let again = Allocator::open(&self.arena, self.flows.as_ptr()).expect("its header makes sense again");
        drop(again.alloc(Flow::of(2)).expect("a free slot"));
    }

    /// Whenever two objects had one slot, freeing or handing over one of them was refused.
    fn assert_told(&self) {
        let failed = self.flows.stats().failed - self.failed.load(Relaxed) - self.counts.refused_now.load(Relaxed);
        let lost = self.counts.lost_now.load(Relaxed);
        assert!(failed >= lost, "{lost} objects were in a slot that another got as well, {failed} were told");
        self.counts.told.fetch_add(failed, Relaxed);
    }
}

/// An object, and a number of its own.
struct Held {
    flow: Object<Flow>,
    number: u64,
}

fn take_one(held: &mut Vec<Held>, random: &mut Random) -> Held {
    let which = random.below(held.len() as u64);
    held.swap_remove(usize::try_from(which).expect("small"))
}

/// Fields for objects, in the last page of an arena.
///
/// # Panics
///
/// If the arena is read-only.
#[must_use]
pub fn cells(arena: &Arena) -> Slice<Cell> {
    arena.slice(arena.page(arena.page_count() - 1), CELLS).expect("the last page")
}

/// Overwrites this many words of an allocator, but never the word `not`, as `scribble` of
/// `tests/bpf/alloc_chaos.bpf.c` does. It writes both nonsense and plausible numbers.
pub fn scribble(words: &Slice<u64>, times: u32, not: u32, random: &mut Random) {
    let count = words.len() as u64;
    let index = |number: u64| usize::try_from(number).unwrap_or(0);
    for _ in 0..times {
        // The header is hit as often as all the rest.
        let reach = if random.below(2) == 0 { count.min(512) } else { count };
        // The count of slots handed out so far is hit often, so that slots in use are handed out
        // again.
        let at = if random.below(8) == 0 { FRESH } else { random.below(reach) };
        if at == u64::from(not) {
            continue;
        }
        let word = &words[index(at)];
        let was = word.load();
        word.store(match random.below(8) {
            0 => random.below(1 << 31) << 33 | random.below(1 << 31),
            1 => 0,
            2 => was & !0xffff_ffff | random.below(1024),
            3 => words[index(random.below(count))].load(),
            4 => was ^ 1 << random.below(64),
            5 => was & !3 | random.below(4),
            6 => was.wrapping_add(1 << 32),
            _ => u64::MAX,
        });
    }
}
