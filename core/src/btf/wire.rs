//! BTF as it is stored (include/uapi/linux/btf.h): a header, 32-bit words of types, and strings.
//!
//! [`parse`] is the only place that meets bytes nobody has checked. What it returns is sound: each record is whole, each reference
//! to a type or a name leads to one. Nothing is followed here, so there is no cycle to get lost in.

use zerocopy::FromBytes;
use zerocopy::byteorder::{BigEndian, LittleEndian, U32};

use crate::error::InvalidBtf;
use crate::layout::Endianness;

const MAGIC: u16 = 0xeb9f;
const VERSION: u8 = 1;
/// Bytes of the header that every version has: magic, version, flags, and five words.
const HEADER: usize = 24;
/// The longest name: eight times what the kernel takes (`KSYM_NAME_LEN`). Without a limit, many types that share one long name would
/// cost their number times its length to look through.
pub(crate) const MAX_NAME: usize = 4096;
/// Words that begin each record: the offset of its name, kind and number of parts, size or type.
const COMMON: usize = 3;

/// The kinds by their numbers (`BTF_KIND_..`).
pub(crate) mod kind {
    pub(crate) const INT: u32 = 1;
    pub(crate) const PTR: u32 = 2;
    pub(crate) const ARRAY: u32 = 3;
    pub(crate) const STRUCT: u32 = 4;
    pub(crate) const UNION: u32 = 5;
    pub(crate) const ENUM: u32 = 6;
    pub(crate) const FWD: u32 = 7;
    pub(crate) const TYPEDEF: u32 = 8;
    pub(crate) const VOLATILE: u32 = 9;
    pub(crate) const CONST: u32 = 10;
    pub(crate) const RESTRICT: u32 = 11;
    pub(crate) const FUNC: u32 = 12;
    pub(crate) const FUNC_PROTO: u32 = 13;
    pub(crate) const VAR: u32 = 14;
    pub(crate) const DATASEC: u32 = 15;
    pub(crate) const FLOAT: u32 = 16;
    pub(crate) const DECL_TAG: u32 = 17;
    pub(crate) const TYPE_TAG: u32 = 18;
    pub(crate) const ENUM64: u32 = 19;
}

/// What a BTF object holds, checked and in the machine's byte order.
#[derive(Clone)]
pub(crate) struct Wire {
    /// The order in which the words were stored.
    pub(crate) endianness: Endianness,
    /// All records, one after the other.
    words: Box<[u32]>,
    /// Where the record of each type begins in `words`; the types are numbered from 1.
    starts: Box<[u32]>,
    /// All names, each ended by a zero byte; the first is empty.
    strings: Box<str>,
}

/// The record of one type.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) name: u32,
    info: u32,
    /// Its size in bytes or the type it refers to, depending on its kind.
    pub(crate) size_or_type: u32,
    /// What follows: its parts, or a word or two of details.
    pub(crate) rest: &'a [u32],
}

impl Record<'_> {
    pub(crate) fn kind(&self) -> u32 {
        self.info >> 24 & 0x1f
    }

    /// The bit whose meaning depends on the kind: signed, union, or with bitfields.
    pub(crate) fn flag(&self) -> bool {
        self.info >> 31 == 1
    }

    /// The number of parts; the linkage of a function.
    pub(crate) fn vlen(&self) -> u32 {
        self.info & 0xffff
    }
}

