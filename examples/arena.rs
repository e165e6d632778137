//! Shows a hash table and lists in an arena that both sides change: flows by source address.
//!
//! We create the table and fill a list with elements for it. The other side counts packets: it
//! takes elements from the list and inserts them. We look flows up, sum them, insert one, remove
//! one, and see the other side go on counting. Then it moves the finished flows to another list,
//! which we report and give back.
//!
//! The other side is the BPF programs of `bpf/arena.bpf.c`, with the C half of the structures,
//! `mapvalue/arena.bpf.h`. They run on our own packets by `BPF_PROG_TEST_RUN` and are attached to
//! nothing. aya loads them; with `--features libbpf` (which needs libelf and zlib with their
//! headers) libbpf-rs does so as well. Without the privilege for that, the other side is a thread
//! on a memfd.
//!
//! One side writes at a time: here, we wait for the other side whenever it works.

#![forbid(unsafe_code)]

use std::mem::offset_of;
use std::net::Ipv4Addr;
use std::thread;

use aya::programs::{TestRun, TestRunOptions, Xdp};
use mapvalue::arena::{ListHead, Region, Slots, TableEntry, TableHead};
use mapvalue::{Arena, ArenaHashMap, ArenaList, ArenaPtr, Btf, MapValue, Var};
use mapvalue_examples::{Result, check, has_arenas, no_bpf_reason, packet};

/// An element of the table: `struct flow` of `bpf/arena.bpf.c`.
type Flow = TableEntry<Source, u64>;
/// Packets by their source address, as C sees it in a packet.
type FlowTable = ArenaHashMap<Source, u64>;
/// Flows that are in no table. (An element has one node, so it is in a table or in a list.)
type FlowList = ArenaList<Flow, { offset_of!(Flow, node) }>;
type Source = u32;

/// What both sides share: `struct root` of `bpf/arena.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug)]
#[map_value(rename = "root")]
#[repr(C)]
struct Root {
    flows: TableHead,
    unused: ListHead,
    expired: ListHead,
    uncounted: u64,
    threshold: u64,
}

/// The place that both sides have agreed on.
const ROOT: u64 = 0x1000;
const BUCKETS: u64 = 0x2000;
const FLOWS: u64 = 0x3000;

const PAGES: u64 = 16;
const BUCKET_COUNT: u32 = 64;
const FLOW_COUNT: usize = 100;

static OBJECT: &[u8] = aya::include_bytes_aligned!("bpf/arena.bpf.o");

/// The other side: runs a step, with an address where the step takes one.
type OtherSide<'a> = dyn FnMut(Task) -> Result<()> + 'a;

#[derive(Clone, Copy)]
enum Task {
    /// Count a packet from this address.
    Count(Source),
    /// Move flows with fewer packets than `threshold` to `expired`.
    Expire,
}

fn main() -> Result<()> {
    if let Err(error) = with_aya() {
        let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
        println!("No BPF here ({reason}).\nThe other side is a thread, on a memfd.\n");
        return with_thread();
    }
    #[cfg(feature = "libbpf")]
    with_libbpf()?;
    Ok(())
}

/// The structures that we have set up.
struct Agent {
    arena: Arena,
    root: Var<Root>,
    flows: FlowTable,
    unused: FlowList,
    expired: FlowList,
}

impl Agent {
    fn new(arena: &Arena) -> Result<Self> {
        let root: Var<Root> = arena.var(arena.at(ROOT))?;
        let flows = FlowTable::init(arena, arena.ptr_of(&root.flows)?, arena.at(BUCKETS), BUCKET_COUNT)?;
        let unused = FlowList::open(arena, arena.ptr_of(&root.unused)?)?;
        let expired = FlowList::open(arena, arena.ptr_of(&root.expired)?)?;
        let mut memory = Region::new(arena, arena.at(FLOWS), FLOW_COUNT)?;
        for _ in 0..FLOW_COUNT {
            unused.push_front(memory.take()?)?;
        }
        Ok(Self { arena: arena.clone(), root, flows, unused, expired })
    }

