//! Lists and tables in an arena without a kernel map: against models, between processes, beside
//! writers, and in memory with any content.
//!
//! `MAPVALUE_RACE_MS` sets how long the tests for rare events run (`60000` for a minute each).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::env;
use std::fmt::Debug;
use std::fs::File;
use std::mem::offset_of;
use std::os::fd::AsRawFd;
use std::panic::{self, AssertUnwindSafe};
use std::process::{self, Child};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mapvalue::arena::{
    Entries, Iter, ListEntry, ListHead, ListNode, Region, Slots, TableEntry, TableHead, hash_bytes, hash_u32, hash_u64,
};
use mapvalue::{
    Arena, ArenaHash, ArenaHashMap, ArenaList, ArenaPtr, ArenaPtrError, Error, ListError, MapValue, PlaceError,
    ReadOnly,
};
use mapvalue_tests::again;
use mapvalue_tests::c;
use mapvalue_tests::clock::cpu_time;
use mapvalue_tests::race::{AtTheEnd, Race, duration, wait_until};
use proptest::prelude::*;
use zerocopy::byteorder::{BigEndian, U16, U32, U64};

type Numbers = ArenaList<ListEntry<u64>>;
type Number = ListEntry<u64>;
type Ints = TableEntry<i32, i32>;

/// An element with its node in the middle.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Flow {
    id: u32,
    node: ListNode,
    bytes: u64,
    /// Its node in a second list.
    other: [ListNode; 2],
}

type Flows = ArenaList<Flow, { offset_of!(Flow, node) }>;
type OtherFlows = ArenaList<Flow, { offset_of!(Flow, other) + size_of::<ListNode>() }>;

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
struct Pair {
    address: u32,
    port: u16,
    protocol: u16,
}

impl ArenaHash for Pair {}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Totals {
    packets: u64,
    last: u32,
}

/// Pseudo-random numbers, always the same for a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Makes an empty list at 0, with room for elements from 64 on.
fn list(pages: u64) -> (Arena, Numbers, Region<Number>) {
    let arena = Arena::memfd(pages).unwrap();
    let list = Numbers::open(&arena, arena.at(0)).unwrap();
    let len = usize::try_from(arena.len()).unwrap() / size_of::<Number>() - 3;
    let slots = Region::new(&arena, arena.at(64), len).unwrap();
    (arena, list, slots)
}

/// Fills the list with these values, the last one first.
fn fill(list: &Numbers, slots: &mut Region<Number>, values: impl IntoIterator<Item = u64>) -> Vec<ArenaPtr<Number>> {
    let add = |value| list.push_front_with(&mut *slots, |entry| entry.value.store(value)).unwrap();
    values.into_iter().map(add).collect()
}

fn values(list: &Numbers) -> Vec<u64> {
    list.iter().map(|entry| entry.unwrap().value.load()).collect()
}

#[test]
fn the_layouts_are_those_that_bpf_programs_have() {
    assert_eq!((size_of::<ListHead>(), size_of::<ListNode>(), size_of::<TableHead>()), (8, 16, 16));
    assert_eq!((offset_of!(ListNode, next), offset_of!(ListNode, pprev)), (0, 8));
    assert_eq!((offset_of!(TableHead, buckets), offset_of!(TableHead, n_buckets)), (0, 8));
    assert_eq!((size_of::<Number>(), offset_of!(Number, node), offset_of!(Number, value)), (24, 0, 16));
    let offsets = [offset_of!(Ints, hash), offset_of!(Ints, key), offset_of!(Ints, value), offset_of!(Ints, node)];
    assert_eq!((size_of::<Ints>(), offsets), (32, [0, 4, 8, 16]));
    assert_eq!(Ints::LAYOUT.fields()[3].offset(), 16);
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[
        ListHead::LAYOUT,
        Number::LAYOUT,
        Flow::LAYOUT,
        TableHead::LAYOUT,
        TableEntry::<Pair, Totals>::LAYOUT,
    ]);
}

#[test]
fn elements_come_in_the_order_of_a_stack_and_go_from_anywhere() {
    let (arena, list, mut slots) = list(1);
    assert!(list.is_empty() && list.first().unwrap().is_none() && list.pop_front().unwrap().is_none());
    assert_eq!((list.len().unwrap(), list.check().unwrap()), (0, 0));
    let elements = fill(&list, &mut slots, 0..5);
    assert_eq!(values(&list), [4, 3, 2, 1, 0]);
    assert!(!list.is_empty());
    assert_eq!(list.first().unwrap().unwrap().value.load(), 4);

    list.remove(elements[2]).unwrap();
    assert_eq!(arena.read(elements[2]).unwrap().node, ListNode::REMOVED);
    assert_eq!((ListNode::REMOVED.next.address(), ListNode::REMOVED.pprev.address()), (0x100, 0x122));
    assert_eq!(values(&list), [4, 3, 1, 0]);
    list.remove(elements[0]).unwrap();
    assert_eq!(list.pop_front().unwrap(), Some(elements[4]));
    assert_eq!((values(&list), list.check().unwrap()), (vec![3, 1], 2));

    list.push_front(elements[2]).unwrap();
    assert_eq!(values(&list), [2, 3, 1]);
    list.clear();
    assert!(list.is_empty());
}

#[test]
fn an_element_can_be_in_two_lists_by_two_nodes() {
    let arena = Arena::memfd(1).unwrap();
    let (flows, others) = (Flows::open(&arena, arena.at(0)).unwrap(), OtherFlows::open(&arena, arena.at(8)).unwrap());
    let flow = |i: u64| arena.at::<Flow>(64 + 64 * i);
    for i in 0..8_u32 {
        let pointer = flow(i.into());
        arena.get(pointer).unwrap().id.store(i);
        flows.push_front(pointer).unwrap();
        if i.is_multiple_of(2) {
            others.push_front(pointer).unwrap();
        }
    }
    flows.remove(flow(4)).unwrap();
    let ids = |ids: &mut dyn Iterator<Item = u32>| ids.collect::<Vec<_>>();
    assert_eq!(ids(&mut flows.iter().map(|flow| flow.unwrap().id.load())), [7, 6, 5, 3, 2, 1, 0]);
    assert_eq!(ids(&mut others.iter().map(|flow| flow.unwrap().id.load())), [6, 4, 2, 0]);
    assert_eq!((flows.check().unwrap(), others.check().unwrap()), (7, 4));
}

#[test]
fn the_element_at_hand_can_be_removed_in_a_walk() {
    let (arena, list, mut slots) = list(1);
    fill(&list, &mut slots, 0..100);
    for entry in &list {
        let entry = entry.unwrap();
        if entry.value.load() % 3 != 0 {
            list.remove(arena.ptr_of(entry).unwrap()).unwrap();
        }
    }
    assert_eq!(values(&list), (0..100).rev().filter(|i| i % 3 == 0).collect::<Vec<_>>());
    assert_eq!(list.check().unwrap(), 34);
}

#[test]
fn two_mappings_at_two_addresses_share_a_list_and_a_table() {
    let (here, list, mut slots) = list(4);
    let there = Arena::from_memfd(here.fd().unwrap()).unwrap();
    let theirs = Numbers::open(&there, there.at(0)).unwrap();
    let elements = fill(&list, &mut slots, 0..50);
    assert_eq!(values(&theirs), values(&list));
    theirs.remove(elements[25]).unwrap();
    assert_eq!((list.check().unwrap(), list.len().unwrap()), (49, 49));

    let (head, buckets) = (here.at(8192), here.at(8256));
    let mut slots = Region::new(&here, here.at(12288), 100).unwrap();
    let table = ArenaHashMap::<u32, u64>::init(&here, head, buckets, 8).unwrap();
    let theirs = ArenaHashMap::<u32, u64>::open(&there, head).unwrap();
    for key in 0..20 {
        assert!(table.insert_with(&mut slots, key, u64::from(key) + 100).unwrap());
    }
    assert_eq!(theirs.get(&7).unwrap().unwrap().value.load(), 107);
    assert_eq!((theirs.len().unwrap(), theirs.buckets()), (20, 8));
    theirs.get(&7).unwrap().unwrap().value.fetch_add(1);
    assert_eq!(table.get(&7).unwrap().unwrap().value.load(), 108);
}

