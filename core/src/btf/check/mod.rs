//! Compares the layout of a Rust type with that of a C type: [`Layout::check`].
//!
//! Both sides are walked together, led by the Rust type, which is finite. Fields and members are
//! paired by name and offset (`members`). Leaves are compared by the meaning of their bits
//! (`leaves`). `part` finds what to compare with at an offset.

pub(crate) mod leaves;
pub(crate) mod members;
pub(crate) mod part;
pub(crate) mod report;

use std::collections::HashSet;
use std::fmt;

use crate::btf::check::leaves::{contradicts, is_byte, is_number, is_same_leaf, is_whole, newtype};
use crate::btf::check::members::Members;
use crate::btf::check::report::{At, Differences, InBtf, InRust};
use crate::btf::types::{Composite, Enum, Int, Member, Type, TypeKind};
use crate::error::{Mismatch, Mismatches, Nearest};
use crate::layout::c_names::{identifier, is_padding};
use crate::layout::table::{FieldPath, Name};
use crate::layout::{Endianness, Field, Kind, Layout, Variant};

/// How many differences are listed. No honest struct has more.
const MAX_LISTED: usize = 1024;
/// The bytes of text after which no more differences are listed: each may quote names of 4 KB.
const MAX_TEXT: usize = 1 << 18;
/// How many steps a comparison may take in a small object: a step compares two types, or looks at a
/// member or a value. A larger object adds a step for each member that it has room for. A hostile
/// union of unions would take many more.
const MIN_STEPS: usize = 1 << 16;
/// How many one-member structs, unions and newtypes in a row are looked through.
const MAX_UNWRAPPED: usize = 8;
/// The words of a member's record.
const MEMBER: usize = 3;

/// How much of a C type a Rust type must describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// All of it.
    Whole,
    /// All of its members. It may be longer, as a bank is that fills cache lines.
    Padded,
    /// The members and elements that it begins with.
    Prefix,
}

impl Layout {
    /// Checks that a C type has this layout, field by field and by meaning.
    ///
    /// It compares sizes, offsets, the names of fields, the lengths of arrays, and the meaning of
    /// leaves: width, sign, float, `bool`. It looks through typedefs, qualifiers and tags. It does
    /// not compare the names of types, nor the order in which fields are declared.
    ///
    /// | Rust | meets in C |
    /// |---|---|
    /// | `u8` to `u64`, `i8` to `i64`, atomics, `Wrapping`, `Option<NonZero..>` | an integer of the same size and sign; `u8` and `i8` also plain `char` |
    /// | an integer | also an enum of the same size, all of whose values are in its range; `u64` also a pointer |
    /// | `U32<BigEndian>` and other integers with a byte order | an integer of the same size and sign, unless its typedef says the other byte order (`__le32`) |
    /// | an enum | an enum with the same values, or an integer of the same size and sign |
    /// | `bool`, `f32`, `f64` | `_Bool`, `float`, `double` |
    /// | `u8` inside a union, which has no `bool` | also `_Bool` |
    /// | [`CharArray<N>`](crate::CharArray) | an array of `char`, signed or not, or of another integer of 1 byte |
    /// | [`ArenaPtr`](crate::ArenaPtr), [`Kptr`](crate::Kptr) | a pointer or `__u64` |
    /// | `[u64; 2]`, a struct of two 64-bit halves | also `__int128` |
    /// | a struct or union | a struct or union with the same members; a field may stand for an anonymous struct or union at its place |
    /// | a newtype | what its field meets; if the field has a name, no struct of another |
    /// | a type that meets a member of a union, or the one member of a struct | that union or struct (`[u8; 16]`: `struct in6_addr`), unless a name would go uncompared |
    ///
    /// A field with a name for padding (`_pad`, `__pad2`, `_`) may stand for a hole on either side,
    /// or for bitfields. Where C cannot spell a field's name, another one meets it: that of
    /// `#[map_value(rename = "type")]`; for the field `0` of a tuple struct, the member at its
    /// offset; for a C keyword, the name with `_` behind it. An unsigned integer over the whole
    /// storage of bitfields meets them, under a name that is not in C.
    ///
    /// Offsets in differences are bytes from the start of this type, on both sides.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// use mapvalue::{Btf, MapValue};
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Proto {
    ///     packets: u64,
    ///     bytes: u64,
    /// }
    ///
    /// let btf = Btf::from_object(object)?;
    /// let ty = btf.find("proto").next().expect("it has `struct proto`");
    /// assert_eq!(Proto::LAYOUT.check(ty), Ok(()));
    /// assert!(<[u64; 3]>::LAYOUT.check(ty).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// All differences.
    pub fn check(&self, ty: Type<'_>) -> Result<(), Mismatches> {
        self.check_within(&mut steps(ty.words()), ty, Fit::Whole)
    }

    /// Checks the same, and takes its steps from those that are left.
    pub(crate) fn check_within(&self, steps: &mut usize, ty: Type<'_>, fit: Fit) -> Result<(), Mismatches> {
        // For a variable, its type is compared.
        let ty = if let TypeKind::Variable { ty, .. } = ty.kind() { ty } else { ty };
        let found = Differences { room: MAX_LISTED, text: MAX_TEXT, ..Differences::default() };
        let mut comparison = Comparison { found, steps: *steps, fit };
        let path = FieldPath { parent: None, name: Name::Root(self) };
        let at = At { path: &path, rust: 0, btf: 0, unwrapped: 0, in_union: false };
        if self.size() == 0 && ty.size() != Some(0) {
            comparison.add_types(at, self, ty, "");
        } else {
            comparison.compare(at, self, ty);
        }
        *steps = comparison.steps;
        let found = comparison.found;
        if found.is_none() {
            return Ok(());
        }
        Err(Mismatches { root: ty.to_string(), list: found.list, more: found.more, definitions: 1 })
    }
}

/// The number of steps that a comparison may take in an object of this many words.
pub(crate) fn steps(words: usize) -> usize {
    MIN_STEPS + words / MEMBER
}

/// Takes steps from those that are left; false if there are too few.
pub(crate) fn spend(left: &mut usize, steps: usize) -> bool {
    let enough = steps <= *left;
    *left = left.saturating_sub(steps);
    enough
}

/// A comparison under way.
struct Comparison {
    found: Differences,
    steps: usize,
    /// How much of the outermost type is compared.
    fit: Fit,
}

impl Comparison {
    /// Adds a difference, if there is room, and returns its index.
    fn add(&mut self, at: At<'_>, rust: impl fmt::Display, btf: impl fmt::Display, hint: &str) -> Option<usize> {
        self.found.add(|| Mismatch {
            path: at.path.to_string(),
            rust: rust.to_string(),
            btf: btf.to_string(),
            hint: hint.to_owned(),
        })
    }

