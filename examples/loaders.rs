//! Shows aya and libbpf-rs side by side: from the maps of either to the same typed handles, which
//! outlive the loader.
//!
//! Each loads `bpf/loaders.bpf.o`, runs its program on our own packets by `BPF_PROG_TEST_RUN`, and
//! attaches it to nothing. The agent holds an element of a mapped array, a global variable and a
//! hash table. It does not know which loader made them. The loaders' own lookups take the same
//! types: aya by the `Pod` that the derive implements, libbpf-rs by their bytes.
//!
//! It needs the privilege to load programs (root, or `CAP_BPF`, `CAP_NET_ADMIN` and
//! `CAP_SYS_ADMIN`), and says so if that is missing. libbpf-rs needs libelf and zlib with their
//! headers.
//!
//!     cargo run --example loaders
//!     cargo run -p mapvalue-examples --example loaders --features libbpf

#![forbid(unsafe_code)]

use std::error::Error;
use std::os::fd::AsFd;

use aya::programs::{TestRun, TestRunOptions, Xdp};
use mapvalue::bpf::TypedMap;
use mapvalue::{AnyVar, Array, DataSection, MapValue, Mapping, MmapableSections, Var};
use mapvalue_examples::no_bpf_reason;

const OBJECT: &[u8] = aya::include_bytes_aligned!("bpf/loaders.bpf.o");

/// `struct total` of `bpf/loaders.bpf.c`. It has no padding, any bytes are a value, and it is
/// `Copy`. So it may be a `Pod` of aya; otherwise `map_value(aya)` would not compile.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq)]
#[map_value(aya)]
#[repr(C)]
struct Total {
    packets: u64,
    bytes: u64,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The agent's handles: no loader, no lifetime.
struct Agent {
    total: Var<Total>,
    packets_seen: AnyVar<u64>,
    by_length: TypedMap<u32, Total>,
}

impl Agent {
    /// It takes only the descriptors of the maps. Sizes and layouts are checked against the
    /// kernel's.
    fn new(totals: impl AsFd, packets_seen: AnyVar<u64>, by_length: impl AsFd) -> Result<Self> {
        let mapping = Mapping::from_map(totals)?;
        if !mapping.type_check().is_match() {
            println!("  {}: no types to compare, only sizes", mapping.name());
        }
        let totals: Array<Total> = mapping.array()?;
        Ok(Self { total: totals.var(0)?, packets_seen, by_length: TypedMap::from_map(by_length)? })
    }

    fn report(&self, lengths: &[usize]) -> Result<()> {
        let total = self.total.load();
        println!("  mapped array:     {total:?}");
        println!("  global variable:  {} packets", self.packets_seen.load()?);
        for entry in self.by_length.entries() {
            let (length, total) = entry?;
            println!("  hash table:       {} packets of {length} bytes", total.packets);
        }
        let expected = Total { packets: lengths.len() as u64, bytes: lengths.iter().sum::<usize>() as u64 };
        check(total == expected, "the array has them all")?;
        check(self.packets_seen.load()? == expected.packets, "the variable has them all")?;
        for length in lengths {
            let same = lengths.iter().filter(|other| *other == length).count() as u64;
            let found = self.by_length.lookup(&u32::try_from(*length)?)?;
            check(found == Some(Total { packets: same, bytes: same * *length as u64 }), "the table has them all")?;
        }
        Ok(())
    }
}

fn check(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(format!("it does not hold that {what}").into()) }
}

/// The lengths of the packets that are counted, and of one that is too short for that.
const LENGTHS: [usize; 5] = [60, 60, 1500, 60, 1500];
const TOO_SHORT: usize = 20;

/// The program's constants, with the one that is set before loading.
fn constants() -> Result<DataSection> {
    let rodata = DataSection::from_object(OBJECT, ".rodata")?;
    rodata.var::<u32>("shortest")?.store(60);
    Ok(rodata)
}

fn main() -> Result<()> {
    match with_aya() {
        Ok(agent) => {
            println!("\nThe loader is gone, and the agent still has it all:");
            agent.report(&LENGTHS)?;
        }
        Err(error) => {
            let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
            println!("No BPF here ({reason}), so there are no loaders to show.");
            return Ok(());
        }
    }
    #[cfg(feature = "libbpf")]
    {
        let agent = with_libbpf()?;
        println!("\nThe loader is gone, and the agent still has it all:");
        agent.report(&LENGTHS)?;
    }
    Ok(())
}

