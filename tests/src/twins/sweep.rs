//! A scrape of all counters of an agent, and its twin with raw pointers, as such agents do it
//! today.
//!
//! The maps have the number and sizes of those of rezolus. Each is an array of `u64`: 15 with a
//! bank of counters for each CPU, 33 histograms, 43 arrays by cgroup, and 7 by process, by cgroup
//! and CPU, or by system call.

use std::sync::Arc;

use mapvalue::{Array, Mapping, ReadOnly, Slice};

/// The banks that a map has room for, and below, the banks that are summed.
const MAX_CPUS: usize = 1024;
const CPUS: usize = 64;
/// Counters in a cache line. A bank has one or two lines.
const LINE: usize = 8;
const BUCKETS: usize = 496;
const CGROUPS: usize = 4096;
const SYSTEM_CALLS: usize = 1024;
const PROCESSES: usize = 1 << 22;
/// The ids in use, in each array by id.
const IDS: usize = 100;

/// The handles of an agent.
#[derive(Debug)]
pub struct Sweep {
    /// The lines of the existing CPUs, and the number of lines in a bank.
    banks: Vec<(Slice<[u64; LINE], ReadOnly>, usize)>,
    histograms: Vec<Array<u64, ReadOnly>>,
    /// Each array with the ids in use.
    by_id: Vec<(Array<u64, ReadOnly>, Vec<usize>)>,
}

/// The same maps, as pointers.
#[derive(Debug)]
pub struct RawSweep {
    banks: Vec<(*const u64, usize)>,
    histograms: Vec<*const u64>,
    by_id: Vec<(*const u64, Vec<usize>)>,
}

/// The values that a scrape loads, in buffers of the caller.
#[derive(Debug)]
pub struct Scrape {
    /// A copy of the banks of one map, to sum them.
    banks: Vec<[u64; LINE]>,
    totals: Vec<[u64; LINE]>,
    buckets: Vec<u64>,
    by_id: Vec<u64>,
}

impl Scrape {
    /// Buffers for a scrape of these maps.
    pub fn new(sweep: &Sweep) -> Self {
        let lines = sweep.banks.iter().map(|(_, lines)| lines).sum();
        Self {
            banks: vec![[0; LINE]; 2 * CPUS],
            totals: vec![[0; LINE]; lines],
            buckets: vec![0; sweep.histograms.len() * BUCKETS],
            by_id: vec![0; sweep.by_id.len() * IDS],
        }
    }

    /// The values loaded.
    pub fn counters(&self) -> impl Iterator<Item = u64> {
        self.totals.iter().flatten().chain(&self.buckets).chain(&self.by_id).copied()
    }
}

/// The ids in use, out of `len`: far from each other.
fn ids(len: usize) -> Vec<usize> {
    (0..IDS).map(|n| n * (len / IDS)).collect()
}

impl Sweep {
    /// Makes the maps, each for a number of counters, and counts something in all places that are
    /// read.
    ///
    /// # Panics
    ///
    /// If a map cannot be made.
    pub fn new(make: impl Fn(u32) -> Arc<Mapping>) -> Self {
        let mut next = 0;
        let mut map = |counters: usize, used: &mut dyn Iterator<Item = usize>| {
            let mapping = make(u32::try_from(counters).unwrap());
            let array = mapping.array::<u64>().unwrap();
            assert_eq!(array.len(), counters);
            for index in used {
                next += 1;
                array[index].store(1_000_000 + next * next);
            }
            mapping
        };
        let mut bank = |lines: usize| {
            let mapping = map(MAX_CPUS * lines * LINE, &mut (0..CPUS * lines * LINE));
            (mapping.slice_ro(0, CPUS * lines).unwrap(), lines)
        };
        let banks = (0..15).map(|n| bank(if n < 13 { 1 } else { 2 })).collect();
        let mut whole = |len| map(len, &mut (0..len)).array_ro().unwrap();
        let histograms = (0..33).map(|_| whole(BUCKETS)).collect();
        let mut some = |len| {
            let ids = ids(len);
            (map(len, &mut ids.iter().copied()).array_ro().unwrap(), ids)
        };
        let kinds = [(43, CGROUPS), (2, SYSTEM_CALLS), (5, PROCESSES)];
        let by_id = kinds.iter().flat_map(|(maps, len)| vec![*len; *maps]).map(&mut some).collect();
        Self { banks, histograms, by_id }
    }

