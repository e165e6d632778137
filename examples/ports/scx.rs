//! The global variables of BPF programs that the agents of `sched_ext` schedulers use, without
//! `unsafe`.
//!
//! - Counters in `.bss` are read while programs count.
//! - Knobs in `.data` are single fields in an array of structs. Each is one store of its own width.
//!   The counts that programs add to the fields beside it are not lost, as they are if a struct is
//!   copied, changed and written back.
//! - The record of how a scheduler ended has a `kind` that is stored last, with release, and
//!   observed with acquire. Its messages are `char` arrays, which need not be terminated, nor be
//!   text.
//!
//! All variables are found by name, and their C types are checked against ours.
//!
//! The other side is the BPF programs of `bpf/scx.bpf.c`, loaded by libbpf-rs (`--features libbpf`,
//! as root), which treat these variables like a scheduler. Otherwise, or with `--memfd`, it is a
//! thread with the same variables in a memfd.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mapvalue::{Btf, CharArray, DataSection, MapValue, Mapping, Mirror, ReadOnly, Slice, Var};
use mapvalue_examples::{Result, check};

/// `struct stats` of `bpf/scx.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug)]
#[map_value(rename = "stats")]
#[repr(C)]
struct Stats {
    enqueued: u64,
    expedited: u64,
}

/// `struct layer`: we set the first two fields, and the other side counts in the others.
#[derive(MapValue, Clone, Copy, Debug)]
#[map_value(rename = "layer")]
#[repr(C)]
struct Layer {
    slice_ns: u64,
    weight: u32,
    running: u32,
    enqueued: u64,
    given_ns: u64,
}

/// `struct exit_info`.
#[derive(MapValue, Clone, Copy, Debug)]
#[map_value(rename = "exit_info")]
#[repr(C)]
struct ExitInfo {
    /// Stored last.
    kind: ExitKind,
    exit_code: i64,
    reason: CharArray<128>,
    msg: CharArray<1024>,
}

/// Some variants of the kernel's `enum scx_exit_kind`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(i32)]
enum ExitKind {
    None = 0,
    Unregistered = 64,
    Error = 1024,
    ErrorOfProgram = 1025,
    ErrorStall = 1026,
}

/// The content of a packet: `struct task`.
#[derive(MapValue, Clone, Copy, Debug, Default)]
#[repr(C)]
struct Task {
    layer: u32,
    cpu: u32,
    waited_ms: u64,
    garbled: u32,
}

static OBJECT: &[u8] = aya::include_bytes_aligned!("../bpf/scx.bpf.o");

/// Layers in use.
const LAYERS: usize = 4;

/// The slices that are set in turn. They differ in both halves.
const SLICES: [u64; 2] = [5_000_000_000, 20_000_000_001];

/// The programs.
trait OtherSide: Sync {
    fn section(&self, name: &str) -> Result<DataSection>;
    fn enqueue(&self, task: Task, times: u32) -> Result<()>;
    fn end(&self, task: Task) -> Result<()>;
}

fn main() -> Result<()> {
    #[cfg(feature = "libbpf")]
    if let Some(programs) = mapvalue_examples::programs::Programs::load(OBJECT, |_| Ok(()))? {
        println!("The other side is BPF programs in the kernel.\n");
        return Agent::open(&programs)?.run(&programs);
    }
    println!("The other side is a thread, on memfds.\n");
    let memfds = Memfds::new()?;
    Agent::open(&memfds)?.run(&memfds)
}

/// The agent. Its handles are its own and outlive the loader of the programs.
struct Agent {
    stats: Var<Stats, ReadOnly>,
    layers: Slice<Layer>,
    exit: Var<ExitInfo>,
    /// The slice of the last layer in use, found by its path.
    last_slice: Var<u64>,
}

impl Agent {
    fn open(other_side: &impl OtherSide) -> Result<Self> {
        let (bss, data) = (other_side.section(".bss")?, other_side.section(".data")?);
        Ok(Self {
            stats: bss.var_ro("stats")?,
            layers: data.slice("layers")?,
            exit: data.var("uei")?,
            last_slice: data.var(&format!("layers[{}].slice_ns", LAYERS - 1))?,
        })
    }

