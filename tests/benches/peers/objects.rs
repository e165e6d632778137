//! Rows of objects in an arena: beside mimalloc, beside objects that the kernel allocates for BPF
//! programs, and between programs and Rust.

use std::hint::black_box;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Scope};

use libbpf_rs::{MapCore, MapFlags};
use libmimalloc_sys::{mi_free, mi_malloc};
use mapvalue::arena::{Allocator, Config};
use mapvalue::{Arena, ArenaFlags, DataSection, Kptr, Local, MapValue, Mapping, Mirror, Storable, Var};
use mapvalue_tests::cpus::pin;
use mapvalue_tests::kernel::{Libbpf, Loader, objects};

use crate::harness::{OPERATIONS, OURS, Side, THEIRS, compare, repeat};
use crate::memory::{Memory, Record};
use crate::rows::Outcome;

const CAPACITY: u32 = 100_000;
/// Rounds of [`OPERATIONS`] that a thread makes at a time. They take milliseconds, so the time to
/// wake the thread does not matter.
const ROUNDS: u32 = 64;
/// Objects that a program makes or frees at a time, as in `alloc_speed.bpf.c`.
const MANY: usize = 1024;

fn allocator(arena: &Arena, capacity: u32) -> Allocator {
    let config = Config { value_size: size_of::<Record>(), capacity, ..Config::default() };
    Allocator::create(arena, config).expect("an arena that is large enough")
}

/// An arena with an allocator for [`CAPACITY`] records. It is of the kernel, or of a memfd where
/// the kernel makes none.
fn arena(memory: &Memory) -> (Arena, Allocator) {
    const PAGES: u64 = 2048;
    let arena = match memory.maps() {
        Ok(_) => Arena::create(PAGES, ArenaFlags::default()),
        Err(_) => Arena::memfd(PAGES),
    };
    let arena = arena.expect("make an arena");
    let allocator = allocator(&arena, CAPACITY);
    (arena, allocator)
}

#[inline(never)]
fn ours_pairs(records: &Allocator, value: Record) {
    repeat::<OURS>(|| {
        let record = records.alloc(black_box(value)).expect("a free slot");
        black_box(&*record);
    });
}

#[inline(never)]
fn mimalloc_pairs(value: Record) {
    repeat::<THEIRS>(|| {
        let place = mi_malloc_record();
        // SAFETY: the memory is large enough for a record, ours alone, and aligned to 16 bytes.
        unsafe { place.write(black_box(value)) };
        // SAFETY: mimalloc allocated it, and it is not used afterwards.
        unsafe { mi_free(black_box(place).cast()) };
    });
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it is a call")]
fn mi_malloc_record() -> *mut Record {
    // SAFETY: the call only takes a number.
    let place = unsafe { mi_malloc(size_of::<Record>()) };
    assert!(!place.is_null(), "no memory");
    place.cast()
}

pub(crate) fn pair(memory: &Memory) -> Outcome {
    let (_arena, records) = arena(memory);
    let value = Record::of(7);
    assert_eq!(records.alloc(value).expect("a free slot").load(), value);
    let ours = Side::new(OPERATIONS, || ours_pairs(black_box(&records), value));
    let theirs = Side::new(OPERATIONS, || mimalloc_pairs(value));
    let outcome = Outcome::Timed(compare(ours, theirs));
    assert_eq!((records.stats().live, records.stats().failed), (0, 0));
    outcome
}

/// A thread on a CPU of its own. It makes objects and frees them when told to.
struct Worker {
    go: Sender<()>,
    done: Receiver<()>,
}

impl Worker {
    fn start<'scope>(scope: &'scope Scope<'scope, '_>, cpu: usize, records: &'scope Allocator) -> Self {
        let ((go, gone), (doing, done)) = (channel::<()>(), channel());
        scope.spawn(move || {
            pin(cpu);
            // Ends when the worker is dropped.
            while gone.recv().is_ok() {
                (0..ROUNDS).for_each(|_| ours_pairs(records, Record::of(7)));
                if doing.send(()).is_err() {
                    return;
                }
            }
        });
        Self { go, done }
    }

    fn go(&self) {
        self.go.send(()).expect("a worker that waits");
    }

    fn wait(&self) {
        self.done.recv().expect("a worker that works");
    }
}

pub(crate) fn two_threads(memory: &Memory) -> Outcome {
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        return Outcome::Skipped("there is one CPU".to_owned());
    }
    let (_arena, records) = arena(memory);
    thread::scope(|scope| {
        let workers = [0, 1].map(|cpu| Worker::start(scope, cpu, &records));
        let both = Side::new(2 * ROUNDS * OPERATIONS, || {
            workers.iter().for_each(Worker::go);
            workers.iter().for_each(Worker::wait);
        });
        let one = Side::new(ROUNDS * OPERATIONS, || {
            workers[0].go();
            workers[0].wait();
        });
        let timing = compare(both, one);
        drop(workers);
        Outcome::Timed(timing)
    })
}

