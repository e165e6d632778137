//! Compares leaves by the meaning of their bits.

use crate::btf::types::{Int, MAX_DEPTH, Type, TypeKind};
use crate::layout::{Endianness, Field, Kind, Layout};

/// Whether a field's name is a number: that of a tuple struct's field.
pub(crate) fn is_number(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
}

/// The only field with a size, if it fills the struct.
pub(crate) fn newtype<'a>(layout: &Layout, fields: &'a [Field]) -> Option<&'a Field> {
    let mut sized = fields.iter().filter(|field| field.layout().size() > 0);
    sized.next().filter(|field| field.layout().size() == layout.size() && sized.next().is_none())
}

/// Whether both have the same meaning, beyond the integers and enums that `Comparison` compares.
///
/// Kernels before 5.13 have no floats in their BTF, and kernels before 6.0 no 64-bit enums. For
/// them, libbpf writes empty structs without a name instead of floats, and unions of placeholders
/// instead of such enums (`bpf_object__sanitize_btf`).
pub(crate) fn is_same_leaf(layout: &Layout, ty: Type<'_>) -> bool {
    match (layout.kind(), ty.kind()) {
        (Kind::Marker, _) | (Kind::Pointer, TypeKind::Pointer(_)) => true,
        (Kind::Int { signed: false, endianness: Endianness::Native }, TypeKind::Pointer(_)) => layout.size() == 8,
        (Kind::Pointer, TypeKind::Int(int)) => is_whole(int, 8) && !int.signed,
        (Kind::Float, TypeKind::Float { size }) => size as usize == layout.size(),
        (Kind::Float, TypeKind::Struct(stand_in)) => {
            ty.name().is_empty() && stand_in.members().len() == 0 && stand_in.size() as usize == layout.size()
        }
        (Kind::Int { endianness: Endianness::Native, .. } | Kind::Enum { .. }, TypeKind::Union(stand_in)) => {
            let mut values = stand_in.members();
            layout.size() == 8 && values.len() > 0 && values.all(|value| value.ty.is_named("enum64_placeholder"))
        }
        (Kind::Bool, TypeKind::Int(int)) => int.bool && int.size == 1,
        (Kind::Character, TypeKind::Int(int)) => is_whole(int, 1) && !int.bool,
        (_, TypeKind::Int(int)) => is_whole(int, 16) && is_two_halves(layout),
        _ => false,
    }
}

/// Whether a Rust type is `u8`.
pub(crate) fn is_byte(layout: &Layout) -> bool {
    layout.size() == 1 && matches!(layout.kind(), Kind::Int { signed: false, .. })
}

/// Whether an integer has this size, and all of its bits count.
pub(crate) fn is_whole(int: Int, size: usize) -> bool {
    int.size as usize == size && int.bit_offset == 0 && usize::from(int.bits) == 8 * size
}

/// Whether a type is two 64-bit integers, which is how `__int128` is loaded and stored.
fn is_two_halves(layout: &Layout) -> bool {
    let native = |layout: &Layout| matches!(layout.kind(), Kind::Int { endianness: Endianness::Native, .. });
    let half = |layout: &Layout| native(layout) && layout.size() == 8;
    match layout.kind() {
        Kind::Array { len: 2, element } => half(element),
        Kind::Struct { fields } => {
            layout.size() == 16 && fields.len() == 2 && fields.iter().all(|field| half(&field.layout()))
        }
        _ => false,
    }
}

/// Whether a typedef on the way to the integer names the other byte order than the Rust type. An
/// integer of the machine's own order in Rust contradicts neither: C declares both kinds as such
/// integers.
pub(crate) fn contradicts(declared: Type<'_>, endianness: Endianness) -> bool {
    let other = match endianness {
        Endianness::Big => "__le",
        Endianness::Little => "__be",
        Endianness::Native => return false,
    };
    let mut ways = std::iter::successors(Some(declared), |ty| ty.kind().behind()).take(MAX_DEPTH + 1);
    ways.any(|ty| {
        let bits = ty.name().strip_prefix(other).filter(|_| matches!(ty.kind(), TypeKind::Typedef(_)));
        bits.is_some_and(|bits| matches!(bits, "16" | "32" | "64"))
    })
}
