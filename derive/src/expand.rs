//! The expansion. Structs, enums and unions have a module each, and so have `Pod` of aya and the
//! stand-in for a type that cannot be expanded.
//!
//! All assertions about the fields are in one constant, and the rest of the expansion mentions
//! types by the alias `__Checked_NAME<T>`: that is `T`, or an erroneous type if the constant is an
//! error. So a mistake is one error, and uses of the type are none (`expansion::checked` in the
//! crate `mapvalue`).
//!
//! The types of the fields are written in the mirror, in bounds and in assertions only. All else
//! infers them from the item that is really compiled: an attribute macro below the derive may have
//! changed it, and a macro in a field's type may expand to something else each time.
//!
//! All paths lead through `__private` of the crate `mapvalue`, since the user may have a crate
//! called `core`. All names begin with `__mv`, `__MV`, `__Mv` or `__Checked` (or `__CHECKED`), so
//! that they are not the user's.

mod enums;
mod pod;
mod stand_in;
mod structs;
mod unions;

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, ConstParam, Field, GenericParam, Generics, Ident, Index, LitStr, Member, Path, Type, TypeParam,
    parse_quote,
};

use crate::bounds::{self, mentions};
use crate::check::Verdict;
use crate::errors;
use crate::fold::Way;
use crate::parse::{Body, FieldAttributes, Input};
use crate::words;

pub(crate) fn expand(input: &Input<'_>, verdict: Verdict) -> TokenStream {
    let errors = errors::into_tokens(verdict.errors, &input.krate);
    match &input.data {
        Body::Struct(fields) if !verdict.hopeless => structs::expand(&Composite::new(input, fields), &errors),
        Body::Union(fields) if !verdict.hopeless => unions::expand(&Composite::new(input, fields), &errors),
        Body::Enum(variants) if errors.is_empty() => enums::expand(input, variants),
        _ => stand_in::expand(input, &errors),
    }
}

/// Puts items into a scope of their own, in which `__mv` is `__private` of the crate `mapvalue`.
pub(crate) fn block(krate: &Path, items: &TokenStream) -> TokenStream {
    quote! {
        #[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
        const _: () = {
            use #krate::__private as __mv;
            #items
        };
    }
}

/// Returns the name of the constant that is an error if the type is refused.
pub(crate) fn checks(ident: &Ident) -> Ident {
    format_ident!("__CHECKED_{}", ident.unraw(), span = Span::call_site())
}

/// Returns the name of the alias of a type that is erroneous if that constant is an error.
pub(crate) fn checked(ident: &Ident) -> Ident {
    format_ident!("__Checked_{}", ident.unraw(), span = Span::call_site())
}

/// Defines that constant: the errors of the syntax, then `rest`: the assertions and `true`.
fn define_checks(input: &Input<'_>, errors: &TokenStream, rest: &TokenStream) -> TokenStream {
    let unchecked = (!input.generics.params.is_empty()).then(|| quote!(Unchecked as _));
    define_constant(&input.krate, input.ident, unchecked.as_ref(), errors, rest)
}

/// Defines that constant, with this in scope as well.
pub(crate) fn define_constant(
    krate: &Path,
    ident: &Ident,
    unchecked: Option<&TokenStream>,
    errors: &TokenStream,
    rest: &TokenStream,
) -> TokenStream {
    let checks = checks(ident);
    // This is an error even where `compile_error` is not, because `mapvalue` is another crate.
    let refused = (!errors.is_empty()).then(|| quote!(__mv::never::<()>();));
    quote! {
        #[doc(hidden)]
        #[allow(deprecated, nonstandard_style, unused, unused_qualifications)]
        const #checks: #krate::__private::bool = {
            use #krate::__private::{self as __mv, #unchecked};
            #errors
            #refused
            #rest
        };
    }
}

/// Defines that alias.
pub(crate) fn define_alias(krate: &Path, ident: &Ident) -> TokenStream {
    let (checks, checked) = (checks(ident), checked(ident));
    quote! {
        #[cfg(doc)]
        type #checked<T> = T;
        #[cfg(not(doc))]
        #[allow(non_camel_case_types)]
        type #checked<T> = #krate::__private::Checked<T, { #checks }>;
    }
}

