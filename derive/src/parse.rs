//! The item as the other steps need it: its `repr`, our attributes, and its fields or variants.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DataStruct, DataUnion, DeriveInput, Error, Field, Generics, Ident, LitInt, LitStr, Path, Result,
    Token, Variant, Visibility, parse_quote,
};

use crate::fold::Way;

/// The item with the derive.
pub(crate) struct Input<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) vis: &'a Visibility,
    pub(crate) generics: &'a Generics,
    pub(crate) attrs: &'a [Attribute],
    pub(crate) repr: Repr,
    /// Where the crate `mapvalue` is.
    pub(crate) krate: Path,
    /// Where it says that padding is an error, if it does.
    pub(crate) deny_padding: Option<Span>,
    /// Whether it asks to be a `Pod` of aya.
    pub(crate) aya: Option<Aya>,
    /// Its name in C, if that differs.
    pub(crate) rename: Option<LitStr>,
    /// The first mistake in our attributes.
    pub(crate) misspelt: Option<Error>,
    pub(crate) data: Body<'a>,
}

/// A wish to be a `Pod` of aya.
pub(crate) struct Aya {
    /// Where it is written.
    pub(crate) given: Span,
    /// Where the crate `aya` is.
    pub(crate) krate: Path,
}

pub(crate) enum Body<'a> {
    Struct(Vec<&'a Field>),
    Enum(Vec<&'a Variant>),
    Union(Vec<&'a Field>),
}

/// What all `#[repr(..)]` attributes say together, and where.
#[derive(Default)]
pub(crate) struct Repr {
    pub(crate) c: Option<Span>,
    pub(crate) transparent: Option<Span>,
    pub(crate) packed: Option<Span>,
    pub(crate) align: Option<LitInt>,
    /// Whether there is another word, which rustc refuses.
    pub(crate) unknown: bool,
    /// An integer type, for enums.
    pub(crate) int: Option<Ident>,
}

impl<'a> Input<'a> {
    pub(crate) fn parse(input: &'a DeriveInput) -> Result<Self> {
        let data = match &input.data {
            Data::Struct(DataStruct { fields, .. }) => Body::Struct(fields.iter().collect()),
            Data::Enum(data) => Body::Enum(data.variants.iter().collect()),
            Data::Union(DataUnion { fields, .. }) => Body::Union(fields.named.iter().collect()),
        };
        let (Attributes { krate, deny_padding, aya, rename }, misspelt) = Attributes::parse(&input.attrs);
        Ok(Self {
            ident: &input.ident,
            vis: &input.vis,
            generics: &input.generics,
            attrs: &input.attrs,
            repr: Repr::parse(&input.attrs)?,
            krate: krate.unwrap_or_else(|| parse_quote!(::mapvalue)),
            deny_padding,
            aya,
            rename,
            misspelt,
            data,
        })
    }
}

const INTEGERS: [&str; 12] = ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];

impl Repr {
    fn parse(attrs: &[Attribute]) -> Result<Self> {
        let mut repr = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("repr")) {
            attr.parse_nested_meta(|meta| {
                let Some(word) = meta.path.get_ident() else { return Ok(()) };
                let span = word.span();
                match word.to_string().as_str() {
                    "C" => repr.c = Some(span),
                    "transparent" => repr.transparent = Some(span),
                    "packed" => {
                        repr.packed = Some(span);
                        skip_parentheses(&meta)?;
                    }
                    "align" => {
                        let content;
                        syn::parenthesized!(content in meta.input);
                        repr.raise_align(content.parse()?);
                    }
                    int if INTEGERS.contains(&int) => repr.int = Some(word.clone()),
                    "Rust" => {}
                    _ => {
                        repr.unknown = true;
                        skip_parentheses(&meta)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(repr)
    }
}

impl Repr {
    /// Raises the alignment: the largest counts. One that is not a number is left to rustc.
    fn raise_align(&mut self, align: LitInt) {
        let bytes = |align: &LitInt| align.base10_parse::<u32>().unwrap_or(0);
        if self.align.as_ref().is_none_or(|old| bytes(old) < bytes(&align)) {
            self.align = Some(align);
        }
    }
}

fn skip_parentheses(meta: &syn::meta::ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<proc_macro2::TokenStream>()?;
    }
    Ok(())
}

/// The content of `#[map_value(..)]` on the type.
#[derive(Default)]
struct Attributes {
    krate: Option<Path>,
    deny_padding: Option<Span>,
    aya: Option<Aya>,
    rename: Option<LitStr>,
}

impl Attributes {
    /// Parses them, and returns the first mistake as well. What follows it is left out.
    fn parse(attrs: &[Attribute]) -> (Self, Option<Error>) {
        let mut this = Self::default();
        let result = ours(attrs).try_for_each(|attr| {
            attr.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    let path = text(&meta, "crate", this.krate.is_some())?;
                    this.krate = Some(path.parse_with(Path::parse_mod_style)?);
                } else if meta.path.is_ident("deny_padding") {
                    if this.deny_padding.replace(meta.path.span()).is_some() {
                        return Err(meta.error("`deny_padding` is given twice"));
                    }
                } else if meta.path.is_ident("aya") {
                    let twice = this.aya.is_some();
                    let given = meta.path.span();
                    let aya = this.aya.get_or_insert_with(|| Aya { given, krate: parse_quote!(::aya) });
                    if meta.input.peek(Token![=]) {
                        aya.krate = text(&meta, "aya", twice)?.parse_with(Path::parse_mod_style)?;
                    } else if twice {
                        return Err(meta.error("`aya` is given twice"));
                    }
                } else if meta.path.is_ident("rename") {
                    this.rename = Some(text(&meta, "rename", this.rename.is_some())?);
                } else {
                    return Err(meta.error(
                        "unknown attribute of `map_value`: a type may have `crate = \"path\"`, `rename = \"name in C\"`, \
                         `deny_padding` and `aya`",
                    ));
                }
                Ok(())
            })
        });
        (this, result.err())
    }
}

/// The content of `#[map_value(..)]` on a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    /// Its name in C, if that is another.
    pub(crate) rename: Option<LitStr>,
    /// How it folds, and where that is written, if it is.
    pub(crate) fold: Option<(Way, Span)>,
}