impl Wire {
    /// The number of types, the one numbered 0 (`void`) included.
    pub(crate) fn count(&self) -> u32 {
        // Each type takes at least 12 of at most 2^32 bytes.
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX - 1) + 1
    }

    /// How many words all records take.
    pub(crate) fn words(&self) -> usize {
        self.words.len()
    }

    /// The record of a type, `None` for `void` and beyond the last.
    pub(crate) fn record(&self, id: u32) -> Option<Record<'_>> {
        record(&self.words, self.start(id)?)
    }

    fn start(&self, id: u32) -> Option<usize> {
        self.starts.get((id as usize).checked_sub(1)?).map(|start| *start as usize)
    }

    /// The name at an offset.
    pub(crate) fn string(&self, offset: u32) -> &str {
        let tail = usize::try_from(offset).ok().and_then(|offset| self.strings.get(offset..)).unwrap_or_default();
        tail.split_once('\0').map_or(tail, |(name, _)| name)
    }

    /// Whether the name at an offset is this one, without looking for its end.
    pub(crate) fn is_string(&self, offset: u32, name: &str) -> bool {
        let tail = usize::try_from(offset).ok().and_then(|offset| self.strings.as_bytes().get(offset..));
        tail.and_then(|tail| tail.strip_prefix(name.as_bytes())).is_some_and(|rest| rest.first() == Some(&0))
    }

    /// Sets the size of a section and where its variables lie, given as one word a part.
    pub(crate) fn lay_out_section(&mut self, id: u32, size: u32, offsets: impl Iterator<Item = Option<u32>>) {
        let Some(start) = self.start(id) else { return };
        self.words[start + 2] = size;
        for (part, offset) in self.words[start + COMMON..].chunks_exact_mut(3).zip(offsets) {
            part[1] = offset.unwrap_or(part[1]);
        }
    }

    /// Makes a variable one that only its own file sees.
    pub(crate) fn hide_variable(&mut self, id: u32) {
        if let Some(start) = self.start(id) {
            self.words[start + COMMON] = 0;
        }
    }
}

/// The record that begins at `start`, if there is all of it.
fn record(words: &[u32], start: usize) -> Option<Record<'_>> {
    let &[name, info, size_or_type] = words.get(start..start + COMMON)? else { return None };
    let record = Record { name, info, size_or_type, rest: &[] };
    let rest = words.get(start + COMMON..)?.get(..words_after(&record)?)?;
    Some(Record { rest, ..record })
}

/// The number of words after the common ones, `None` for a kind that is not known.
fn words_after(record: &Record<'_>) -> Option<usize> {
    let vlen = record.vlen() as usize;
    Some(match record.kind() {
        kind::INT | kind::VAR | kind::DECL_TAG => 1,
        kind::ARRAY => 3,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 3 * vlen,
        kind::ENUM | kind::FUNC_PROTO => 2 * vlen,
        kind::PTR
        | kind::FWD
        | kind::TYPEDEF
        | kind::VOLATILE
        | kind::CONST
        | kind::RESTRICT
        | kind::FUNC
        | kind::FLOAT
        | kind::TYPE_TAG => 0,
        _ => return None,
    })
}

/// Reads and checks a BTF object. It allocates the words and the strings once more, and one word a type.
pub(crate) fn parse(bytes: &[u8]) -> Result<Wire, InvalidBtf> {
    let (endianness, header) = parse_header(bytes)?;
    let [header_len, type_off, type_len, str_off, str_len] = header;
    let section = |what, offset: u32, len: u32| {
        let start = u64::from(header_len) + u64::from(offset);
        let end = start + u64::from(len);
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok()).map(|(start, end)| start..end);
        let found = range.and_then(|range| bytes.get(range));
        found.ok_or(InvalidBtf::Truncated { what, end, len: bytes.len() })
    };
    let (types, strings) = (u64::from(type_off), u64::from(str_off));
    if types < strings + u64::from(str_len) && strings < types + u64::from(type_len) {
        return Err(InvalidBtf::Overlap);
    }
    let words = parse_words(section("the types", type_off, type_len)?, endianness)?;
    let strings = parse_strings(section("the strings", str_off, str_len)?)?;
    let starts = find_records(&words)?;
    let wire = Wire { endianness, words, starts, strings: strings.into() };
    (1..wire.count()).try_for_each(|id| check_references(&wire, id))?;
    Ok(wire)
}

/// The byte order, and the five words after magic, version and flags.
fn parse_header(bytes: &[u8]) -> Result<(Endianness, [u32; 5]), InvalidBtf> {
    let truncated = InvalidBtf::Truncated { what: "the header", end: HEADER as u64, len: bytes.len() };
    let &[a, b, version, _flags, ref rest @ ..] = bytes else { return Err(truncated) };
    let endianness = match u16::from_le_bytes([a, b]) {
        MAGIC => Endianness::Little,
        magic if magic.swap_bytes() == MAGIC => Endianness::Big,
        found => return Err(InvalidBtf::NotBtf { found }),
    };
    if version != VERSION {
        return Err(InvalidBtf::Version { found: version });
    }
    let words = rest.get(..HEADER - 4).map(|rest| to_words(rest, endianness));
    let Some(Ok::<[u32; 5], _>(header)) = words.map(|words| Vec::from(words).try_into()) else { return Err(truncated) };
    if (header[0] as usize) < HEADER {
        return Err(InvalidBtf::Header { len: header[0] });
    }
    Ok((endianness, header))
}

