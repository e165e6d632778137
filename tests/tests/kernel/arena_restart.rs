//! A pinned arena outlives the processes that use it. Each process is killed in the middle of its
//! work, and the next one continues with the lists and tables that it finds.
//!
//! SIGKILL stops a process between any two of its own instructions, so changes by Rust are cut
//! short anywhere. A BPF program that the process was running ends first.
//!
//! `MAPVALUE_RACE_MS` sets how long this goes on (`60000` for a minute).

use std::collections::HashSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use mapvalue::arena::{ListEntry, ListHead, ListNode, Slots, TableEntry, TableHead};
use mapvalue::{Arena, ArenaFlags, ArenaHashMap, ArenaList, ArenaPtr, Btf, Error, ListError, MapValue, Var};
use mapvalue_tests::again;
use mapvalue_tests::kernel::{self, Libbpf, PrivateBpffs, objects};
use mapvalue_tests::race::{Race, duration};

type Number = ListEntry<u64>;
type Numbers = ArenaList<Number>;
type Int = TableEntry<i32, i32>;
type Ints = ArenaHashMap<i32, i32>;

/// The same struct as in `arena_list.bpf.c` and `arena_table.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug)]
#[map_value(rename = "task")]
#[repr(C)]
struct ListTask {
    head: ArenaPtr<ListHead>,
    elements: ArenaPtr<Number>,
    count: u64,
    sum: u64,
    wrong: u64,
}

/// The same struct as in `arena_table.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug)]
#[map_value(rename = "task")]
#[repr(C)]
struct TableTask {
    table: ArenaPtr<TableHead>,
    elements: ArenaPtr<u8>,
    count: u64,
    sum: u64,
    wrong: u64,
}

/// What a starting process reads first.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Root {
    list: ListHead,
    table: TableHead,
    /// How many processes have found everything whole, or repaired it.
    starts: u64,
    /// How many changes all processes have made.
    changes: u64,
    /// How many back pointers all processes have repaired.
    mended: u64,
}

/// The same number of pages as in the objects.
const PAGES: u64 = 4096;
const ROOT: u64 = 64;
const BUCKETS: u64 = 0x1000;
const BUCKET_COUNT: u32 = 16;
/// Where elements lie: the programs' own, one for each number, and those that `Unlinked` hands out.
const PROGRAM_NUMBERS: u64 = 0x1_0000;
const RUST_NUMBERS: u64 = 0x2_0000;
const PROGRAM_INTS: u64 = 0x3_0000;
const RUST_INTS: u64 = 0x4_0000;
/// How many pages are used.
const USED_PAGES: u64 = 0x50;
/// How many elements of each kind there are.
const PROGRAM_COUNT: u64 = 30;
const RUST_COUNT: u64 = 50;
/// The first of Rust's keys. The programs' keys begin at 0.
const RUST_KEYS: i32 = 1000;

/// The variable that tells the process to be killed where the arena is pinned.
const PIN: &str = "MAPVALUE_TEST_PINNED_ARENA";
/// How often the process is killed, at least.
const KILLS: u64 = 20;

struct Random(u64);

