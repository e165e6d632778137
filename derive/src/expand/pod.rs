//! `Pod` of aya, and what proves that a type is one. That it is `Copy`, the trait asks for itself.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Generics, parse_quote};

use super::Composite;
use crate::bounds;
use crate::errors;
use crate::parse::{Aya, Input};

/// For a struct that asks for it. Where it has been refused for something else, without the proof.
pub(super) fn expand(item: &Composite<'_>) -> TokenStream {
    let Some(Aya { given, .. }) = item.input.aya else { return TokenStream::new() };
    let ident = item.ident;
    let generics = item.bounded(None);
    let (_, ty_generics, _) = generics.split_for_impl();
    let proof = if item.refused { TokenStream::new() } else { proof(item, given) };
    let pod = implement(item.input, &generics, &quote!(#ident #ty_generics));
    quote!(#proof #pod)
}

/// The implementation for a type that asks for it, with these parameters.
pub(super) fn implement(input: &Input<'_>, generics: &Generics, this: &TokenStream) -> TokenStream {
    let Some(Aya { given, krate: aya }) = &input.aya else { return TokenStream::new() };
    let pod = errors::at(quote!(#aya::Pod), *given);
    let mut generics = generics.clone();
    if !generics.params.is_empty() {
        // It has been refused for its parameters, and not for what they may be.
        let krate = &input.krate;
        bounds::add_field(&mut generics, &parse_quote!(Self), &quote!(#krate::__private::Copy));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
        unsafe impl #impl_generics #pod for #this #where_clause {}
    }
}

/// That any bytes are a value, and each byte of a value is one of its fields: each in a constant of its own, so that each mistake is told
/// at once.
fn proof(item: &Composite<'_>, given: Span) -> TokenStream {
    let Composite { krate, ident, .. } = item;
    let of = ident.unraw().to_string();
    let fields = item.fields.iter().map(|field| {
        let (name, ty) = (&field.name, &field.value);
        quote_spanned!(field.ty.span()=> <#ty as #krate::MapValue>::LAYOUT.assert_any_bytes(#name, #of))
    });
    let filled = quote_spanned!(given=> <#ident as #krate::MapValue>::LAYOUT.assert_filled());
    let proofs = fields.chain([filled]);
    quote! {
        #(
            #[allow(deprecated, unused_qualifications)]
            const _: () = #proofs;
        )*
    }
}