/// The programs, their allocator, and the fields that hand objects over.
struct Programs {
    loaded: Libbpf,
    records: Allocator,
    handed: Var<Handed>,
}

#[derive(MapValue)]
#[repr(C)]
struct Handed {
    record: [Kptr<Record, Local>; MANY],
}

impl Programs {
    fn load() -> Self {
        let arena = Arena::create(256, ArenaFlags::default()).expect("make an arena");
        let fd = arena.fd().expect("an arena of the kernel");
        let loaded = Libbpf::load_with(objects::ALLOC_SPEED, "arena", |mut map| map.reuse_fd(fd).expect("our arena"));
        let records = allocator(&arena, 10_000);
        let globals = DataSection::from_map(loaded.map(".bss")).expect("the globals of the programs");
        set(&globals, "alloc_address", records.as_ptr().address());
        set(&globals, "record_type_id", Record::LAYOUT.type_id());
        let mapping = Mapping::from_map(loaded.map("handed")).expect("a map that can be mapped");
        Self { records, handed: mapping.var(0).expect("a value"), loaded }
    }

    fn run(&self, program: &str) {
        assert_eq!(self.loaded.run(program), 0, "`{program}` failed at times");
    }

    /// Compares two kinds of program runs, each with [`MANY`] objects, for one row.
    fn compare(memory: &Memory, ours: impl Fn(&Self), theirs: impl Fn(&Self)) -> Outcome {
        if let Err(reason) = memory.maps() {
            return Outcome::Skipped(reason.to_owned());
        }
        let programs = Self::load();
        let operations = u32::try_from(MANY).expect("a small number");
        let timing = compare(Side::new(operations, || ours(&programs)), Side::new(operations, || theirs(&programs)));
        assert_eq!((programs.records.stats().live, programs.records.stats().failed), (0, 0));
        Outcome::Timed(timing)
    }
}

fn set<T: Storable>(globals: &DataSection, name: &str, value: T) {
    globals.var::<T>(name).expect("a variable of the programs").store(value);
}

pub(crate) fn pair_in_bpf(memory: &Memory) -> Outcome {
    Programs::compare(memory, |programs| programs.run("pairs"), |programs| programs.run("kernel_pairs"))
}

pub(crate) fn to_rust(memory: &Memory) -> Outcome {
    let ours = |programs: &Programs| {
        programs.run("make_many");
        for (i, field) in (0..).zip(&programs.handed.record) {
            let record = programs.records.claim(field.take()).expect("an object of the program");
            assert_eq!(record.owner.load(), i);
        }
    };
    let theirs = |programs: &Programs| {
        programs.run("push_many");
        let queue = programs.loaded.map("queue");
        for i in 0..MANY as u64 {
            let record = queue.lookup_and_delete(&[]).expect("takes it").expect("one of many");
            assert_eq!(record[56..], i.to_ne_bytes());
        }
    };
    Programs::compare(memory, ours, theirs)
}

pub(crate) fn to_bpf(memory: &Memory) -> Outcome {
    let ours = |programs: &Programs| {
        for (i, field) in (0..).zip(&programs.handed.record) {
            let record = programs.records.alloc(Record { owner: i, ..Record::default() }).expect("a free slot");
            assert!(field.replace(record.into_kptr()).is_null());
        }
        programs.run("free_many");
    };
    let theirs = |programs: &Programs| {
        let queue = programs.loaded.map("queue");
        for i in 0..MANY as u64 {
            let record = Record { owner: i, ..Record::default() };
            queue.update(&[], &record.to_bytes(), MapFlags::ANY).expect("puts it there");
        }
        programs.run("pop_many");
    };
    Programs::compare(memory, ours, theirs)
}

pub(crate) fn memory(memory: &Memory) -> Outcome {
    let (arena, records) = arena(memory);
    let all: Vec<_> = (0..CAPACITY).map(|i| records.alloc(Record::of(i.into())).expect("a free slot")).collect();
    assert!(records.alloc(Record::of(0)).is_err(), "there is room for no more");
    let page = f64::from(u32::try_from(arena.page_size()).expect("a small number"));
    let pages = u32::try_from(arena.resident_pages().expect("the kernel tells")).expect("a small number");
    let bytes = f64::from(CAPACITY) * 80.0 * 1.02;
    drop(all);
    Outcome::Counted {
        ours: pages.into(),
        theirs: (bytes / page).floor(),
        note: "16 bytes an object more than its own".to_owned(),
    }
}
