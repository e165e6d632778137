//! Shows an agent that reads events from a ring buffer: three kinds that a tag tells apart, one of
//! them with text of any length behind it. They are read in place, without `unsafe`.
//!
//! With the privilege (root, or `CAP_BPF`, `CAP_PERFMON` and `CAP_NET_ADMIN`) a BPF program sends
//! them. aya loads it, and it runs on our own packet by `BPF_PROG_TEST_RUN`; it is attached to
//! nothing. Without the privilege, or with `--memfd`, a thread sends them through a ring on a
//! memfd. The agent's own part is the same for both.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use aya::Ebpf;
use aya::maps::Map;
use aya::programs::{TestRun, TestRunOptions, Xdp};
use mapvalue::ring::{Record, RingProducer};
use mapvalue::{MapEvent, MapValue, Mapping, Ring, Var};
use mapvalue_examples::{Result, check, memfd_asked_for, no_bpf_reason, packet};

/// The tags: `enum kind` of `bpf/events.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Kind {
    Exec = 1,
    Args,
    Exit,
}

/// `struct exec`
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Exec {
    kind: Kind,
    pid: u32,
    at: u64,
}

/// `struct args`, before its text.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Args {
    kind: Kind,
    pid: u32,
    len: u32,
}

/// `struct exit`
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Exit {
    kind: Kind,
    pid: u32,
    code: i32,
}

/// What a record holds, by its tag.
#[derive(MapEvent, Debug)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = Kind::Exec)]
    Exec(Exec),
    #[map_event(tag = Kind::Args)]
    Args(Args),
    #[map_event(tag = Kind::Exit)]
    Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

/// `struct counters`: how many events the program sent, and how many found no room.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Counters {
    sent: u64,
    lost: u64,
}

const PROCESSES: u32 = 2000;

fn main() -> Result<()> {
    match load_program() {
        Ok(bpf) => {
            println!("A BPF program in the kernel sends the events.\n");
            let Some(Map::RingBuf(events)) = bpf.map("events") else { return Err("no ring buffer `events`".into()) };
            let mut ring = Ring::from_map(events.fd())?;
            let Some(Map::Array(counters)) = bpf.map("counters") else { return Err("no array `counters`".into()) };
            let counters: Var<Counters> = Mapping::from_map(counters.fd())?.var(0)?;
            let program: &Xdp = bpf.program("one_process").ok_or("no program `one_process`")?.try_into()?;
            agent(&mut ring, &counters, || run_program(program))
        }
        Err(error) => {
            let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
            println!("No BPF here ({reason}).\nA thread sends the events, on a memfd.\n");
            let mut ring = Ring::memfd(65536)?;
            let counters: Var<Counters> = Mapping::memfd(size_of::<Counters>())?.var(0)?;
            let producer = ring.producer()?;
            agent(&mut ring, &counters, || (0..PROCESSES).try_for_each(|_| one_process(&producer, &counters)))
        }
    }
}

/// What the agent knows of a process.
#[derive(Debug, Default)]
struct Process {
    args: String,
    at: Option<u64>,
    code: Option<i32>,
}

/// The agent. It knows only its ring, the program's counters, and a way to have events sent.
fn agent(ring: &mut Ring, counters: &Var<Counters>, send: impl FnOnce() -> Result<()> + Send) -> Result<()> {
    let gauge = ring.gauge();
    let is_over = AtomicBool::new(false);
    let (mut processes, mut count, mut most) = (BTreeMap::<u32, Process>::new(), 0, 0);
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let outcome = send();
            is_over.store(true, Ordering::Release);
            outcome
        });
        loop {
            // Before the last walk, so that it finds all that was sent.
            let last = is_over.load(Ordering::Acquire);
            if ring.wait(Duration::from_millis(if last { 0 } else { 10 }))? {
                most = most.max(gauge.available());
                for record in ring.records() {
                    look(&record?, &mut processes)?;
                    count += 1;
                }
            }
            if last {
                return sender.join().map_err(|_| "the sender panicked")?;
            }
        }
    })?;
    for (pid, process) in processes.iter().take(8) {
        println!("{pid}  {:>4}  {}", process.code.map_or("?".to_owned(), |code| code.to_string()), process.args);
    }
    let Counters { sent, lost } = counters.load();
    println!("..\n{count} events of {} processes, {lost} lost; {most} bytes behind at most", processes.len());
    check(count == sent && sent + lost == 3 * u64::from(PROCESSES), "each event that was sent is seen once")
}

/// One event: the tag says which.
fn look(record: &Record<'_>, processes: &mut BTreeMap<u32, Process>) -> Result<()> {
    match Event::view(record)? {
        EventView::Exec(exec) => processes.entry(exec.pid.load()).or_default().at = Some(exec.at.load()),
        EventView::Args(args) => {
            let text = args.text_first(args.len.load() as usize)?; // an error if the record is shorter
            processes.entry(args.pid.load()).or_default().args = text.to_string();
        }
        EventView::Exit(exit) => processes.entry(exit.pid.load()).or_default().code = Some(exit.code.load()),
        EventView::Other(tag, record) => println!("an event of another kind, {tag}: {} bytes", record.len()),
    }
    Ok(())
}

fn load_program() -> Result<Ebpf> {
    if memfd_asked_for() {
        return Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "not asked for").into());
    }
    let mut bpf = Ebpf::load(aya::include_bytes_aligned!("bpf/events.bpf.o"))?;
    let program: &mut Xdp = bpf.program_mut("one_process").ok_or("no program `one_process`")?.try_into()?;
    program.load()?;
    Ok(bpf)
}

fn run_program(program: &Xdp) -> Result<()> {
    let packet = packet(0);
    program.test_run(TestRunOptions { data_in: Some(&packet), repeat: PROCESSES, ..TestRunOptions::new() })?;
    Ok(())
}

/// Does what the program does, in its place.
fn one_process(producer: &RingProducer, counters: &Var<Counters>) -> Result<()> {
    let Counters { sent, lost } = counters.load();
    let pid = 1000 + u32::try_from((sent + lost) / 3)?;
    let words = &b"ls -l --color=never /usr/include"[..=pid as usize % 32];
    let head = Args { kind: Kind::Args, pid, len: u32::try_from(words.len())? };
    let count = |sent: bool| if sent { &counters.sent } else { &counters.lost }.fetch_add(1);
    count(producer.send(Exec { kind: Kind::Exec, pid, at: 0 }).is_ok());
    count(producer.output(&[&head.to_bytes(), words].concat()).is_ok());
    count(producer.send(Exit { kind: Kind::Exit, pid, code: i32::try_from(pid % 3)? - 1 }).is_ok());
    Ok(())
}