    fn run(&self, other_side: &impl OtherSide) -> Result<()> {
        for layer in &self.layers[..LAYERS] {
            layer.slice_ns.store(SLICES[0]);
            layer.weight.store(100);
        }
        let enough = AtomicBool::new(false);
        let enqueued = thread::scope(|scope| -> Result<u64> {
            // The other side ends when this does, in whatever way.
            let set_at_end = SetAtEnd(&enough);
            let scheduling = scope.spawn(|| schedule(other_side, &enough));
            // Runs until both sides have made progress, in turns.
            let (mut turns, mut tuned, mut seen) = (0, 0, 0);
            while turns < 20 && !scheduling.is_finished() {
                for n in 0..100 {
                    self.tune(tuned + n);
                }
                tuned += 100;
                let now = self.stats.enqueued.load();
                check(now >= seen, "a counter never goes backwards")?;
                turns += u32::from(now > seen);
                seen = now;
            }
            drop(set_at_end);
            let enqueued = loop {
                let over = scheduling.is_finished();
                if self.exit.kind.try_load_acquire()? != ExitKind::None {
                    break scheduling.join().map_err(|_| "the other side has failed")??;
                }
                if over {
                    scheduling.join().map_err(|_| "the other side has failed")??;
                    return Err("the other side has ended without an error".into());
                }
                thread::yield_now();
            };
            println!("Knobs were turned {tuned} times while {enqueued} tasks were enqueued.");
            Ok(enqueued)
        })?;
        self.check_counts(enqueued)?;
        self.check_knob(other_side)?;
        self.report("runnable task stall", "layer 3: a task on CPU 1 waited for 30000 ms")?;

        // A record whose message is neither terminated nor text, as a failing program may leave it.
        self.exit.kind.store(ExitKind::None);
        other_side.end(Task { garbled: 1, ..Task::default() })?;
        self.report("runnable task stall", &"\u{fffd}".repeat(1024))
    }

    /// Turns the knobs of a layer, and leaves the fields beside them alone.
    fn tune(&self, n: usize) {
        let layer = n % LAYERS;
        let slice_ns = SLICES[n / LAYERS % 2];
        if layer == LAYERS - 1 {
            self.last_slice.store(slice_ns);
        } else {
            self.layers[layer].slice_ns.store(slice_ns);
        }
        self.layers[layer].weight.store(if n.is_multiple_of(3) { 100 } else { 200 });
    }

    /// Checks that no count was lost to a knob beside it.
    fn check_counts(&self, enqueued: u64) -> Result<()> {
        let stats = self.stats.load();
        check(stats.enqueued == enqueued, "every enqueued task was counted")?;
        for (n, layer) in self.layers.iter().map(Mirror::load).enumerate() {
            let expected = if n < LAYERS { enqueued / LAYERS as u64 } else { 0 };
            check(
                layer.enqueued == expected && u64::from(layer.running) == expected,
                "each layer has counted its own",
            )?;
            // Some got the shorter slice and the rest the longer one. A mix of two halves would not
            // add up.
            let [short, long] = SLICES;
            let more =
                layer.given_ns.checked_sub(expected * short).ok_or("a slice was shorter than all that were set")?;
            check(
                more.is_multiple_of(long - short) && more / (long - short) <= expected,
                "each slice was one that was set",
            )?;
            if n < LAYERS {
                println!("layer {n}: {layer:?}");
            }
        }
        Ok(())
    }

    /// Checks that tasks enqueued after a knob was turned obey it.
    fn check_knob(&self, other_side: &impl OtherSide) -> Result<()> {
        for (weight, expedited) in [(100, 0), (101, 50), (100, 0)] {
            let before = self.stats.expedited.load();
            self.layers[1].weight.store(weight);
            other_side.enqueue(Task { layer: 1, ..Task::default() }, 50)?;
            check(self.stats.expedited.load() - before == expedited, "a weight is obeyed from the next task on")?;
        }
        Ok(())
    }

