//! `SeqCell` without a kernel: coherent snapshots between threads and processes, and writers that
//! die.

use std::env;
use std::os::fd::AsRawFd;
use std::process::{self, Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use mapvalue::{Busy, MapValue, Mapping, Mirror, ReadOnly, SeqCell, Slice, ValueError, Var};
use mapvalue_tests::again;
use mapvalue_tests::race::{AtTheEnd, Race, wait_until};

/// Long enough for a reader to meet a write half way.
type Words = [u64; 64];

fn cell() -> Var<SeqCell<Words>> {
    Mapping::memfd(4096).unwrap().var(0).unwrap()
}

/// The sequence number, which the interface does not give.
fn number(cell: &Var<SeqCell<Words>>) -> Var<u64> {
    cell.mapping().var(0).unwrap()
}

#[test]
fn zeroed_memory_is_a_cell_and_what_is_written_is_read() {
    let cell = cell();
    assert_eq!(cell.read(), Ok([0; 64]));
    cell.write([7; 64]).unwrap();
    assert_eq!(cell.read(), Ok([7; 64]));
    assert_eq!(number(&cell).load(), 2);
    let view: Var<SeqCell<Words>, ReadOnly> = cell.read_only();
    assert_eq!(view.read(), Ok([7; 64]));
    assert_eq!(format!("{view:?}"), "Var(SeqCell { sequence: 2, .. })");
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Config {
    live: bool,
    mode: Mode,
    limits: [u32; 3],
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Mode {
    Off = 1,
    On,
}

#[derive(MapValue)]
#[repr(C)]
struct Shared {
    generation: u32,
    configs: [SeqCell<Config>; 2],
    last: u32,
}

#[test]
fn cells_are_fields_and_elements_and_may_hold_enums() {
    assert_eq!(SeqCell::<Config>::LAYOUT.size(), 8 + 20 + 4);
    assert_eq!(Shared::LAYOUT.size(), 8 + 2 * 32 + 8);
    let shared: Var<Shared> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    let config = Config { live: true, mode: Mode::On, limits: [1, 2, 3] };
    shared.configs[1].write(config).unwrap();
    assert_eq!(shared.configs[1].try_read().unwrap(), config);
    // Zero is not one of the modes; the error says where in the value it is.
    match shared.configs[0].try_read() {
        Err(ValueError::InvalidValue(invalid)) => assert_eq!((invalid.value(), invalid.offset()), (0, 4)),
        other => panic!("{other:?}"),
    }
    let second: Var<SeqCell<Config>> = shared.project(|shared| &shared.configs[1]);
    assert_eq!(second.try_read().unwrap(), config);
    shared.last.store(9);
    assert_eq!(Mirror::try_load(&*shared.project(|shared| &shared.last)).unwrap(), 9);
}

#[test]
fn a_cell_that_somebody_is_writing_is_busy_and_nothing_is_changed() {
    let cell = cell();
    cell.write([7; 64]).unwrap();
    number(&cell).store(3);
    let busy = cell.read().unwrap_err();
    assert_eq!(busy.sequence(), 3);
    assert!(busy.to_string().contains("sequence number is 3"), "{busy}");
    assert_eq!(cell.write([8; 64]), Err(busy));
    assert!(matches!(cell.try_read(), Err(ValueError::Busy(same)) if same == busy));
    // The tries are bounded: this takes next to no time, unless the thread has to wait for a CPU.
    let time = |_| {
        let start = Instant::now();
        cell.read().unwrap_err();
        start.elapsed()
    };
    let best = (0..100).map(time).min().unwrap();
    assert!(best < Duration::from_millis(10), "{best:?}");
    number(&cell).store(4);
    assert_eq!(cell.read(), Ok([7; 64]), "the refused write has changed nothing");
}

#[test]
fn only_the_write_that_was_seen_to_be_stuck_is_recovered() {
    let cell = cell();
    let stuck = |at| -> Busy {
        number(&cell).store(at);
        cell.read().unwrap_err()
    };
    let busy = stuck(3);
    assert!(cell.recover(busy, [5; 64]));
    assert_eq!((cell.read(), number(&cell).load()), (Ok([5; 64]), 6));
    assert!(!cell.recover(busy, [6; 64]), "it is whole");
    assert_eq!(cell.read(), Ok([5; 64]));

    let busy = stuck(9);
    number(&cell).store(11);
    assert!(!cell.recover(busy, [6; 64]), "another write than the one that was seen");
    assert_eq!(number(&cell).load(), 11);

    // The number may wrap around.
    assert!(cell.recover(stuck(u64::MAX), [8; 64]));
    assert_eq!((cell.read(), number(&cell).load()), (Ok([8; 64]), 2));
}

#[test]
fn readers_beside_two_writers_get_whole_values_in_their_order() {
    let cell = cell();
    let done = AtomicBool::new(false);
    let written: u64 = thread::scope(|scope| {
        let writer = |parity: u64| {
            let (cell, done) = (cell.clone(), &done);
            move || {
                let mut written = 0;
                while !done.load(Relaxed) {
                    let value = 2 * written + parity;
                    written += u64::from(cell.write([value; 64]).is_ok());
                    if written % 16 == 0 {
                        // Beside writers that never pause, readers find the cell busy nearly all
                        // the time.
                        thread::sleep(Duration::from_micros(50));
                    }
                }
                written
            }
        };
        let writers = [scope.spawn(writer(0)), scope.spawn(writer(1))];
        // The reader ends the writers, once it has seen enough of both outcomes.
        let end = AtTheEnd(|| done.store(true, Relaxed));
        let view = cell.read_only();
        let mut last = [0, 0];
        let mut whole = 0u64;
        let race = Race::of(Duration::from_secs(1));
        while race.goes_on(whole > 100 && last.iter().all(|last| *last > 0)) {
            let Ok(words) = view.read() else { continue };
            assert_eq!(words, [words[0]; 64]);
            let [number, parity] = [words[0] / 2, words[0] % 2];
            let last = &mut last[usize::try_from(parity).unwrap()];
            assert!(number >= *last, "a writer's own values come in order");
            *last = number;
            whole += 1;
        }
        assert!(whole > 100 && last.iter().all(|last| *last > 0), "{whole} whole values, the last are {last:?}");
        drop(end);
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(number(&cell).load(), 2 * written, "each write that was done is counted");
}

/// A value so long that most of the time a write is under way.
type Table = [u64; 2048];
const TABLE: usize = size_of::<SeqCell<Table>>();

/// The environment variable that gives `the_other_process` the place of the memory.
const OTHER: &str = "MAPVALUE_TEST_SEQ_PROCESS";

/// Starts this program again, to run only `the_other_process`.
fn start_writer(mapping: &Mapping) -> Child {
    let fd = mapping.fd().unwrap().as_raw_fd();
    let mut command = again(the_other_process);
    command.env(OTHER, format!("/proc/{}/fd/{fd}", process::id())).stdout(Stdio::null());
    command.spawn().unwrap()
}

#[test]
#[ignore = "it is the second process of the test below"]
fn the_other_process() {
    let Ok(path) = env::var(OTHER) else { return };
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let mapping = Mapping::from_memfd(&file).unwrap();
    let table: Var<SeqCell<Table>> = mapping.var(0).unwrap();
    let values: Vec<Box<Table>> = (1..=2).map(|value| vec![value; 2048].try_into().unwrap()).collect();
    // So that it ends if the first process dies.
    let race = Race::of(Duration::ZERO);
    for value in values.iter().cycle().take_while(|_| race.goes_on(false)) {
        let _ = table.write(**value);
    }
}

#[test]
fn a_writer_that_is_killed_half_way_is_seen_as_busy_until_the_cell_is_recovered() {
    let mapping: Arc<Mapping> = Mapping::memfd(TABLE).unwrap();
    let table: Var<SeqCell<Table>> = mapping.var(0).unwrap();
    let words: Slice<u64> = mapping.slice(8, 2048).unwrap();
    let sequence: Var<u64> = mapping.var(0).unwrap();
    // Kill writers until one dies in the middle of a write.
    let mut killed = 0;
    loop {
        let before = sequence.load();
        let mut writer = start_writer(&mapping);
        wait_until("it to write", || sequence.load() >= before + 10);
        writer.kill().unwrap();
        writer.wait().unwrap();
        killed += 1;
        let Err(busy) = table.read() else {
            assert!(killed < 200, "none was met half way");
            continue;
        };
        assert_eq!(busy.sequence() % 2, 1);
        assert_eq!(table.write([3; 2048]), Err(busy));
        println!("writer {killed} died with {} of 2048 words written", {
            let first = words[0].load();
            words.iter().take_while(|word| word.load() == first).count()
        });
        assert!(table.recover(busy, [4; 2048]));
        assert_eq!(table.read().unwrap(), [4; 2048]);
        table.write([5; 2048]).unwrap();
        assert_eq!(table.read().unwrap(), [5; 2048]);
        break;
    }
}
