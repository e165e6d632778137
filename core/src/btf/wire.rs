//! BTF as it is stored (include/uapi/linux/btf.h): a header, 32-bit words of types, and strings.
//!
//! [`parse`] is the only function that reads unchecked bytes. Its result is sound: each record is
//! whole, and each reference leads to a type or a name. It follows no reference, so a cycle cannot
//! trap it.
//!
//! Newer kernels and compilers write a longer header with a layout section, which says how long the
//! records of each kind are. So a kind that is not known here is passed over; without the section
//! it is an error. Split BTF continues the types and the strings of a base.

use std::sync::Arc;

use zerocopy::FromBytes;

use crate::error::InvalidBtf;
use crate::layout::Endianness;

const MAGIC: u16 = 0xeb9f;
const VERSION: u8 = 1;
/// The bytes of the shortest header: magic, version, flags, and five words.
const HEADER: usize = 24;
/// The bytes of a header that also says where the layout section is, in two more words.
const HEADER_WITH_LAYOUTS: usize = 32;
/// The longest name: eight times the kernel's limit (`KSYM_NAME_LEN`). Without a limit, it would
/// cost the number of types times the length of a name that they all share to look through them.
pub(crate) const MAX_NAME: usize = 4096;
/// The words that begin each record: the offset of its name, kind and number of parts, size or
/// type.
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
#[derive(Clone, PartialEq)]
pub(crate) struct Wire {
    /// The order in which the words were stored.
    pub(crate) endianness: Endianness,
    /// The object whose types and strings this one continues, if it is split.
    base: Option<Arc<Wire>>,
    /// All records, one after the other.
    words: Box<[u32]>,
    /// Where the record of each type begins in `words`. The types are numbered from 1, or on from
    /// those of the base.
    starts: Box<[u32]>,
    /// All names, each ended by a zero byte. The first one is empty, unless there is a base.
    strings: Box<str>,
    /// How long the records of each kind are, by its number.
    layouts: Box<[RecordLayout]>,
}

/// The length of the records of one kind (`struct btf_layout`), in bytes beside the common words.
#[derive(Clone, Copy, PartialEq)]
struct RecordLayout {
    info: usize,
    part: usize,
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
        self.info >> 24 & 0x7f
    }

    /// The bit whose meaning depends on the kind: signed, union, or with bitfields.
    pub(crate) fn flag(&self) -> bool {
        self.info >> 31 == 1
    }

    /// The number of parts; the linkage of a function.
    pub(crate) fn vlen(&self) -> u32 {
        self.info & 0xff_ffff
    }
}

impl Wire {
    /// The number of types, the one numbered 0 (`void`) and those of the base included.
    pub(crate) fn count(&self) -> u32 {
        // Each type takes at least 12 of at most 2^32 bytes.
        let own = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        self.first().saturating_add(own)
    }

    /// The number of this object's first type.
    pub(crate) fn first(&self) -> u32 {
        self.base.as_ref().map_or(1, |base| base.count())
    }

    /// The number of words that all records take.
    pub(crate) fn words(&self) -> usize {
        self.words.len() + self.base.as_ref().map_or(0, |base| base.words())
    }

    /// The record of a type, `None` for `void` and beyond the last.
    pub(crate) fn record(&self, id: u32) -> Option<Record<'_>> {
        match &self.base {
            Some(base) if id < base.count() => base.record(id),
            _ => record(&self.words, self.start(id)?, &self.layouts),
        }
    }

    /// Where the record of a type of this object begins.
    fn start(&self, id: u32) -> Option<usize> {
        self.starts.get(id.checked_sub(self.first())? as usize).map(|start| *start as usize)
    }

    /// The bytes of all names.
    fn strings_len(&self) -> usize {
        self.strings.len() + self.base.as_ref().map_or(0, |base| base.strings_len())
    }

    /// The strings from an offset on, if a name can begin there.
    fn strings_from(&self, offset: usize) -> Option<&str> {
        let base_len = self.strings_len() - self.strings.len();
        match &self.base {
            Some(base) if offset < base_len => base.strings_from(offset),
            _ => self.strings.get(offset - base_len..).filter(|tail| !tail.is_empty()),
        }
    }

    /// The name at an offset.
    pub(crate) fn string(&self, offset: u32) -> &str {
        let tail = self.strings_from(offset as usize).unwrap_or_default();
        tail.split_once('\0').map_or(tail, |(name, _)| name)
    }

    /// Whether the name at an offset is this one, without looking for its end.
    pub(crate) fn is_string(&self, offset: u32, name: &str) -> bool {
        let rest = self.strings_from(offset as usize).and_then(|tail| tail.as_bytes().strip_prefix(name.as_bytes()));
        rest.is_some_and(|rest| rest.first() == Some(&0))
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

/// The common words of the record that begins at `start`, and all words after them.
fn head(words: &[u32], start: usize) -> Option<Record<'_>> {
    let &[name, info, size_or_type, ref rest @ ..] = words.get(start..)? else { return None };
    Some(Record { name, info, size_or_type, rest })
}

