//! Shows typed objects in an arena that Rust and a BPF program create, hand to each other, and
//! free: flows, which count packets.
//!
//!     cargo run --example objects
//!     cargo run --example objects -- --header examples/bpf/objects.h    # writes the C header
//!
//! Ten fields of an arena, `Kptr<Flow, Local>`, hold a flow or null. The side that takes a flow out
//! owns it. So both sides can change a field at any time, and neither follows a pointer to an
//! object that the other has freed. The other side takes a flow out to count a packet, creates one
//! where there is none, and puts it back; or it frees the flows with few packets. We create flows,
//! take some, and free them by dropping them.
//!
//! The types are defined only here. The header that the programs include is generated from them,
//! with the number of each type. An object carries that number, so it is not taken for an object of
//! another type.
//!
//! The other side is the BPF programs of `bpf/objects.bpf.c`, with the C half of the allocator,
//! `mapvalue/alloc.bpf.h`. They run on our own packets by `BPF_PROG_TEST_RUN` and are attached to
//! nothing. Without the privilege for that, the other side is a thread on a memfd.

#![forbid(unsafe_code)]

use std::path::Path;
use std::{env, fs, thread};

use aya::programs::{TestRun, TestRunOptions, Xdp};
use mapvalue::arena::{AllocError, Allocator, Config};
use mapvalue::{Arena, ArenaPtr, Btf, Kptr, Layout, Local, MapValue, Mirror, Var};
use mapvalue_examples::{Result, check, has_arenas, no_bpf_reason, packet};

/// An object.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[map_value(rename = "flow")]
#[repr(C)]
struct Flow {
    packets: u64,
    bytes: u64,
}

/// The memory that both sides share.
#[derive(MapValue)]
#[map_value(rename = "root")]
#[repr(C)]
struct Root {
    /// The allocator.
    alloc: ArenaPtr<()>,
    /// Flows by the last byte of the source address.
    flows: [Kptr<Flow, Local>; FLOWS],
    /// Packets for whose flow there was no object.
    uncounted: u64,
    /// Flows with fewer packets than this expire.
    threshold: u64,
}

const FLOWS: usize = 10;
/// The place that both sides have agreed on: the first page, which the allocator does not use.
const ROOT: u64 = 0x100;
const PAGES: u64 = 16;

static OBJECT: &[u8] = aya::include_bytes_aligned!("bpf/objects.bpf.o");

/// A step of the other side.
#[derive(Clone, Copy)]
enum Task {
    /// Count a packet from 10.0.0.N.
    Count(u8),
    /// Free flows with fewer packets than `threshold`.
    Expire,
}

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {}
        [option, path] if option == "--header" => return Ok(fs::write(Path::new(path), header())?),
        _ => return Err("usage: objects [--header PATH]".into()),
    }
    // `check_types` compares the compiled types. This compares the numbers, which are not in BTF.
    if include_str!("bpf/objects.h") != header() {
        return Err("bpf/objects.h does not match the types: write it with --header, and run tests/bpf/build".into());
    }
    println!("The other side includes this:\n\n{}", header());
    with_aya().or_else(|error| {
        let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
        println!("No BPF here ({reason}).\nThe other side is a thread, on a memfd.\n");
        with_thread()
    })
}

/// The types in C, and the number of each type of object.
fn header() -> String {
    format!(
        "/* Generated from Rust types by `cargo run --example objects -- --header PATH`: change those. */\n\
         #pragma once\n\
         #ifndef __VMLINUX_H__\n\
         #include <linux/types.h>\n\
         #endif\n\
         \n\
         #define FLOW_TYPE_ID {:#x}\n\
         #define ROOT {ROOT:#x}\n\
         \n\
         {}",
        Flow::LAYOUT.type_id(),
        Layout::c_declarations(&[Flow::LAYOUT, Root::LAYOUT])
    )
}

