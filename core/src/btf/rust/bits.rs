//! Bitfields: the integers that store them, and methods that reach them by masks.

use std::fmt::Write as _;

use crate::btf::rust::names::{Scope, snake};
use crate::btf::rust::text::Field;
use crate::btf::rust::written::{BITFIELDS, Reason, Written};
use crate::btf::types::{Composite, Member, Type, TypeKind};

/// An integer that stores bitfields.
pub(super) struct Unit {
    /// Its first byte, its size in bytes.
    start: u64,
    size: u64,
    name: String,
    bitfields: Vec<Bitfield>,
}

struct Bitfield {
    name: String,
    /// Bits below it, and its own.
    shift: u64,
    width: u64,
    /// `bool`, or an integer of the size that was declared.
    ty: String,
}

/// Finds the smallest aligned integers that store the bitfields whole, and adds their fields.
pub(super) fn units(
    bitfields: &[Member<'_>],
    fields: &mut Vec<Field>,
    parts: &Composite<'_>,
    big_endian: bool,
) -> Result<Vec<Unit>, Reason> {
    let mut units: Vec<Unit> = Vec::new();
    if bitfields.is_empty() {
        return Ok(units);
    }
    let whole = |bitfield: &Member<'_>| {
        let (first, width) = (u64::from(bitfield.bit_offset), u64::from(bitfield.bitfield.unwrap_or(0)));
        let fits = |size: &u64| first / (8 * size) == (first + width.max(1) - 1) / (8 * size);
        [1, 2, 4, 8].into_iter().find(fits).map(|size| (first / (8 * size) * size, size))
    };
    let mut sorted: Vec<&Member<'_>> = bitfields.iter().collect();
    sorted.sort_by_key(|bitfield| bitfield.bit_offset);
    for bitfield in &sorted {
        let Some((start, size)) = whole(bitfield) else {
            return Err(format!("bitfield `{}`: it lies across two integers of 8 bytes", bitfield.name));
        };
        // Two such integers lie apart, or one is inside the other.
        while units.last().is_some_and(|last| last.start >= start && last.start + last.size <= start + size) {
            units.pop();
        }
        if units.last().is_none_or(|last| last.start + last.size <= start) {
            units.push(Unit { start, size, name: String::new(), bitfields: Vec::new() });
        }
    }
    let mut scope = Scope::default();
    parts.members().for_each(|member| scope.reserve(member.name));
    let mut methods = Scope::default();
    let mut sorted = sorted.into_iter().peekable();
    for (index, unit) in units.iter_mut().enumerate() {
        unit.name = scope.give(&format!("bits{index}"), &[]);
        let end = 8 * (unit.start + unit.size);
        while let Some(bitfield) = sorted.next_if(|bitfield| u64::from(bitfield.bit_offset) < end) {
            let Some(TypeKind::Int(int)) = bitfield.ty.resolved().map(Type::kind) else {
                // The number of an enum.
                let Some(TypeKind::Enum(values)) = bitfield.ty.resolved().map(Type::kind) else {
                    return Err(format!("bitfield `{}`: its type is no integer", bitfield.name));
                };
                unit.add(bitfield, &mut methods, (values.is_signed(), false, values.size()), big_endian)?;
                continue;
            };
            unit.add(bitfield, &mut methods, (int.signed, int.bool, int.size), big_endian)?;
        }
        let written = Written { note: BITFIELDS.to_owned(), ..Written::leaf(format!("u{}", 8 * unit.size), unit.size) };
        fields.push(Field::new("", &unit.name, unit.start, written));
    }
    Ok(units)
}

