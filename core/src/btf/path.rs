//! Finds a part of a variable by its path: `stats.by_proto[6].bytes`.

use crate::btf::types::{Composite, MAX_DEPTH, Member, Type, TypeKind};
use crate::error::{Nearest, SectionError};

/// A part of a variable: its type, and its offset in bytes from the start of the variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) ty: Type<'a>,
    pub(crate) offset: u64,
}

/// Follows a path, such as `.by_proto[6].bytes`, into a type. Errors quote `whole`, the user's
/// text.
pub(crate) fn find_part<'a>(start: Type<'a>, path: &str, whole: &str) -> Result<Part<'a>, SectionError> {
    let mut place = Part { ty: start, offset: 0 };
    let mut rest = path;
    while let Some(separator) = rest.chars().next() {
        rest = &rest[separator.len_utf8()..];
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let step = &rest[..end];
        rest = &rest[end..];
        place = match (separator, step.strip_suffix(']')) {
            ('.', None) => member(place, step, whole)?,
            ('[', Some(index)) => element(place, index, whole)?,
            _ => return Err(no_part(whole, "write `.member` and `[index]`".to_owned())),
        };
    }
    Ok(place)
}

fn no_part(path: &str, reason: String) -> SectionError {
    SectionError::NoSuchPart { path: path.to_owned(), reason }
}

fn member<'a>(place: Part<'a>, name: &str, whole: &str) -> Result<Part<'a>, SectionError> {
    let Some(TypeKind::Struct(composite) | TypeKind::Union(composite)) = place.ty.resolved().map(Type::kind) else {
        return Err(no_part(whole, format!("`{}` has no members, so no `{name}`", place.ty)));
    };
    let mut visits = MAX_VISITED;
    let Some((found, bit_offset)) = find_member(composite, name, MAX_DEPTH, &mut visits) else {
        let nearest = Nearest::of(name, composite.members().map(|member| member.name));
        return Err(no_part(whole, format!("`{}` has no member `{name}`{nearest}", place.ty)));
    };
    if let Some(width) = found.bitfield {
        let reason = format!("`{name}` is a bitfield of {width} bits, which has no place of its own");
        return Err(no_part(whole, reason));
    }
    Ok(Part { ty: found.ty, offset: place.offset.saturating_add(bit_offset / 8) })
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

fn element<'a>(place: Part<'a>, index: &str, whole: &str) -> Result<Part<'a>, SectionError> {
    let Some(TypeKind::Array(array)) = place.ty.resolved().map(Type::kind) else {
        return Err(no_part(whole, format!("`{}` is not an array, so it has no `[{index}]`", place.ty)));
    };
    let number: u64 = index.parse().map_err(|_| no_part(whole, format!("`{index}` is not an index")))?;
    if number >= array.len.into() {
        let reason = format!("index {number} is out of range: `{}` has {} elements", place.ty, array.len);
        return Err(no_part(whole, reason));
    }
    let offset = array.element.size().and_then(|size| size.checked_mul(number));
    let offset = offset.and_then(|offset| offset.checked_add(place.offset));
    let offset = offset.ok_or_else(|| no_part(whole, format!("`{}` has elements without a size", place.ty)))?;
    Ok(Part { ty: array.element, offset })
}
