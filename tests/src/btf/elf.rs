//! 64-bit ELF files written by hand.

use mapvalue::Endianness;

use super::{u16_bytes, u32_bytes, u64_bytes};

/// An object file of some sections. The first is the empty section that every file begins with. The
/// last, added by `bytes`, holds the names.
#[derive(Clone, Debug)]
pub struct Elf {
    order: Endianness,
    sections: Vec<ElfSection>,
}

/// A section of an object file.
#[derive(Clone, Debug, Default)]
pub struct ElfSection {
    /// Its name.
    pub name: String,
    /// `SHT_..`: 1 for bytes, 2 for symbols, 3 for strings, 8 for no bytes in the file.
    pub kind: u32,
    /// `SHF_..`.
    pub flags: u64,
    /// Its bytes in the file.
    pub bytes: Vec<u8>,
    /// Its size, if it differs from the number of its bytes.
    pub size: Option<u64>,
    /// The number of another section.
    pub link: u32,
}

impl Elf {
    /// A file with only the empty section.
    pub fn new(order: Endianness) -> Self {
        Self { order, sections: vec![ElfSection::default()] }
    }

    /// A file with the empty section and BTF.
    #[must_use]
    pub fn with_btf(order: Endianness, btf: Vec<u8>) -> Self {
        let mut elf = Self::new(order);
        elf.add(".BTF", 1, btf);
        elf
    }

    /// Adds a section and returns its number.
    pub fn add(&mut self, name: &str, kind: u32, bytes: Vec<u8>) -> usize {
        self.push(ElfSection { name: name.to_owned(), kind, bytes, ..ElfSection::default() })
    }

    /// Adds a section and returns its number.
    pub fn push(&mut self, section: ElfSection) -> usize {
        self.sections.push(section);
        self.sections.len() - 1
    }

    /// Adds symbols with their names.
    ///
    /// # Panics
    ///
    /// With too many sections.
    pub fn add_symbols(&mut self, symbols: &[u8], names: Vec<u8>) {
        let link = self.add(".strtab", 3, names);
        let link = u32::try_from(link).expect("a section");
        self.push(ElfSection {
            name: ".symtab".to_owned(),
            kind: 2,
            bytes: symbols.to_vec(),
            link,
            ..ElfSection::default()
        });
    }

    /// Returns the file.
    ///
    /// # Panics
    ///
    /// With more sections or names than a file can have.
    pub fn bytes(&self) -> Vec<u8> {
        let mut sections = self.sections.clone();
        sections.push(ElfSection { name: ".shstrtab".to_owned(), kind: 3, ..ElfSection::default() });
        let mut names = Vec::new();
        let mut starts = Vec::new();
        for section in &sections {
            starts.push(u32::try_from(names.len()).expect("an offset"));
            names.extend_from_slice(section.name.as_bytes());
            names.push(0);
        }
        let last = sections.len() - 1;
        sections[last].bytes = names;
        self.file(&sections, &starts)
    }

    fn file(&self, sections: &[ElfSection], names: &[u32]) -> Vec<u8> {
        const FILE_HEADER: usize = 64;
        const HEADER: u64 = 64;
        let order = self.order;
        let big = match order {
            Endianness::Native => cfg!(target_endian = "big"),
            order => order == Endianness::Big,
        };
        let mut contents = Vec::new();
        let mut headers = Vec::new();
        let first = FILE_HEADER as u64 + HEADER * sections.len() as u64;
        for (section, name) in sections.iter().zip(names) {
            let offset = first + contents.len() as u64;
            let size = section.size.unwrap_or(section.bytes.len() as u64);
            headers.extend_from_slice(&u32_bytes(*name, order));
            headers.extend_from_slice(&u32_bytes(section.kind, order));
            for field in [section.flags, 0, offset, size] {
                headers.extend_from_slice(&u64_bytes(field, order));
            }
            headers.extend_from_slice(&u32_bytes(section.link, order));
            headers.extend_from_slice(&[0; 20]);
            contents.extend_from_slice(&section.bytes);
        }
        let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1 + u8::from(big), 1];
        file.resize(FILE_HEADER, 0);
        let count = u16::try_from(sections.len()).expect("a number of sections");
        file[0x28..0x30].copy_from_slice(&u64_bytes(FILE_HEADER as u64, order));
        file[0x3c..0x3e].copy_from_slice(&u16_bytes(count, order));
        file[0x3e..0x40].copy_from_slice(&u16_bytes(count - 1, order));
        file.extend(headers);
        file.extend(contents);
        file
    }
}

/// A symbol of a section. `name` is an offset in the symbols' names. `binding` is 0 for a symbol
/// that only its own file sees, 1 for a global one. `visibility` is 2 for a hidden one.
pub fn symbol(order: Endianness, name: u32, binding: u8, visibility: u8, section: u16, offset: u64) -> Vec<u8> {
    let mut bytes = u32_bytes(name, order).to_vec();
    bytes.extend_from_slice(&[binding << 4 | 1, visibility]);
    bytes.extend_from_slice(&u16_bytes(section, order));
    bytes.extend_from_slice(&u64_bytes(offset, order));
    bytes.extend_from_slice(&[0; 8]);
    bytes
}
