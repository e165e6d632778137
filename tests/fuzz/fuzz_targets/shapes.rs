//! BTF whose references are always valid: each record is made of a few bytes, and refers to types
//! and names that exist. It reaches deeper than mutated bytes do, into the code that follows
//! references: cycles, nesting, bitfields, unions of unions.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use mapvalue::{Btf, Endianness};
use mapvalue_tests::btf::{Builder, FLAG, Walk, kind};

thread_local! {
    static WALK: RefCell<Walk> = RefCell::new(Walk::new());
}

/// Names of types and members that the walk's Rust types look for, and others.
const NAMES: [&str; 32] = [
    "", "a", "b", "c", "d", "e", "k", "l", "x", "y", "_pad", "points", "matrix", "seen", "count", "last", "v4", "v6",
    "port", "vlan", "low", "high", "protocol", "verdict", "error", "wide", "small", "char", "__be32", "__le32",
    "version", ".bss",
];
const PATHS: [&str; 6] = ["x", "points[1].x", "seen.last", "a.b.c", "v6[3]", "low"];

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> u32 {
        self.next().unwrap_or(0).into()
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.number() as usize % NAMES.len()]
    }

    /// One of 256 numbers: small ones, and those around limits.
    fn size(&mut self) -> u32 {
        match self.number() {
            small @ 0..200 => small,
            power @ 200..232 => 1 << (power - 200),
            below @ 232..240 => u32::MAX - (below - 232),
            other => (other - 240) * 0x0101_0101,
        }
    }
}

fn shape(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let mut builder = Builder::new();
    let order = if bytes.number() & 15 == 15 { Endianness::Big } else { Endianness::Little };
    // References may have any number here. They are taken modulo the count when that is known.
    let mut records = Vec::new();
    while let Some(first) = bytes.next() {
        let number = u32::from(first) % 19 + 1;
        let flag = if bytes.number() & 1 == 1 { FLAG } else { 0 };
        let parts: Vec<[u32; 3]> = match number {
            kind::STRUCT | kind::UNION | kind::ENUM | kind::FUNC_PROTO | kind::DATASEC | kind::ENUM64 => {
                (0..bytes.number() % 12).map(|_| [builder.name(bytes.name()), bytes.number(), bytes.size()]).collect()
            }
            kind::INT | kind::ARRAY | kind::VAR | kind::DECL_TAG => {
                vec![[bytes.number(), bytes.number(), bytes.size()]]
            }
            _ => Vec::new(),
        };
        records.push((bytes.name(), number, flag, bytes.size(), parts));
    }
    let count = u32::try_from(records.len()).unwrap_or(u32::MAX) + 1;
    let to = |target: u32| target % count;
    for (name, number, flag, size, parts) in records {
        let vlen = u32::try_from(parts.len()).unwrap_or(0);
        let first = parts.first().copied().unwrap_or_default();
        let (size_or_type, info, rest) = match number {
            kind::STRUCT | kind::UNION => {
                (size, flag | vlen, three(&parts, |[name, ty, offset]| [name, to(ty), offset]))
            }
            kind::ENUM64 => (size, flag | vlen, three(&parts, |part| part)),
            kind::ENUM => (size, flag | vlen, two(&parts, |[name, value, _]| [name, value])),
            kind::FUNC_PROTO => (to(size), vlen, two(&parts, |[name, ty, _]| [name, to(ty)])),
            kind::DATASEC => (size, vlen, three(&parts, |[offset, ty, size]| [to(ty), offset, size])),
            kind::INT => (size, 0, vec![first[0] << 24 | first[1] << 16 | first[2] & 0xff]),
            kind::ARRAY => (0, 0, vec![to(first[0]), to(first[1]), first[2]]),
            kind::VAR | kind::DECL_TAG => (to(size), 0, vec![first[0] % 4]),
            kind::FUNC => (to(size), flag >> 31, Vec::new()),
            kind::FWD | kind::FLOAT => (size, flag, Vec::new()),
            _ => (to(size), 0, Vec::new()),
        };
        builder.add(name, number, info, size_or_type, &rest);
    }
    builder.bytes(order)
}

fn three(parts: &[[u32; 3]], change: impl Fn([u32; 3]) -> [u32; 3]) -> Vec<u32> {
    parts.iter().flat_map(|part| change(*part)).collect()
}

fn two(parts: &[[u32; 3]], change: impl Fn([u32; 3]) -> [u32; 2]) -> Vec<u32> {
    parts.iter().flat_map(|part| change(*part)).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let btf = Btf::parse(&shape(&mut Bytes(bytes))).expect("sound BTF is read");
    WALK.with_borrow_mut(|walk| walk.all(&btf, &PATHS));
});
