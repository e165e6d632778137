//! Writes items one after the other, each type after those inside it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::fmt::Write as _;

use crate::btf::Btf;
use crate::btf::rust::bits::{methods, units};
use crate::btf::rust::leaves::{constants, is_char, leaf};
use crate::btf::rust::names::{MAX_MADE, Scope, camel, is_identifier, variants};
use crate::btf::rust::text::{Field, composite, lay_out};
use crate::btf::rust::written::{Reason, Written, shown, spelled};
use crate::btf::types::{Composite, Enum, MAX_DEPTH, Member, Type, TypeKind};
use crate::error::NotInRust;

/// How many values an enum may have as variants. More make constants, which the compiler compares
/// with nothing.
const MAX_VARIANTS: usize = 4096;
/// The tags of pointers to kernel objects (kernel/bpf/btf.c, `btf_find_kptr`).
const KPTR_TAGS: [&str; 4] = ["kptr", "kptr_untrusted", "percpu_kptr", "uptr"];

/// Rust types written from C types: what [`Btf::rust_source`] returns.
///
/// | C | Rust |
/// |---|---|
/// | integers, `_Bool`, `float`, `double` | `u8` to `u64`, `i8` to `i64`, `bool`, `f32`, `f64`; in a union `u8` for `_Bool` |
/// | `char name[16]` | [`CharArray<16>`](crate::CharArray); other arrays are arrays |
/// | `__int128` | `[u64; 2]` |
/// | `__be16`, `__be32`, `__be64` | integers of [`zerocopy::big_endian`](crate::zerocopy) |
/// | an enum | an enum of the same size. A tuple struct with constants if values repeat or are flags, and in a union |
/// | a pointer with the tag `arena` | [`ArenaPtr`](crate::ArenaPtr) to `NodeTarget`, an alias of the struct if that can be written |
/// | a pointer with the tag `kptr` and its like | [`Kptr`](crate::Kptr) of the [`Kernel`](crate::Kernel) to an empty `TaskStructTarget` |
/// | another pointer | `u64` |
/// | bitfields | fields `bits0`, `bits1`, .. for their storage, and methods: `x()` and `set_x(..)`, on the value and on its mirror |
/// | a struct or union without a name | `ParentMember`; a field `anon0`, `anon1`, .. if the member has no name either |
/// | a hole that Rust would not leave | a hidden field `_pad0`, `_pad1`, .. |
///
/// Names follow Rust: `conn_info` is `ConnInfo`, `MODE_DROP` of `enum mode` is `Drop`, and a field
/// `type` is `type_`. Attributes keep the names of structs and fields in C, so
/// [`check`](Btf::check) compares them. The source is the same from run to run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RustSource {
    /// The items.
    pub text: String,
    /// The types that are refused, the names without a type included.
    pub refused: Vec<NotInRust>,
    /// The name in Rust and the BTF id of each type that can be compared alone: not those that are
    /// written for the inside of a union.
    pub types: Vec<(String, u32)>,
}

impl fmt::Display for RustSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

enum State {
    Working,
    Written(Written),
    Refused(Reason),
}

/// Where a type is met.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// The name for a type that has none: the typedef, or the parent and the member.
    name: &'p str,
    in_union: bool,
    depth: usize,
}

#[derive(Default)]
pub(super) struct Writer {
    source: RustSource,
    /// By id, and whether it is inside a union.
    types: HashMap<(u32, bool), State>,
    names: Scope,
    /// The names in Rust of kernel types that pointers lead to.
    opaque: HashMap<(String, bool), String>,
    /// The types that arena pointers lead to, by id, and the names they have there.
    pending: Vec<(u32, String)>,
    /// The typedefs that have an alias.
    aliases: BTreeSet<u32>,
}

impl Writer {
    pub(super) fn refuse(&mut self, name: &str, reason: &str) {
        self.source.refused.push(NotInRust { name: shown(name), reason: reason.to_owned() });
    }

    /// Writes a type that was asked for.
    pub(super) fn root(&mut self, ty: Type<'_>) {
        let name = ty.name();
        let place = Place { name: "", in_union: false, depth: 0 };
        let is_alias = matches!(ty.kind(), TypeKind::Typedef(_));
        if is_alias && !self.aliases.insert(ty.id()) {
            return;
        }
        match self.value(ty, place) {
            // A typedef of a type without a name gave it its own.
            Ok(written) if is_alias && is_identifier(name) && written.rust != camel(name, false) => {
                let alias = self.names.give(&camel(name, false), &["Shared"]);
                self.item(&format!("/// `{name}`.\npub type {alias} = {};\n", written.rust));
            }
            Err(reason) if is_alias => self.refuse(name, &reason),
            // A struct, union or enum with a name has been listed where it was refused.
            Ok(_) | Err(_) => {}
        }
    }

