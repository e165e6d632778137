//! `#[derive(MapEvent)]`: an enum of structs, told apart by a tag.
//!
//! As in the other derive, all assertions about the types are in one constant, and the rest
//! mentions them by the alias that is erroneous if the constant is. The tags and their places are
//! constants of their own: each mistake is an error at its variant.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Fields, Ident, Lit, LitStr, Path, Type, UnOp, Variant, parse_quote,
};

use crate::expand::{block, checked, checks, define_alias, define_constant};
use crate::parse::{parse_words, text};
use crate::{errors, words};

/// The enum with the derive.
struct Event<'a> {
    item: &'a DeriveInput,
    /// Where the crate `mapvalue` is.
    krate: Path,
    /// The field that holds the tag.
    field: Option<LitStr>,
    kinds: Vec<Kind<'a>>,
    /// The variant for other tags, and what it holds.
    other: Option<(&'a Ident, &'a Type)>,
}

/// A variant that holds a struct.
struct Kind<'a> {
    variant: &'a Variant,
    ty: &'a Type,
    tag: Expr,
}

/// What a variant says of itself.
enum Says {
    Tag(Expr),
    Other,
}

pub(crate) fn expand(item: &DeriveInput) -> TokenStream {
    let mut mistakes = Vec::new();
    let event = Event::parse(item, &mut mistakes);
    let (krate, ident) = (&event.krate, &item.ident);
    let errors = errors::into_tokens(mistakes, krate);
    let definitions = |errors: &TokenStream, assertions: &TokenStream| {
        let constant = define_constant(krate, ident, None, errors, &quote!(#assertions true));
        let alias = define_alias(krate, ident);
        quote!(#constant #alias)
    };
    match &event {
        Event { field: Some(field), other: Some((other, tag)), kinds, .. } if errors.is_empty() => {
            let types = kinds.iter().map(|kind| words::assert_value(kind.ty));
            let asserted = quote_spanned!(tag.span()=> __mv::event::tag::assert_tag::<#tag>(););
            let definitions = definitions(&errors, &quote!(#(#types)* #asserted));
            let view = event.view(other, tag);
            let block = block(krate, &event.implementation(field, other, tag));
            quote!(#definitions #view #block)
        }
        _ => {
            let (definitions, stand_in) = (definitions(&errors, &TokenStream::new()), event.stand_in());
            quote!(#definitions #stand_in)
        }
    }
}

impl<'a> Event<'a> {
    fn parse(item: &'a DeriveInput, mistakes: &mut Vec<Error>) -> Self {
        let mut this = Self { item, krate: parse_quote!(::mapvalue), field: None, kinds: Vec::new(), other: None };
        let words = "an event may have `tag = \"field\"` and `crate = \"path\"`";
        let before = mistakes.len();
        mistakes.extend(
            parse_words("map_event", &item.attrs, words, |word, meta| {
                match word {
                    "crate" => this.krate = text(meta)?.parse_with(Path::parse_mod_style)?,
                    "tag" => this.field = Some(text(meta)?),
                    _ => return Ok(false),
                }
                Ok(true)
            })
            .err(),
        );
        let is_spelt = mistakes.len() == before;
        let Data::Enum(data) = &item.data else {
            let words = "an event is an enum with a variant for each kind, which holds the struct of that kind";
            mistakes.push(Error::new_spanned(&item.ident, words));
            return this;
        };
        if !item.generics.params.is_empty() {
            let words = "an event has no parameters: its tags stand for types that both sides know";
            mistakes.push(Error::new_spanned(&item.generics, words));
        }
        if this.field.is_none() && is_spelt {
            let words = "which field of the structs holds the tag? Add #[map_event(tag = \"kind\")]";
            mistakes.push(Error::new_spanned(&item.ident, words));
        }
        let before = mistakes.len();
        for variant in &data.variants {
            if let Err(mistake) = this.add(variant) {
                mistakes.push(mistake);
            }
        }
        if mistakes.len() == before && this.kinds.is_empty() {
            let words = "an event without kinds says nothing: add a variant, such as #[map_event(tag = 1)] Exec(Exec)";
            mistakes.push(Error::new_spanned(&item.ident, words));
        } else if mistakes.len() == before && this.other.is_none() {
            let words = "a record may have a tag that no variant has, of a newer program or a damaged one: add a variant for it, \
                         #[map_event(other)] Other(u32), which holds the tag";
            mistakes.push(Error::new_spanned(&item.ident, words));
        }
        this
    }

    fn add(&mut self, variant: &'a Variant) -> Result<(), Error> {
        let says = Says::parse(variant)?;
        let ty = match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => &fields.unnamed[0].ty,
            fields => {
                let place = if fields.is_empty() { variant.ident.span() } else { fields.span() };
                let words = match says {
                    Says::Tag(_) => {
                        "a variant holds the struct of its kind, and nothing else: write it as `Exec(Exec)`"
                    }
                    Says::Other => "the variant for other tags holds the tag: write it as `Other(u32)`",
                };
                return Err(Error::new(place, words));
            }
        };
        if let Some(refused) = words::refuse_syntax(ty) {
            return Err(refused);
        }
        match says {
            Says::Tag(tag) => self.kinds.push(Kind { variant, ty, tag }),
            Says::Other if self.other.is_some() => {
                return Err(Error::new_spanned(
                    &variant.ident,
                    "another variant is for other tags already: remove one",
                ));
            }
            Says::Other => self.other = Some((&variant.ident, ty)),
        }
        Ok(())
    }

    fn view_ident(&self) -> Ident {
        format_ident!("{}View", self.item.ident, span = self.item.ident.span())
    }

    /// Defines the enum of the event in place.
    fn view(&self, other: &Ident, tag: &Type) -> TokenStream {
        let (krate, vis, view) = (&self.krate, &self.item.vis, self.view_ident());
        let checked = checked(&self.item.ident);
        let doc = format!("An [`{}`] in place: each variant holds the head of a record.", self.item.ident);
        let variants = self.kinds.iter().map(|Kind { variant, ty, .. }| {
            let (attrs, ident) = (kept_attributes(variant), &variant.ident);
            let ty = quote_spanned!(ty.span()=> #checked<#ty>);
            quote!(#(#attrs)* #ident(#krate::ring::Head<'r, #ty>))
        });
        quote! {
            #[doc = #doc]
            #[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
            #[allow(private_interfaces)]
            #[derive(#krate::__private::Clone, #krate::__private::Copy, #krate::__private::Debug)]
            #vis enum #view<'r> {
                #(#variants,)*
                /// A tag that no other variant has, and the record.
                #other(#checked<#tag>, &'r #krate::Record<'r>),
            }
        }
    }

    fn implementation(&self, field: &LitStr, other: &Ident, number: &Type) -> TokenStream {
        let (ident, view) = (&self.item.ident, self.view_ident());
        let checked = checked(ident);
        let number = quote_spanned!(number.span()=> #checked<#number>);
        let names: Vec<&Ident> = self.kinds.iter().map(|kind| &kind.variant.ident).collect();
        let tags: Vec<Ident> =
            names.iter().map(|name| format_ident!("__MV_TAG_{}", name.unraw(), span = Span::call_site())).collect();
        let values = self.kinds.iter().zip(&tags).map(|(kind, name)| kind.constant(name, &number));
        let distinct = self.kinds.iter().enumerate().skip(1).map(|(index, kind)| {
            let (texts, before, tag) =
                (names.iter().take(index).map(|name| name.unraw().to_string()), &tags[..index], &tags[index]);
            quote_spanned! {kind.tag.span()=>
                const _: () = __mv::event::tag::assert_new(&[#((#texts, #before as __mv::i128)),*], #tag as __mv::i128);
            }
        });
        let places = self.kinds.iter().enumerate().map(|(index, Kind { variant, ty, .. })| {
            let name = &variant.ident;
            if index == 0 {
                let found = quote_spanned!(ty.span()=> __mv::event::tag::Place::of(#checked::<#ident>::#name, #field));
                quote!(const __MV_PLACE: __mv::event::tag::Place<#ident, #number> = #found;)
            } else {
                let same = quote_spanned!(ty.span()=> __MV_PLACE.assert_in(#checked::<#ident>::#name, #field));
                quote!(const _: () = #same;)
            }
        });
        quote! {
            #(#values)*
            #(#distinct)*
            #(#places)*

            // Who reads events in place alone never reads these fields.
            #[allow(dead_code)]
            fn __mv_read(__mv: &#ident) {
                match __mv {
                    #(#ident::#names(__mv_read) => _ = __mv_read,)*
                    #ident::#other(__mv_read) => _ = __mv_read,
                }
            }

            #[automatically_derived]
            impl __mv::MapEvent for #ident {
                type View<'r> = #view<'r>;

                #[inline]
                fn view<'r>(__mv_record: &'r __mv::Record<'_>) -> __mv::Result<#view<'r>, __mv::RingError> {
                    match __MV_PLACE.load(__mv_record)? {
                        #(#tags => __mv::event::view(__mv_record, #view::#names),)*
                        __mv_tag => __mv::Ok(#view::#other(__mv_tag, __mv_record)),
                    }
                }

                #[inline]
                fn load(__mv_record: &__mv::Record<'_>) -> __mv::Result<Self, __mv::RingError> {
                    match __MV_PLACE.load(__mv_record)? {
                        #(#tags => __mv::event::load(__mv_record, #checked::<Self>::#names),)*
                        __mv_tag => __mv::Ok(#checked::<Self>::#other(__mv_tag)),
                    }
                }

                #[inline]
                fn from_prefix(__mv_bytes: &[__mv::u8]) -> __mv::Result<(Self, __mv::Rest<'_>), __mv::ValueError> {
                    match __MV_PLACE.decode(__mv_bytes)? {
                        #(#tags => __mv::event::decode(__mv_bytes, #checked::<Self>::#names),)*
                        __mv_tag => __mv::Ok((#checked::<Self>::#other(__mv_tag), __mv::Rest::all(__mv_bytes))),
                    }
                }

                fn check(__mv_btf: &__mv::Btf) -> __mv::Result<(), __mv::BtfError> {
                    #(__mv::event::check(__mv_btf, #checked::<Self>::#names)?;)*
                    __mv::Ok(())
                }
            }
        }
    }

    /// Implements the trait for an enum with a mistake, so that its uses are not errors as well.
    fn stand_in(&self) -> TokenStream {
        let (ident, checks) = (&self.item.ident, checks(&self.item.ident));
        if !self.item.generics.params.is_empty() {
            return TokenStream::new();
        }
        let items = quote! {
            #[automatically_derived]
            impl __mv::MapEvent for #ident {
                type View<'r> = __mv::Checked<(), { #checks }>;
                fn view<'r>(_: &'r __mv::Record<'_>) -> __mv::Result<Self::View<'r>, __mv::RingError> {
                    __mv::never()
                }
                fn load(_: &__mv::Record<'_>) -> __mv::Result<Self, __mv::RingError> {
                    __mv::never()
                }
                fn from_prefix(_: &[__mv::u8]) -> __mv::Result<(Self, __mv::Rest<'_>), __mv::ValueError> {
                    __mv::never()
                }
                fn check(_: &__mv::Btf) -> __mv::Result<(), __mv::BtfError> {
                    __mv::never()
                }
            }
        };
        block(&self.krate, &items)
    }
}

impl Kind<'_> {
    /// Defines the constant with the tag.
    fn constant(&self, name: &Ident, number: &TokenStream) -> TokenStream {
        let tag = &self.tag;
        let value = if let Expr::Path(_) = tag {
            // A constant of another type, or the variant of an enum.
            quote_spanned! {tag.span()=> {
                const __MV: __mv::i128 = #tag as __mv::i128;
                __mv::event::tag::assert_fits(__MV, __MV as #number as __mv::i128);
                __MV as #number
            }}
        } else {
            quote!(#tag)
        };
        quote!(#[allow(non_upper_case_globals)] const #name: #number = #value;)
    }
}

impl Says {
    fn parse(variant: &Variant) -> Result<Self, Error> {
        let (mut tag, mut other) = (None, None);
        let words = "a variant has `tag = 1` or `other`";
        parse_words("map_event", &variant.attrs, words, |word, meta| {
            match word {
                "tag" => tag = Some(number(meta.value()?.parse()?)?),
                "other" => other = Some(meta.path.span()),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        match (tag, other) {
            (Some(tag), None) => Ok(Self::Tag(tag)),
            (None, Some(_)) => Ok(Self::Other),
            (None, None) => Err(Error::new_spanned(
                &variant.ident,
                "which tag has this kind? Add #[map_event(tag = 1)], or #[map_event(other)] to the variant for other tags",
            )),
            (Some(_), Some(other)) => {
                Err(Error::new(other, "a variant with a tag is not for other tags: remove one of both"))
            }
        }
    }
}

/// Accepts a number, or a path to one.
fn number(tag: Expr) -> Result<Expr, Error> {
    let is_int = |expr: &Expr| matches!(expr, Expr::Lit(lit) if matches!(lit.lit, Lit::Int(_) | Lit::Byte(_)));
    match &tag {
        Expr::Path(_) => Ok(tag),
        Expr::Group(group) => number((*group.expr).clone()),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) && is_int(&unary.expr) => Ok(tag),
        literal if is_int(literal) => Ok(tag),
        _ => Err(Error::new_spanned(
            &tag,
            "a tag is a number, or the path of a constant or of an enum's variant: `tag = 1`, `tag = Kind::Exec`",
        )),
    }
}

/// Returns the attributes that the view takes over.
fn kept_attributes(variant: &Variant) -> impl Iterator<Item = &Attribute> {
    variant.attrs.iter().filter(|attr| attr.path().is_ident("doc") || attr.path().is_ident("deprecated"))
}
