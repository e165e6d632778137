//! The BPF maps of the agent rezolus, without `unsafe`: a scrape of 98 maps while programs count in
//! them.
//!
//! - Counters by CPU: a bank for each of 1,024 CPUs, padded to the cache line, in a plain array.
//!   The agent learns at run time how many counters there are, and a map that was created for
//!   another number is refused.
//! - Histograms of 496 buckets, each loaded into a buffer of the caller.
//! - Counters by process, cgroup or system call, in arrays of up to 4,194,304. Only the counters of
//!   those that exist are read.
//!
//! A scrape allocates nothing and makes no system call. The thread that serves metrics reads
//! counters in place, as the `&'static [AtomicU64]` that a metric library is attached to.
//!
//! The other side is the BPF programs of `bpf/rezolus.bpf.c`, loaded by libbpf-rs (`--features
//! libbpf`, as root). Otherwise, or with `--memfd`, it is a thread that does the same to memfds.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use mapvalue::{Array, Banks, MapValue, Mapping, ReadOnly, Shared, possible_cpus};
use mapvalue_examples::{Result, check};

const MAX_CPUS: usize = 1024;
/// Bytes in a cache line.
const LINE: usize = 64;
const BUCKETS: usize = 496;
const CGROUPS: usize = 4096;
const SYSTEM_CALLS: usize = 1024;
const PROCESSES: usize = 4_194_304;

/// An event: `struct event` of `bpf/rezolus.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Event {
    latency: u64,
    bytes: u64,
    process: u32,
    cgroup: u32,
}

/// The meaning of a map's counters, and their layout.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// This number of counters for each CPU.
    Banks(usize),
    /// The latencies, shifted to the left by this number.
    Histogram(u32),
    Cgroup,
    SystemCall,
    Process,
    /// Two dimensions in one: a row of CPUs for each cgroup.
    CgroupCpu,
}

impl Kind {
    /// Counters in a map.
    fn len(self) -> usize {
        match self {
            Self::Banks(counters) => MAX_CPUS * counters,
            Self::Histogram(_) => BUCKETS,
            Self::Cgroup => CGROUPS,
            Self::SystemCall => SYSTEM_CALLS,
            Self::Process => PROCESSES,
            Self::CgroupCpu => CGROUPS * MAX_CPUS,
        }
    }

    /// For a map by id: the owner of the counter, and the amount that is added.
    fn of_event(self, event: &Event) -> (usize, u64) {
        match self {
            Self::Cgroup => (event.cgroup as usize, event.bytes),
            Self::SystemCall => (event.process as usize % SYSTEM_CALLS, 1),
            _ => (event.process as usize, event.latency),
        }
    }
}

/// The maps that the agent and the programs have agreed on.
fn maps() -> Vec<(String, Kind)> {
    let banks = (0..15).map(|n| (format!("banks_{n:02}"), Kind::Banks(if n < 13 { 8 } else { 16 })));
    let histograms = (0..33).map(|n| (format!("histogram_{n:02}"), Kind::Histogram(n)));
    let by_cgroup = (0..43).map(|n| (format!("by_cgroup_{n:02}"), Kind::Cgroup));
    let by_syscall = (0..2).map(|n| (format!("by_syscall_{n}"), Kind::SystemCall));
    let by_process = (0..4).map(|n| (format!("by_process_{n}"), Kind::Process));
    let by_cgroup_cpu = [("by_cgroup_cpu".to_owned(), Kind::CgroupCpu)];
    banks.chain(histograms).chain(by_cgroup).chain(by_syscall).chain(by_process).chain(by_cgroup_cpu).collect()
}

/// The side that counts.
trait OtherSide: Sync {
    fn map(&self, name: &str) -> Result<Arc<Mapping>>;
    /// Makes an event happen, this number of times.
    fn happen(&self, event: &Event, times: u32) -> Result<()>;
}

