//! Rows of lists and tables in an arena: beside raw pointers as in C, and beside a hash map read by
//! system calls.

use std::hint::black_box;

use libbpf_rs::{MapCore, MapFlags};
use mapvalue::{Arena, ArenaFlags};
use mapvalue_tests::kernel::{Map, flags, map_type};
use mapvalue_tests::twins::{self, Lookups};

use crate::harness::{Side, compare};
use crate::memory::{self, Memory};
use crate::rows::Outcome;

/// Far more than fits in the caches of one core.
const LEN: u32 = 1 << 17;
/// System calls in a round.
const CALLS: u32 = 256;

/// An arena of the kernel, or of a memfd where the kernel makes none.
fn arena(memory: &Memory) -> Arena {
    let arena = match memory.maps() {
        Ok(_) => Arena::create(2048, ArenaFlags::default()),
        Err(_) => Arena::memfd(2048),
    };
    arena.expect("make an arena")
}

pub(crate) fn list(memory: &Memory) -> Outcome {
    let arena = arena(memory);
    let list = twins::scattered_numbers(&arena, LEN.into());
    let (delta, head) = (twins::delta_of(&arena), arena.at::<u64>(24 * u64::from(LEN)).address());
    assert_eq!(twins::sum_of(&list).expect("a list that is whole"), twins::sum_of_raw(delta, head));
    let ours = Side::new(LEN, || drop(black_box(twins::sum_of(black_box(&list)))));
    let theirs = Side::new(LEN, || {
        black_box(twins::sum_of_raw(black_box(delta), black_box(head)));
    });
    Outcome::Timed(compare(ours, theirs))
}

fn lookups(lookups: &Lookups) -> Side<'_> {
    Side::new(LEN, move || {
        black_box(black_box(lookups).find());
    })
}

pub(crate) fn table(memory: &Memory) -> Outcome {
    let arena = arena(memory);
    let (table, delta) = (Lookups::new(&arena, LEN), twins::delta_of(&arena));
    assert_eq!(table.find(), table.find_raw(delta));
    let theirs = Side::new(LEN, || {
        black_box(black_box(&table).find_raw(black_box(delta)));
    });
    Outcome::Timed(compare(lookups(&table), theirs))
}

pub(crate) fn table_libbpf(memory: &Memory) -> Outcome {
    if let Err(reason) = memory.maps() {
        return Outcome::Skipped(reason.to_owned());
    }
    let arena = arena(memory);
    let table = Lookups::new(&arena, LEN);
    let map = Map::create(map_type::HASH, flags::NO_PREALLOC, 8, LEN, "peer");
    for (value, key) in (0u64..).zip(table.keys()) {
        map.update(*key, &value.to_ne_bytes());
    }
    let theirs = memory::libbpf(&map);
    let mut keys = table.keys().iter().cycle();
    let theirs = Side::new(CALLS, || {
        for key in keys.by_ref().take(CALLS as usize) {
            black_box(theirs.lookup(&key.to_ne_bytes(), MapFlags::ANY).expect("looks it up"));
        }
    });
    Outcome::Timed(compare(lookups(&table), theirs))
}
