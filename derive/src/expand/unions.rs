//! A union: its mirror is a union of its fields' mirrors, each reached by a method of its name.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::{Asked, Composite, block, pod};
use crate::{bounds, words};

pub(super) fn expand(item: &Composite<'_>, errors: &TokenStream) -> TokenStream {
    let (definitions, mirror) = (item.definitions(words::assert_union_field, errors), mirror_union(item));
    let access = &item.access;
    let load = quote!(__mv::union::load::<Self, #access>(__mv));
    let plain = quote! {
        #[inline]
        fn __load<#access: __mv::Access>(__mv: &__mv::MirrorOf<Self, #access>) -> Self {
            #load
        }
    };
    let readers = readers(item);
    let parts = [
        accessors(item),
        quote!(#readers),
        item.mirror_impl(),
        item.map_value_impl("union", &load),
        item.implement("Plain", Asked::Required, &plain),
        item.implement("UnionValue", Asked::Required, &TokenStream::new()),
        // This is refused, and stands here so that its uses are not errors as well.
        pod::expand(item),
    ];
    let block = block(item.krate, &quote!(#(#parts)*));
    quote!(#definitions #mirror #block)
}

fn mirror_union(item: &Composite<'_>) -> TokenStream {
    let root = item.krate.to_token_stream();
    let fields = item.fields.iter().map(|field| {
        let (mirrored, ty) = (&field.mirrored, item.field_mirror(&root, field));
        quote!(#mirrored: #root::__private::union::Part<#ty>)
    });
    item.mirror_item(&quote!(union), fields)
}

/// Writes a method of the union itself for each field. It can be called if all bytes of the field
/// are initialized in every value of the union, which the bound says.
fn readers(item: &Composite<'_>) -> Option<TokenStream> {
    // Bounds cannot compute with parameters.
    if !item.input.generics.params.is_empty() {
        return None;
    }
    let (ident, checked) = (item.ident, &item.checked);
    // A macro may expand to another type each time.
    let fields = item.fields.iter().filter(|field| !field.refused && !bounds::has_macro(field.ty));
    let methods = fields.map(|field| {
        let (attrs, vis, member, ty) = (field.kept_attributes(), &field.field.vis, &field.member, field.ty);
        quote! {
            #(#attrs)*
            #[inline]
            #vis fn #member(&self) -> #checked<#ty>
            where
                for<'__mv> __mv::union::Field<{
                    __mv::union::is_initialized(|__mv| #checked::<#ident> { #member: __mv })
                }>: __mv::union::Initialized,
            {
                __mv::union::read(self, |__mv| #checked::<Self> { #member: __mv })
            }
        }
    });
    Some(quote! {
        #[automatically_derived]
        #[allow(dead_code, missing_docs, nonstandard_style, private_interfaces, clippy::must_use_candidate)]
        impl #ident {
            #(#methods)*
        }
    })
}

/// Writes a method for each field, with the field's name, docs and visibility.
fn accessors(item: &Composite<'_>) -> TokenStream {
    let mirror = &item.mirror;
    let root = quote!(__mv);
    let generics = item.mirror_generics(&root, None);
    let (impl_generics, mirror_generics, where_clause) = generics.split_for_impl();
    let methods = item.fields.iter().map(|field| {
        let (attrs, vis, member) = (field.kept_attributes(), &field.field.vis, &field.member);
        let ty = item.field_mirror(&root, field);
        quote! {
            #(#attrs)*
            #[inline]
            #vis fn #member(&self) -> &#ty {
                __mv::union::part(self)
            }
        }
    });
    quote! {
        #[automatically_derived]
        #[allow(dead_code, missing_docs, nonstandard_style, private_interfaces, clippy::must_use_candidate)]
        impl #impl_generics #mirror #mirror_generics #where_clause {
            #(#methods)*
        }
    }
}