/// A struct or union, and the names that its expansion uses.
struct Composite<'a> {
    input: &'a Input<'a>,
    krate: &'a Path,
    ident: &'a Ident,
    fields: Vec<FieldOf<'a>>,
    /// The trait that each field must have: `MapValue` in a struct, `Plain` in a union.
    required: Ident,
    mirror: Ident,
    /// The mirror's access parameter.
    access: Ident,
    /// The alias of a type that is erroneous if the type is refused.
    checked: Ident,
}

/// What the bounds of an implementation ask of each field.
#[derive(Clone, Copy)]
enum Asked<'a> {
    /// Only what `MapValue` itself asks.
    Required,
    /// This trait as well.
    Trait(&'a str),
    /// The trait of the way in which the field folds.
    Folds,
}

struct FieldOf<'a> {
    member: Member,
    /// Its name in the mirror. In a union this differs from the field's name, so that rustc can
    /// explain to those who forget the parentheses of the method.
    mirrored: Member,
    name: String,
    /// Its name in C, if that differs.
    rename: Option<LitStr>,
    field: &'a Field,
    ty: &'a Type,
    /// Whether its type is a mistake in its syntax, which is reported.
    refused: bool,
    /// How it folds.
    way: Way,
    /// Whether it says how it folds and its type is known here: then it is asserted that it does.
    folds_here: bool,
}

