//! Rows against crates that ask the kernel for each value: aya and libbpf-rs, on the same map.

use std::hint::black_box;

use libbpf_rs::{MapCore, MapFlags};
use mapvalue::{Array, Shared};

use crate::harness::{OPERATIONS, OURS, Side, Timing, compare, repeat};
use crate::memory::{self, Memory, Record};
use crate::rows::Outcome;

/// System calls in a round, of about 500 ns each.
const CALLS: u32 = 256;
/// 4 MiB of records.
const SCANNED: usize = 65_536;

/// The outcome of a row that needs the maps.
fn on_maps(memory: &Memory, measure: impl FnOnce(&memory::Maps) -> Timing) -> Outcome {
    memory.maps().map_or_else(|reason| Outcome::Skipped(reason.to_owned()), |maps| Outcome::Timed(measure(maps)))
}

pub(crate) fn load_u64_aya(memory: &Memory) -> Outcome {
    on_maps(memory, |maps| {
        let theirs = memory::aya::<u64>(&maps.counters);
        let get = |index| theirs.get(&index, 0).expect("an element");
        assert_eq!(get(9), memory.counters[9].load());
        let theirs = Side::new(CALLS, || {
            for index in 0..CALLS {
                black_box(get(black_box(index)));
            }
        });
        compare(elements(&memory.counters), theirs)
    })
}

pub(crate) fn load_u64_libbpf(memory: &Memory) -> Outcome {
    on_maps(memory, |maps| {
        let theirs = memory::libbpf(&maps.counters);
        let get = |index: u32| {
            let value = theirs.lookup(&index.to_ne_bytes(), MapFlags::ANY).expect("looks it up").expect("an element");
            u64::from_ne_bytes(value.try_into().expect("8 bytes"))
        };
        assert_eq!(get(9), memory.counters[9].load());
        let theirs = Side::new(CALLS, || {
            for index in 0..CALLS {
                black_box(get(black_box(index)));
            }
        });
        compare(elements(&memory.counters), theirs)
    })
}

fn elements(array: &Array<u64>) -> Side<'_> {
    Side::new(OPERATIONS, || ours_elements(black_box(array)))
}

#[inline(never)]
fn ours_elements(array: &Array<u64>) {
    let mut index = 0;
    repeat::<OURS>(|| {
        black_box(array.get(black_box(index)).map(Shared::load));
        index += 1;
    });
}

pub(crate) fn scan_4m_aya(memory: &Memory) -> Outcome {
    on_maps(memory, |maps| {
        let theirs = memory::aya::<[u64; 8]>(&maps.records);
        let scan = || theirs.iter().take(SCANNED).fold(0, |sum, value| add(sum, value.expect("an element")));
        compare_scans(memory, scan)
    })
}

pub(crate) fn scan_4m_libbpf(memory: &Memory) -> Outcome {
    on_maps(memory, |maps| {
        let theirs = memory::libbpf(&maps.records);
        let scan = || {
            let values = theirs.lookup_batch(BATCH, MapFlags::ANY, MapFlags::ANY).expect("looks a batch up");
            values.take(SCANNED).fold(0, |sum, (_, value)| add(sum, words(&value)))
        };
        compare_scans(memory, scan)
    })
}

/// Values in a system call. Of 64 to 65,536, this is the fastest by a little.
const BATCH: u32 = 4096;

fn compare_scans(memory: &Memory, theirs: impl Fn() -> u64) -> Timing {
    let ours = memory.records.range(0..SCANNED).expect("a part of the array");
    assert_eq!(ours_scan(&ours), theirs());
    let ours = Side::new(1, || {
        black_box(ours_scan(black_box(&ours)));
    });
    let theirs = Side::new(1, || {
        black_box(theirs());
    });
    compare(ours, theirs)
}

#[inline(never)]
fn ours_scan(records: &Array<Record>) -> u64 {
    records.iter().fold(0u64, |sum, record| {
        let of_two = record.packets.load().wrapping_add(record.bytes.load());
        let of_four = of_two.wrapping_add(record.errors.load()).wrapping_add(record.drops.load());
        let of_six = of_four.wrapping_add(record.first_seen.load()).wrapping_add(record.last_seen.load());
        sum.wrapping_add(of_six).wrapping_add(record.flags.load()).wrapping_add(record.owner.load())
    })
}

fn add(sum: u64, value: [u64; 8]) -> u64 {
    value.into_iter().fold(sum, u64::wrapping_add)
}

/// The leaves of a value that was read as bytes.
fn words(bytes: &[u8]) -> [u64; 8] {
    let (words, _) = bytes.as_chunks::<8>();
    std::array::from_fn(|i| u64::from_ne_bytes(words[i]))
}
