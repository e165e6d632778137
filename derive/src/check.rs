//! The mistakes that the syntax alone shows: each error points at one and says what to write.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Error, Field, Fields, Ident, LitStr, Type, Variant};

use crate::bounds::mentions;
use crate::parse::{Body, FieldAttributes, Input, Repr, ours};
use crate::words;

/// The mistakes, and how much can be expanded despite them: uses of a refused type should not
/// be errors as well.
#[derive(Default)]
pub(crate) struct Verdict {
    /// All errors, so that each mistake is reported at once.
    pub(crate) errors: Vec<Error>,
    /// Whether the expansion would only add errors of its own.
    pub(crate) hopeless: bool,
}

impl Verdict {
    fn add(&mut self, errors: impl IntoIterator<Item = Error>) {
        self.errors.extend(errors);
    }

    fn add_hopeless(&mut self, errors: impl IntoIterator<Item = Error>) {
        let before = self.errors.len();
        self.add(errors);
        self.hopeless |= self.errors.len() > before;
    }
}

pub(crate) fn check(input: &Input<'_>) -> Verdict {
    let mut verdict = Verdict { errors: input.misspelt.iter().cloned().collect(), hopeless: false };
    let words = "a value in a map cannot borrow: it outlives this program. Store the data itself, or an id";
    verdict.add_hopeless(input.generics.lifetimes().map(|lifetime| Error::new_spanned(lifetime, words)));
    verdict.add(c_identifier(input.rename.as_ref()));
    verdict.add(pod(input));
    match &input.data {
        Body::Struct(fields) | Body::Union(fields) => {
            verdict.add(packed(&input.repr));
            verdict.add(macros(input));
            verdict.add(open_repr(input));
            verdict.add_hopeless(empty(input, fields.len()));
            verdict.add_hopeless(says_self(input, fields));
            verdict.add(taken_name(fields));
            for field in fields {
                verdict.add(field_attributes(input, field));
                if let Some(error) = words::refuse_syntax(&field.ty) {
                    verdict.hopeless |= !words::is_sized(&field.ty);
                    // A type that borrows for a lifetime parameter is the mistake reported above.
                    verdict.add(Some(error).filter(|_| !borrows(&field.ty, input)));
                }
            }
        }
        Body::Enum(variants) => {
            // Something else was probably meant.
            let words = "an enum is one integer, which has no padding: remove `deny_padding`";
            verdict.add(input.deny_padding.map(|span| Error::new(span, words)));
            verdict.add_hopeless(empty(input, variants.len()));
            let data = variants.iter().find_map(|variant| data(variant));
            if !input.generics.params.is_empty() && data.is_none() {
                let words = "an enum without data has no use for parameters: remove them";
                verdict.add_hopeless([Error::new_spanned(input.generics, words)]);
            }
            verdict.add(variants.iter().filter_map(|variant| attribute_of(variant)));
            // Several variants with data are one mistake: the first is reported.
            verdict.add_hopeless(data);
            // The repr is not the problem of an enum that no repr can mend.
            if verdict.errors.is_empty() {
                verdict.add(enum_repr(input));
            }
        }
    }
    verdict
}

/// Refuses `aya` on a type that cannot be a `Pod` of aya, as far as the syntax shows.
fn pod(input: &Input<'_>) -> Option<Error> {
    let words = match &input.data {
        Body::Enum(_) => {
            "aya would make an enum of any number that a BPF program stored, also of one that is no variant: remove `aya`, and decode \
             what it looks up as an integer, or with `from_bytes`"
        }
        Body::Union(_) => {
            "aya reads all bytes of a value, of which a union may have uninitialised ones: remove `aya`, or write `[u8; N]`"
        }
        Body::Struct(_) if input.generics.params.len() > input.generics.lifetimes().count() => {
            "whether a type with parameters is a `Pod` cannot be checked for all of them at once: remove `aya` here, and write a struct \
             with #[repr(transparent)] around the type that you use, with `aya`"
        }
        Body::Struct(_) => return None,
    };
    input.aya.as_ref().map(|aya| Error::new(aya.given, words))
}

/// Refuses attributes that mean nothing on the field.
fn field_attributes(input: &Input<'_>, field: &Field) -> Option<Error> {
    let words = "a union does not fold field by field, since they lie over each other: where it is a field itself, write `fold = \"first\"` or \"last\" \
                 on that";
    match (&input.data, FieldAttributes::parse(&field.attrs)) {
        (_, Err(error)) => Some(error),
        (Body::Union(_), Ok(FieldAttributes { fold: Some((_, span)), .. })) => Some(Error::new(span, words)),
        (_, Ok(FieldAttributes { rename, .. })) => c_identifier(rename.as_ref()),
    }
}

/// Refuses attributes on a variant, which has none.
fn attribute_of(variant: &Variant) -> Option<Error> {
    let words = "`map_value` has no attributes for variants: they are compared with those in C by value, so they need no rename";
    ours(&variant.attrs).next().map(|attr| Error::new_spanned(attr, words))
}

/// Refuses a name that is not a C identifier.
fn c_identifier(name: Option<&LitStr>) -> Option<Error> {
    let text = name?.value();
    let is_identifier =
        text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && text.starts_with(|c: char| !c.is_ascii_digit());
    let words =
        "this is not a C identifier: write the name alone, of letters, digits and `_`, without `struct` or a path";
    (!is_identifier).then(|| Error::new_spanned(name, words))
}

