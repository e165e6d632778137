//! Rows of a large array of which little is used: how many pages 32 MiB cost this process.
//!
//! The kernel makes all pages of an array map when the map is created, and maps all of them
//! whenever anybody maps it. So all are resident at once, although they are not new memory.
//! Touching one is not a fault, and the process itself pays for a page table only. The pages of an
//! arena or a memfd are made when they are touched.

use std::sync::Arc;

use mapvalue::{Arena, ArenaFlags, Mapping};
use mapvalue_tests::pages;

use crate::memory::{COUNTERS, Memory};
use crate::rows::Outcome;

const TOUCHED: usize = 100;

/// The cost of opening an array and touching some of it, in pages.
struct Taken {
    /// Resident pages of the mapping.
    resident_when_opened: usize,
    resident: usize,
    /// Pages of the page table.
    table: usize,
    faults: usize,
}

/// Opens an array of counters, and touches a few that are far apart.
fn touch(open: impl FnOnce() -> Arc<Mapping>) -> Taken {
    let table = pages::of_page_table();
    let counters = open().array::<u64>().expect("an array of counters");
    let resident_when_opened = pages::resident(&counters[0]);
    let faults = pages::faults();
    for i in 0..TOUCHED {
        counters[i * (COUNTERS / TOUCHED)].fetch_add(1);
    }
    let faults = pages::faults() - faults;
    let table = pages::of_page_table().saturating_sub(table);
    Taken { resident_when_opened, resident: pages::resident(&counters[0]), table, faults }
}

/// Measures a new mapping of the map of counters.
fn touch_map(memory: &Memory, count: impl FnOnce(Taken) -> Outcome) -> Outcome {
    match memory.maps() {
        Ok(maps) => count(touch(|| Mapping::from_map(&maps.counters).expect("map a map of our own"))),
        Err(reason) => Outcome::Skipped(reason.to_owned()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
fn counted(ours: usize, note: String) -> Outcome {
    Outcome::Counted { ours: ours as f64, theirs: TOUCHED as f64, note }
}

pub(crate) fn resident(memory: &Memory) -> Outcome {
    touch_map(memory, |Taken { resident, resident_when_opened, .. }| {
        let note = format!(
            "{resident_when_opened} of them since the array was mapped: the kernel maps all pages of an array map, which it made \
             when the map was created, so they are not new memory"
        );
        counted(resident, note)
    })
}

pub(crate) fn touched(memory: &Memory) -> Outcome {
    touch_map(memory, |Taken { faults, table, .. }| {
        counted(faults + table, format!("{faults} faults, {table} pages of the page table"))
    })
}

pub(crate) fn arena(memory: &Memory) -> Outcome {
    if let Err(reason) = memory.maps() {
        return Outcome::Skipped(reason.to_owned());
    }
    let pages = (COUNTERS * size_of::<u64>() / 4096) as u64;
    let arena = Arena::create(pages, ArenaFlags::default()).expect("make an arena");
    let resident = || usize::try_from(arena.resident_pages().expect("count pages")).unwrap_or(usize::MAX);
    let before = resident();
    let counters = arena.slice::<u64>(arena.at(0), COUNTERS).expect("all of the arena");
    for i in 0..TOUCHED {
        counters[i * (COUNTERS / TOUCHED)].fetch_add(1);
    }
    counted(resident(), format!("{before} before they were touched"))
}

pub(crate) fn memfd(_: &Memory) -> Outcome {
    let Taken { resident, resident_when_opened, faults, .. } =
        touch(|| Mapping::memfd(COUNTERS * size_of::<u64>()).expect("make a memfd"));
    counted(resident, format!("{resident_when_opened} before they were touched, {faults} faults"))
}