#[test]
fn what_is_read_only_is_walked_and_looked_into() {
    let (arena, list, mut slots) = list(2);
    fill(&list, &mut slots, 0..10);
    let table = ArenaHashMap::<u64, u64>::init(&arena, arena.at(4096), arena.at(4112), 4).unwrap();
    table.insert(arena.at(4608), 3, 4).unwrap();

    let path = format!("/proc/self/fd/{}", arena.fd().unwrap().as_raw_fd());
    let read_only = Arena::from_memfd(File::open(path).unwrap()).unwrap();
    assert!(matches!(Numbers::open(&read_only, arena.at(0)), Err(ListError::Place(PlaceError::ReadOnly { .. }))));
    let seen = ArenaList::<Number>::open_ro(&read_only, arena.at(0)).unwrap();
    assert_eq!((seen.len().unwrap(), seen.check().unwrap(), seen.is_empty()), (10, 10, false));
    assert_eq!(seen.iter().map(|entry| entry.unwrap().value.load()).sum::<u64>(), 45);
    let seen = ArenaHashMap::<u64, u64>::open_ro(&read_only, arena.at(4096)).unwrap();
    assert_eq!((seen.get(&3).unwrap().unwrap().value.load(), seen.check().unwrap()), (4, 1));
    assert!(seen.get(&4).unwrap().is_none());
    assert!(matches!(
        ArenaHashMap::<u64, u64>::open(&read_only, arena.at(4096)),
        Err(ListError::Place(PlaceError::ReadOnly { .. }))
    ));
}

#[test]
fn pointers_of_low_32_bits_alone_are_followed_and_written_as_full_ones() {
    let (arena, list, mut slots) = list(1);
    let elements = fill(&list, &mut slots, 0..5);
    let low = |address: u64| address & u64::from(u32::MAX);
    let head = arena.get(arena.at::<ListHead>(0)).unwrap();
    head.first.store(ArenaPtr::from_address(low(head.first.load().address())));
    for &element in &elements {
        let node = &arena.get(element).unwrap().node;
        node.next.store(ArenaPtr::from_address(low(node.next.load().address())));
        // The pointer to the first element is at 0, whose low 32 bits would be a null pointer.
        let pprev = node.pprev.load().address();
        node.pprev.store(ArenaPtr::from_address(if low(pprev) == 0 { pprev } else { low(pprev) }));
    }
    assert_eq!((values(&list), list.check().unwrap()), (vec![4, 3, 2, 1, 0], 5));
    list.remove(elements[2]).unwrap();
    let entry = list.push_front_with(&mut slots, |entry| entry.value.store(9)).unwrap();
    assert_eq!(head.first.load().address(), entry.address());
    assert_eq!((values(&list), list.check().unwrap()), (vec![9, 4, 3, 1, 0], 5));
    let low_pointer = ArenaPtr::from_address(low(elements[0].address()));
    list.remove(low_pointer).unwrap();
    assert!(matches!(list.remove(low_pointer), Err(ListError::NotLinked { at, .. }) if at == elements[0].address()));

    // A table, in which a lookup meets both kinds of pointers.
    let table = ArenaHashMap::<u32, u32>::init(&arena, arena.at(2048), arena.at(2064), 1).unwrap();
    let mut slots = Region::new(&arena, arena.at(2080), 8).unwrap();
    for key in 0..8 {
        table.insert_with(&mut slots, key, 10 * key).unwrap();
    }
    for key in [2, 5, 7] {
        let next = &table.get(&key).unwrap().unwrap().node.next;
        next.store(ArenaPtr::from_address(low(next.load().address())));
    }
    for key in 0..8 {
        assert_eq!(table.get(&key).unwrap().unwrap().value.load(), 10 * key);
    }
    assert!(table.get(&8).unwrap().is_none());
    assert_eq!(table.check().unwrap(), 8);
}

#[test]
fn a_pointer_that_leads_to_no_element_ends_a_walk_with_its_number_and_its_place() {
    let (arena, list, mut slots) = list(1);
    let elements = fill(&list, &mut slots, 0..4);
    let next = &arena.get(elements[2]).unwrap().node.next;
    let (start, len) = (arena.start(), arena.len());
    let hostile = [
        1,
        0x122,
        0xffff,
        u64::from(u32::MAX),
        start - 8,
        start + 1,
        start + len - 8,
        start + len - 16,
        start + len - 23,
        start + len,
        start + (1 << 32),
        u64::MAX,
        1 << 63,
        i64::MIN.cast_unsigned() | start,
    ];
    for value in hostile {
        next.store(ArenaPtr::from_address(value));
        let mut walk = list.iter();
        assert_eq!(walk.next().unwrap().unwrap().value.load(), 3);
        assert_eq!(walk.next().unwrap().unwrap().value.load(), 2);
        let error = walk.next().unwrap().err().unwrap();
        let expected = elements[2].address();
        assert!(
            matches!(error, ListError::WildPointer { at, value: found, start: s, len: l, .. }
                if (at, found, s, l) == (expected, value, start, len)),
            "{value:#x}: {error:?}"
        );
        assert!(error.to_string().contains(&format!("{value:#x}")), "{error}");
        assert!(walk.next().is_none() && walk.next().is_none(), "nothing follows an error");
        for error in [list.len(), list.check(), list.repair()] {
            assert!(matches!(error, Err(ListError::WildPointer { value: found, .. }) if found == value), "{error:?}");
        }
        let error = list.remove(elements[2]).unwrap_err();
        assert!(matches!(error, ListError::WildPointer { .. }), "{error:?}");
        assert_eq!(next.load().address(), value, "nothing is changed when an error is returned");
    }
    // The pointer to the first element.
    arena.get(arena.at::<ListHead>(0)).unwrap().first.store(ArenaPtr::from_address(start + len));
    let fresh = slots.take().unwrap();
    for error in [list.first().map(drop), list.pop_front().map(drop), list.push_front(fresh)] {
        assert!(matches!(error, Err(ListError::WildPointer { at, .. }) if at == start), "{error:?}");
    }
    assert!(matches!(list.push_front_with(&mut slots, |_| ()), Err(Error::List(ListError::WildPointer { .. }))));
    let next_slot = slots.take().unwrap();
    assert_eq!(next_slot.address(), start + 64 + 5 * 24, "the slot was given back");
}

#[test]
fn the_last_bytes_of_an_arena_are_as_good_as_others() {
    let (arena, list, mut slots) = list(1);
    fill(&list, &mut slots, 0..2);
    let number_at_end = arena.at::<Number>(arena.len() - 24);
    arena.get(number_at_end).unwrap().value.store(2);
    list.push_front(number_at_end).unwrap();
    assert_eq!((values(&list), list.check().unwrap()), (vec![2, 1, 0], 3));
    list.remove(number_at_end).unwrap();

    let table = ArenaHashMap::<u32, u32>::init(&arena, arena.at(2048), arena.at(2064), 1).unwrap();
    let entry_at_end = arena.at::<TableEntry<u32, u32>>(arena.len() - 32);
    assert!(table.insert(entry_at_end, 5, 6).unwrap());
    assert_eq!(table.get(&5).unwrap().unwrap().value.load(), 6);
}

