//! The bounds of the implementations: those on the type's parameters, and those on its fields.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{GenericArgument, GenericParam, Generics, Ident, PathArguments, PathSegment, Type, TypePath, parse_quote};

/// Returns the generics of the type, bounded so that its fields have the trait `required`. A
/// parameter that is used as a value has it, and so has an associated type of one. Every parameter
/// is `'static`. `root` is the path to the trait.
pub(crate) fn of_params(generics: &Generics, root: &TokenStream, required: &Ident, types: &[&Type]) -> Generics {
    let (params, mut values) = (type_params(generics), Vec::new());
    for ty in types {
        collect(ty, &params, &mut values);
    }
    let mut bounded = generics.clone();
    let has_clause = generics.where_clause.is_some();
    for param in bounded.type_params_mut() {
        let ident = param.ident.to_token_stream().to_string();
        // A value is `'static`.
        let is_value = values.iter().any(|value| value.to_string() == ident);
        if !is_value {
            param.bounds.push(parse_quote!('static));
        } else if !has_clause {
            param.bounds.push(parse_quote!(#root::#required));
            values.retain(|value| value.to_string() != ident);
        }
    }
    for value in values {
        add(&mut bounded, quote!(#value: #root::#required));
    }
    bounded
}

/// Adds the bound that a field's type has a trait, which may be false. Because of the lifetime,
/// though unused, rustc checks the bound where the implementation is used, not where it is written.
pub(crate) fn add_field(generics: &mut Generics, ty: &TokenStream, bound: &TokenStream) {
    add(generics, quote!(for<'__mv> #ty: #bound));
}

/// Adds a predicate, even if an equal one is there: tokens that print alike may mean different
/// types, such as `$crate::T` from the macros of two crates.
fn add(generics: &mut Generics, predicate: TokenStream) {
    generics.make_where_clause().predicates.push(parse_quote!(#predicate));
}

/// Returns whether a type is a parameter, an associated type of one, or an array of these.
/// `of_params` bounds all of them.
pub(crate) fn is_param(ty: &Type, generics: &Generics) -> bool {
    is_of(innermost(ty), &type_params(generics))
}

/// Returns whether a type is one of these parameters, or an associated type of one.
fn is_of(ty: &Type, params: &[&Ident]) -> bool {
    match ty {
        Type::Path(TypePath { qself: Some(_), .. }) => params.iter().any(|param| mentions(ty.to_token_stream(), param)),
        Type::Path(TypePath { path, .. }) => path.segments.first().is_some_and(|first| params.contains(&&first.ident)),
        _ => false,
    }
}

fn type_params(generics: &Generics) -> Vec<&Ident> {
    generics.type_params().map(|param| &param.ident).collect()
}

/// Returns whether the parameters have bounds, other than that they have a size.
pub(crate) fn is_bounded(generics: &Generics) -> bool {
    generics.where_clause.is_some() || generics.type_params().any(|param| !param.bounds.is_empty())
}

/// Returns the generics of the type, and the type, with `'static` in the place of each lifetime.
pub(crate) fn without_lifetimes(ident: &Ident, generics: &Generics) -> (Generics, TokenStream) {
    let names: Vec<&Ident> = generics.lifetimes().map(|param| &param.lifetime.ident).collect();
    let params = generics.params.iter().filter(|param| !matches!(param, GenericParam::Lifetime(_)));
    let params = outlive(quote!(#(#params),*), &names);
    let where_clause = outlive(generics.where_clause.to_token_stream(), &names);
    let mut rest: Generics = parse_quote!(<#params>);
    rest.where_clause = parse_quote!(#where_clause);
    let (_, ty_generics, _) = generics.split_for_impl();
    (rest, outlive(quote!(#ident #ty_generics), &names))
}

/// Returns the tokens with `'static` in the place of these lifetimes.
fn outlive(tokens: TokenStream, names: &[&Ident]) -> TokenStream {
    let mut after_quote = false;
    let tokens = tokens.into_iter().map(|token| {
        let is_lifetime = after_quote;
        after_quote = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
        match token {
            TokenTree::Ident(ident) if is_lifetime && names.contains(&&ident) => {
                Ident::new("static", ident.span()).into()
            }
            TokenTree::Group(group) => {
                let mut moved = Group::new(group.delimiter(), outlive(group.stream(), names));
                moved.set_span(group.span());
                moved.into()
            }
            token => token,
        }
    });
    tokens.collect()
}

/// Returns whether a type mentions no parameter, so that it is known where it is written. It cannot
/// be seen what a macro inside expands to.
pub(crate) fn is_fixed(ty: &Type, generics: &Generics) -> bool {
    let tokens = ty.to_token_stream();
    let names = generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    });
    generics.params.is_empty() || !has_macro(ty) && names.into_iter().all(|name| !mentions(tokens.clone(), name))
}

pub(crate) fn has_macro(ty: &Type) -> bool {
    ty.to_token_stream().to_string().contains('!')
}

/// Collects the uses of parameters as values inside a type: `T`, `T::Assoc`, `<T as Trait>::Assoc`.
/// The argument of a `PhantomData` or of a pointer type is not a value.
fn collect(ty: &Type, params: &[&Ident], values: &mut Vec<TokenStream>) {
    let ty = innermost(ty);
    if is_of(ty, params) {
        values.push(ty.to_token_stream());
        return;
    }
    let Some(last) = last_segment(ty) else { return };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return };
    if ["PhantomData", "ArenaPtr", "Kptr"].iter().any(|name| last.ident == name) {
        return;
    }
    for argument in &arguments.args {
        if let GenericArgument::Type(ty) = argument {
            collect(ty, params, values);
        }
    }
}

/// Returns whether a type is spelled like a number or `bool`, or an array of these.
pub(crate) fn looks_primitive(ty: &Type) -> bool {
    const PRIMITIVES: [&str; 11] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "bool"];
    match innermost(ty) {
        Type::Path(TypePath { qself: None, path, .. }) => {
            path.get_ident().is_some_and(|ident| PRIMITIVES.iter().any(|primitive| ident == primitive))
        }
        _ => false,
    }
}

/// Returns whether a type is spelled like `PhantomData`.
pub(crate) fn is_marker(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| last.ident == "PhantomData")
}

/// Returns the last name in a type's path, if it is a path.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(TypePath { path, .. }) => path.segments.last(),
        _ => None,
    }
}

/// Returns the element type of an array (of arrays), and any other type as it is.
pub(crate) fn innermost(ty: &Type) -> &Type {
    match ty {
        Type::Array(array) => innermost(&array.elem),
        Type::Group(group) => innermost(&group.elem),
        Type::Paren(paren) => innermost(&paren.elem),
        ty => ty,
    }
}

/// Returns whether an identifier occurs among the tokens.
pub(crate) fn mentions(tokens: TokenStream, ident: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(other) => other.unraw() == ident.unraw(),
        TokenTree::Group(group) => mentions(group.stream(), ident),
        _ => false,
    })
}