    /// How much of the type at this place must be described.
    fn fit_at(&self, at: At<'_>) -> Fit {
        if at.path.parent.is_none() { self.fit } else { Fit::Whole }
    }

    /// Adds that two leaves differ in meaning or size.
    fn add_types(&mut self, at: At<'_>, layout: &Layout, ty: Type<'_>, hint: &str) {
        self.add(at, InRust(layout), InBtf(ty), hint);
    }

    /// The differences that a comparison would find. It leaves no trace but the steps it took.
    fn attempt(&mut self, room: usize, text: usize, compare: impl FnOnce(&mut Self)) -> Differences {
        let mut attempt = Self { found: Differences { room, text, ..Differences::default() }, ..*self };
        compare(&mut attempt);
        self.steps = attempt.steps;
        attempt.found
    }

    /// Whether a type would meet another.
    fn meets(&mut self, at: At<'_>, layout: &Layout, ty: Type<'_>) -> bool {
        self.attempt(0, 0, |attempt| attempt.compare(at, layout, ty)).is_none()
    }

    fn compare(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>) {
        if !spend(&mut self.steps, 1) {
            self.add(at, InRust(layout), "more nested unions than mapvalue looks into", "");
            return;
        }
        let Some(ty) = declared.resolved() else {
            self.add(at, InRust(layout), "more than 32 typedefs in a row", "");
            return;
        };
        match (layout.kind(), ty.kind()) {
            _ if is_same_leaf(layout, ty) => {}
            (Kind::Int { .. } | Kind::Enum { .. }, TypeKind::Int(int)) => self.integer(at, layout, declared, int),
            (Kind::Int { signed, endianness: Endianness::Native }, TypeKind::Enum(values)) => {
                self.number_for_enum(at, layout, declared, values, signed);
            }
            (Kind::Enum { variants, .. }, TypeKind::Enum(values)) => {
                self.enums(at, layout, declared, variants, values);
            }
            (Kind::Array { len, element }, TypeKind::Array(array)) => {
                let cut = self.fit_at(at) == Fit::Prefix && (len as u64) < u64::from(array.len);
                if len as u64 != u64::from(array.len) && !cut {
                    self.add(at, format_args!("{len} elements"), format_args!("{} elements", array.len), "");
                }
                if len > 0 {
                    let path = FieldPath { parent: Some(at.path), name: Name::Element };
                    self.compare(At { path: &path, ..at }, element, array.element);
                }
            }
            (_, TypeKind::Struct(_) | TypeKind::Union(_)) => self.composites(at, layout, declared, ty),
            (Kind::Struct { fields }, _) => match newtype(layout, fields) {
                Some(field) => self.compare(at, &field.layout(), declared),
                None => self.add_types(at, layout, declared, ""),
            },
            (Kind::Array { element, .. }, TypeKind::Int(int)) if is_byte(element) => {
                self.bytes_for_integer(at, layout, declared, int);
            }
            _ => self.add_types(at, layout, declared, ""),
        }
    }