#[test]
fn a_circle_ends_a_walk_after_as_many_elements_as_there_is_room_for() {
    let (arena, list, mut slots) = list(1);
    let elements = fill(&list, &mut slots, 0..7);
    let room = usize::try_from(arena.len()).unwrap() / size_of::<Number>();
    // From the last element to each one, itself included.
    for &to in &elements {
        arena.get(elements[0]).unwrap().node.next.store(to.cast());
        let mut walk = list.iter();
        let met = walk.by_ref().take_while(Result::is_ok).count();
        assert_eq!((met, walk.next().is_none()), (room, true));
        for error in [list.len(), list.repair()] {
            assert!(matches!(error, Err(ListError::Cycle { max, .. }) if max == room), "{error:?}");
        }
        // One element of a circle has two pointers to it, but only one back pointer.
        assert!(matches!(list.check(), Err(ListError::BackPointer { .. } | ListError::Cycle { .. })));
    }
}

#[test]
fn elements_that_are_linked_twice_or_not_at_all_are_refused() {
    let (arena, list, mut slots) = list(1);
    let elements = fill(&list, &mut slots, 0..3);
    for &element in &elements {
        let error = list.push_front(element).unwrap_err();
        assert!(matches!(error, ListError::AlreadyLinked { at, .. } if at == element.address()), "{error:?}");
    }
    assert_eq!(list.check().unwrap(), 3);
    // Also if the back pointer does not show it.
    arena.get(elements[2]).unwrap().node.pprev.store(ArenaPtr::NULL);
    assert!(matches!(list.push_front(elements[2]), Err(ListError::AlreadyLinked { .. })));
    assert_eq!(list.repair().unwrap(), 1);

    list.remove(elements[1]).unwrap();
    let error = list.remove(elements[1]).unwrap_err();
    assert!(matches!(error, ListError::NotLinked { at, pprev: 0x122, .. } if at == elements[1].address()), "{error:?}");
    let fresh = slots.take().unwrap();
    assert!(matches!(list.remove(fresh), Err(ListError::NotLinked { pprev: 0, .. })));
    for bad in [0, 8, arena.start() + 1, arena.start() + arena.len()] {
        let bad = ArenaPtr::from_address(bad);
        if bad.address() == 8 {
            continue;
        }
        assert!(list.push_front(bad).is_err() && list.remove(bad).is_err(), "{bad:?}");
    }
    assert_eq!(values(&list), [2, 0]);
}

#[test]
fn wrong_back_pointers_are_found_refused_and_mended() {
    let (arena, list, mut slots) = list(1);
    let elements = fill(&list, &mut slots, 0..10);
    // As left by a writer that died in `push_front`: the second element's back pointer still says
    // that it is the first.
    let second = &arena.get(elements[8]).unwrap().node.pprev;
    let right = second.load();
    second.store(arena.at(0));
    let error = list.check().unwrap_err();
    assert!(
        matches!(error, ListError::BackPointer { at, found, expected, .. }
            if (at, found, expected) == (elements[8].address(), arena.start(), elements[9].address())),
        "{error:?}"
    );
    assert!(matches!(list.remove(elements[8]), Err(ListError::NotLinked { .. })));
    assert_eq!(values(&list), (0..10).rev().collect::<Vec<_>>(), "it can be walked all the same");
    // Other back pointers, with any value.
    for (element, wrong) in [(0, 0), (3, 0x122), (5, u64::MAX), (6, arena.start() + arena.len() - 8)] {
        arena.get(elements[element]).unwrap().node.pprev.store(ArenaPtr::from_address(wrong));
        assert!(matches!(list.remove(elements[element]), Err(ListError::NotLinked { pprev, .. }) if pprev == wrong));
    }
    assert_eq!((list.repair().unwrap(), list.check().unwrap()), (5, 10));
    assert_eq!((second.load(), list.repair().unwrap()), (right, 0));
}

#[test]
fn a_walk_that_stands_on_an_element_which_is_removed_says_so() {
    let (_arena, list, mut slots) = list(1);
    let elements = fill(&list, &mut slots, 0..5);
    let mut walk = list.iter();
    walk.next().unwrap().unwrap();
    // The walk is one element ahead.
    list.remove(elements[3]).unwrap();
    assert_eq!(walk.next().unwrap().unwrap().value.load(), 3);
    let error = walk.next().unwrap().err().unwrap();
    assert!(matches!(error, ListError::ElementRemoved { at, .. } if at == elements[3].address()), "{error:?}");
    assert!(walk.next().is_none());
    assert_eq!(values(&list), [4, 2, 1, 0]);
}

#[test]
fn slots_run_out_and_come_back() {
    let arena = Arena::memfd(1).unwrap();
    let list = Numbers::open(&arena, arena.at(0)).unwrap();
    let mut slots = Region::new(&arena, arena.at(64), 3).unwrap();
    let elements = fill(&list, &mut slots, 0..3);
    let error = list.push_front_with(&mut slots, |_| ()).unwrap_err();
    assert!(matches!(error, Error::List(ListError::NoRoom { slots: 3, .. })), "{error:?}");
    list.remove(elements[1]).unwrap();
    slots.give_back(elements[1]);
    assert_eq!(list.push_front_with(&mut slots, |_| ()).unwrap(), elements[1]);
    // Memory that was dropped together with its list needs no cleanup.
    list.clear();
    let mut again = Region::new(&arena, arena.at(64), 3).unwrap();
    fill(&list, &mut again, 0..3);
    assert_eq!(list.check().unwrap(), 3);
    for (first, len) in [(arena.at(64), usize::MAX), (arena.at(64), 169), (arena.at(4), 1)] {
        assert!(Region::<Number>::new(&arena, first, len).is_err(), "{first:?} {len}");
    }
}

/// Makes a table: its head of 16 bytes at 0, buckets from 64 on, elements from the second page on.
fn table<K: MapValue, V: MapValue>(pages: u64, buckets: u32) -> (Arena, ArenaHashMap<K, V>, Region<TableEntry<K, V>>) {
    let arena = Arena::memfd(pages).unwrap();
    let table = ArenaHashMap::init(&arena, arena.at(0), arena.at(64), buckets).unwrap();
    let len = usize::try_from(arena.len() - 4096).unwrap() / size_of::<TableEntry<K, V>>();
    let slots = Region::new(&arena, arena.at(4096), len).unwrap();
    (arena, table, slots)
}

#[test]
fn a_table_finds_updates_and_removes() {
    let (arena, table, mut slots) = table::<i32, i32>(4, 16);
    assert!(table.is_empty() && table.get(&1).unwrap().is_none() && table.remove(&1).unwrap().is_none());
    for key in -50..50 {
        assert!(table.insert_with(&mut slots, key, 3 * key).unwrap());
    }
    assert!(!table.insert_with(&mut slots, 7, 8).unwrap(), "the key was there");
    assert_eq!(table.get(&7).unwrap().unwrap().value.load(), 8);
    assert_eq!((table.len().unwrap(), table.check().unwrap(), table.is_empty()), (100, 100, false));
    let sum = table.iter().map(|entry| i64::from(entry.unwrap().value.load())).sum::<i64>();
    assert_eq!(sum, 3 * -50 - 21 + 8);

    let removed = table.remove(&-50).unwrap().unwrap();
    assert_eq!(arena.read(removed).unwrap().node, ListNode::REMOVED);
    assert!(table.remove(&-50).unwrap().is_none() && table.get(&-50).unwrap().is_none());
    assert!(table.insert(removed, 1000, 1).unwrap());
    assert!(!table.insert(ArenaPtr::NULL, 1000, 2).unwrap(), "no slot is needed for a key that is there");
    assert!(matches!(table.insert(removed, 1001, 2), Err(ListError::AlreadyLinked { .. })));
    assert!(matches!(table.insert(ArenaPtr::NULL, 1001, 2), Err(ListError::Ptr(ArenaPtrError::Null { .. }))));
    assert_eq!(table.get(&1000).unwrap().unwrap().value.load(), 2);
    assert!(table.remove_with(&mut slots, &1000).unwrap() && !table.remove_with(&mut slots, &1000).unwrap());
    assert_eq!(table.check().unwrap(), 99);

    // Hash and bucket are those that a BPF program computes.
    for entry in &table {
        let entry = entry.unwrap();
        let (key, hash) = (entry.key.load(), entry.hash.load().cast_unsigned());
        assert_eq!(hash, key.arena_hash());
    }
    table.clear();
    assert_eq!((table.is_empty(), table.len().unwrap()), (true, 0));
}