/// The record that begins at `start`, if all of it is there.
fn record<'a>(words: &'a [u32], start: usize, layouts: &[RecordLayout]) -> Option<Record<'a>> {
    let head = head(words, start)?;
    Some(Record { rest: head.rest.get(..words_after(&head, layouts)?)?, ..head })
}

/// The number of words after the common ones, `None` for a kind whose length is not known.
fn words_after(record: &Record<'_>, layouts: &[RecordLayout]) -> Option<usize> {
    let vlen = record.vlen() as usize;
    Some(match record.kind() {
        kind::INT | kind::VAR | kind::DECL_TAG => 1,
        kind::ARRAY => 3,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 3 * vlen,
        kind::ENUM | kind::FUNC_PROTO => 2 * vlen,
        0 => return None,
        // All that is known of the others is in the common words.
        1..=kind::ENUM64 => 0,
        unknown => {
            let layout = layouts.get(unknown as usize)?;
            let bytes = layout.info + layout.part * vlen;
            return bytes.is_multiple_of(4).then_some(bytes / 4);
        }
    })
}

/// Reads and checks a BTF object, or one that continues `base`.
///
/// It allocates the words and the strings once more, and one word a type.
pub(crate) fn parse(bytes: &[u8], base: Option<&Arc<Wire>>) -> Result<Wire, InvalidBtf> {
    let header = Header::parse(bytes)?;
    let endianness = header.endianness;
    if base.is_some_and(|base| base.endianness != endianness) {
        return Err(InvalidBtf::ForeignBase);
    }
    header.check_overlap()?;
    let types = header.section(bytes, "the types", header.types)?;
    if !types.len().is_multiple_of(4) {
        return Err(InvalidBtf::OddLength { len: types.len() });
    }
    let words = to_words(types, endianness);
    let strings = parse_strings(header.section(bytes, "the strings", header.strings)?, base.is_some())?;
    let own = parse_layouts(header.section(bytes, "the layouts of kinds", header.layouts)?)?;
    let layouts = if own.is_empty() { base.map_or(own, |base| base.layouts.clone()) } else { own };
    let starts = find_records(&words, &layouts, base.map_or(1, |base| base.count()))?;
    let wire = Wire { endianness, base: base.cloned(), words, starts, strings: strings.into(), layouts };
    (wire.first()..wire.count()).try_for_each(|id| check_references(&wire, id))?;
    Ok(wire)
}

/// The header. Parts are given by offset, from the end of the header, and length.
struct Header {
    endianness: Endianness,
    len: u32,
    types: (u32, u32),
    strings: (u32, u32),
    layouts: (u32, u32),
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, InvalidBtf> {
        let truncated = |end: usize| InvalidBtf::Truncated { what: "the header", end: end as u64, len: bytes.len() };
        let &[a, b, version, _flags, ..] = bytes else { return Err(truncated(HEADER)) };
        let endianness = match u16::from_le_bytes([a, b]) {
            MAGIC => Endianness::Little,
            magic if magic.swap_bytes() == MAGIC => Endianness::Big,
            found => return Err(InvalidBtf::NotBtf { found }),
        };
        if version != VERSION {
            return Err(InvalidBtf::Version { found: version });
        }
        let words = |end: usize| bytes.get(4..end).map(|words| to_words(words, endianness)).ok_or(truncated(end));
        let short = words(HEADER)?;
        let &[len, type_off, type_len, str_off, str_len] = &*short else { return Err(truncated(HEADER)) };
        if (len as usize) < HEADER {
            return Err(InvalidBtf::Header { len });
        }
        let layouts = match len as usize {
            HEADER_WITH_LAYOUTS.. => words(HEADER_WITH_LAYOUTS)?.last_chunk().map_or((0, 0), |[at, len]| (*at, *len)),
            _ => (0, 0),
        };
        Ok(Self { endianness, len, types: (type_off, type_len), strings: (str_off, str_len), layouts })
    }

