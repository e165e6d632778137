//! The initial values of a section, read from an object file and changed before it is loaded.

use crate::btf::{Btf, elf};
use crate::error::{ElementError, SectionError};
use crate::mapping::Mapping;
use crate::section::{DataSection, Memory, size_of};

/// Initial values.
impl DataSection {
    /// Opens the initial values of a section in memory of this process, as an object file has them:
    /// to set constants by name before a loader loads the object. The C types are checked, as
    /// everywhere in a section.
    ///
    /// Nothing that is stored here reaches the object: hand [`bytes`](Self::bytes) to the loader.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// use mapvalue::{DataSection, MapValue};
    ///
    /// let rodata = DataSection::from_object(object, ".rodata")?;
    /// assert_eq!(rodata.var::<u64>("answer")?.load(), 4_242_424_242); // as the C source has it
    /// rodata.var::<u64>("answer")?.store(42);
    /// let bytes = rodata.bytes()?;
    /// // libbpf-rs, the map `.rodata` of the open object: `map.set_initial_value(&bytes)?`. aya:
    /// for variable in rodata.variables() {
    ///     let value = &bytes[variable.offset..][..variable.size];
    ///     // loader.override_global(variable.name, value, true);
    /// #   assert!(variable.name != "answer" || value == 42_u64.to_bytes());
    /// }
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of reading the object ([`Btf::from_object`]), of [`with_btf`](Self::with_btf) and of
    /// [`Mapping::memfd`].
    pub fn from_object(object: &[u8], section: &str) -> Result<Self, SectionError> {
        let btf = Btf::from_object(object)?;
        let size = size_of(&btf, section)? as usize;
        let image = elf::contents(object, section)?;
        let memory = Mapping::memfd(size)?;
        // A damaged object may have more bytes than its BTF says.
        memory.write_at(0, &image[..image.len().min(size)])?;
        Self::with_btf(&memory, &btf, section)
    }

    /// Copies the bytes of the whole section as they are now. Each leaf may be of another moment if
    /// programs write to it meanwhile.
    ///
    /// # Errors
    ///
    /// [`ElementError::System`] if the map cannot be mapped, and the kernel refuses to read it.
    pub fn bytes(&self) -> Result<Vec<u8>, ElementError> {
        let size = self.section().map_or(0, |section| section.size() as usize);
        match &self.memory {
            Memory::Mapped(mapping) => {
                let mut bytes = vec![0; size];
                mapping.read_at(self.start, &mut bytes)?;
                Ok(bytes)
            }
            Memory::Unmapped(map) => map.read(0, size),
        }
    }
}
