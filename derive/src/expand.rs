//! What the derive writes: the mirror and the implementations; structs, enums and unions are a module each, and so is `Pod` of aya.
//!
//! That a field is a value is asked once, by a constant beside the type. All else that is written about the field goes through
//! `Checked<T, { that constant }>`, which is `T`; or, if the constant is an error, an erroneous type, about which rustc is silent. So a
//! refused field is one error, and the uses of the struct are none. (Of a field whose type is a parameter a bound asks it.)
//!
//! All paths lead through the crate `mapvalue` (not through `core`: a crate of that name may be among the user's own), and all names
//! are ours, so nothing that the user's crate defines or leaves out can get in between.

mod enums;
mod pod;
mod structs;
mod unions;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Field, GenericParam, Generics, Ident, Index, LitStr, Member, Path, Type, parse_quote};

use crate::bounds::{self, mentions};
use crate::check;
use crate::errors;
use crate::fold::Way;
use crate::parse::{Body, FieldAttributes, Input};
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
    match &input.data {
        Body::Struct(fields) | Body::Union(fields) => {
            let stand_in = fields.iter().all(|field| words::is_sized(&field.ty)).then(|| expand_stand_in(input));
            let assertions = assertions(input, fields);
            quote!(#assertions #stand_in)
        }
        Body::Enum(_) => expand_stand_in(input),
    }
}
/// That the fields of a type that cannot be expanded are values, as far as that can be asked: what borrows is the mistake that
/// has been told of.
fn assertions(input: &Input<'_>, fields: &[&Field]) -> TokenStream {
    let this = Ident::new("Self", Span::call_site());
    let judged = fields.iter().map(|field| &field.ty).filter(|ty| {
        words::refuse_syntax(ty).is_none() && !check::borrows(ty, input) && !mentions(ty.to_token_stream(), &this)
    });
    let checks = judged.map(|ty| words::assert_value(ty, &input.krate));
    let krate = &input.krate;
    let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
    let generics = bounds::of_params(&bounds::without_lifetimes(input.generics), &quote!(#krate::MapValue), &types);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
        const _: () = {
            #[allow(dead_code)]
            fn __mapvalue_fields #impl_generics () #where_clause { #(#checks)* }
        };
    }
}

/// Implementations for a refused type that never do anything, with an erroneous type as its mirror: the error that has been told.
/// (Borrowing types have them for `'static`, which a use that leaves the lifetime out is taken for.)
fn expand_stand_in(input: &Input<'_>) -> TokenStream {
    let (krate, ident) = (&input.krate, input.ident);
    let private = quote!(#krate::__private);
    let name = ident.unraw().to_string();
    let arguments = input.generics.params.iter().map(|param| match param {
        GenericParam::Type(param) => param.ident.to_token_stream(),
        GenericParam::Const(param) => param.ident.to_token_stream(),
        GenericParam::Lifetime(_) => quote!('static),
    });
    let this = quote!(#ident<#(#arguments),*>);
    let generics = bounds::of_params(&bounds::without_lifetimes(input.generics), &TokenStream::new(), &[]);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let mirror = erroneous(input);
    let pod = pod::implement(input, &generics, &this);
    quote! {
        #pod

        #[automatically_derived]
        #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
        unsafe impl #impl_generics #krate::MapValue for #this #where_clause {
            type Shared<__Access: #krate::Access> = #mirror;

            const LAYOUT: #krate::Layout = #krate::Layout::refused::<Self>(#name);

            fn __try_load<__Access: #krate::Access>(
                _: &Self::Shared<__Access>,
            ) -> #private::Result<Self, #krate::InvalidValue> {
                #private::never()
            }
        }

        #[automatically_derived]
        #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
        impl #impl_generics #krate::Storable for #this #where_clause {
            fn __store(_: &Self::Shared<#krate::ReadWrite>, _: &Self) {
                #private::never::<()>();
            }
        }

        #[automatically_derived]
        #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
        unsafe impl #impl_generics #krate::Plain for #this #where_clause {
            fn __load<__Access: #krate::Access>(_: &Self::Shared<__Access>) -> Self {
                #private::never()
            }
        }

        #[automatically_derived]
        #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
        impl #impl_generics #krate::Fold for #this #where_clause {
            fn fold(&mut self, _: &Self) {
                #private::never::<()>();
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
    /// What the field is taken for has the trait of the way in which it folds.
    Folds,
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
    judged: Judged,
    /// The type, or an erroneous one.
    value: Type,
    /// How it folds.
    way: Way,
    /// The constant that checks that it can, where it says how and its type is known.
    folds: Option<Ident>,
}

