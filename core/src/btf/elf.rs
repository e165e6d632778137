//! Reads BTF out of an object file: the section `.BTF`, and the offsets of variables.
//!
//! clang writes 0 for the size of each data section and for the offset of each variable. The sizes
//! are taken from the sections of the file and the offsets from its symbols, as libbpf does before
//! it loads an object.

use super::wire::{self, Wire};
use std::collections::HashMap;
use std::marker::PhantomData;

use zerocopy::FromBytes;
use zerocopy::byteorder::{BigEndian, ByteOrder, LittleEndian, U16, U32, U64};

use crate::btf::types::{Linkage, Type, TypeKind};
use crate::btf::wire::MAX_NAME;
use crate::error::InvalidBtf;

const CLASS_64: u8 = 2;
const BIG_ENDIAN: u8 = 2;
/// `SHT_SYMTAB`, a section of symbols, and `SHT_NOBITS`, one without bytes in the file.
const SYMBOL_TABLE: u32 = 2;
const NO_BITS: u32 = 8;
/// `SHF_COMPRESSED`.
const COMPRESSED: u64 = 1 << 11;
/// The bytes of an `Elf64_Shdr` and of an `Elf64_Sym`.
const SECTION_HEADER: usize = 64;
const SYMBOL: usize = 24;
/// `STB_LOCAL`; `STV_INTERNAL` and `STV_HIDDEN`.
const LOCAL: u8 = 0;
const HIDDEN: [u8; 2] = [1, 2];

/// Reads the BTF of an object file, and gives its data sections their sizes and offsets.
pub(crate) fn parse(bytes: &[u8]) -> Result<Wire, InvalidBtf> {
    match bytes {
        [0x7f, b'E', b'L', b'F', CLASS_64, BIG_ENDIAN, ..] => File::<BigEndian>::new(bytes)?.btf(),
        [0x7f, b'E', b'L', b'F', CLASS_64, ..] => File::<LittleEndian>::new(bytes)?.btf(),
        _ => Err(InvalidBtf::NotElf),
    }
}

/// Returns the bytes of a section of an object file, as a loader stores them: none if it has no
/// such section, or only zeros in it.
pub(crate) fn contents<'a>(object: &'a [u8], section: &str) -> Result<&'a [u8], InvalidBtf> {
    fn of<'a, O: ByteOrder>(file: &File<'a, O>, section: &str) -> &'a [u8] {
        file.section(section).map_or(&[], |index| file.sections[index].bytes)
    }
    match object.get(5) {
        Some(&BIG_ENDIAN) => Ok(of(&File::<BigEndian>::new(object)?, section)),
        _ => Ok(of(&File::<LittleEndian>::new(object)?, section)),
    }
}

/// An ELF file whose numbers are of byte order `O`.
struct File<'a, O> {
    bytes: &'a [u8],
    sections: Vec<Section<'a>>,
    order: PhantomData<O>,
}

/// A section, by its header.
struct Section<'a> {
    name: &'a str,
    kind: u32,
    flags: u64,
    /// Its bytes in the file; empty for `.bss`.
    bytes: &'a [u8],
    size: u64,
    /// The index of another section that belongs to it.
    link: usize,
}

/// A symbol that other files see.
#[derive(Clone, Copy)]
struct Symbol {
    section: usize,
    /// Bytes from the start of that section.
    offset: u64,
    hidden: bool,
}

const DAMAGED_HEADERS: InvalidBtf = InvalidBtf::Object { what: "its section headers lie beyond its end" };
const DAMAGED_SECTION: InvalidBtf = InvalidBtf::Object { what: "a section lies beyond its end" };
const DAMAGED_SYMBOLS: InvalidBtf = InvalidBtf::Object { what: "its symbols are cut short, or have no names" };

impl<'a, O: ByteOrder> File<'a, O> {
    /// Reads all sections, with their names.
    fn new(bytes: &'a [u8]) -> Result<Self, InvalidBtf> {
        let mut file = Self { bytes, sections: Vec::new(), order: PhantomData };
        let headers = usize::try_from(u64::<O>(bytes, 0x28).ok_or(DAMAGED_HEADERS)?).map_err(|_| DAMAGED_HEADERS)?;
        let count = usize::from(u16::<O>(bytes, 0x3c).ok_or(DAMAGED_HEADERS)?);
        let names = usize::from(u16::<O>(bytes, 0x3e).ok_or(DAMAGED_HEADERS)?);
        let end = headers.checked_add(count * SECTION_HEADER).ok_or(DAMAGED_HEADERS)?;
        if end > bytes.len() {
            return Err(DAMAGED_HEADERS);
        }
        let header = |index: usize| headers + index * SECTION_HEADER;
        let names = if names < count { file.contents(header(names))? } else { &[] };
        file.sections = (0..count).map(|index| file.read_section(header(index), names)).collect::<Result<_, _>>()?;
        Ok(file)
    }

