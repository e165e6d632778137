//! Arenas of libbpf-rs's objects both ways, without `unsafe`: created for the object, and adopted
//! with it.

#![forbid(unsafe_code)]

use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;

use libbpf_rs::{Object, ObjectBuilder, ProgramInput};
use mapvalue::arena::{ListEntry, TableHead};
use mapvalue::{
    Arena, ArenaError, ArenaHashMap, ArenaList, ArenaPtr, Btf, DataSection, Error, MapValue, SectionError, bpf,
};
use mapvalue_tests::kernel::{self, objects};

fn open(object: &[u8]) -> libbpf_rs::OpenObject {
    ObjectBuilder::default().open_memory(object).unwrap()
}

fn load(object: &[u8]) -> Arc<Object> {
    Arc::new(open(object).load().unwrap())
}

/// An object that libbpf loaded, and its arena.
struct Loaded {
    bytes: &'static [u8],
    object: Arc<Object>,
    arena: Arena,
}

impl Loaded {
    /// Creates the arena, and gives it to libbpf.
    fn created(bytes: &'static [u8]) -> Self {
        let (arena, mut open) = (Arena::for_object(bytes).unwrap(), open(bytes));
        open.maps_mut().find(|map| map.name() == "arena").unwrap().reuse_fd(arena.fd().unwrap()).unwrap();
        Self { bytes, object: Arc::new(open.load().unwrap()), arena }
    }

    /// Has libbpf create the arena and map it, and adopts that.
    fn adopted(bytes: &'static [u8]) -> Self {
        let object = load(bytes);
        Self { bytes, arena: mapvalue_libbpf::arena(&object).unwrap(), object }
    }

    fn both_ways(bytes: &'static [u8]) -> [Self; 2] {
        [Self::created(bytes), Self::adopted(bytes)]
    }

    fn program(&self, name: &str) -> libbpf_rs::ProgramMut<'_> {
        self.object.progs_mut().find(|program| program.name() == name).unwrap()
    }

    fn globals(&self, program: &str) -> DataSection {
        self.arena.globals(&Btf::from_object(self.bytes).unwrap(), self.program(program).as_fd()).unwrap()
    }

    /// Runs a program on an empty packet.
    fn run(&self, program: &str) -> u32 {
        let input = ProgramInput { data_in: Some(&[0; 14]), ..ProgramInput::default() };
        self.program(program).test_run(input).unwrap().return_value
    }

    /// Calls a program, and returns the task as the program left it.
    fn call(&self, program: &str, mut task: Task) -> Task {
        assert_eq!(bpf::run(self.program(program).as_fd(), &mut task).unwrap(), 0, "`{program}`");
        task
    }

    /// A task of `arena_list.bpf.c` or `arena_table.bpf.c`: the head at 0, elements from 4 MiB on.
    fn task(&self, count: u64) -> Task {
        Task { head: self.arena.at(0), elements: self.arena.at(4 << 20), count, ..Task::default() }
    }
}

