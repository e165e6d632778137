//! Bytes as the memory of an arena. Lists and tables are opened anywhere in it, and used in the
//! order that other bytes give. No call may do more than return an error, and every walk ends.
//!
//! An input is the number of steps, the steps of 6 bytes each (see `Step`), and the memory from the
//! arena's start on. A small number in the memory is a pointer, given by its low 32 bits. If the
//! first bit of the input is set, it is written as a full address.
#![no_main]

use std::mem::offset_of;

use libfuzzer_sys::fuzz_target;
use mapvalue::arena::{ListEntry, ListHead, ListNode, Region, TableEntry, TableHead};
use mapvalue::{Access, Arena, ArenaHash, ArenaHashMap, ArenaList, ArenaPtr, ListError, MapValue, Storable};

/// Room for about a thousand of the smallest elements, or of buckets.
const PAGES: u64 = 4;
const MAX_STEPS: usize = 48;
/// The slots of each `Region`.
const SLOTS: usize = 8;

/// Elements with the node first.
type Numbers = ArenaList<ListEntry<u64>>;

/// An element with its node in the middle, at an address that is not a multiple of 16.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Flow {
    id: u32,
    node: ListNode,
    bytes: u64,
}

type Flows = ArenaList<Flow, { offset_of!(Flow, node) }>;

