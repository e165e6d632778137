//! Spells types as C does.

use std::fmt;

use crate::btf::types::{MAX_DEPTH, Prototype, Type, TypeKind};

/// Parameters that are spelled out. Few functions have more, and a hostile one may have 2^24.
const MAX_PARAMS: usize = 16;
/// The bytes of a declarator after which parameters are left out: those of a function that returns
/// a function that returns a function add up.
const MAX_TEXT: usize = 1024;

impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&declare(*self, String::new(), true))
    }
}

/// Declares `declarator` as of this type, `__u64 by_proto[256]`; without a declarator, spells the
/// type alone, `__u64[256]`.
///
/// It declares from the name outward, as C does: the `*` of a pointer goes before the name, the
/// brackets of an array and the parentheses of a function behind it, and the named type before all.
/// Only the outermost function has its parameters spelled out.
fn declare(ty: Type<'_>, declarator: String, params: bool) -> String {
    let (mut ty, mut declarator) = (ty, declarator);
    // Qualifiers of the next pointer or named type.
    let mut qualifiers = String::new();
    let mut behind_pointer = false;
    for _ in 0..=MAX_DEPTH {
        let kind = ty.kind();
        match kind {
            TypeKind::Const(target) | TypeKind::Volatile(target) | TypeKind::Restrict(target) => {
                let qualifier = match kind {
                    TypeKind::Const(_) => "const ",
                    TypeKind::Volatile(_) => "volatile ",
                    _ => "restrict ",
                };
                // Once: GCC marks the elements of a `const` array as `const`, too.
                if !qualifiers.contains(qualifier) {
                    qualifiers.push_str(qualifier);
                }
                ty = target;
            }
            TypeKind::TypeTag(target) => ty = target,
            TypeKind::Pointer(target) => {
                declarator = format!("*{}{declarator}", std::mem::take(&mut qualifiers));
                behind_pointer = true;
                ty = target;
            }
            TypeKind::Array(array) => {
                declarator = format!("{}[{}]", grouped(declarator, behind_pointer), array.len);
                behind_pointer = false;
                ty = array.element;
            }
            TypeKind::Prototype(prototype) => {
                let is_spelled = params && declarator.len() < MAX_TEXT || prototype.params().len() == 0;
                let list = if is_spelled { spell_params(prototype) } else { "...".to_owned() };
                declarator = format!("{}({list})", grouped(declarator, behind_pointer));
                behind_pointer = false;
                ty = prototype.returns();
            }
            TypeKind::Function { prototype: target, .. } | TypeKind::Variable { ty: target, .. } => {
                ty.name().clone_into(&mut declarator);
                ty = target;
            }
            _ => return join(format!("{qualifiers}{}", named(ty)), &declarator),
        }
    }
    join(format!("{qualifiers}..."), &declarator)
}

/// A pointer to an array or function needs parentheses: `(*p)[4]`.
fn grouped(declarator: String, behind_pointer: bool) -> String {
    if behind_pointer { format!("({})", declarator.trim_end()) } else { declarator }
}

fn spell_params(prototype: Prototype<'_>) -> String {
    let mut list = String::new();
    for (nth, (_, ty)) in prototype.params().enumerate() {
        list.push_str(if nth == 0 { "" } else { ", " });
        if nth == MAX_PARAMS || list.len() > MAX_TEXT {
            list.push_str("...");
            break;
        }
        // A parameter of type `void` stands for variable ones.
        match ty.kind() {
            TypeKind::Void => list.push_str("..."),
            _ => list.push_str(&declare(ty, String::new(), false)),
        }
    }
    if list.is_empty() { "void".to_owned() } else { list }
}

/// Spells a type that has a name, or is spelled by its tag.
fn named(ty: Type<'_>) -> String {
    let name = ty.name();
    let tagged = |tag: &str| if name.is_empty() { format!("{tag} {{...}}") } else { format!("{tag} {name}") };
    match ty.kind() {
        TypeKind::Void => "void".to_owned(),
        TypeKind::Struct(_) | TypeKind::Forward { union: false } => tagged("struct"),
        TypeKind::Union(_) | TypeKind::Forward { union: true } => tagged("union"),
        TypeKind::Enum(_) => tagged("enum"),
        TypeKind::Unknown { number } => format!("{name} (of BTF kind {number})"),
        // A section or a tag, which are not types in C.
        _ => name.to_owned(),
    }
}

/// `int` and `x` are two words; `int` and `[4]` are one.
fn join(ty: String, declarator: &str) -> String {
    let declarator = declarator.trim_end();
    match declarator.chars().next() {
        None => ty,
        Some('[') => format!("{ty}{declarator}"),
        Some(_) => format!("{ty} {declarator}"),
    }
}
