//! Integers and floats, and the names of constants.

use crate::btf::rust::names::Scope;
use crate::btf::rust::written::{Reason, Written};
use crate::btf::types::{Int, MAX_DEPTH, Type, TypeKind};
use crate::layout::Endianness;

/// Whether a type is C's plain `char`.
pub(super) fn is_char(declared: Type<'_>) -> bool {
    declared.resolved().is_some_and(|ty| {
        matches!(ty.kind(), TypeKind::Int(int) if int.size == 1 && !int.bool && (int.character || ty.is_named("char")))
    })
}

/// Finds the leaf for an integer or float.
pub(super) fn leaf(declared: Type<'_>, ty: Type<'_>, in_union: bool) -> Result<Written, Reason> {
    match ty.kind() {
        TypeKind::Int(int) if int.bool && int.size == 1 => {
            Ok(Written { differs: true, ..Written::leaf(if in_union { "u8" } else { "bool" }, 1) })
        }
        TypeKind::Int(int) if int.bit_offset != 0 || u32::from(int.bits) != int.size.saturating_mul(8) || int.bool => {
            Err(format!("an integer of {} bits in {} bytes", int.bits, int.size))
        }
        TypeKind::Int(Int { size: 16, .. }) => Ok(Written {
            align: 8,
            c_align: 8,
            note: " (two halves of an `__int128`)".to_owned(),
            ..Written::leaf("[u64; 2]", 16)
        }),
        TypeKind::Int(int) if matches!(int.size, 1 | 2 | 4 | 8) => Ok(integer(declared, ty, int)),
        TypeKind::Float { size: size @ (4 | 8) } => Ok(Written::leaf(format!("f{}", 8 * size), size.into())),
        TypeKind::Int(Int { size, .. }) | TypeKind::Float { size } => Err(format!("a number of {size} bytes")),
        TypeKind::Forward { .. } => Err("a struct or union that is not defined".to_owned()),
        TypeKind::Void | TypeKind::Prototype(_) | TypeKind::Function { .. } => Err("a function or `void`".to_owned()),
        _ => Err("it is no type of a value".to_owned()),
    }
}

fn integer(declared: Type<'_>, ty: Type<'_>, int: Int) -> Written {
    let size = u64::from(int.size);
    let mut ways = std::iter::successors(Some(declared), |ty| ty.kind().behind()).take(MAX_DEPTH + 1);
    let order = ways.find_map(|way| {
        let bits = 8 * size;
        let name = Some(way.name()).filter(|_| matches!(way.kind(), TypeKind::Typedef(_)))?;
        let (order, width) = if let Some(width) = name.strip_prefix("__be") {
            ("big", width)
        } else {
            ("little", name.strip_prefix("__le")?)
        };
        (width.parse() == Ok(bits) && bits > 8).then_some(order)
    });
    let native = if ty.is_big_endian() { "big" } else { "little" };
    match order.filter(|order| *order == "big" || *order != native) {
        Some(order) => {
            let letter = if int.signed { 'I' } else { 'U' };
            let rust = format!("::mapvalue::zerocopy::{order}_endian::{letter}{}", 8 * size);
            Written { align: 1, ..Written::leaf(rust, size) }
        }
        // A plain `char` is a byte.
        None if is_char(ty) => Written::leaf("u8", 1),
        None => Written::leaf(format!("{}{}", if int.signed { 'i' } else { 'u' }, 8 * size), size),
    }
}

impl Type<'_> {
    /// Whether its object is for a machine that stores the most significant byte first.
    pub(super) fn is_big_endian(self) -> bool {
        self.endianness() == Endianness::Big
    }
}

/// The names of values as constants: all in capitals, `__` as `_`.
pub(super) fn constants(names: &[&str]) -> Vec<String> {
    let mut scope = Scope::default();
    let upper = |name: &str| {
        let words: Vec<String> = name.split('_').filter(|word| !word.is_empty()).map(str::to_ascii_uppercase).collect();
        let name = words.join("_");
        if name.starts_with(|first: char| first.is_ascii_alphabetic()) { name } else { format!("N{name}") }
    };
    names.iter().map(|name| scope.give(&upper(name), &[])).collect()
}