impl FieldAttributes {
    pub(crate) fn parse(attrs: &[Attribute]) -> Result<Self> {
        let mut this = Self::default();
        for attr in ours(attrs) {
            attr.parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    this.rename = Some(text(&meta, "rename", this.rename.is_some())?);
                } else if meta.path.is_ident("fold") {
                    let way = text(&meta, "fold", this.fold.is_some())?;
                    this.fold = Some((Way::parse(&way)?, meta.path.span()));
                } else {
                    return Err(meta.error(
                        "unknown attribute of `map_value`: a field may have `rename = \"name in C\"` and `fold = \"max\"`",
                    ));
                }
                Ok(())
            })?;
        }
        Ok(this)
    }

    /// Parses them again, after `check` has reported the mistakes.
    pub(crate) fn known(attrs: &[Attribute]) -> Self {
        Self::parse(attrs).unwrap_or_default()
    }
}

/// Refuses attributes on a variant, which has none.
pub(crate) fn refuse_attributes(variant: &Variant) -> Result<()> {
    match ours(&variant.attrs).next() {
        Some(attr) => Err(Error::new_spanned(
            attr,
            "`map_value` has no attributes for variants: they are compared with those in C by value, so they need no rename",
        )),
        None => Ok(()),
    }
}

fn ours(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("map_value"))
}

/// Parses the text after `name =`, which may be given once.
fn text(meta: &syn::meta::ParseNestedMeta<'_>, name: &str, given: bool) -> Result<LitStr> {
    if given {
        return Err(meta.error(format!("`{name}` is given twice")));
    }
    meta.value()?.parse()
}
