//! Mmapable maps for sections, for a loader that would create them otherwise.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use crate::bpf;
use crate::bpf::geometry::BPF_F_MMAPABLE;
use crate::btf::Btf;
#[cfg(doc)]
use crate::error::MapError;
use crate::error::{KernelVersion, Nearest, SectionError, SystemError};
use crate::mapping::open::BPF_F_RDONLY_PROG;
use crate::section::{DataSection, size_of};
use crate::sys::bpf as sys;
use crate::sys::process;

/// The first kernel whose file systems need no place in the tree of files.
const SINCE: KernelVersion = KernelVersion { major: 5, minor: 2 };

/// Mmapable maps for the sections of an object: for aya, which creates them without
/// `BPF_F_MMAPABLE` (Linux 5.5).
///
/// aya takes a map that it finds pinned. So the maps are created here, and pinned in a BPF file
/// system that no other process sees. aya stores the initial values in them, and freezes `.rodata`.
/// Then [`open`](Self::open) maps them. The pins end with this value, the maps with the program and
/// the last handle.
///
/// ```no_run
/// # mod aya {
/// #     pub struct EbpfLoader;
/// #     impl EbpfLoader {
/// #         pub fn new() -> Self { Self }
/// #         pub fn map_pin_path(&mut self, _: &str, _: &std::path::Path) {}
/// #         pub fn load(&mut self, _: &[u8]) -> Result<(), mapvalue::Error> { Ok(()) }
/// #     }
/// # }
/// use mapvalue::{MmapableSections, Var};
///
/// # fn load(object: &[u8]) -> Result<(), mapvalue::Error> {
/// let sections = MmapableSections::create(object, &[".bss", ".data"])?;
/// let mut loader = aya::EbpfLoader::new();
/// for (section, pin) in sections.pins() {
///     loader.map_pin_path(section, pin);
/// }
/// let bpf = loader.load(object)?;
/// let seen: Var<u64> = sections.open(".bss")?.var("seen")?; // mapped, and its type checked
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MmapableSections {
    btf: Btf,
    maps: Vec<SectionMap>,
    /// The root of the file system. The pins are paths through this descriptor.
    _root: OwnedFd,
}

#[derive(Debug)]
struct SectionMap {
    section: String,
    pin: PathBuf,
    map: OwnedFd,
}

impl MmapableSections {
    /// Creates a map for each of these sections of an object file, and pins it.
    ///
    /// # Errors
    ///
    /// Those of reading the object ([`Btf::from_object`]), [`SectionError::UnknownSection`] with
    /// the nearest names, [`SystemError::PermissionDenied`] without `CAP_SYS_ADMIN` and `CAP_BPF`,
    /// [`SystemError::KernelTooOld`] before Linux 5.2, [`SystemError::Os`],
    /// [`MapError::PinFailed`] if /proc is not mounted.
    pub fn create(object: &[u8], sections: &[&str]) -> Result<Self, SectionError> {
        let btf = Btf::from_object(object)?;
        let root = sys::private_file_system().map_err(|errno| match errno {
            libc::ENOSYS => {
                let (feature, running) = ("a BPF file system of our own", process::kernel_version());
                SystemError::KernelTooOld { feature, needs: SINCE, running }
            }
            errno => refused("make a BPF file system (fsopen)", "CAP_SYS_ADMIN", errno),
        })?;
        let mut maps = Vec::new();
        for (index, section) in sections.iter().enumerate() {
            let constant = if section.starts_with(".rodata") { BPF_F_RDONLY_PROG } else { 0 };
            let mut name = [0; 16];
            name[..15].iter_mut().zip(section.bytes()).for_each(|(byte, of_section)| *byte = of_section);
            let map = sys::create_section(size_of(&btf, section)?, BPF_F_MMAPABLE | constant, name)
                .map_err(|errno| refused("create the map of a section (BPF_MAP_CREATE)", "CAP_BPF", errno))?;
            // Names with a dot are the kernel's.
            let pin = PathBuf::from(format!("/proc/self/fd/{}/{index}", root.as_raw_fd()));
            bpf::pin(&map, &pin)?;
            maps.push(SectionMap { section: (*section).to_owned(), pin, map });
        }
        Ok(Self { btf, maps, _root: root })
    }

    /// Returns each section with the path of its pin, which this process alone can follow: for
    /// aya's `EbpfLoader::map_pin_path`.
    pub fn pins(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.maps.iter().map(|map| (map.section.as_str(), map.pin.as_path()))
    }

    /// Opens one of the sections. Load the object first: a loader cannot freeze `.rodata` while it
    /// is mapped.
    ///
    /// # Errors
    ///
    /// [`SectionError::UnknownSection`] if the section is not among those of
    /// [`create`](Self::create), and those of [`DataSection::from_map_with_btf`].
    pub fn open(&self, section: &str) -> Result<DataSection, SectionError> {
        let Some(map) = self.maps.iter().find(|map| map.section == section) else {
            let nearest = Nearest::of(section, self.maps.iter().map(|map| map.section.as_str()));
            return Err(SectionError::UnknownSection { name: section.to_owned(), nearest });
        };
        DataSection::from_map_with_btf(&map.map, &self.btf, section)
    }
}

fn refused(operation: &'static str, capability: &'static str, errno: i32) -> SystemError {
    match errno {
        libc::EPERM => SystemError::PermissionDenied { operation, capability },
        errno => SystemError::Os { operation, errno },
    }
}
