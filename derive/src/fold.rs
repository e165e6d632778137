//! The ways in which the values of all CPUs fold into one: `#[map_value(fold = "..")]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Ident, LitStr, Result};

/// A way to fold, called by the name in small letters.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    const ALL: [Self; 7] = [Self::Sum, Self::Max, Self::Min, Self::Or, Self::And, Self::First, Self::Last];

    pub(crate) fn parse(word: &LitStr) -> Result<Self> {
        let way = Self::ALL.into_iter().find(|way| way.name() == word.value());
        way.ok_or_else(|| {
            let words = "not a way to fold a field: write \"sum\" (the default), \"max\", \"min\", \"or\", \"and\", \"first\" \
                         or \"last\"";
            Error::new_spanned(word, words)
        })
    }

    fn name(self) -> Ident {
        format_ident!("{}", format!("{self:?}").to_lowercase())
    }

    /// Returns the trait that the field must have, and its function; `None` for one that is
    /// left as it is.
    pub(crate) fn needs(self) -> Option<(TokenStream, Ident)> {
        match self {
            Self::Sum => Some((quote!(__mv::Fold), format_ident!("fold"))),
            Self::First => None,
            _ => {
                let way = format_ident!("{self:?}");
                Some((quote!(__mv::fold::#way), self.name()))
            }
        }
    }

    /// Returns the assertion that a type has that trait.
    pub(crate) fn assertion(self) -> TokenStream {
        let name = self.name();
        quote!(__mv::fold::#name)
    }
}