    /// The agent. It knows only the arena and a way to make the other side work.
    fn run(&self, other_side: &mut OtherSide<'_>) -> Result<()> {
        println!("1. Ten sources send packets, which the other side counts: source 10.0.0.N sends N.");
        for n in 1..=10 {
            send(other_side, source(n), n.into())?;
        }
        self.report()?;
        check(self.packets(3)? == Some(3) && self.total()? == 55, "each packet is counted where it belongs")?;

        println!("\n2. We insert 10.0.0.77 with 1000 packets, remove 10.0.0.10, and set 10.0.0.9 back to 0.");
        let mut unused = Unused(self);
        self.flows.insert_with(&mut unused, source(77), 1000)?;
        self.flows.remove_with(&mut unused, &source(10))?;
        // In place, like the counting of the other side.
        self.flows.get(&source(9))?.ok_or("no flow of 10.0.0.9")?.value.store(0);
        for n in [77, 10, 9] {
            send(other_side, source(n), 1)?;
        }
        self.report()?;
        let seen = (self.packets(77)?, self.packets(10)?, self.packets(9)?);
        check(seen == (Some(1001), Some(1), Some(1)), "the other side goes on from our values")?;

        println!(
            "\n3. The other side moves the flows of fewer than 5 packets to a list, and we give their memory back."
        );
        self.root.threshold.store(5);
        other_side(Task::Expire)?;
        let (mut expired, mut packets) = (0, 0);
        while let Some(flow) = self.expired.pop_front()? {
            let shared = self.arena.get(flow)?;
            println!("   {:<12} {:>5}   expired", address(shared.key.load()), shared.value.load());
            (expired, packets) = (expired + 1, packets + shared.value.load());
            self.unused.push_front(flow)?;
        }
        self.report()?;
        check(expired == 6 && packets == 1 + 2 + 3 + 4 + 1 + 1, "exactly these have expired")?;
        check(self.unused.check()? + self.flows.check()? == FLOW_COUNT, "no element is lost")?;

        println!("\n4. More sources than there are elements.");
        for n in 1..=200 {
            send(other_side, source(n), 1)?;
        }
        let uncounted = self.root.uncounted.load();
        println!("   {} flows, {uncounted} packets without one", self.flows.len()?);
        check(self.unused.is_empty() && uncounted == 100, "the other side reports the packets it could not count")?;
        println!("\nBoth sides saw what the other had changed.\n");
        Ok(())
    }

    /// Walks over all flows.
    fn report(&self) -> Result<()> {
        let mut found = Vec::new();
        for flow in &self.flows {
            let flow = flow?;
            found.push((u32::from_be(flow.key.load()), flow.value.load()));
        }
        found.sort_unstable();
        let list: Vec<String> =
            found.iter().map(|(source, packets)| format!("{}: {packets}", Ipv4Addr::from(*source))).collect();
        println!(
            "   {}\n   in all {}, with room for {} more flows",
            list.join(", "),
            self.total()?,
            self.unused.len()?
        );
        Ok(())
    }

    fn total(&self) -> Result<u64> {
        Ok(self.flows.iter().map(|flow| flow.map(|flow| flow.value.load())).sum::<std::result::Result<u64, _>>()?)
    }

    fn packets(&self, n: u8) -> Result<Option<u64>> {
        Ok(self.flows.get(&source(n))?.map(|flow| flow.value.load()))
    }
}

/// Memory for flows, from the same list that the other side uses.
struct Unused<'a>(&'a Agent);

impl Slots<Flow> for Unused<'_> {
    fn take(&mut self) -> std::result::Result<ArenaPtr<Flow>, mapvalue::Error> {
        let full = mapvalue::ListError::NoRoom { type_name: "Flow", slots: FLOW_COUNT };
        Ok(self.0.unused.pop_front()?.ok_or(full)?)
    }

    fn give_back(&mut self, slot: ArenaPtr<Flow>) {
        // It was just taken out, so it is in no list. If the list is broken, this element is lost.
        if let Err(error) = self.0.unused.push_front(slot) {
            eprintln!("an element is lost: {error}");
        }
    }
}

/// 10.0.0.N, in the byte order of a packet.
fn source(n: u8) -> Source {
    u32::from(Ipv4Addr::new(10, 0, 0, n)).to_be()
}

fn address(source: Source) -> String {
    Ipv4Addr::from(u32::from_be(source)).to_string()
}

fn send(other_side: &mut OtherSide<'_>, source: Source, packets: u32) -> Result<()> {
    (0..packets).try_for_each(|_| other_side(Task::Count(source)))
}

