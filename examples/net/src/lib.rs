//! Code that the examples `netcount` and `exporter` share: the counters that a BPF program keeps,
//! and traffic for it to count.
//!
//! The counters are a global variable of `examples/bpf/netcount.bpf.c`. [`open`] finds them as a
//! [`Var`], in the kernel's map or in a memfd. The agent's part is the same for both.

#![forbid(unsafe_code)]

mod load;
mod stand_in;
mod traffic;
mod veth;

use mapvalue::{Btf, DataSection, MapValue, Mapping, Var};
pub use mapvalue_examples::Result;
use mapvalue_examples::no_bpf_reason;
pub use traffic::Traffic;

/// The global variable that both sides share: `struct netcount` of `examples/bpf/netcount.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(rename = "netcount")]
#[repr(C)]
pub struct Netcount {
    /// By the number of the [`Protocol`].
    pub by_protocol: [Count; PROTOCOLS.len()],
    /// By [`size_class`].
    pub by_size: [u64; SIZES],
}

/// Packets and their bytes: `struct count` of `examples/bpf/netcount.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(rename = "count")]
#[repr(C)]
pub struct Count {
    /// Number of packets.
    pub packets: u64,
    /// Number of bytes, with the Ethernet headers.
    pub bytes: u64,
}

/// The protocol of a packet: `enum protocol` of `examples/bpf/netcount.bpf.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Echo requests of `ping`, and the like.
    Icmp,
    /// Streams.
    Tcp,
    /// Datagrams.
    Udp,
    /// All else: ARP, IPv6.
    Other,
}

/// Their names, by their numbers.
pub const PROTOCOLS: [&str; 4] = ["icmp", "tcp", "udp", "other"];

/// The number of size classes.
pub const SIZES: usize = 16;

/// The class of a packet of `size` bytes: the first class whose [`largest`] is not smaller. The
/// last class also has all larger packets.
pub fn size_class(size: u64) -> usize {
    (0..SIZES - 1).find(|class| size <= largest(*class)).unwrap_or(SIZES - 1)
}

/// The bytes of the largest packet in a class.
pub const fn largest(class: usize) -> u64 {
    1 << class
}

impl Netcount {
    /// All packets.
    pub fn total(&self) -> Count {
        let sum = |part: fn(&Count) -> u64| self.by_protocol.iter().map(part).sum();
        Count { packets: sum(|count| count.packets), bytes: sum(|count| count.bytes) }
    }
}

/// The result of [`open`].
#[derive(Debug)]
pub struct Opened {
    /// The counters.
    pub counters: Var<Netcount>,
    /// The source of the packets that are counted.
    pub traffic: Traffic,
    /// The counting side, in a sentence.
    pub other_side: String,
}

/// Opens the counters, and a source of packets to count.
///
/// The packets go through a pair of devices in network namespaces of this process, and the BPF
/// program counts them where they arrive. With `stand_in`, or without the privilege for that, a
/// thread plays the program on a memfd.
///
/// # Errors
///
/// Any failure except a missing privilege.
pub fn open(stand_in: bool) -> Result<Opened> {
    if stand_in {
        return on_memfd("A thread counts, on a memfd.".to_owned());
    }
    on_kernel().or_else(|error| {
        let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
        on_memfd(format!("No BPF here ({reason}): a thread counts, on a memfd."))
    })
}

fn on_kernel() -> Result<Opened> {
    let (program, section) = load::Program::load()?;
    let counters = section.var("netcount")?;
    let traffic = Traffic::new(veth::Veth::new(program)?);
    Ok(Opened { counters, traffic, other_side: "A BPF program counts what arrives at a device of ours.".to_owned() })
}

fn on_memfd(other_side: String) -> Result<Opened> {
    let bss = Mapping::memfd(size_of::<Netcount>())?;
    let types = Btf::from_object(load::OBJECT)?;
    let counters: Var<Netcount> = DataSection::with_btf(&bss, &types, ".bss")?.var("netcount")?;
    let traffic = Traffic::new(stand_in::StandIn::new(counters.clone()));
    Ok(Opened { counters, traffic, other_side })
}
