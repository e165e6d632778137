//! BTF and object files written by hand, for cases that no compiler writes; and a walk through all
//! that a reader reports about them.

mod elf;
mod walk;

use std::collections::HashMap;

use mapvalue::Endianness;

pub use elf::{Elf, ElfSection, symbol};
pub use walk::{Walk, check_layouts};

/// Returns the BTF in an object file from clang, and all that follows it in the file.
///
/// # Panics
///
/// If there is none.
pub fn raw(object: &[u8]) -> &[u8] {
    // Magic, version, flags, and a header of 24 bytes. The header of `.BTF.ext` is longer.
    let start = object.windows(8).position(|bytes| bytes == [0x9f, 0xeb, 1, 0, 24, 0, 0, 0]).expect("BTF");
    &object[start..]
}

/// The kinds by their numbers (`BTF_KIND_..` in include/uapi/linux/btf.h).
#[expect(missing_docs, reason = "they are the kernel's names")]
pub mod kind {
    pub const INT: u32 = 1;
    pub const PTR: u32 = 2;
    pub const ARRAY: u32 = 3;
    pub const STRUCT: u32 = 4;
    pub const UNION: u32 = 5;
    pub const ENUM: u32 = 6;
    pub const FWD: u32 = 7;
    pub const TYPEDEF: u32 = 8;
    pub const VOLATILE: u32 = 9;
    pub const CONST: u32 = 10;
    pub const RESTRICT: u32 = 11;
    pub const FUNC: u32 = 12;
    pub const FUNC_PROTO: u32 = 13;
    pub const VAR: u32 = 14;
    pub const DATASEC: u32 = 15;
    pub const FLOAT: u32 = 16;
    pub const DECL_TAG: u32 = 17;
    pub const TYPE_TAG: u32 = 18;
    pub const ENUM64: u32 = 19;
}

/// The bit of a record's second word whose meaning depends on the kind.
pub const FLAG: u32 = 1 << 31;
/// Bytes of the header.
pub const HEADER: usize = 24;

/// Writes BTF, right or wrong, one record at a time. Types are numbered from 1 in the order of
/// their addition.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    words: Vec<u32>,
    strings: Vec<u8>,
    known: HashMap<String, u32>,
    count: u32,
    /// Bytes of the names in the BTF that this continues.
    strings_before: u32,
}

impl Builder {
    /// BTF without types, and with only the empty name.
    pub fn new() -> Self {
        Self { strings: vec![0], ..Self::default() }
    }

    /// Split BTF: its type numbers continue those of `base`, whose names it can use.
    ///
    /// # Panics
    ///
    /// With 4 GiB of names.
    pub fn continuing(base: &Self) -> Self {
        let strings_before = base.strings_before + u32::try_from(base.strings.len()).expect("a length");
        Self { known: base.known.clone(), count: base.count, strings_before, ..Self::default() }
    }

    /// The number that the next type will get, to refer to it before it is added.
    pub fn next_id(&self) -> u32 {
        self.count + 1
    }

    /// Returns the offset of a name, which it adds if it is new.
    ///
    /// # Panics
    ///
    /// With 4 GiB of names.
    pub fn name(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        if let Some(at) = self.known.get(name) {
            return *at;
        }
        let at = self.strings_before + u32::try_from(self.strings.len()).expect("an offset");
        self.strings.extend_from_slice(name.as_bytes());
        self.strings.push(0);
        self.known.insert(name.to_owned(), at);
        at
    }

    /// The strings, to corrupt them.
    pub fn strings_mut(&mut self) -> &mut Vec<u8> {
        &mut self.strings
    }

    /// Adds a record of any kind. `info` is the flag and the number of parts.
    pub fn add(&mut self, name: &str, kind: u32, info: u32, size_or_type: u32, rest: &[u32]) -> u32 {
        let name = self.name(name);
        self.words.extend_from_slice(&[name, kind << 24 | info, size_or_type]);
        self.words.extend_from_slice(rest);
        self.count += 1;
        self.count
    }

    /// Adds words after the last record.
    pub fn push_words(&mut self, words: &[u32]) {
        self.words.extend_from_slice(words);
    }

    /// Adds an integer that fills its size. `encoding` is 1 for signed, 2 for a character, 4 for
    /// `_Bool`.
    pub fn int(&mut self, name: &str, size: u32, encoding: u32) -> u32 {
        self.add(name, kind::INT, 0, size, &[(encoding << 24) | (8 * size)])
    }

    /// Adds a record that refers to a type and has no parts: a pointer, typedef, qualifier or type
    /// tag.
    pub fn to(&mut self, kind: u32, name: &str, target: u32) -> u32 {
        self.add(name, kind, 0, target, &[])
    }

    /// Adds an array. Its index has type 1.
    pub fn array(&mut self, element: u32, len: u32) -> u32 {
        self.add("", kind::ARRAY, 0, 0, &[element, 1, len])
    }