#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
struct Task {
    head: ArenaPtr<TableHead>,
    elements: ArenaPtr<u8>,
    count: u64,
    sum: u64,
    wrong: u64,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Mode {
    Off,
    On = 3,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Stats {
    packets: u64,
    by_proto: [u32; 4],
    mode: Mode,
    live: bool,
}

#[test]
fn variables_begin_as_the_c_source_has_them_both_ways() {
    kernel::require!(ARENA);
    for loaded in Loaded::both_ways(objects::ARENA_GLOBALS) {
        let stats = loaded.globals("fill_stats").var::<Stats>("stats").unwrap();
        let begun = Stats { packets: 7, by_proto: [1, 2, 3, 4], mode: Mode::On, live: true };
        assert_eq!(stats.try_load().unwrap(), begun);
        stats.packets.store(100);
        loaded.run("fill_stats");
        let filled = Stats { packets: 105, by_proto: [1, 2, 3, 44], mode: Mode::Off, live: false };
        assert_eq!(stats.try_load().unwrap(), filled);
        // A program that takes every page that it can be handed gets none of the variables.
        let pages = loaded.arena.pages().unwrap();
        while let Ok(handed) = pages.alloc(1) {
            loaded.arena.slice(loaded.arena.page::<u64>(handed.start), 512).unwrap()[0].store(u64::MAX);
        }
        assert_eq!(stats.try_load().unwrap(), filled);
    }
}

#[test]
fn both_sides_work_on_a_list_both_ways() {
    kernel::require!(ARENA);
    for loaded in Loaded::both_ways(objects::ARENA_LIST) {
        loaded.arena.prefault(0..loaded.arena.page_count()).unwrap();
        loaded.call("build", loaded.task(1000));
        let list = ArenaList::<ListEntry<u64>>::open(&loaded.arena, loaded.arena.at(0)).unwrap();
        assert_eq!((list.check().unwrap(), list.iter().map(|it| it.unwrap().value.load()).sum()), (1000, 499_500_u64));
        let first = list.iter().next().unwrap().unwrap();
        list.remove(loaded.arena.ptr_of(first).unwrap()).unwrap();
        let found = loaded.call("walk", loaded.task(0));
        assert_eq!((found.count, found.sum, found.wrong), (999, 499_500 - 999, 0));
    }
}

#[test]
fn both_sides_work_on_a_table_both_ways() {
    kernel::require!(ARENA);
    for loaded in Loaded::both_ways(objects::ARENA_TABLE) {
        let arena = &loaded.arena;
        arena.prefault(0..arena.page_count()).unwrap();
        loaded.call("init", Task { elements: arena.at(64), ..loaded.task(64) });
        let table = ArenaHashMap::<i32, i32>::open(arena, arena.at(0)).unwrap();
        assert_eq!(loaded.call("insert_ints", loaded.task(1000)).sum, 1000);
        assert_eq!((table.check().unwrap(), table.get(&7).unwrap().unwrap().value.load()), (1000, 21));
        assert!(table.remove(&7).unwrap().is_some());
        let found = loaded.call("walk_ints", loaded.task(0));
        assert_eq!((found.count, found.sum, found.wrong), (999, 3 * (499_500 - 7), 0));
    }
}

/// How many mappings of BPF maps in this process begin at an address.
fn mappings_at(address: u64) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let start = format!("{address:x}-");
    maps.lines().filter(|line| line.starts_with(&start) && line.contains("bpf-map")).count()
}

#[test]
fn an_adopted_arena_keeps_its_object_until_the_last_handle_is_gone() {
    kernel::require!(ARENA);
    let Loaded { object, arena, bytes } = Loaded::adopted(objects::ARENA_GLOBALS);
    let (start, closed) = (arena.start(), Arc::downgrade(&object));
    let value = arena.var(arena.at::<u64>(8 * 4096)).unwrap();
    // The same mapping, a second time.
    let again = mapvalue_libbpf::arena(&object).unwrap();
    value.store(7);
    assert_eq!(again.get(again.at::<u64>(8 * 4096)).unwrap().load(), 7);
    drop((object, arena, again));
    assert_eq!((mappings_at(start), value.load(), closed.strong_count()), (1, 7, 1));
    thread::spawn(move || drop(value)).join().unwrap();
    assert_eq!((mappings_at(start), closed.strong_count()), (0, 0), "libbpf has unmapped it");
    // An object that is leaked, as that of a leaked skeleton.
    let leaked: &'static Object = Box::leak(Box::new(open(bytes).load().unwrap()));
    let arena = mapvalue_libbpf::arena(&leaked).unwrap();
    let start = arena.start();
    drop(arena);
    assert_eq!(mappings_at(start), 1);
}

#[test]
fn what_libbpf_did_not_map_is_not_adopted() {
    kernel::require!(ARENA);
    // libbpf has the variables on its heap.
    let created = Loaded::created(objects::ARENA_GLOBALS);
    let error = mapvalue_libbpf::arena(&created.object).unwrap_err();
    assert!(
        matches!(error, Error::Arena(ArenaError::NotArenaMemory { .. } | ArenaError::Misaligned { .. })),
        "{error:?}"
    );
    // Or nothing at all.
    let created = Loaded::created(objects::ARENA_LIST);
    let error = mapvalue_libbpf::arena(&created.object).unwrap_err();
    assert!(error.to_string().contains("null"), "{error:?}");
    let error = mapvalue_libbpf::arena(&load(objects::COUNTERS)).unwrap_err();
    assert!(matches!(error, Error::Section(SectionError::NoArenaMap { found: 0 })), "{error:?}");
}
