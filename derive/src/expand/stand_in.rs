//! The stand-in for a type that cannot be expanded, so that its uses are not further errors.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Field, Generics, Ident, Type};

use super::{block, checks, define_checks, pod};
use crate::bounds::{self, mentions};
use crate::check;
use crate::parse::{Body, Input};
use crate::words;

pub(super) fn expand(input: &Input<'_>, errors: &TokenStream) -> TokenStream {
    let checks = define_checks(input, errors, &quote!(true));
    let (assertions, has_size) = match &input.data {
        Body::Struct(fields) | Body::Union(fields) => {
            (assertions(input, fields), fields.iter().all(|field| words::is_sized(&field.ty)))
        }
        Body::Enum(_) => (TokenStream::new(), true),
    };
    let implementations = has_size.then(|| implementations(input));
    let block = block(&input.krate, &quote!(#assertions #implementations));
    quote!(#checks #block)
}

/// Asserts that the fields are values, where that can be asked. One that borrows is a mistake
/// reported already.
fn assertions(input: &Input<'_>, fields: &[&Field]) -> TokenStream {
    let this = Ident::new("Self", Span::call_site());
    let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
    let judged = types.iter().copied().filter(|ty| {
        words::refuse_syntax(ty).is_none() && !check::borrows(ty, input) && !mentions(ty.to_token_stream(), &this)
    });
    let assertions = judged.map(words::assert_value);
    let (generics, _) = generics(input, &types);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        #[allow(dead_code)]
        fn __mv_fields #impl_generics () #where_clause { #(#assertions)* }
    }
}

/// Returns bounded generics for these fields, and the type, both without lifetimes.
fn generics(input: &Input<'_>, types: &[&Type]) -> (Generics, TokenStream) {
    let (generics, this) = bounds::without_lifetimes(input.ident, input.generics);
    let required = Ident::new("MapValue", Span::call_site());
    (bounds::of_params(&generics, &quote!(__mv), &required, types), this)
}

/// Writes implementations that are never run, with an erroneous type as the mirror. A type that
/// borrows has them for `'static`, which is what a use without the lifetime means.
fn implementations(input: &Input<'_>) -> TokenStream {
    let (checks, (generics, this)) = (checks(input.ident), generics(input, &[]));
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let pod = pod::implement(input, &generics, &this);
    let erroneous = quote!(__mv::Checked<(), { #checks }>);
    quote! {
        #pod

        #[automatically_derived]
        unsafe impl #impl_generics __mv::MapValue for #this #where_clause {
            type Shared<__MvAccess: __mv::Access> = #erroneous;
            const LAYOUT: __mv::Layout = __mv::never::<#erroneous>();
            fn __try_load<__MvAccess: __mv::Access>(
                _: &Self::Shared<__MvAccess>,
            ) -> __mv::Result<Self, __mv::InvalidValue> {
                __mv::never()
            }
        }

        #[automatically_derived]
        impl #impl_generics __mv::Storable for #this #where_clause {
            fn __store(_: &Self::Shared<__mv::ReadWrite>, _: &Self) {}
        }

        #[automatically_derived]
        unsafe impl #impl_generics __mv::Plain for #this #where_clause {
            fn __load<__MvAccess: __mv::Access>(_: &Self::Shared<__MvAccess>) -> Self {
                __mv::never()
            }
        }

        #[automatically_derived]
        impl #impl_generics __mv::Fold for #this #where_clause {
            fn fold(&mut self, _: &Self) {}
        }
    }
}