/// Returns whether a field's type mentions a lifetime parameter.
pub(crate) fn borrows(ty: &Type, input: &Input<'_>) -> bool {
    input.generics.lifetimes().any(|param| mentions(ty.to_token_stream(), &param.lifetime.ident))
}

/// Refuses a name in C that another field has.
fn taken_name(fields: &[&Field]) -> Option<Error> {
    let renames: Vec<Option<LitStr>> = fields.iter().map(|field| FieldAttributes::known(&field.attrs).rename).collect();
    let named = fields.iter().zip(&renames).map(|(field, rename)| match rename {
        Some(rename) => Some(rename.value()),
        None => field.ident.as_ref().map(|ident| ident.unraw().to_string()),
    });
    let all: Vec<Option<String>> = named.collect();
    let is_taken = |name: &LitStr| all.iter().flatten().filter(|other| **other == name.value()).count() > 1;
    let taken = renames.iter().flatten().find(|name| is_taken(name))?;
    Some(Error::new_spanned(taken, "another field has this name in C: give each its own"))
}

fn empty(input: &Input<'_>, parts: usize) -> Option<Error> {
    let words = match input.data {
        Body::Enum(_) => "an enum without variants has no values: no map can hold one",
        _ => "a struct without fields has no size: there is nothing to share",
    };
    (parts == 0).then(|| Error::new_spanned(input.ident, words))
}

fn packed(repr: &Repr) -> Option<Error> {
    let words = "a packed struct has misaligned fields, which cannot be read in one access: remove `packed`. Where the C struct is \
                 packed, write a field that lies at a multiple of its width as zerocopy's `U64<LittleEndian>` and its like, which add \
                 no padding, and any other as `[u8; N]`";
    repr.packed.map(|packed| Error::new(packed, words))
}

/// Attributes of an item that are not macros, whatever names are in scope. (`derive` can be another
/// macro's name there, and `clippy` and `rustfmt` a module's.)
const BUILT_IN: [&str; 11] =
    ["allow", "cfg", "cfg_attr", "deny", "deprecated", "doc", "expect", "forbid", "map_value", "repr", "warn"];

/// Refuses attribute macros below the derive on a union: the fields that they add cannot be seen.
/// (In a struct, rustc misses such fields where the struct is built.)
fn macros(input: &Input<'_>) -> Option<Error> {
    let is_built_in =
        |attr: &Attribute| attr.path().get_ident().is_some_and(|name| BUILT_IN.iter().any(|known| name == known));
    let Body::Union(_) = input.data else { return None };
    let words = "if this is a macro, it may give the union other fields than the derive sees: write it above `#[derive(MapValue)]`, or a \
                 derive in the same list";
    input.attrs.iter().find(|attr| !is_built_in(attr)).map(|attr| Error::new_spanned(attr.path(), words))
}

/// Refuses `Self`: fields and bounds are repeated in the mirror, where it would mean the mirror.
fn says_self(input: &Input<'_>, fields: &[&Field]) -> Option<Error> {
    let this = Ident::new("Self", Span::call_site());
    let types = fields.iter().map(|field| field.ty.to_token_stream());
    let clauses = input.generics.where_clause.iter().map(ToTokens::to_token_stream);
    let params = input.generics.params.iter().map(ToTokens::to_token_stream);
    let tokens = types.chain(clauses).chain(params).find(|tokens| mentions(tokens.clone(), &this))?;
    let words =
        format!("write `{}` with its parameters instead of `Self`: this is repeated in the shared mirror", input.ident);
    Some(Error::new_spanned(tokens, words))
}

/// Refuses a struct or union whose layout is not fixed.
fn open_repr(input: &Input<'_>) -> Option<Error> {
    let Repr { c, transparent, packed, align, unknown, .. } = &input.repr;
    if let Some(align) = align.as_ref().filter(|align| align.base10_parse::<u32>().is_ok_and(|align| align > 4096)) {
        let words =
            "a value in a map cannot be aligned to more than 4096, the size of the page that a mapping begins with";
        return Some(Error::new_spanned(align, words));
    }
    let what = if matches!(input.data, Body::Union(_)) { "union" } else { "struct" };
    let words = format!(
        "the layout of this {what} is Rust's to choose, so it cannot match the C side of a BPF program: add #[repr(C)]"
    );
    // A word that rustc refuses is not reported here as well.
    let is_open = c.is_none() && transparent.is_none() && packed.is_none() && !unknown;
    is_open.then(|| Error::new_spanned(input.ident, words))
}

fn enum_repr(input: &Input<'_>) -> Option<Error> {
    let Some(int) = &input.repr.int else {
        let words = "the size of this enum is not fixed: add #[repr(u32)], which is what a C enum has, or another of u8 to u64, i8 to i64";
        return Some(Error::new_spanned(input.ident, words));
    };
    let words =
        format!("`{int}` is not an integer that BPF has and one access moves: use #[repr(u64)] or a smaller one");
    let is_bad = ["usize", "isize", "u128", "i128"].iter().any(|bad| int == bad);
    is_bad.then(|| Error::new(int.span(), words))
}

fn data(variant: &Variant) -> Option<Error> {
    let words = "an enum with data cannot be shared: its tag and its data change at different moments. Use a repr(C) struct with \
                 the tag as a field-less enum and the data beside it, in a repr(C) union if it differs";
    (!matches!(variant.fields, Fields::Unit)).then(|| Error::new_spanned(&variant.fields, words))
}
