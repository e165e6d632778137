//! `#[derive(MapValue)]`: see the documentation of the crate `mapvalue`, which re-exports it.
//!
//! Three steps, a module each: `parse` reads the item and its attributes, `check` refuses what can be seen to be wrong from
//! the syntax, `expand` writes the mirror and the implementations (with the where-clauses of
//! `bounds` and the words of `words`). What only the types can tell (whether a field is a
//! `MapValue` itself) is left to the trait bounds of what is written.

mod bounds;
mod check;
mod expand;
mod parse;
mod words;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a type one that may live in memory shared with BPF programs.
///
/// For a struct `Stats` with `#[repr(C)]` or `#[repr(transparent)]` it writes the mirror `StatsShared` (the same layout, each
/// leaf a `Shared` cell) and implements `MapValue`; for a field-less enum with `#[repr(u8)]` to `#[repr(i64)]` it implements
/// `MapValue` and `Leaf`.
///
/// Attributes: `#[map_value(crate = "path")]` on the type if `mapvalue` is reached under another name.
#[proc_macro_derive(MapValue, attributes(map_value))]
pub fn derive_map_value(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    parse::Input::parse(&input)
        .and_then(|input| check::check(&input).map(|()| expand::expand(&input)))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
