//! What the derive writes: the mirror and the implementations; structs, enums and unions are a module each.
//!
//! A field of a struct that may be no value is written as `__private::field!(T)`: the type that stands for it, which is a value in
//! any case. So a refused field is one error, and the uses of the struct are none. (Where the type depends on a parameter, that is
//! not known where it is written; there a bound asks for it.)
//!
//! All paths lead through the crate `mapvalue` (not through `core`: a crate of that name may be among the user's own), and all names
//! are ours, so nothing that the user's crate defines or leaves out can get in between.

mod enums;
mod structs;
mod unions;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Field, GenericParam, Generics, Ident, Index, LitStr, Member, Path, Type, parse_quote};

use crate::bounds::{self, mentions};
use crate::parse::{Body, Input, field_rename};
use crate::words;

pub(crate) fn expand(input: &Input<'_>) -> TokenStream {
    match &input.data {
        Body::Struct(fields) => structs::expand(&Composite::new(input, fields)),
        Body::Enum(variants) => enums::expand(input, variants),
        Body::Union(fields) => unions::expand(&Composite::new(input, fields)),
    }
}

/// The expansion of a type that is refused for its layout or a field, so that its uses are no errors as well. Nothing that rests
/// on the layout is evaluated.
pub(crate) fn expand_refused(input: &Input<'_>) -> TokenStream {
    match &input.data {
        Body::Struct(fields) => structs::expand(&Composite { refused: true, ..Composite::new(input, fields) }),
        Body::Enum(_) => expand_stand_in(input),
        Body::Union(fields) => unions::expand(&Composite { refused: true, ..Composite::new(input, fields) }),
    }
}

/// Of a type that cannot be expanded, what is wrong with its fields, and a stand-in if it can have one.
pub(crate) fn expand_hopeless(input: &Input<'_>) -> TokenStream {
    let generics = &input.generics;
    if generics.type_params().next().is_some() || generics.const_params().next().is_some() {
        return TokenStream::new();
    }
    match &input.data {
        // Of what borrows, fields that do are not judged: that it does is the mistake.
        Body::Struct(_) | Body::Union(_) if !generics.params.is_empty() => expand_stand_in(input),
        Body::Struct(fields) | Body::Union(fields) => {
            let unsized_field =
                |field: &&Field| words::refuse_syntax(&field.ty).is_some() && !words::is_sized_and_owned(&field.ty);
            let stand_in = (!fields.iter().any(unsized_field)).then(|| expand_stand_in(input));
            let item = Composite { refused: true, ..Composite::new(input, fields) };
            let assertions = item.assertions(words::assert_value);
            quote!(#assertions #stand_in)
        }
        Body::Enum(_) => expand_stand_in(input),
    }
}

/// Implementations for a refused type that never do anything, with a mirror that has no parts. (Borrowing types have them for
/// `'static`, which a use that leaves the lifetime out is taken for.)
fn expand_stand_in(input: &Input<'_>) -> TokenStream {
    let (krate, ident) = (&input.krate, input.ident);
    let private = quote!(#krate::__private);
    let name = ident.unraw().to_string();
    let lifetimes = input.generics.lifetimes().map(|_| quote!('static));
    let this = quote!(#ident<#(#lifetimes),*>);
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        unsafe impl #krate::MapValue for #this {
            type Shared<__Access: #krate::Access> = #private::Refused<Self, __Access>;

            const LAYOUT: #krate::Layout = #krate::Layout::refused::<Self>(#name);

            fn __try_load<__Access: #krate::Access>(
                _: &Self::Shared<__Access>,
            ) -> #private::Result<Self, #krate::InvalidValue> {
                #private::never()
            }
        }

        #[automatically_derived]
        #[allow(deprecated)]
        impl #krate::Storable for #this {
            fn __store(_: &Self::Shared<#krate::ReadWrite>, _: &Self) {
                #private::never::<()>();
            }
        }

        #[automatically_derived]
        #[allow(deprecated)]
        unsafe impl #krate::Plain for #this {
            fn __load<__Access: #krate::Access>(_: &Self::Shared<__Access>) -> Self {
                #private::never()
            }
        }
    }
}