    /// Says which integer to write instead of its bytes: those would be loaded one by one.
    fn bytes_for_integer(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>, int: Int) {
        let hint = match int.size {
            size @ (2 | 4 | 8) => {
                &*format!("; write `u{0}`, or zerocopy's `U{0}<BigEndian>` for network order", 8 * size)
            }
            16 => "; write `[u64; 2]`",
            _ => "",
        };
        self.add_types(at, layout, declared, if int.size as usize == layout.size() { hint } else { "" });
    }

    /// Compares an integer or enum with an integer.
    fn integer(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>, int: Int) {
        let (signed, endianness) = match layout.kind() {
            Kind::Int { signed, endianness } => (signed, endianness),
            kind => (matches!(kind, Kind::Enum { signed: true, .. }), Endianness::Native),
        };
        let character = int.size == 1 && (int.character || declared.resolved().is_some_and(|ty| ty.is_named("char")));
        let hint = match int.bool {
            true if at.in_union && is_byte(layout) && int.size == 1 => return,
            true if at.in_union => "; write `u8`",
            true => "; write `bool`",
            false if contradicts(declared, endianness) => "; the byte orders differ",
            false if is_whole(int, layout.size()) && (int.signed == signed || character) => return,
            false => "",
        };
        self.add_types(at, layout, declared, hint);
    }

    /// Whether the values of an enum can be compared with a type; if not, adds why.
    fn opens(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>, values: Enum<'_>) -> bool {
        let same = values.size() as usize == layout.size();
        let opens = same && spend(&mut self.steps, values.values().len());
        if !same {
            self.add_types(at, layout, declared, "");
        } else if !opens {
            self.add(at, InRust(layout), "more enums than mapvalue looks into", "");
        }
        opens
    }

    /// Compares an integer with an enum: it must be able to hold each of the enum's values.
    fn number_for_enum(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>, values: Enum<'_>, signed: bool) {
        if !self.opens(at, layout, declared, values) {
            return;
        }
        let bits = u32::try_from(8 * layout.size()).unwrap_or(64);
        // An enum without the sign flag may have its negative values as large numbers: see `enums`.
        let range =
            if signed && values.is_signed() { -(1i128 << (bits - 1))..1i128 << (bits - 1) } else { 0..1i128 << bits };
        if let Some((name, value)) = values.values().find(|(_, value)| !range.contains(value)) {
            self.add(at, InRust(layout), format_args!("`{name}` = {value} of `{declared}`"), "");
        }
    }

    /// Compares an enum with an enum: each must have the other's values, whatever their names.
    ///
    /// Without the sign flag, the values are compared as 32-bit words, which they are whatever the
    /// size of the enum. (clang before 15, and libbpf on kernels before 6.0, never set the flag.)
    fn enums(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>, variants: &[Variant], values: Enum<'_>) {
        if !self.opens(at, layout, declared, values) {
            return;
        }
        let mask = if values.is_signed() || values.size() > 4 { -1 } else { i128::from(u32::MAX) };
        let known: HashSet<i128> = values.values().map(|(_, value)| value & mask).collect();
        for Variant { name, value } in variants.iter().filter(|variant| !known.contains(&(variant.value & mask))) {
            self.add(at, format_args!("variant `{name}` = {value}"), "no such value", "");
        }
        for (name, value) in values.values() {
            if !variants.iter().any(|variant| variant.value & mask == value & mask) {
                self.add(at, "no such variant", format_args!("`{name}` = {value}"), "");
            }
        }
    }

    /// Compares a type with a struct or union: member by member, or by the one type that it stands
    /// for.
    fn composites(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>, ty: Type<'_>) {
        let found = self.attempt(self.found.room, self.found.text, |attempt| match (layout.kind(), ty.kind()) {
            (Kind::Struct { fields }, TypeKind::Struct(composite))
            | (Kind::Union { fields }, TypeKind::Union(composite)) => attempt.members(at, layout, fields, composite),
            _ => attempt.add_types(at, layout, declared, ""),
        });
        if !found.is_none() && !self.meets_part(at, layout, ty) {
            self.found.append(found);
        }
    }

