//! The item as the other steps need it: its `repr`, our attributes, and its fields or variants.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
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
        let mut this = Self {
            ident: &input.ident,
            vis: &input.vis,
            generics: &input.generics,
            attrs: &input.attrs,
            repr: Repr::parse(&input.attrs)?,
            krate: parse_quote!(::mapvalue),
            deny_padding: None,
            aya: None,
            rename: None,
            misspelt: None,
            data,
        };
        let words = "a type may have `crate = \"path\"`, `rename = \"name in C\"`, `deny_padding` and `aya`";
        let parsed = parse_ours(&input.attrs, words, |word, meta| {
            match word {
                "crate" => this.krate = text(meta)?.parse_with(Path::parse_mod_style)?,
                "rename" => this.rename = Some(text(meta)?),
                "deny_padding" => this.deny_padding = Some(meta.path.span()),
                "aya" => {
                    let aya = this.aya.insert(Aya { given: meta.path.span(), krate: parse_quote!(::aya) });
                    if meta.input.peek(Token![=]) {
                        aya.krate = text(meta)?.parse_with(Path::parse_mod_style)?;
                    }
                }
                _ => return Ok(false),
            }
            Ok(true)
        });
        this.misspelt = parsed.err();
        Ok(this)
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
                        // The largest counts. One that is not a number is left to rustc.
                        let align: LitInt = content.parse()?;
                        let bytes = |align: &LitInt| align.base10_parse::<u32>().unwrap_or(0);
                        if repr.align.as_ref().is_none_or(|old| bytes(old) < bytes(&align)) {
                            repr.align = Some(align);
                        }
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

fn skip_parentheses(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<proc_macro2::TokenStream>()?;
    }
    Ok(())
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
        let words = "a field may have `rename = \"name in C\"` and `fold = \"max\"`";
        parse_ours(attrs, words, |word, meta| {
            match word {
                "rename" => this.rename = Some(text(meta)?),
                "fold" => this.fold = Some((Way::parse(&text(meta)?)?, meta.path.span())),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(this)
    }

    /// Parses them again, after `check` has reported the mistakes.
    pub(crate) fn known(attrs: &[Attribute]) -> Self {
        Self::parse(attrs).unwrap_or_default()
    }
}

/// Returns the attributes that are this derive's.
pub(crate) fn ours(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    named("map_value", attrs)
}

fn named<'a>(name: &'a str, attrs: &'a [Attribute]) -> impl Iterator<Item = &'a Attribute> {
    attrs.iter().filter(move |attr| attr.path().is_ident(name))
}

/// Parses the words in `#[map_value(..)]`, each of which may be given once, up to the first
/// mistake. `known` takes a word, and returns whether there is one of that name.
fn parse_ours(
    attrs: &[Attribute],
    words: &str,
    known: impl FnMut(&str, &ParseNestedMeta<'_>) -> Result<bool>,
) -> Result<()> {
    parse_words("map_value", attrs, words, known)
}

/// Parses the words in the attributes of a name.
pub(crate) fn parse_words(
    name: &str,
    attrs: &[Attribute],
    words: &str,
    mut known: impl FnMut(&str, &ParseNestedMeta<'_>) -> Result<bool>,
) -> Result<()> {
    let mut given = Vec::new();
    named(name, attrs).try_for_each(|attr| {
        attr.parse_nested_meta(|meta| {
            let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if given.contains(&word) {
                return Err(meta.error(format!("`{word}` is given twice")));
            }
            if !known(&word, &meta)? {
                return Err(meta.error(format!("unknown attribute of `{name}`: {words}")));
            }
            given.push(word);
            Ok(())
        })
    })
}

/// Parses the text after `name =`.
pub(crate) fn text(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    meta.value()?.parse()
}
