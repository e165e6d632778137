//! The row of a whole scrape: a few values from each of many maps of different sizes.

use std::cell::RefCell;
use std::hint::black_box;

use mapvalue::Mapping;
use mapvalue_tests::kernel::Map;
use mapvalue_tests::twins::sweep::{Scrape, Sweep};

use crate::harness::{Side, compare};
use crate::memory::{Kind, Memory};
use crate::rows::Outcome;

pub(crate) fn raw(memory: &Memory) -> Outcome {
    let sweep = Sweep::new(|counters| match memory.kind() {
        Kind::Maps => Mapping::from_map(Map::array(8, counters)).expect("map a map of our own"),
        Kind::Memfds => Mapping::memfd(8 * counters as usize).expect("make a memfd"),
    });
    assert_eq!(sweep.maps(), 98);
    let raw = sweep.raw();
    let (mut ours, mut theirs) = (Scrape::new(&sweep), Scrape::new(&sweep));
    sweep.scrape(&mut ours);
    raw.scrape(&mut theirs);
    assert!(ours.counters().eq(theirs.counters()), "both load the same");
    let mut all: Vec<u64> = ours.counters().collect();
    all.sort_unstable();
    assert!(all[0] > 0 && all.windows(2).all(|two| two[0] < two[1]), "each place has a number of its own");
    // Both sides share one buffer, by turns.
    let out = RefCell::new(ours);
    let ours = Side::new(1, || black_box(&sweep).scrape(black_box(&mut out.borrow_mut())));
    let theirs = Side::new(1, || black_box(&raw).scrape(black_box(&mut out.borrow_mut())));
    Outcome::Timed(compare(ours, theirs))
}
