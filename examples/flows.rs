//! Shows an agent that counts flows: keys with an address of either family, counts that each CPU
//! keeps for itself in an LRU table, and a report that takes them out in batches.
//!
//! It runs the programs of `bpf/flows.bpf.o` on its own packets by `BPF_PROG_TEST_RUN`, and attaches
//! them to nothing. Without the privilege for BPF it says so.
//!
//!     cargo run --example flows

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aya::Ebpf;
use aya::maps::Map;
use aya::programs::{SchedClassifier, TestRun, TestRunOptions};
use mapvalue::bpf::{TypedMap, Update};
use mapvalue::{MapValue, PerCpu, Whole};
use mapvalue_examples::{Result, check, no_bpf_reason};

/// `union address` of `bpf/flows.bpf.c`.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: u32,
    v6: [u8; 16],
}

/// `struct flow_key`. A `Whole` has no unknown bytes, so the struct is a key, here and in the map.
#[derive(MapValue, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
struct FlowKey {
    from: Whole<Address>,
    to: Whole<Address>,
    port: u16,
    family: u8,
}

/// `struct counts`, which folds over CPUs as its fields say.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Counts {
    packets: u32,
    bytes: u32,
    #[map_value(fold = "max")]
    longest: u32,
}

type Flows = TypedMap<FlowKey, PerCpu<Counts>>;

impl FlowKey {
    const V4: u8 = 2;
    const V6: u8 = 10;

    fn v4(from: Ipv4Addr, to: Ipv4Addr, port: u16) -> Self {
        let address = |address: Ipv4Addr| Whole::new(|v4| Address { v4 }, address.into());
        Self { from: address(from), to: address(to), port, family: Self::V4 }
    }

    fn address(&self, address: &Whole<Address>) -> IpAddr {
        match self.family {
            Self::V6 => Ipv6Addr::from(address.get(|v6| Address { v6 })).into(),
            _ => Ipv4Addr::from(address.v4()).into(),
        }
    }
}

impl fmt::Display for FlowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} port {}", self.address(&self.from), self.address(&self.to), self.port)
    }
}

/// Takes all flows out of the map, each with its counts on all CPUs together.
fn take_all(flows: &Flows) -> Result<HashMap<FlowKey, Counts>> {
    flows
        .drain()
        .map(|entry| entry.map(|(key, counts)| (key, counts.sum())))
        .collect::<std::result::Result<_, _>>()
        .map_err(Into::into)
}

fn main() -> Result<()> {
    match count() {
        Err(error) => {
            let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
            println!("No BPF here ({reason}), so there are no flows to count.");
            Ok(())
        }
        counted => counted,
    }
}

fn count() -> Result<()> {
    let mut bpf = Ebpf::load(aya::include_bytes_aligned!("bpf/flows.bpf.o"))?;
    let (flows, limits): (Flows, TypedMap<FlowKey, u32>) = match (bpf.map("flows"), bpf.map("limits")) {
        (Some(Map::PerCpuLruHashMap(flows)), Some(Map::HashMap(limits))) => {
            (TypedMap::from_map(flows.fd())?, TypedMap::from_map(limits.fd())?)
        }
        _ => return Err("no maps `flows` and `limits`".into()),
    };
    println!("{} has room for {} flows ({:?})", flows.name(), flows.max_entries(), flows.type_check());

    // The program drops packets of this flow that are longer.
    let web = FlowKey::v4([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), 443);
    limits.update(&web, &1000, Update::IfAbsent)?;
    let mut run = |name, len| -> Result<u32> {
        let program: &mut SchedClassifier = bpf.program_mut(name).ok_or("no such program")?.try_into()?;
        if program.fd().is_err() {
            program.load()?;
        }
        Ok(program.test_run(TestRunOptions { data_in: Some(&vec![0; len]), ..TestRunOptions::new() })?.return_value)
    };
    for len in [60, 500, 1500, 60] {
        let verdict = run("count_v4", len)?;
        check((verdict == 1) == (len > 1000), "the program obeys the limit")?;
        run("count_v6", len)?;
    }

    let here = flows.lookup(&web)?.ok_or("the flow is not in the map")?;
    for (cpu, counts) in here.iter().filter(|(_, counts)| counts.packets > 0) {
        println!("CPU {cpu}: {counts:?}");
    }
    let report = take_all(&flows)?;
    for (flow, counts) in &report {
        println!("{flow}: {} packets, {} bytes, at most {}", counts.packets, counts.bytes, counts.longest);
    }
    check(report.len() == 2, "there are two flows")?;
    check(report[&web] == Counts { packets: 3, bytes: 620, longest: 500 }, "each packet within the limit is counted")?;
    check(take_all(&flows)?.is_empty(), "a flow is reported once")
}