#[test]
fn entries_can_be_removed_in_a_walk() {
    let (_arena, table, mut slots) = table::<u32, u32>(4, 8);
    for key in 0..100 {
        table.insert_with(&mut slots, key, key).unwrap();
    }
    for entry in &table {
        let key = entry.unwrap().key.load();
        if key % 2 == 1 {
            assert!(table.remove_with(&mut slots, &key).unwrap());
        }
    }
    assert_eq!(table.check().unwrap(), 50);
}

#[test]
fn a_table_that_is_none_is_refused() {
    let arena = Arena::memfd(4).unwrap();
    let head = arena.get(arena.at::<TableHead>(0)).unwrap();
    let open = || ArenaHashMap::<u32, u32>::open(&arena, arena.at(0)).map(drop);
    for n in [0, -1, 3, 6, 100, i32::MIN, i32::MAX] {
        head.buckets.store(arena.at(64));
        head.n_buckets.store(n);
        assert!(matches!(open(), Err(ListError::BucketCount { found }) if found == n), "{n}");
        assert!(matches!(
            ArenaHashMap::<u32, u32>::init(&arena, arena.at(0), arena.at(64), n.cast_unsigned()),
            Err(ListError::BucketCount { found }) if found == n
        ));
    }
    head.n_buckets.store(1024);
    let (start, len) = (arena.start(), arena.len());
    for (buckets, kind) in [
        (0, "Ptr(Null "),
        (start + 4, "Ptr(Misaligned "),
        (start + len - 8 * 1023, "Ptr(OutOfRange "),
        (start + len, "Ptr(OutOfRange "),
        (0xdead_beef_0000_0000, "Ptr(Foreign "),
    ] {
        head.buckets.store(ArenaPtr::from_address(buckets));
        let error = open().unwrap_err();
        assert!(format!("{error:?}").starts_with(kind), "{buckets:#x}: {error:?}");
    }
    head.buckets.store(ArenaPtr::from_address(start + len - 8 * 1024));
    open().unwrap();
    for (n, max) in [(1 << 30, 1 << 20), (1 << 21, 1 << 20), (1 << 30, 1 << 29), (1024, 1023)] {
        head.n_buckets.store(n);
        let found = usize::try_from(n).unwrap();
        let refused = |error: &ListError| matches!(error, ListError::TooManyBuckets { found: f, max: m } if (*f, *m) == (found, max));
        let table = arena.at(0);
        assert!(refused(&ArenaHashMap::<u32, u32>::open_up_to(&arena, table, max).unwrap_err()), "{n}");
        assert!(refused(&ArenaHashMap::<u32, u32>::open_ro_up_to(&arena, table, max).unwrap_err()), "{n}");
        if max == 1 << 20 {
            assert!(refused(&open().unwrap_err()), "{n}");
            assert!(refused(&ArenaHashMap::<u32, u32>::open_ro(&arena, table).unwrap_err()), "{n}");
        }
        let all = ArenaHashMap::<u32, u32>::open_up_to(&arena, table, found).map(drop);
        assert!(
            matches!(all, Err(ListError::Ptr(ArenaPtrError::OutOfRange { .. }))) || n == 1024 && all.is_ok(),
            "{all:?}"
        );
    }
    assert!(ArenaHashMap::<u32, u32>::init(&arena, arena.at(0), arena.at(64), 1 << 31).is_err());
}

#[test]
fn a_broken_chain_in_a_table_is_an_error_of_its_bucket_alone() {
    let (arena, table, mut slots) = table::<u32, u32>(4, 2);
    for key in 0..20 {
        table.insert_with(&mut slots, key, key).unwrap();
    }
    let in_bucket = |bucket: u32| (0..20).filter(move |key: &u32| key.arena_hash() & 1 == bucket);
    let wild = ArenaPtr::from_address(arena.start() + arena.len() - 8);
    arena.get(arena.at::<ListHead>(64)).unwrap().first.store(wild);
    for key in in_bucket(0) {
        let expected =
            |error: Error| matches!(error, Error::List(ListError::WildPointer { at, .. }) if at == arena.start() + 64);
        assert!(expected(table.get(&key).err().unwrap().into()));
        assert!(expected(table.insert_with(&mut slots, key, 0).unwrap_err()));
        assert!(expected(table.remove(&key).unwrap_err().into()));
    }
    for key in in_bucket(1) {
        assert_eq!(table.get(&key).unwrap().unwrap().value.load(), key);
    }
    assert!(table.len().is_err() && table.check().is_err() && table.repair().is_err());
    // The walk reports an error for the bucket, and goes on with the next.
    let mut walk = table.iter();
    assert!(matches!(walk.next(), Some(Err(ListError::WildPointer { .. }))));
    assert!(walk.by_ref().all(|entry| entry.is_ok_and(|entry| entry.hash.load() & 1 == 1)));
    assert_eq!(table.iter().flatten().count(), in_bucket(1).count());
    // Both buckets lead to one chain, whose elements belong in the second.
    let buckets = arena.slice(arena.at::<ListHead>(64), 2).unwrap();
    buckets[0].first.store(buckets[1].first.load());
    let entries: Vec<_> = table.iter().collect();
    assert!(matches!(entries[0], Err(ListError::WrongBucket { bucket: 0, hash, .. }) if hash & 1 == 1));
    assert!(entries[1..].iter().all(Result::is_ok) && entries.len() == 1 + in_bucket(1).count());
    assert!(matches!(table.len(), Err(ListError::WrongBucket { .. })));
    assert!(matches!(table.repair(), Err(ListError::WrongBucket { .. })));
}

#[test]
fn every_element_of_a_long_chain_is_found_at_either_address() {
    let (arena, table, mut slots) = table::<u32, u32>(4, 1);
    let there = Arena::from_memfd(arena.fd().unwrap()).unwrap();
    let there = ArenaHashMap::<u32, u32>::open(&there, there.at(0)).unwrap();
    for key in 0..40 {
        table.insert_with(&mut slots, key, !key).unwrap();
        // After each insertion, since the length of the chain matters: the first few elements are
        // compared in another way.
        for table in [&table, &there] {
            for sought in 0..=key {
                assert_eq!(table.get(&sought).unwrap().unwrap().value.load(), !sought);
            }
            assert!(table.get(&(key + 1)).unwrap().is_none());
        }
    }
}

#[test]
fn buckets_that_lead_into_one_chain_or_circle_end_all_walks() {
    let (arena, table, mut slots) = table::<u32, u32>(64, 256);
    table.insert_with(&mut slots, 0, 0).unwrap();
    let element = arena.ptr_of(table.get(&0).unwrap().unwrap()).unwrap();
    let node = ArenaPtr::from_address(element.address() + offset_of!(TableEntry<u32, u32>, node) as u64);
    let room = usize::try_from(arena.len()).unwrap() / size_of::<TableEntry<u32, u32>>();
    // A circle in each bucket.
    let buckets = arena.slice(arena.at::<ListHead>(64), 256).unwrap();
    buckets.iter().for_each(|bucket| bucket.first.store(node));
    arena.get(element).unwrap().node.next.store(node);
    assert!(matches!(table.get(&1), Err(ListError::Cycle { max, .. }) if max == room));
    assert_eq!(table.get(&0).unwrap().unwrap().value.load(), 0);
    assert_eq!(table.iter().flatten().count(), 4096, "in its own bucket, until it is looked whether it is one");
    assert_eq!(table.iter().filter(Result::is_err).count(), 256);

    // A long chain that all buckets lead into is not a circle, but its elements belong in one
    // bucket.
    let chain = |i: u64| ArenaPtr::<ListNode>::from_address(node.address() + 32 * i);
    let long = room as u64 - 200;
    for i in 0..long {
        let next = if i + 1 < long { chain(i + 1) } else { ArenaPtr::NULL };
        arena.get(chain(i)).unwrap().next.store(next);
    }
    assert!(table.iter().flatten().count() <= room);
    let start = cpu_time();
    for error in [table.len(), table.check(), table.repair()] {
        assert!(error.is_err(), "{error:?}");
    }
    assert!(cpu_time().saturating_sub(start) < Duration::from_secs(5));
}

