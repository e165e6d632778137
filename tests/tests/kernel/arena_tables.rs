//! Lists and tables that BPF programs and Rust build, walk and change in one arena of the running
//! kernel.
//!
//! `MAPVALUE_RACE_MS` sets how long the tests that wait for rare events run (`60000` for a minute
//! each).

use std::mem::offset_of;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use mapvalue::arena::{ListEntry, ListHead, ListNode, Region, Slots, TableEntry, TableHead};
use mapvalue::{
    Arena, ArenaFlags, ArenaHash, ArenaHashMap, ArenaList, ArenaPtr, ArenaPtrError, Btf, ListError, MapValue, Storable,
};
use mapvalue_tests::c;
use mapvalue_tests::kernel::{self, Libbpf, objects};
use mapvalue_tests::race::{AtTheEnd, Race, duration, wait_until};

/// The same struct as in `arena_list.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq)]
#[map_value(rename = "task")]
#[repr(C)]
struct ListTask {
    head: ArenaPtr<ListHead>,
    elements: ArenaPtr<Number>,
    count: u64,
    sum: u64,
    wrong: u64,
}

type Number = ListEntry<u64>;
type Numbers = ArenaList<Number>;

/// The same struct as in `arena_list.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Flow {
    id: u32,
    node: ListNode,
    bytes: u64,
}

type Flows = ArenaList<Flow, { offset_of!(Flow, node) }>;

/// The same struct as in `arena_table.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq)]
#[map_value(rename = "task")]
#[repr(C)]
struct TableTask {
    table: ArenaPtr<TableHead>,
    elements: ArenaPtr<u8>,
    count: u64,
    sum: u64,
    wrong: u64,
}

type Ints = ArenaHashMap<i32, i32>;

/// The same struct as in `arena_table.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[map_value(rename = "pair")]
#[repr(C)]
struct Pair {
    address: u32,
    port: u16,
    protocol: u16,
}

impl ArenaHash for Pair {}

impl Pair {
    #[expect(clippy::cast_possible_truncation, reason = "as it is in C")]
    fn of(i: u32) -> Self {
        Self { address: i.wrapping_mul(2_654_435_761), port: i as u16, protocol: (i % 3) as u16 }
    }
}

/// The same struct as in `arena_table.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Totals {
    packets: u64,
    last: u32,
}

/// How many elements the large lists and tables have. The kernel runs a program that loops less
/// than 131,070 times to its end, however slow the machine is. If the program loops on, the kernel
/// looks at the clock and ends it after a quarter of a second (`mv_may_loop`).
const MANY: u64 = 100_000;
/// How many pages the arenas here have.
const PAGES: u64 = 4096;

/// The programs and an arena of their own, in which every page is present: what a program stores to
/// an absent page is lost.
struct Programs {
    loaded: Libbpf,
    arena: Arena,
}

impl Programs {
    fn load(object: &[u8], flags: ArenaFlags) -> Self {
        let arena = Arena::create(PAGES, flags).unwrap();
        let fd = arena.fd().unwrap();
        let loaded = Libbpf::load_with(object, "arena", |mut map| map.reuse_fd(fd).unwrap());
        arena.prefault(0..PAGES).unwrap();
        Self { loaded, arena }
    }

    /// Runs a program, and returns the task as the program left it.
    fn run<T: Storable + Copy>(&self, program: &str, task: T) -> T {
        let mut task = task;
        assert_eq!(self.loaded.call(program, &mut task), 0, "`{program}`");
        task
    }

    /// A list with its head at 0 and elements from 64 on.
    fn list_task(&self, count: u64) -> ListTask {
        ListTask { head: self.arena.at(0), elements: self.arena.at(64), count, ..ListTask::default() }
    }

    /// Has a program go over the keys below `count`, some at a time. Returns what it counted in
    /// all.
    fn run_on_keys(&self, program: &str, count: u64) -> TableTask {
        const PART: usize = 10_000;
        let mut all = self.table_task(0);
        for first in (0..count).step_by(PART) {
            let part = TableTask { sum: first, ..self.table_task((count - first).min(PART as u64)) };
            let found = self.run(program, part);
            all.count += found.count;
            all.sum += found.sum;
            all.wrong += found.wrong;
        }
        all
    }

    fn numbers(&self) -> Numbers {
        Numbers::open(&self.arena, self.arena.at(0)).unwrap()
    }

