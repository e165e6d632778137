//! A struct: its mirror is a struct of the mirrors of its fields.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Member};

use super::{Asked, Composite, block, pod};
use crate::{bounds, errors, words};

pub(super) fn expand(item: &Composite<'_>, errors: &TokenStream) -> TokenStream {
    let (definitions, mirror) = (item.definitions(words::assert_value, errors), mirror_struct(item));
    let parts = [
        item.mirror_impl(),
        map_value_impl(item),
        storable_impl(item),
        plain_impl(item),
        fold_impl(item),
        in_place_impl(item),
        pod::expand(item),
    ];
    let block = block(item.krate, &quote!(#(#parts)*));
    quote!(#definitions #mirror #block)
}

fn mirror_struct(item: &Composite<'_>) -> TokenStream {
    let (krate, mirror) = (item.krate.to_token_stream(), &item.mirror);
    let mut generics = item.mirror_generics(&krate, Some(&quote!(= #krate::ReadWrite)));
    let where_clause = generics.where_clause.take();
    let fields = item.fields.iter().map(|field| {
        let (attrs, vis, ty) = (field.kept_attributes(), &field.field.vis, item.field_mirror(&krate, field));
        let name = field.field.ident.as_ref().map(|ident| quote!(#ident:));
        quote!(#(#attrs)* #vis #name #ty,)
    });
    let body = match item.fields[0].member {
        Member::Named(_) => quote!(#where_clause { #(#fields)* }),
        Member::Unnamed(_) => quote!((#(#fields)*) #where_clause;),
    };
    let (attributes, vis) = (item.mirror_attributes(), item.input.vis);
    quote!(#attributes #vis struct #mirror #generics #body)
}

fn map_value_impl(item: &Composite<'_>) -> TokenStream {
    let (checked, members) = (&item.checked, members(item));
    let load = quote!(#checked::<Self> { #(#members: __mv::try_load(__mv, &__mv.#members)?),* });
    item.map_value_impl("structure", &load)
}

fn storable_impl(item: &Composite<'_>) -> TokenStream {
    let (checked, members) = (&item.checked, members(item));
    let body = quote! {
        #[inline]
        fn __store(__mv: &__mv::MirrorOf<Self>, __mv_value: &#checked<Self>) {
            #(__mv::store(&__mv.#members, &__mv_value.#members);)*
        }
    };
    item.implement(&quote!(impl), "Storable", Asked::Trait("Storable"), &body)
}

fn plain_impl(item: &Composite<'_>) -> TokenStream {
    let (checked, members) = (&item.checked, members(item));
    let access = &item.access;
    let body = quote! {
        #[inline]
        fn __load<#access: __mv::Access>(__mv: &__mv::MirrorOf<Self, #access>) -> Self {
            #checked::<Self> { #(#members: __mv::load(&__mv.#members)),* }
        }
    };
    item.implement(&quote!(unsafe impl), "Plain", Asked::Trait("Plain"), &body)
}

/// Implements `Fold`. If a field says how it folds, a constant and an alias like those of the type
/// assert that it can.
fn fold_impl(item: &Composite<'_>) -> TokenStream {
    let checked = &item.checked;
    let (mut assertions, mut folds) = (TokenStream::new(), TokenStream::new());
    for field in &item.fields {
        let Some((folded, fold)) = field.way.needs() else { continue };
        let (member, subject) = (&field.member, bounds::innermost(field.ty));
        folds.extend(quote!(#folded::#fold(&mut self.#member, &__mv.#member);));
        if field.folds_here {
            let assert = field.way.assertion();
            let judged = errors::at(checked.to_token_stream(), subject.span());
            assertions.extend(quote_spanned!(subject.span()=> #assert::<#judged<#subject>>();));
        }
    }
    let (alias, definition) = if item.folds_here() {
        let definition = quote! {
            const __MV_FOLDS: __mv::bool = { #assertions true };
            type __MvFolded<T> = __mv::Checked<#checked<T>, { __MV_FOLDS }>;
        };
        (&Ident::new("__MvFolded", Span::call_site()), definition)
    } else {
        (checked, TokenStream::new())
    };
    let body = quote! {
        #[inline]
        fn fold(self: &mut #alias<Self>, __mv: &#alias<Self>) {
            #folds
        }
    };
    let fold = item.implement(&quote!(impl), "Fold", Asked::Folds, &body);
    quote!(#definition #fold)
}

/// Implements `InPlace`, unless a field is plainly a number or a marker: no atomic is spelled so.
fn in_place_impl(item: &Composite<'_>) -> TokenStream {
    if item.fields.iter().any(|field| field.refused || bounds::looks_primitive(field.ty) || bounds::is_marker(field.ty))
    {
        return TokenStream::new();
    }
    let (checked, members) = (&item.checked, members(item));
    let body = quote! {
        fn __fields(__mv: &#checked<Self>) {
            #(__mv::assert_in_place(&__mv.#members);)*
        }
    };
    item.implement(&quote!(unsafe impl), "InPlace", Asked::Trait("InPlace"), &body)
}

fn members<'a>(item: &'a Composite<'_>) -> Vec<&'a Member> {
    item.fields.iter().map(|field| &field.member).collect()
}