impl<'a> Composite<'a> {
    fn new(input: &'a Input<'a>, fields: &[&'a Field]) -> Self {
        let required = if let Body::Union(_) = input.data { "Plain" } else { "MapValue" };
        let Input { ident, generics, krate, .. } = input;
        let where_clause = &generics.where_clause;
        let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
        Self {
            input,
            krate: &input.krate,
            ident: input.ident,
            fields: fields.iter().enumerate().map(|(index, field)| FieldOf::new(input, index, field)).collect(),
            required: Ident::new(required, Span::call_site()),
            mirror: format_ident!("{}Shared", input.ident, span = input.ident.span()),
            access: access_name(&quote!(#ident #krate #generics #where_clause), &types),
            checked: checked(input.ident),
        }
    }

    /// Defines what the rest stands on: the constant with the assertions, and the alias.
    fn definitions(&self, assert: fn(&Type) -> TokenStream, errors: &TokenStream) -> TokenStream {
        let Self { krate, input, ident, .. } = self;
        let (mut here, mut generic) = (TokenStream::new(), TokenStream::new());
        for field in self.fields.iter().filter(|field| !field.refused && !field.is_param(input)) {
            let known = bounds::is_fixed(field.ty, input.generics);
            if known { &mut here } else { &mut generic }.extend(assert(field.ty));
        }
        let rest = if generic.is_empty() { quote!(true) } else { self.for_parameters(&generic) };
        let definition = define_checks(input, errors, &quote!(#here #rest));
        let alias = define_alias(krate, ident);
        quote!(#definition #alias)
    }

    /// Makes assertions that mention parameters part of a constant, which has none. They are
    /// compiled for all arguments that meet the type's bounds, and evaluated for numbers, so that
    /// the constant is an error if they are. If no number meets the bounds, it is not: then the
    /// mistake is still reported, but so are the uses of the type.
    fn for_parameters(&self, assertions: &TokenStream) -> TokenStream {
        let params = &self.input.generics.params;
        let generics = self.generics(&quote!(__mv));
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let allow = where_clause.map(|_| quote!(#[allow(clippy::multiple_bound_locations)]));
        let declared = params.iter().map(|param| match param {
            GenericParam::Type(TypeParam { ident, .. }) => quote!(#ident: ?__mv::Sized),
            GenericParam::Const(ConstParam { ident, ty, .. }) => quote!(const #ident: #ty),
            GenericParam::Lifetime(param) => param.to_token_stream(),
        });
        let markers = self.input.generics.type_params().map(|param| &param.ident);
        let evaluated = ["u8", "u16", "u32", "u64", "AtomicU32"].map(|number| {
            let number = Ident::new(number, Span::call_site());
            let arguments = params.iter().map(|param| match param {
                GenericParam::Type(_) => quote!(__mv::#number),
                GenericParam::Const(ConstParam { ty, .. }) => quote!({ <#ty as __mv::Any>::ANY }),
                GenericParam::Lifetime(_) => quote!('static),
            });
            quote!(__MvFor::<#(#arguments),*>::MAPVALUE_CHECKED)
        });
        quote! {
            struct __MvFor<#(#declared),*>(#(__mv::PhantomData<#markers>),*);
            #allow
            impl #impl_generics __MvFor #ty_generics #where_clause {
                const MAPVALUE_CHECKED: __mv::bool = { #assertions true };
            }
            #(#evaluated)&&*
        }
    }

    /// Defines the mirror: a `struct` or `union` of these fields.
    fn mirror_item(&self, keyword: &TokenStream, fields: impl Iterator<Item = TokenStream>) -> TokenStream {
        let Self { krate, mirror, input, .. } = self;
        let mut generics = self.mirror_generics(&krate.to_token_stream(), Some(&quote!(= #krate::ReadWrite)));
        let where_clause = generics.where_clause.take();
        let body = match self.fields[0].mirrored {
            Member::Named(_) => quote!(#where_clause { #(#fields),* }),
            Member::Unnamed(_) => quote!((#(#fields),*) #where_clause;),
        };
        let doc = format!("The shared mirror of [`{}`]: the same layout, in which each leaf is a cell.", self.ident);
        let (vis, align) = (input.vis, input.repr.align.as_ref().map(|align| quote!(, align(#align))));
        quote! {
            #[doc = #doc]
            #[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
            #[allow(private_interfaces, clippy::multiple_bound_locations)]
            #[repr(C #align)]
            #vis #keyword #mirror #generics #body
        }
    }

    /// Returns the parameters of the mirror: those of the type, and the access.
    fn mirror_generics(&self, root: &TokenStream, default: Option<&TokenStream>) -> Generics {
        let access = &self.access;
        let mut generics = self.bounded(root, Asked::Required);
        generics.params.push(parse_quote!(#access: #root::Access #default));
        generics
    }

    /// Returns the mirror with this access, `ReadWrite` if there is none.
    fn mirror_of(&self, access: Option<&Ident>) -> TokenStream {
        let (mirror, mut generics) = (&self.mirror, self.input.generics.clone());
        generics.params.extend(access.map(|access| -> GenericParam { parse_quote!(#access) }));
        let (_, arguments, _) = generics.split_for_impl();
        quote!(#mirror #arguments)
    }

    /// Writes an implementation of a trait for the type.
    fn implement(&self, name: &str, asked: Asked<'_>, body: &TokenStream) -> TokenStream {
        let ident = self.ident;
        let is_safe = name == "Storable" || name == "Fold";
        let keywords = if is_safe { quote!(impl) } else { quote!(unsafe impl) };
        let generics = self.bounded(&quote!(__mv), asked);
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let name = trait_at(name, ident.span());
        let unlisted = self.unlisted();
        quote! {
            #[automatically_derived]
            #unlisted
            #keywords #impl_generics #name for #ident #ty_generics #where_clause { #body }
        }
    }

    /// Keeps mapvalue's own types out of the lists of implementors that rustc prints.
    fn unlisted(&self) -> Option<TokenStream> {
        self.krate.is_ident("crate").then(|| quote!(#[diagnostic::do_not_recommend]))
    }

    /// Implements `Mirror`, the way back from the mirror to the type.
    fn mirror_impl(&self) -> TokenStream {
        let Self { ident, mirror, access, .. } = self;
        let (_, ty_generics, _) = self.input.generics.split_for_impl();
        let generics = self.mirror_generics(&quote!(__mv), None);
        let (impl_generics, mirror_generics, where_clause) = generics.split_for_impl();
        let unlisted = self.unlisted();
        quote! {
            #[automatically_derived]
            #unlisted
            unsafe impl #impl_generics __mv::Mirror for #mirror #mirror_generics #where_clause {
                type Value = #ident #ty_generics;
                type Access = #access;
            }
        }
    }

    /// Implements `MapValue`, with this constructor of the layout and this body of `__try_load`.
    fn map_value_impl(&self, constructor: &str, load: &TokenStream) -> TokenStream {
        let access = &self.access;
        let constructor = Ident::new(constructor, Span::call_site());
        let name = self.ident.unraw().to_string();
        let (mirror, writable) = (self.mirror_of(Some(access)), self.mirror_of(None));
        let renamed = self.input.rename.iter();
        let fields = self.fields.iter().map(|field| self.layout_of(field));
        let offsets = self.fields.iter().map(|field| self.offset(field, self.input.repr.transparent.is_none()));
        let layout = quote! {
            __mv::Layout::#constructor::<Self, #writable>(#name, const { &[#(#fields),*] }, &[#(#offsets),*]) #(.renamed(#renamed))*
        };
        let layout = match self.input.deny_padding {
            Some(span) => quote_spanned!(span=> __mv::Layout::without_padding(#layout)),
            None => layout,
        };
        let body = quote! {
            type Shared<#access: __mv::Access> = #mirror;

            const LAYOUT: __mv::Layout = #layout;

            #[inline]
            fn __try_load<#access: __mv::Access>(__mv: &Self::Shared<#access>) -> __mv::Result<Self, __mv::InvalidValue> {
                __mv::Ok(#load)
            }
        };
        // The layout of a generic type is evaluated where it is used.
        let evaluated = Some(self.ident).filter(|_| self.input.generics.params.is_empty()).into_iter();
        let implementation = self.implement("MapValue", Asked::Required, &body);
        quote!(#(const _: __mv::Layout = <#evaluated as __mv::MapValue>::LAYOUT;)* #implementation)
    }

    /// Writes a field of the layout. A closure tells its type.
    fn layout_of(&self, field: &FieldOf<'_>) -> TokenStream {
        let FieldOf { member, name, .. } = field;
        let (checked, of) = (&self.checked, self.ident.unraw().to_string());
        let offset = self.offset(field, self.input.repr.transparent.is_some());
        let (place, renamed) = (field.ty.span(), field.rename.iter());
        let layout = if let Body::Union(_) = self.input.data {
            let layout = quote_spanned!(place=> __mv::union_layout_of(|__mv| #checked::<Self> { #member: __mv }));
            quote_spanned!(place=> #layout.into_union_field(#name, #of, #offset))
        } else {
            let layout = quote_spanned!(place=> __mv::layout_of(|__mv: &#checked<Self>| &__mv.#member));
            quote_spanned!(place=> #layout.into_field(#name, #of, #offset))
        };
        quote!(#layout #(.renamed(#renamed))*)
    }

    /// Returns the offset of a field in the type or in its mirror. For a `repr(transparent)`
    /// struct, the layout has that of the mirror, which is `repr(C)`.
    fn offset(&self, field: &FieldOf<'_>, mirrored: bool) -> TokenStream {
        let (this, member) =
            if mirrored { (self.mirror_of(None), &field.mirrored) } else { (quote!(Self), &field.member) };
        quote!(__mv::offset_of!(#this, #member))
    }

    /// Returns the mirror of a field's type.
    fn field_mirror(&self, root: &TokenStream, field: &FieldOf<'_>) -> TokenStream {
        let (checked, ty, access) = (&self.checked, field.ty, &self.access);
        // A type with a mistake in its syntax is left out, or rustc would report it again.
        let ty = if field.refused { quote!(()) } else { quote!(#ty) };
        quote_spanned!(field.ty.span()=> <#checked<#ty> as #root::MapValue>::Shared<#access>)
    }

    /// Returns the generics of the type, with bounds on its parameters alone.
    fn generics(&self, root: &TokenStream) -> Generics {
        let types: Vec<&Type> = self.fields.iter().map(|field| field.ty).collect();
        bounds::of_params(self.input.generics, root, &self.required, &types)
    }

    /// Returns the generics of the type, with bounds that ask this of its fields.
    fn bounded(&self, root: &TokenStream, asked: Asked<'_>) -> Generics {
        let mut generics = self.generics(root);
        let mut named = HashSet::new();
        for field in self.fields.iter().filter(|field| !field.refused) {
            let Some(bound) = self.bound(root, asked, field) else { continue };
            // A plain name means one type everywhere: one bound does for all its fields and arrays.
            let plain = bounds::looks_primitive(field.ty).then(|| bounds::innermost(field.ty));
            if plain.is_some_and(|plain| !named.insert(quote!(#plain: #bound).to_string())) {
                continue;
            }
            let folded = matches!(asked, Asked::Folds) && self.folds_here();
            let alias = if folded { quote!(__MvFolded) } else { self.checked.to_token_stream() };
            let ty = plain.unwrap_or(field.ty);
            bounds::add_field(&mut generics, &quote!(#alias<#ty>), &errors::at(bound, field.ty.span()));
        }
        generics
    }

    /// Returns the bound that is asked of a field.
    fn bound(&self, root: &TokenStream, asked: Asked<'_>, field: &FieldOf<'_>) -> Option<TokenStream> {
        let required = &self.required;
        match asked {
            Asked::Required if field.is_param(self.input) || !bounds::is_bounded(self.input.generics) => None,
            Asked::Required => Some(quote!(#root::#required)),
            Asked::Trait(name) => Some(trait_at(name, Span::call_site())),
            Asked::Folds => field.way.needs().map(|(way, _)| way),
        }
    }

    /// Returns whether the expansion asserts that a field folds as it says.
    fn folds_here(&self) -> bool {
        self.fields.iter().any(|field| field.folds_here)
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
        let refused = words::refuse_syntax(&field.ty).is_some();
        let way = fold.map_or(Way::Sum, |(way, _)| way);
        let folds_here = fold.is_some() && way != Way::First && !refused && bounds::is_fixed(&field.ty, input.generics);
        Self { member, mirrored, name, rename, field, ty: &field.ty, refused, way, folds_here }
    }

    /// Returns whether its type is a parameter: then a bound asks that it is a value.
    fn is_param(&self, input: &Input<'_>) -> bool {
        bounds::is_param(self.ty, input.generics)
    }

    /// Returns the attributes that the mirror takes over.
    fn kept_attributes(&self) -> impl Iterator<Item = &Attribute> {
        let kept = |attr: &&Attribute| attr.path().is_ident("doc") || attr.path().is_ident("deprecated");
        self.field.attrs.iter().filter(kept)
    }
}

/// Returns the path of a trait, placed where rustc is to point if it is missing. Placed elsewhere,
/// rustc takes it for a bound of the derive's own, and recommends to implement it by hand.
fn trait_at(name: &str, place: Span) -> TokenStream {
    let name = Ident::new(name, place);
    errors::at(quote!(__mv::#name), place)
}

/// Returns a free name for the access parameter: `A` if possible, which reads best in docs. `seen`
/// is what is in its scope beside the types.
pub(crate) fn access_name(seen: &TokenStream, types: &[&Type]) -> Ident {
    let seen = quote!(#seen #(#types)*);
    // It cannot be seen what a macro in a field's type expands to.
    let plain = Some("A".to_owned()).filter(|_| !types.iter().any(|ty| bounds::has_macro(ty)));
    let numbered = (0..).map(|number| format!("__MapValueAccess{number}"));
    let names = plain.into_iter().chain(["__MapValueAccess".to_owned()]).chain(numbered);
    let mut names = names.map(|name| Ident::new(&name, Span::call_site()));
    names.find(|name| !mentions(seen.clone(), name)).expect("a type mentions no end of names")
}