#[test]
fn what_others_forge_in_a_large_arena_costs_neither_seconds_nor_pages() {
    let arena = Arena::memfd(1 << 20).unwrap();
    let head = arena.get(arena.at::<TableHead>(0)).unwrap();
    let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(0), arena.at(64), 1).unwrap();
    let list = Numbers::open(&arena, arena.at(32)).unwrap();
    let mut slots = Region::new(&arena, arena.at(1 << 20), 100_000).unwrap();
    let mut entries = Region::new(&arena, arena.at(1 << 25), 1000).unwrap();
    // As many buckets as fit in half of the arena.
    head.n_buckets.store(1 << 28);
    let error = ArenaHashMap::<u32, u64>::open(&arena, arena.at(0)).unwrap_err();
    assert!(matches!(error, ListError::TooManyBuckets { found: 0x1000_0000, .. }), "{error:?}");
    let start = cpu_time();
    for len in [1, 3, 70, 300, 4096, 20_000] {
        // From the last element back to one of the first: a circle of `len` elements.
        list.clear();
        let elements = fill(&list, &mut slots, 0..len + 5);
        let to = elements[usize::try_from(len).unwrap() - 1];
        arena.get(elements[0]).unwrap().node.next.store(to.cast());
        let met = list.iter().flatten().count() as u64;
        assert!(met >= len && met <= (64 * len).max(4096), "{len}: {met}");
        assert!(matches!(list.len(), Err(ListError::Cycle { .. })));
        if len > 300 {
            continue;
        }
        table.clear();
        (0..u32::try_from(len).unwrap()).for_each(|key| assert!(table.insert_with(&mut entries, key, 0).unwrap()));
        let end = table.get(&0).unwrap().unwrap();
        end.node.next.store(arena.get(arena.at::<ListHead>(64)).unwrap().first.load());
        let absent = u32::MAX;
        assert!(matches!(table.get(&absent), Err(ListError::Cycle { .. })));
        assert!(matches!(table.insert_with(&mut entries, absent, 0), Err(Error::List(ListError::Cycle { .. }))));
    }
    let spent = cpu_time().saturating_sub(start);
    assert!(spent < Duration::from_secs(2), "{spent:?}");
    assert!(arena.resident_pages().unwrap() < 1000);
}

#[test]
fn keys_are_structs_and_text_and_network_integers() {
    let (_arena, table, mut slots) = table::<Pair, Totals>(4, 16);
    let pair = |i: u16| Pair { address: u32::from(i) << 16, port: i, protocol: 6 };
    for i in 0..30 {
        table.insert_with(&mut slots, pair(i), Totals { packets: u64::from(i), last: 1 }).unwrap();
    }
    assert_eq!(table.get(&pair(9)).unwrap().unwrap().value.packets.load(), 9);
    assert!(table.get(&Pair { protocol: 17, ..pair(9) }).unwrap().is_none());

    let (_arena, table, mut slots) = self::table::<[u8; 16], u64>(4, 16);
    let name = |i: u8| *format!("{i:<16}").as_bytes().first_chunk().unwrap();
    for i in 0..30 {
        table.insert_with(&mut slots, name(i), i.into()).unwrap();
    }
    assert_eq!(table.get(&name(12)).unwrap().unwrap().value.load(), 12);

    let (_arena, table, mut slots) = self::table::<U32<BigEndian>, u64>(4, 16);
    table.insert_with(&mut slots, U32::new(0x7f00_0001), 5).unwrap();
    assert_eq!(table.get(&U32::new(0x7f00_0001)).unwrap().unwrap().value.load(), 5);
    assert!(table.get(&U32::new(0x0100_007f)).unwrap().is_none());
}

#[test]
fn keys_of_one_hash_are_told_apart() {
    let (_arena, table, mut slots) = table::<u32, u32>(4, 1);
    for key in 1..5 {
        table.insert_with(&mut slots, key, 10 * key).unwrap();
    }
    let hash = 9_u32.arena_hash().cast_signed();
    table.iter().for_each(|entry| entry.unwrap().hash.store(hash));
    assert!(table.get(&9).unwrap().is_none());
    table.insert_with(&mut slots, 9, 90).unwrap();
    assert_eq!(table.get(&9).unwrap().unwrap().value.load(), 90);
    assert_eq!(table.len().unwrap(), 5);
}

#[test]
fn a_table_is_made_of_memory_that_holds_anything() {
    let arena = Arena::memfd(1).unwrap();
    arena.slice(arena.at::<u64>(0), 512).unwrap().iter().for_each(|word| word.store(0x1234_5678_9abc_def0));
    let table = ArenaHashMap::<u32, u32>::init(&arena, arena.at(0), arena.at(64), 16).unwrap();
    assert_eq!((table.len().unwrap(), table.is_empty()), (0, true));
    let mut slots = Region::new(&arena, arena.at(1024), 90).unwrap();
    for key in 0..90 {
        table.insert_with(&mut slots, key, key).unwrap();
    }
    assert_eq!(table.check().unwrap(), 90);
}

/// Slots that hand out the same pointer every time, and count how often it comes back.
struct Same<T>(ArenaPtr<T>, usize);

impl<T: MapValue> Slots<T> for Same<T> {
    fn take(&mut self) -> Result<ArenaPtr<T>, Error> {
        Ok(self.0)
    }

    fn give_back(&mut self, slot: ArenaPtr<T>) {
        assert_eq!(slot, self.0);
        self.1 += 1;
    }
}

#[test]
fn memory_that_was_not_needed_or_is_none_is_given_back() {
    let (arena, table, mut slots) = table::<u32, u32>(4, 1);
    table.insert_with(&mut slots, 1, 1).unwrap();
    let mut nowhere = Same(ArenaPtr::null(), 0);
    assert!(!table.insert_with(&mut nowhere, 1, 2).unwrap());
    assert_eq!(nowhere.1, 0, "none was asked for");
    assert!(matches!(table.insert_with(&mut nowhere, 2, 2), Err(Error::ArenaPtr(ArenaPtrError::Null { .. }))));
    assert_eq!(nowhere.1, 1);
    let first = arena.ptr_of(table.get(&1).unwrap().unwrap()).unwrap();
    let mut linked = Same(first, 0);
    assert!(matches!(table.insert_with(&mut linked, 2, 2), Err(Error::List(ListError::AlreadyLinked { .. }))));
    assert_eq!((linked.1, table.len().unwrap(), table.get(&1).unwrap().unwrap().value.load()), (1, 1, 2));

    let list = Numbers::open(&arena, arena.at(2048)).unwrap();
    let mut nowhere = Same(arena.at(1), 0);
    assert!(matches!(
        list.push_front_with(&mut nowhere, |_| ()),
        Err(Error::ArenaPtr(ArenaPtrError::Misaligned { .. }))
    ));
    assert_eq!((nowhere.1, list.is_empty()), (1, true));

    // Also when the caller panics.
    let mut one = Region::new(&arena, arena.at(3072), 1).unwrap();
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| list.push_front_with(&mut one, |_| panic!("on purpose"))));
    assert!(panicked.is_err() && list.is_empty());
    list.push_front_with(&mut one, |_| ()).unwrap();
}

