//! Whether a Rust type is laid out as a C type is: [`Layout::check`].
//!
//! Both sides are walked together, led by the Rust type, which is finite. What belongs to which is told by names and offsets
//! (`members`), and at the leaves by what the bits mean.

use std::collections::HashSet;
use std::fmt;

use super::members::Members;
use super::types::MAX_DEPTH;
use super::{Composite, Enum, Int, Kind, Member, Nearest, Type};
use crate::c_names::{identifier, is_padding};
use crate::layout::{Endianness, Field, Kind as RustKind, Layout, Spelled, Variant};

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

/// One difference between a Rust type and a C type.
///
/// ```
/// # let object = include_bytes!("../../../tests/bpf/sections.bpf.o");
/// use mapvalue::{Btf, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Proto {
///     packets: u64,
///     octets: u64, // `bytes` in C
/// }
///
/// let btf = Btf::from_object(object)?;
/// let mismatches = Proto::LAYOUT.check(btf.find("proto").next().expect("it has `struct proto`")).unwrap_err();
/// for mismatch in mismatches.iter() {
///     println!("{}: {}, but in C {}", mismatch.path, mismatch.rust, mismatch.btf);
/// }
/// assert!(mismatches.iter().any(|mismatch| mismatch.path == "Proto.octets"));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// Where: `Stats.by_proto[0].bytes`, from the name of the Rust type on.
    pub path: String,
    /// What Rust has there: `offset 24`, `` `u32` (4 bytes) ``, `nothing`.
    pub rust: String,
    /// What BTF has there.
    pub btf: String,
    /// A hint at what to do; often empty.
    pub hint: String,
}

/// All differences between a Rust type and a C type; never empty.
///
/// ```
/// # let object = include_bytes!("../../../tests/bpf/sections.bpf.o");
/// use mapvalue::{Btf, Error, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Proto {
///     packets: u64,
///     bytes: u32, // `__u64` in C
/// #    _pad: u32,
/// }
///
/// let Err(Error::LayoutMismatch(mismatches)) = Btf::from_object(object)?.check::<Proto>("proto") else { panic!("they differ") };
/// assert_eq!(mismatches.c_type(), "struct proto");
/// let first = mismatches.iter().next().expect("never empty");
/// assert_eq!((&*first.path, &*first.rust), ("Proto.bytes", "`u32` (4 bytes)"));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatches {
    root: String,
    list: Vec<Mismatch>,
    /// How many more were found than are listed.
    more: usize,
    /// How many types have the name that was asked for.
    definitions: usize,
}

impl Mismatches {
    /// The differences, in the order of the Rust fields; then what Rust lacks.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Mismatch> {
        self.list.iter()
    }

    /// The C type, as C spells it.
    pub fn c_type(&self) -> &str {
        &self.root
    }

    /// The C type is one of several of its name, all of which must be met.
    pub(super) fn of_several(self, definitions: usize) -> Self {
        Self { definitions, ..self }
    }
}

/// One line, or a line a difference.
impl fmt::Display for Mismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Mismatch { path, rust, btf, hint }) in self.list.iter().enumerate() {
            let line = if i == 0 { "" } else { "\n" };
            write!(f, "{line}{path}: {rust} in Rust, {btf} in BTF ({}){hint}", self.root)?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        match self.definitions {
            0 | 1 => Ok(()),
            several => write!(f, "\nThe BTF has {several} types of this name; this is the first that is not met."),
        }
    }
}

impl std::error::Error for Mismatches {}

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
    /// # let object = include_bytes!("../../../tests/bpf/sections.bpf.o");
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
    pub(super) fn check_within(&self, steps: &mut usize, ty: Type<'_>) -> Result<(), Mismatches> {
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
pub(super) fn steps(words: usize) -> usize {
    MIN_STEPS + words / MEMBER
}

/// The way from the root to a place, as Rust names it.
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: Name<'a>,
}

enum Name<'a> {
    Root(&'a Layout),
    Field(&'a str),
    /// The first element stands for all.
    Element,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.name {
            Name::Root(layout) => Spelled(layout).fmt(f),
            Name::Field(name) => write!(f, ".{name}"),
            Name::Element => f.write_str("[0]"),
        }
    }
}

/// A place in both types: its path, and bytes from the start of the root.
#[derive(Clone, Copy)]
struct At<'a> {
    path: &'a Path<'a>,
    rust: u64,
    btf: u64,
    /// Structs and unions that were looked through on the way here.
    unwrapped: usize,
}

/// Of how many bytes, for people.
fn bytes(size: Option<u64>) -> String {
    match size {
        Some(1) => "1 byte".to_owned(),
        Some(size) => format!("{size} bytes"),
        None => "no size".to_owned(),
    }
}

/// A type in Rust and its size. It is spelled where it is written down, if it is.
struct InRust<'a>(&'a Layout);

impl fmt::Display for InRust<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", Spelled(self.0), bytes(Some(self.0.size() as u64)))
    }
}

/// A type in C and its size.
struct InBtf<'a>(Type<'a>);

impl fmt::Display for InBtf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ty = self.0;
        write!(f, "`{ty}`")?;
        // Of `__u32` one knows what it is, of `pid_t` not.
        let tells_nothing = matches!(ty.kind(), Kind::Typedef(_)) && !ty.name().ends_with(|c: char| c.is_ascii_digit());
        if let Some(behind) = ty.resolved().filter(|_| tells_nothing) {
            write!(f, ", `{behind}`")?;
        }
        write!(f, " ({})", bytes(ty.size()))
    }
}

