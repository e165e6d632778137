//! The where-clauses of what is written: what the fields ask of the type's parameters, and what they must be themselves.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{GenericArgument, Generics, Ident, Path, PathArguments, Type, TypePath, parse_quote};

/// The generics of the type, bounded so that its fields are values: a parameter that is used as a value is one, so is an
/// associated type of one, and every parameter is `'static`.
pub(crate) fn of_params(generics: &Generics, krate: &Path, types: &[&Type]) -> Generics {
    let params: Vec<&Ident> = generics.type_params().map(|param| &param.ident).collect();
    let mut values = Vec::new();
    for ty in types {
        collect(ty, &params, &mut values);
    }
    let mut bounded = generics.clone();
    for param in &params {
        add(&mut bounded, quote!(#param: 'static));
    }
    for value in values {
        add(&mut bounded, quote!(#value: #krate::MapValue));
    }
    bounded
}

/// Adds that the field type has the trait, in a way that is no error where it has not: with a lifetime, though unused,
/// rustc asks for the bound where the item is used, not where it is written. Where it must hold at once, one assertion a
/// field says so (`Struct::assertions`), instead of one error for each time that the expansion relies on it.
///
/// Types that are spelled like a primitive get no such bound: it would only clutter the docs. If one of them is not what it
/// looks like, the expansion does not compile.
pub(crate) fn add_field(generics: &mut Generics, ty: &Type, bound: &TokenStream) {
    if !looks_primitive(ty) {
        add(generics, quote!(for<'__mapvalue> #ty: #bound));
    }
}

/// Adds a predicate. One that is there already is added again: tokens that print alike may mean different types, such as
/// `$crate::T` from the macros of two crates.
fn add(generics: &mut Generics, predicate: TokenStream) {
    generics.make_where_clause().predicates.push(parse_quote!(#predicate));
}

/// The uses of parameters as values inside a type: `T`, `T::Assoc`, `<T as Trait>::Assoc`; what is inside of a `PhantomData`
/// is none.
fn collect(ty: &Type, params: &[&Ident], values: &mut Vec<TokenStream>) {
    match ty {
        Type::Array(array) => collect(&array.elem, params, values),
        Type::Group(group) => collect(&group.elem, params, values),
        Type::Paren(paren) => collect(&paren.elem, params, values),
        Type::Path(TypePath { qself: Some(_), .. }) => {
            let generic = params.iter().any(|param| mentions(ty.to_token_stream(), param));
            values.extend(generic.then(|| ty.to_token_stream()));
        }
        Type::Path(TypePath { path, .. }) => {
            let Some(last) = path.segments.last() else { return };
            if path.segments.first().is_some_and(|first| params.contains(&&first.ident)) {
                values.push(ty.to_token_stream());
            } else if let PathArguments::AngleBracketed(arguments) = &last.arguments {
                if last.ident == "PhantomData" {
                    return;
                }
                for argument in &arguments.args {
                    if let GenericArgument::Type(ty) = argument {
                        collect(ty, params, values);
                    }
                }
            }
        }
        _ => {}
    }
}

/// Whether a type is spelled like a number or `bool`, or an array of such.
pub(crate) fn looks_primitive(ty: &Type) -> bool {
    const PRIMITIVES: [&str; 11] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "bool"];
    match ty {
        Type::Array(array) => looks_primitive(&array.elem),
        Type::Group(group) => looks_primitive(&group.elem),
        Type::Path(TypePath { qself: None, path, .. }) => {
            path.get_ident().is_some_and(|ident| PRIMITIVES.iter().any(|primitive| ident == primitive))
        }
        _ => false,
    }
}

/// Whether an identifier occurs among the tokens.
pub(crate) fn mentions(tokens: TokenStream, ident: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(other) => other.unraw() == ident.unraw(),
        proc_macro2::TokenTree::Group(group) => mentions(group.stream(), ident),
        _ => false,
    })
}
