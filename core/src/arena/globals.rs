//! The global variables of a C program in an arena: where they lie, and their names.

use std::ops::Range;
use std::os::fd::AsFd;

#[cfg(doc)]
use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::btf::{Btf, TypeKind, elf};
#[cfg(doc)]
use crate::error::PlaceError;
use crate::error::{SectionError, SystemError};
use crate::section::DataSection;
use crate::sys::bpf as sys;

/// The section into which clang puts variables of address space 1.
const SECTION: &str = ".addr_space.1";

/// Global variables of BPF programs ([at one end of the
/// arena](crate::arena#the-two-ends-of-an-arena))
impl Arena {
    /// Finds the global variables of a loaded program by its instructions, and opens them by name.
    ///
    /// They are the variables with `__arena`, in clang's section `.addr_space.1`. Their C types are
    /// checked, as in every [`DataSection`]. `btf` is that of the loaded object file
    /// ([`Btf::from_object`]). `program` is one of its programs, and uses such a variable, so its
    /// instructions say where the loader put them. The pages of the variables are made
    /// ([`prefault`](Self::prefault)), so that no access to them fails.
    ///
    /// ```no_run
    /// # use mapvalue::{Arena, ArenaFlags, Btf};
    /// # fn open(object: &[u8], program: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let arena = Arena::create(16, ArenaFlags::default())?; // and have a loader use it
    /// let globals = arena.globals(&Btf::from_object(object)?, &program)?;
    /// globals.var::<u64>("packets")?.load();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`globals_offset`](Self::globals_offset), of [`globals_at`](Self::globals_at) and
    /// of [`prefault`](Self::prefault).
    pub fn globals(&self, btf: &Btf, program: impl AsFd) -> Result<DataSection, SectionError> {
        let offset = self.globals_offset(btf, program)?;
        let first = offset / self.page_size();
        self.prefault(first..first + size_of_globals(btf)?.unwrap_or(0).div_ceil(self.page_size()))?;
        self.globals_at(btf, offset)
    }

    /// Finds where the global variables of a loaded program lie, in bytes from the start of the
    /// arena, as [`globals`](Self::globals) does: for an arena with
    /// [`SEGV_ON_FAULT`](ArenaFlags::SEGV_ON_FAULT), in which they are [`read`](Self::read) one by
    /// one.
    ///
    /// # Errors
    ///
    /// - [`SectionError::PlaceUnknown`] if the instructions do not tell, with the reason. Ask the
    ///   loader then, and use [`globals_at`](Self::globals_at).
    /// - [`SystemError::PermissionDenied`] without `CAP_BPF`; [`SectionError::UnknownSection`] if
    ///   the object has no such variables; [`SectionError::OpenSection`], [`SectionError::Size`],
    ///   [`SystemError::Os`].
    pub fn globals_offset(&self, btf: &Btf, program: impl AsFd) -> Result<u64, SectionError> {
        let map = self.rest.mapping.map_name();
        // Without such variables, or if they do not fit, this is the error.
        DataSection::within(&self.rest.mapping, 0, btf, SECTION)?;
        let [start, end] = self.ends_for(size_of_globals(btf)?.unwrap_or(0));
        let unknown = |reason: &str| SectionError::PlaceUnknown { map, reason: reason.to_owned() };
        let operation = "read a program's instructions";
        let instructions = sys::program_instructions(program.as_fd()).map_err(|errno| match errno {
            libc::EPERM => SystemError::PermissionDenied { operation, capability: "CAP_BPF" }.into(),
            libc::EINVAL | libc::EBADF => unknown("the descriptor is not a BPF program"),
            libc::ENODATA => unknown(
                "the kernel does not show the program's instructions (sysctl net.core.bpf_jit_harden is 2); \
                 take the offset from the loader, and `Arena::globals_at`",
            ),
            errno => SystemError::Os { operation, errno }.into(),
        })?;
        let page = self.page_size();
        let [mut at_start, mut at_end] = [false; 2];
        for address in addresses_in(&instructions) {
            // In a small arena, a place may be at both ends, and tells nothing.
            let place = address.wrapping_sub(self.start) / page;
            let (in_start, in_end) = (start.contains(&place), end.contains(&place));
            at_start |= in_start && !in_end;
            at_end |= in_end && !in_start;
        }
        match (at_start, at_end) {
            _ if start == end => Ok(start.start * page),
            (true, false) => Ok(start.start * page),
            (false, true) => Ok(end.start * page),
            (true, true) => Err(unknown(
                "the program uses addresses at both ends of the arena; take the offset from the loader, \
                 and `Arena::globals_at`",
            )),
            (false, false) => Err(unknown(
                "the program uses no variable in the arena that tells the two ends apart; name another \
                 program of the same object, or take the offset from the loader, and `Arena::globals_at`",
            )),
        }
    }