    /// Writes what arena pointers lead to, which may have more of them.
    pub(super) fn finish(mut self, btf: &Btf) -> RustSource {
        while let Some((id, name)) = self.pending.pop() {
            let place = Place { name: "", in_union: false, depth: 0 };
            match btf.get(id).map(|ty| self.value(ty, place)) {
                Some(Ok(Written { rust, .. })) => {
                    self.item(&format!("/// What arena pointers lead to.\npub type {name} = {rust};\n"));
                }
                _ => self.item(&marker(&name)),
            }
        }
        self.source
    }

    /// Adds an item to the text.
    fn item(&mut self, text: &str) {
        if !self.source.text.is_empty() {
            self.source.text.push('\n');
        }
        self.source.text.push_str(text);
    }

    /// Finds how a type is written, and writes it first if it is a struct, union or enum.
    fn value(&mut self, declared: Type<'_>, place: Place<'_>) -> Result<Written, Reason> {
        let Some(depth) = place.depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH) else {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        };
        let place = Place { depth, ..place };
        let ty = declared.resolved().ok_or_else(|| format!("more than {MAX_DEPTH} typedefs in a row"))?;
        match ty.kind() {
            TypeKind::Array(array) => {
                let len = u64::from(array.len);
                let element = self.value(array.element, place)?;
                if is_char(array.element) && len > 0 {
                    let rust = format!("::mapvalue::CharArray<{len}>");
                    return Ok(Written { align: 1, c_align: 1, ..Written::leaf(rust, len) });
                }
                let size = element.size.checked_mul(len).ok_or("its size is over 2^64")?;
                Ok(Written { rust: format!("[{}; {len}]", element.rust), size, ..element })
            }
            TypeKind::Struct(_) | TypeKind::Union(_) | TypeKind::Enum(_) => {
                // Its own name, or that of the innermost typedef.
                let ways = std::iter::successors(Some(declared), |ty| ty.kind().behind()).take(MAX_DEPTH + 1);
                let name = ways.map(Type::name).filter(|name| !name.is_empty()).last().unwrap_or(place.name);
                self.defined(ty, Place { name, ..place })
            }
            TypeKind::Pointer(target) => Ok(self.pointer(target)),
            _ => leaf(declared, ty, place.in_union),
        }
    }

    /// Finds or writes a struct, union or enum.
    fn defined(&mut self, ty: Type<'_>, place: Place<'_>) -> Result<Written, Reason> {
        let key = (ty.id(), place.in_union);
        let other = self.types.get(&(ty.id(), !place.in_union));
        let same = other.filter(|other| matches!(other, State::Written(written) if !written.differs));
        match self.types.get(&key).or(same) {
            Some(State::Written(written)) => return Ok(written.clone()),
            Some(State::Refused(reason)) => return Err(reason.clone()),
            Some(State::Working) => return Err("it holds itself".to_owned()),
            None => {}
        }
        self.types.insert(key, State::Working);
        let made = match ty.kind() {
            _ if !ty.name().is_empty() && !is_identifier(ty.name()) => Err("its name is not a C identifier".to_owned()),
            _ if !is_identifier(place.name) => Err("it has no name that is a C identifier".to_owned()),
            TypeKind::Enum(values) => self.enumeration(ty, values, place),
            TypeKind::Struct(composite) => self.composite(ty, composite, place, false),
            TypeKind::Union(composite) => self.composite(ty, composite, Place { in_union: true, ..place }, true),
            _ => Err("it is no struct, union or enum".to_owned()),
        };
        let state = match made {
            Ok(ref written) => State::Written(written.clone()),
            // One with a name is listed itself. What holds it only names it.
            Err(ref reason) if !ty.name().is_empty() => {
                let spelled = spelled(ty);
                self.refuse(&spelled, reason);
                State::Refused(format!("it holds `{spelled}`, which is refused"))
            }
            Err(ref reason) => State::Refused(reason.clone()),
        };
        let result = match &state {
            State::Refused(reason) => Err(reason.clone()),
            _ => made,
        };
        self.types.insert(key, state);
        result
    }

    /// Gives a name to a type, and its mirror's with it.
    fn name(&mut self, place: Place<'_>, differs: bool) -> String {
        let end = if place.in_union && differs { "InUnion" } else { "" };
        self.names.give(&(camel(place.name, false) + end), &["Shared"])
    }

    /// Writes a struct or union.
    fn composite(
        &mut self,
        ty: Type<'_>,
        parts: Composite<'_>,
        place: Place<'_>,
        union: bool,
    ) -> Result<Written, Reason> {
        let size = u64::from(parts.size());
        let (mut fields, mut bitfields) = (Vec::new(), Vec::new());
        let mut anonymous = 0u32;
        for member in parts.members() {
            let Member { name, ty: member_ty, bit_offset, bitfield } = member;
            if !name.is_empty() && !is_identifier(name) {
                return Err(format!("member `{}`: its name is not a C identifier", shown(name)));
            }
            if bitfield.is_some() {
                // Unnamed ones are padding.
                bitfields.extend(Some(member).filter(|_| !name.is_empty()));
                continue;
            }
            if bit_offset % 8 != 0 {
                return Err(format!("member `{name}`: it begins at bit {bit_offset}, inside a byte"));
            }
            // An empty struct, also one behind a flexible array, has no bytes and no place in Rust.
            let is_empty = member_ty.size() == Some(0);
            if is_empty && !matches!(member_ty.resolved().map(Type::kind), Some(TypeKind::Array(_))) {
                continue;
            }
            let called = if name.is_empty() { format!("anon{anonymous}") } else { name.to_owned() };
            anonymous += u32::from(name.is_empty());
            let inner = format!("{}_{called}", &place.name[..place.name.len().min(MAX_MADE)]);
            match self.value(member_ty, Place { name: &inner, ..place }) {
                Ok(written) => fields.push(Field::new(name, &called, u64::from(bit_offset / 8), written)),
                Err(_) if is_empty => {}
                Err(reason) if reason.len() > 1024 => return Err(format!("member `{called}`: it is nested too deep")),
                Err(reason) => return Err(format!("member `{called}`: {reason}")),
            }
        }
        if union && !bitfields.is_empty() {
            return Err("a bitfield lies in a union directly, not in a struct of it".to_owned());
        }
        let differs = fields.iter().any(|field| field.written.differs);
        let units = units(&bitfields, &mut fields, &parts, ty.is_big_endian())?;
        let laid_out = lay_out(fields, size, union)?;
        if laid_out.fields.is_empty() || size == 0 {
            return Err("it has no bytes".to_owned());
        }
        let rust = self.name(place, differs);
        if !(place.in_union && differs) || union {
            self.source.types.push((rust.clone(), ty.id()));
        }
        let (align, c_align) = (laid_out.align, laid_out.c_align);
        let holds_union = union || laid_out.fields.iter().any(|field| field.written.union);
        let item = composite(ty, place.name, &rust, &laid_out, holds_union, union);
        self.item(&(item + &methods(&rust, &units, &laid_out.fields)));
        Ok(Written { align, c_align, union: holds_union, differs: differs && !union, ..Written::leaf(rust, size) })
    }
}

