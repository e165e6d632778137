//! Compares expansions with files that a person can read: `golden/NAME.rs` is the item,
//! `golden/NAME.expanded.rs` its expansion. `UPDATE_GOLDEN=1 cargo test -p mapvalue-derive` writes
//! the latter anew.

use std::path::{Path, PathBuf};
use std::{env, fs};

use syn::DeriveInput;

use crate::{event, expand_item, view};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

fn check(name: &str) {
    let item = fs::read_to_string(golden(&format!("{name}.rs"))).unwrap();
    let item: DeriveInput = syn::parse_str(&item).unwrap();
    let has = |name: &str| item.attrs.iter().any(|attr| attr.path().is_ident(name));
    let expanded = match () {
        () if has("map_event") => event::expand(&item),
        () if has("map_view") => view::expand(&item),
        () => expand_item(&item).unwrap(),
    };
    let expanded = prettyplease::unparse(&syn::parse2(expanded).unwrap());
    let file = golden(&format!("{name}.expanded.rs"));
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &expanded).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap();
    assert!(expanded == expected, "{name} expands to something else than {}:\n{expanded}", file.display());
}

macro_rules! golden {
    ($($test:ident: $name:literal;)*) => {$(
        #[test]
        fn $test() {
            check($name);
        }
    )*};
}

golden! {
    a_struct_expands_as_its_golden_file_says: "struct";
    a_generic_tuple_struct_expands_as_its_golden_file_says: "generic";
    an_enum_expands_as_its_golden_file_says: "enum";
    a_union_expands_as_its_golden_file_says: "union";
    an_event_expands_as_its_golden_file_says: "event";
    a_view_expands_as_its_golden_file_says: "view";
    a_pod_of_aya_expands_as_its_golden_file_says: "aya";
}

#[test]
fn no_input_makes_the_derive_panic() {
    // The derive refuses these or leaves them to rustc. What matters is that it answers.
    for item in [
        "struct S;",
        "#[repr(C)] struct S();",
        "#[repr(C)] enum E {}",
        "#[repr(u8)] enum E { A(u8), B { c: u8 } }",
        "#[repr()] struct S { a: u8 }",
        "#[repr] struct S { a: u8 }",
        "#[repr = 3] struct S { a: u8 }",
        "#[repr(align)] struct S { a: u8 }",
        "#[repr(align(x))] struct S { a: u8 }",
        "#[repr(align(99999999999999999999))] struct S { a: u8 }",
        "#[repr(C, packed(2))] struct S { a: u8 }",
        "#[repr(C)] #[map_value] struct S { a: u8 }",
        "#[repr(C)] #[map_value = 3] struct S { a: u8 }",
        "#[repr(C)] #[map_value(crate)] struct S { a: u8 }",
        "#[repr(C)] #[map_value(crate = 3)] struct S { a: u8 }",
        "#[repr(C)] #[map_value(crate = \"a b\")] struct S { a: u8 }",
        "#[repr(C)] #[map_value(aya = 3)] struct S<T> { a: T }",
        "#[repr(C)] #[map_value(aya, aya = \"a b\")] union U { a: u8 }",
        "#[repr(C)] #[map_value(aya())] struct S<'a> { a: &'a u8 }",
        "#[repr(C)] #[map_value(rename)] struct S { a: u8 }",
        "#[repr(C)] #[map_value(rename = \"\")] struct S { #[map_value(rename = 3)] a: u8 }",
        "#[repr(C)] #[map_value(rename = \"\u{e9}\", rename(x))] struct S { #[map_value = \"a\"] a: u8 }",
        "#[repr(C)] struct S { #[map_value(fold)] a: u8, #[map_value(fold = 3)] b: u8, #[map_value(fold = \"\")] c: u8 }",
        "#[repr(C)] union U { #[map_value(fold = \"max\")] a: u8 }",
        "#[repr(u8)] enum E { #[map_value(fold = \"max\")] A }",
        "#[repr(C)] struct S<'a, T: ?Sized, const N: usize> where T: 'a { a: &'a T, b: [u8; N] }",
        "#[repr(C)] struct r#struct<r#type> { r#fn: r#type, b: <r#type as X>::Y, c: r#type::Z }",
        "#[repr(C)] union U { a: u8, b: m!() }",
        "#[map_event] enum E { A(S) }",
        "#[map_event(tag = \"a\", crate = \"a b\")] enum E { #[map_event(tag)] A(S), #[map_event(other)] B(u8) }",
        "#[map_event(tag = 3)] enum E { #[map_event(tag = \"a\")] A { a: S }, #[map_event(other = 3)] B() }",
        "#[map_event(tag = \"\")] enum E<'a, T> { #[map_event(tag = -1, tag = 2)] A(&'a T), #[map_event(other)] B }",
        "#[map_event(tag = \"a..b\")] enum E { #[map_event(tag = f(3))] A([S]), #[map_event(other)] B(u8), #[map_event(other)] C(u8) }",
        "#[repr(C)] struct S { a: (), b: !, c: [u8], d: dyn X, e: impl X, f: fn(), g: _ }",
    ] {
        let item: DeriveInput = syn::parse_str(item).unwrap_or_else(|error| panic!("{item}: {error}"));
        let _ = expand_item(&item);
        let _ = event::expand(&item);
    }
}
