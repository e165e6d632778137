//! What can be seen to be wrong from the syntax alone. Each error stands on what is at fault and says what to write.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Error, Field, Fields, GenericParam, Ident, Result, Variant};

use crate::bounds::mentions;
use crate::parse::{Body, Input, Repr, refuse_attributes};
use crate::words;

pub(crate) fn check(input: &Input<'_>) -> Result<()> {
    for param in &input.generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            return Err(Error::new_spanned(
                lifetime,
                "a value in a map cannot borrow: it outlives this program. Store the data itself, or an id",
            ));
        }
    }
    match &input.data {
        Body::Struct(fields) | Body::Union(fields) => {
            fixed_repr(input)?;
            if fields.is_empty() {
                return Err(Error::new_spanned(
                    input.ident,
                    "a struct without fields has no size: there is nothing to share",
                ));
            }
            fields.iter().try_for_each(|field| refuse_attributes(&field.attrs))?;
            no_self(input, fields)?;
            all(fields.iter().filter_map(|field| words::refuse_syntax(&field.ty)))
        }
        Body::Enum(variants) => {
            if !input.generics.params.is_empty() {
                return Err(Error::new_spanned(
                    input.generics,
                    "an enum without data has no use for parameters: remove them",
                ));
            }
            enum_repr(input)?;
            if variants.is_empty() {
                return Err(Error::new_spanned(
                    input.ident,
                    "an enum without variants has no values: no map can hold one",
                ));
            }
            variants.iter().try_for_each(|variant| field_less(variant))
        }
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

/// All errors as one, so that each mistake is told.
fn all(mut errors: impl Iterator<Item = Error>) -> Result<()> {
    let Some(mut first) = errors.next() else { return Ok(()) };
    errors.for_each(|error| first.combine(error));
    Err(first)
}

/// The repr of a struct or union.
fn fixed_repr(input: &Input<'_>) -> Result<()> {
    let Repr { c, transparent, packed, align, .. } = &input.repr;
    if let Some(align) = align.as_ref().filter(|align| align.base10_parse::<u32>().is_ok_and(|align| align > 4096)) {
        return Err(Error::new_spanned(
            align,
            "a value in a map cannot be aligned to more than 4096, the size of the page that a mapping begins with",
        ));
    }
    if let Some(packed) = packed {
        return Err(Error::new(
            *packed,
            "a packed struct has misaligned fields, which cannot be read in one access: drop `packed`. If the fields are \
             naturally aligned already, that keeps the layout; if not, declare them as byte arrays",
        ));
    }
    if c.is_none() && transparent.is_none() {
        return Err(Error::new_spanned(
            input.ident,
            "the layout of this struct is Rust's to choose, so it cannot match the C struct of a BPF program: add #[repr(C)]",
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
            format!("`{int}` cannot be shared with BPF programs: use #[repr(u64)] or a smaller integer"),
        )),
        Some(_) => Ok(()),
    }
}

fn field_less(variant: &Variant) -> Result<()> {
    refuse_attributes(&variant.attrs)?;
    match &variant.fields {
        Fields::Unit => Ok(()),
        fields => Err(Error::new_spanned(
            fields,
            "an enum with data cannot be shared: its tag and its data change at different moments. Use a repr(C) struct with \
             the tag as a field-less enum and the data beside it",
        )),
    }
}
