//! A struct: its mirror is a struct of the mirrors of its fields.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Member;

use super::{Also, Composite, pod};
use crate::{bounds, words};

pub(super) fn expand(item: &Composite<'_>) -> TokenStream {
    let parts = [
        item.checks(words::assert_value),
        item.fold_checks(),
        item.forced_layout(),
        mirror_struct(item),
        item.mirror_impl(),
        map_value_impl(item),
        storable_impl(item),
        plain_impl(item),
        fold_impl(item),
        in_place_impl(item),
        pod::expand(item),
    ];
    quote!(#(#parts)*)
}

fn mirror_struct(item: &Composite<'_>) -> TokenStream {
    let Composite { krate, access, mirror, .. } = item;
    let mut generics = item.mirror_definition_generics();
    let where_clause = generics.where_clause.take();
    let fields = item.fields.iter().map(|field| {
        let attrs: Vec<_> = field.kept_attributes().collect();
        let vis = &field.field.vis;
        let name = field.field.ident.as_ref().map(|ident| quote!(#ident:));
        field.with_mirror(krate, access, |ty| quote!(#(#attrs)* #vis #name #ty,))
    });
    let body = match item.fields[0].member {
        Member::Named(_) => quote!(#where_clause { #(#fields)* }),
        Member::Unnamed(_) => quote!((#(#fields)*) #where_clause;),
    };
    let (attributes, vis) = (item.mirror_attributes(), item.input.vis);
    quote!(#attributes #vis struct #mirror #generics #body)
}

fn map_value_impl(item: &Composite<'_>) -> TokenStream {
    let Composite { krate, access, .. } = item;
    let loads = item.fields.iter().map(|field| {
        let (member, ty) = (&field.member, &field.value);
        quote! {
            #member: #krate::__private::try_load_field::<#ty, #access>(
                &__shared.#member,
                #krate::__private::offset_of!(Self, #member),
            )?
        }
    });
    item.map_value_impl("structure", &item.unless_refused(quote!(Self { #(#loads),* })))
}

fn storable_impl(item: &Composite<'_>) -> TokenStream {
    let krate = item.krate;
    let stores = item.fields.iter().map(|field| {
        let (member, ty) = (&field.member, &field.value);
        quote!(<#ty as #krate::Storable>::__store(&__shared.#member, &__value.#member);)
    });
    let storable = quote!(#krate::Storable);
    let stores = item.unless_refused(quote!(#(#stores)*));
    let body = quote! {
        #[inline]
        fn __store(__shared: &<Self as #krate::MapValue>::Shared<#krate::ReadWrite>, __value: &Self) {
            #stores
        }
    };
    item.implement(&quote!(impl), &storable, Some(&Also::Value(storable.clone())), &body)
}

fn plain_impl(item: &Composite<'_>) -> TokenStream {
    let Composite { krate, access, .. } = item;
    let loads = item.fields.iter().map(|field| {
        let (member, ty) = (&field.member, &field.value);
        quote!(#member: <#ty as #krate::Plain>::__load::<#access>(&__shared.#member))
    });
    let plain = quote!(#krate::Plain);
    let load = item.unless_refused(quote!(Self { #(#loads),* }));
    let body = quote! {
        #[inline]
        fn __load<#access: #krate::Access>(__shared: &<Self as #krate::MapValue>::Shared<#access>) -> Self {
            #load
        }
    };
    item.implement(&quote!(unsafe impl), &plain, Some(&Also::Value(plain.clone())), &body)
}

fn fold_impl(item: &Composite<'_>) -> TokenStream {
    let krate = item.krate;
    let folds = item.fields.iter().filter_map(|field| {
        let (member, ty) = (&field.member, field.folded(krate));
        let (folds, fold) = field.way.needs(krate)?;
        Some(quote!(<#ty as #folds>::#fold(&mut self.#member, &__later.#member);))
    });
    let folds = item.unless_refused(quote!(#(#folds)*));
    let body = quote! {
        #[inline]
        fn fold(&mut self, __later: &Self) {
            #folds
        }
    };
    item.implement(&quote!(impl), &quote!(#krate::Fold), Some(&Also::Folds), &body)
}

/// Nothing where a field is plainly a number: an atomic is never spelled so.
fn in_place_impl(item: &Composite<'_>) -> TokenStream {
    if item.refused || item.fields.iter().any(|field| bounds::looks_primitive(field.ty)) {
        return TokenStream::new();
    }
    let krate = item.krate;
    let members = item.fields.iter().map(|field| &field.member);
    let in_place = quote!(#krate::InPlace);
    let body = quote! {
        fn __fields(&self) {
            #(#krate::__private::assert_in_place(&self.#members);)*
        }
    };
    item.implement(&quote!(unsafe impl), &in_place, Some(&Also::Itself(in_place.clone())), &body)
}