/// A key type with invalid numbers.
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Protocol {
    Tcp = 6,
    Udp = 17,
}

impl ArenaHash for Protocol {}

#[test]
fn a_key_with_a_number_that_is_none_of_its_variants_is_not_found_and_harms_nobody() {
    let (_arena, table, mut slots) = table::<Protocol, u64>(4, 1);
    table.insert_with(&mut slots, Protocol::Tcp, 1).unwrap();
    table.insert_with(&mut slots, Protocol::Udp, 2).unwrap();
    table.get(&Protocol::Tcp).unwrap().unwrap().key.atomic().store(99, Ordering::Relaxed);
    assert!(table.get(&Protocol::Tcp).unwrap().is_none());
    assert_eq!(table.get(&Protocol::Udp).unwrap().unwrap().value.load(), 2);
    assert_eq!(table.len().unwrap(), 2);
}

#[test]
fn hashes_are_those_of_the_c_header() {
    // Numbers computed independently of both sides; the kernel tests compare the two on random
    // keys.
    assert_eq!([0, 1, 2, u32::MAX].map(hash_u32), [0, 4_168_976_505, 3_991_757_638, 4_151_113_518]);
    assert_eq!([1, 1 << 32, u64::MAX].map(hash_u64), [4_168_976_505, 4_203_368_720, 120_034_919]);
    let texts: [&[u8]; 5] = [b"", b"a", b"abcdefg", b"abcdefgh", b"abcdefghi"];
    assert_eq!(texts.map(hash_bytes), [0, 1_967_349_297, 3_782_528_433, 394_944_293, 3_014_863_852]);
    assert_eq!((*b"eth0\0\0\0\0\0\0\0\0\0\0\0\0").arena_hash(), 2_137_874_564);
    assert_eq!((-1_i8).arena_hash(), hash_u32(u32::MAX));
    assert_eq!((-2_i16).arena_hash(), (-2_i32).arena_hash());
    assert_eq!((-1_i64).arena_hash(), hash_u64(u64::MAX));
    assert_eq!(7_u16.arena_hash(), hash_u32(7));
    assert_eq!(std::num::Wrapping(7_u64).arena_hash(), hash_u64(7));
    assert_eq!(U16::<BigEndian>::new(0x1234).arena_hash(), hash_u32(u16::to_be(0x1234).into()));
    assert_eq!(U64::<BigEndian>::new(5).arena_hash(), hash_u64(u64::to_be(5)));
    assert_eq!([1_u32, 2].arena_hash(), hash_bytes(&[1_u32.to_ne_bytes(), 2_u32.to_ne_bytes()].concat()));
    assert_eq!(Pair { address: 1, port: 2, protocol: 3 }.arena_hash(), hash_bytes(&[1, 0, 0, 0, 2, 0, 3, 0]));
}

#[test]
fn hashes_spread_keys_over_the_buckets() {
    let keys = 4096_u32;
    let worst = |hash: &dyn Fn(u32) -> u32| {
        let mut buckets = vec![0; 1024];
        (0..keys).for_each(|key| buckets[hash(key) as usize % 1024] += 1);
        buckets.into_iter().max().unwrap()
    };
    // Four to a bucket on average; with a random hash, the fullest has about 14.
    for shift in 0..=20 {
        let most = worst(&|key| hash_u32(key << shift));
        assert!(most <= 20, "shifted by {shift}: {most}");
        let most = worst(&|key| hash_u64(u64::from(key) << (2 * shift)));
        assert!(most <= 20, "64 bits shifted by {}: {most}", 2 * shift);
    }
    for place in [0, 3, 7, 8, 12] {
        let most = worst(&|key| {
            let mut bytes = [b'x'; 16];
            bytes[place..place + 4].copy_from_slice(&key.to_le_bytes());
            hash_bytes(&bytes)
        });
        assert!(most <= 20, "at {place}: {most}");
    }
}

/// A step of the tests against models.
#[derive(Clone, Copy, Debug)]
enum Step {
    Push(u64),
    Pop,
    /// Of the element with this index from the front, modulo the number of elements.
    Remove(usize),
    Walk,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => any::<u64>().prop_map(Step::Push),
        1 => Just(Step::Pop),
        3 => any::<usize>().prop_map(Step::Remove),
        1 => Just(Step::Walk),
    ];
    prop::collection::vec(step, 0..600)
}

/// A step with a key.
#[derive(Clone, Copy, Debug)]
enum KeyStep<K> {
    Insert(K, u64),
    Remove(K),
    Get(K),
    Walk,
}

fn key_steps<K: Debug + Clone>(key: impl Strategy<Value = K> + Clone) -> impl Strategy<Value = Vec<KeyStep<K>>> {
    let step = prop_oneof![
        5 => (key.clone(), any::<u64>()).prop_map(|(key, value)| KeyStep::Insert(key, value)),
        3 => key.clone().prop_map(KeyStep::Remove),
        3 => key.prop_map(KeyStep::Get),
        1 => Just(KeyStep::Walk),
    ];
    prop::collection::vec(step, 0..600)
}

/// Runs the steps on a table and on a map of the standard library.
fn against_a_map<K>(steps: &[KeyStep<K>], buckets: u32)
where
    K: MapValue + ArenaHash + Eq + Ord + std::hash::Hash + Copy + Debug,
{
    let (_arena, table, mut slots) = table::<K, u64>(16, buckets);
    let mut model = HashMap::new();
    for step in steps {
        match *step {
            KeyStep::Insert(key, value) => {
                assert_eq!(table.insert_with(&mut slots, key, value).unwrap(), model.insert(key, value).is_none());
            }
            KeyStep::Remove(key) => {
                assert_eq!(table.remove_with(&mut slots, &key).unwrap(), model.remove(&key).is_some());
            }
            KeyStep::Get(key) => {
                assert_eq!(table.get(&key).unwrap().map(|entry| entry.value.load()), model.get(&key).copied());
            }
            KeyStep::Walk => {
                let found = table.iter().map(|entry| {
                    let entry = entry.unwrap();
                    (
                        K::from_bytes(&mapvalue::Mirror::try_load(entry).unwrap().key.to_bytes()).unwrap(),
                        entry.value.load(),
                    )
                });
                let found: BTreeMap<K, u64> = found.collect();
                assert_eq!(found, model.iter().map(|(key, value)| (*key, *value)).collect());
                assert_eq!(table.check().unwrap(), model.len());
            }
        }
    }
    assert_eq!((table.check().unwrap(), table.len().unwrap()), (model.len(), model.len()));
}

proptest! {
    // 64 cases of about 300 steps.
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_list_does_what_a_deque_does(steps in steps()) {
        let (arena, list, mut slots) = list(8);
        let mut model = VecDeque::new();
        for step in steps {
            match step {
                Step::Push(value) => {
                    let pointer = list.push_front_with(&mut slots, |entry| entry.value.store(value)).unwrap();
                    model.push_front((pointer, value));
                }
                Step::Pop => {
                    let popped = list.pop_front().unwrap();
                    assert_eq!(popped, model.pop_front().map(|(pointer, _)| pointer));
                    if let Some(slot) = popped {
                        slots.give_back(slot);
                    }
                }
                Step::Remove(index) if !model.is_empty() => {
                    let (pointer, _) = model.remove(index % model.len()).unwrap();
                    list.remove(pointer).unwrap();
                    slots.give_back(pointer);
                }
                Step::Remove(_) => assert!(list.is_empty()),
                Step::Walk => {
                    let found = list.iter().map(|entry| entry.unwrap()).map(|entry| (arena.ptr_of(entry).unwrap(), entry.value.load()));
                    assert_eq!(found.collect::<VecDeque<_>>(), model);
                    assert_eq!(list.check().unwrap(), model.len());
                }
            }
        }
        assert_eq!((list.check().unwrap(), values(&list)), (model.len(), model.iter().map(|(_, value)| *value).collect()));
    }

    #[test]
    fn a_table_of_integers_does_what_a_map_does(steps in key_steps(0..200_u32), buckets in 0..6_u32) {
        against_a_map(&steps, 1 << buckets);
    }

    #[test]
    fn a_table_of_text_does_what_a_map_does(steps in key_steps("[a-c]{0,4}".prop_map(text)), buckets in 0..6_u32) {
        against_a_map(&steps, 1 << buckets);
    }
}