fn main() -> Result<()> {
    #[cfg(feature = "libbpf")]
    if let Some(programs) = mapvalue_examples::programs::Programs::load(kernel::OBJECT, |_| Ok(()))? {
        println!("The other side is BPF programs in the kernel.\n");
        return agent(&programs);
    }
    println!("The other side is a thread, on memfds.\n");
    let memfds = Memfds::new()?;
    agent(&memfds)?;
    memfds.check_sparse()
}

fn agent(other_side: &dyn OtherSide) -> Result<()> {
    let mut agent = Agent::open(other_side)?;
    println!("{} maps are open.", agent.maps());

    // A sampler with one counter more than the program has room for.
    let refused = open_banks(&other_side.map("banks_00")?, 9).err().ok_or("a bank of nine is not refused")?;
    println!("A wrong geometry is refused: {refused}");

    let events: Vec<Event> = (0..200).map(event).collect();
    for event in &events {
        agent.watch(event);
    }
    let times = 50;
    let scrapes = thread::scope(|scope| -> Result<u32> {
        let counting = scope.spawn(|| events.iter().try_for_each(|event| other_side.happen(event, times)));
        let (mut scrapes, mut seen) = (0, 0);
        while !counting.is_finished() {
            agent.scrape()?;
            scrapes += 1;
            let total = agent.out.totals[0][0];
            check(total >= seen, "a counter never goes backwards")?;
            seen = total;
        }
        counting.join().map_err(|_| "the other side has failed")??;
        Ok(scrapes)
    })?;
    println!("{scrapes} scrapes while the other side was counting, and one after it had finished.");
    agent.scrape()?;
    agent.check(&events, times.into())?;
    println!("All counters equal the events.");
    Ok(())
}

/// The events: each in another process.
fn event(n: u32) -> Event {
    let process = (n * 20_011 + 1) % 4_194_304;
    Event { latency: u64::from(n * n) + 3, bytes: 100 + u64::from(n), process, cgroup: n % 37 }
}

/// A sampler's counters. Each CPU that can exist has its own bank of them.
fn open_banks(map: &Arc<Mapping>, counters: usize) -> Result<Banks<[u64], ReadOnly>> {
    let stride = (8 * counters).next_multiple_of(LINE);
    Ok(map.banks_of_ro(MAX_CPUS, stride, counters)?.possible_cpus()?)
}

/// Counters by an id.
struct ById {
    kind: Kind,
    counters: Array<u64, ReadOnly>,
    /// The ids in use. No other counter is read.
    ids: Vec<usize>,
}

impl ById {
    fn refresh(&self, out: &mut [u64]) {
        for (id, out) in self.ids.iter().zip(out) {
            *out = self.counters[*id].load();
        }
    }
}

/// The agent's handles, and the values of the last scrape.
struct Agent {
    counters: Vec<Banks<[u64], ReadOnly>>,
    histograms: Vec<Array<u64, ReadOnly>>,
    by_id: Vec<ById>,
    by_cgroup_cpu: Array<u64, ReadOnly>,
    out: Scrape,
}

struct Scrape {
    totals: Vec<Vec<u64>>,
    histograms: Vec<[u64; BUCKETS]>,
    by_id: Vec<Vec<u64>>,
}