    /// Prints and checks how it ended.
    fn report(&self, reason: &str, msg: &str) -> Result<()> {
        let exit = self.exit.try_load()?;
        let (found_reason, found_msg) = (exit.reason.to_str_lossy(), exit.msg.to_str_lossy());
        let short: String = found_msg.chars().take(60).collect();
        println!("EXIT: {:?} ({}): {found_reason}: {short}", exit.kind, exit.exit_code);
        check(exit.kind == ExitKind::ErrorStall && exit.exit_code == -62, "the kind and the code are there")?;
        check(found_reason == reason && found_msg == msg, "the whole record is there when its kind is")
    }
}

/// Says that it is enough when this is dropped.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Enqueues tasks until it is enough, and ends with a stall. Returns the number of tasks.
fn schedule(other_side: &impl OtherSide, enough: &AtomicBool) -> Result<u64> {
    let mut enqueued = 0;
    while !enough.load(Ordering::Relaxed) {
        for layer in 0..u32::try_from(LAYERS)? {
            other_side.enqueue(Task { layer, ..Task::default() }, 1000)?;
            enqueued += 1000;
        }
    }
    other_side.end(Task { layer: 3, cpu: 1, waited_ms: 30_000, garbled: 0 })?;
    Ok(enqueued)
}

/// The work of the BPF programs, in Rust, through its own handles.
struct Memfds {
    bss: DataSection,
    data: DataSection,
    stats: Var<Stats>,
    layers: Slice<Layer>,
    exit: Var<ExitInfo>,
}

impl Memfds {
    fn new() -> Result<Self> {
        // The object has the places of its variables. It need not be loaded for that.
        let btf = Btf::from_object(OBJECT)?;
        let section = |name| DataSection::with_btf(&Mapping::memfd(8192)?, &btf, name);
        let (bss, data) = (section(".bss")?, section(".data")?);
        Ok(Self { stats: bss.var("stats")?, layers: data.slice("layers")?, exit: data.var("uei")?, bss, data })
    }
}

impl OtherSide for Memfds {
    fn section(&self, name: &str) -> Result<DataSection> {
        Ok(if name == ".bss" { self.bss.clone() } else { self.data.clone() })
    }

    fn enqueue(&self, task: Task, times: u32) -> Result<()> {
        let layer = self.layers.get(task.layer as usize).ok_or("no such layer")?;
        for _ in 0..times {
            self.stats.enqueued.fetch_add(1);
            if layer.weight.load() > 100 {
                self.stats.expedited.fetch_add(1);
            }
            layer.running.fetch_add(1);
            layer.enqueued.fetch_add(1);
            layer.given_ns.fetch_add(layer.slice_ns.load());
        }
        Ok(())
    }

    fn end(&self, task: Task) -> Result<()> {
        let Task { layer, cpu, waited_ms, garbled } = task;
        let message = format!("layer {layer}: a task on CPU {cpu} waited for {waited_ms} ms");
        self.exit.reason.store("runnable task stall".parse()?);
        self.exit.msg.store(if garbled == 0 { message.parse()? } else { CharArray::from_array([0xff; 1024]) });
        self.exit.exit_code.store(-62);
        self.exit.kind.store_release(ExitKind::ErrorStall);
        Ok(())
    }
}

#[cfg(feature = "libbpf")]
mod kernel {
    use mapvalue_examples::programs::Programs;

    use super::{DataSection, MapValue, OtherSide, Result, Task, check};

    impl OtherSide for Programs {
        fn section(&self, name: &str) -> Result<DataSection> {
            Ok(DataSection::from_map(self.map(name)?)?)
        }

        fn enqueue(&self, task: Task, times: u32) -> Result<()> {
            run(self, "enqueue", task, times)
        }

        fn end(&self, task: Task) -> Result<()> {
            run(self, "end", task, 1)
        }
    }

    fn run(programs: &Programs, program: &str, task: Task, times: u32) -> Result<()> {
        let mut packet = [0; 64];
        task.write_bytes(&mut packet[..size_of::<Task>()])?;
        check(programs.run(program, &packet, times)? == 2, "the program lets the packet pass")
    }
}