impl Writer {
    /// Finds the leaf for a pointer to a type, by the tags before it.
    fn pointer(&mut self, target: Type<'_>) -> Written {
        let ways = std::iter::successors(Some(target), |ty| ty.kind().behind()).take(MAX_DEPTH + 1);
        let tagged = |tags: &[&str]| {
            let mut tag = ways.clone().filter(|way| matches!(way.kind(), TypeKind::TypeTag(_))).map(Type::name);
            tag.any(|name| tags.contains(&name))
        };
        let (is_arena, is_kptr) = (tagged(&["arena"]), tagged(&KPTR_TAGS));
        let end = target.resolved();
        let name = end.map(spelled).filter(|_| end.is_some_and(|ty| is_identifier(ty.name())));
        let note = match &name {
            Some(name) => format!(" (a pointer to `{name}`)"),
            None => " (a pointer)".to_owned(),
        };
        let rust = if is_arena || is_kptr {
            let target = match end {
                // A kernel type of a program is often declared only.
                Some(ty) if name.is_some() => self.opaque(ty, is_arena),
                _ => "()".to_owned(),
            };
            if is_arena {
                format!("::mapvalue::ArenaPtr<{target}>")
            } else {
                format!("::mapvalue::Kptr<{target}, ::mapvalue::Kernel>")
            }
        } else {
            "u64".to_owned()
        };
        Written { note, ..Written::leaf(rust, 8) }
    }

