//! The ways in which the values that CPUs have of a field fold into one: `#[map_value(fold =
//! "..")]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, LitStr, Result};

/// A way to fold.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    Sum,
    Max,
    Min,
    Or,
    And,
    First,
    Last,
}

impl Way {
    pub(crate) fn parse(word: &LitStr) -> Result<Self> {
        Ok(match word.value().as_str() {
            "sum" => Self::Sum,
            "max" => Self::Max,
            "min" => Self::Min,
            "or" => Self::Or,
            "and" => Self::And,
            "first" => Self::First,
            "last" => Self::Last,
            _ => {
                let words = "not a way to fold a field: write \"sum\" (the default), \"max\", \"min\", \"or\", \"and\", \"first\" \
                             or \"last\"";
                return Err(Error::new_spanned(word, words));
            }
        })
    }

    /// Returns the trait that the field must have, and its function; `None` for a field that is
    /// left as it is.
    pub(crate) fn needs(self) -> Option<(TokenStream, TokenStream)> {
        Some(match self {
            Self::Sum => (quote!(__mv::Fold), quote!(fold)),
            Self::Max => (quote!(__mv::fold::Max), quote!(max)),
            Self::Min => (quote!(__mv::fold::Min), quote!(min)),
            Self::Or => (quote!(__mv::fold::Or), quote!(or)),
            Self::And => (quote!(__mv::fold::And), quote!(and)),
            Self::Last => (quote!(__mv::fold::Last), quote!(last)),
            Self::First => return None,
        })
    }

    /// Returns the assertion that a type has that trait.
    pub(crate) fn assertion(self) -> Option<TokenStream> {
        let name = if self == Self::Sum { quote!(sum) } else { self.needs()?.1 };
        Some(quote!(__mv::fold::#name))
    }
}
