//! Whether a Rust type is laid out as a C type is: [`Layout::check`].
//!
//! Both sides are walked together, led by the Rust type, which is finite. What belongs to which is told by names and offsets
//! (`members`), and at the leaves by what the bits mean.

pub(crate) mod leaves;
pub(crate) mod members;
pub(crate) mod report;

use std::collections::HashSet;
use std::fmt;

use crate::btf::check::leaves::{contradicts, is_number, is_same_leaf, is_whole, newtype};
use crate::btf::check::members::Members;
use crate::btf::check::report::{At, Found, InBtf, InRust, Name, Path, mismatch};
use crate::btf::types::{Composite, Enum, Int, Kind, Member, Type};
use crate::error::{Mismatches, Nearest};
use crate::layout::c_names::{identifier, is_padding};
use crate::layout::{Endianness, Field, Kind as RustKind, Layout, Variant};

/// Differences that are written down; there are no more in any honest struct.
const MAX_LISTED: usize = 1024;
/// Bytes of text after which no more are: each may quote names of 4 KB.
const MAX_TEXT: usize = 1 << 18;
/// Comparisons that are made, and members and values that are looked at, even in a small object; in a larger one, as many more as
/// it has room for members. A hostile union of unions would ask for many more.
const MIN_STEPS: usize = 1 << 16;
const TOO_MANY_VALUES: &str = "more enums than mapvalue looks into";
/// Words that a member takes.
const MEMBER: usize = 3;