    /// A table with its head at 0 and elements from 4 MiB on.
    fn table_task(&self, count: u64) -> TableTask {
        TableTask { table: self.arena.at(0), elements: self.arena.at(ELEMENTS), count, ..TableTask::default() }
    }
}

const BUCKETS: u64 = 64;
const ELEMENTS: u64 = 4 << 20;

/// The objects of the two ways in which a program can be compiled.
fn list_objects() -> Vec<&'static [u8]> {
    if cfg!(target_arch = "x86_64") {
        vec![objects::ARENA_LIST, objects::ARENA_LIST_X86]
    } else {
        vec![objects::ARENA_LIST]
    }
}

/// Runs the same test with each object.
fn with_lists(test: impl Fn(&Programs)) {
    for object in list_objects() {
        test(&Programs::load(object, ArenaFlags::default()));
    }
}

fn sum(list: &Numbers) -> u64 {
    list.iter().map(|entry| entry.unwrap().value.load()).sum()
}

#[test]
fn rust_walks_a_list_that_a_program_built() {
    kernel::require!(ARENA);
    with_lists(|programs| {
        programs.run("build", programs.list_task(MANY));
        let list = programs.numbers();
        assert_eq!(list.check().unwrap() as u64, MANY, "each back pointer is right");
        assert!(list.iter().map(|entry| entry.unwrap().value.load()).eq((0..MANY).rev()));
    });
}

#[test]
fn a_program_walks_a_list_that_rust_built() {
    kernel::require!(ARENA);
    with_lists(|programs| {
        let list = programs.numbers();
        let mut slots = Region::new(&programs.arena, programs.arena.at(64), usize::try_from(MANY).unwrap()).unwrap();
        for value in 0..MANY {
            list.push_front_with(&mut slots, |entry| entry.value.store(3 * value)).unwrap();
        }
        let found = programs.run("walk", programs.list_task(0));
        assert_eq!((found.count, found.sum, found.wrong), (MANY, 3 * (MANY * (MANY - 1) / 2), 0));
    });
}

#[test]
fn both_sides_remove_what_the_other_has_added() {
    kernel::require!(ARENA);
    with_lists(|programs| {
        let list = programs.numbers();
        programs.run("build", programs.list_task(1000));
        let removed = programs.run("remove_multiples", programs.list_task(7));
        assert_eq!((removed.count, removed.sum), (143, 7 * (142 * 143 / 2)));
        assert_eq!(list.check().unwrap(), 857);
        assert!(list.iter().all(|entry| entry.unwrap().value.load() % 7 != 0));
        // An element that the program removed is marked as removed.
        let seventh: ArenaPtr<Number> = programs.arena.at(64 + 7 * 24);
        assert_eq!(programs.arena.read(seventh).unwrap().node, ListNode::REMOVED);
        assert!(matches!(list.remove(seventh), Err(ListError::NotLinked { pprev: 0x122, .. })));
        let tried = programs.run("remove_one", ListTask { elements: seventh, ..programs.list_task(1) });
        assert_eq!(tried.count, 0, "nor does the program find it in a list");

        for entry in &list {
            let entry = entry.unwrap();
            if entry.value.load() % 5 == 0 {
                list.remove(programs.arena.ptr_of(entry).unwrap()).unwrap();
            }
        }
        let found = programs.run("walk", programs.list_task(0));
        let left: Vec<u64> = (0..1000).filter(|value| value % 7 != 0 && value % 5 != 0).collect();
        assert_eq!((found.count, found.sum, found.wrong), (left.len() as u64, left.iter().sum(), 0));
        // The first element, the last, one that Rust removed, and the first again.
        for (element, linked) in [(999, 1), (1, 1), (995, 0), (999, 0)] {
            let element = programs.arena.at(64 + 24 * element);
            let removed = programs.run("remove_one", ListTask { elements: element, ..programs.list_task(2) });
            assert_eq!(removed.count, linked, "{element:?}");
        }
        assert_eq!((list.check().unwrap() as u64, sum(&list)), (found.count - 2, found.sum - 1000));
        list.push_front(seventh).unwrap();
        assert_eq!(programs.run("walk", programs.list_task(0)).count, found.count - 1);
    });
}