/// The agent. It knows only the arena and a way to make the other side work.
fn agent(arena: &Arena, other_side: impl Fn(Task) -> Result<()>) -> Result<()> {
    // Makes all pages now: a store of a program to an absent page is lost.
    arena.prefault(0..1)?;
    let root: Var<Root> = arena.var(arena.at(ROOT))?;
    // Room for few flows, all of one size.
    let flows = Allocator::create(arena, Config { value_size: size_of::<Flow>(), capacity: 8, ..Config::default() })?;
    root.alloc.store(flows.as_ptr());
    let send = |n, packets: u64| (0..packets).try_for_each(|_| other_side(Task::Count(n)));

    println!(
        "1. We make a flow for 10.0.0.1, and hand it over. The other side counts on in it, and makes two of its own."
    );
    let flow = flows.alloc(Flow { packets: 100, bytes: 6400 })?;
    flow.packets.fetch_add(1);
    let none = root.flows[1].replace(flow.into_kptr());
    check(none.is_null(), "no flow was there")?;
    send(1, 3)?;
    send(2, 1)?;
    send(3, 7)?;
    println!("   {} flows", flows.stats().live);
    check(flows.stats().live == 3, "there are three flows")?;

    println!("2. We take two of them out. They are ours alone, and dropping them frees them.");
    let taken = root.flows[1].take();
    let (first, third) = (flows.claim(taken)?, flows.claim(root.flows[3].take())?);
    println!("   10.0.0.1: {first:?}\n   10.0.0.3: {third:?}");
    check(first.packets.load() == 104 && third.packets.load() == 7, "both sides have counted in the same objects")?;
    drop((first, third));
    check(flows.stats().live == 1, "two flows were freed")?;
    // The other side creates another one for 10.0.0.1, perhaps in the same place.
    send(1, 1)?;
    match flows.claim(taken) {
        Err(error @ (AllocError::AlreadyFree { .. } | AllocError::Stale { .. })) => println!("   Once more: {error}."),
        other => return Err(format!("an old pointer was accepted as {other:?}").into()),
    }

    println!("3. The other side frees the flows with fewer than 5 packets.");
    send(5, 5)?;
    root.threshold.store(5);
    other_side(Task::Expire)?;
    println!("   {} flow is left", flows.stats().live);
    check(flows.stats().live == 1 && !root.flows[5].is_null(), "exactly these are freed")?;

    println!("4. More sources than there is room for.");
    (0..10).try_for_each(|n| send(n, 1))?;
    println!("   {} flows, {} packets without one", flows.stats().live, root.uncounted.load());
    check(
        flows.stats().live == 8 && root.uncounted.load() == 2,
        "the other side reports the packets it could not count",
    )?;

    println!("5. We close the allocator: objects can be freed, but not created.");
    let closing = flows.close()?;
    send(8, 1)?;
    check(root.uncounted.load() == 3, "the other side creates no more objects")?;
    println!("   {} flows are left", closing.remaining());
    closing.allocator().drain_objects(root.flows.iter())?;
    check(closing.is_drained(), "no flow is lost")?;
    println!("   and none, now that all are taken out.\n\nBoth sides had what the other handed over.");
    Ok(())
}

/// If a type differs on the C side, the error names each difference.
fn check_types() -> Result<()> {
    let btf = Btf::from_object(OBJECT)?;
    btf.check::<Root>("root")?;
    btf.check::<Flow>("flow")?;
    Ok(())
}

/// aya creates the arena. It has to be mapped before the programs are loaded.
fn with_aya() -> Result<()> {
    has_arenas()?;
    let mut bpf = aya::EbpfLoader::new().allow_unsupported_maps().load(OBJECT)?;
    let Some(aya::maps::Map::Unsupported(map)) = bpf.map("arena") else { return Err("no map `arena`".into()) };
    let arena = Arena::from_map(map.fd())?;
    for name in ["count_packet", "expire"] {
        let program: &mut Xdp = bpf.program_mut(name).ok_or("no such program")?.try_into()?;
        program.load()?;
    }
    println!("The other side is BPF programs in the kernel.\n");
    check_types()?;
    agent(&arena, |task| {
        let (name, packet) = match task {
            Task::Count(n) => ("count_packet", packet(u32::from_be_bytes([10, 0, 0, n]).to_be())),
            Task::Expire => ("expire", packet(0)),
        };
        let program: &Xdp = bpf.program(name).ok_or("no such program")?.try_into()?;
        program.test_run(TestRunOptions { data_in: Some(&packet), ..TestRunOptions::new() })?;
        Ok(())
    })
}

fn with_thread() -> Result<()> {
    check_types()?;
    let arena = Arena::memfd(PAGES)?;
    // Like another process, it has mapped the memory by its descriptor.
    let there = Arena::from_memfd(arena.fd().ok_or("an arena without a memfd")?)?;
    agent(&arena, |task| {
        let done = thread::scope(|scope| scope.spawn(|| other_side(&there, task)).join());
        Ok(done.map_err(|_| "the other side has failed")??)
    })
}

/// The work of the BPF programs, in Rust.
fn other_side(arena: &Arena, task: Task) -> std::result::Result<(), AllocError> {
    let root: Var<Root> = arena.var(arena.at(ROOT))?;
    let flows = Allocator::open(arena, root.alloc.load())?;
    match task {
        Task::Count(n) => {
            let field = &root.flows[usize::from(n) % FLOWS];
            let taken = field.take();
            let flow = if taken.is_null() { flows.alloc(Flow { packets: 0, bytes: 0 }) } else { flows.claim(taken) };
            match flow {
                Ok(flow) => {
                    flow.packets.fetch_add(1);
                    flow.bytes.fetch_add(64);
                    let other = field.replace(flow.into_kptr());
                    if !other.is_null() {
                        root.uncounted.fetch_add(flows.claim(other)?.load().packets);
                    }
                }
                Err(AllocError::OutOfSlots { .. } | AllocError::Closed) => {
                    root.uncounted.fetch_add(1);
                }
                Err(error) => return Err(error),
            }
        }
        Task::Expire => {
            for field in &root.flows {
                let taken = field.take();
                if taken.is_null() {
                    continue;
                }
                let flow = flows.claim(taken)?;
                if flow.packets.load() >= root.threshold.load() {
                    let _ = field.replace(flow.into_kptr());
                }
            }
        }
    }
    Ok(())
}
