//! A union: its mirror is a union of the mirrors of its fields, each reached by a method of its name.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Also, Composite, pod};
use crate::words;

pub(super) fn expand(item: &Composite<'_>) -> TokenStream {
    let Composite { krate, access, .. } = item;
    let (unsafe_impl, plain) = (quote!(unsafe impl), quote!(#krate::Plain));
    let union_value = quote!(#krate::__private::union::UnionValue);
    // If a field is refused, the union is no `UnionValue`, and this is a stand-in.
    let load = quote! {{
        #[allow(unused_imports)]
        use #krate::__private::union::Unloaded as _;
        #krate::__private::union::Loader::<Self>::load::<#access>(__shared)
    }};
    let plain_body = quote! {
        #[inline]
        fn __load<#access: #krate::Access>(__shared: &<Self as #krate::MapValue>::Shared<#access>) -> Self {
            #load
        }
    };
    let parts = [
        item.checks(words::assert_union_field),
        item.forced_layout(),
        mirror_union(item),
        accessors(item),
        item.mirror_impl(),
        item.map_value_impl("union", &load),
        item.implement(&unsafe_impl, &plain, None, &plain_body),
        item.implement(
            &unsafe_impl,
            &union_value,
            Some(&Also::Itself(plain)),
            &quote!(
                fn __union() {}
            ),
        ),
        // It has been refused.
        pod::expand(item),
    ];
    quote!(#(#parts)*)
}

fn mirror_union(item: &Composite<'_>) -> TokenStream {
    let Composite { krate, access, mirror, .. } = item;
    let mut generics = item.mirror_definition_generics();
    let where_clause = generics.where_clause.take();
    let fields = item.fields.iter().map(|field| {
        let (mirrored, ty) = (&field.mirrored, field.mirror(krate, access));
        quote!(#mirrored: #krate::__private::ManuallyDrop<#ty>)
    });
    let (attributes, vis) = (item.mirror_attributes(), item.input.vis);
    quote!(#attributes #vis union #mirror #generics #where_clause { #(#fields),* })
}

/// A method a field, with the field's name, docs and visibility.
fn accessors(item: &Composite<'_>) -> TokenStream {
    let Composite { krate, access, mirror, .. } = item;
    let generics = item.mirror_generics();
    let (impl_generics, mirror_generics, where_clause) = generics.split_for_impl();
    let parts = item.fields.iter().enumerate().map(|(index, field)| {
        let ty = field.mirror(krate, access);
        quote! {
            #[automatically_derived]
            #[allow(deprecated, unused_qualifications)]
            unsafe impl #impl_generics #krate::__private::union::UnionPart<#index, #ty> for #mirror #mirror_generics
            #where_clause {}
        }
    });
    let methods = item.fields.iter().enumerate().map(|(index, field)| {
        let (vis, member) = (&field.field.vis, &field.member);
        let attrs: Vec<_> = field.kept_attributes().collect();
        field.with_mirror(krate, access, |ty| {
            quote! {
                #(#attrs)*
                #[allow(dead_code)]
                #[inline]
                #vis fn #member(&self) -> &#ty {
                    #krate::__private::union::part::<#index, #ty, Self>(self)
                }
            }
        })
    });
    quote! {
        #(#parts)*

        #[automatically_derived]
        #[allow(
            deprecated, missing_docs, non_snake_case, non_upper_case_globals, private_interfaces, clippy::must_use_candidate
        )]
        impl #impl_generics #mirror #mirror_generics #where_clause {
            #(#methods)*
        }
    }
}
