//! The mistakes that the syntax alone shows. Each error points at the mistake and says what to
//! write.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Error, Field, Fields, GenericParam, Ident, LitStr, Result, Type, Variant};

use crate::bounds::mentions;
use crate::parse::{Body, FieldAttributes, Input, Repr, refuse_attributes};
use crate::words;

/// The mistakes, and how much can be expanded despite them: the uses of a refused type should not
/// be errors as well.
#[derive(Default)]
pub(crate) struct Verdict {
    /// All errors, so that each mistake is reported at once.
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

    /// Returns whether there is no error.
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
            verdict.add(no_macro(input));
            verdict.add(fixed_repr(input));
            verdict.add_hopeless(not_empty(input, fields.len()));
            verdict.add_hopeless(no_self(input, fields));
            verdict.add(distinct_names(fields));
            for field in fields {
                verdict.add(field_attributes(input, field));
                if let Some(error) = words::refuse_syntax(&field.ty) {
                    verdict.hopeless |= !words::is_sized(&field.ty);
                    // A type that borrows for a lifetime parameter is the mistake reported above.
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
            // Several variants with data are one mistake: the first is reported.
            verdict.add_hopeless(variants.iter().copied().try_for_each(field_less));
            // The repr is not the problem of an enum that no repr can mend.
            if verdict.is_clean() {
                verdict.add(enum_repr(input));
            }
        }
    }
    verdict
}

/// Refuses `deny_padding` on an enum: it has no padding, so something else was probably meant.
fn padded(input: &Input<'_>) -> Result<()> {
    match input.deny_padding {
        Some(span) => Err(Error::new(span, "an enum is one integer, which has no padding: remove `deny_padding`")),
        None => Ok(()),
    }
}

/// Refuses `aya` on a type that cannot be a `Pod` of aya, as far as the syntax shows.
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

/// Refuses attributes that mean nothing on the field.
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

/// Refuses a name that is not a C identifier.
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
        "this is not a C identifier: write the name alone, of letters, digits and `_`, without `struct` or a path",
    ))
}

/// Returns whether a field's type mentions a lifetime parameter.
pub(crate) fn borrows(ty: &Type, input: &Input<'_>) -> bool {
    input.generics.lifetimes().any(|param| mentions(ty.to_token_stream(), &param.lifetime.ident))
}

/// Refuses a name in C that another field has.
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
            "a packed struct has misaligned fields, which cannot be read in one access: remove `packed`. Where the C struct is \
             packed, write a field that lies at a multiple of its width as zerocopy's `U64<LittleEndian>` and its like, which add \
             no padding, and any other as `[u8; N]`",
        )),
        None => Ok(()),
    }
}

/// Attributes of an item that are not macros, whatever names are in scope. (`derive` can be another
/// macro's name there, and `clippy` and `rustfmt` a module's.)
const BUILT_IN: [&str; 11] =
    ["allow", "cfg", "cfg_attr", "deny", "deprecated", "doc", "expect", "forbid", "map_value", "repr", "warn"];

/// Refuses attribute macros below the derive on a union: the fields that they add cannot be seen.
/// (In a struct, rustc misses such fields where the struct is built.)
fn no_macro(input: &Input<'_>) -> Result<()> {
    let is_built_in =
        |attr: &Attribute| attr.path().get_ident().is_some_and(|name| BUILT_IN.iter().any(|known| name == known));
    match input.attrs.iter().find(|attr| !is_built_in(attr)) {
        Some(attr) if matches!(input.data, Body::Union(_)) => Err(Error::new_spanned(
            attr.path(),
            "if this is a macro, it may give the union other fields than the derive sees: write it above `#[derive(MapValue)]`, or a \
             derive in the same list",
        )),
        _ => Ok(()),
    }
}

/// Refuses `Self`: fields and bounds are repeated in the mirror, where it would mean the mirror.
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

/// Refuses a struct or union whose layout is not fixed.
fn fixed_repr(input: &Input<'_>) -> Result<()> {
    let Repr { c, transparent, packed, align, unknown, .. } = &input.repr;
    if let Some(align) = align.as_ref().filter(|align| align.base10_parse::<u32>().is_ok_and(|align| align > 4096)) {
        return Err(Error::new_spanned(
            align,
            "a value in a map cannot be aligned to more than 4096, the size of the page that a mapping begins with",
        ));
    }
    // A word that rustc refuses is not reported here as well.
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
            format!("`{int}` is not an integer that BPF has and one access moves: use #[repr(u64)] or a smaller one"),
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