impl Layout {
    /// Checks that this is the layout of a C type, field by field and by meaning.
    ///
    /// Typedefs, qualifiers and tags are looked through. Compared are sizes, offsets, the names of fields, the lengths of arrays,
    /// and what leaves mean: width, sign, float, `bool`. Names of types are not, nor is the order in which fields are declared.
    ///
    /// | Rust | meets in C |
    /// |---|---|
    /// | `u8` to `u64`, `i8` to `i64`, atomics, `Wrapping`, `Option<NonZero..>` | an integer of the same size and sign; `u8` and `i8` also plain `char` |
    /// | an integer | also an enum of the same size, all of whose values are in its range; `u64` also a pointer |
    /// | `U32<BigEndian>` and its kin | such an integer, unless its typedef says the other byte order (`__le32`) |
    /// | an enum | an enum with the same values, or an integer of the same size and sign |
    /// | `bool`, `f32`, `f64` | `_Bool`, `float`, `double` |
    /// | [`CharArray<N>`](crate::CharArray) | an array of `char`, signed or not, or of another integer of 1 byte |
    /// | [`ArenaPtr`](crate::ArenaPtr), [`Kptr`](crate::Kptr) | a pointer or `__u64` |
    /// | `[u64; 2]`, a struct of two 64-bit halves | also `__int128` |
    /// | a struct or union | a struct or union with the same members; a field may stand for an anonymous struct or union at its place |
    /// | a newtype | what its field meets; if the field has a name, no struct of another |
    /// | what a member of a union, or the one member of a struct, meets | that union or struct (`[u8; 16]`: `struct in6_addr`), unless names would go unseen |
    ///
    /// A field whose name is that of padding (`_pad`, `__pad2`, `_`) may stand for a hole on either side, or for bitfields. A field that
    /// C cannot spell is met with another name: `#[map_value(rename = "type")]`, the field `0` of a tuple struct by what is at its
    /// offset, and one called like a C keyword by its name and `_`. Bitfields are met by an unsigned integer over their whole
    /// storage, under a name that is not in C.
    ///
    /// What offsets tell is bytes from the start of this type, on both sides.
    ///
    /// ```
    /// # let object = include_bytes!("../../../../tests/bpf/sections.bpf.o");
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
        self.check_within(&mut steps(ty.words()), ty)
    }

    /// The same, in as many steps as are left, of which it takes some away.
    pub(crate) fn check_within(&self, steps: &mut usize, ty: Type<'_>) -> Result<(), Mismatches> {
        // Of a variable, it is its type that is asked for.
        let ty = if let Kind::Variable { ty, .. } = ty.kind() { ty } else { ty };
        let mut comparison = Comparison { found: Found::up_to(MAX_LISTED, MAX_TEXT), steps: *steps };
        let path = Path { parent: None, name: Name::Root(self) };
        let at = At { path: &path, rust: 0, btf: 0, unwrapped: 0 };
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

/// How many steps a comparison may take in an object of this many words.
pub(crate) fn steps(words: usize) -> usize {
    MIN_STEPS + words / MEMBER
}

/// The comparison so far.
struct Comparison {
    found: Found,
    steps: usize,
}

impl Comparison {
    fn add(&mut self, at: At<'_>, rust: impl fmt::Display, btf: impl fmt::Display, hint: &str) {
        self.found.add(|| mismatch(at, &rust, &btf, hint));
    }

    /// Counts what is looked at; false if it is too much.
    fn spend(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        left.is_some()
    }

    /// Another meaning or size of a leaf.
    fn add_types(&mut self, at: At<'_>, layout: &Layout, ty: Type<'_>, hint: &str) {
        self.add(at, InRust(layout), InBtf(ty), hint);
    }

    /// Whether a type would meet another, without a trace of the attempt but the steps it took.
    fn meets(&mut self, at: At<'_>, layout: &Layout, ty: Type<'_>) -> bool {
        let mut attempt = Self { found: Found::up_to(0, 0), steps: self.steps };
        attempt.compare(at, layout, ty);
        self.steps = attempt.steps;
        attempt.found.is_none()
    }

    fn compare(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>) {
        if !self.spend(1) {
            return self.add(at, InRust(layout), "more nested unions than mapvalue looks into", "");
        }
        let Some(ty) = declared.resolved() else {
            return self.add(at, InRust(layout), "more than 32 typedefs in a row", "");
        };
        match (layout.kind(), ty.kind()) {
            _ if is_same_leaf(layout, ty) => {}
            (RustKind::Int { signed, endianness }, Kind::Int(int)) => {
                self.integer(at, layout, declared, int, signed, endianness);
            }
            (RustKind::Int { signed, endianness: Endianness::Native }, Kind::Enum(values)) => {
                self.number_for_enum(at, layout, declared, values, signed);
            }
            (RustKind::Enum { signed, .. }, Kind::Int(int)) => {
                self.integer(at, layout, declared, int, signed, Endianness::Native);
            }
            (RustKind::Enum { variants, .. }, Kind::Enum(values)) => {
                self.enums(at, layout, declared, variants, values);
            }
            (RustKind::Array { len, element }, Kind::Array(array)) => {
                if len as u64 != u64::from(array.len) {
                    self.add(at, format_args!("{len} elements"), format_args!("{} elements", array.len), "");
                }
                if len > 0 {
                    let path = Path { parent: Some(at.path), name: Name::Element };
                    self.compare(At { path: &path, ..at }, element, array.element);
                }
            }
            (_, Kind::Struct(_) | Kind::Union(_)) => self.composites(at, layout, declared, ty),
            (RustKind::Struct { fields }, _) => match newtype(layout, fields) {
                Some(field) => self.compare(at, &field.layout(), declared),
                None => self.add_types(at, layout, declared, ""),
            },
            _ => self.add_types(at, layout, declared, ""),
        }
    }

    /// An integer for an integer.
    fn integer(
        &mut self,
        at: At<'_>,
        layout: &Layout,
        declared: Type<'_>,
        int: Int,
        signed: bool,
        endianness: Endianness,
    ) {
        let character = int.size == 1 && (int.character || declared.resolved().is_some_and(|ty| ty.is_named("char")));
        let hint = if int.bool {
            "; write `bool`"
        } else if contradicts(declared, endianness) {
            "; the byte order is another"
        } else if !is_whole(int, layout.size()) || int.signed != signed && !character {
            ""
        } else {
            return;
        };
        self.add_types(at, layout, declared, hint);
    }

    /// An integer for an enum: it must hold all of its values.
    fn number_for_enum(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>, values: Enum<'_>, signed: bool) {
        if values.size() as usize != layout.size() {
            return self.add_types(at, layout, declared, "");
        }
        if !self.spend(values.values().len()) {
            return self.add(at, InRust(layout), TOO_MANY_VALUES, "");
        }
        let bits = u32::try_from(8 * layout.size()).unwrap_or(64);
        // Of an enum that is not said to be signed, what is negative may be told as a large number: see `enums`.
        let range =
            if signed && values.is_signed() { -(1i128 << (bits - 1))..1i128 << (bits - 1) } else { 0..1i128 << bits };
        if let Some((name, value)) = values.values().find(|(_, value)| !range.contains(value)) {
            self.add(at, InRust(layout), format_args!("`{name}` = {value} of `{declared}`"), "");
        }
    }

    /// An enum for an enum: each has the other's values, whatever their names.
    ///
    /// Of an enum that is not said to be signed, words of 32 bits are compared, which its values are whatever its size: compilers
    /// before clang 15, and libbpf on kernels before 6.0, say so of none.
    fn enums(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>, variants: &[Variant], values: Enum<'_>) {
        if values.size() as usize != layout.size() {
            return self.add_types(at, layout, declared, "");
        }
        if !self.spend(values.values().len()) {
            return self.add(at, InRust(layout), TOO_MANY_VALUES, "");
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

    /// Anything for a struct or union: its members, or what it stands for.
    fn composites(&mut self, at: At<'_>, layout: &Layout, declared: Type<'_>, ty: Type<'_>) {
        let own = match (layout.kind(), ty.kind()) {
            (RustKind::Struct { fields }, Kind::Struct(composite))
            | (RustKind::Union { fields }, Kind::Union(composite)) => Some((fields, composite)),
            _ => None,
        };
        let found = Found::up_to(self.found.room, self.found.text);
        let mut attempt = Self { found, steps: self.steps };
        match own {
            Some((fields, composite)) => attempt.members(at, layout, fields, composite),
            None => attempt.add_types(at, layout, declared, ""),
        }
        self.steps = attempt.steps;
        if !attempt.found.is_none() && !self.meets_part(at, layout, ty) {
            self.found.append(attempt.found);
        }
    }

    /// Whether a newtype's field meets the struct or union, or the type a member that fills all of it.
    fn meets_part(&mut self, at: At<'_>, layout: &Layout, ty: Type<'_>) -> bool {
        if ty.size() != Some(layout.size() as u64) || at.unwrapped == MAX_UNWRAPPED {
            return false;
        }
        let at = At { unwrapped: at.unwrapped + 1, ..at };
        let fields = match layout.kind() {
            RustKind::Struct { fields } => fields,
            _ => &[],
        };
        // Where both have names, the names are compared.
        let named = fields.iter().any(|field| !is_number(field.name()));
        if !named && newtype(layout, fields).is_some_and(|field| self.meets(at, &field.layout(), ty)) {
            return true;
        }
        match ty.kind() {
            Kind::Union(union) => union.members().any(|member| self.meets_member(at, layout, member)),
            Kind::Struct(outer) if !named && outer.members().len() == 1 => {
                outer.members().all(|member| self.meets_member(at, layout, member))
            }
            _ => false,
        }
    }

    fn meets_member(&mut self, at: At<'_>, layout: &Layout, member: Member<'_>) -> bool {
        member.bit_offset == 0 && member.bitfield.is_none() && self.meets(at, layout, member.ty)
    }

    /// The fields of a struct or union for the members of one.
    fn members(&mut self, at: At<'_>, layout: &Layout, fields: &[Field], composite: Composite<'_>) {
        if layout.size() as u64 != u64::from(composite.size()) {
            self.add(at, format_args!("size {}", layout.size()), composite.size(), "");
        }
        let Some(mut members) = Members::of(composite, self.steps) else {
            self.steps = 0;
            return self.add(at, InRust(layout), "more nested structs than mapvalue looks into", "");
        };
        self.steps -= members.len();
        let mut unmet = Vec::new();
        for field in fields.iter().filter(|field| field.layout().size() > 0) {
            let path = Path { parent: Some(at.path), name: Name::Field(field.name()) };
            let at = At { path: &path, rust: at.rust + field.offset() as u64, ..at };
            unmet.extend(self.field(at, field, &mut members).map(|index| (index, field.c_name())));
        }
        // Now that all others have been met, what is left is offered.
        for (index, name) in unmet {
            if self.spend(members.len()) {
                self.found.list[index].hint = Nearest::of(name, members.free_names()).to_string();
            }
        }
        for member in members.missing() {
            let path = Path { parent: Some(at.path), name: Name::Field(member.name) };
            let at = At { path: &path, ..at };
            let offset = at.btf + member.bit_offset / 8;
            match member.bitfield {
                Some(width) => {
                    self.add(at, "nothing", format_args!("a bitfield of {width} bits at offset {offset}"), "");
                }
                None => self.add(at, "nothing", format_args!("{} at offset {offset}", InBtf(member.ty)), ""),
            }
        }
    }

    /// One field, whose place in Rust is `at`, for one of the members; if there is none for it, where that is written down.
    fn field(&mut self, at: At<'_>, field: &Field, members: &mut Members<'_>) -> Option<usize> {
        let (layout, start) = (field.layout(), 8 * field.offset() as u64);
        let size = layout.size() as u64;
        let name = identifier(field.c_name());
        if is_padding(&name) {
            members.claim_under_padding(start, 8 * size);
            return None;
        }
        let parent = at.btf;
        let found = members.named(field.c_name()).or_else(|| members.named(&name)).or_else(|| {
            // The fields of tuple structs have no names to go by.
            is_number(field.name()).then(|| members.at(start, size)).flatten()
        });
        if let Some(index) = found {
            let member = members.claim(index);
            let at = At { btf: parent + member.bit_offset / 8, ..at };
            if let Some(width) = member.bitfield {
                let hint = "; declare an unsigned integer of another name over its whole storage";
                self.add(at, InRust(&layout), format_args!("a bitfield of {width} bits"), hint);
                return None;
            }
            // That it lies elsewhere in a struct that does so too is told of the struct.
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
            self.compare(At { btf: parent + member.bit_offset / 8, ..at }, &layout, member.ty);
            return None;
        }
        let unsigned = matches!(layout.kind(), RustKind::Int { signed: false, .. });
        if unsigned && members.claim_bitfields(start, 8 * size) {
            return None;
        }
        let rust = format_args!("{} at offset {}", InRust(&layout), at.rust);
        self.found.add(|| mismatch(at, &rust, &"nothing", ""))
    }
}

/// How many structs of one member, unions and newtypes are looked through on the way to what they stand for.
const MAX_UNWRAPPED: usize = 8;
