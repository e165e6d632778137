//! A field-less enum: a leaf, whose raw integer is its number.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Index, Variant};

use super::block;
use crate::parse::Input;

pub(super) fn expand(input: &Input<'_>, variants: &[&Variant]) -> TokenStream {
    let ident = input.ident;
    let repr = input.repr.int.as_ref().map(|repr| quote!(__mv::#repr));
    let name = ident.unraw().to_string();
    let names: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    let (count, indices) = (Index::from(names.len()), (0..names.len()).map(Index::from));
    // An enum that implements `Drop` has no numbers. They are used once, so that this is one error.
    let place = Span::call_site().located_at(ident.span());
    let casts = names.iter().map(|name| quote_spanned!(place=> #ident::#name as #repr));
    let spelled = names.iter().map(|name| name.unraw().to_string());
    let renamed = input.rename.iter();
    let items = quote! {
        const __MV_RAW: [#repr; #count] = [#(#casts),*];
        const _: __mv::Layout = <#ident as __mv::MapValue>::LAYOUT;

        #[automatically_derived]
        unsafe impl __mv::MapValue for #ident {
            type Shared<__MvAccess: __mv::Access> = __mv::Shared<Self, __MvAccess>;

            const LAYOUT: __mv::Layout = __mv::enumeration(
                #name,
                const { &__mv::variants([#(#spelled),*], [#(Self::#names),*], __MV_RAW) },
            ) #(.renamed(#renamed))*;

            #[inline]
            fn __try_load<__MvAccess: __mv::Access>(
                __mv: &__mv::Shared<Self, __MvAccess>,
            ) -> __mv::Result<Self, __mv::InvalidValue> {
                __mv.try_load()
            }
        }

        #[automatically_derived]
        impl __mv::Storable for #ident {
            #[inline]
            fn __store(__mv: &__mv::Shared<Self>, __mv_value: &Self) {
                __mv.__store_ref(__mv_value);
            }
        }

        #[automatically_derived]
        unsafe impl __mv::Leaf for #ident {
            type Raw = #repr;
            type Cell = <#repr as __mv::Raw>::Atomic;

            #[inline]
            fn try_from_raw(__mv: #repr) -> __mv::Result<Self, __mv::InvalidValue> {
                match __mv {
                    #(_ if __mv == __MV_RAW[#indices] => __mv::Ok(Self::#names),)*
                    _ => __mv::no_variant(#name, __mv),
                }
            }
        }
    };
    block(&input.krate, &items)
}