impl Unit {
    fn add(
        &mut self,
        bitfield: &Member<'_>,
        methods: &mut Scope,
        (signed, bool, size): (bool, bool, u32),
        big_endian: bool,
    ) -> Result<(), Reason> {
        let (width, first) =
            (u64::from(bitfield.bitfield.unwrap_or(0)), u64::from(bitfield.bit_offset) - 8 * self.start);
        let shift = if big_endian { 8 * self.size - first - width } else { first };
        if !matches!(size, 1 | 2 | 4 | 8) || width == 0 || width > u64::from(8 * size) {
            return Err(format!("bitfield `{}`: {width} bits of {size} bytes", bitfield.name));
        }
        let ty = if bool && width == 1 {
            "bool".to_owned()
        } else {
            format!("{}{}", if signed { 'i' } else { 'u' }, 8 * size)
        };
        let wanted = snake(bitfield.name);
        let name = methods.give_all(&wanted, |name| vec![format!("set_{name}")]);
        self.bitfields.push(Bitfield { name, shift, width, ty });
        Ok(())
    }
}

impl Bitfield {
    /// Takes it out of `word`, an integer of this many bits.
    fn get(&self, word: &str, bits: u64) -> String {
        let Self { shift, width, ty, .. } = self;
        match ty.as_bytes()[0] {
            b'b' => format!("{word} >> {shift} & 1 != 0"),
            // The highest bit is its sign.
            b'i' => format!("(({word} << {}) as i{bits} >> {}) as {ty}", bits - shift - width, bits - width),
            _ => format!("({word} >> {shift} & {:#x}) as {ty}", mask(*width)),
        }
    }

    /// Puts `value` into `word`.
    fn put(&self, word: &str, bits: u64) -> String {
        let (shift, mask) = (self.shift, mask(self.width));
        format!("{word} & !({mask:#x} << {shift}) | ((value as u{bits} & {mask:#x}) << {shift})")
    }
}

fn mask(width: u64) -> u64 {
    u64::MAX >> (64 - width.clamp(1, 64))
}

/// Writes the methods of the value and of its mirror.
pub(super) fn methods(rust: &str, units: &[Unit], fields: &[Field]) -> String {
    if units.is_empty() {
        return String::new();
    }
    let allowed = "#[allow(clippy::all, clippy::pedantic, unused_parens, trivial_numeric_casts)]";
    let (mut value, mut mirror, mut stores) = (String::new(), String::new(), String::new());
    for Unit { start, size, name, bitfields } in units {
        // The field may have got another name.
        let unit = fields
            .iter()
            .find(|field| field.c_name == *name && field.offset == *start)
            .map_or(name, |field| &field.name);
        let bits = 8 * size;
        for bitfield in bitfields {
            let Bitfield { name, width, ty, .. } = bitfield;
            let doc = format!("    /// Bitfield of {width} bits.\n");
            let _ = write!(
                value,
                "{doc}    pub fn {name}(&self) -> {ty} {{\n        {}\n    }}\n\n    /// Stores the low {width} bits.\n    \
                 pub fn set_{name}(&mut self, value: {ty}) {{\n        self.{unit} = {};\n    }}\n\n",
                bitfield.get(&format!("self.{unit}"), bits),
                bitfield.put(&format!("self.{unit}"), bits),
            );
            let _ = write!(
                mirror,
                "{doc}    pub fn {name}(&self) -> {ty} {{\n        let word = self.{unit}.load();\n        {}\n    }}\n\n",
                bitfield.get("word", bits),
            );
            let _ = write!(
                stores,
                "    /// Stores the low {width} bits, by an atomic read-modify-write of all of `{unit}`.\n    \
                 pub fn set_{name}(&self, value: {ty}) {{\n        \
                 let mut word = self.{unit}.load();\n        while let Err(now) = self.{unit}.compare_exchange(word, {}) {{\n            \
                 word = now;\n        }}\n    }}\n\n",
                bitfield.put("word", bits),
            );
        }
    }
    let block = |head: &str, body: &str| format!("\n{allowed}\nimpl{head} {{\n{}\n}}\n", body.trim_end());
    block(&format!(" {rust}"), &value)
        + &block(&format!("<A: ::mapvalue::Access> {rust}Shared<A>"), &mirror)
        + &block(&format!(" {rust}Shared"), &stores)
}
