//! Parts of a variable by their names: `stats.by_proto[6].bytes`.

use crate::btf::types::{Composite, Kind, MAX_DEPTH, Type};
use crate::error::{Error, Nearest};

/// A part of a variable: what it is, and bytes from the variable's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) ty: Type<'a>,
    pub(crate) offset: u64,
}

/// Follows a path, such as `.by_proto[6].bytes`, into a type. `whole` is all that the user wrote, for errors.
pub(crate) fn find_part<'a>(start: Type<'a>, path: &str, whole: &str) -> Result<Place<'a>, Error> {
    let mut place = Place { ty: start, offset: 0 };
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

fn no_part(path: &str, reason: String) -> Error {
    Error::NoSuchPart { path: path.to_owned(), reason }
}

fn member<'a>(place: Place<'a>, name: &str, whole: &str) -> Result<Place<'a>, Error> {
    let Some(Kind::Struct(composite) | Kind::Union(composite)) = place.ty.resolved().map(Type::kind) else {
        return Err(no_part(whole, format!("`{}` has no members, so no `{name}`", place.ty)));
    };
    let mut visits = MAX_VISITED;
    let Some(found) = find_member(composite, name, MAX_DEPTH, &mut visits) else {
        let nearest = Nearest::of(name, composite.members().map(|member| member.name));
        return Err(no_part(whole, format!("`{}` has no member `{name}`{nearest}", place.ty)));
    };
    if let Some(width) = found.bitfield {
        let reason = format!("`{name}` is a bitfield of {width} bits, which has no place of its own");
        return Err(no_part(whole, reason));
    }
    Ok(Place { ty: found.ty, offset: place.offset.saturating_add(found.bit_offset / 8) })
}

/// How many members are looked at: more than any struct has, with those of the anonymous structs inside.
const MAX_VISITED: usize = 1 << 17;

struct Found<'a> {
    ty: Type<'a>,
    bit_offset: u64,
    bitfield: Option<u32>,
}

/// A member of this name, of the struct or of an anonymous one inside it.
fn find_member<'a>(composite: Composite<'a>, name: &str, depth: usize, visits: &mut usize) -> Option<Found<'a>> {
    for member in composite.members() {
        *visits = visits.checked_sub(1)?;
        if !member.name.is_empty() {
            if member.name == name {
                return Some(Found { ty: member.ty, bit_offset: member.bit_offset.into(), bitfield: member.bitfield });
            }
            continue;
        }
        let Some(Kind::Struct(inner) | Kind::Union(inner)) = member.ty.resolved().map(Type::kind) else { continue };
        if let Some(found) = depth.checked_sub(1).and_then(|depth| find_member(inner, name, depth, visits)) {
            return Some(Found { bit_offset: found.bit_offset + u64::from(member.bit_offset), ..found });
        }
    }
    None
}

fn element<'a>(place: Place<'a>, index: &str, whole: &str) -> Result<Place<'a>, Error> {
    let Some(Kind::Array(array)) = place.ty.resolved().map(Type::kind) else {
        return Err(no_part(whole, format!("`{}` is no array, so it has no `[{index}]`", place.ty)));
    };
    let number: u64 = index.parse().map_err(|_| no_part(whole, format!("`{index}` is no index")))?;
    if number >= array.len.into() {
        return Err(no_part(
            whole,
            format!("index {number} is out of range: `{}` has {} elements", place.ty, array.len),
        ));
    }
    let offset = array.element.size().and_then(|size| size.checked_mul(number));
    let offset = offset.and_then(|offset| offset.checked_add(place.offset));
    let offset = offset.ok_or_else(|| no_part(whole, format!("`{}` has elements without a size", place.ty)))?;
    Ok(Place { ty: array.element, offset })
}
