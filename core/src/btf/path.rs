//! Finds a part of a type by its path: `.by_proto[6].bytes`.

use crate::btf::types::{Composite, MAX_DEPTH, Member, Type, TypeKind};
use crate::error::{Nearest, SectionError};

/// A part of a type, and where it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) ty: Type<'a>,
    /// Bits from the start of the whole type.
    pub(crate) bit_offset: u64,
    /// The width in bits of a bitfield.
    pub(crate) bitfield: Option<u32>,
}

/// Why a path leads nowhere.
pub(crate) struct Lost {
    /// Whether there is no member of a name, or no element of an index, rather than something that
    /// has none.
    pub(crate) missing: bool,
    pub(crate) reason: String,
}

/// Finds the part of a variable that has a place of its own, and its offset in bytes. Errors quote
/// `whole`, the user's text.
pub(crate) fn find_part<'a>(start: Type<'a>, path: &str, whole: &str) -> Result<(Type<'a>, u64), SectionError> {
    let no_part = |reason| SectionError::NoSuchPart { path: whole.to_owned(), reason };
    let part = follow(start, path).map_err(|Lost { reason, .. }| no_part(reason))?;
    match part.bitfield {
        Some(width) => {
            let name = path.rsplit('.').next().unwrap_or_default();
            Err(no_part(format!("`{name}` is a bitfield of {width} bits, which has no place of its own")))
        }
        None => Ok((part.ty, part.bit_offset / 8)),
    }
}

/// Follows a path into a type.
pub(crate) fn follow<'a>(start: Type<'a>, path: &str) -> Result<Part<'a>, Lost> {
    let mut place = Part { ty: start, bit_offset: 0, bitfield: None };
    let mut rest = path;
    while let Some(separator) = rest.chars().next() {
        rest = &rest[separator.len_utf8()..];
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let step = &rest[..end];
        rest = &rest[end..];
        if place.bitfield.is_some() {
            return Err(lost(format!("a bitfield has no parts, so no `{step}`")));
        }
        place = match (separator, step.strip_suffix(']')) {
            ('.', None) => member(place, step)?,
            ('[', Some(index)) => element(place, index)?,
            _ => return Err(lost("write `.member` and `[index]`".to_owned())),
        };
    }
    Ok(place)
}

fn lost(reason: String) -> Lost {
    Lost { missing: false, reason }
}

fn member<'a>(place: Part<'a>, name: &str) -> Result<Part<'a>, Lost> {
    let Some(TypeKind::Struct(composite) | TypeKind::Union(composite)) = place.ty.resolved().map(Type::kind) else {
        return Err(lost(format!("`{}` has no members, so no `{name}`", place.ty)));
    };
    let mut visits = MAX_VISITED;
    let Some((found, bit_offset)) = find_member(composite, name, MAX_DEPTH, &mut visits) else {
        let nearest = Nearest::of(name, composite.members().map(|member| member.name));
        return Err(Lost { missing: true, reason: format!("`{}` has no member `{name}`{nearest}", place.ty) });
    };
    Ok(Part { ty: found.ty, bit_offset: place.bit_offset.saturating_add(bit_offset), bitfield: found.bitfield })
}

/// How many members are visited at most: more than any struct has, those of the anonymous structs
/// inside included.
const MAX_VISITED: usize = 1 << 17;

/// Finds a member by name, in the struct or in an anonymous one inside it, and its offset in bits
/// from the start of the outermost struct.
fn find_member<'a>(from: Composite<'a>, name: &str, depth: usize, visits: &mut usize) -> Option<(Member<'a>, u64)> {
    for member in from.members() {
        *visits = visits.checked_sub(1)?;
        let start = u64::from(member.bit_offset);
        if member.name == name && !name.is_empty() {
            return Some((member, start));
        }
        let inner = member.anonymous().zip(depth.checked_sub(1));
        if let Some((found, inside)) = inner.and_then(|((inner, _), depth)| find_member(inner, name, depth, visits)) {
            return Some((found, start + inside));
        }
    }
    None
}

fn element<'a>(place: Part<'a>, index: &str) -> Result<Part<'a>, Lost> {
    let Some(TypeKind::Array(array)) = place.ty.resolved().map(Type::kind) else {
        return Err(lost(format!("`{}` is not an array, so it has no `[{index}]`", place.ty)));
    };
    let number: u64 = index.parse().map_err(|_| lost(format!("`{index}` is not an index")))?;
    if number >= array.len.into() {
        let reason = format!("index {number} is out of range: `{}` has {} elements", place.ty, array.len);
        return Err(Lost { missing: true, reason });
    }
    let bits = array.element.size().and_then(|size| size.checked_mul(8)?.checked_mul(number));
    let bit_offset = bits.and_then(|bits| bits.checked_add(place.bit_offset));
    let bit_offset = bit_offset.ok_or_else(|| lost(format!("`{}` has elements without a size", place.ty)))?;
    Ok(Part { ty: array.element, bit_offset, bitfield: None })
}
