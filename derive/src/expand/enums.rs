//! A field-less enum: a leaf, of which its repr is the raw integer.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Variant;
use syn::ext::IdentExt;

use super::{constant, renamed};
use crate::parse::Input;

pub(super) fn expand(input: &Input<'_>, variants: &[&Variant]) -> TokenStream {
    let (krate, ident) = (&input.krate, input.ident);
    let private = quote!(#krate::__private);
    let repr = input.repr.int.as_ref().map(|repr| quote!(#private::#repr));
    let name = ident.unraw().to_string();
    let names: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    // An enum that has no numbers, because it implements `Drop`, is one error: they are asked for once.
    let numbers = constant(input, "NUMBERS");
    let count = names.len();
    let place = Span::call_site().located_at(ident.span());
    let casts = names.iter().map(|name| quote_spanned!(place=> #ident::#name as #repr));
    let indices: Vec<_> = (0..count).collect();
    let spelled = names.iter().map(|name| name.unraw().to_string());
    let renamed = renamed(input.rename.as_ref());
    let layout = quote! {
        #krate::Layout::enumeration::<Self, <Self as #krate::MapValue>::Shared<#krate::ReadWrite>, #repr>(
            #name,
            const { &[#(#krate::Variant { name: #spelled, value: #numbers[#indices] as #private::i128 }),*] },
        )
        #renamed
    };
    quote! {
        #[doc(hidden)]
        #[allow(deprecated, unused_qualifications, non_upper_case_globals)]
        const #numbers: [#repr; #count] = [#(#casts),*];

        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        unsafe impl #krate::MapValue for #ident {
            type Shared<__Access: #krate::Access> = #krate::Shared<Self, __Access>;

            const LAYOUT: #krate::Layout = #layout;

            #[inline]
            fn __try_load<__Access: #krate::Access>(
                __shared: &<Self as #krate::MapValue>::Shared<__Access>,
            ) -> #private::Result<Self, #krate::InvalidValue> {
                __shared.try_load()
            }
        }

        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl #krate::Storable for #ident {
            #[inline]
            fn __store(__shared: &<Self as #krate::MapValue>::Shared<#krate::ReadWrite>, __value: &Self) {
                __shared.__store_ref(__value);
            }
        }

        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        unsafe impl #krate::Leaf for #ident {
            type Raw = #repr;
            type Cell = <#repr as #private::Raw>::Atomic;

            #[inline]
            fn to_raw(&self) -> #repr {
                match self { #(Self::#names => #numbers[#indices]),* }
            }

            #[inline]
            fn try_from_raw(__raw: #repr) -> #private::Result<Self, #krate::InvalidValue> {
                match __raw {
                    #(__raw if __raw == #numbers[#indices] => #private::Ok(Self::#names),)*
                    __raw => #private::Err(#krate::InvalidValue::new(#name, __raw as #private::i128)),
                }
            }
        }

        #[allow(deprecated, unused_qualifications)]
        const _: #krate::Layout = <#ident as #krate::MapValue>::LAYOUT;
    }
}