    /// Opens the global variables at `offset` bytes from the start of the arena. Prefer
    /// [`globals`](Self::globals), which finds the offset.
    ///
    /// **A wrong offset is not an error**: the variables then read as zeros, or as whatever is
    /// there. libbpf's offset is 0; since libbpf 1.7 on Linux 7.0, it is `arena.len()` minus the
    /// section's size rounded up to a page. It is also a skeleton's pointer to the variables minus
    /// [`start`](Self::start). (`bpf_map__initial_value` does not help: for an arena it is the
    /// start.)
    ///
    /// ```
    /// # use mapvalue::{Arena, Btf};
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/arena.o"));
    /// let arena = Arena::memfd(4)?; // no loader: wherever both sides agree
    /// let globals = arena.globals_at(&Btf::from_object(object)?, 0)?;
    /// globals.var::<u64>("stats.packets")?.store(1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SectionError::UnknownSection`] if the object has no such variables,
    /// [`SectionError::OpenSection`], [`SectionError::Size`] if the section does not fit into the
    /// arena there, [`SectionError::ForeignByteOrder`]; [`PlaceError::ArenaFaults`].
    pub fn globals_at(&self, btf: &Btf, offset: u64) -> Result<DataSection, SectionError> {
        self.refuse_faults()?;
        DataSection::within(&self.rest.mapping, usize::try_from(offset).unwrap_or(usize::MAX), btf, SECTION)
    }

    /// Makes the pages that an object's global variables can take at both ends, before it is
    /// loaded. Returns the pages in between, which anybody may use.
    ///
    /// libbpf does not make these pages in an arena that it was given (`reuse_fd`). Until somebody
    /// does, `bpf_arena_alloc_pages` may hand them to a program, which then **overwrites its own
    /// variables without an error**. It does not store their initial values either: prefer
    /// [`store_globals`](Self::store_globals).
    ///
    /// ```no_run
    /// # use mapvalue::{Arena, ArenaFlags, Btf};
    /// # fn load(object: &[u8]) -> Result<(), mapvalue::Error> {
    /// let arena = Arena::create(64, ArenaFlags::default())?;
    /// let free = arena.hold_globals(&Btf::from_object(object)?)?;
    /// // Now let libbpf load the object (`reuse_fd`). User space may use `free`.
    /// let ours = arena.page::<u64>(free.start);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SectionError::OpenSection`] if the BTF is clang's own, without the file around it;
    /// [`SectionError::Size`] if the variables do not fit into the arena; those of
    /// [`prefault`](Self::prefault).
    pub fn hold_globals(&self, btf: &Btf) -> Result<Range<u64>, SectionError> {
        let Some(size) = size_of_globals(btf)? else { return Ok(0..self.page_count()) };
        if size > self.len() {
            let (size, len) = (usize::try_from(size).unwrap_or(usize::MAX), self.rest.mapping.len());
            return Err(SectionError::Size { name: SECTION.to_owned(), size, map: self.rest.mapping.map_name(), len });
        }
        let [start, end] = self.ends_for(size);
        self.prefault(start.clone())?;
        self.prefault(end.clone())?;
        Ok(start.end..end.start.max(start.end))
    }