fn with_aya() -> Result<Agent> {
    use aya::maps::{HashMap, Map};

    println!("aya:");
    let (constants, sections) = (constants()?, MmapableSections::create(OBJECT, &[".bss", ".rodata"])?);
    let (mut loader, bytes) = (aya::EbpfLoader::new(), constants.bytes()?);
    for constant in constants.variables() {
        loader.override_global(constant.name, &bytes[constant.offset..][..constant.size], true);
    }
    for (section, pin) in sections.pins() {
        loader.map_pin_path(section, pin);
    }
    let mut bpf = loader.load(OBJECT)?;
    let program: &mut Xdp = bpf.program_mut("count_packets").ok_or("no program `count_packets`")?.try_into()?;
    program.load()?;
    for length in LENGTHS.into_iter().chain([TOO_SHORT]) {
        program.test_run(TestRunOptions { data_in: Some(&vec![0; length]), ..TestRunOptions::new() })?;
    }

    let map = |name| match bpf.map(name) {
        Some(Map::Array(map) | Map::HashMap(map)) => Ok(map.fd()),
        _ => Err(format!("no map `{name}`")),
    };
    let (section, constants) = (sections.open(".bss")?, sections.open(".rodata")?);
    println!("  constant:         packets of {} bytes and more", constants.var_ro::<u32>("shortest")?.load());
    let agent = Agent::new(map("totals")?, section.any_var("packets_seen")?, map("by_length")?)?;
    check(agent.packets_seen.is_mapped(), "the variable is mapped")?;
    agent.report(&LENGTHS)?;

    // aya's own lookups, with the same type.
    let by_length: HashMap<_, u32, Total> = bpf.map("by_length").ok_or("no map `by_length`")?.try_into()?;
    println!("  by aya itself:    {:?}", by_length.get(&1500, 0)?);
    check(by_length.get(&1500, 0)? == Total { packets: 2, bytes: 3000 }, "aya finds the same")?;
    Ok(agent)
}

#[cfg(feature = "libbpf")]
fn with_libbpf() -> Result<Agent> {
    use libbpf_rs::{MapCore, MapFlags, ObjectBuilder, ProgramInput};

    println!("\nlibbpf-rs:");
    let mut open = ObjectBuilder::default().open_memory(OBJECT)?;
    let rodata = open.maps_mut().find(|map| map.name().to_str().is_some_and(|name| name.ends_with(".rodata")));
    rodata.ok_or("no map `.rodata`")?.set_initial_value(&constants()?.bytes()?)?;
    let object = open.load()?;
    let program = object.progs_mut().find(|program| program.name() == "count_packets");
    let program = program.ok_or("no program `count_packets`")?;
    for length in LENGTHS.into_iter().chain([TOO_SHORT]) {
        program.test_run(ProgramInput { data_in: Some(&vec![0; length]), ..ProgramInput::default() })?;
    }

    let map = |name: &str| {
        let found = object.maps().find(|map| map.name().to_str().is_some_and(|full| full.ends_with(name)));
        found.ok_or(format!("no map `{name}`"))
    };
    // libbpf creates the maps of sections with types and mmapable. So variables are mapped.
    let section = DataSection::from_map(map(".bss")?)?;
    let constants = DataSection::from_map(map(".rodata")?)?;
    println!("  constant:         packets of {} bytes and more", constants.var_ro::<u32>("shortest")?.load());
    let agent = Agent::new(map("totals")?, section.any_var("packets_seen")?, map("by_length")?)?;
    check(agent.packets_seen.is_mapped(), "the variable is mapped")?;
    agent.report(&LENGTHS)?;

    // libbpf's own lookups return bytes, which the same type decodes.
    let bytes = map("by_length")?.lookup(&1500u32.to_bytes(), MapFlags::ANY)?.ok_or("no packets of 1500 bytes")?;
    println!("  by libbpf itself: {:?}", Total::from_bytes(&bytes)?);
    check(Total::from_bytes(&bytes)? == Total { packets: 2, bytes: 3000 }, "libbpf finds the same")?;
    Ok(agent)
}
