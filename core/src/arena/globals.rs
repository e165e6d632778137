//! The global variables of a C program that lie in an arena, by name.

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::btf::Btf;
use crate::error::Error;
use crate::section::DataSection;

/// The section that clang puts variables of address space 1 into.
const SECTION: &str = ".addr_space.1";

impl Arena {
    /// The global variables that a BPF program has in the arena (`__arena`, clang's section `.addr_space.1`), by their names, with their C
    /// types checked as those of every [`DataSection`].
    ///
    /// `btf` is that of the object file that was loaded ([`Btf::from_object`]). `offset` is where its loader put the section, in bytes
    /// from the start of the arena. Nobody but the loader knows: libbpf has put it at 0, and puts it at the end since 1.7 where
    /// the kernel can have it there (`arena.len()` less the section's size, rounded up to a page). A skeleton's pointer to
    /// the variables, less [`start`](Self::start), tells it.
    ///
    /// ```
    /// # fn open(object: &[u8]) -> Result<(), mapvalue::Error> {
    /// use mapvalue::{Arena, ArenaFlags, Btf};
    ///
    /// let arena = Arena::create(16, ArenaFlags::default())?; // and have a loader use it
    /// let globals = arena.globals(&Btf::from_object(object)?, 0)?;
    /// globals.var::<u64>("packets")?.load();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownSection`] if the object has no such variables, [`Error::OpenSection`], [`Error::SectionSize`] if the section does not
    /// fit into the arena there, [`Error::ForeignByteOrder`]; [`Error::ArenaFaults`].
    pub fn globals(&self, btf: &Btf, offset: u64) -> Result<DataSection, Error> {
        let mapping = &self.rest.mapping;
        if self.flags().contains(ArenaFlags::SEGV_ON_FAULT) {
            return Err(Error::ArenaFaults { map: mapping.map_name() });
        }
        DataSection::within(mapping, usize::try_from(offset).unwrap_or(usize::MAX), btf, SECTION)
    }
}