/// The differences so far.
struct Found {
    list: Vec<Mismatch>,
    more: usize,
    /// How many can still be listed, and of how many bytes together.
    room: usize,
    text: usize,
}

impl Found {
    fn up_to(room: usize, text: usize) -> Self {
        Self { list: Vec::new(), more: 0, room, text }
    }

    fn is_none(&self) -> bool {
        self.list.is_empty() && self.more == 0
    }

    /// Writes down what `mismatch` makes, if there is room, and says where.
    fn add(&mut self, mismatch: impl FnOnce() -> Mismatch) -> Option<usize> {
        if self.room == 0 || self.text == 0 {
            self.more += 1;
            return None;
        }
        let mismatch = mismatch();
        let Mismatch { path, rust, btf, hint } = &mismatch;
        self.text = self.text.saturating_sub(path.len() + rust.len() + btf.len() + hint.len());
        self.room -= 1;
        self.list.push(mismatch);
        Some(self.list.len() - 1)
    }

    /// Takes the differences of an attempt that had the same room.
    fn append(&mut self, mut attempt: Self) {
        self.list.append(&mut attempt.list);
        self.more += attempt.more;
        (self.room, self.text) = (attempt.room, attempt.text);
    }
}

fn mismatch(at: At<'_>, rust: &dyn fmt::Display, btf: &dyn fmt::Display, hint: &str) -> Mismatch {
    Mismatch { path: at.path.to_string(), rust: rust.to_string(), btf: btf.to_string(), hint: hint.to_owned() }
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

/// Whether a field is one of a tuple struct.
fn is_number(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
}

/// The one field with a size, if it fills the struct.
fn newtype<'a>(layout: &Layout, fields: &'a [Field]) -> Option<&'a Field> {
    let mut sized = fields.iter().filter(|field| field.layout().size() > 0);
    sized.next().filter(|field| field.layout().size() == layout.size() && sized.next().is_none())
}

/// Whether both mean the same without further questions.
///
/// For a kernel whose BTF has no floats (before 5.13) or no 64-bit enums (before 6.0), libbpf makes empty structs without names of
/// the ones, and unions of placeholders of the others (`bpf_object__sanitize_btf`).
fn is_same_leaf(layout: &Layout, ty: Type<'_>) -> bool {
    match (layout.kind(), ty.kind()) {
        (RustKind::Marker, _) | (RustKind::Pointer, Kind::Pointer(_)) => true,
        (RustKind::Int { signed: false, endianness: Endianness::Native }, Kind::Pointer(_)) => layout.size() == 8,
        (RustKind::Pointer, Kind::Int(int)) => is_whole(int, 8) && !int.signed,
        (RustKind::Float, Kind::Float { size }) => size as usize == layout.size(),
        (RustKind::Float, Kind::Struct(stand_in)) => {
            ty.name().is_empty() && stand_in.members().len() == 0 && stand_in.size() as usize == layout.size()
        }
        (RustKind::Int { endianness: Endianness::Native, .. } | RustKind::Enum { .. }, Kind::Union(stand_in)) => {
            let mut values = stand_in.members();
            layout.size() == 8 && values.len() > 0 && values.all(|value| value.ty.is_named("enum64_placeholder"))
        }
        (RustKind::Bool, Kind::Int(int)) => int.bool && int.size == 1,
        (RustKind::Character, Kind::Int(int)) => is_whole(int, 1) && !int.bool,
        (_, Kind::Int(int)) => is_whole(int, 16) && is_two_halves(layout),
        _ => false,
    }
}

/// Whether all bits of an integer count, and it has this size.
fn is_whole(int: Int, size: usize) -> bool {
    int.size as usize == size && int.bit_offset == 0 && usize::from(int.bits) == 8 * size
}

/// Whether a type is two 64-bit integers, which is how `__int128` is moved.
fn is_two_halves(layout: &Layout) -> bool {
    let native = |layout: &Layout| matches!(layout.kind(), RustKind::Int { endianness: Endianness::Native, .. });
    let half = |layout: &Layout| native(layout) && layout.size() == 8;
    match layout.kind() {
        RustKind::Array { len: 2, element } => half(element),
        RustKind::Struct { fields } => {
            layout.size() == 16 && fields.len() == 2 && fields.iter().all(|field| half(&field.layout()))
        }
        _ => false,
    }
}

/// Whether a typedef on the way to the integer says another byte order than the Rust type does. The machine's own is what C has
/// for both, so it contradicts neither.
fn contradicts(declared: Type<'_>, endianness: Endianness) -> bool {
    let other = match endianness {
        Endianness::Big => "__le",
        Endianness::Little => "__be",
        Endianness::Native => return false,
    };
    let mut ty = declared;
    for _ in 0..=MAX_DEPTH {
        match ty.kind() {
            Kind::Typedef(target) => {
                if ty.name().strip_prefix(other).is_some_and(|bits| matches!(bits, "16" | "32" | "64")) {
                    return true;
                }
                ty = target;
            }
            Kind::Volatile(target) | Kind::Const(target) | Kind::TypeTag(target) => ty = target,
            _ => return false,
        }
    }
    false
}