/// What is known of the type of a field.
enum Judged {
    /// It is a parameter of the type, of which a bound asks that it is a value.
    Param,
    /// It is checked, by this constant, and an erroneous type if it is no value (`judged` in the crate `mapvalue`).
    Checked(Ident),
    /// It is an error, which has been told.
    Refused,
}

impl<'a> Composite<'a> {
    fn new(input: &'a Input<'a>, fields: &[&'a Field]) -> Self {
        let krate = &input.krate;
        let required = if let Body::Union(_) = input.data { quote!(#krate::Plain) } else { quote!(#krate::MapValue) };
        let fields: Vec<_> = fields.iter().enumerate().map(|(i, field)| FieldOf::new(input, i, field)).collect();
        let access = access_name(input, &fields);
        let mirror = format_ident!("{}Shared", input.ident, span = input.ident.span());
        Self { input, krate, ident: input.ident, fields, refused: false, required, mirror, access }
    }

    /// What stands above the mirror's definition.
    fn mirror_attributes(&self) -> TokenStream {
        let doc = format!("The shared mirror of [`{}`]: the same layout, in which each leaf is a cell.", self.ident);
        let align = self.input.repr.align.as_ref().map(|align| quote!(, align(#align)));
        quote! {
            #[doc = #doc]
            #[allow(
                dead_code, deprecated, missing_docs, unused_qualifications, non_camel_case_types, non_snake_case, non_upper_case_globals,
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
        let what = self.placed(what, ident.span());
        let unlisted = self.unlisted();
        quote! {
            #[automatically_derived]
            #unlisted
            #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
            #implement #impl_generics #what for #ident #ty_generics #where_clause { #body }
        }
    }

    /// The path of a trait, placed on what rustc shall speak of if it is not implemented. (Elsewhere, rustc takes it for a bound that
    /// a derive made up, and recommends to write the implementation by hand.)
    fn placed(&self, path: &TokenStream, place: Span) -> TokenStream {
        errors::at(path.clone(), self.input.krate_given.unwrap_or(place))
    }

    /// What keeps a type of mapvalue's own out of the lists of types that have a trait, which rustc shows those who miss it on theirs.
    fn unlisted(&self) -> Option<TokenStream> {
        self.krate.is_ident("crate").then(|| quote!(#[diagnostic::do_not_recommend]))
    }

    /// The way back from the mirror to the type.
    fn mirror_impl(&self) -> TokenStream {
        let Self { krate, ident, mirror, access, .. } = self;
        let (_, ty_generics, _) = self.input.generics.split_for_impl();
        let generics = self.mirror_generics();
        let (impl_generics, mirror_generics, where_clause) = generics.split_for_impl();
        let unlisted = self.unlisted();
        quote! {
            #[automatically_derived]
            #unlisted
            #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
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
        let ty = &field.value;
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
        let mut named: Vec<String> = Vec::new();
        for field in &self.fields {
            // A plain name means the same type wherever it stands, so one bound is enough for all fields of it and arrays of it.
            let plain = bounds::looks_primitive(field.ty).then(|| bounds::innermost(field.ty));
            let Some((ty, bound)) = self.bound(also, field, plain.unwrap_or(field.ty)) else { continue };
            let name = plain.map(|plain| quote!(#plain: #bound).to_string());
            if name.as_ref().is_some_and(|name| named.contains(name)) {
                continue;
            }
            named.extend(name);
            bounds::add_field(&mut generics, &ty, &self.placed(&bound, field.ty.span()));
        }
        generics
    }

    /// What is asked of a field in the bounds, of which `own` is the type or that of its elements.
    fn bound(&self, also: Option<&Also>, field: &FieldOf<'_>, own: &Type) -> Option<(Type, TokenStream)> {
        let folds = |(bound, _)| bound;
        match (also, &field.judged) {
            (Some(Also::Value(bound)), Judged::Checked(check)) => {
                Some((checked(self.krate, own, check), bound.clone()))
            }
            (Some(Also::Value(bound)), Judged::Param) | (Some(Also::Itself(bound)), _) => {
                Some((own.clone(), bound.clone()))
            }
            (Some(Also::Folds), Judged::Checked(check)) => {
                let check = field.folds.as_ref().unwrap_or(check);
                Some((checked(self.krate, own, check), field.way.needs(self.krate).map(folds)?))
            }
            (Some(Also::Folds), Judged::Param) => Some((own.clone(), field.way.needs(self.krate).map(folds)?)),
            (None, Judged::Checked(_)) if bounds::is_bounded(self.input.generics) => {
                Some((field.value.clone(), self.required.clone()))
            }
            (_, Judged::Refused) | (None, _) => None,
        }
    }

    /// That each field is what it must be: the one place where it is an error if not, placed on the field's type.
    fn checks(&self, assert: fn(&Type, &Path) -> TokenStream) -> TokenStream {
        let checks = self.fields.iter().map(|field| {
            let Judged::Checked(name) = &field.judged else { return TokenStream::new() };
            let check = assert(field.ty, self.krate);
            let check = quote!(#check true);
            if bounds::is_fixed(field.ty, self.input.generics) {
                return define(name, self.krate, &check);
            }
            define(name, self.krate, &checked_once(self.input, &self.required, &check))
        });
        checks.collect()
    }

    /// That each field that says how it folds can be folded so. (Of a type with parameters in it, that is asked where it is used.)
    fn fold_checks(&self) -> TokenStream {
        let checks = self.fields.iter().map(|field| {
            let (Judged::Checked(check), Some(name)) = (&field.judged, &field.folds) else { return TokenStream::new() };
            let krate = self.krate;
            let subject = bounds::innermost(field.ty);
            let place = subject.span();
            // Not judged if it is an error already; and rustc shall point at it.
            let judged = self.placed(&quote!(#krate::__private::Checked), place);
            let assert = field.way.assertion(krate);
            define(name, krate, &quote_spanned!(place=> #assert::<#judged<#subject, { #check }>>(); true))
        });
        checks.collect()
    }

    /// That the layout holds: evaluated here, where the type is defined (of a generic type, where it is first used).
    fn forced_layout(&self) -> TokenStream {
        let Self { krate, ident, input, .. } = self;
        if self.refused || !input.generics.params.is_empty() {
            return TokenStream::new();
        }
        let private = quote!(#krate::__private);
        quote! {
            #[allow(deprecated, unused_qualifications)]
            const _: () = {
                #[allow(unused_imports)]
                use #private::Unforced as _;
                #private::Forced::<#ident>::LAYOUT
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
        let FieldAttributes { rename, fold } = FieldAttributes::known(&field.attrs);
        let (judged, value) = judge(input, index, &field.ty);
        let way = fold.map_or(Way::Sum, |(way, _)| way);
        let is_checked = fold.is_some() && way != Way::First && bounds::is_fixed(&field.ty, input.generics);
        let folds = is_checked.then(|| constant(input, &format!("{index}_FOLDS")));
        Self { index, member, mirrored, name, rename, field, ty: &field.ty, judged, value, way, folds }
    }

    /// The type by which the field is folded: itself, or an erroneous one if it cannot be.
    fn folded(&self, krate: &Path) -> Type {
        match (&self.judged, &self.folds) {
            (Judged::Checked(_), Some(check)) => checked(krate, self.ty, check),
            _ => self.value.clone(),
        }
    }

    /// The mirror of the field's type.
    fn mirror(&self, krate: &Path, access: &Ident) -> TokenStream {
        let Self { ty, value, .. } = self;
        quote_spanned!(ty.span()=> <#value as #krate::MapValue>::Shared<#access>)
    }

    /// The same type as readers of the documentation shall see it, if it is another in words.
    fn documented_mirror(&self, krate: &Path, access: &Ident) -> Option<TokenStream> {
        let ty = self.ty;
        match &self.judged {
            Judged::Checked(_) => Some(quote_spanned!(ty.span()=> <#ty as #krate::MapValue>::Shared<#access>)),
            _ => None,
        }
    }

    /// Writes something that has the mirror in its type, where that differs in words once for the documentation and once for all
    /// else.
    fn with_mirror(&self, krate: &Path, access: &Ident, write: impl Fn(&TokenStream) -> TokenStream) -> TokenStream {
        let mirrored = write(&self.mirror(krate, access));
        match self.documented_mirror(krate, access) {
            Some(documented) => {
                let documented = write(&documented);
                quote!(#[cfg(doc)] #documented #[cfg(not(doc))] #mirrored)
            }
            None => mirrored,
        }
    }

    /// Attributes that the mirror's field takes over.
    fn kept_attributes(&self) -> impl Iterator<Item = &Attribute> {
        let kept = |attr: &&Attribute| attr.path().is_ident("doc") || attr.path().is_ident("deprecated");
        self.field.attrs.iter().filter(kept)
    }
}

/// What is known of a field's type, and the type to use.
fn judge(input: &Input<'_>, index: usize, ty: &Type) -> (Judged, Type) {
    if words::refuse_syntax(ty).is_some() {
        return (Judged::Refused, erroneous(input));
    }
    if bounds::is_param(ty, input.generics) {
        return (Judged::Param, ty.clone());
    }
    let check = constant(input, &index.to_string());
    let value = checked(&input.krate, ty, &check);
    (Judged::Checked(check), value)
}

/// A constant of a type's own, beside it.
fn constant(input: &Input<'_>, what: &str) -> Ident {
    format_ident!("__MAPVALUE_{}_{what}", input.ident.unraw(), span = Span::call_site())
}

/// The definition of such a constant, which is `true` or an error.
fn define(name: &Ident, krate: &Path, value: &TokenStream) -> TokenStream {
    quote! {
        #[doc(hidden)]
        #[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
        const #name: #krate::__private::bool = { #value };
    }
}

/// The errors, of which the first is a constant that makes types erroneous.
pub(crate) fn errors(input: &Input<'_>, told: Vec<Error>) -> TokenStream {
    let krate = &input.krate;
    let mut told = told.into_iter().flatten();
    let first = told.next().map(|error| {
        let error = errors::into_tokens([error], krate);
        let error = quote!(const ERROR: #krate::__private::bool = #error; ERROR);
        define(&constant(input, "ERROR"), krate, &error)
    });
    let rest = errors::into_tokens(told, krate);
    quote!(#first #rest)
}

/// A type, or an erroneous one if the constant is.
fn checked(krate: &Path, ty: &Type, check: &Ident) -> Type {
    parse_quote!(#krate::__private::Checked<#ty, { #check }>)
}

/// A type that is an error, because one has been told.
fn erroneous(input: &Input<'_>) -> Type {
    checked(&input.krate, &parse_quote!(()), &constant(input, "ERROR"))
}

/// A check that mentions parameters, in a constant that is outside of their reach: made for all that they may be, under the bounds
/// of the type, and evaluated for numbers, so that the constant is an error if the check is. Where the bounds admit no number, it is
/// none: the check is told all the same, but uses of the struct are errors too.
fn checked_once(input: &Input<'_>, required: &TokenStream, check: &TokenStream) -> TokenStream {
    let private = {
        let krate = &input.krate;
        quote!(#krate::__private)
    };
    let types: Vec<&Type> = match &input.data {
        Body::Struct(fields) | Body::Union(fields) => fields.iter().map(|field| &field.ty).collect(),
        Body::Enum(_) => Vec::new(),
    };
    let generics = bounds::of_params(input.generics, required, &types);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let params = input.generics.params.iter().map(|param| match param {
        GenericParam::Type(param) => {
            let ident = &param.ident;
            quote!(#ident: ?#private::Sized)
        }
        GenericParam::Const(param) => {
            let (ident, ty) = (&param.ident, &param.ty);
            quote!(const #ident: #ty)
        }
        GenericParam::Lifetime(param) => param.to_token_stream(),
    });
    let markers = input.generics.type_params().map(|param| &param.ident);
    let evaluated = ["u8", "u16", "u32", "u64", "AtomicU32"].map(|representative| {
        let representative = Ident::new(representative, Span::call_site());
        let arguments = input.generics.params.iter().map(|param| match param {
            GenericParam::Type(_) => quote!(#private::#representative),
            GenericParam::Const(param) => {
                let ty = &param.ty;
                quote!({ <#ty as #private::Any>::ANY })
            }
            GenericParam::Lifetime(_) => quote!('static),
        });
        quote!(__MapValueFor::<#(#arguments),*>::MAPVALUE_CHECKED)
    });
    quote! {
        #[allow(unused_imports)]
        use #private::Unchecked as _;
        #[allow(dead_code, unused_qualifications, non_camel_case_types, non_upper_case_globals)]
        struct __MapValueFor<#(#params),*>(#(#private::PhantomData<#markers>),*);
        #[allow(dead_code, deprecated, unused_qualifications, non_camel_case_types, non_upper_case_globals, clippy::multiple_bound_locations)]
        impl #impl_generics __MapValueFor #ty_generics #where_clause {
            const MAPVALUE_CHECKED: #private::bool = { #check };
        }
        #(#evaluated)&&*
    }
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
