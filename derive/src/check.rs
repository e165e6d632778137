//! What can be seen to be wrong from the syntax alone. Each error stands on what is at fault and says what to write.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Error, Field, Fields, GenericParam, Ident, LitStr, Result, Type, Variant};

use crate::bounds::mentions;
use crate::parse::{Body, FieldAttributes, Input, Repr, refuse_attributes};
use crate::words;

/// What is wrong, and how much can be written all the same: where a type is refused, its uses should not be errors too.
#[derive(Default)]
pub(crate) struct Verdict {
    /// All of them, so that each mistake is told at once.
    pub(crate) errors: Vec<Error>,
    /// Whether the expansion would only add errors of its own.
    pub(crate) hopeless: bool,
}

impl Verdict {
    fn add(&mut self, result: Result<()>) {
        self.errors.extend(result.err());
    }

    fn add_hopeless(&mut self, result: Result<()>) {
        self.hopeless |= result.is_err();
        self.add(result);
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }
}

pub(crate) fn check(input: &Input<'_>) -> Verdict {
    let mut verdict = Verdict { errors: input.misspelt.iter().cloned().collect(), hopeless: false };
    for param in &input.generics.params {
        verdict.add_hopeless(no_lifetime(param));
    }
    verdict.add(c_identifier(input.rename.as_ref()));
    verdict.add(pod(input));
    match &input.data {
        Body::Struct(fields) | Body::Union(fields) => {
            verdict.add(not_packed(&input.repr));
            verdict.add(fixed_repr(input));
            verdict.add_hopeless(not_empty(input, fields.len()));
            verdict.add_hopeless(no_self(input, fields));
            verdict.add(distinct_names(fields));
            for field in fields {
                verdict.add(field_attributes(input, field));
                if let Some(error) = words::refuse_syntax(&field.ty) {
                    verdict.hopeless |= !words::is_sized(&field.ty);
                    // What borrows for a lifetime of the type is the mistake that has been told of.
                    if !borrows(&field.ty, input) {
                        verdict.errors.push(error);
                    }
                }
            }
        }
        Body::Enum(variants) => {
            verdict.add(padded(input));
            verdict.add_hopeless(not_empty(input, variants.len()));
            let with_data = variants.iter().any(|variant| !matches!(variant.fields, Fields::Unit));
            if !input.generics.params.is_empty() && !with_data {
                let words = "an enum without data has no use for parameters: remove them";
                verdict.add_hopeless(Err(Error::new_spanned(input.generics, words)));
            }
            for variant in variants {
                verdict.add(refuse_attributes(variant));
            }
            // Of several variants with data, the first: they are one mistake.
            verdict.add_hopeless(variants.iter().copied().try_for_each(field_less));
            // Of an enum that cannot be mended by a repr, its repr is not the matter.
            if verdict.is_clean() {
                verdict.add(enum_repr(input));
            }
        }
    }
    verdict
}

/// An enum that asks not to be padded asks for nothing, which is hardly what was meant.
fn padded(input: &Input<'_>) -> Result<()> {
    match input.deny_padding {
        Some(span) => Err(Error::new(span, "an enum is one integer, which has no padding: remove `deny_padding`")),
        None => Ok(()),
    }
}

/// That a type which is to be a `Pod` of aya can be one, as far as the syntax tells.
fn pod(input: &Input<'_>) -> Result<()> {
    let Some(aya) = &input.aya else { return Ok(()) };
    let words = match &input.data {
        Body::Enum(_) => {
            "aya would make an enum of any number that a BPF program stored, also of one that is no variant: remove `aya`, and decode \
             what it looks up as an integer, or with `from_bytes`"
        }
        Body::Union(_) => {
            "aya reads all bytes of a value, of which a union may have uninitialised ones: remove `aya`, or write `[u8; N]`"
        }
        Body::Struct(_)
            if input.generics.type_params().next().is_some() || input.generics.const_params().next().is_some() =>
        {
            "whether a type with parameters is a `Pod` cannot be checked for all of them at once: remove `aya` here, and write a struct \
             with #[repr(transparent)] around the type that you use, with `aya`"
        }
        Body::Struct(_) => return Ok(()),
    };
    Err(Error::new(aya.given, words))
}

/// That the attributes of a field mean something.
fn field_attributes(input: &Input<'_>, field: &Field) -> Result<()> {
    let FieldAttributes { rename, fold } = FieldAttributes::parse(&field.attrs)?;
    match (&input.data, fold) {
        (Body::Union(_), Some((_, span))) => Err(Error::new(
            span,
            "a union does not fold field by field, since they lie over each other: where it is a field itself, write `fold = \"first\"` or \"last\" \
             on that",
        )),
        _ => c_identifier(rename.as_ref()),
    }
}

/// That a name in C is one.
fn c_identifier(name: Option<&LitStr>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    let text = name.value();
    let is_identifier =
        text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && text.starts_with(|c: char| !c.is_ascii_digit());
    if is_identifier {
        return Ok(());
    }
    Err(Error::new_spanned(
        name,
        "this is no name in C: write the identifier alone, of letters, digits and `_`, without `struct` or a path",
    ))
}