/// A key type with invalid bit patterns.
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Side {
    Left = 1,
    Right = 2,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Key {
    side: Side,
    number: u32,
}

impl ArenaHash for Key {}

thread_local! {
    /// The same memory twice: at the address of its pointers, and elsewhere.
    static ARENAS: [Arena; 2] = {
        let first = Arena::memfd(PAGES).expect("a memfd");
        let second = Arena::from_memfd(first.fd().expect("it has one")).expect("a second mapping");
        [first, second]
    };
}

/// One step: what to do, where, and with what.
struct Step {
    what: u8,
    /// Offsets, which may be beyond the arena's end.
    place: u64,
    other: u64,
    key: u32,
}

impl Step {
    fn new(bytes: &[u8; 6]) -> Self {
        let [what, place @ .., key] = *bytes;
        let offset = |low, high| u64::from(u16::from_le_bytes([low, high]));
        Self { what, place: offset(place[0], place[1]), other: offset(place[2], place[3]), key: key.into() }
    }

    fn take(&self, arenas: &[Arena; 2]) {
        let arena = &arenas[usize::from(self.what >> 7)];
        match self.what & 7 {
            0 => self.with_list(arena, Numbers::open(arena, self.head(arena))),
            1 => self.with_list(arena, Flows::open(arena, self.head(arena))),
            2 => self.with_table(arena, ArenaHashMap::<u32, u64>::open(arena, self.table(arena)), self.key),
            3 => {
                let side = if self.key & 1 == 0 { Side::Left } else { Side::Right };
                let key = Key { side, number: self.key };
                self.with_table(arena, ArenaHashMap::<Key, u8>::open(arena, self.table(arena)), key);
            }
            4 => {
                let buckets = arena.at(self.other);
                let table = ArenaHashMap::<u32, u64>::init(arena, self.table(arena), buckets, 1 << (self.key % 12));
                said(table.map(drop));
            }
            5 => {
                if let Some(list) = said(ArenaList::<ListEntry<u64>>::open_ro(arena, self.head(arena))) {
                    walk_list(&list);
                }
            }
            6 => {
                if let Some(table) = said(ArenaHashMap::<u32, u64>::open_ro(arena, self.table(arena))) {
                    walk_table(&table);
                    said(table.get(&self.key).map(drop));
                }
            }
            _ => {
                // A number of any kind, as memory may hold it.
                let pointer = ArenaPtr::<ListEntry<u64>>::from_address(self.other << (self.key % 64));
                said(arena.get(pointer).map(drop));
                said(arena.read(pointer));
            }
        }
    }

    fn head(&self, arena: &Arena) -> ArenaPtr<ListHead> {
        arena.at(self.place)
    }

    fn table(&self, arena: &Arena) -> ArenaPtr<TableHead> {
        arena.at(self.place)
    }

    fn with_list<T: MapValue, const NODE: usize>(&self, arena: &Arena, list: Result<ArenaList<T, NODE>, ListError>) {
        let Some(list) = said(list) else { return };
        let element = arena.at::<T>(self.other);
        match self.what >> 3 & 7 {
            0 => said(list.push_front(element)),
            1 => said(list.remove(element)),
            2 => said(list.pop_front()).map(drop),
            3 => said(list.repair()).map(drop),
            4 => said(Region::new(arena, element, SLOTS)).map(|mut slots| {
                for _ in 0..=SLOTS {
                    said(list.push_front_with(&mut slots, |_| ()));
                }
            }),
            5 => {
                // The current element may be removed.
                for found in list.iter().map_while(said) {
                    said(arena.ptr_of(found).map_err(Into::into).and_then(|found| list.remove(found.cast())));
                }
                Some(())
            }
            6 => Some(list.clear()),
            _ => Some(walk_list(&list)),
        };
        walk_list(&list);
    }

    fn with_table<K, V>(&self, arena: &Arena, table: Result<ArenaHashMap<K, V>, ListError>, key: K)
    where
        K: MapValue + ArenaHash + Eq + Copy,
        V: Storable + From<u8>,
    {
        let Some(table) = said(table) else { return };
        let slot = arena.at::<TableEntry<K, V>>(self.other);
        match self.what >> 3 & 7 {
            0 => said(table.insert(slot, key, V::from(7))).map(drop),
            1 => said(table.remove(&key)).map(drop),
            2 => said(table.get(&key)).map(drop),
            3 => said(table.repair()).map(drop),
            4 => said(Region::new(arena, slot, SLOTS)).map(|mut slots| {
                said(table.insert_with(&mut slots, key, V::from(1)));
                said(table.remove_with(&mut slots, &key));
                said(table.insert_with(&mut slots, key, V::from(2)));
            }),
            5 => {
                let first = table.iter().next().and_then(said);
                said(first.map_or(Ok(false), |_| table.remove(&key).map(|removed| removed.is_some()))).map(drop)
            }
            6 => Some(table.clear()),
            _ => Some(walk_table(&table)),
        };
        walk_table(&table);
    }
}

/// The value that a call returned, if any. An error must have a message.
fn said<T, E: std::error::Error>(result: Result<T, E>) -> Option<T> {
    result.map_err(|error| assert!(!error.to_string().is_empty())).ok()
}

/// Every way to walk a list ends and gives the same result.
fn walk_list<T: MapValue, const NODE: usize, A: Access>(list: &ArenaList<T, NODE, A>) {
    let room = list.arena().len() / T::LAYOUT.size() as u64;
    let met = list.iter().take_while(Result::is_ok).count();
    assert!(met as u64 <= room, "{met} elements where there is room for {room}");
    let len = said(list.len());
    assert!(len.is_none_or(|len| len == met));
    assert_eq!(list.is_empty(), len == Some(0));
    assert_eq!(said(list.first()).is_some(), met > 0 || len == Some(0));
    if let Some(checked) = said(list.check()) {
        assert_eq!(Some(checked), len);
    }
}

fn walk_table<K: MapValue, V: MapValue, A: Access>(table: &ArenaHashMap<K, V, A>) {
    let room = table.arena().len() / TableEntry::<K, V>::LAYOUT.size() as u64;
    let met = table.iter().take_while(Result::is_ok).count();
    assert!(met as u64 <= room, "{met} elements where there is room for {room}");
    let len = said(table.len());
    assert!(len.is_none_or(|len| len == met));
    assert!(len.is_none_or(|len| table.is_empty() == (len == 0)));
    if let Some(checked) = said(table.check()) {
        assert_eq!(Some(checked), len);
    }
}

/// Writes the memory, with zeros after the last byte given.
fn write(arena: &Arena, bytes: &[u8], full: bool) {
    let words = usize::try_from(arena.len() / 8).expect("a small arena");
    let words = arena.slice(arena.at::<u64>(0), words).expect("all of it");
    let mut chunks = bytes.chunks(8);
    for word in words.iter() {
        let mut value = [0; 8];
        let chunk = chunks.next().unwrap_or(&[]);
        value[..chunk.len()].copy_from_slice(chunk);
        let value = u64::from_le_bytes(value);
        let is_offset = value > 0x1ff && value < arena.len();
        word.store(if full && is_offset { arena.start() + value } else { value });
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let steps = usize::from(first >> 1).min(MAX_STEPS).min(rest.len() / 6);
    let (steps, memory) = rest.split_at(6 * steps);
    ARENAS.with(|arenas| {
        write(&arenas[0], memory, first & 1 == 1);
        for step in steps.as_chunks().0 {
            Step::new(step).take(arenas);
        }
    });
});
