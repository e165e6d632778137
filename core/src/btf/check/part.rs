//! Compares a Rust type with what begins at an offset inside a C type.

use crate::btf::check::leaves::is_number;
use crate::btf::check::report::{InBtf, InRust};
use crate::btf::check::{Fit, spend, steps};
use crate::btf::types::{Linkage, MAX_DEPTH, Type, TypeKind};
use crate::error::{Mismatch, Mismatches};
use crate::layout::{Kind, Layout, Spelled};

/// What Rust takes a place for: `len` values of one type, side by side.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) len: usize,
    pub(crate) fit: Fit,
}

/// Checks that a C type has, `offset` bytes from its start, what Rust takes the place for.
///
/// One value meets a member, an element or a variable that begins there. Several values meet
/// elements of one array.
pub(crate) fn check_part(whole: Type<'_>, offset: u64, claim: Claim<'_>) -> Result<(), Box<Mismatches>> {
    let mut search = Search { claim, offset, steps: steps(whole.words()), best: None, short: None, inside: None };
    if search.visit(whole, offset, MAX_DEPTH, false) { Ok(()) } else { Err(Box::new(search.mismatches(whole))) }
}

/// Describes that nothing in a C type is what Rust takes a place for.
pub(crate) fn nothing_there(whole: Type<'_>, offset: u64, claim: Claim<'_>) -> Mismatches {
    let search = Search { claim, offset, steps: 0, best: None, short: None, inside: None };
    search.mismatches(whole)
}

/// Whether the type with the id of `wanted` begins `offset` bytes into a type of the same BTF.
pub(crate) fn begins_at(whole: Type<'_>, offset: u64, wanted: Type<'_>) -> bool {
    let id = wanted.resolved().unwrap_or(wanted).id();
    begins(whole, offset, id, MAX_DEPTH, &mut steps(whole.words()))
}

fn begins(ty: Type<'_>, offset: u64, id: u32, depth: usize, left: &mut usize) -> bool {
    let (Some(depth), Some(ty)) = (depth.checked_sub(1), ty.resolved()) else { return false };
    if !spend(left, 1) {
        return false;
    }
    let mut inside = |part: Type<'_>, start: u32| match offset.checked_sub(start.into()) {
        Some(inside) if part.size().is_some_and(|size| inside < size) => begins(part, inside, id, depth, left),
        _ => false,
    };
    match ty.kind() {
        _ if offset == 0 && ty.id() == id => true,
        TypeKind::Array(array) => match array.element.size() {
            Some(size @ 1..) if offset / size < array.len.into() => {
                begins(array.element, offset % size, id, depth, left)
            }
            _ => false,
        },
        TypeKind::Struct(parts) | TypeKind::Union(parts) => {
            parts.members().any(|part| part.bitfield.is_none() && inside(part.ty, part.bit_offset / 8))
        }
        TypeKind::Section(section) => section.variables().any(|place| match place.variable.kind() {
            TypeKind::Variable { ty, .. } => inside(ty, place.offset),
            _ => false,
        }),
        _ => false,
    }
}

