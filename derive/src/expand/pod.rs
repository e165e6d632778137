//! `Pod` of aya, and the proof that a type is one. The trait itself asks for `Copy`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Generics, Index};

use super::{Asked, Composite};
use crate::bounds;
use crate::errors;
use crate::parse::{Aya, Body, Input};

/// Expands to nothing for a type that does not ask for it.
pub(super) fn expand(item: &Composite<'_>) -> TokenStream {
    let (ident, generics) = (item.ident, item.bounded(&quote!(__mv), Asked::Required));
    let (_, ty_generics, _) = generics.split_for_impl();
    let (proof, pod) = (proof(item), implement(item.input, &generics, &quote!(#ident #ty_generics)));
    quote!(#proof #pod)
}

/// Writes the implementation for a type that asks for it, with these parameters.
pub(super) fn implement(input: &Input<'_>, generics: &Generics, this: &TokenStream) -> Option<TokenStream> {
    let Aya { given, krate: aya } = input.aya.as_ref()?;
    let pod = errors::at(quote!(#aya::Pod), *given);
    let mut generics = generics.clone();
    if !generics.params.is_empty() {
        // It is refused for having parameters. What they are is not another mistake.
        bounds::add_field(&mut generics, &quote!(Self), &quote!(__mv::Copy));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    Some(quote! {
        #[automatically_derived]
        unsafe impl #impl_generics #pod for #this #where_clause {}
    })
}

/// Asserts that any bytes are a value and that each byte belongs to a field. Each field has its own
/// constant, so that each mistake is reported.
fn proof(item: &Composite<'_>) -> Option<TokenStream> {
    let (given, ident) = (item.input.aya.as_ref()?.given, item.ident);
    if !matches!(item.input.data, Body::Struct(_)) || !item.input.generics.params.is_empty() {
        return None;
    }
    let fields = item.fields.iter().enumerate().map(|(index, field)| {
        let index = Index::from(index);
        quote_spanned!(field.ty.span()=> <#ident as __mv::MapValue>::LAYOUT.assert_any_bytes(#index))
    });
    let filled = quote_spanned!(given=> <#ident as __mv::MapValue>::LAYOUT.assert_filled());
    let proofs = fields.chain([filled]);
    Some(quote!(#(const _: () = #proofs;)*))
}
