//! BPF programs and threads change the same map at the same time: no count is lost, and no leaf is
//! torn.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use mapvalue::{MapValue, Mapping, Var};
use mapvalue_tests::c;
use mapvalue_tests::kernel::{self, Aya, Libbpf, Loader, objects};
use mapvalue_tests::race::{PATIENCE, Race};

/// How long a race runs.
const RACE: Duration = Duration::from_secs(3);
/// How often a program runs in one system call.
const BATCH: u32 = 1000;

/// The same struct as in `races.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Leaves {
    a: u64,
    b: u32,
    c: u16,
    d: u16,
    e: u32,
    f: [u64; 3],
}

/// The same struct as in `races.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Sums {
    wide: u64,
    narrow: u32,
}

/// Runs `program` in batches until `stop`, at least once. Returns the number of runs.
fn hammer(loaded: &impl Loader, program: &str, stop: &AtomicBool) -> u64 {
    let mut runs = 0;
    loop {
        assert_eq!(loaded.run_repeatedly(program, BATCH), 0);
        runs += u64::from(BATCH);
        if stop.load(Ordering::Relaxed) {
            return runs;
        }
    }
}

#[test]
fn atomic_additions_by_two_threads_and_a_program_sum_up_exactly() {
    kernel::require!();
    let loaded = Libbpf::load(objects::RACES);
    let sums: Var<Sums> = Mapping::from_map(loaded.map("sums")).unwrap().var(0).unwrap();
    let stop = AtomicBool::new(false);
    // Everyone is ready before the time begins.
    let start = Barrier::new(4);
    let add = || {
        start.wait();
        let mut count = 0u64;
        while !stop.load(Ordering::Relaxed) || count == 0 {
            sums.wide.fetch_add(1);
            sums.narrow.fetch_add(1);
            count += 1;
        }
        count
    };
    let run = || {
        start.wait();
        hammer(&loaded, "add", &stop)
    };
    let counts = thread::scope(|scope| {
        let threads = [scope.spawn(add), scope.spawn(add), scope.spawn(run)];
        start.wait();
        thread::sleep(RACE);
        stop.store(true, Ordering::Relaxed);
        threads.map(|thread| thread.join().unwrap())
    });
    assert!(counts.iter().all(|count| *count > 0), "everybody took part: {counts:?}");
    let total: u64 = counts.iter().sum();
    let low_half = u32::try_from(total & u64::from(u32::MAX)).unwrap();
    assert_eq!(sums.load(), Sums { wide: total, narrow: low_half });
}

/// Which values a reader has seen, of one leaf or of all.
#[derive(Debug, Default)]
struct Seen {
    zeros: bool,
    ones: bool,
}

impl Seen {
    fn leaf<T: Copy + Into<u64>>(&mut self, leaf: T, ones: T) {
        let (leaf, ones) = (leaf.into(), ones.into());
        assert!(leaf == 0 || leaf == ones, "torn: {leaf:#x}");
        self.zeros |= leaf == 0;
        self.ones |= leaf != 0;
    }
}

#[test]
fn leaves_that_a_program_flips_between_all_zeros_and_all_ones_are_never_torn() {
    kernel::require!();
    let loaded = Libbpf::load(objects::RACES);
    let leaves: Var<Leaves> = Mapping::from_map(loaded.map("leaves")).unwrap().var(0).unwrap();
    let stop = AtomicBool::new(false);
    // How many readers have seen both values of every leaf.
    let satisfied = AtomicUsize::new(0);
    let both_ways = |seen: &[Seen]| seen.iter().all(|seen| seen.zeros && seen.ones);
    let watch = |read: fn(&Var<Leaves>) -> Leaves| {
        // The order of the leaves does not matter, only that each is seen with both values.
        let mut seen: [Seen; 8] = Default::default();
        let mut is_satisfied = false;
        while !stop.load(Ordering::Relaxed) {
            let Leaves { a, b, c, d, e, f } = read(&leaves);
            for (seen, wide) in seen.iter_mut().zip([a, f[0], f[1], f[2]]) {
                seen.leaf(wide, u64::MAX);
            }
            for (seen, word) in seen[4..].iter_mut().zip([b, e]) {
                seen.leaf(word, u32::MAX);
            }
            for (seen, half) in seen[6..].iter_mut().zip([c, d]) {
                seen.leaf(half, u16::MAX);
            }
            if !is_satisfied && both_ways(&seen) {
                is_satisfied = true;
                satisfied.fetch_add(1, Ordering::Relaxed);
            }
        }
        seen
    };
    let leaf_by_leaf = |leaves: &Var<Leaves>| Leaves {
        a: leaves.a.load(),
        b: leaves.b.load(),
        c: leaves.c.load(),
        d: leaves.d.load(),
        e: leaves.e.load(),
        f: std::array::from_fn(|i| leaves.f[i].load_acquire()),
    };
    let seen = thread::scope(|scope| {
        let readers = [scope.spawn(|| watch(leaf_by_leaf)), scope.spawn(|| watch(Var::load))];
        let program = scope.spawn(|| hammer(&loaded, "flip", &stop));
        let race = Race::of(RACE);
        // The race ends early when any of them has panicked.
        let has_panicked = || program.is_finished() || readers.iter().any(thread::ScopedJoinHandle::is_finished);
        while race.goes_on(satisfied.load(Ordering::Relaxed) == readers.len()) && !has_panicked() {
            thread::sleep(Duration::from_millis(20));
        }
        stop.store(true, Ordering::Relaxed);
        assert!(program.join().unwrap() > 0);
        readers.map(|reader| reader.join().unwrap())
    });
    assert!(seen.iter().all(|seen| both_ways(seen)), "both patterns were seen: {seen:?}");
}

/// Waits `times` times in a bare loop for a program's write, as a poller does.
fn waits_for_a_program<L: Loader + 'static>(map: &str, program: &'static str, offset: usize) {
    let loaded = L::load(objects::COUNTERS);
    let value: Var<u64> = Mapping::from_map(loaded.map(map)).unwrap().var(offset).unwrap();
    let old = value.load();
    let (ended, wait) = mpsc::channel();
    thread::spawn(move || {
        // No deadline and no pause: only the load keeps the compiler from making this an endless
        // loop.
        while value.load() == old {}
        ended.send(value.load()).unwrap();
    });
    thread::sleep(Duration::from_millis(50));
    assert!(wait.try_recv().is_err(), "it waits as long as nothing is written");
    loaded.run(program);
    let new = wait.recv_timeout(PATIENCE).expect("the loop ends when the program has written");
    assert_eq!(new, old + 1);
}

#[test]
fn a_loop_that_waits_for_a_programs_write_to_a_global_ends() {
    kernel::require!();
    waits_for_a_program::<Libbpf>(".bss", "send_signal", 8);
}

#[test]
fn a_loop_that_waits_for_a_programs_write_to_a_map_ends() {
    kernel::require!();
    waits_for_a_program::<Libbpf>("counters", "add_to_map", 8);
}

#[test]
fn a_loop_that_waits_for_a_write_of_a_program_that_aya_loaded_ends() {
    kernel::require!();
    waits_for_a_program::<Aya>("counters", "add_to_map", 8);
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[Leaves::LAYOUT, Sums::LAYOUT]);
}