impl Random {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Self(u64::from(now.subsec_nanos()) ^ u64::from(std::process::id()) << 32)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Memory that a walk has shown to hold no element. (The last process knew which, but that
/// knowledge died with it.)
struct Unlinked<T: MapValue>(Vec<ArenaPtr<T>>);

impl<T: MapValue> Unlinked<T> {
    fn new(arena: &Arena, first: u64, linked: &HashSet<u64>) -> Self {
        let all = (0..RUST_COUNT).map(|i| arena.at::<T>(first + i * size_of::<T>() as u64));
        Self(all.filter(|slot| !linked.contains(&slot.address())).collect())
    }
}

impl<T: MapValue> Slots<T> for Unlinked<T> {
    fn take(&mut self) -> Result<ArenaPtr<T>, Error> {
        self.0.pop().ok_or(ListError::NoRoom { type_name: std::any::type_name::<T>(), slots: 0 }.into())
    }

    fn give_back(&mut self, slot: ArenaPtr<T>) {
        self.0.push(slot);
    }
}

/// What a process holds of the arena.
struct Agent {
    arena: Arena,
    root: Var<Root>,
    list: Numbers,
    table: Ints,
    list_programs: Libbpf,
    table_programs: Libbpf,
    numbers: Unlinked<Number>,
    ints: Unlinked<Int>,
}

impl Agent {
    /// Opens the pinned arena, or sets up a new one and pins it.
    fn start(pin: &Path) -> Self {
        check_types();
        let arena = if pin.exists() { Arena::from_pin(pin).unwrap() } else { set_up(pin) };
        let root: Var<Root> = arena.var(arena.at(ROOT)).unwrap();
        let list = Numbers::open(&arena, arena.ptr_of(&root.list).unwrap()).unwrap();
        let table = Ints::open(&arena, arena.ptr_of(&root.table).unwrap()).unwrap();

        // Walks work before anything is repaired.
        let (numbers, ints) = (addresses_of_numbers(&arena, &list), addresses_of_ints(&arena, &table));
        assert_eq!((list.len().unwrap(), table.len().unwrap()), (numbers.len(), ints.len()), "none is met twice");
        let mended = list.repair().unwrap() + table.repair().unwrap();
        root.mended.fetch_add(mended as u64);
        assert_eq!((list.check().unwrap(), table.check().unwrap()), (numbers.len(), ints.len()));

        let load = |object| Libbpf::load_with(object, "arena", |mut map| map.reuse_fd(arena.fd().unwrap()).unwrap());
        let agent = Self {
            list_programs: load(objects::ARENA_LIST),
            table_programs: load(objects::ARENA_TABLE),
            numbers: Unlinked::new(&arena, RUST_NUMBERS, &numbers),
            ints: Unlinked::new(&arena, RUST_INTS, &ints),
            arena,
            root,
            list,
            table,
        };
        agent.programs_find_the_same();
        agent.root.starts.fetch_add(1);
        agent
    }

    /// The programs walk over everything, too.
    fn programs_find_the_same(&self) {
        let sum = self.list.iter().fold(0_u64, |sum, number| sum.wrapping_add(number.unwrap().value.load()));
        let found = self.on_list("walk", 0, 0);
        assert_eq!((found.count, found.sum, found.wrong), (self.list.len().unwrap() as u64, sum, 0));
        let sum = self.table.iter().map(|int| i64::from(int.unwrap().value.load()).cast_unsigned()).sum();
        let found = self.on_table("walk_ints", 0, 0);
        assert_eq!((found.count, found.sum, found.wrong), (self.table.len().unwrap() as u64, sum, 0));
    }

    fn on_list(&self, program: &str, count: u64, sum: u64) -> ListTask {
        let head = self.arena.ptr_of(&self.root.list).unwrap();
        let mut task = ListTask { head, elements: self.arena.at(PROGRAM_NUMBERS), count, sum, wrong: 0 };
        assert_eq!(self.list_programs.call(program, &mut task), 0, "`{program}`");
        task
    }

    fn on_table(&self, program: &str, count: u64, sum: u64) -> TableTask {
        let table = self.arena.ptr_of(&self.root.table).unwrap();
        let mut task = TableTask { table, elements: self.arena.at(PROGRAM_INTS), count, sum, wrong: 0 };
        assert_eq!(self.table_programs.call(program, &mut task), 0, "`{program}`");
        task
    }

    /// The programs insert and remove elements at random.
    fn programs_change(&self) {
        self.on_list("churn", PROGRAM_COUNT, 20);
        self.on_table("churn", PROGRAM_COUNT, 20);
    }

    /// Rust inserts elements of its own, and removes its own and the programs'.
    fn change(&mut self, random: &mut Random) {
        let choice = random.next();
        if choice & 1 == 0 && !self.numbers.0.is_empty() {
            let half = choice >> 32 | 1;
            self.list.push_front_with(&mut self.numbers, |number| number.value.store(half << 32 | half)).unwrap();
        } else if let Some(number) = self.list.iter().nth((choice >> 8) as usize % 4) {
            let number = self.arena.ptr_of(number.unwrap()).unwrap();
            self.list.remove(number.cast()).unwrap();
            if number.address() >= self.arena.at::<Number>(RUST_NUMBERS).address() {
                self.numbers.give_back(number.cast());
            }
        }
        let key = i32::try_from(random.below(RUST_COUNT)).unwrap();
        match random.below(8) {
            0..4 => drop(self.table.insert_with(&mut self.ints, RUST_KEYS + key, 3 * (RUST_KEYS + key)).unwrap()),
            4..7 => drop(self.table.remove_with(&mut self.ints, &(RUST_KEYS + key)).unwrap()),
            // An element of the programs, which keep its memory.
            _ => drop(self.table.remove(&key).unwrap()),
        }
        self.root.changes.fetch_add(1);
    }
}

fn check_types() {
    let list = Btf::from_object(objects::ARENA_LIST).unwrap();
    list.check::<ListHead>("mv_list_head").unwrap();
    list.check::<ListNode>("mv_list_node").unwrap();
    list.check::<Number>("number").unwrap();
    list.check::<ListTask>("task").unwrap();
    let table = Btf::from_object(objects::ARENA_TABLE).unwrap();
    table.check::<TableHead>("mv_table").unwrap();
    table.check::<Int>("ints").unwrap();
    table.check::<TableTask>("task").unwrap();
}

/// Creates the arena, which nobody can find before it is set up.
fn set_up(pin: &Path) -> Arena {
    let arena = Arena::create(PAGES, ArenaFlags::default()).unwrap();
    arena.prefault(0..USED_PAGES).unwrap();
    let root = arena.get(arena.at::<Root>(ROOT)).unwrap();
    Ints::init(&arena, arena.ptr_of(&root.table).unwrap(), arena.at(BUCKETS), BUCKET_COUNT).unwrap();
    arena.pin(pin).unwrap();
    arena
}

/// The addresses of the elements. Each was inserted by somebody, and is whole.
fn addresses_of_numbers(arena: &Arena, list: &Numbers) -> HashSet<u64> {
    let address = |number: Result<_, ListError>| {
        let number: &mapvalue::arena::ListEntryShared<u64> = number.unwrap();
        let value = number.value.load();
        assert!(value != 0 && value >> 32 == value & 0xffff_ffff, "a value that nobody has stored: {value:#x}");
        let address = arena.ptr_of(number).unwrap().address();
        let offset = address - arena.start();
        assert!((PROGRAM_NUMBERS..RUST_NUMBERS + RUST_COUNT * size_of::<Number>() as u64).contains(&offset));
        address
    };
    list.iter().map(address).collect()
}

fn addresses_of_ints(arena: &Arena, table: &Ints) -> HashSet<u64> {
    let address = |int: Result<_, ListError>| {
        let int: &mapvalue::arena::TableEntryShared<i32, i32> = int.unwrap();
        let key = int.key.load();
        assert_eq!(int.value.load(), 3 * key);
        let found = table.get(&key).unwrap().expect("what a walk meets is found");
        assert!(std::ptr::eq(found, int), "and no other");
        arena.ptr_of(int).unwrap().address()
    };
    table.iter().map(address).collect()
}

/// A second run of this program, which runs `the_process_that_is_killed` alone. Dropping it kills
/// the process.
struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(pin: &Path) -> Self {
        let mut command = again(the_process_that_is_killed);
        let mut child = command.env(PIN, pin).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn wait_until_it_changes(&mut self) {
        let mut lines = self.output.by_ref().lines();
        assert!(lines.any(|line| line.unwrap().contains(CHANGES_NOW)), "it has failed");
    }

    fn kill(mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "it has failed: {ended:?}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // `Child::kill` sends SIGKILL. It fails if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CHANGES_NOW: &str = "changes from now on";

#[test]
#[ignore = "it is the process that the test below kills"]
fn the_process_that_is_killed() {
    let Some(pin) = env::var_os(PIN).map(PathBuf::from) else { return };
    let mut random = Random::new();
    let mut agent = Agent::start(&pin);
    // A process that is killed after this line has changed something, however early it is killed.
    (0..10).for_each(|_| agent.change(&mut random));
    println!("{CHANGES_NOW}");
    // A limit, in case the test dies.
    let race = Race::of(Duration::ZERO);
    while race.goes_on(false) {
        agent.programs_change();
        for _ in 0..2000 {
            agent.change(&mut random);
        }
    }
}

#[test]
fn a_process_goes_on_with_what_a_killed_one_has_left_in_the_middle_of_a_change() {
    kernel::require!(ARENA);
    let bpffs = PrivateBpffs::mount();
    // The kernel pins something of its own.
    let pinned_before = bpffs.count();
    let pin = bpffs.path("arena");
    let mut random = Random::new();
    // Long enough to meet the rare moments in which a back pointer is wrong.
    let (race, mut kills) = (Race::of(duration()), 0);
    while race.goes_on(kills >= KILLS) {
        let mut process = Process::start(&pin);
        // Every fourth process may be killed earlier, while it opens the arena and repairs it. The
        // first, which creates the arena, is not.
        if kills % 4 == 3 {
            thread::sleep(Duration::from_micros(random.below(50_000)));
        } else {
            process.wait_until_it_changes();
            thread::sleep(Duration::from_micros(random.below(10_000)));
        }
        process.kill();
        kills += 1;
    }

    let mut agent = Agent::start(&pin);
    let (root, starts) = (agent.root.clone(), agent.root.starts.load());
    println!("{kills} kills, {} changes, {} back pointers mended", root.changes.load(), root.mended.load());
    assert!(starts > kills / 4 * 3 && starts <= kills + 1, "each has gone on from the one before: {starts}");
    assert!(root.changes.load() > kills, "they were killed when they changed something: {}", root.changes.load());

    for _ in 0..100 {
        agent.programs_change();
        (0..100).for_each(|_| agent.change(&mut random));
        agent.list.check().unwrap();
        agent.table.check().unwrap();
    }
    agent.programs_find_the_same();
    while agent.list.pop_front().unwrap().is_some() {}
    for key in (0..RUST_KEYS + 1000).filter(|key| *key < 1000 || *key >= RUST_KEYS) {
        agent.table.remove(&key).unwrap();
    }
    assert!(agent.list.is_empty() && agent.table.is_empty());
    assert_eq!((agent.on_list("walk", 0, 0).count, agent.on_table("walk_ints", 0, 0).count), (0, 0));

    assert_eq!(bpffs.count(), pinned_before + 1, "nothing but the arena is pinned");
    fs::remove_file(&pin).unwrap();
    assert_eq!(bpffs.count(), pinned_before);
}