/// A string as C stores it in an array.
fn text(text: String) -> [u8; 12] {
    let mut array = [0; 12];
    array[..text.len()].copy_from_slice(text.as_bytes());
    array
}

/// The pages that scribblers write to.
const SCRIBBLED_PAGES: u64 = 16;

/// Stores words all over an arena. Most look like pointers to something in it.
fn scribble(arena: &Arena, mut go_on: impl FnMut() -> bool, seed: u64) {
    let words = usize::try_from(arena.len() / 8).unwrap();
    let slice = arena.slice(arena.at::<u64>(0), words).unwrap();
    let mut random = Random(seed);
    while go_on() {
        for _ in 0..64 {
            let place = usize::try_from(random.below(slice.len() as u64)).unwrap();
            slice[place].store(hostile_word(&mut random, arena));
        }
        // So that the structures are intact at times.
        thread::sleep(Duration::from_micros(random.below(200)));
    }
}

/// A word that may mislead a list or table.
fn hostile_word(random: &mut Random, arena: &Arena) -> u64 {
    match random.below(8) {
        0 => random.next(),
        1 => 0,
        2 => random.below(0x200),
        3 => arena.start() + random.below(2 * arena.len()),
        4 => random.below(arena.len()) & !7,
        _ => arena.start() + (random.below(arena.len()) & !7),
    }
}

/// How many calls went well, and how many failed, on an arena of any content. No call may do more
/// than return an error.
#[derive(Debug, Default)]
struct Outcomes {
    well: u64,
    errors: u64,
}

impl Outcomes {
    fn count<T, E: std::error::Error>(&mut self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                self.well += 1;
                Some(value)
            }
            Err(error) => {
                self.errors += 1;
                assert!(!error.to_string().is_empty());
                None
            }
        }
    }
}

fn use_everything(arena: &Arena, random: &mut Random, outcomes: &mut Outcomes) {
    let room = usize::try_from(arena.len()).unwrap();
    let mut place = || ArenaPtr::<u64>::from_address(hostile_word(random, arena));
    let (head, element, slot, buckets) = (place(), place(), place(), place());
    let key = u32::try_from(random.below(32)).unwrap();

    if let Some(list) = outcomes.count(Numbers::open(arena, head.cast())) {
        let met =
            list.iter().take_while(|entry| entry.as_ref().is_ok_and(|entry| entry.value.load() < u64::MAX)).count();
        assert!(met <= room / size_of::<Number>());
        outcomes.count(list.push_front(element.cast()));
        outcomes.count(list.remove(element.cast()));
        outcomes.count(list.pop_front());
        outcomes.count(list.check());
        outcomes.count(list.repair());
        outcomes.count(list.len());
    }
    if let Some(list) = outcomes.count(Flows::open(arena, head.cast())) {
        outcomes.count(list.len());
        outcomes.count(list.push_front(element.cast()));
        outcomes.count(list.pop_front());
    }
    if let Some(table) = outcomes.count(ArenaHashMap::<u32, u64>::open(arena, head.cast())) {
        use_table(&table, slot.cast(), key, outcomes);
    }
    let n = 1 << random.below(6);
    if let Some(table) = outcomes.count(ArenaHashMap::<u32, u64>::init(arena, head.cast(), buckets.cast(), n)) {
        use_table(&table, slot.cast(), key, outcomes);
    }
}

fn use_table(table: &ArenaHashMap<u32, u64>, slot: ArenaPtr<TableEntry<u32, u64>>, key: u32, outcomes: &mut Outcomes) {
    let room = usize::try_from(table.arena().len()).unwrap() / size_of::<TableEntry<u32, u64>>();
    assert!(table.iter().take_while(Result::is_ok).count() <= room);
    outcomes.count(table.get(&key).map(drop));
    outcomes.count(table.insert(slot, key, 7));
    outcomes.count(table.remove(&key));
    outcomes.count(table.check());
    outcomes.count(table.repair());
    outcomes.count(table.len());
    let _ = table.is_empty();
}

/// Walks, finds, inserts and removes in lists and tables that others overwrite.
fn use_while_scribbled(arena: &Arena, seed: u64) -> Outcomes {
    let mut outcomes = Outcomes::default();
    let mut random = Random(seed);
    let race = Race::of(duration());
    while race.goes_on(outcomes.well > 1000 && outcomes.errors > 100) {
        // Fresh structures, which are then used for a while.
        let list = Numbers::open(arena, arena.at(0)).unwrap();
        list.clear();
        let mut slots = Region::new(arena, arena.at(64), 500).unwrap();
        let table = ArenaHashMap::<u32, u64>::init(arena, arena.at(16), arena.at(0x8000), 64).unwrap();
        let mut entries = Region::new(arena, arena.at(0x9000), 500).unwrap();
        let mut elements = vec![];
        for i in 0..200_u32 {
            elements.extend(outcomes.count(list.push_front_with(&mut slots, |entry| entry.value.store(i.into()))));
            outcomes.count(table.insert_with(&mut entries, i, i.into()));
            outcomes.count(table.get(&(i / 2)).map(drop));
            if i % 3 == 0 {
                outcomes.count(table.remove_with(&mut entries, &(i / 3)));
                outcomes.count(elements.pop().map_or(Ok(()), |element| list.remove(element)));
            }
        }
        outcomes.count(list.len());
        outcomes.count(list.pop_front());
        outcomes.count(table.len());
        outcomes.count(list.check());
        outcomes.count(list.repair());
        outcomes.count(table.repair());
        outcomes.count(table.check());
        use_everything(arena, &mut random, &mut outcomes);
    }
    outcomes
}

#[test]
fn a_thread_that_writes_over_everything_can_cause_errors_alone() {
    let arena = Arena::memfd(SCRIBBLED_PAGES).unwrap();
    let other = Arena::from_memfd(arena.fd().unwrap()).unwrap();
    let stop = AtomicBool::new(false);
    let outcomes = thread::scope(|scope| {
        let _stop = AtTheEnd(|| stop.store(true, Ordering::Relaxed));
        scope.spawn(|| scribble(&other, || !stop.load(Ordering::Relaxed), 1));
        use_while_scribbled(&arena, 2)
    });
    assert!(outcomes.well > 1000 && outcomes.errors > 100, "both were met: {outcomes:?}");
}

/// The environment variable that gives `the_other_process` the memory, and what to do with it.
const OTHER: &str = "MAPVALUE_TEST_OTHER_PROCESS";

/// This program again, running only `the_other_process`. Dropping this ends it.
struct OtherProcess(Child);