struct Search<'a, 'b> {
    claim: Claim<'b>,
    offset: u64,
    steps: usize,
    /// The type at the place that is most like the Rust type, and how much it is.
    best: Option<(u8, Type<'a>)>,
    /// An array at the place whose elements suit, and how many are left of it.
    short: Option<(Type<'a>, u64)>,
    /// The leaf that the place is inside, and bytes from its start.
    inside: Option<(Type<'a>, u64)>,
}

impl<'a> Search<'a, '_> {
    /// Whether the claim is met `offset` bytes into a type. `wrapped` says that a struct or union
    /// of the same size begins at the same place.
    fn visit(&mut self, declared: Type<'a>, offset: u64, depth: usize, wrapped: bool) -> bool {
        let (Some(depth), Some(ty)) = (depth.checked_sub(1), declared.resolved()) else { return false };
        if !spend(&mut self.steps, 1) {
            return false;
        }
        let one = self.claim.len == 1;
        if offset == 0 && one && self.meets(declared, ty, wrapped) {
            return true;
        }
        match ty.kind() {
            TypeKind::Array(array) => {
                let Some(size) = array.element.size().filter(|size| *size > 0) else { return false };
                let left = u64::from(array.len).saturating_sub(offset / size);
                if !one && offset.is_multiple_of(size) {
                    let suits = array.element.resolved().is_some_and(|ty| self.meets(array.element, ty, false));
                    if suits && self.claim.len as u64 <= left {
                        return true;
                    }
                    self.short = self.short.or(suits.then_some((declared, left)));
                }
                left > 0 && self.visit(array.element, offset % size, depth, wrapped)
            }
            TypeKind::Struct(composite) | TypeKind::Union(composite) => {
                let wrapped = offset == 0 && ty.size() == Some(self.claim.layout.size() as u64);
                let mut members = composite.members().filter(|member| member.bitfield.is_none());
                spend(&mut self.steps, composite.members().len())
                    && members.any(|part| self.visit_in(part.ty, part.bit_offset / 8, offset, depth, wrapped))
            }
            // Where variables lie that only their own file sees, BTF does not say reliably.
            TypeKind::Section(section) => {
                spend(&mut self.steps, section.variables().len())
                    && section.variables().any(|place| match place.variable.kind() {
                        TypeKind::Variable { linkage: Linkage::Static, .. } => false,
                        TypeKind::Variable { ty, .. } => self.visit_in(ty, place.offset, offset, depth, false),
                        _ => false,
                    })
            }
            _ => {
                self.inside = self.inside.or((offset > 0).then_some((declared, offset)));
                false
            }
        }
    }

    /// Visits a part that begins at `start`, if it has a byte at the offset.
    fn visit_in(&mut self, part: Type<'a>, start: u32, offset: u64, depth: usize, wrapped: bool) -> bool {
        let inside = offset.checked_sub(start.into());
        let inside = inside.filter(|inside| part.size().is_some_and(|size| *inside < size));
        inside.is_some_and(|inside| self.visit(part, inside, depth, wrapped))
    }

    /// Whether one value meets the type, which begins at the place.
    fn meets(&mut self, declared: Type<'a>, ty: Type<'a>, wrapped: bool) -> bool {
        let Claim { layout, fit, .. } = self.claim;
        let (size, own) = (ty.size().unwrap_or(0), layout.size() as u64);
        let composite = matches!(ty.kind(), TypeKind::Struct(_) | TypeKind::Union(_));
        let alike = match (layout.kind(), ty.kind()) {
            (Kind::Struct { .. }, TypeKind::Struct(_))
            | (Kind::Union { .. }, TypeKind::Union(_))
            | (Kind::Array { .. }, TypeKind::Array(_)) => true,
            (Kind::Struct { .. } | Kind::Union { .. } | Kind::Array { .. }, _) | (_, TypeKind::Array(_)) => false,
            _ => !composite,
        };
        let likeness = 2 * u8::from(alike) + u8::from(size == own);
        if self.best.is_none_or(|(best, _)| best < likeness) {
            self.best = Some((likeness, declared));
        }
        // A field whose name differs must not be met by its bare type.
        let named = layout.fields().iter().any(|field| !is_number(field.name()));
        let comparable = if fit == Fit::Whole { size == own } else { size >= own };
        comparable && !(wrapped && named && !composite) && layout.check_within(&mut self.steps, declared, fit).is_ok()
    }

    fn mismatches(mut self, whole: Type<'_>) -> Mismatches {
        let Claim { layout, len, fit } = self.claim;
        let differs = |root: Type<'_>, rust: String, btf: String| {
            let mismatch = Mismatch { path: Spelled(layout).to_string(), rust, btf, hint: String::new() };
            Mismatches { root: root.to_string(), list: vec![mismatch], more: 0, definitions: 1 }
        };
        if let Some((array, left)) = self.short {
            return differs(array, format!("{len} elements"), format!("{left} elements"));
        }
        if let Some(Err(found)) = self.best.map(|(_, ty)| layout.check_within(&mut self.steps, ty, fit)) {
            return found;
        }
        let values = if len == 1 { String::new() } else { format!("{len} times ") };
        let btf = match self.inside {
            Some((ty, into)) => format!("{}, which begins at {}", InBtf(ty), self.offset - into),
            None => "nothing that it could be".to_owned(),
        };
        differs(whole, format!("{values}{} at offset {}", InRust(layout), self.offset), btf)
    }
}
