//! What is known of a C type that is written, and names as they may be printed.

use crate::btf::named::keyword;
use crate::btf::types::{Type, TypeKind};

/// What the doc of an integer that stores bitfields adds.
pub(super) const BITFIELDS: &str = " (bitfields)";

/// A C type as it is written in Rust.
#[derive(Clone)]
pub(super) struct Written {
    /// Its spelling.
    pub(super) rust: String,
    pub(super) size: u64,
    /// Its alignment in Rust, and in C, where zerocopy's integers are aligned.
    pub(super) align: u64,
    pub(super) c_align: u64,
    /// Whether it is, or holds, a union, which is neither printed nor compared.
    pub(super) union: bool,
    /// Whether it is another type inside a union: it is, or holds, a `bool` or enum.
    pub(super) differs: bool,
    /// What its doc adds.
    pub(super) note: String,
}

impl Written {
    pub(super) fn leaf(rust: impl Into<String>, size: u64) -> Self {
        Self { rust: rust.into(), size, align: size, c_align: size, union: false, differs: false, note: String::new() }
    }
}

/// Why a type is not written.
pub(super) type Reason = String;

/// The keyword of a type that can be asked for, which is empty for a typedef.
pub(super) fn tag(ty: Type<'_>) -> Option<&'static str> {
    let is_number = matches!(ty.kind(), TypeKind::Int(_) | TypeKind::Float { .. });
    keyword(ty).filter(|_| !is_number)
}

/// A type by its keyword and name, if that is an identifier.
pub(super) fn spelled(ty: Type<'_>) -> String {
    format!("{} {}", tag(ty).unwrap_or(""), shown(ty.name())).trim_start().to_owned()
}

/// A name from outside, as it may be printed.
pub(super) fn shown(name: &str) -> String {
    let mut text: String =
        name.chars().take(80).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    if name.chars().nth(80).is_some() {
        text.push_str("...");
    }
    text
}
