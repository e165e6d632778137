//! mapvalue beside its peers, in one run and on the same memory: raw pointers, vm-memory, zerocopy,
//! aya, libbpf-rs and mimalloc.
//!
//! ```text
//! cargo bench -p mapvalue-tests --bench peers                # all rows
//! cargo bench -p mapvalue-tests --bench peers -- copy scan   # rows whose names hold one of these
//! cargo bench -p mapvalue-tests --bench peers -- --publish   # and write the figures into `docs`
//! ```
//!
//! Ends with a table, and with a line `ratio NAME VALUE TARGET ok|short` for each row, where VALUE
//! = ours / theirs: smaller is better. The figures, and what they were measured on, go to
//! `peers.json` and `peers.svg` in the target directory.
//!
//! As root, the memory is that of BPF array maps. Otherwise it is that of memfds, and the rows that
//! need a map say `skipped`. `docs/performance.md` says what each row means.

#[path = "peers/arenas.rs"]
mod arenas;
#[path = "peers/bulk.rs"]
mod bulk;
#[path = "peers/harness.rs"]
mod harness;
#[path = "peers/machine.rs"]
mod machine;
#[path = "peers/memory.rs"]
mod memory;
#[path = "peers/objects.rs"]
mod objects;
#[path = "peers/picture.rs"]
mod picture;
#[path = "peers/publish.rs"]
mod publish;
#[path = "peers/report.rs"]
mod report;
#[path = "peers/rings.rs"]
mod rings;
#[path = "peers/rows.rs"]
mod rows;
#[path = "peers/single.rs"]
mod single;
#[path = "peers/sparse.rs"]
mod sparse;
#[path = "peers/sweep.rs"]
mod sweep;
#[path = "peers/system_calls.rs"]
mod system_calls;

use std::process::ExitCode;

use machine::Machine;
use memory::{Kind, Memory};
use report::{Report, Result};

/// The command line's arguments.
#[derive(Default)]
struct Arguments {
    publish: bool,
    /// Parts of the names of the rows to run. Empty runs all.
    words: Vec<String>,
}

impl Arguments {
    fn read() -> Self {
        let mut arguments = Self::default();
        for argument in std::env::args().skip(1) {
            match argument.as_str() {
                // Added by cargo.
                "--bench" => {}
                "--publish" => arguments.publish = true,
                _ => arguments.words.push(argument),
            }
        }
        arguments
    }

    fn wants(&self, row: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| row.contains(word.as_str()))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let memory = Memory::new();
    let machine = Machine::describe(memory.kind());
    println!("{machine}");
    let wanted = rows::ROWS.iter().filter(|row| arguments.wants(row.name));
    let report = Report { machine, results: wanted.map(|row| Result::of(row, &memory)).collect() };
    let whole = report.results.len() == rows::ROWS.len();
    let publishable = whole && memory.kind() == Kind::Maps;
    if whole {
        publish::to_target(&report);
    }
    if publishable && arguments.publish {
        publish::to_docs(&report);
    }
    report.print();
    match () {
        () if report.results.is_empty() => {
            fail(&format!("no row has a name that holds {}", arguments.words.join(" or ")))
        }
        () if arguments.publish && !publishable => fail("nothing was published: that takes all rows, on BPF maps"),
        () => ExitCode::SUCCESS,
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
