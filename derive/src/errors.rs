//! Errors as tokens: calls of `compile_error!`.
//!
//! They reach the macro through the crate `mapvalue`, as all of the expansion does. syn reaches it
//! through `::core`, which is another crate where the user has one of that name.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::{Error, Path};

/// The tokens of syn's `::core::compile_error!{"text"}`.
const TOKENS: usize = 8;

/// Returns the tokens of all errors, each at its mistake.
pub(crate) fn into_tokens(errors: impl IntoIterator<Item = Error>, krate: &Path) -> TokenStream {
    let tokens = errors.into_iter().map(Error::into_compile_error);
    tokens.flat_map(|tokens| redirect(&tokens.into_iter().collect::<Vec<_>>(), krate)).collect()
}

fn redirect(tokens: &[TokenTree], krate: &Path) -> TokenStream {
    let errors = tokens.chunks(TOKENS).map(|error| match error {
        [start, _, TokenTree::Ident(root), .., mark, text] if root == "core" => {
            let path = at(quote!(#krate::__private::compile_error), start.span());
            quote!(#path #mark #text)
        }
        other => other.iter().cloned().collect(),
    });
    errors.collect()
}

/// Moves tokens to another place, to which rustc then points.
pub(crate) fn at(tokens: TokenStream, span: Span) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    moved.collect()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn errors_are_reached_through_the_crate() {
        let mut errors = Error::new(Span::call_site(), "one");
        errors.combine(Error::new(Span::call_site(), "two"));
        let tokens = into_tokens([errors, Error::new(Span::call_site(), "three")], &parse_quote!(::renamed::bpf));
        let expected = quote! {
            ::renamed::bpf::__private::compile_error! { "one" }
            ::renamed::bpf::__private::compile_error! { "two" }
            ::renamed::bpf::__private::compile_error! { "three" }
        };
        assert_eq!(tokens.to_string(), expected.to_string());
    }
}
