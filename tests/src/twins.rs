//! Lists and tables in an arena, and their twins with raw pointers, as C would use them, to compare
//! the two. A whole scrape is in `sweep`.

pub mod sweep;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use mapvalue::arena::{ListEntry, Region, hash_u32};
use mapvalue::{Arena, ArenaHashMap, ArenaList, Error};

/// Makes a list of `len` elements at the start of an arena, in an order that no prefetcher guesses.
/// Its head is after them.
///
/// # Panics
///
/// If `len` is not a power of two, or the arena too small.
pub fn scattered_numbers(arena: &Arena, len: u64) -> ArenaList<ListEntry<u64>> {
    assert!(len.is_power_of_two());
    let list = ArenaList::<ListEntry<u64>>::open(arena, arena.at(24 * len)).unwrap();
    list.clear();
    for i in 0..len {
        let place = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % len;
        let mut slot = Region::new(arena, arena.at(24 * place), 1).unwrap();
        list.push_front_with(&mut slot, |entry| entry.value.store(i)).unwrap();
    }
    list
}

/// Sums a list's values. This and its twin are functions of their own: among a caller's many
/// variables, the compiler would run out of registers.
///
/// # Errors
///
/// The error of the walk.
#[inline(never)]
pub fn sum_of(list: &ArenaList<ListEntry<u64>>) -> Result<u64, Error> {
    let mut sum = 0u64;
    for entry in list {
        sum = sum.wrapping_add(entry?.value.load());
    }
    Ok(sum)
}

/// The same with raw pointers.
#[inline(never)]
pub fn sum_of_raw(delta: usize, head: u64) -> u64 {
    let (mut sum, mut next) = (0u64, head);
    loop {
        next = at_raw::<AtomicU64>(delta, next).load(Ordering::Relaxed);
        if next == 0 {
            return sum;
        }
        sum = sum.wrapping_add(at_raw::<AtomicU64>(delta, next + 16).load(Ordering::Relaxed));
    }
}

/// The value at an address in the arena: its place in memory is `delta` more.
#[inline]
fn at_raw<'a, T>(delta: usize, address: u64) -> &'a T {
    let place = std::ptr::with_exposed_provenance(usize::try_from(address).unwrap().wrapping_add(delta));
    // SAFETY: the structures are in mapped memory, and all their pointers lead into it.
    unsafe { &*place }
}

/// The number to add to a pointer in an arena to get its place in this process.
///
/// # Panics
///
/// If the arena is read-only.
pub fn delta_of(arena: &Arena) -> usize {
    let start = (&raw const *arena.get(arena.at::<u64>(0)).unwrap()).expose_provenance();
    start.wrapping_sub(usize::try_from(arena.start()).unwrap())
}

/// A table with as many buckets as keys, and keys to look up. Most of them are in the table.
#[derive(Debug)]
pub struct Lookups {
    table: ArenaHashMap<u32, u64>,
    address: u64,
    keys: Vec<u32>,
}

impl Lookups {
    /// Makes a table of `len` keys at the start of an arena.
    ///
    /// # Panics
    ///
    /// If `len` is not a power of two, or the arena too small.
    pub fn new(arena: &Arena, len: u32) -> Self {
        let elements = 4096 + 8 * u64::from(len);
        let table = ArenaHashMap::<u32, u64>::init(arena, arena.at(0), arena.at(4096), len).unwrap();
        let mut slots = Region::new(arena, arena.at(elements), len as usize).unwrap();
        let key = |i: u32| i.wrapping_mul(2_654_435_761);
        for i in 0..len {
            table.insert_with(&mut slots, key(i), u64::from(i)).unwrap();
        }
        let keys = (0..len).map(|i| key(i.wrapping_mul(7919) % (len + len / 8))).collect();
        Self { table, address: arena.start(), keys }
    }

    /// The keys that are looked up.
    pub fn keys(&self) -> &[u32] {
        &self.keys
    }

    /// The sum of the values found, plus 1 for each key that is missing.
    ///
    /// # Panics
    ///
    /// If the table is broken.
    #[inline(never)]
    pub fn find(&self) -> u64 {
        let value = |key| self.table.get(key).unwrap().map_or(1, |entry| entry.value.load());
        self.keys.iter().map(value).fold(0, u64::wrapping_add)
    }

    /// The same as C does it, with [`delta_of`]. An element is hash, key, value, next and pprev: 4,
    /// 4 and three times 8 bytes.
    #[inline(never)]
    pub fn find_raw(&self, delta: usize) -> u64 {
        let table = self.address;
        let value = |key: &u32| {
            let hash = hash_u32(*key);
            let mask = at_raw::<AtomicU32>(delta, table + 8).load(Ordering::Relaxed) - 1;
            let bucket = at_raw::<AtomicU64>(delta, table).load(Ordering::Relaxed) + 8 * u64::from(hash & mask);
            let mut next = at_raw::<AtomicU64>(delta, bucket).load(Ordering::Relaxed);
            while next != 0 {
                let found = at_raw::<AtomicU32>(delta, next - 16).load(Ordering::Relaxed) == hash;
                if found && at_raw::<AtomicU32>(delta, next - 12).load(Ordering::Relaxed) == *key {
                    return at_raw::<AtomicU64>(delta, next - 8).load(Ordering::Relaxed);
                }
                next = at_raw::<AtomicU64>(delta, next).load(Ordering::Relaxed);
            }
            1
        };
        self.keys.iter().map(value).fold(0, u64::wrapping_add)
    }
}
