//! How the values that CPUs have of a field fold into one: the words of `#[map_value(fold = "..")]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, LitStr, Path, Result};

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
                let words = "no way to fold a field: there are \"sum\" (which it is without this), \"max\", \"min\", \"or\", \"and\", \
                             \"first\" and \"last\"";
                return Err(Error::new_spanned(word, words));
            }
        })
    }

    /// The trait that the field must have, and its function; none of what is left as it is.
    pub(crate) fn needs(self, krate: &Path) -> Option<(TokenStream, TokenStream)> {
        let private = quote!(#krate::__private::fold);
        Some(match self {
            Self::Sum => (quote!(#krate::Fold), quote!(fold)),
            Self::Max => (quote!(#private::Max), quote!(max)),
            Self::Min => (quote!(#private::Min), quote!(min)),
            Self::Or => (quote!(#private::Or), quote!(or)),
            Self::And => (quote!(#private::And), quote!(and)),
            Self::Last => (quote!(#private::Last), quote!(last)),
            Self::First => return None,
        })
    }

    /// The assertion that a type has that trait.
    pub(crate) fn assertion(self, krate: &Path) -> Option<TokenStream> {
        let name = match self {
            Self::Sum => quote!(sum),
            way => way.needs(krate)?.1,
        };
        Some(quote!(#krate::__private::fold::#name))
    }
}
