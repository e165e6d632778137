//! `SeqCell` between Rust and BPF programs: whichever side writes, the other sees whole values.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mapvalue::{DataSection, MapValue, ReadOnly, SeqCell, Var};
use mapvalue_tests::c;
use mapvalue_tests::kernel::{self, Libbpf, Loader, objects};
use mapvalue_tests::race::{AtTheEnd, Race};

/// How long a program writes as fast as it can.
const RACE: Duration = Duration::from_secs(10);
/// How often a program runs in one system call.
const BATCH: u32 = 10_000;

/// The same struct as in `seq.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Words {
    word: [u64; 8],
}

impl Words {
    fn all(number: u64) -> Self {
        Self { word: [number; 8] }
    }

    fn is_whole(self) -> bool {
        self == Self::all(self.word[0])
    }
}

/// The same struct as in `seq.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Counts {
    written: u64,
    refused: u64,
    whole: u64,
    torn: u64,
    gave_up: u64,
}

fn globals(loaded: &impl Loader) -> DataSection {
    DataSection::from_map(loaded.map(".bss")).unwrap()
}

/// Runs `program` in batches while `work` goes on.
fn beside<R>(loaded: &impl Loader, program: &str, work: impl FnOnce() -> R) -> R {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let _done = AtTheEnd(|| done.store(true, Ordering::Relaxed));
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                loaded.run_repeatedly(program, BATCH);
            }
        });
        work()
    })
}

#[test]
fn no_snapshot_is_torn_while_a_program_writes_for_ten_seconds() {
    kernel::require!(FETCH);
    let loaded = Libbpf::load(objects::SEQ);
    let globals = globals(&loaded);
    let cell: Var<SeqCell<Words>, ReadOnly> = globals.var_ro("cell").unwrap();
    let bare: Var<Words, ReadOnly> = globals.var_ro("bare").unwrap();
    let counts: Var<Counts> = globals.var("counts").unwrap();

    // First show that this machine tears values without a protocol. Otherwise the rest proves
    // nothing.
    let mut torn = false;
    beside(&loaded, "write_bare", || {
        // Without a pause: on one CPU, this thread must lose the CPU in the middle of a load.
        let race = Race::of(Duration::ZERO);
        while race.goes_on(torn) {
            torn = (0..1000).any(|_| !bare.load().is_whole());
        }
    });
    assert!(torn, "no bare value was torn");

    let (mut whole, mut busy, mut changes, mut last) = (0u64, 0u64, 0u64, 0);
    beside(&loaded, "write", || {
        let race = Race::of(RACE);
        while race.goes_on(changes > 100) {
            for _ in 0..1000 {
                let Ok(words) = cell.read() else {
                    busy += 1;
                    continue;
                };
                assert!(words.is_whole(), "{words:?}");
                assert!(words.word[0] >= last, "from {last} back to {}", words.word[0]);
                changes += u64::from(words.word[0] != last);
                last = words.word[0];
                whole += 1;
            }
        }
    });
    let written = counts.written.load();
    println!("{written} writes, {whole} whole values read, {changes} different ones, busy {busy} times");
    // How often the cell is busy depends on what else runs. A program that loses its CPU in the
    // middle of a write leaves the cell busy until it runs again.
    assert!(changes > 100, "{changes} values of {written} were seen");
    assert_eq!(cell.read().unwrap(), Words::all(written), "each write has added one");
    assert_eq!(counts.refused.load(), 0);
}

#[test]
fn programs_read_whole_values_while_rust_writes() {
    kernel::require!(FETCH);
    assert_programs_read_whole_values(objects::SEQ);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn so_do_those_that_know_that_they_run_on_x86() {
    kernel::require!(FETCH);
    assert_programs_read_whole_values(objects::SEQ_X86);
}

fn assert_programs_read_whole_values(object: &[u8]) {
    let loaded = Libbpf::load(object);
    let globals = globals(&loaded);
    let cell: Var<SeqCell<Words>> = globals.var("cell").unwrap();
    let counts: Var<Counts> = globals.var("counts").unwrap();
    beside(&loaded, "read", || {
        let race = Race::of(Duration::from_secs(3));
        let mut number = 0;
        while race.goes_on(counts.whole.load() > 1000) {
            cell.write(Words::all(number)).unwrap();
            number += 1;
        }
    });
    let counts = counts.load();
    println!("{counts:?}");
    assert_eq!(counts.torn, 0);
    assert!(counts.whole > 1000, "{counts:?}");
}

#[test]
fn rust_and_a_program_take_turns_to_write() {
    kernel::require!(FETCH);
    let loaded = Libbpf::load(objects::SEQ);
    let globals = globals(&loaded);
    let cell: Var<SeqCell<Words>> = globals.var("cell").unwrap();
    let counts: Var<Counts> = globals.var("counts").unwrap();
    let mut mine = 0;
    beside(&loaded, "write", || {
        let race = Race::of(Duration::from_secs(2));
        while race.goes_on(mine > 1000 && counts.written.load() > 1000) {
            // The program's next write is one more than this.
            mine += u64::from(cell.write(Words::all(1 << 32)).is_ok());
            assert!(cell.read().map_or(true, Words::is_whole));
        }
    });
    let counts = counts.load();
    println!("{mine} writes by Rust, {counts:?}");
    assert!(mine > 1000 && counts.written > 1000, "{mine} {counts:?}");
    assert!(format!("{cell:?}").contains(&(2 * (mine + counts.written)).to_string()), "{cell:?}");
}

#[test]
fn what_a_program_leaves_half_written_is_busy_until_it_is_recovered() {
    kernel::require!(FETCH);
    let loaded = Libbpf::load(objects::SEQ);
    let half: Var<SeqCell<Words>> = globals(&loaded).var("half").unwrap();
    half.write(Words::all(5)).unwrap();
    assert_eq!(loaded.run("write_half"), 0);
    let busy = half.read().unwrap_err();
    assert_eq!(busy.sequence(), 3);
    assert_eq!(half.write(Words::all(6)), Err(busy));
    assert_eq!(loaded.run("write_half"), 1, "neither may a program write");
    assert!(half.recover(busy, Words::all(7)));
    assert_eq!(half.read(), Ok(Words::all(7)));
    assert_eq!(loaded.run("write_half"), 0, "as before");
}

#[test]
fn a_value_of_another_layout_is_found_when_the_cell_is_opened() {
    kernel::require!(FETCH);
    let loaded = Libbpf::load(objects::SEQ);
    let error = globals(&loaded).var::<SeqCell<[u64; 7]>>("cell").unwrap_err();
    assert!(error.to_string().contains("value"), "{error}");
    let error = globals(&loaded).var::<SeqCell<Words>>("bare").unwrap_err();
    assert!(error.to_string().contains("sequence"), "{error}");
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[SeqCell::<Words>::LAYOUT, Counts::LAYOUT]);
}