/// A struct or union, and the names that its expansion uses.
struct Composite<'a> {
    input: &'a Input<'a>,
    krate: &'a Path,
    ident: &'a Ident,
    fields: Vec<FieldOf<'a>>,
    /// Whether an error has been told already, so that the layout is not to be relied upon.
    refused: bool,
    /// What each field must be: `MapValue` in a struct, `Plain` in a union.
    required: TokenStream,
    /// The name of the mirror.
    mirror: Ident,
    /// The name of the mirror's access parameter.
    access: Ident,
}

/// A trait that each field has too.
enum Also {
    /// What the field is taken for has it.
    Value(TokenStream),
    /// Its own type has it, because the implementation is about that and not about the mirror.
    Itself(TokenStream),
}

struct FieldOf<'a> {
    index: usize,
    member: Member,
    /// Its name in the mirror. That of a union's is another, so that who forgets the parentheses of the method is told so.
    mirrored: Member,
    name: String,
    /// Its name in C, if that is another.
    rename: Option<LitStr>,
    field: &'a Field,
    ty: &'a Type,
    /// What it is taken for, where that is not its type: one that is a value in any case.
    judged: Option<Type>,
}

impl<'a> Composite<'a> {
    fn new(input: &'a Input<'a>, fields: &[&'a Field]) -> Self {
        let fields: Vec<_> = fields.iter().enumerate().map(|(i, field)| FieldOf::new(input, i, field)).collect();
        let access = access_name(input, &fields);
        let mirror = format_ident!("{}Shared", input.ident, span = input.ident.span());
        let krate = &input.krate;
        let required = if let Body::Union(_) = input.data { quote!(#krate::Plain) } else { quote!(#krate::MapValue) };
        Self { input, krate, ident: input.ident, fields, refused: false, required, mirror, access }
    }

    /// What stands above the mirror's definition.
    fn mirror_attributes(&self) -> TokenStream {
        let doc = format!("The shared mirror of [`{}`]: the same layout, in which each leaf is a cell.", self.ident);
        let align = self.input.repr.align.as_ref().map(|align| quote!(, align(#align)));
        quote! {
            #[doc = #doc]
            #[allow(
                dead_code, deprecated, missing_docs, non_camel_case_types, non_snake_case, non_upper_case_globals,
                private_interfaces, clippy::multiple_bound_locations
            )]
            #[repr(C #align)]
        }
    }

    /// The mirror's parameters, where it is defined.
    fn mirror_definition_generics(&self) -> Generics {
        let (krate, access) = (self.krate, &self.access);
        let mut generics = self.bounded(None);
        generics.params.push(parse_quote!(#access: #krate::Access = #krate::ReadWrite));
        generics
    }

    /// The mirror's parameters, where something is implemented for it.
    fn mirror_generics(&self) -> Generics {
        let (krate, access) = (self.krate, &self.access);
        let mut generics = self.bounded(None);
        generics.params.push(parse_quote!(#access: #krate::Access));
        generics
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

    /// An implementation for the type itself, under the bounds that its fields are what they must be, or have the trait `also`.
    /// `implement` is the keyword, with `unsafe` where the trait is.
    fn implement(
        &self,
        implement: &TokenStream,
        what: &TokenStream,
        also: Option<&Also>,
        body: &TokenStream,
    ) -> TokenStream {
        let ident = self.ident;
        let generics = self.bounded(also);
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        quote! {
            #[automatically_derived]
            #[allow(deprecated, clippy::multiple_bound_locations)]
            #implement #impl_generics #what for #ident #ty_generics #where_clause { #body }
        }
    }

    /// The way back from the mirror to the type.
    fn mirror_impl(&self) -> TokenStream {
        let Self { krate, ident, mirror, access, .. } = self;
        let (_, ty_generics, _) = self.input.generics.split_for_impl();
        let generics = self.mirror_generics();
        let (impl_generics, mirror_generics, where_clause) = generics.split_for_impl();
        quote! {
            #[automatically_derived]
            #[allow(deprecated, clippy::multiple_bound_locations)]
            unsafe impl #impl_generics #krate::Mirror for #mirror #mirror_generics #where_clause {
                type Value = #ident #ty_generics;
                type Access = #access;
            }
        }
    }

    /// `MapValue` with a layout made by the constructor of this name; `load` is the body of `__try_load`.
    fn map_value_impl(&self, constructor: &str, load: &TokenStream) -> TokenStream {
        let Self { krate, access, .. } = self;
        let constructor = Ident::new(constructor, Span::call_site());
        let name = self.ident.unraw().to_string();
        let mirror = self.mirror_of(&access.to_token_stream());
        let writable = self.mirror_of(&quote!(#krate::ReadWrite));
        let renamed = renamed(self.input.rename.as_ref());
        let fields = self.fields.iter().map(|field| self.layout_of(field, &writable));
        let layout = quote!(#krate::Layout::#constructor::<Self, #writable>(#name, const { &[#(#fields),*] }) #renamed);
        let layout = match self.input.deny_padding {
            // What it would assert follows from the error that has been told.
            _ if self.refused => quote!(#krate::Layout::refused::<Self>(#name)),
            Some(span) => quote_spanned!(span=> #krate::Layout::without_padding(#layout)),
            None => layout,
        };
        let body = quote! {
            type Shared<#access: #krate::Access> = #mirror;

            const LAYOUT: #krate::Layout = #layout;

            #[inline]
            fn __try_load<#access: #krate::Access>(
                __shared: &Self::Shared<#access>,
            ) -> #krate::__private::Result<Self, #krate::InvalidValue> {
                #krate::__private::Ok(#load)
            }
        };
        self.implement(&quote!(unsafe impl), &quote!(#krate::MapValue), None, &body)
    }

    fn layout_of(&self, field: &FieldOf<'_>, writable: &TokenStream) -> TokenStream {
        let FieldOf { member, mirrored, name, .. } = field;
        let ty = field.value();
        let krate = self.krate;
        let renamed = renamed(field.rename.as_ref());
        let misaligned = format!(
            "field `{name}` of `{}` holds a big-endian integer that is not at a multiple of its width, as it would be in C: \
             add padding before the field, or write it as `[u8; N]` if the C struct is packed",
            self.ident
        );
        let layout = quote_spanned! {field.ty.span()=>
            <#ty as #krate::MapValue>::LAYOUT.into_field(
                #name,
                #krate::__private::offset_of!(Self, #member),
                #krate::__private::offset_of!(#writable, #mirrored),
                #misaligned,
            )
        };
        // Of a struct, `try_load_field` ties what the layout tells to what the mirror holds.
        let layout = match &self.input.data {
            Body::Union(_) => {
                let index = field.index;
                quote_spanned!(field.ty.span()=> #krate::__private::union::tied::<#index, #ty, #writable>(#layout))
            }
            _ => layout,
        };
        quote!(#layout #renamed)
    }

    /// A body, or of a refused type one that is not about its layout.
    fn unless_refused(&self, body: TokenStream) -> TokenStream {
        let krate = self.krate;
        if self.refused { quote!(#krate::__private::never()) } else { body }
    }

    /// The generics of the type, with the bounds under which its fields are what they must be, or have the trait `also`.
    fn bounded(&self, also: Option<&Also>) -> Generics {
        let types: Vec<&Type> = self.fields.iter().map(|field| field.ty).collect();
        let mut generics = bounds::of_params(self.input.generics, &self.required, &types);
        for field in &self.fields {
            match also {
                Some(Also::Value(bound)) => bounds::add_field(&mut generics, field.value(), bound),
                Some(Also::Itself(bound)) => bounds::add_field(&mut generics, field.ty, bound),
                None if bounds::looks_primitive(field.ty) || field.judged.is_some() => {}
                None => bounds::add_field(&mut generics, field.ty, &self.required),
            }
        }
        generics
    }

    /// That each field is what it must be: the one place where it is an error if not, by `assert`, placed on the field's type.
    /// And that the layout holds: evaluated here, where the type is defined (of a generic type, where it is first used).
    fn assertions(&self, assert: fn(&Type, &Path) -> TokenStream) -> TokenStream {
        let Self { krate, ident, input, .. } = self;
        let private = quote!(#krate::__private);
        let types: Vec<&Type> = self.fields.iter().map(|field| field.ty).collect();
        let generics = bounds::of_params(input.generics, &self.required, &types);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let judged = types.iter().filter(|ty| words::refuse_syntax(ty).is_none());
        let checks = judged.map(|ty| assert(ty, krate));
        let forced = input.generics.params.is_empty() && !self.refused;
        let layout = forced.then(|| {
            quote! {
                const _: () = {
                    #[allow(unused_imports)]
                    use #private::Unforced as _;
                    #private::Forced::<#ident>::LAYOUT
                };
            }
        });
        quote! {
            #[allow(deprecated, clippy::multiple_bound_locations)]
            const _: () = {
                #[allow(dead_code)]
                fn __mapvalue_fields #impl_generics () #where_clause { #(#checks)* }
                #layout
            };
        }
    }
}

impl<'a> FieldOf<'a> {
    fn new(input: &Input<'_>, index: usize, field: &'a Field) -> Self {
        let (member, name) = match &field.ident {
            Some(ident) => (Member::Named(ident.clone()), ident.unraw().to_string()),
            None => (Member::Unnamed(Index::from(index)), index.to_string()),
        };
        let mirrored = match &input.data {
            Body::Union(_) => Member::Named(format_ident!("__{}", index)),
            _ => member.clone(),
        };
        // What is wrong with the attribute is told by `check`.
        let rename = field_rename(&field.attrs).ok().flatten();
        let judged = judged(input, &field.ty);
        Self { index, member, mirrored, name, rename, field, ty: &field.ty, judged }
    }

    /// The type whose implementations the field uses.
    fn value(&self) -> &Type {
        self.judged.as_ref().unwrap_or(self.ty)
    }

    /// The mirror of the field's type.
    fn mirror(&self, krate: &Path, access: &Ident) -> TokenStream {
        let ty = self.value();
        quote_spanned!(self.ty.span()=> <#ty as #krate::MapValue>::Shared<#access>)
    }

    /// Attributes that the mirror's field takes over.
    fn kept_attributes(&self) -> impl Iterator<Item = &Attribute> {
        let kept = |attr: &&Attribute| attr.path().is_ident("doc") || attr.path().is_ident("deprecated");
        self.field.attrs.iter().filter(kept)
    }
}

/// `Field<T, IS_VALUE>` for a field whose type mentions no parameter, and may be no value: then it is a stand-in.
fn judged(input: &Input<'_>, ty: &Type) -> Option<Type> {
    let krate = &input.krate;
    if bounds::looks_primitive(ty) || !bounds::is_fixed(ty, input.generics) {
        return None;
    }
    Some(if words::refuse_syntax(ty).is_some() {
        parse_quote!(#krate::__private::Field<#ty, false>)
    } else if let Body::Union(_) = input.data {
        parse_quote!(#krate::__private::field!(#ty, MAPVALUE_IS_PLAIN))
    } else {
        parse_quote!(#krate::__private::field!(#ty))
    })
}

/// What gives a layout or a field its name in C, where that is not the one in Rust.
fn renamed(name: Option<&LitStr>) -> Option<TokenStream> {
    name.map(|name| quote!(.renamed(#name)))
}

/// A name for the access parameter that means nothing else where it stands: `A` if that is free, which reads best in docs.
fn access_name(input: &Input<'_>, fields: &[FieldOf<'_>]) -> Ident {
    let Input { generics, krate, .. } = input;
    let seen = |name: &Ident| {
        input.ident.unraw() == *name
            || mentions(quote!(#krate #generics), name)
            || mentions(generics.where_clause.to_token_stream(), name)
            || fields.iter().any(|field| mentions(field.ty.to_token_stream(), name))
    };
    // What a macro in a field's type expands to cannot be seen.
    let plain = Some("A".to_owned()).filter(|_| !fields.iter().any(|field| bounds::has_macro(field.ty)));
    let numbered = (0..).map(|number| format!("__MapValueAccess{number}"));
    let names = plain.into_iter().chain(["__MapValueAccess".to_owned()]).chain(numbered);
    let mut names = names.map(|name| Ident::new(&name, Span::call_site()));
    names.find(|name| !seen(name)).expect("a type mentions no end of names")
}