impl Task {
    /// The program for a step, and its packet.
    fn program(self) -> (&'static str, [u8; 64]) {
        match self {
            Self::Count(source) => ("count_packet", packet(source)),
            Self::Expire => ("expire", packet(0)),
        }
    }
}

/// If a type differs on the C side, the error names each difference.
fn check_types() -> Result<()> {
    let btf = Btf::from_object(OBJECT)?;
    btf.check::<Root>("root")?;
    btf.check::<Flow>("flow")?;
    Ok(())
}

/// aya creates the arena. It has to be mapped before the programs are loaded. It must be at a
/// multiple of 4 GiB, which is the default, so that a program knows a place by its distance from
/// the start.
fn with_aya() -> Result<()> {
    has_arenas()?;
    let mut bpf = aya::EbpfLoader::new().allow_unsupported_maps().load(OBJECT)?;
    let Some(aya::maps::Map::Unsupported(map)) = bpf.map("arena") else { return Err("no map `arena`".into()) };
    let arena = Arena::from_map(map.fd())?;
    // A store of a program to an absent page is lost.
    arena.prefault(0..arena.page_count())?;
    for name in ["count_packet", "expire"] {
        let program: &mut Xdp = bpf.program_mut(name).ok_or("no such program")?.try_into()?;
        program.load()?;
    }
    println!("The other side is BPF programs in the kernel, loaded by aya.\n");
    check_types()?;
    Agent::new(&arena)?.run(&mut |task| {
        let (name, packet) = task.program();
        let program: &Xdp = bpf.program(name).ok_or("no such program")?.try_into()?;
        program.test_run(TestRunOptions { data_in: Some(&packet), ..TestRunOptions::new() })?;
        Ok(())
    })
}

/// We create the arena, and libbpf-rs gives it to the programs.
#[cfg(feature = "libbpf")]
fn with_libbpf() -> Result<()> {
    use libbpf_rs::{ObjectBuilder, ProgramInput};

    let arena = Arena::for_object(OBJECT)?;
    arena.prefault(0..PAGES)?;
    let mut object = ObjectBuilder::default().open_memory(OBJECT)?;
    let mut map = object.maps_mut().find(|map| map.name() == "arena").ok_or("no map `arena`")?;
    map.reuse_fd(arena.fd().ok_or("an arena without a map")?)?;
    let object = object.load()?;
    println!("The other side is BPF programs in the kernel, loaded by libbpf.\n");
    check_types()?;
    Agent::new(&arena)?.run(&mut |task| {
        let (name, packet) = task.program();
        let program = object.progs_mut().find(|program| program.name() == name).ok_or("no such program")?;
        program.test_run(ProgramInput { data_in: Some(&packet), ..ProgramInput::default() })?;
        Ok(())
    })
}

fn with_thread() -> Result<()> {
    check_types()?;
    let arena = Arena::memfd(PAGES)?;
    let agent = Agent::new(&arena)?;
    // Like another process, it has mapped the memory by its descriptor.
    let there = Arena::from_memfd(arena.fd().ok_or("an arena without a memfd")?)?;
    agent.run(&mut |task| {
        let done = thread::scope(|scope| scope.spawn(|| other_side(&there, task)).join());
        Ok(done.map_err(|_| "the other side has failed")??)
    })
}

/// The work of the BPF programs, in Rust.
fn other_side(arena: &Arena, task: Task) -> std::result::Result<(), mapvalue::Error> {
    let root: Var<Root> = arena.var(arena.at(ROOT))?;
    let flows = FlowTable::open(arena, arena.ptr_of(&root.flows)?)?;
    let unused = FlowList::open(arena, arena.ptr_of(&root.unused)?)?;
    let expired = FlowList::open(arena, arena.ptr_of(&root.expired)?)?;
    match task {
        Task::Count(source) => {
            if let Some(flow) = flows.get(&source)? {
                flow.value.fetch_add(1);
            } else if let Some(flow) = unused.pop_front()? {
                flows.insert(flow, source, 1)?;
            } else {
                root.uncounted.fetch_add(1);
            }
        }
        Task::Expire => {
            for flow in &flows {
                let flow = flow?;
                if flow.value.load() < root.threshold.load() {
                    flows.remove(&flow.key.load())?;
                    expired.push_front(arena.ptr_of(flow)?)?;
                }
            }
        }
    }
    Ok(())
}