#[test]
fn rust_walks_elements_with_their_node_in_the_middle() {
    kernel::require!(ARENA);
    with_lists(|programs| {
        programs.run("build_flows", programs.list_task(1000));
        let flows = Flows::open(&programs.arena, programs.arena.at(0)).unwrap();
        assert_eq!(flows.check().unwrap(), 1000);
        for (flow, id) in flows.iter().zip((0..1000_u32).rev()) {
            let flow = flow.unwrap();
            assert_eq!((flow.id.load(), flow.bytes.load()), (id, u64::from(id) * u64::from(id)));
        }
    });
}

#[test]
fn pointers_of_low_32_bits_alone_are_as_good_to_both_sides() {
    kernel::require!(ARENA);
    let programs = Programs::load(objects::ARENA_LIST, ArenaFlags::NO_USER_CONV);
    // The head is not at 0, whose low 32 bits are null. No node is at 0x100, which is the mark of a
    // removed node.
    let low = |offset: u64| (programs.arena.start() + offset) & u64::from(u32::MAX);
    let (head, elements) = (ArenaPtr::from_address(low(8)), ArenaPtr::from_address(low(0x200)));
    let task = ListTask { head, elements, ..programs.list_task(1000) };
    programs.run("build", task);
    let list = Numbers::open(&programs.arena, programs.arena.at(8)).unwrap();
    let first = programs.arena.get(programs.arena.at::<ListHead>(8)).unwrap().first.load();
    assert!(u32::try_from(first.address()).is_ok(), "{first:?}");
    assert_eq!((list.check().unwrap(), sum(&list)), (1000, 1000 * 999 / 2));
    // Both kinds of pointers in one list.
    let mut slots = Region::new(&programs.arena, programs.arena.at(0x10_0000), 10).unwrap();
    for value in 1000..1010 {
        list.push_front_with(&mut slots, |entry| entry.value.store(value)).unwrap();
    }
    list.remove(ArenaPtr::from_address(low(0x200 + 24 * 500))).unwrap();
    let found = programs.run("walk", task);
    assert_eq!((found.count, found.sum, found.wrong), (1009, 1010 * 1009 / 2 - 500, 0));
    let removed = programs.run("remove_multiples", ListTask { count: 2, ..task });
    assert_eq!(removed.count, 504);
    assert_eq!(list.check().unwrap(), 505);
}

#[test]
fn a_circle_ends_on_both_sides() {
    kernel::require!(ARENA);
    with_lists(|programs| {
        programs.run("build", programs.list_task(10));
        let first_built = programs.arena.get(programs.arena.at::<Number>(64)).unwrap();
        first_built.node.next.store(programs.arena.at(64 + 5 * 24));
        let found = programs.run("walk", programs.list_task(0));
        assert!(found.count > 1000, "the kernel has ended it: {found:?}");
        let list = programs.numbers();
        assert!(matches!(list.len(), Err(ListError::Cycle { max, .. }) if max as u64 == PAGES * 4096 / 24));
    });
}

/// Runs `work` beside a thread that runs a program again and again. The program changes what `work`
/// looks at, and has run at least once before `work` begins.
fn beside<R>(programs: &Programs, program: &str, task: impl Storable + Copy + Sync, work: impl FnOnce() -> R) -> R {
    let (stop, runs) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let _stop = AtTheEnd(|| stop.store(true, Ordering::Relaxed));
        let running = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                programs.run(program, task);
                runs.fetch_add(1, Ordering::Relaxed);
            }
        });
        wait_until("the program to run", || running.is_finished() || runs.load(Ordering::Relaxed) > 0);
        work()
    })
}

