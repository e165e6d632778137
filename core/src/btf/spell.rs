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
        f.write_str(&spell(*self, ""))
    }
}

/// Declares `declarator` as of this type: `__u64 by_proto[256]`. Without a declarator, it is the
/// type alone: `__u64[256]`.
fn spell(ty: Type<'_>, declarator: &str) -> String {
    declare(ty, declarator.to_owned(), true)
}

/// Declares from the name outward, as C does: the `*` of a pointer goes before the name, the
/// brackets of an array and the parentheses of a function behind it, and the named type before all.
/// Only the outermost function has its parameters spelled out.
fn declare(ty: Type<'_>, declarator: String, params: bool) -> String {
    let (mut ty, mut declarator) = (ty, declarator);
    // Qualifiers of the next pointer or named type.
    let mut qualifiers = String::new();
    let mut behind_pointer = false;
    for _ in 0..=MAX_DEPTH {
        match ty.kind() {
            TypeKind::Const(target) => {
                add(&mut qualifiers, "const ");
                ty = target;
            }
            TypeKind::Volatile(target) => {
                add(&mut qualifiers, "volatile ");
                ty = target;
            }
            TypeKind::Restrict(target) => {
                add(&mut qualifiers, "restrict ");
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
            TypeKind::Function { prototype, .. } => {
                ty.name().clone_into(&mut declarator);
                ty = prototype;
            }
            TypeKind::Variable { ty: target, .. } => {
                ty.name().clone_into(&mut declarator);
                ty = target;
            }
            _ => return join(format!("{qualifiers}{}", named(ty)), &declarator),
        }
    }
    join(format!("{qualifiers}..."), &declarator)
}

/// Adds a qualifier once: GCC marks the elements of a `const` array as `const`, too.
fn add(qualifiers: &mut String, qualifier: &str) {
    if !qualifiers.contains(qualifier) {
        qualifiers.push_str(qualifier);
    }
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
        list.push_str(&spell_param(ty));
    }
    if list.is_empty() { "void".to_owned() } else { list }
}

fn spell_param(ty: Type<'_>) -> String {
    // A parameter of type `void` stands for variable ones.
    if matches!(ty.kind(), TypeKind::Void) { "...".to_owned() } else { declare(ty, String::new(), false) }
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