    fn range(&self, offset: u64, size: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(offset).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(size).ok()?)?)
    }

    fn read_section(&self, header: usize, names: &'a [u8]) -> Result<Section<'a>, InvalidBtf> {
        let field = |offset| u32::<O>(self.bytes, header + offset).ok_or(DAMAGED_HEADERS);
        let long = |offset| u64::<O>(self.bytes, header + offset).ok_or(DAMAGED_HEADERS);
        let name = string(names, field(0)?).unwrap_or_default();
        let (kind, flags, size, link) = (field(4)?, long(8)?, long(32)?, field(40)? as usize);
        Ok(Section { name, kind, flags, bytes: self.contents(header)?, size, link })
    }

    /// The bytes of the section with this header.
    fn contents(&self, header: usize) -> Result<&'a [u8], InvalidBtf> {
        if u32::<O>(self.bytes, header + 4) == Some(NO_BITS) {
            return Ok(&[]);
        }
        let (offset, size) = (u64::<O>(self.bytes, header + 24), u64::<O>(self.bytes, header + 32));
        offset.zip(size).and_then(|(offset, size)| self.range(offset, size)).ok_or(DAMAGED_SECTION)
    }

    fn section(&self, name: &str) -> Option<usize> {
        self.sections.iter().position(|section| section.name == name)
    }

    fn btf(&self) -> Result<Wire, InvalidBtf> {
        let section = &self.sections[self.section(".BTF").ok_or(InvalidBtf::NoBtfSection)?];
        if self.section(".BTF.base").is_some() {
            return Err(InvalidBtf::Split);
        }
        if section.kind == NO_BITS {
            return Err(InvalidBtf::Object { what: "its section `.BTF` has no bytes in the file (SHT_NOBITS)" });
        }
        if section.flags & COMPRESSED != 0 {
            return Err(InvalidBtf::Object { what: "its section `.BTF` is compressed" });
        }
        let mut btf = wire::parse(section.bytes, None)?;
        self.lay_out(&mut btf)?;
        Ok(btf)
    }

    /// Gives each data section its size, and each of its variables its offset and visibility.
    fn lay_out(&self, btf: &mut Wire) -> Result<(), InvalidBtf> {
        let sections = self.sections.iter().enumerate().map(|(index, section)| (section.name, index));
        let sections: HashMap<&str, usize> = sections.collect();
        let mut symbols = None;
        for id in 1..btf.count() {
            let Some(TypeKind::Section(section)) = Some(Type::new(btf, id).kind()) else { continue };
            let Some(&index) = sections.get(Type::new(btf, id).name()) else { continue };
            let symbols = match &mut symbols {
                Some(symbols) => symbols,
                none => none.insert(self.symbols()?),
            };
            // A linker (`bpftool gen object`) writes complete sections.
            let open = section.size() == 0;
            let found: Vec<_> = section
                .variables()
                .map(|part| (part.variable, symbols.get(part.variable.name()).filter(|it| it.section == index)))
                .map(|(variable, symbol)| (variable.id(), is_global(variable), symbol.copied()))
                .collect();
            let size = u32::try_from(self.sections[index].size).map_err(|_| DAMAGED_SECTION)?;
            if open {
                // A `static` variable has no symbol that other files see: it keeps the offset that
                // clang wrote.
                let offset = |symbol: Symbol| u32::try_from(symbol.offset).ok();
                btf.lay_out_section(id, size, found.iter().map(|(.., symbol)| symbol.and_then(offset)));
            }
            // The place of a global without a symbol in this section is not known.
            let hidden = |symbol: &Option<Symbol>| symbol.map_or(open, |symbol| symbol.hidden);
            let hidden = found.iter().filter(|(_, global, symbol)| *global && hidden(symbol));
            hidden.for_each(|(variable, ..)| btf.hide_variable(*variable));
        }
        Ok(())
    }

    /// The symbols that other files see, by name.
    fn symbols(&self) -> Result<HashMap<&'a str, Symbol>, InvalidBtf> {
        let Some(table) = self.sections.iter().find(|section| section.kind == SYMBOL_TABLE) else {
            return Ok(HashMap::new());
        };
        let names = self.sections.get(table.link).ok_or(DAMAGED_SYMBOLS)?.bytes;
        let symbols = table.bytes.chunks_exact(SYMBOL).filter(|symbol| symbol[4] >> 4 != LOCAL).filter_map(|symbol| {
            let (section, offset) = (u16::<O>(symbol, 6)?.into(), u64::<O>(symbol, 8)?);
            let hidden = HIDDEN.contains(&(symbol[5] & 3));
            Some((string(names, u32::<O>(symbol, 0)?)?, Symbol { section, offset, hidden }))
        });
        Ok(symbols.collect())
    }
}

fn u16<O: ByteOrder>(bytes: &[u8], at: usize) -> Option<u16> {
    Some(U16::<O>::read_from_prefix(bytes.get(at..)?).ok()?.0.get())
}

fn u32<O: ByteOrder>(bytes: &[u8], at: usize) -> Option<u32> {
    Some(U32::<O>::read_from_prefix(bytes.get(at..)?).ok()?.0.get())
}

fn u64<O: ByteOrder>(bytes: &[u8], at: usize) -> Option<u64> {
    Some(U64::<O>::read_from_prefix(bytes.get(at..)?).ok()?.0.get())
}

fn is_global(variable: Type<'_>) -> bool {
    matches!(variable.kind(), TypeKind::Variable { linkage: Linkage::Global, .. })
}

/// The string at an offset, up to its zero byte.
fn string(strings: &[u8], offset: u32) -> Option<&str> {
    let tail = strings.get(usize::try_from(offset).ok()?..)?;
    // BTF has no longer names either. Without a limit, sections and symbols that share one long
    // name would cost their number times its length.
    let end = tail.iter().take(MAX_NAME + 1).position(|byte| *byte == 0)?;
    core::str::from_utf8(&tail[..end]).ok()
}