/// Whether a field's type mentions a lifetime that is a parameter.
pub(crate) fn borrows(ty: &Type, input: &Input<'_>) -> bool {
    input.generics.lifetimes().any(|param| mentions(ty.to_token_stream(), &param.lifetime.ident))
}

/// A name in C must be that of one field alone.
fn distinct_names(fields: &[&Field]) -> Result<()> {
    let renames: Vec<Option<LitStr>> = fields.iter().map(|field| FieldAttributes::known(&field.attrs).rename).collect();
    let names: Vec<Option<String>> = fields
        .iter()
        .zip(&renames)
        .map(|(field, rename)| match rename {
            Some(rename) => Some(rename.value()),
            None => field.ident.as_ref().map(|ident| ident.unraw().to_string()),
        })
        .collect();
    for (index, rename) in renames.iter().enumerate() {
        let taken = || names.iter().enumerate().any(|(other, name)| other != index && *name == names[index]);
        if let Some(rename) = rename.as_ref().filter(|_| taken()) {
            return Err(Error::new_spanned(rename, "another field has this name in C: give each its own"));
        }
    }
    Ok(())
}

fn no_lifetime(param: &GenericParam) -> Result<()> {
    match param {
        GenericParam::Lifetime(lifetime) => Err(Error::new_spanned(
            lifetime,
            "a value in a map cannot borrow: it outlives this program. Store the data itself, or an id",
        )),
        _ => Ok(()),
    }
}

fn not_empty(input: &Input<'_>, parts: usize) -> Result<()> {
    let words = match input.data {
        Body::Enum(_) => "an enum without variants has no values: no map can hold one",
        _ => "a struct without fields has no size: there is nothing to share",
    };
    if parts == 0 { Err(Error::new_spanned(input.ident, words)) } else { Ok(()) }
}

fn not_packed(repr: &Repr) -> Result<()> {
    match repr.packed {
        Some(packed) => Err(Error::new(
            packed,
            "a packed struct has misaligned fields, which cannot be read in one access: drop `packed`. If the fields are \
             naturally aligned already, that keeps the layout; if not, declare them as byte arrays",
        )),
        None => Ok(()),
    }
}

/// The fields and bounds are written a second time, in the mirror, where `Self` would mean the mirror.
fn no_self(input: &Input<'_>, fields: &[&Field]) -> Result<()> {
    let this = Ident::new("Self", Span::call_site());
    let types = fields.iter().map(|field| field.ty.to_token_stream());
    let clauses = input.generics.where_clause.iter().map(ToTokens::to_token_stream);
    let params = input.generics.params.iter().map(ToTokens::to_token_stream);
    match types.chain(clauses).chain(params).find(|tokens| mentions(tokens.clone(), &this)) {
        Some(tokens) => {
            let words = format!(
                "write `{}` with its parameters instead of `Self`: this is repeated in the shared mirror",
                input.ident
            );
            Err(Error::new_spanned(tokens, words))
        }
        None => Ok(()),
    }
}

/// The repr of a struct or union.
fn fixed_repr(input: &Input<'_>) -> Result<()> {
    let Repr { c, transparent, packed, align, unknown, .. } = &input.repr;
    if let Some(align) = align.as_ref().filter(|align| align.base10_parse::<u32>().is_ok_and(|align| align > 4096)) {
        return Err(Error::new_spanned(
            align,
            "a value in a map cannot be aligned to more than 4096, the size of the page that a mapping begins with",
        ));
    }
    // Of a word that rustc refuses, rustc alone shall speak.
    if c.is_none() && transparent.is_none() && packed.is_none() && !unknown {
        return Err(Error::new_spanned(
            input.ident,
            format!(
                "the layout of this {} is Rust's to choose, so it cannot match the C side of a BPF program: add #[repr(C)]",
                if matches!(input.data, Body::Union(_)) { "union" } else { "struct" }
            ),
        ));
    }
    Ok(())
}

fn enum_repr(input: &Input<'_>) -> Result<()> {
    match &input.repr.int {
        None => Err(Error::new_spanned(
            input.ident,
            "the size of this enum is not fixed: add #[repr(u32)], which is what a C enum has, or another of u8 to u64, i8 to i64",
        )),
        Some(int) if ["usize", "isize", "u128", "i128"].iter().any(|bad| int == bad) => Err(Error::new(
            int.span(),
            format!(
                "`{int}` is no integer that BPF and one access of the machine have: use #[repr(u64)] or a smaller one"
            ),
        )),
        Some(_) => Ok(()),
    }
}

fn field_less(variant: &Variant) -> Result<()> {
    match &variant.fields {
        Fields::Unit => Ok(()),
        fields => Err(Error::new_spanned(
            fields,
            "an enum with data cannot be shared: its tag and its data change at different moments. Use a repr(C) struct with \
             the tag as a field-less enum and the data beside it, in a repr(C) union if it differs",
        )),
    }
}
