//! `#[derive(MapView)]`: a struct of the fields that a reader needs of a C type, found by name.
//!
//! A struct gets the struct of its fields in place, with a method for each. An enum without data is
//! found by the names of its values in C. Whether a field can be one of a view its type tells: that
//! is left to the bounds in the expansion.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Path, Type, Variant, parse_quote};

use crate::errors;
use crate::expand::{access_name, block, checked, define_alias, define_constant};
use crate::parse::{parse_words, text};

/// What the type says of itself.
struct Words {
    krate: Path,
    name: Option<LitStr>,
}

/// A field of the struct.
struct Part<'a> {
    field: &'a Field,
    ident: &'a Ident,
    path: String,
    extent: Ident,
}

pub(crate) fn expand(item: &DeriveInput) -> TokenStream {
    let mut words = Words { krate: parse_quote!(::mapvalue), name: None };
    let expanded = words.parse(item).and_then(|()| match &item.data {
        Data::Struct(data) => of_struct(item, &words, &data.fields),
        Data::Enum(data) => of_enum(item, &words, data.variants.iter()),
        Data::Union(data) => Err(Error::new(
            data.union_token.span,
            "a view is a struct of fields that are found by name: name those of a C union in a struct",
        )),
    });
    expanded.unwrap_or_else(|error| {
        let errors = errors::into_tokens([error], &words.krate);
        // The names that uses of the type need, so that they are not errors as well.
        let stand_in = stand_in(item, &words.krate);
        quote!(#errors #stand_in)
    })
}

impl Words {
    fn parse(&mut self, item: &DeriveInput) -> Result<(), Error> {
        let words = "a view may have `name = \"name in C\"` and `crate = \"path\"`";
        parse_words("map_view", &item.attrs, words, |word, meta| {
            match word {
                "crate" => self.krate = text(meta)?.parse_with(Path::parse_mod_style)?,
                "name" => self.name = Some(text(meta)?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if item.generics.params.is_empty() {
            Ok(())
        } else {
            Err(Error::new_spanned(&item.generics, "a view has no parameters: it is of one C type"))
        }
    }

    /// The name in C.
    fn c_name(&self, ident: &Ident) -> String {
        self.name.as_ref().map_or_else(|| ident.unraw().to_string(), LitStr::value)
    }
}

impl<'a> Part<'a> {
    fn parse(field: &'a Field) -> Result<Self, Error> {
        let Some(ident) = &field.ident else {
            return Err(Error::new(field.span(), "a field of a view has a name, by which it is found"));
        };
        let (mut path, mut extent) = (None, None);
        let words = "a field of a view may have `path = \"path.in.C\"`, and an array `at_least` or `at_most`";
        parse_words("map_view", &field.attrs, words, |word, meta| {
            match word {
                "path" => path = Some(text(meta)?.value()),
                "at_least" | "at_most" if extent.is_some() => {
                    return Err(meta.error("an array is `at_least` or `at_most` as long: remove one of both"));
                }
                "at_least" => extent = Some("AtLeast"),
                "at_most" => extent = Some("AtMost"),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let path = path.unwrap_or_else(|| ident.unraw().to_string());
        Ok(Self { field, ident, path, extent: format_ident!("{}", extent.unwrap_or("Exact")) })
    }
}

fn of_struct(item: &DeriveInput, words: &Words, fields: &Fields) -> Result<TokenStream, Error> {
    let (krate, ident, name) = (&words.krate, &item.ident, words.c_name(&item.ident));
    if fields.is_empty() {
        return Err(Error::new_spanned(ident, "a view without fields reads nothing: name the fields that are needed"));
    }
    let parts = fields.iter().map(Part::parse).collect::<Result<Vec<_>, _>>()?;
    let in_place = format_ident!("{}Fields", ident, span = ident.span());
    // Each type is asked for once, in a constant. The others are erroneous if it is, and silent.
    let assertions = parts.iter().map(|part| {
        let ty = &part.field.ty;
        quote_spanned!(ty.span()=> __mv::view::field::assert_field::<#ty>();)
    });
    let constant = define_constant(krate, ident, None, &TokenStream::new(), &quote!(#(#assertions)* true));
    let alias = define_alias(krate, ident);
    let checked = checked(ident);
    let types: Vec<TokenStream> = parts
        .iter()
        .map(|part| {
            let ty: &Type = &part.field.ty;
            quote_spanned!(ty.span()=> #checked<#ty>)
        })
        .collect();
    let names: Vec<&Ident> = parts.iter().map(|part| part.ident).collect();
    let indices: Vec<Literal> = (0..parts.len()).map(Literal::usize_unsuffixed).collect();
    let planned: Vec<Ident> = (0..parts.len()).map(|index| format_ident!("__mv_{index}")).collect();
    let plans = parts.iter().zip(&planned).zip(&types).map(|((Part { ident, path, extent, .. }, planned), ty)| {
        let name = ident.unraw().to_string();
        quote! {
            let #planned = __mv_planner.field::<#ty>(&__mv_view, #name, #path, __mv::view::planner::Extent::#extent);
        }
    });
    let plain = types.iter().map(|ty| quote!(for<'__mv> #ty: __mv::view::PlainField));
    let rust = ident.unraw().to_string();
    let implementation = block(
        krate,
        // SAFETY of the expansion: fields are planned by the planner that is given, loaded by their
        // own parts of the plan, and told to be exact by the types that they really have.
        &quote! {
            #[automatically_derived]
            unsafe impl __mv::ViewField for #ident {
                type Plan = (#(<#types as __mv::ViewField>::Plan,)*);

                fn __plan(
                    __mv_planner: &mut __mv::view::planner::Planner,
                    __mv_part: __mv::Option<__mv::view::planner::Part<'_>>,
                    _: __mv::view::planner::Extent,
                ) -> __mv::Option<Self::Plan> {
                    let __mv_view = __mv_planner.found(__mv_part, #rust)?;
                    #(#plans)*
                    __mv::Some((#(#planned?,)*))
                }

                #[inline]
                fn __load<__S: __mv::view::source::Source, const EXACT: __mv::bool>(
                    __mv_from: __S,
                    __mv_plan: &Self::Plan,
                ) -> __mv::Result<Self, __mv::InvalidValue> {
                    __mv::Ok(#checked::<Self> {
                        #(#names: __mv::view::field::load::<_, __S, EXACT>(__mv_from, &__mv_plan.#indices)?,)*
                    })
                }

                fn __is_exact(__mv_plan: &Self::Plan) -> __mv::bool {
                    true #(&& __mv::view::field::is_exact(|__mv: &#checked<Self>| &__mv.#names, &__mv_plan.#indices))*
                }
            }

            #[automatically_derived]
            unsafe impl __mv::MapView for #ident {
                type Fields<A: __mv::Access> = #in_place<A>;
                const C_NAME: &'static __mv::str = #name;

                #[inline]
                fn __fields<A: __mv::Access>(__mv_at: __mv::view::At<Self, A>) -> #in_place<A> {
                    #in_place(__mv_at)
                }
                #[inline]
                fn __at<A: __mv::Access>(__mv_fields: &#in_place<A>) -> &__mv::view::At<Self, A> {
                    &__mv_fields.0
                }
            }

            #[automatically_derived]
            impl __mv::view::PlainField for #ident where #(#plain),* {}

            // Who reads fields in place alone never reads these.
            #[allow(dead_code)]
            fn __mv_read(__mv: &#ident) {
                #(_ = &__mv.#names;)*
            }
        },
    );
    let fields = in_place_fields(item, krate, &in_place, &parts, &types);
    Ok(quote!(#constant #alias #fields #implementation))
}

/// Defines the struct of the fields in place.
fn in_place_fields(
    item: &DeriveInput,
    krate: &Path,
    in_place: &Ident,
    parts: &[Part<'_>],
    types: &[TokenStream],
) -> TokenStream {
    let (ident, vis) = (&item.ident, &item.vis);
    let doc = format!("The fields of a [`{}`] in place.", ident.unraw());
    let access = access_name(&quote!(#ident #krate), &parts.iter().map(|part| &part.field.ty).collect::<Vec<_>>());
    let accessors = parts.iter().zip(types).enumerate().map(|(index, (Part { field, ident, .. }, ty))| {
        let (vis, index) = (&field.vis, Literal::usize_unsuffixed(index));
        let docs = field.attrs.iter().filter(|attr: &&Attribute| attr.path().is_ident("doc"));
        quote! {
            #(#docs)*
            #[inline]
            #vis fn #ident(&self) -> #krate::view::Field<'_, #ty, #access> {
                #krate::view::At::field::<#ty>(&self.0, |__mv_plan| &__mv_plan.#index)
            }
        }
    });
    quote! {
        #[doc = #doc]
        #[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
        #[allow(private_interfaces, missing_debug_implementations)]
        #vis struct #in_place<#access: #krate::Access = #krate::ReadWrite>(#krate::view::At<#ident, #access>);

        #[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
        #[automatically_derived]
        impl<#access: #krate::Access> #in_place<#access> {
            #(#accessors)*
        }
    }
}

fn of_enum<'a>(
    item: &DeriveInput,
    words: &Words,
    variants: impl Iterator<Item = &'a Variant>,
) -> Result<TokenStream, Error> {
    if let Some(name) = &words.name {
        return Err(Error::new(
            name.span(),
            "an enum of a view has the type of its field: only its variants have names",
        ));
    }
    let (mut idents, mut names) = (Vec::new(), Vec::new());
    for variant in variants {
        if !variant.fields.is_empty() {
            return Err(Error::new(
                variant.fields.span(),
                "a variant of a view's enum holds nothing: it is a number in C",
            ));
        }
        let (mut name, mut optional) = (variant.ident.unraw().to_string(), false);
        let words = "a variant may have `name = \"NAME_IN_C\"` and `optional`";
        parse_words("map_view", &variant.attrs, words, |word, meta| {
            match word {
                "name" => name = text(meta)?.value(),
                "optional" => optional = true,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        idents.push(&variant.ident);
        names.push(quote!((#name, #optional)));
    }
    let (ident, rust) = (&item.ident, item.ident.unraw().to_string());
    let indices = (0..idents.len()).map(Literal::usize_unsuffixed);
    Ok(block(
        &words.krate,
        // SAFETY of the expansion: all is done by `Names`, with what is given.
        &quote! {
            #[automatically_derived]
            unsafe impl __mv::ViewField for #ident {
                type Plan = __mv::view::field::Names;

                fn __plan(
                    __mv_planner: &mut __mv::view::planner::Planner,
                    __mv_part: __mv::Option<__mv::view::planner::Part<'_>>,
                    _: __mv::view::planner::Extent,
                ) -> __mv::Option<Self::Plan> {
                    __mv::view::field::Names::plan(__mv_planner, __mv_part, #rust, &[#(#names),*])
                }

                fn __load<__S: __mv::view::source::Source, const EXACT: __mv::bool>(
                    __mv_from: __S,
                    __mv_plan: &Self::Plan,
                ) -> __mv::Result<Self, __mv::InvalidValue> {
                    match __mv_plan.load(__mv_from, #rust)? {
                        #(#indices => __mv::Ok(Self::#idents),)*
                        _ => __mv::never(),
                    }
                }

                fn __is_exact(_: &Self::Plan) -> __mv::bool {
                    true
                }
            }
        },
    ))
}

/// Implements the traits for a type with a mistake.
fn stand_in(item: &DeriveInput, krate: &Path) -> TokenStream {
    let ident = &item.ident;
    if !item.generics.params.is_empty() {
        return TokenStream::new();
    }
    block(
        krate,
        // SAFETY of the expansion: it is not compiled to anything that runs.
        &quote! {
            #[automatically_derived]
            unsafe impl __mv::ViewField for #ident {
                type Plan = ();
                fn __plan(
                    _: &mut __mv::view::planner::Planner,
                    _: __mv::Option<__mv::view::planner::Part<'_>>,
                    _: __mv::view::planner::Extent,
                ) -> __mv::Option<()> {
                    __mv::never()
                }
                fn __load<__S: __mv::view::source::Source, const EXACT: __mv::bool>(
                    _: __S,
                    _: &(),
                ) -> __mv::Result<Self, __mv::InvalidValue> {
                    __mv::never()
                }
                fn __is_exact(_: &()) -> __mv::bool {
                    false
                }
            }
            #[automatically_derived]
            unsafe impl __mv::MapView for #ident {
                type Fields<A: __mv::Access> = __mv::view::At<Self, A>;
                const C_NAME: &'static __mv::str = "";
                fn __fields<A: __mv::Access>(__mv_at: __mv::view::At<Self, A>) -> __mv::view::At<Self, A> {
                    __mv_at
                }
                fn __at<A: __mv::Access>(__mv_at: &__mv::view::At<Self, A>) -> &__mv::view::At<Self, A> {
                    __mv_at
                }
            }
            #[automatically_derived]
            impl __mv::view::PlainField for #ident {}
        },
    )
}
