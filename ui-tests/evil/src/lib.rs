//! Macros that give a derive above them another item than they give the compiler.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use proc_macro::{TokenStream, TokenTree};

/// Puts its argument in the place of the item.
#[proc_macro_attribute]
pub fn instead(argument: TokenStream, _: TokenStream) -> TokenStream {
    argument
}

/// How often each use has been expanded.
static TURNS: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

/// `in_turn!(A; B; C)` expands to `A`, then to `B`, then to `C`, and to `C` from then on.
#[proc_macro]
pub fn in_turn(types: TokenStream) -> TokenStream {
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    let turn = turns.entry(types.to_string()).or_default();
    let types: Vec<TokenTree> = types.into_iter().collect();
    let mut types = types.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'));
    let last = types.clone().next_back();
    let ty = types.nth(*turn).or(last).unwrap_or_default();
    *turn += 1;
    ty.iter().cloned().collect()
}
