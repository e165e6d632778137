//! Names of types as C writes them: `struct stats`, or `stats` without the keyword.

use crate::btf::types::{Type, TypeKind};

/// Splits `struct stats` into the keyword and the name.
pub(crate) fn split(name: &str) -> (Option<&str>, &str) {
    match name.split_once(' ') {
        Some((keyword @ ("struct" | "union" | "enum"), bare)) => (Some(keyword), bare.trim()),
        _ => (None, name),
    }
}

/// The keyword before the name of a type; empty for a typedef, an integer and a float. Others are
/// not found by name.
pub(crate) fn keyword(ty: Type<'_>) -> Option<&'static str> {
    match ty.kind() {
        TypeKind::Struct(_) => Some("struct"),
        TypeKind::Union(_) => Some("union"),
        TypeKind::Enum(_) => Some("enum"),
        TypeKind::Typedef(_) | TypeKind::Int(_) | TypeKind::Float { .. } => Some(""),
        _ => None,
    }
}

/// Whether a type has the keyword that is asked for, or any.
pub(crate) fn has_keyword(ty: Type<'_>, wanted: Option<&str>) -> bool {
    keyword(ty).is_some_and(|keyword| wanted.is_none_or(|wanted| wanted == keyword))
}
