//! `#[derive(MapValue)]`, `#[derive(MapEvent)]` and `#[derive(MapView)]`: see the documentation of
//! the crate `mapvalue`, which re-exports them.
//!
//! There are three steps, a module each. `parse` reads the item and its attributes, `check` refuses
//! the mistakes that the syntax shows, and `expand` writes the mirror and the implementations, with
//! the bounds of `bounds`, the words of `words` and the errors of `errors`. Whether a field is a
//! `MapValue` only its type tells: this is left to assertions and bounds in the expansion. `event`
//! and `view` are the other derives.

mod bounds;
mod check;
mod errors;
mod event;
mod expand;
mod fold;
#[cfg(test)]
mod golden;
mod parse;
mod view;
mod words;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a type one that may live in memory shared with BPF programs.
///
/// For a struct `Stats` with `#[repr(C)]` or `#[repr(transparent)]` it writes the mirror
/// `StatsShared` (the same layout, in which each leaf is a `Shared` cell) and implements
/// `MapValue`. It does the same for a `repr(C)` union of plain fields without `bool`; the mirror of
/// a union has a method for each field. So has the union itself, unless it has parameters: one that
/// reads the field, if all of its bytes are initialized whichever field the union was made from
/// (`Whole` reads the others). For a field-less enum with `#[repr(u8)]` to `#[repr(i64)]` it
/// implements `MapValue` and `Leaf`.
///
/// Attributes on the type:
///
/// - `#[map_value(crate = "path")]` if `mapvalue` is reached under another name. This path, and
///   `::mapvalue` without the attribute, are trusted to lead to this crate. A crate or module in
///   its place, `extern crate self as mapvalue` included, undoes what the derive proves, and can
///   break the safety of memory without `unsafe`.
/// - `#[map_value(deny_padding)]` on a struct or union makes padding an error, which says where it
///   is.
/// - `#[map_value(aya)]` on a struct implements aya's `Pod`, so that it can be a key or value of
///   aya's maps. It is an error unless every byte belongs to a field (no padding), any bytes are a
///   value (no `bool`, enum or union inside), and the struct is `Copy`. Write `#[map_value(aya =
///   "path")]` if `aya` is reached under another name; this path is trusted as well. In a crate of
///   types that programs share, write `#[cfg_attr(feature = "user", map_value(aya))]`.
/// - `#[map_value(rename = "conn_info")]` gives its name in C (of the struct, union, enum or
///   typedef) where that differs.
///
/// Attributes on a field:
///
/// - `#[map_value(rename = "type")]` gives the field's name in C. (`r#type` is called `type`
///   without it.)
/// - `#[map_value(fold = "max")]` says how the trait `Fold` folds the values that CPUs have of the
///   field into one: by `sum` (the default), `max`, `min`, `or`, `and`, `first` or `last`.
///
/// Variants of an enum have no attributes: they are compared with those in C by value.
#[proc_macro_derive(MapValue, attributes(map_value))]
pub fn derive_map_value(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    expand_item(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an enum an event of several kinds, which a tag tells apart.
///
/// Each variant holds one struct that derives `MapValue`, and one variant holds the tag if it is
/// none of theirs. It implements `MapEvent` and writes the enum of the event in place: `EventView`
/// for an enum `Event`. Its documentation has an example.
///
/// Attributes on the enum:
///
/// - `#[map_event(tag = "kind")]` says which field of the structs holds the tag. It may be one of a
///   struct inside: `tag = "header.kind"`. It is at the same offset in each, of the same type.
/// - `#[map_event(crate = "path")]` if `mapvalue` is reached under another name.
///
/// Attributes on a variant, of which each has one:
///
/// - `#[map_event(tag = 1)]` is its tag: a number, a constant, or the variant of an enum without
///   data (`tag = Kind::Exec`).
/// - `#[map_event(other)]` marks the variant for all other tags. It holds the tag as an integer,
///   such as `u32`.
#[proc_macro_derive(MapEvent, attributes(map_event))]
pub fn derive_map_event(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    event::expand(&item).into()
}

/// Makes a struct a view: the fields that a reader needs of a C type, found by name in its BTF.
///
/// For a struct `Task` it writes the struct of the fields in place, `TaskFields`, with a method for
/// each, and implements `MapView`. An enum without data becomes one whose values are found by name,
/// for a field of a view. The documentation of `MapView` has an example.
///
/// Attributes on the struct:
///
/// - `#[map_view(name = "task_ctx")]` gives the name of the C type (a struct, union or typedef)
///   where that differs.
/// - `#[map_view(crate = "path")]` if `mapvalue` is reached under another name. This path is
///   trusted to lead to this crate.
///
/// Attributes on a field:
///
/// - `#[map_view(path = "stats.runtime_ns")]` says where it is: a member, of a struct inside too,
///   and an element of an array, `cpus[0].load`.
/// - `#[map_view(at_least)]` on an array lets C have more elements, `#[map_view(at_most)]` fewer.
///
/// Attributes on a variant of an enum:
///
/// - `#[map_view(name = "MODE_OFF")]` is its name in C.
/// - `#[map_view(optional)]` lets C have no value of that name.
#[proc_macro_derive(MapView, attributes(map_view))]
pub fn derive_map_view(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    view::expand(&item).into()
}

fn expand_item(item: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let input = parse::Input::parse(item)?;
    let verdict = check::check(&input);
    Ok(expand::expand(&input, verdict))
}
