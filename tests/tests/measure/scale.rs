//! Large arrays and many handles: what they cost in pages, and how much threads that share them
//! slow each other down.

use std::fs;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;

use mapvalue::{Array, Mapping, Var};
use mapvalue_tests::clock::{cpu_time, least};
use mapvalue_tests::{cpus, pages};

use crate::measuring;

/// 32 MiB of counters.
const COUNTERS: usize = 1 << 22;
const BYTES: usize = COUNTERS * size_of::<u64>();
const TOUCHED: usize = 100;

/// Touches counters that are far from each other.
fn touch(counters: &Array<u64>) {
    for i in 0..TOUCHED {
        counters[i * (COUNTERS / TOUCHED)].fetch_add(1);
    }
}

#[test]
fn a_memfd_of_32_mib_has_only_the_pages_that_were_touched() {
    let mapping = Mapping::memfd(BYTES).unwrap();
    let counters: Array<u64> = mapping.array().unwrap();
    let last: Var<u64> = mapping.var(BYTES - 8).unwrap();
    assert_eq!(pages::resident(&counters[0]), 0, "opening touches nothing");
    touch(&counters);
    assert_eq!(pages::resident(&counters[0]), TOUCHED);
    last.store(1);
    assert_eq!(pages::resident(&counters[0]), TOUCHED + 1);
}

/// The kernel allocates the pages of an array map when the map is created, and enters all of them
/// into the page table of each process that maps it. So all may be resident, but none is this
/// process's own, and touching one is not even a fault.
#[cfg(feature = "kernel")]
#[test]
fn an_array_map_of_32_mib_takes_no_page_of_this_process() {
    use mapvalue_tests::kernel::{self, Map};

    kernel::require!();
    let map = Map::array(8, u32::try_from(COUNTERS).unwrap());
    let counters: Array<u64> = Mapping::from_map(&map).unwrap().array().unwrap();
    println!("{} of {} pages are resident when opened", pages::resident(&counters[0]), BYTES / pages::size());
    let faults = pages::faults();
    touch(&counters);
    let faults = pages::faults() - faults;
    println!("{faults} faults");
    assert!(faults <= TOUCHED, "{faults} faults");
    assert_eq!(pages::own(&counters[0]), 0);
}

const HANDLES: usize = 100_000;

/// Opens half of the handles on each of two threads, and drops them on two others. No other test
/// has a mapping of this length.
fn open_and_drop_many(mapping: Arc<Mapping>) {
    let len = mapping.len().next_multiple_of(pages::size());
    let is_mapped = |address: usize| {
        let range = format!("{address:x}-{:x} ", address + len);
        fs::read_to_string("/proc/self/maps").unwrap().lines().any(|line| line.starts_with(&range))
    };
    let open = |first: usize| {
        let indices = (first..HANDLES).step_by(2);
        let open_one = |index: usize| {
            let var: Var<u64> = mapping.var(8 * index).unwrap();
            var.store(index as u64 + 1);
            var
        };
        indices.map(open_one).collect::<Vec<_>>()
    };
    let (even, odd) = thread::scope(|scope| {
        let odd = scope.spawn(|| open(1));
        (open(0), odd.join().unwrap())
    });
    assert_eq!((even.len() + odd.len(), Arc::strong_count(&mapping)), (HANDLES, HANDLES + 1));
    for (i, (even, odd)) in even.iter().zip(&odd).enumerate() {
        assert_eq!((even.load(), odd.load()), (2 * i as u64 + 1, 2 * i as u64 + 2));
    }
    let address = (&raw const *even[0]).addr();
    drop(mapping);
    assert!(is_mapped(address));
    // Whichever handle is dropped last unmaps the pages.
    thread::scope(|scope| {
        scope.spawn(|| drop(even));
        scope.spawn(|| drop(odd));
    });
    assert!(!is_mapped(address));
}

#[test]
fn a_hundred_thousand_handles_of_a_memfd_on_two_threads() {
    open_and_drop_many(Mapping::memfd(8 * HANDLES).unwrap());
}

#[cfg(feature = "kernel")]
#[test]
fn a_hundred_thousand_handles_of_a_map_on_two_threads() {
    use mapvalue_tests::kernel::{self, Map};

    kernel::require!();
    // Longer than the memfd of the test above.
    let map = Map::array(8, u32::try_from(2 * HANDLES).unwrap());
    open_and_drop_many(Mapping::from_map(map).unwrap());
}

/// CPU time in nanoseconds for a call, when some threads work at the same time.
#[derive(Debug)]
#[expect(dead_code, reason = "printed")]
struct Cost {
    best: f64,
    median: f64,
    /// Nine in ten rounds were better. On a busy machine, threads seldom run at the very same time,
    /// and only in such rounds can they disturb each other.
    worst: f64,
}

fn side_by_side<W: FnMut() + Send>(mut works: Vec<W>) -> Cost {
    const CALLS: u32 = 500_000;
    let barrier = Barrier::new(works.len());
    let time = &|number: usize, work: &mut W| {
        cpus::pin(number);
        barrier.wait();
        let start = cpu_time();
        (0..CALLS).for_each(|_| work());
        cpu_time().saturating_sub(start).as_secs_f64() * 1e9 / f64::from(CALLS)
    };
    let round = |_| {
        thread::scope(|scope| {
            let threads: Vec<_> =
                works.iter_mut().enumerate().map(|(number, work)| scope.spawn(move || time(number, work))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).fold(0.0, f64::max)
        })
    };
    let mut rounds: Vec<f64> = (0..101).map(round).collect();
    rounds.sort_by(f64::total_cmp);
    Cost { best: rounds[0], median: rounds[50], worst: rounds[90] }
}

/// Each mapping has one count of its handles, for which threads that clone handles contend. Threads
/// that borrow one handle, or have mappings of their own, do not disturb each other. (The docs of
/// `Var` say so.)
#[test]
fn only_cloned_handles_of_one_mapping_make_threads_wait_for_each_other() {
    if thread::available_parallelism().map_or(1, Into::into) < 2 {
        println!("skipped: one CPU");
        return;
    }
    let Some(_alone) = measuring() else { return };
    let of_own = || Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let cloning = |var: Var<u64>| move || drop(black_box(black_box(&var).clone()));
    let shared = of_own();
    let borrowing = || {
        || {
            black_box(black_box(&shared).load());
        }
    };
    // Other work on the machine can make threads seem to disturb each other, so measure again.
    let cloned = least(3.0, || {
        let alone = side_by_side(vec![cloning(of_own())]);
        let apart = side_by_side(vec![cloning(of_own()), cloning(of_own())]);
        println!("a clone and its drop, in ns of a CPU: alone {alone:.1?}");
        println!("beside those of another mapping {apart:.1?}");
        apart.worst / alone.best
    });
    let together = side_by_side(vec![cloning(shared.clone()), cloning(shared.clone())]);
    println!("beside those of the same mapping {together:.1?}");
    let borrowed = least(3.0, || {
        let (alone, both) = (side_by_side(vec![borrowing()]), side_by_side(vec![borrowing(), borrowing()]));
        println!("a load through a borrowed handle: alone {alone:.2?}");
        println!("on two threads {both:.2?}");
        both.worst / alone.best
    });
    assert!(cloned < 3.0, "{cloned} times as long beside another mapping's");
    assert!(borrowed < 3.0, "{borrowed} times as long on two threads");
}