    /// Makes the pages of an object's global variables as [`hold_globals`](Self::hold_globals)
    /// does, and stores the initial values of the variables there, before the object is loaded.
    /// Returns the pages in between, which anybody may use.
    ///
    /// Only the loader knows at which end they will lie, so both ends hold the values. What is
    /// there is overwritten, so do not call this for an arena in use.
    /// [`for_object`](Self::for_object) calls it for an arena as the object defines it; this is
    /// for one of your own size.
    ///
    /// ```no_run
    /// # use mapvalue::{Arena, ArenaFlags};
    /// # fn load(object: &[u8]) -> Result<(), mapvalue::Error> {
    /// let arena = Arena::create(1 << 16, ArenaFlags::default())?;
    /// let free = arena.store_globals(object)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`hold_globals`](Self::hold_globals) and of reading the object
    /// ([`Btf::from_object`]); [`SectionError::EndsOverlap`] if the arena is too small for both
    /// ends; [`PlaceError::ReadOnly`]; [`PlaceError::ArenaFaults`] with
    /// [`SEGV_ON_FAULT`](ArenaFlags::SEGV_ON_FAULT), where libbpf does not store them either.
    pub fn store_globals(&self, object: &[u8]) -> Result<Range<u64>, SectionError> {
        let btf = Btf::from_object(object)?;
        let free = self.hold_globals(&btf)?;
        let size = size_of_globals(&btf)?.unwrap_or(0);
        let [start, end] = self.ends_for(size);
        if start != end && start.end > end.start {
            let (map, pages, needed) = (self.rest.mapping.map_name(), self.page_count(), 2 * start.end);
            return Err(SectionError::EndsOverlap { name: SECTION.to_owned(), map, pages, needed });
        }
        let image = elf::contents(object, SECTION)?;
        // A damaged object may have more bytes than its BTF says.
        let image = &image[..image.len().min(usize::try_from(size).unwrap_or(usize::MAX))];
        for first in [start.start, end.start] {
            let offset = usize::try_from(first * self.page_size()).unwrap_or(usize::MAX);
            self.rest.mapping.write_at(offset, image)?;
        }
        Ok(free)
    }

    /// Returns the pages that `size` bytes take at the start and at the end of the arena.
    fn ends_for(&self, size: u64) -> [Range<u64>; 2] {
        let (all, pages) = (self.page_count(), size.div_ceil(self.page_size()));
        [0..pages.min(all), all.saturating_sub(pages)..all]
    }
}

/// Returns the size of the variables in the arena; `None` if there are none.
fn size_of_globals(btf: &Btf) -> Result<Option<u64>, SectionError> {
    let size = btf.find(SECTION).find_map(|ty| match ty.kind() {
        TypeKind::Section(section) => Some(u64::from(section.size())),
        _ => None,
    });
    if size == Some(0) { Err(SectionError::OpenSection { name: SECTION.to_owned() }) } else { Ok(size) }
}

/// Returns the 64-bit numbers that instructions load. The address of a variable in an arena is one:
/// the address of the arena plus the variable's offset (`arena_map_direct_value_addr` in
/// kernel/bpf/arena.c).
fn addresses_in(instructions: &[u64]) -> impl Iterator<Item = u64> {
    const LOAD_NUMBER: u8 = 0x18;
    let mut rest = instructions.iter().map(|instruction| instruction.to_ne_bytes());
    std::iter::from_fn(move || {
        let [_, _, _, _, low @ ..] = rest.find(|[code, ..]| *code == LOAD_NUMBER)?;
        // The instruction has two words.
        let [_, _, _, _, high @ ..] = rest.next()?;
        Some(u64::from(u32::from_ne_bytes(high)) << 32 | u64::from(u32::from_ne_bytes(low)))
    })
}