    /// The bytes of a part.
    fn section<'a>(&self, bytes: &'a [u8], what: &'static str, part: (u32, u32)) -> Result<&'a [u8], InvalidBtf> {
        let start = u64::from(self.len) + u64::from(part.0);
        let end = start + u64::from(part.1);
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let found = range.and_then(|(start, end)| bytes.get(start..end));
        found.ok_or(InvalidBtf::Truncated { what, end, len: bytes.len() })
    }

    fn check_overlap(&self) -> Result<(), InvalidBtf> {
        let end = |(offset, len): (u32, u32)| u64::from(offset) + u64::from(len);
        let overlap = |a: (u32, u32), b: (u32, u32)| u64::from(a.0) < end(b) && u64::from(b.0) < end(a);
        let Self { types, strings, layouts, .. } = *self;
        let wrong = overlap(types, strings) || layouts.1 > 0 && (overlap(types, layouts) || overlap(strings, layouts));
        if wrong { Err(InvalidBtf::Overlap) } else { Ok(()) }
    }
}

/// The lengths of records by kind: for each, a byte for what follows the common words, a byte for
/// each part, and two bytes of flags.
fn parse_layouts(section: &[u8]) -> Result<Box<[RecordLayout]>, InvalidBtf> {
    if !section.len().is_multiple_of(4) {
        return Err(InvalidBtf::OddLayouts { len: section.len() });
    }
    let layout = |bytes: &[u8]| RecordLayout { info: bytes[0].into(), part: bytes[1].into() };
    Ok(section.chunks_exact(4).map(layout).collect())
}

/// Whole words, in the machine's order.
fn to_words(bytes: &[u8], endianness: Endianness) -> Box<[u32]> {
    // Only bytes that are not whole words fail to be seen as words, and the callers pass whole
    // ones.
    let words = <[[u8; 4]]>::ref_from_bytes(bytes).unwrap_or_default().iter();
    if endianness == Endianness::Big {
        words.map(|word| u32::from_be_bytes(*word)).collect()
    } else {
        words.map(|word| u32::from_le_bytes(*word)).collect()
    }
}

fn parse_strings(section: &[u8], is_split: bool) -> Result<&str, InvalidBtf> {
    match (section.first(), section.last()) {
        (None, None) if is_split => Ok(""),
        // The first string of a whole object is the empty one. A split object has that of its base.
        (Some(1..), _) if !is_split => Err(InvalidBtf::Split),
        (Some(_), Some(0)) => {
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
fn find_records(words: &[u32], layouts: &[RecordLayout], first: u32) -> Result<Box<[u32]>, InvalidBtf> {
    let mut starts = Vec::new();
    let mut start = 0;
    while start < words.len() {
        let Some(found) = record(words, start, layouts) else {
            let id = u32::try_from(starts.len()).unwrap_or(u32::MAX).saturating_add(first);
            return Err(match head(words, start).filter(|head| words_after(head, layouts).is_none()) {
                Some(head) => InvalidBtf::UnknownKind { id, kind: head.kind() },
                None => InvalidBtf::CutType { id },
            });
        };
        // Below 2^30, since the section's length in bytes is a u32.
        starts.push(u32::try_from(start).unwrap_or(u32::MAX));
        start += COMMON + found.rest.len();
    }
    Ok(starts.into())
}

/// Checks that all names and types that a record refers to are there.
///
/// It is not known to which a record of an unknown kind refers: none of it is used but its name.
fn check_references(wire: &Wire, id: u32) -> Result<(), InvalidBtf> {
    let Some(record) = wire.record(id) else { return Ok(()) };
    let name = |offset: u32| {
        let found = wire.strings_from(offset as usize);
        found.map(drop).ok_or_else(|| InvalidBtf::NoString { id, offset, len: wire.strings_len() })
    };
    let target = |to: u32| {
        if to < wire.count() { Ok(()) } else { Err(InvalidBtf::NoType { id, to, count: wire.count() }) }
    };
    let named = |part: &[u32]| name(part[0]).and_then(|()| target(part[1]));
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
        kind::STRUCT | kind::UNION => record.rest.chunks_exact(3).try_for_each(named),
        kind::ENUM => record.rest.chunks_exact(2).try_for_each(|value| name(value[0])),
        kind::ENUM64 => record.rest.chunks_exact(3).try_for_each(|value| name(value[0])),
        kind::FUNC_PROTO => {
            target(record.size_or_type)?;
            record.rest.chunks_exact(2).try_for_each(named)
        }
        kind::DATASEC => record.rest.chunks_exact(3).try_for_each(|variable| target(variable[0])),
        _ => Ok(()),
    }
}
