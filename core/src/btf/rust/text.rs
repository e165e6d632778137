//! The fields of structs and unions: where they lie in Rust, and the text of the item.

use std::fmt::Write as _;

use crate::btf::rust::names::{Scope, snake};
use crate::btf::rust::written::{BITFIELDS, Reason, Written, spelled};
use crate::btf::types::Type;

/// A field of a struct or union.
pub(super) struct Field {
    /// Its name in Rust.
    pub(super) name: String,
    /// Its name in C, or the one that stands for none.
    pub(super) c_name: String,
    /// Whether C has that name.
    named: bool,
    pub(super) offset: u64,
    pub(super) written: Written,
}

impl Field {
    pub(super) fn new(name: &str, called: &str, offset: u64, written: Written) -> Self {
        Self { name: String::new(), c_name: called.to_owned(), named: !name.is_empty(), offset, written }
    }

    fn padding(offset: u64, len: u64) -> Self {
        Self::new("", "", offset, Written { align: 1, c_align: 1, ..Written::leaf(format!("[u8; {len}]"), len) })
    }
}

pub(super) struct LaidOut {
    pub(super) fields: Vec<Field>,
    pub(super) align: u64,
    pub(super) c_align: u64,
}

/// Adds padding until Rust puts each field where C has it.
pub(super) fn lay_out(mut members: Vec<Field>, size: u64, union: bool) -> Result<LaidOut, Reason> {
    members.sort_by_key(|field| (field.offset, field.offset.saturating_add(field.written.size)));
    let (mut fields, mut end) = (Vec::with_capacity(members.len()), 0);
    let (mut align, mut c_align) = (1, 1);
    for field in members {
        let Field { c_name, offset, written, .. } = &field;
        let own = written.align;
        if !offset.is_multiple_of(written.c_align) {
            let reason = "is packed to offset";
            return Err(format!(
                "member `{c_name}` {reason} {offset}, where one access does not reach it (it is aligned to {})",
                written.c_align
            ));
        }
        if *offset < end && !union || *offset > 0 && union {
            let what = if written.note == BITFIELDS { "the integer that holds the bitfields" } else { "the member" };
            return Err(format!("member `{c_name}`: {what} at offset {offset} overlaps the member before"));
        }
        if offset.saturating_add(written.size) > size {
            return Err(format!("member `{c_name}` at offset {offset} ends behind the {size} bytes of the whole"));
        }
        (align, c_align) = (align.max(own), c_align.max(written.c_align));
        if !union && end.next_multiple_of(own) != *offset {
            fields.push(Field::padding(end, offset - end));
        }
        let field_end = offset + written.size;
        end = if union { end.max(field_end) } else { field_end };
        fields.push(field);
    }
    if !size.is_multiple_of(align) || !size.is_multiple_of(c_align) {
        return Err(format!("it is packed to {size} bytes, which is not a multiple of its alignment {c_align}"));
    }
    if end.next_multiple_of(align) != size {
        fields.push(if union { Field::padding(0, size) } else { Field::padding(end, size - end) });
    }
    // C's names first, so that names which are made up give way.
    let mut scope = Scope::default();
    fields.iter().filter(|field| field.named).for_each(|field| scope.reserve(&format!(" {}", field.c_name)));
    for named in [true, false] {
        let mut padding = 0;
        for field in fields.iter_mut().filter(|field| field.named == named) {
            if field.c_name.is_empty() {
                field.name = scope.give(&format!("_pad{padding}"), &[]);
                padding += 1;
            } else {
                field.name = scope.give(&snake(&field.c_name), &[]);
            }
        }
    }
    Ok(LaidOut { fields, align, c_align })
}

/// Writes a struct or union.
pub(super) fn composite(
    ty: Type<'_>,
    c_name: &str,
    rust: &str,
    laid_out: &LaidOut,
    holds_union: bool,
    union: bool,
) -> String {
    let keyword = if union { "union" } else { "struct" };
    let spelled = if ty.name().is_empty() { c_name.to_owned() } else { spelled(ty) };
    let size = ty.size().unwrap_or(0);
    let mut item = format!("/// `{spelled}`: {size} bytes.\n");
    let derives = if holds_union { "" } else { ", Debug, PartialEq" };
    let _ = writeln!(item, "#[derive(::mapvalue::MapValue, Clone, Copy{derives})]");
    if holds_union {
        item.push_str("#[allow(missing_debug_implementations)]\n");
    }
    if laid_out.fields.iter().filter(|field| field.written.rust == "bool").count() > 3 {
        item.push_str("#[allow(clippy::struct_excessive_bools)]\n");
    }
    let _ = write!(item, "#[map_value(rename = \"{c_name}\")]\n#[repr(C)]\npub {keyword} {rust} {{\n");
    for Field { name, c_name, named, offset, written } in &laid_out.fields {
        let Written { rust, size, note, .. } = written;
        if c_name.is_empty() {
            let _ = write!(item, "    #[doc(hidden)]\n    pub {name}: {rust},\n");
            continue;
        }
        let bytes = if *size == 1 { "byte" } else { "bytes" };
        let called = if *named { format!("`{c_name}`: ") } else { String::new() };
        let _ = writeln!(item, "    /// {called}{size} {bytes} at offset {offset}{note}.");
        if *named && name != c_name {
            let _ = writeln!(item, "    #[map_value(rename = \"{c_name}\")]");
        }
        let _ = writeln!(item, "    pub {name}: {rust},");
    }
    item.push_str("}\n");
    item
}
