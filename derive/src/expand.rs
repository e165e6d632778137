//! What the derive writes: the mirror struct and the implementations.
//!
//! All paths lead through the crate's `__private` module, so nothing that the user's crate defines or leaves out can get in
//! between.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Field, GenericParam, Generics, Ident, Index, Member, Path, Type, Variant, parse_quote};

use crate::bounds::{self, mentions};
use crate::parse::{Body, Input};
use crate::words;

pub(crate) fn expand(input: &Input<'_>) -> TokenStream {
    match &input.data {
        Body::Struct(fields) => Struct::new(input, fields).expand(),
        Body::Enum(variants) => expand_enum(input, variants),
        Body::Union(_) => TokenStream::new(),
    }
}

/// A struct and the names that its expansion uses.
struct Struct<'a> {
    input: &'a Input<'a>,
    fields: Vec<FieldOf<'a>>,
    /// The name of the mirror.
    mirror: Ident,
    /// The name of the mirror's access parameter.
    access: Ident,
}

struct FieldOf<'a> {
    member: Member,
    name: String,
    field: &'a Field,
    ty: &'a Type,
}

impl<'a> Struct<'a> {
    fn new(input: &'a Input<'a>, fields: &[&'a Field]) -> Self {
        let fields: Vec<_> = fields.iter().enumerate().map(|(i, field)| FieldOf::new(i, field)).collect();
        let access = access_name(input, &fields);
        Self { input, fields, mirror: format_ident!("{}Shared", input.ident, span = input.ident.span()), access }
    }

    fn expand(&self) -> TokenStream {
        let parts = [
            self.assertions(),
            self.mirror_struct(),
            self.mirror_impl(),
            self.map_value_impl(),
            self.storable_impl(),
            self.plain_impl(),
            self.in_place_impl(),
        ];
        quote!(#(#parts)*)
    }

    /// The struct of cells.
    fn mirror_struct(&self) -> TokenStream {
        let Self { input, mirror, access, .. } = self;
        let krate = &input.krate;
        let vis = input.vis;
        let align = input.repr.align.as_ref().map(|align| quote!(, align(#align)));
        let mut generics = self.bounded(None);
        generics.params.push(parse_quote!(#access: #krate::Access = #krate::ReadWrite));
        let where_clause = generics.where_clause.take();
        let fields = self.fields.iter().map(|field| {
            let attrs = field.field.attrs.iter().filter(|attr| is_kept(attr));
            let vis = &field.field.vis;
            let name = field.field.ident.as_ref().map(|ident| quote!(#ident:));
            let value = field.as_map_value(krate);
            let span = field.ty.span();
            let ty = quote_spanned!(span=> #value::Shared<#access>);
            quote!(#(#attrs)* #vis #name #ty)
        });
        let body = match self.fields[0].member {
            Member::Named(_) => quote!(#where_clause { #(#fields),* }),
            Member::Unnamed(_) => quote!((#(#fields),*) #where_clause;),
        };
        let doc = format!("The shared mirror of [`{}`]: the same layout, in which each leaf is a cell.", input.ident);
        quote! {
            #[doc = #doc]
            #[allow(dead_code, deprecated, non_camel_case_types, non_snake_case)]
            #[repr(C #align)]
            #vis struct #mirror #generics #body
        }
    }

    /// The way back from the mirror to the type.
    fn mirror_impl(&self) -> TokenStream {
        let Self { input, mirror, access, .. } = self;
        let (krate, ident) = (&input.krate, input.ident);
        let (_, ty_generics, _) = input.generics.split_for_impl();
        let bounded = self.bounded(None);
        let mut generics = bounded.clone();
        generics.params.push(parse_quote!(#access: #krate::Access));
        let (impl_generics, mirror_generics, where_clause) = generics.split_for_impl();
        quote! {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            #[allow(deprecated)]
            unsafe impl #impl_generics #krate::Mirror for #mirror #mirror_generics #where_clause {
                type Value = #ident #ty_generics;
            }
        }
    }

    fn map_value_impl(&self) -> TokenStream {
        let Self { input, access, .. } = self;
        let (krate, ident) = (&input.krate, input.ident);
        let private = quote!(#krate::__private);
        let generics = self.bounded(None);
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let mirror = self.mirror_of(&access.to_token_stream());
        let writable = self.mirror_of(&quote!(#krate::ReadWrite));
        let name = ident.to_string();
        let fields = self.fields.iter().map(|field| {
            let FieldOf { member, name, .. } = field;
            let value = field.as_map_value(krate);
            let misaligned = format!(
                "field `{name}` of `{ident}` holds a big-endian integer that is not at a multiple of its width, as it would be \
                 in C: add padding before the field"
            );
            quote_spanned! {field.ty.span()=>
                #value::LAYOUT.into_field(
                    #name,
                    ::core::mem::offset_of!(Self, #member),
                    ::core::mem::offset_of!(#writable, #member),
                    #misaligned,
                )
            }
        });
        let loads = self.fields.iter().map(|field| {
            let FieldOf { member, ty, .. } = field;
            quote! {
                #member: #private::try_load_field::<#ty, #access>(&__shared.#member, ::core::mem::offset_of!(Self, #member))?
            }
        });
        quote! {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            #[allow(deprecated)]
            unsafe impl #impl_generics #krate::MapValue for #ident #ty_generics #where_clause {
                type Shared<#access: #krate::Access> = #mirror;

                const LAYOUT: #krate::Layout =
                    #krate::Layout::structure::<Self, #writable>(#name, const { &[#(#fields),*] });

                #[inline]
                fn __try_load<#access: #krate::Access>(
                    __shared: &Self::Shared<#access>,
                ) -> #private::Result<Self, #krate::InvalidValue> {
                    #private::Ok(Self { #(#loads),* })
                }
            }
        }
    }

    fn storable_impl(&self) -> TokenStream {
        let (krate, ident) = (&self.input.krate, self.input.ident);
        let generics = self.bounded(Some(&quote!(#krate::Storable)));
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let stores = self.fields.iter().map(|field| {
            let FieldOf { member, ty, .. } = field;
            quote!(<#ty as #krate::Storable>::__store(&__shared.#member, &__value.#member);)
        });
        quote! {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            #[allow(deprecated)]
            impl #impl_generics #krate::Storable for #ident #ty_generics #where_clause {
                #[inline]
                fn __store(__shared: &<Self as #krate::MapValue>::Shared<#krate::ReadWrite>, __value: &Self) {
                    #(#stores)*
                }
            }
        }
    }

    fn plain_impl(&self) -> TokenStream {
        let Self { input, access, .. } = self;
        let (krate, ident) = (&input.krate, input.ident);
        let generics = self.bounded(Some(&quote!(#krate::Plain)));
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let loads = self.fields.iter().map(|field| {
            let FieldOf { member, ty, .. } = field;
            quote!(#member: <#ty as #krate::Plain>::__load::<#access>(&__shared.#member))
        });
        quote! {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            #[allow(deprecated)]
            unsafe impl #impl_generics #krate::Plain for #ident #ty_generics #where_clause {
                #[inline]
                fn __load<#access: #krate::Access>(__shared: &<Self as #krate::MapValue>::Shared<#access>) -> Self {
                    Self { #(#loads),* }
                }
            }
        }
    }

    /// Nothing where a field is plainly a number: an atomic is never spelled so.
    fn in_place_impl(&self) -> TokenStream {
        if self.fields.iter().any(|field| bounds::looks_primitive(field.ty)) {
            return TokenStream::new();
        }
        let (krate, ident) = (&self.input.krate, self.input.ident);
        let generics = self.bounded(Some(&quote!(#krate::InPlace)));
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let members = self.fields.iter().map(|field| &field.member);
        quote! {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            #[allow(deprecated)]
            unsafe impl #impl_generics #krate::InPlace for #ident #ty_generics #where_clause {
                fn __fields(&self) {
                    #(#krate::__private::assert_in_place(&self.#members);)*
                }
            }
        }
    }

    /// The generics of the type, with the bounds under which its fields are values, and have the trait `also`.
    fn bounded(&self, also: Option<&TokenStream>) -> Generics {
        let krate = &self.input.krate;
        let types: Vec<&Type> = self.fields.iter().map(|field| field.ty).collect();
        let mut generics = bounds::of_params(self.input.generics, krate, &types);
        for ty in types {
            bounds::add_field(&mut generics, ty, also.unwrap_or(&quote!(#krate::MapValue)));
        }
        generics
    }

    /// That each field is a value: the one place where it is an error if not, placed on the field's type. And that the
    /// layout holds: evaluated here, where the type is defined (of a generic type, where it is first used).
    fn assertions(&self) -> TokenStream {
        let Self { input, .. } = self;
        let (krate, ident) = (&input.krate, input.ident);
        let private = quote!(#krate::__private);
        let types: Vec<&Type> = self.fields.iter().map(|field| field.ty).collect();
        let generics = bounds::of_params(input.generics, krate, &types);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let checks = types.iter().map(|ty| words::assert_value(ty, krate));
        let layout = input.generics.params.is_empty().then(|| {
            quote! {
                const _: () = {
                    #[allow(unused_imports)]
                    use #private::Unforced as _;
                    #private::Forced::<#ident>::LAYOUT
                };
            }
        });
        quote! {
            #[allow(deprecated)]
            const _: () = {
                #[allow(dead_code)]
                fn __mapvalue_fields #impl_generics () #where_clause { #(#checks)* }
                #layout
            };
        }
    }

    /// The mirror with the type's parameters and this access.
    fn mirror_of(&self, access: &TokenStream) -> TokenStream {
        let mirror = &self.mirror;
        let params = self.input.generics.params.iter().map(|param| match param {
            GenericParam::Type(param) => param.ident.to_token_stream(),
            GenericParam::Const(param) => param.ident.to_token_stream(),
            GenericParam::Lifetime(param) => param.lifetime.to_token_stream(),
        });
        quote!(#mirror<#(#params,)* #access>)
    }
}

impl<'a> FieldOf<'a> {
    fn new(index: usize, field: &'a Field) -> Self {
        let member = match &field.ident {
            Some(ident) => Member::Named(ident.clone()),
            None => Member::Unnamed(Index::from(index)),
        };
        let name = match &field.ident {
            Some(ident) => syn::ext::IdentExt::unraw(ident).to_string(),
            None => index.to_string(),
        };
        Self { member, name, field, ty: &field.ty }
    }

    /// `<Type as MapValue>`, placed on the field's type, so that an error stands there.
    fn as_map_value(&self, krate: &Path) -> TokenStream {
        let ty = self.ty;
        quote_spanned!(ty.span()=> <#ty as #krate::MapValue>)
    }
}

/// Attributes that the mirror's field takes over.
fn is_kept(attr: &Attribute) -> bool {
    attr.path().is_ident("doc") || attr.path().is_ident("deprecated")
}

/// A name for the access parameter that means nothing else where it stands: `A` if that is free, which reads best in docs.
fn access_name(input: &Input<'_>, fields: &[FieldOf<'_>]) -> Ident {
    let taken = |name: &str| {
        let ident = Ident::new(name, Span::call_site());
        let Input { generics, krate, .. } = input;
        *input.ident == ident
            || mentions(quote!(#krate #generics), &ident)
            || mentions(generics.where_clause.to_token_stream(), &ident)
            // What a macro in a field's type expands to cannot be seen.
            || fields.iter().any(|field| mentions(field.ty.to_token_stream(), &ident) || has_macro(field.ty))
    };
    let name = if taken("A") { "__MapValueAccess" } else { "A" };
    Ident::new(name, Span::call_site())
}

fn has_macro(ty: &Type) -> bool {
    ty.to_token_stream().to_string().contains('!')
}

fn expand_enum(input: &Input<'_>, variants: &[&Variant]) -> TokenStream {
    let (krate, ident) = (&input.krate, input.ident);
    let private = quote!(#krate::__private);
    let repr = input.repr.int.as_ref().map_or_else(|| Ident::new("u32", Span::call_site()), Clone::clone);
    let repr = quote!(#private::#repr);
    let name = ident.to_string();
    let names: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    let spelled = names.iter().map(|name| syn::ext::IdentExt::unraw(*name).to_string());
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        #[allow(deprecated)]
        unsafe impl #krate::MapValue for #ident {
            type Shared<__Access: #krate::Access> = #krate::Shared<Self, __Access>;

            const LAYOUT: #krate::Layout = #krate::Layout::enumeration::<Self, Self::Shared<#krate::ReadWrite>, #repr>(
                #name,
                const { &[#(#krate::Variant { name: #spelled, value: Self::#names as #repr as #private::i128 }),*] },
            );

            #[inline]
            fn __try_load<__Access: #krate::Access>(
                __shared: &Self::Shared<__Access>,
            ) -> #private::Result<Self, #krate::InvalidValue> {
                __shared.try_load()
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        #[allow(deprecated)]
        impl #krate::Storable for #ident {
            #[inline]
            fn __store(__shared: &<Self as #krate::MapValue>::Shared<#krate::ReadWrite>, __value: &Self) {
                __shared.__store_ref(__value);
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        #[allow(deprecated)]
        unsafe impl #krate::Leaf for #ident {
            type Raw = #repr;
            type Cell = <#repr as #private::Raw>::Atomic;

            #[inline]
            fn to_raw(&self) -> #repr {
                match self { #(Self::#names => Self::#names as #repr),* }
            }

            #[inline]
            fn try_from_raw(__raw: #repr) -> #private::Result<Self, #krate::InvalidValue> {
                match __raw {
                    #(__raw if __raw == Self::#names as #repr => #private::Ok(Self::#names),)*
                    __raw => #private::Err(#krate::InvalidValue::new(#name, __raw as #private::i128)),
                }
            }
        }

        #[allow(deprecated)]
        const _: #krate::Layout = <#ident as #krate::MapValue>::LAYOUT;
    }
}