/// A group of counters as a metric library has it: in a `static`, and attached to memory once that
/// is there. The server of metrics reads it in place: no copy, and no lifetime of a skeleton.
struct CounterGroup(OnceLock<&'static [AtomicU64]>);

static PROCESS_TIME: CounterGroup = CounterGroup(OnceLock::new());

impl CounterGroup {
    fn attach(&self, counters: &'static impl AsRef<[AtomicU64]>) -> Result<()> {
        Ok(self.0.set(counters.as_ref()).map_err(|_| "attached twice")?)
    }

    fn value(&self, id: usize) -> Option<u64> {
        Some(self.0.get()?.get(id)?.load(Ordering::Relaxed))
    }
}

impl Agent {
    fn open(other_side: &dyn OtherSide) -> Result<Self> {
        let (mut counters, mut histograms, mut by_id, mut by_cgroup_cpu) = (Vec::new(), Vec::new(), Vec::new(), None);
        let mut totals = Vec::new();
        for (name, kind) in maps() {
            let map = other_side.map(&name)?;
            let array = map.array_ro::<u64>()?;
            check(array.len() == kind.len(), &format!("`{name}` has as many counters as the agent expects"))?;
            match kind {
                Kind::Banks(in_use) => {
                    counters.push(open_banks(&map, in_use)?);
                    totals.push(vec![0; in_use]);
                }
                Kind::Histogram(_) => histograms.push(array),
                Kind::CgroupCpu => by_cgroup_cpu = Some(array),
                Kind::Cgroup | Kind::SystemCall | Kind::Process => {
                    by_id.push(ById { kind, counters: array, ids: Vec::new() });
                }
            }
        }
        let by_process = by_id.iter().find(|by_id| by_id.kind == Kind::Process).ok_or("no map by process")?;
        // The library may store, too, so it gets a handle that can.
        PROCESS_TIME.attach(by_process.counters.mapping().array::<u64>()?.leak())?;
        let by_cgroup_cpu = by_cgroup_cpu.ok_or("no map by cgroup and CPU")?;
        let out =
            Scrape { totals, histograms: vec![[0; BUCKETS]; histograms.len()], by_id: vec![Vec::new(); by_id.len()] };
        Ok(Self { counters, histograms, by_id, by_cgroup_cpu, out })
    }

    fn maps(&self) -> usize {
        self.counters.len() + self.histograms.len() + self.by_id.len() + 1
    }

    /// An event shows that its process exists. From now on, its counters are read.
    fn watch(&mut self, event: &Event) {
        for (by_id, out) in self.by_id.iter_mut().zip(&mut self.out.by_id) {
            let (id, _) = by_id.kind.of_event(event);
            if !by_id.ids.contains(&id) {
                by_id.ids.push(id);
                out.push(0);
            }
        }
    }

    /// Loads everything that is in use.
    fn scrape(&mut self) -> Result<()> {
        for (banks, totals) in self.counters.iter().zip(&mut self.out.totals) {
            banks.sum_into(totals)?;
        }
        for (histogram, out) in self.histograms.iter().zip(&mut self.out.histograms) {
            histogram.load_into(out)?;
        }
        for (by_id, out) in self.by_id.iter().zip(&mut self.out.by_id) {
            by_id.refresh(out);
        }
        Ok(())
    }

    /// Checks that the last scrape has loaded all events.
    fn check(&self, events: &[Event], times: u64) -> Result<()> {
        let count = events.len() as u64 * times;
        let bytes = events.iter().map(|event| event.bytes * times).sum::<u64>();
        for totals in &self.out.totals {
            let [first, between @ .., last] = totals.as_slice() else { return Err("no counters".into()) };
            check(*first == count && *last == bytes, "events and bytes are summed over all CPUs")?;
            check(between.iter().all(|total| *total == 0), "no other counter has changed")?;
        }
        for (n, histogram) in self.out.histograms.iter().enumerate() {
            let mut expected = [0; BUCKETS];
            for event in events {
                expected[bucket(event.latency << n)] += times;
            }
            check(*histogram == expected, "each latency is in its bucket")?;
        }
        for (by_id, out) in self.by_id.iter().zip(&self.out.by_id) {
            let mut expected: HashMap<usize, u64> = HashMap::new();
            for (id, value) in events.iter().map(|event| by_id.kind.of_event(event)) {
                *expected.entry(id).or_default() += value * times;
            }
            let found: HashMap<usize, u64> = by_id.ids.iter().copied().zip(out.iter().copied()).collect();
            check(found == expected, "the counters by id equal the events of that id")?;
        }
        // A row of the two-dimensional array, read in place: the CPUs of a cgroup.
        let latency = |cgroup| -> u64 {
            events.iter().filter(|event| event.cgroup == cgroup).map(|event| event.latency * times).sum()
        };
        for cgroup in [0, 1, 36, 37] {
            let start = cgroup as usize * MAX_CPUS;
            let row = self.by_cgroup_cpu.range(start..start + MAX_CPUS)?;
            let found: u64 = row.iter().map(Shared::load).sum();
            check(found == latency(cgroup), "the CPUs of a cgroup add up")?;
        }
        let served = thread::spawn(|| PROCESS_TIME.value(event(199).process as usize));
        let served = served.join().map_err(|_| "no metrics are served")?;
        check(served == Some(event(199).latency * times), "another thread reads the same counter")
    }
}

/// The bucket of a value: eight for each power of two.
fn bucket(value: u64) -> usize {
    let power = value.checked_ilog2().unwrap_or(0).saturating_sub(3);
    power as usize * 8 + usize::try_from(value >> power).unwrap_or(usize::MAX)
}

/// The work of the BPF programs, in Rust. They have one mapping of each map, and the agent has
/// another.
struct Memfds {
    maps: Vec<(String, Kind, Array<u64>)>,
    cpus: usize,
}

impl Memfds {
    fn new() -> Result<Self> {
        let make = |(name, kind): (String, Kind)| Ok((name, kind, Mapping::memfd(8 * kind.len())?.array()?));
        let maps = maps().into_iter().map(make).collect::<Result<_>>()?;
        Ok(Self { maps, cpus: possible_cpus()? })
    }

    /// An array of 32 MiB has only the pages that are counted in.
    fn check_sparse(&self) -> Result<()> {
        let by_process = self.maps.iter().find(|(_, kind, _)| *kind == Kind::Process).ok_or("no map by process")?;
        let memfd = by_process.2.mapping().fd().ok_or("no memfd")?.as_raw_fd();
        let kilobytes = fs::metadata(format!("/proc/self/fd/{memfd}"))?.blocks() / 2;
        println!("An array by process has 32768 KiB, of which {kilobytes} are allocated.");
        check(kilobytes < 32768 / 4, "most of it was never touched")
    }
}

impl OtherSide for Memfds {
    fn map(&self, name: &str) -> Result<Arc<Mapping>> {
        let (_, _, there) = self.maps.iter().find(|map| map.0 == name).ok_or_else(|| format!("no map `{name}`"))?;
        Ok(Mapping::from_memfd(there.mapping().fd().ok_or("no memfd")?)?)
    }

    fn happen(&self, event: &Event, times: u32) -> Result<()> {
        for n in 0..times as usize {
            // Takes turns through the CPUs.
            let cpu = n % self.cpus;
            for (_, kind, map) in &self.maps {
                match *kind {
                    Kind::Banks(width) => {
                        map[cpu * width].fetch_add(1);
                        map[(cpu + 1) * width - 1].fetch_add(event.bytes);
                    }
                    Kind::Histogram(n) => _ = map[bucket(event.latency << n)].fetch_add(1),
                    Kind::CgroupCpu => _ = map[event.cgroup as usize * MAX_CPUS + cpu].fetch_add(event.latency),
                    Kind::Cgroup | Kind::SystemCall | Kind::Process => {
                        let (id, value) = kind.of_event(event);
                        map[id].fetch_add(value);
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(feature = "libbpf")]
mod kernel {
    use super::{Arc, Event, MapValue, Mapping, OtherSide, Result, check};
    use mapvalue_examples::programs::Programs;

    pub(super) static OBJECT: &[u8] = aya::include_bytes_aligned!("../bpf/rezolus.bpf.o");

    impl OtherSide for Programs {
        fn map(&self, name: &str) -> Result<Arc<Mapping>> {
            self.mapping(name)
        }

        fn happen(&self, event: &Event, times: u32) -> Result<()> {
            let mut packet = [0; 64];
            event.write_bytes(&mut packet[..size_of::<Event>()])?;
            for program in ["count", "measure", "account"] {
                check(self.run(program, &packet, times)? == 2, "the program lets the packet pass")?;
            }
            Ok(())
        }
    }
}