    /// Whether a newtype's field meets the struct or union, or the type meets a member that fills
    /// it.
    fn meets_part(&mut self, at: At<'_>, layout: &Layout, ty: Type<'_>) -> bool {
        if ty.size() != Some(layout.size() as u64) || at.unwrapped == MAX_UNWRAPPED {
            return false;
        }
        let at = At { unwrapped: at.unwrapped + 1, ..at };
        let fields = if let Kind::Struct { fields } = layout.kind() { fields } else { &[] };
        // Where both sides have names, the names must be compared.
        let named = fields.iter().any(|field| !is_number(field.name()));
        if !named && newtype(layout, fields).is_some_and(|field| self.meets(at, &field.layout(), ty)) {
            return true;
        }
        match ty.kind() {
            TypeKind::Union(union) => union.members().any(|member| self.meets_member(at, layout, member)),
            TypeKind::Struct(outer) if !named && outer.members().len() == 1 => {
                outer.members().all(|member| self.meets_member(at, layout, member))
            }
            _ => false,
        }
    }

    fn meets_member(&mut self, at: At<'_>, layout: &Layout, member: Member<'_>) -> bool {
        member.bit_offset == 0 && member.bitfield.is_none() && self.meets(at, layout, member.ty)
    }

    /// Compares the fields of a struct or union with the members of one.
    fn members(&mut self, at: At<'_>, layout: &Layout, fields: &[Field], composite: Composite<'_>) {
        let (own, size, fit) = (layout.size() as u64, u64::from(composite.size()), self.fit_at(at));
        if own != size && (fit == Fit::Whole || own > size) {
            self.add(at, format_args!("size {}", layout.size()), composite.size(), "");
        }
        let Some(mut members) = Members::of(composite, self.steps) else {
            self.steps = 0;
            self.add(at, InRust(layout), "more nested structs than mapvalue looks into", "");
            return;
        };
        self.steps -= members.len();
        let mut unmet = Vec::new();
        for field in fields.iter().filter(|field| field.layout().size() > 0) {
            let path = FieldPath { parent: Some(at.path), name: Name::Field(field.name()) };
            let in_union = at.in_union || matches!(layout.kind(), Kind::Union { .. });
            let at = At { path: &path, rust: at.rust + field.offset() as u64, in_union, ..at };
            unmet.extend(self.field(at, field, &mut members).map(|index| (index, field.c_name())));
        }
        // Now that all other fields have their members, the rest are offered as hints.
        for (index, name) in unmet {
            if spend(&mut self.steps, members.len()) {
                self.found.list[index].hint = Nearest::of(name, members.free_names()).to_string();
            }
        }
        for member in members.missing().filter(|member| fit != Fit::Prefix || member.bit_offset < 8 * own) {
            let path = FieldPath { parent: Some(at.path), name: Name::Field(member.name) };
            let at = At { path: &path, ..at };
            let (offset, bit) = (at.btf + member.bit_offset / 8, member.bit_offset % 8);
            match member.bitfield {
                Some(width) => self.add(
                    at,
                    "nothing",
                    format_args!("a bitfield of {width} bits at offset {offset}, bit {bit}"),
                    "",
                ),
                None => self.add(at, "nothing", format_args!("{} at offset {offset}", InBtf(member.ty)), ""),
            };
        }
    }

    /// Compares the field at `at` with its member. If it has none, returns the index of that
    /// difference.
    fn field(&mut self, at: At<'_>, field: &Field, members: &mut Members<'_>) -> Option<usize> {
        let (layout, start) = (field.layout(), 8 * field.offset() as u64);
        let size = layout.size() as u64;
        let name = identifier(field.c_name());
        if is_padding(&name) {
            members.claim_under_padding(start, 8 * size);
            return None;
        }
        let found = members.named(field.c_name()).or_else(|| members.named(&name)).or_else(|| {
            // The fields of tuple structs have no names to go by.
            is_number(field.name()).then(|| members.at(start, size)).flatten()
        });
        if let Some(index) = found {
            let member = members.claim(index);
            let at = At { btf: at.btf + member.bit_offset / 8, ..at };
            if let Some(width) = member.bitfield {
                let hint = "; declare an unsigned integer of another name over its whole storage";
                self.add(at, InRust(&layout), format_args!("a bitfield of {width} bits"), hint);
                return None;
            }
            // If the whole struct lies elsewhere, that difference is listed for the struct alone.
            if member.bit_offset != start && at.rust != at.btf {
                self.add(at, format_args!("offset {}", at.rust), at.btf, "");
            }
            self.compare(at, &layout, member.ty);
            return None;
        }
        let anonymous: Vec<usize> = members.anonymous(start, size).collect();
        let fit = anonymous.iter().copied().find(|index| self.meets(at, &layout, members.ty(*index)));
        if let Some(index) = fit.or(anonymous.first().copied()) {
            let member = members.claim(index);
            self.compare(At { btf: at.btf + member.bit_offset / 8, ..at }, &layout, member.ty);
            return None;
        }
        let unsigned = matches!(layout.kind(), Kind::Int { signed: false, .. });
        if unsigned && members.claim_bitfields(start, 8 * size) {
            return None;
        }
        self.add(at, format_args!("{} at offset {}", InRust(&layout), at.rust), "nothing", "")
    }
}
