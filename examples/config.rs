//! Shows a block of configuration that Rust writes and a BPF program obeys: bools, an enum, text,
//! and a generation that is published last.
//!
//! A change of the configuration takes a few stores and no system call. The program loads the
//! generation first, then reports the generation and the configuration that it obeyed. We wait for
//! that report before we write the next configuration, so the program never sees a mix of two. (If
//! you cannot wait, use a `SeqCell`.) A single field may be stored at any time.
//!
//! Without the privilege for BPF, a function of ours does the same on a memfd. The tests of an
//! agent can do so on any machine.

#![forbid(unsafe_code)]

use aya::Ebpf;
use aya::maps::Map;
use aya::programs::{TestRun, TestRunOptions, Xdp};
use mapvalue::{CharArray, MapValue, Mapping, Mirror, Var, bpf};
use mapvalue_examples::{Result, check, has_atomic_fetch, no_bpf_reason};

/// The fate of packets: `enum action` of `bpf/config.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Action {
    Pass,
    Drop,
    /// One packet in `sample_every` passes.
    Sample = 4,
}

/// `struct config`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Config {
    enabled: bool,
    count_bytes: bool,
    ports: [u16; 3],
    action: Action,
    sample_every: u32,
    label: CharArray<16>,
    /// Published last.
    generation: u64,
}

/// `struct counters`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Counters {
    packets: u64,
    bytes: u64,
    dropped: u64,
}

/// `struct block`: the value of the map.
#[derive(MapValue)]
#[repr(C)]
struct Block {
    config: Config,
    /// The configuration that the program saw.
    seen: Config,
    counters: Counters,
}

const PACKET: [u8; 100] = [0; 100];
const PACKETS: u32 = 12;

fn main() -> Result<()> {
    match load_program() {
        Ok(bpf) => {
            println!("A BPF program obeys.\n");
            let Some(Map::Array(map)) = bpf.map("block") else { return Err("no array map `block`".into()) };
            // An error names each field whose type differs from the program's.
            bpf::check_map_value::<Block>(map.fd())?;
            let block = Mapping::from_map(map.fd())?.var(0)?;
            let program: &Xdp = bpf.program("obey").ok_or("no program `obey`")?.try_into()?;
            agent(&block, || {
                let options = TestRunOptions { data_in: Some(&PACKET), repeat: PACKETS, ..TestRunOptions::new() };
                program.test_run(options)?;
                Ok(())
            })
        }
        Err(error) => {
            let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
            println!("No BPF here ({reason}).\nA function obeys, on a memfd.\n");
            let block: Var<Block> = Mapping::memfd(size_of::<Block>())?.var(0)?;
            agent(&block, || (0..PACKETS).try_for_each(|_| obey(&block)))
        }
    }
}

/// The agent. It knows only its handle and a way to send packets.
fn agent(block: &Var<Block>, mut send_packets: impl FnMut() -> Result<()>) -> Result<()> {
    let base = Config {
        enabled: true,
        count_bytes: false,
        ports: [53, 80, 443],
        action: Action::Pass,
        sample_every: 0,
        label: "everything".parse()?,
        generation: 1,
    };
    let steps = [
        (base, Counters { packets: 12, bytes: 0, dropped: 0 }),
        (
            Config { action: Action::Drop, count_bytes: true, label: "nothing".parse()?, generation: 2, ..base },
            Counters { packets: 24, bytes: 1200, dropped: 12 },
        ),
        (
            Config { action: Action::Sample, sample_every: 4, label: "one in four".parse()?, generation: 3, ..base },
            Counters { packets: 36, bytes: 1200, dropped: 21 },
        ),
        (
            Config { enabled: false, label: "switched off".parse()?, generation: 4, ..base },
            Counters { packets: 36, bytes: 1200, dropped: 21 },
        ),
    ];
    for (config, expected) in steps {
        publish(block, &config);
        send_packets()?;
        // An acquire: loads after it see all that was stored before this generation.
        let generation = block.seen.generation.load_acquire();
        let seen: Config = block.seen.try_load()?;
        let counters = block.counters.load();
        println!("{seen:?}\n    {counters:?}");
        check(generation == config.generation && seen == config, "the program saw what was published")?;
        check(counters == expected, "the program obeyed")?;
    }
    // One store, at any time, if the field means something by itself.
    block.config.enabled.store(true);
    send_packets()?;
    println!("switched on again:\n    {:?}", block.counters.load());
    check(block.counters.packets.load() == 48, "the program saw the switch")?;
    println!("\nThe other side saw each configuration as it was published.");
    Ok(())
}

/// Stores everything but the generation, in any order, and then the generation.
fn publish(block: &Var<Block>, config: &Config) {
    let Config { enabled, count_bytes, ports, action, sample_every, label, generation } = *config;
    let place = &block.config;
    place.enabled.store(enabled);
    place.count_bytes.store(count_bytes);
    place.ports.store(ports);
    place.action.store(action);
    place.sample_every.store(sample_every);
    place.label.store(label);
    place.generation.store_release(generation);
}

/// The work of the BPF program on a packet, in Rust.
fn obey(block: &Var<Block>) -> Result<()> {
    let (config, seen, counters) = (&block.config, &block.seen, &block.counters);
    let generation = config.generation.load_acquire();
    let now: Config = config.try_load()?;
    let mut drop = false;
    if now.enabled {
        let packets = counters.packets.fetch_add(1) + 1;
        if now.count_bytes {
            counters.bytes.fetch_add(PACKET.len() as u64);
        }
        drop = match now.action {
            Action::Pass => false,
            Action::Drop => true,
            Action::Sample => now.sample_every != 0 && packets % u64::from(now.sample_every) != 0,
        };
    }
    if drop {
        counters.dropped.fetch_add(1);
    }
    seen.store(Config { generation: seen.generation.load(), ..now });
    seen.generation.store_release(generation);
    Ok(())
}

/// Loads the committed object; no clang is needed.
fn load_program() -> Result<Ebpf> {
    has_atomic_fetch()?;
    let mut bpf = Ebpf::load(aya::include_bytes_aligned!("bpf/config.bpf.o"))?;
    let program: &mut Xdp = bpf.program_mut("obey").ok_or("no program `obey`")?.try_into()?;
    program.load()?;
    Ok(bpf)
}