    /// Adds a struct or union. Each member has a name, a type and an offset in bits.
    pub fn composite(&mut self, kind: u32, name: &str, size: u32, members: &[(&str, u32, u32)]) -> u32 {
        self.parts(kind, name, 0, size, members)
    }

    /// Adds a record whose parts have three words each, the first a name.
    pub fn parts(&mut self, kind: u32, name: &str, flag: u32, size: u32, parts: &[(&str, u32, u32)]) -> u32 {
        let mut words = Vec::with_capacity(3 * parts.len());
        for (name, second, third) in parts {
            words.extend_from_slice(&[self.name(name), *second, *third]);
        }
        self.add(name, kind, flag | vlen(parts.len()), size, &words)
    }

    /// Adds an enum of 32-bit values.
    pub fn enumeration(&mut self, name: &str, flag: u32, size: u32, values: &[(&str, u32)]) -> u32 {
        self.pairs(kind::ENUM, name, flag, size, values)
    }

    /// Adds a function prototype.
    pub fn prototype(&mut self, returns: u32, params: &[(&str, u32)]) -> u32 {
        self.pairs(kind::FUNC_PROTO, "", 0, returns, params)
    }

    fn pairs(&mut self, kind: u32, name: &str, flag: u32, size_or_type: u32, pairs: &[(&str, u32)]) -> u32 {
        let words: Vec<u32> = pairs.iter().flat_map(|(name, second)| [self.name(name), *second]).collect();
        self.add(name, kind, flag | vlen(pairs.len()), size_or_type, &words)
    }

    /// Adds a variable. `linkage` is 0 for static, 1 for global, 2 for extern.
    pub fn variable(&mut self, name: &str, ty: u32, linkage: u32) -> u32 {
        self.add(name, kind::VAR, 0, ty, &[linkage])
    }

    /// Adds a section. Each variable has a type, an offset and a size.
    pub fn section(&mut self, name: &str, size: u32, variables: &[(u32, u32, u32)]) -> u32 {
        let words: Vec<u32> = variables.iter().flat_map(|(ty, offset, size)| [*ty, *offset, *size]).collect();
        self.add(name, kind::DATASEC, vlen(variables.len()), size, &words)
    }

    /// Returns the bytes, in this byte order.
    ///
    /// # Panics
    ///
    /// With 4 GiB of types or names.
    pub fn bytes(&self, order: Endianness) -> Vec<u8> {
        let len = |len: usize| u32::try_from(len).expect("a length");
        let (types, strings) = (len(4 * self.words.len()), len(self.strings.len()));
        self.parts_of_bytes(order, &[24, 0, types, types, strings], &[])
    }

    /// Returns the bytes with the longer header, and the layouts of kinds between types and
    /// strings: the number of bytes after the common ones, the bytes of each part, and flags.
    ///
    /// # Panics
    ///
    /// With 4 GiB of types or names.
    pub fn bytes_with_layouts(&self, order: Endianness, layouts: &[[u8; 4]]) -> Vec<u8> {
        let len = |len: usize| u32::try_from(len).expect("a length");
        let (types, strings, layouts_len) =
            (len(4 * self.words.len()), len(self.strings.len()), len(4 * layouts.len()));
        let header = [32, 0, types, types + layouts_len, strings, types, layouts_len];
        self.parts_of_bytes(order, &header, layouts)
    }

    fn parts_of_bytes(&self, order: Endianness, header: &[u32], layouts: &[[u8; 4]]) -> Vec<u8> {
        let mut bytes = u16_bytes(0xeb9f, order).to_vec();
        bytes.extend_from_slice(&[1, 0]);
        header.iter().chain(&self.words).for_each(|word| bytes.extend_from_slice(&u32_bytes(*word, order)));
        bytes.extend(layouts.iter().flatten());
        bytes.extend_from_slice(&self.strings);
        bytes
    }

    /// Returns the bytes in this machine's order.
    pub fn native(&self) -> Vec<u8> {
        self.bytes(Endianness::Native)
    }
}

fn vlen(len: usize) -> u32 {
    let len = u32::try_from(len).expect("a number of parts");
    assert!(len <= 0xff_ffff, "BTF has room for 2^24 - 1 parts");
    len
}

fn u16_bytes(number: u16, order: Endianness) -> [u8; 2] {
    match order {
        Endianness::Native => number.to_ne_bytes(),
        Endianness::Little => number.to_le_bytes(),
        Endianness::Big => number.to_be_bytes(),
    }
}

fn u32_bytes(number: u32, order: Endianness) -> [u8; 4] {
    match order {
        Endianness::Native => number.to_ne_bytes(),
        Endianness::Little => number.to_le_bytes(),
        Endianness::Big => number.to_be_bytes(),
    }
}

fn u64_bytes(number: u64, order: Endianness) -> [u8; 8] {
    match order {
        Endianness::Native => number.to_ne_bytes(),
        Endianness::Little => number.to_le_bytes(),
        Endianness::Big => number.to_be_bytes(),
    }
}
