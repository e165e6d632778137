//! Loads `examples/bpf/netcount.bpf.c` with aya so that its `.bss` can be mapped.

use aya::EbpfLoader;
use aya::programs::{Xdp, XdpMode};
use mapvalue::{DataSection, MmapableSections};

use super::Result;

/// The committed object; no clang is needed.
pub(super) static OBJECT: &[u8] = aya::include_bytes_aligned!("../../bpf/netcount.bpf.o");

const PROGRAM: &str = "count_packet";

/// The loaded program. It is detached when this is dropped, or when the process ends in any way.
#[derive(Debug)]
pub(super) struct Program(aya::Ebpf);

impl Program {
    /// Loads the program, and maps its global variables.
    pub(super) fn load() -> Result<(Self, DataSection)> {
        let sections = MmapableSections::create(OBJECT, &[".bss"])?;
        let mut loader = EbpfLoader::new();
        for (section, pin) in sections.pins() {
            loader.map_pin_path(section, pin);
        }
        let mut bpf = loader.load(OBJECT)?;
        let program: &mut Xdp = bpf.program_mut(PROGRAM).ok_or("no program `count_packet`")?.try_into()?;
        program.load()?;
        Ok((Self(bpf), sections.open(".bss")?))
    }

    /// Counts the packets that arrive at a device of this thread's network namespace.
    pub(super) fn attach(&mut self, device: &str) -> Result<()> {
        let program: &mut Xdp = self.0.program_mut(PROGRAM).ok_or("no program `count_packet`")?.try_into()?;
        program.attach(device, XdpMode::Skb)?;
        Ok(())
    }
}