impl OtherProcess {
    fn start(arena: &Arena, task: &str) -> Self {
        let fd = arena.fd().unwrap().as_raw_fd();
        let mut command = again(the_other_process);
        command.env(OTHER, format!("/proc/{}/fd/{fd} {task}", process::id())).stdout(process::Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        // This fails if the process has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "it is the second process of the tests below"]
fn the_other_process() {
    let Ok(task) = env::var(OTHER) else { return };
    let (path, task) = task.split_once(' ').unwrap();
    let file = File::options().read(true).write(true).open(path).unwrap();
    let arena = Arena::from_memfd(&file).unwrap();
    // So that it ends if the first process dies.
    let race = Race::of(2 * duration());
    let go_on = || race.goes_on(false);
    match task {
        "scribble" => scribble(&arena, go_on, 3),
        "change" => change(&arena, go_on),
        _ => panic!("no task `{task}`"),
    }
}

#[test]
fn a_process_that_writes_over_everything_can_cause_errors_alone() {
    let arena = Arena::memfd(SCRIBBLED_PAGES).unwrap();
    let other = OtherProcess::start(&arena, "scribble");
    let outcomes = use_while_scribbled(&arena, 4);
    drop(other);
    assert!(outcomes.well > 1000 && outcomes.errors > 100, "both were met: {outcomes:?}");
}

/// Where the other process has its list, its table and its progress.
const CHANGED_LIST: u64 = 0;
const CHANGED_TABLE: u64 = 16;
const CHANGES: u64 = 32;

/// Adds to and removes from a list and a table, step by step.
fn change(arena: &Arena, go_on: impl Fn() -> bool) {
    let list = Numbers::open(arena, arena.at(CHANGED_LIST)).unwrap();
    let table = ArenaHashMap::<u32, u64>::open(arena, arena.at(CHANGED_TABLE)).unwrap();
    let mut slots = Region::new(arena, arena.at(0x2000), 300).unwrap();
    let mut entries = Region::new(arena, arena.at(0x4000), 300).unwrap();
    let changes = arena.get(arena.at::<u64>(CHANGES)).unwrap();
    let (mut random, mut elements) = (Random(process::id().into()), VecDeque::new());
    while go_on() {
        let key = u32::try_from(random.below(100)).unwrap();
        if elements.len() < 100 && random.below(2) == 0 {
            let element =
                list.push_front_with(&mut slots, |entry| entry.value.store(0x0101_0101 * u64::from(key))).unwrap();
            elements.push_back(element);
            table.insert_with(&mut entries, key, key.into()).unwrap();
        } else if !elements.is_empty() {
            let index = usize::try_from(random.below(elements.len() as u64)).unwrap();
            let element = elements.swap_remove_back(index).unwrap();
            list.remove(element).unwrap();
            slots.give_back(element);
            table.remove_with(&mut entries, &key).unwrap();
        }
        changes.fetch_add(1);
    }
}

#[test]
fn a_writer_that_is_killed_leaves_a_list_and_a_table_that_can_be_walked_and_mended() {
    let race = Race::of(duration());
    let (mut rounds, mut mended) = (0_u64, 0);
    while race.goes_on(rounds >= 3) {
        let arena = Arena::memfd(16).unwrap();
        let list = Numbers::open(&arena, arena.at(CHANGED_LIST)).unwrap();
        let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(CHANGED_TABLE), arena.at(0x1000), 16).unwrap();
        let mut other = OtherProcess::start(&arena, "change");
        let changes = arena.get(arena.at::<u64>(CHANGES)).unwrap();
        wait_until("changes", || {
            assert!(other.0.try_wait().unwrap().is_none(), "it has not come, or has failed");
            changes.load() >= 500 + 37 * rounds
        });
        other.0.kill().unwrap();
        assert!(!other.0.wait().unwrap().success());
        let len = list.len().unwrap();
        assert!(list.iter().all(|entry| entry.unwrap().value.load() % 0x0101_0101 == 0));
        assert!(table.iter().all(|entry| entry.is_ok_and(|entry| u64::from(entry.key.load()) == entry.value.load())));
        mended += list.repair().unwrap() + table.repair().unwrap();
        assert_eq!(list.check().unwrap(), len);
        table.check().unwrap();
        while list.pop_front().unwrap().is_some() {}
        rounds += 1;
    }
    println!("{rounds} writers killed, {mended} back pointers mended");
}

#[test]
fn walks_and_lookups_beside_a_writer_see_whole_elements_of_the_list_alone() {
    let arena = Arena::memfd(16).unwrap();
    let list = Numbers::open(&arena, arena.at(CHANGED_LIST)).unwrap();
    let table = ArenaHashMap::<u32, u64>::init(&arena, arena.at(CHANGED_TABLE), arena.at(0x1000), 16).unwrap();
    let stop = AtomicBool::new(false);
    let there = Arena::from_memfd(arena.fd().unwrap()).unwrap();
    let ([walks, elements, found], astray) = thread::scope(|scope| {
        let _stop = AtTheEnd(|| stop.store(true, Ordering::Relaxed));
        let writer = scope.spawn(|| change(&there, || !stop.load(Ordering::Relaxed)));
        let race = Race::of(duration());
        let ([mut walks, mut elements, mut found], mut astray) = ([0_u64; 3], 0_u64);
        while race.goes_on(elements > walks && found > walks) && !writer.is_finished() {
            walks += 1;
            for entry in &list {
                match entry {
                    Ok(entry) => {
                        elements += 1;
                        assert_eq!(entry.value.load() % 0x0101_0101, 0);
                    }
                    // Memory is reused, so a reader can be led in a circle, but no further than the
                    // arena has room for.
                    Err(ListError::ElementRemoved { .. } | ListError::Cycle { .. }) => astray += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            for key in 0..100 {
                match table.get(&key) {
                    Ok(Some(entry)) => {
                        found += 1;
                        // By now it may have been removed, and its memory reused for another.
                        assert!(entry.value.load() < 100);
                    }
                    Ok(None) => {}
                    Err(ListError::ElementRemoved { .. } | ListError::Cycle { .. }) => astray += 1,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        ([walks, elements, found], astray)
    });
    println!("{walks} walks, {elements} elements, {found} lookups that found, {astray} that went astray");
    assert!(elements > walks && found > walks);
    list.check().unwrap();
    table.check().unwrap();
}

#[test]
fn memory_that_holds_anything_is_no_more_than_an_error() {
    let mut outcomes = Outcomes::default();
    let race = Race::of(duration());
    let mut random = Random(5);
    while race.goes_on(outcomes.well > 1000 && outcomes.errors > 1000) {
        let arena = Arena::memfd(2).unwrap();
        let words = arena.slice(arena.at::<u64>(0), 1024).unwrap();
        words.iter().for_each(|word| word.store(hostile_word(&mut random, &arena)));
        for _ in 0..20 {
            use_everything(&arena, &mut random, &mut outcomes);
        }
    }
    assert!(outcomes.well > 1000 && outcomes.errors > 1000, "both were met: {outcomes:?}");
}

#[test]
fn handles_are_send_sync_and_owned() {
    fn shared_and_owned<T: Send + Sync + 'static>() {}
    shared_and_owned::<Numbers>();
    shared_and_owned::<ArenaList<Number, 0, ReadOnly>>();
    shared_and_owned::<ArenaHashMap<Pair, Totals>>();
    shared_and_owned::<ArenaHashMap<Pair, Totals, ReadOnly>>();
    shared_and_owned::<Region<Number>>();
    shared_and_owned::<Iter<'static, Flow, { offset_of!(Flow, node) }>>();
    shared_and_owned::<Entries<'static, Pair, Totals>>();

    let (list, table) = {
        let (arena, list, mut slots) = list(2);
        fill(&list, &mut slots, 0..10);
        let table = ArenaHashMap::<u32, u32>::init(&arena, arena.at(4096), arena.at(4112), 4).unwrap();
        table.insert(arena.at(5120), 1, 2).unwrap();
        (list.clone(), table.clone())
    };
    thread::spawn(move || {
        assert_eq!(list.len().unwrap(), 10);
        assert_eq!(table.get(&1).unwrap().unwrap().value.load(), 2);
        assert!(format!("{list:?} {table:?} {:?} {:?}", list.iter(), table.iter()).contains("ArenaHashMap"));
    })
    .join()
    .unwrap();
}
