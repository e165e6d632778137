//! The docs of a variant say what its fields are.

use std::fs;
use std::path::Path;

/// Fields that are the same in all areas; the docs of `Error` say what they are.
const SAME_EVERYWHERE: &[&str] = &[
    "type_name",
    "map",
    "map_type",
    "operation",
    "errno",
    "reason",
    "nearest",
    "size",
    "align",
    "offset",
    "len",
    "stride",
];

/// Names the variants of the enums in a file without docs, and their fields that the docs do not
/// name. Returns how many variants there are.
fn undescribed(text: &str, found: &mut Vec<String>) -> usize {
    let mut variants = 0;
    let (mut owner, mut docs) = (None, String::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("pub enum ") {
            owner = rest.split(['<', ' ']).next();
        } else if line == "}" {
            owner = None;
        }
        let Some(owner) = owner else { continue };
        let Some(line) = line.strip_prefix("    ") else { continue };
        if let Some(doc) = line.strip_prefix("///") {
            docs.push_str(doc);
        } else if line.starts_with(|c: char| c.is_ascii_uppercase()) {
            variants += 1;
            let name = line.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
            let mut whole = line.to_owned();
            while whole.contains('{') && !whole.contains('}') {
                whole.push_str(lines.next().unwrap());
            }
            let fields = whole.split_once('{').map_or("", |(_, fields)| fields).trim_end_matches("},");
            let names = fields.split(": ").map(|part| part.split([',', ' ']).next_back().unwrap());
            let fields: Vec<&str> = names.take(fields.matches(": ").count()).collect();
            if docs.is_empty() {
                found.push(format!("{owner}::{name} has no docs"));
            }
            for field in fields {
                let described = SAME_EVERYWHERE.contains(&field) || docs.contains(&format!("`{field}`"));
                if !described {
                    found.push(format!("the docs of {owner}::{name} do not say what `{field}` is"));
                }
            }
            docs.clear();
        }
    }
    variants
}

#[test]
fn the_docs_of_each_variant_name_its_fields() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    let mut files = vec![core.join("btf/types.rs"), core.join("layout/mod.rs")];
    for folder in ["error", "error/hosted"] {
        files.extend(fs::read_dir(core.join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let (mut found, mut variants) = (Vec::new(), 0);
    for file in files.iter().filter(|path| path.is_file()) {
        variants += undescribed(&fs::read_to_string(file).unwrap(), &mut found);
    }
    assert!(variants > 140, "the enums are found: {variants}");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_field_or_variant_without_docs_is_found() {
    let mut found = Vec::new();
    let text = "pub enum E {\n    /// The `bank` of the map.\n    A { bank: u8, map: M, other: [u8; 2] },\n    B,\n}\n";
    assert_eq!(undescribed(text, &mut found), 2);
    assert_eq!(found, ["the docs of E::A do not say what `other` is", "E::B has no docs"]);
}