fn parse_words(section: &[u8], endianness: Endianness) -> Result<Box<[u32]>, InvalidBtf> {
    if section.len().is_multiple_of(4) {
        Ok(to_words(section, endianness))
    } else {
        Err(InvalidBtf::OddLength { len: section.len() })
    }
}

/// Whole words, in the machine's order.
fn to_words(bytes: &[u8], endianness: Endianness) -> Box<[u32]> {
    // Only bytes that are no whole words fail to be seen as words, and there are none.
    if endianness == Endianness::Big {
        let words = <[U32<BigEndian>]>::ref_from_bytes(bytes).unwrap_or_default();
        words.iter().map(|word| word.get()).collect()
    } else {
        let words = <[U32<LittleEndian>]>::ref_from_bytes(bytes).unwrap_or_default();
        words.iter().map(|word| word.get()).collect()
    }
}

fn parse_strings(section: &[u8]) -> Result<&str, InvalidBtf> {
    match (section.first(), section.last()) {
        // The first string of a whole object is the empty one; that of a split object is in the object it is split from.
        (Some(1..), _) => Err(InvalidBtf::Split),
        (Some(0), Some(0)) => {
            let longest = section.split(|byte| *byte == 0).map(<[u8]>::len).max().unwrap_or(0);
            if longest > MAX_NAME {
                return Err(InvalidBtf::LongName { len: longest, max: MAX_NAME });
            }
            core::str::from_utf8(section).map_err(|error| InvalidBtf::NotText { offset: error.valid_up_to() })
        }
        _ => Err(InvalidBtf::UnendedStrings),
    }
}

/// Where each record begins.
fn find_records(words: &[u32]) -> Result<Box<[u32]>, InvalidBtf> {
    let mut starts = Vec::new();
    let mut start = 0;
    while start < words.len() {
        let id = u32::try_from(starts.len() + 1).unwrap_or(u32::MAX);
        let Some(record) = record(words, start) else {
            let kind = words.get(start + 1).map_or(0, |info| info >> 24 & 0x1f);
            let known = (kind::INT..=kind::ENUM64).contains(&kind) || start + 1 >= words.len();
            return Err(if known { InvalidBtf::CutType { id } } else { InvalidBtf::UnknownKind { id, kind } });
        };
        // Below 2^30, since the section's length in bytes is a u32.
        starts.push(u32::try_from(start).unwrap_or(u32::MAX));
        start += COMMON + record.rest.len();
    }
    Ok(starts.into())
}

/// That all names and types that a record refers to are there.
fn check_references(wire: &Wire, id: u32) -> Result<(), InvalidBtf> {
    let Some(record) = wire.record(id) else { return Ok(()) };
    let name = |offset: u32| {
        let inside = wire.strings.is_char_boundary(offset as usize) && (offset as usize) < wire.strings.len();
        if inside { Ok(()) } else { Err(InvalidBtf::NoString { id, offset, len: wire.strings.len() }) }
    };
    let target = |to: u32| {
        if to < wire.count() { Ok(()) } else { Err(InvalidBtf::NoType { id, to, count: wire.count() }) }
    };
    name(record.name)?;
    match record.kind() {
        kind::PTR
        | kind::TYPEDEF
        | kind::VOLATILE
        | kind::CONST
        | kind::RESTRICT
        | kind::FUNC
        | kind::VAR
        | kind::DECL_TAG
        | kind::TYPE_TAG => target(record.size_or_type),
        kind::ARRAY => target(record.rest[0]).and_then(|()| target(record.rest[1])),
        kind::STRUCT | kind::UNION => {
            record.rest.chunks_exact(3).try_for_each(|member| name(member[0]).and_then(|()| target(member[1])))
        }
        kind::ENUM => record.rest.chunks_exact(2).try_for_each(|value| name(value[0])),
        kind::ENUM64 => record.rest.chunks_exact(3).try_for_each(|value| name(value[0])),
        kind::FUNC_PROTO => {
            target(record.size_or_type)?;
            record.rest.chunks_exact(2).try_for_each(|param| name(param[0]).and_then(|()| target(param[1])))
        }
        kind::DATASEC => record.rest.chunks_exact(3).try_for_each(|variable| target(variable[0])),
        _ => Ok(()),
    }
}
