//! Shows how to publish and observe through one field: all that is stored before a release is seen
//! after the acquire that sees it.
//!
//! We publish a configuration and store its `generation` last; the other side loads that first. It
//! publishes a record and stores its `kind` last; we load that first. No lock, and on x86-64 no
//! instruction more than plain loads and stores. (If the value itself changes again while others
//! read it, use a `SeqCell`.)
//!
//! The other side is a BPF program (`bpf/publish.bpf.c`) with the C half of the pair,
//! `mv_store_release` and `mv_load_acquire` of `mapvalue/order.bpf.h`. Without the privilege for
//! that, it is a thread that does the same on a memfd.

#![forbid(unsafe_code)]

use std::thread;

use aya::Ebpf;
use aya::maps::Map;
use aya::programs::{TestRun, TestRunOptions, Xdp};
use mapvalue::{MapValue, Mapping, Mirror, Var};
use mapvalue_examples::{Result, has_atomic_fetch, no_bpf_reason};

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Config {
    limit: u32,
    burst: u32,
    /// Stored last.
    generation: u64,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Record {
    generation: u64,
    total: u32,
    /// Stored last, by the other side.
    kind: Kind,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Kind {
    None,
    Applied,
}

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Shared {
    config: Config,
    record: Record,
}

fn main() -> Result<()> {
    match load_program() {
        Ok(bpf) => {
            println!("The other side is a BPF program in the kernel.");
            let Some(Map::Array(map)) = bpf.map("shared") else { return Err("no array map `shared`".into()) };
            let shared = Mapping::from_map(map.fd())?.var(0)?;
            let program: &Xdp = bpf.program("apply").ok_or("no program `apply`")?.try_into()?;
            agent(&shared, || {
                let options = TestRunOptions { data_in: Some(&[0; 64]), ..TestRunOptions::new() };
                program.test_run(options)?;
                Ok(())
            })
        }
        Err(error) => {
            let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
            println!("No BPF here ({reason}).\nThe other side is a thread, on a memfd.");
            let shared: Var<Shared> = Mapping::memfd(size_of::<Shared>())?.var(0)?;
            let other = shared.clone();
            agent(&shared, move || {
                let other = other.clone();
                thread::spawn(move || apply(&other));
                Ok(())
            })
        }
    }
}

/// Publishes configurations, and observes the record that each leads to.
fn agent(shared: &Var<Shared>, mut start_other_side: impl FnMut() -> Result<()>) -> Result<()> {
    let (config, record) = (&shared.config, &shared.record);
    for (generation, (limit, burst)) in (1..).zip([(100, 20), (200, 50), (400, 0)]) {
        record.kind.store(Kind::None);
        config.limit.store(limit);
        config.burst.store(burst);
        config.generation.store_release(generation);

        start_other_side()?;
        while record.kind.try_load_acquire()? == Kind::None {
            thread::yield_now();
        }
        let observed = record.try_load()?;
        println!("generation {generation}: limit {limit} and burst {burst} became {observed:?}");
        let expected = Record { generation, total: limit + burst, kind: Kind::Applied };
        if observed != expected {
            return Err(format!("expected {expected:?}").into());
        }
    }
    println!("Each side saw all that the other had published.");
    Ok(())
}

/// The work of the BPF program, in Rust.
fn apply(shared: &Var<Shared>) {
    let generation = shared.config.generation.load_acquire();
    shared.record.total.store(shared.config.limit.load() + shared.config.burst.load());
    shared.record.generation.store(generation);
    shared.record.kind.store_release(Kind::Applied);
}

/// Loads the committed object; no clang is needed.
fn load_program() -> Result<Ebpf> {
    has_atomic_fetch()?;
    let mut bpf = Ebpf::load(aya::include_bytes_aligned!("bpf/publish.bpf.o"))?;
    let program: &mut Xdp = bpf.program_mut("apply").ok_or("no program `apply`")?.try_into()?;
    program.load()?;
    Ok(bpf)
}
