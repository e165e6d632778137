//! Loads `examples/bpf/netcount.bpf.c` with aya so that its `.bss` can be mapped.
//!
//! aya creates the maps of sections without `BPF_F_MMAPABLE` (`DataSection::any_var` loads from
//! such a map by system calls). But it uses a map that it finds pinned. So we create the map, and
//! pin it where only one thread can see it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::thread;

use aya::maps::{Array, Map, MapData};
use aya::programs::{Xdp, XdpMode};
use aya::{Ebpf, EbpfLoader};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use super::{Netcount, Result};

/// The committed object; no clang is needed.
pub(super) static OBJECT: &[u8] = aya::include_bytes_aligned!("../../bpf/netcount.bpf.o");

const PROGRAM: &str = "count_packet";

/// include/uapi/linux/bpf.h
const BPF_F_MMAPABLE: u32 = 1 << 10;

/// The loaded program. It is detached when this is dropped, or when the process ends in any way.
#[derive(Debug)]
pub(super) struct Program(Ebpf);

impl Program {
    pub(super) fn load() -> Result<Self> {
        let thread = thread::spawn(|| {
            let folder = std::env::temp_dir();
            mount_bpf_for_this_thread(&folder).map_err(io::Error::from)?;
            Self::load_with_pin(&folder.join("bss"))
        });
        thread.join().map_err(|_| "the thread that loads the program has failed")?
    }

    fn load_with_pin(pin: &Path) -> Result<Self> {
        let bss: Array<MapData, [u8; size_of::<Netcount>()]> = Array::create(1, BPF_F_MMAPABLE)?;
        bss.pin(pin)?;
        let mut bpf = EbpfLoader::new().map_pin_path(".bss", pin).load(OBJECT)?;
        let program: &mut Xdp = bpf.program_mut(PROGRAM).ok_or("no program `count_packet`")?.try_into()?;
        program.load()?;
        Ok(Self(bpf))
    }

    /// The descriptor of the section's map.
    pub(super) fn bss(&self) -> Result<BorrowedFd<'_>> {
        match self.0.map(".bss") {
            Some(Map::Array(map)) => Ok(map.fd().as_fd()),
            _ => Err("no array map `.bss`".into()),
        }
    }

    /// Counts the packets that arrive at a device of this thread's network namespace.
    pub(super) fn attach(&mut self, device: &str) -> Result<()> {
        let program: &mut Xdp = self.0.program_mut(PROGRAM).ok_or("no program `count_packet`")?.try_into()?;
        program.attach(device, XdpMode::Skb)?;
        Ok(())
    }
}

/// The file system hides the folder's content, but only from this thread, and ends with the thread.
fn mount_bpf_for_this_thread(folder: &Path) -> nix::Result<()> {
    let nothing = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS)?;
    // Otherwise it would also be mounted in the namespace that this one was copied from.
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
    mount(Some("bpf"), folder, Some("bpf"), MsFlags::empty(), nothing)
}