    /// Names the type that pointers lead to: one written later for those of an arena.
    fn opaque(&mut self, ty: Type<'_>, is_arena: bool) -> String {
        let key = (ty.name().to_owned(), is_arena);
        if let Some(known) = self.opaque.get(&key) {
            return known.clone();
        }
        let rust = self.names.give(&(camel(ty.name(), false) + "Target"), &["Shared"]);
        if is_arena {
            self.pending.push((ty.id(), rust.clone()));
        } else {
            self.item(&marker(&rust));
        }
        self.opaque.insert(key, rust.clone());
        rust
    }

    /// Writes an enum: as one, or as an integer with constants.
    fn enumeration(&mut self, ty: Type<'_>, values: Enum<'_>, place: Place<'_>) -> Result<Written, Reason> {
        let size = values.size();
        if !matches!(size, 1 | 2 | 4 | 8) {
            return Err(format!("an enum of {size} bytes"));
        }
        let mut list: Vec<(&str, i128)> = values.values().collect();
        if let Some((name, _)) = list.iter().find(|(name, _)| !is_identifier(name)) {
            return Err(format!("value `{}`: its name is not a C identifier", shown(name)));
        }
        let bits = 8 * size;
        // Without the sign flag, negative values are stored as large ones.
        let over = !values.is_signed() && list.iter().any(|(_, value)| *value >> bits != 0);
        let signed = values.is_signed() || over;
        if over {
            for (_, value) in &mut list {
                *value = u32::try_from(*value).unwrap_or(0).cast_signed().into();
            }
        }
        let range = if signed { -(1i128 << (bits - 1))..1i128 << (bits - 1) } else { 0..1i128 << bits };
        if let Some((name, value)) = list.iter().find(|(_, value)| !range.contains(value)) {
            return Err(format!("value `{name}` = {value} does not fit into {size} bytes"));
        }
        let distinct = list.iter().map(|(_, value)| value).collect::<HashSet<_>>().len() == list.len();
        let powers = list.iter().filter(|(_, value)| *value > 0 && value & (value - 1) == 0).count();
        let flags = powers > 2 && list.iter().all(|(_, value)| *value >= 0 && value & (value - 1).max(0) == 0);
        let as_enum = distinct && !flags && !list.is_empty() && list.len() <= MAX_VARIANTS;
        let repr = format!("{}{bits}", if signed { 'i' } else { 'u' });
        let rust = self.name(place, as_enum);
        let (c_name, spelled) = (place.name, spelled(ty));
        let spelled = if ty.name().is_empty() { c_name } else { &spelled };
        let names: Vec<&str> = list.iter().map(|(name, _)| *name).collect();
        let mut item = format!("/// `{spelled}`: {size} bytes.\n");
        if as_enum && !place.in_union {
            let _ = write!(
                item,
                "#[derive(::mapvalue::MapValue, Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[map_value(rename = \"{c_name}\")]\n\
                 #[repr({repr})]\npub enum {rust} {{\n"
            );
            for (variant, (name, value)) in variants(&names).iter().zip(&list) {
                let _ = write!(item, "    /// `{name}`.\n    {variant} = {value},\n");
            }
            item.push_str("}\n");
            self.source.types.push((rust.clone(), ty.id()));
        } else {
            let _ = write!(
                item,
                "#[derive(::mapvalue::MapValue, Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[map_value(rename = \"{c_name}\")]\n\
                 #[repr(transparent)]\npub struct {rust}(pub {repr});\n"
            );
            if !list.is_empty() {
                let _ = write!(item, "\nimpl {rust} {{\n");
                for (variant, (name, value)) in constants(&names).iter().zip(&list) {
                    let _ = write!(item, "    /// `{name}`.\n    pub const {variant}: Self = Self({value});\n");
                }
                item.push_str("}\n");
            }
            if !place.in_union {
                self.source.types.push((rust.clone(), ty.id()));
            }
        }
        self.item(&item);
        Ok(Written { differs: as_enum, ..Written::leaf(rust, size.into()) })
    }
}

/// Writes the type that stands for one that is not looked into here.
fn marker(rust: &str) -> String {
    format!(
        "/// What pointers lead to that are not followed here.\n#[derive(Clone, Copy, Debug)]\npub enum {rust} {{}}\n"
    )
}
