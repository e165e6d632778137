//! Shows the main job: counters that the other side writes while we read them, through `Var<Stats>`
//! and without `unsafe`.
//!
//! With the privilege (root, or `CAP_BPF`, `CAP_PERFMON` and `CAP_NET_ADMIN`) the other side is a
//! BPF program. aya loads it, and it runs on our own packet by `BPF_PROG_TEST_RUN`; it is attached
//! to nothing. Without the privilege, the other side is a second process on a memfd. The agent's
//! own part is the same for both.

#![forbid(unsafe_code)]

use std::fs::OpenOptions;
use std::os::fd::AsRawFd;
use std::process::Command;

use aya::Ebpf;
use aya::maps::Map;
use aya::programs::{TestRun, TestRunOptions, Xdp};
use mapvalue::{Btf, MapValue, Mapping, Var};
use mapvalue_examples::{Result, check, no_bpf_reason};

/// The program's treatment of packets: `enum mode` of `bpf/quickstart.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Mode {
    Count,
    Drop,
}

/// The value that both sides share: `struct stats` of `bpf/quickstart.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Stats {
    packets: u64,
    bytes: u64,
    by_proto: [u64; 256],
    mode: Mode,
    live: bool,
}

/// The program's verdict (`enum xdp_action` in include/uapi/linux/bpf.h).
const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;

const PACKETS: u32 = 1000;
const TCP: usize = 6;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, memfd] = arguments.as_slice()
        && role == "--other-side"
    {
        return other_side(memfd);
    }
    match load_program() {
        Ok(mut bpf) => {
            let stats = open_map(&bpf)?;
            println!("The other side is a BPF program in the kernel.\n");
            let program: &mut Xdp = bpf.program_mut("count_packets").ok_or("no program `count_packets`")?.try_into()?;
            agent(&stats, || run_program(program))
        }
        Err(error) => {
            let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
            println!("No BPF here ({reason}).\nThe other side is a second process, on a memfd.\n");
            let mapping = Mapping::memfd(size_of::<Stats>())?;
            agent(&mapping.var(0)?, || run_process(&mapping))
        }
    }
}

/// The agent. It knows only its handle and a way to send packets.
fn agent(stats: &Var<Stats>, mut send_packets: impl FnMut() -> Result<u32>) -> Result<()> {
    println!("{}", Stats::LAYOUT);
    stats.mode.store(Mode::Count);
    let verdict = send_packets()?;
    report(stats, verdict)?;
    check(verdict == XDP_PASS && stats.packets.load() == u64::from(PACKETS), "the packets were counted and passed")?;

    println!("\nNow we set `mode` to Drop, which is one store, and the other side obeys:\n");
    stats.mode.store(Mode::Drop);
    let verdict = send_packets()?;
    report(stats, verdict)?;
    check(
        verdict == XDP_DROP && stats.packets.load() == 2 * u64::from(PACKETS),
        "the packets were counted and dropped",
    )?;

    let copy: Stats = stats.try_load()?;
    check(
        copy.live && copy.mode == Mode::Drop && copy.by_proto[TCP] == copy.packets,
        "a copy of the whole is consistent",
    )?;
    println!("\nBoth sides saw what the other wrote.");
    Ok(())
}

fn report(stats: &Var<Stats>, verdict: u32) -> Result<()> {
    println!(
        "packets {:>5}   bytes {:>7}   tcp {:>5}   live {}   mode {:?}   verdict {verdict}",
        stats.packets.load(),
        stats.bytes.load(),
        stats.by_proto[TCP].load(),
        stats.live.load(),
        stats.mode.try_load()?,
    );
    Ok(())
}

/// The committed object; no clang is needed.
const OBJECT: &[u8] = aya::include_bytes_aligned!("bpf/quickstart.bpf.o");

fn load_program() -> Result<Ebpf> {
    let mut bpf = Ebpf::load(OBJECT)?;
    let program: &mut Xdp = bpf.program_mut("count_packets").ok_or("no program `count_packets`")?.try_into()?;
    program.load()?;
    Ok(bpf)
}

/// From the loader's map to a typed handle. `Stats` is compared with the object's `struct stats`.
fn open_map(bpf: &Ebpf) -> Result<Var<Stats>> {
    let Some(Map::Array(map)) = bpf.map("stats") else { return Err("no array map `stats`".into()) };
    let mapping = Mapping::from_map_with_btf(map.fd(), &Btf::from_object(OBJECT)?)?;
    Ok(mapping.var(0)?)
}

fn run_program(program: &Xdp) -> Result<u32> {
    let mut options = TestRunOptions::new();
    let packet = packet();
    options.data_in = Some(&packet);
    options.repeat = PACKETS;
    Ok(program.test_run(options)?.return_value)
}

/// An Ethernet frame with an IPv4 packet whose header names TCP.
fn packet() -> [u8; 64] {
    let mut packet = [0; 64];
    packet[12..14].copy_from_slice(&0x0800u16.to_be_bytes());
    packet[14] = 0x45;
    packet[14 + 9] = u8::try_from(TCP).expect("a protocol number is a byte");
    packet
}

/// Starts this program again, as the other side of the memfd. Returns the verdict that it prints.
fn run_process(mapping: &Mapping) -> Result<u32> {
    let memfd = mapping.fd().ok_or("not a memfd")?.as_raw_fd();
    let path = format!("/proc/{}/fd/{memfd}", std::process::id());
    let output = Command::new(std::env::current_exe()?).args(["--other-side", &path]).output()?;
    check(output.status.success(), &String::from_utf8_lossy(&output.stderr))?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The second process: it does to the memfd what the BPF program does to its map.
fn other_side(memfd: &str) -> Result<()> {
    let memfd = OpenOptions::new().read(true).write(true).open(memfd)?;
    let stats: Var<Stats> = Mapping::from_memfd(memfd)?.var(0)?;
    for _ in 0..PACKETS {
        stats.packets.fetch_add(1);
        stats.bytes.fetch_add(packet().len() as u64);
        stats.by_proto[TCP].fetch_add(1);
    }
    stats.live.store(true);
    let verdict = if stats.mode.try_load()? == Mode::Drop { XDP_DROP } else { XDP_PASS };
    println!("{verdict}");
    Ok(())
}
