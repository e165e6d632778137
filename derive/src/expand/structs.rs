//! A struct: its mirror is a struct of the mirrors of its fields.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Member};

use super::{Asked, Composite, block, pod};
use crate::{bounds, errors, words};

pub(super) fn expand(item: &Composite<'_>, errors: &TokenStream) -> TokenStream {
    let (definitions, mirror) = (item.definitions(words::assert_value, errors), mirror_struct(item));
    let (checked, access) = (&item.checked, &item.access);
    let members: Vec<&Member> = item.fields.iter().map(|field| &field.member).collect();
    let try_load = quote!(#checked::<Self> { #(#members: __mv::try_load(__mv, &__mv.#members)?),* });
    let store = quote! {
        #[inline]
        fn __store(__mv: &__mv::MirrorOf<Self>, __mv_value: &#checked<Self>) {
            #(__mv::store(&__mv.#members, &__mv_value.#members);)*
        }
    };
    let load = quote! {
        #[inline]
        fn __load<#access: __mv::Access>(__mv: &__mv::MirrorOf<Self, #access>) -> Self {
            #checked::<Self> { #(#members: __mv::load(&__mv.#members)),* }
        }
    };
    let in_place = quote! {
        fn __fields(__mv: &#checked<Self>) {
            #(__mv::assert_in_place(&__mv.#members);)*
        }
    };
    // No atomic is spelled like a number or a marker.
    let is_other = |ty| bounds::looks_primitive(ty) || bounds::is_marker(ty);
    let in_place = if item.fields.iter().any(|field| field.refused || is_other(field.ty)) {
        TokenStream::new()
    } else {
        item.implement("InPlace", Asked::Trait("InPlace"), &in_place)
    };
    let parts = [
        item.mirror_impl(),
        item.map_value_impl("structure", &try_load),
        item.implement("Storable", Asked::Trait("Storable"), &store),
        item.implement("Plain", Asked::Trait("Plain"), &load),
        fold_impl(item),
        in_place,
        pod::expand(item),
    ];
    let block = block(item.krate, &quote!(#(#parts)*));
    quote!(#definitions #mirror #block)
}

fn mirror_struct(item: &Composite<'_>) -> TokenStream {
    let root = item.krate.to_token_stream();
    let fields = item.fields.iter().map(|field| {
        let (attrs, vis, ty) = (field.kept_attributes(), &field.field.vis, item.field_mirror(&root, field));
        let name = field.field.ident.as_ref().map(|ident| quote!(#ident:));
        quote!(#(#attrs)* #vis #name #ty)
    });
    item.mirror_item(&quote!(struct), fields)
}

/// Implements `Fold`. If a field says how, a constant and an alias like those of the type
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
    let fold = item.implement("Fold", Asked::Folds, &body);
    quote!(#definition #fold)
}