#[test]
fn walks_beside_a_program_that_adds_and_removes_see_whole_elements() {
    kernel::require!(ARENA);
    with_lists(|programs| {
        let list = programs.numbers();
        let task = ListTask { sum: 10_000, ..programs.list_task(200) };
        let (walks, elements, astray) = beside(programs, "churn", task, || {
            let race = Race::of(duration());
            let (mut walks, mut elements, mut astray) = (0_u64, 0_u64, 0_u64);
            while race.goes_on(elements > walks) {
                walks += 1;
                for entry in &list {
                    match entry {
                        Ok(entry) => {
                            elements += 1;
                            let value = entry.value.load();
                            // 0 while the element is in no list. A reader may still be at it then.
                            assert_eq!(value >> 32, value & u64::from(u32::MAX), "torn");
                        }
                        Err(ListError::ElementRemoved { .. } | ListError::Cycle { .. }) => astray += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            (walks, elements, astray)
        });
        println!("{walks} walks, {elements} elements, {astray} walks that went astray");
        assert!(elements > walks, "{elements} elements in {walks} walks");
        list.check().unwrap();
        assert!(list.iter().all(|entry| entry.unwrap().value.load() != 0));
        assert_eq!(programs.run("walk", task).wrong, 0);
    });
}

#[test]
fn a_program_that_writes_over_everything_can_cause_errors_alone() {
    kernel::require!(ARENA);
    let programs = Programs::load(objects::ARENA_LIST, ArenaFlags::default());
    let arena = &programs.arena;
    // Everything used below lies in the first 64 KiB.
    let task = ListTask { elements: arena.at(0), count: 8192, sum: 64, ..ListTask::default() };
    let (well, errors) = beside(&programs, "scribble", task, || {
        let race = Race::of(duration());
        let (mut well, mut errors) = (0_u64, 0_u64);
        while race.goes_on(well > 1000 && errors > 100) {
            let mut count = |is_ok: bool| if is_ok { well += 1 } else { errors += 1 };
            let list = programs.numbers();
            list.clear();
            let mut slots = Region::new(arena, arena.at(64), 500).unwrap();
            let table = ArenaHashMap::<u32, u64>::init(arena, arena.at(16), arena.at(0x8000), 64).unwrap();
            let mut entries = Region::new(arena, arena.at(0x9000), 500).unwrap();
            for i in 0..100_u32 {
                count(list.push_front_with(&mut slots, |entry| entry.value.store(i.into())).is_ok());
                count(table.insert_with(&mut entries, i, i.into()).is_ok());
                count(table.get(&(i / 2)).is_ok());
                if i % 3 == 0 {
                    count(list.pop_front().is_ok());
                    count(table.remove_with(&mut entries, &(i / 3)).is_ok());
                }
            }
            count(list.len().is_ok());
            count(list.check().is_ok());
            count(list.repair().is_ok());
            count(table.len().is_ok());
            count(table.check().is_ok());
            count(table.repair().is_ok());
            count(Flows::open(arena, arena.at(128)).and_then(|list| list.len()).is_ok());
            count(ArenaHashMap::<u32, u64>::open(arena, arena.at(16)).and_then(|table| table.len()).is_ok());
        }
        (well, errors)
    });
    assert!(well > 1000 && errors > 100, "both were met: {well} {errors}");
}

/// A table of `n` buckets, set up by Rust.
fn init(programs: &Programs, n: u32) -> Ints {
    let arena = &programs.arena;
    Ints::init(arena, arena.at(0), arena.at(BUCKETS), n).unwrap()
}

#[test]
fn rust_finds_what_a_program_inserted() {
    kernel::require!(ARENA);
    let programs = Programs::load(objects::ARENA_TABLE, ArenaFlags::default());
    let table = init(&programs, 1 << 14);
    assert_eq!(programs.run_on_keys("insert_ints", MANY).sum, MANY);
    assert_eq!(table.check().unwrap() as u64, MANY);
    for key in 0..i32::try_from(MANY).unwrap() {
        let entry = table.get(&key).unwrap().unwrap();
        assert_eq!((entry.hash.load().cast_unsigned(), entry.value.load()), (key.arena_hash(), 3 * key));
    }
    assert!(table.get(&-1).unwrap().is_none() && table.get(&i32::MAX).unwrap().is_none());
    let total: i64 = table.iter().map(|entry| i64::from(entry.unwrap().value.load())).sum();
    assert_eq!(total, 3 * i64::try_from(MANY * (MANY - 1) / 2).unwrap());
    // The second time, no key is new.
    assert_eq!(programs.run_on_keys("insert_ints", MANY).sum, 0);
}

#[test]
fn a_program_finds_what_rust_inserted() {
    kernel::require!(ARENA);
    let programs = Programs::load(objects::ARENA_TABLE, ArenaFlags::default());
    let table = init(&programs, 1 << 14);
    let mut slots = Region::new(&programs.arena, programs.arena.at(ELEMENTS), usize::try_from(MANY).unwrap()).unwrap();
    for key in 0..i32::try_from(MANY).unwrap() {
        assert!(table.insert_with(&mut slots, key, 3 * key).unwrap());
    }
    let all = 3 * (MANY * (MANY - 1) / 2);
    let found = programs.run_on_keys("find_ints", MANY);
    assert_eq!((found.count, found.sum, found.wrong), (MANY, all, 0));
    let found = programs.run("walk_ints", programs.table_task(0));
    assert_eq!((found.count, found.sum, found.wrong), (MANY, all, 0));
    let found = programs.run_on_keys("find_ints", 2 * MANY);
    assert_eq!(found.count, MANY, "and nothing that is not there");
}

#[test]
fn both_sides_change_one_table() {
    kernel::require!(ARENA);
    let programs = Programs::load(objects::ARENA_TABLE, ArenaFlags::default());
    let arena = &programs.arena;
    // This time the program sets up the table.
    let refused =
        |n| programs.loaded.call("init", &mut TableTask { elements: arena.at(BUCKETS), ..programs.table_task(n) });
    assert_eq!([0, 3, 1 << 31, 1 << 33].map(refused), [1; 4]);
    assert!(matches!(
        Ints::open(arena, arena.at(0)),
        Err(ListError::Ptr(ArenaPtrError::Null { .. }) | ListError::BucketCount { .. })
    ));
    assert_eq!(refused(16), 0);
    let table = Ints::open(arena, arena.at(0)).unwrap();
    assert_eq!((table.buckets(), table.is_empty()), (16, true));

    programs.run("insert_ints", programs.table_task(1000));
    let removed = programs.run("remove_ints", TableTask { sum: 3, ..programs.table_task(1000) });
    assert_eq!((removed.count, table.check().unwrap()), (334, 666));
    for key in 0..1000 {
        assert_eq!(table.get(&key).unwrap().is_some(), key % 3 != 0);
        if key % 5 == 0 {
            assert_eq!(table.remove(&key).unwrap().is_some(), key % 3 != 0);
        }
    }
    let left: Vec<u64> = (0..1000).filter(|key| key % 3 != 0 && key % 5 != 0).collect();
    let found = programs.run("walk_ints", programs.table_task(0));
    assert_eq!((found.count, found.sum, found.wrong), (left.len() as u64, 3 * left.iter().sum::<u64>(), 0));
    // Updates in place.
    table.get(&1).unwrap().unwrap().value.store(-1);
    assert!(!table.insert(ArenaPtr::null(), 2, -1).unwrap());
    let found = programs.run("find_ints", programs.table_task(1000));
    assert_eq!((found.count, found.wrong), (left.len() as u64, 2));
    assert_eq!(programs.run("insert_ints", programs.table_task(3)).sum, 1, "key 0 is new");
    assert_eq!(programs.run("find_ints", programs.table_task(1000)).wrong, 0);
    table.clear();
    assert_eq!(programs.run("walk_ints", programs.table_task(0)).count, 0);
}

#[test]
fn a_program_inserts_nothing_into_a_list_that_it_could_not_look_through() {
    kernel::require!(ARENA);
    let programs = Programs::load(objects::ARENA_TABLE, ArenaFlags::default());
    let table = init(&programs, 1);
    assert_eq!(programs.run("insert_ints", programs.table_task(10)).sum, 10);
    // A circle that does not hold the key.
    let nodes: Vec<ArenaPtr<ListNode>> =
        table.iter().map(|entry| programs.arena.ptr_of(&entry.unwrap().node).unwrap()).collect();
    programs.arena.get(nodes[9]).unwrap().next.store(nodes[4]);
    let task = TableTask { elements: programs.arena.at(ELEMENTS + (1 << 20)), ..programs.table_task(11) };
    let found = programs.run("insert_ints", task);
    assert_eq!((found.sum, found.wrong), (0, 1), "ten are updated, one is not looked for to the end");
    // The mark of a removed element in the middle of a list does not end the list.
    programs.arena.get(nodes[9]).unwrap().next.store(ListNode::REMOVED.next);
    let found = programs.run("insert_ints", task);
    assert_eq!((found.sum, found.wrong), (0, 1));
    programs.arena.get(nodes[9]).unwrap().next.store(ArenaPtr::null());
    let found = programs.run("insert_ints", task);
    assert_eq!((found.sum, found.wrong, table.check().unwrap()), (1, 0, 11));
}

#[test]
fn keys_and_values_can_be_structs() {
    kernel::require!(ARENA);
    let programs = Programs::load(objects::ARENA_TABLE, ArenaFlags::default());
    let arena = &programs.arena;
    let table = ArenaHashMap::<Pair, Totals>::init(arena, arena.at(0), arena.at(BUCKETS), 1024).unwrap();
    assert_eq!(programs.run("insert_flows", programs.table_task(5000)).sum, 5000);
    for i in 0..5000 {
        let entry = table.get(&Pair::of(i)).unwrap().unwrap();
        assert_eq!((entry.value.packets.load(), entry.value.last.load()), (u64::from(i) << 32 | u64::from(i), i));
    }
    let mut slots = Region::<TableEntry<Pair, Totals>>::new(arena, arena.at(ELEMENTS + (1 << 20)), 5000).unwrap();
    for i in 5000..10_000 {
        let totals = Totals { packets: u64::from(i) << 32 | u64::from(i), last: i };
        assert!(table.insert(slots.take().unwrap(), Pair::of(i), totals).unwrap());
    }
    let found = programs.run("find_flows", programs.table_task(10_000));
    assert_eq!((found.count, found.sum, found.wrong), (10_000, 10_000 * 9999 / 2, 0));
    assert_eq!(table.check().unwrap(), 10_000);
}

/// Has programs insert values of `N` words, of zeros and of other numbers, and checks them from
/// here.
fn insert_values<W: MapValue + PartialEq + From<u8>, const N: usize>(programs: &Programs, name: &str, task: TableTask)
where
    [W; N]: MapValue + PartialEq,
{
    let arena = &programs.arena;
    let table = ArenaHashMap::<u32, [W; N]>::init(arena, arena.at(0), arena.at(BUCKETS), 16).unwrap();
    for (count, program) in [(3, "zeros"), (5, "numbers"), (5, "zeros")] {
        let is_new = u64::from(program == "numbers" || count == 3);
        let task = TableTask { count, elements: arena.at(ELEMENTS + 1024 * count), ..task };
        let done = programs.run(&format!("{name}_{program}"), task);
        assert_eq!((done.sum, done.wrong), (is_new, 0), "{name}_{program}");
        let key = u32::try_from(count).unwrap();
        let first = if program == "zeros" { 0 } else { u8::try_from(count).unwrap() };
        let value = arena.read(arena.ptr_of(table.get(&key).unwrap().unwrap()).unwrap()).unwrap().value;
        let expected = (0..N).map(|i| W::from(if first == 0 { 0 } else { first + u8::try_from(i).unwrap() }));
        assert!(value.into_iter().eq(expected), "{name}_{program}");
    }
    assert_eq!(table.check().unwrap(), 2);
}

/// Loads the programs whose values are structs of many sizes, and runs them.
fn values_of_all_sizes(object: &[u8]) {
    let programs = Programs::load(object, ArenaFlags::default());
    let arena = &programs.arena;
    let task = programs.table_task(1);
    // A table of zeros has no buckets: nothing is linked, and nothing is written.
    let absent = programs.run("of_16_numbers", TableTask { count: 7, ..task });
    assert_eq!((absent.sum, absent.wrong), (u64::MAX, 2), "-1, and not found");
    assert_eq!(programs.run("count_buckets", task).sum, 0);
    // Each of the head's two words alone.
    let head = arena.get(arena.at::<TableHead>(0)).unwrap();
    for (buckets, n) in [(arena.at(BUCKETS), 0), (arena.at(BUCKETS), -1), (ArenaPtr::null(), 16)] {
        head.buckets.store(buckets);
        head.n_buckets.store(n);
        assert_eq!(programs.run("of_16_numbers", TableTask { count: 7, ..task }).sum, u64::MAX);
        assert_eq!(programs.run("count_buckets", task).sum, 0);
    }
    assert!(arena.slice(arena.at::<u64>(64), 1 << 16).unwrap().iter().all(|word| word.load() == 0));

    insert_values::<u64, 1>(&programs, "of_8", task);
    insert_values::<u64, 2>(&programs, "of_16", task);
    insert_values::<u64, 8>(&programs, "of_64", task);
    insert_values::<u64, 16>(&programs, "of_128", task);
    insert_values::<u64, 32>(&programs, "of_256", task);
    insert_values::<u32, 16>(&programs, "of_u32", task);
    insert_values::<u16, 20>(&programs, "of_u16", task);
    insert_values::<u8, 40>(&programs, "of_u8", task);
    assert_eq!(programs.run("count_buckets", task).sum, 16);
    let table = ArenaHashMap::<u32, [u64; 2]>::init(arena, arena.at(0), arena.at(BUCKETS), 16).unwrap();
    let done = programs.run("pairs_of_zeros", TableTask { count: 9, ..task });
    let value = arena.read(arena.ptr_of(table.get(&9).unwrap().unwrap()).unwrap()).unwrap().value;
    assert_eq!((done.sum, value), (1, [0, 0]));
}

#[test]
fn values_are_structs_of_all_sizes() {
    kernel::require!(ARENA);
    values_of_all_sizes(objects::ARENA_VALUES);
}

#[test]
fn values_are_structs_of_all_sizes_with_the_newest_compiler() {
    kernel::require!(ARENA);
    c::require!(c::NEW_CLANG);
    values_of_all_sizes(&c::compile_program(c::NEW_CLANG, "arena_values.bpf.c"));
}

#[test]
fn lookups_beside_a_program_that_inserts_and_removes_find_what_belongs_to_the_key() {
    kernel::require!(ARENA);
    let programs = Programs::load(objects::ARENA_TABLE, ArenaFlags::default());
    let table = init(&programs, 16);
    let task = TableTask { sum: 10_000, ..programs.table_task(200) };
    let (found, absent, astray) = beside(&programs, "churn", task, || {
        let race = Race::of(duration());
        let (mut found, mut absent, mut astray) = (0_u64, 0_u64, 0_u64);
        while race.goes_on(found > 1000 && absent > 1000) {
            for key in 0..200 {
                match table.get(&key) {
                    // The memory of a key's element never holds another key here.
                    Ok(Some(entry)) => {
                        found += 1;
                        assert_eq!((entry.key.load(), entry.value.load()), (key, 3 * key));
                    }
                    Ok(None) => absent += 1,
                    Err(ListError::ElementRemoved { .. } | ListError::Cycle { .. }) => astray += 1,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        (found, absent, astray)
    });
    println!("{found} found, {absent} absent, {astray} astray");
    assert!(found > 1000 && absent > 1000, "{found} {absent}");
    let count = table.check().unwrap();
    assert_eq!(programs.run("walk_ints", task).count, count as u64);
}

/// The same struct as in `arena_table.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq)]
#[map_value(rename = "hashes")]
#[repr(C)]
struct Hashes {
    number: u64,
    text: [u8; 24],
    of_u32: u32,
    of_u64: u32,
    of_text: u32,
    of_9_bytes: u32,
}

#[test]
#[expect(clippy::cast_possible_truncation, reason = "it is the low half that is asked for")]
fn both_sides_have_the_same_hashes() {
    kernel::require!(ARENA);
    let programs = Programs::load(objects::ARENA_TABLE, ArenaFlags::default());
    let mut number = 1_u64;
    for round in 0..10_000_u64 {
        // A number of all bits, a number of few bits, and the text of a number.
        number = match round % 3 {
            0 => number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(round),
            1 => 1 << (round / 3 % 64),
            _ => round,
        };
        let mut text = [0; 24];
        let digits = format!("{number}");
        text[..digits.len()].copy_from_slice(digits.as_bytes());
        let hashes = programs.run("hash", Hashes { number, text, ..Hashes::default() });
        let expected = Hashes {
            of_u32: (number as u32).arena_hash(),
            of_u64: number.arena_hash(),
            of_text: text.arena_hash(),
            of_9_bytes: text.first_chunk::<9>().unwrap().arena_hash(),
            ..hashes
        };
        assert_eq!(hashes, expected);
    }
}

#[test]
fn the_types_are_those_of_the_programs() {
    let list = Btf::from_object(objects::ARENA_LIST).unwrap();
    list.check::<ListTask>("task").unwrap();
    list.check::<ListHead>("mv_list_head").unwrap();
    list.check::<ListNode>("mv_list_node").unwrap();
    list.check::<Number>("number").unwrap();
    list.check::<Flow>("flow").unwrap();
    let table = Btf::from_object(objects::ARENA_TABLE).unwrap();
    table.check::<TableTask>("task").unwrap();
    table.check::<TableHead>("mv_table").unwrap();
    table.check::<TableEntry<i32, i32>>("ints").unwrap();
    table.check::<TableEntry<Pair, Totals>>("flows").unwrap();
    table.check::<Hashes>("hashes").unwrap();
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[ListTask::LAYOUT, Flow::LAYOUT, TableTask::LAYOUT, Hashes::LAYOUT]);
    c::assert_meet_their_own_c(&[TableEntry::<Pair, Totals>::LAYOUT]);
}