    /// How many maps there are.
    pub fn maps(&self) -> usize {
        self.banks.len() + self.histograms.len() + self.by_id.len()
    }

    /// Loads all counters.
    ///
    /// # Panics
    ///
    /// If the buffers were made for other maps.
    #[inline(never)]
    pub fn scrape(&self, out: &mut Scrape) {
        let mut totals = out.totals.as_mut_slice();
        for (banks, lines) in &self.banks {
            let (total, rest) = std::mem::take(&mut totals).split_at_mut(*lines);
            totals = rest;
            let copy = &mut out.banks[..banks.len()];
            banks.load_into(copy).unwrap();
            add_up(copy, total);
        }
        for (histogram, out) in self.histograms.iter().zip(out.buckets.chunks_exact_mut(BUCKETS)) {
            histogram.load_into(out).unwrap();
        }
        for ((array, ids), out) in self.by_id.iter().zip(out.by_id.chunks_exact_mut(IDS)) {
            let array = array.as_slice().unwrap();
            for (id, out) in ids.iter().zip(out) {
                *out = array[*id].load();
            }
        }
    }

    /// The same maps as raw pointers.
    ///
    /// # Panics
    ///
    /// Never: no array is empty.
    pub fn raw(&self) -> RawSweep {
        let first = |array: &Array<u64, ReadOnly>| std::ptr::from_ref(&array[0]).cast::<u64>();
        RawSweep {
            banks: self.banks.iter().map(|(banks, lines)| (banks.as_ptr().cast(), *lines)).collect(),
            histograms: self.histograms.iter().map(first).collect(),
            by_id: self.by_id.iter().map(|(array, ids)| (first(array), ids.clone())).collect(),
        }
    }
}

/// Sums the banks of all CPUs.
#[inline]
fn add_up(banks: &[[u64; LINE]], total: &mut [[u64; LINE]]) {
    let lines = total.len();
    for (line, total) in total.iter_mut().enumerate() {
        let mut sums = [0u64; LINE];
        for bank in banks.chunks_exact(lines) {
            for (sum, counter) in sums.iter_mut().zip(&bank[line]) {
                *sum = sum.wrapping_add(*counter);
            }
        }
        *total = sums;
    }
}

impl RawSweep {
    /// Loads all counters with plain loads: the fastest way, but the language forbids it beside a
    /// writer.
    #[inline(never)]
    pub fn scrape(&self, out: &mut Scrape) {
        let mut totals = out.totals.as_mut_slice();
        for (banks, lines) in &self.banks {
            let (total, rest) = std::mem::take(&mut totals).split_at_mut(*lines);
            totals = rest;
            // SAFETY: the map has that many lines and outlives the sweep, and nobody writes to it
            // meanwhile.
            let banks = unsafe { std::slice::from_raw_parts(banks.cast::<[u64; LINE]>(), CPUS * lines) };
            add_up(banks, total);
        }
        for (histogram, out) in self.histograms.iter().zip(out.buckets.chunks_exact_mut(BUCKETS)) {
            // SAFETY: as above, for that many buckets.
            unsafe { histogram.copy_to_nonoverlapping(out.as_mut_ptr(), BUCKETS) };
        }
        for ((array, ids), out) in self.by_id.iter().zip(out.by_id.chunks_exact_mut(IDS)) {
            for (id, out) in ids.iter().zip(out) {
                // SAFETY: as above; all ids are less than the length.
                let counter = unsafe { array.add(*id) };
                // SAFETY: as above.
                *out = unsafe { counter.read() };
            }
        }
    }
}
