//! The imports among the modules of `core/src` follow the floor plan in CONTRIBUTING, and form no
//! circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Each folder (or file beside `lib.rs`), and the folders that it may import from.
const FLOORS: &[(&str, &[&str])] = &[
    ("layout", &[]),
    ("error", &["layout"]),
    ("value", &["layout", "error"]),
    ("sys", &["error"]),
    ("btf", &["layout", "error", "value", "sys"]),
    ("bpf", &["layout", "error", "value", "sys", "btf"]),
    ("mapping", &["layout", "error", "value", "sys", "btf", "bpf"]),
    ("handle", &["layout", "error", "value", "sys", "btf", "bpf", "mapping"]),
    ("per_cpu", &["layout", "error", "value", "sys", "btf", "bpf", "mapping", "handle"]),
    ("section", &["layout", "error", "value", "sys", "btf", "bpf", "mapping", "handle"]),
    ("arena", &["layout", "error", "value", "sys", "btf", "bpf", "mapping", "handle", "section"]),
    ("ring", &["layout", "error", "value", "sys", "btf", "bpf", "mapping", "handle"]),
    ("event", &["layout", "error", "value", "btf", "ring"]),
    ("view", &["layout", "error", "value", "btf", "mapping", "section"]),
    ("refused", &["layout", "error", "value"]),
    ("expansion", &["layout", "error", "value", "btf", "ring", "event", "view", "refused"]),
    ("guide", &[]),
    ("platform", &[]),
];

/// The circles that are allowed: a value decodes by its codec, which decodes values.
const CIRCLES: &[&[&str]] = &[&["value", "value::codec"]];

/// Names separated by `::`, without `crate`. The name of `lib.rs` is empty.
type Name = Vec<String>;

#[derive(Default)]
struct Module {
    /// The names that the module defines.
    defines: BTreeSet<String>,
    /// The names that the module exports again, and the paths that they stand for.
    exports: BTreeMap<String, Name>,
    /// The paths within the crate that the module's code names.
    names: Vec<Name>,
}

/// The modules of a crate.
struct Modules(BTreeMap<Name, Module>);

fn is_punct(tree: Option<&TokenTree>, wanted: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn ident(tree: Option<&TokenTree>) -> Option<String> {
    if let Some(TokenTree::Ident(ident)) = tree { Some(ident.to_string()) } else { None }
}

fn group(tree: Option<&TokenTree>, delimiter: Delimiter) -> Option<Vec<TokenTree>> {
    match tree {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group.stream().into_iter().collect()),
        _ => None,
    }
}

/// Whether an attribute leaves an item out of the library.
fn is_left_out(attribute: &[TokenTree]) -> bool {
    let text: String = attribute.iter().map(ToString::to_string).collect::<String>().replace(' ', "");
    ["cfg(test)", "cfg(doc)", "cfg(all(test"].iter().any(|left_out| text.starts_with(left_out))
}

/// Finds the paths of an import tree, or of a path in code, that begins at `at`. Returns where it
/// ends.
fn paths(trees: &[TokenTree], mut at: usize, mut path: Name, found: &mut Vec<(Name, String)>) -> usize {
    loop {
        if let Some(inner) = group(trees.get(at), Delimiter::Brace) {
            let mut next = 0;
            while next < inner.len() {
                next = paths(&inner, next, path.clone(), found) + 1;
            }
            return at + 1;
        }
        let Some(word) = ident(trees.get(at)) else {
            // `*`, or the `<` of a turbofish.
            found.push((path.clone(), path.last().cloned().unwrap_or_default()));
            return at + 1;
        };
        if word != "self" || path.is_empty() {
            path.push(word);
        }
        at += 1;
        if is_punct(trees.get(at), ':') && is_punct(trees.get(at + 1), ':') {
            at += 2;
            continue;
        }
        let renamed = ident(trees.get(at)).is_some_and(|word| word == "as");
        let name = if renamed { ident(trees.get(at + 1)).unwrap_or_default() } else { path.last().unwrap().clone() };
        found.push((path, name));
        return if renamed { at + 2 } else { at };
    }
}

impl Modules {
    fn of(root: &Path) -> Self {
        fn visit(folder: &Path, name: &Name, files: &mut Vec<(Name, String)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let mut name = name.clone();
                if stem != "lib" && stem != "mod" {
                    name.push(stem);
                }
                if path.is_dir() {
                    visit(&path, &name, files);
                } else {
                    files.push((name, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        let mut files = Vec::new();
        visit(root, &Name::new(), &mut files);
        let mut modules = Self(files.iter().map(|(name, _)| (name.clone(), Module::default())).collect());
        for (name, text) in files {
            let trees: Vec<TokenTree> = TokenStream::from_str(&text).unwrap().into_iter().collect();
            let mut module = Module::default();
            modules.read(&name, &trees, true, &mut module);
            modules.0.insert(name, module);
        }
        modules
    }

    /// Reads what a module names, defines and exports. `top` means that the tokens are the module's
    /// own items.
    fn read(&self, this: &Name, trees: &[TokenTree], top: bool, module: &mut Module) {
        let mut at = 0;
        while at < trees.len() {
            if is_punct(trees.get(at), '#') {
                let attribute = at + 1 + usize::from(is_punct(trees.get(at + 1), '!'));
                if let Some(inner) = group(trees.get(attribute), Delimiter::Bracket) {
                    at = attribute + 1;
                    if is_left_out(&inner) {
                        while at < trees.len() && group(trees.get(at), Delimiter::Brace).is_none() {
                            if is_punct(trees.get(at), ';') {
                                break;
                            }
                            at += 1;
                        }
                        at += 1;
                    }
                    continue;
                }
            }
            if let Some(TokenTree::Group(group)) = trees.get(at) {
                self.read(this, &group.stream().into_iter().collect::<Vec<_>>(), false, module);
            }
            let Some(word) = ident(trees.get(at)) else {
                at += 1;
                continue;
            };
            let before = at.checked_sub(1).map(|before| &trees[before]);
            if word == "use" {
                let public = ident(before).is_some_and(|it| it == "pub")
                    || group(before, Delimiter::Parenthesis).is_some() && top;
                let mut found = Vec::new();
                at = paths(trees, at + 1, Name::new(), &mut found);
                for (path, name) in found {
                    let Some(path) = self.absolute(this, &path) else { continue };
                    if public {
                        module.exports.insert(name, path);
                    } else {
                        module.names.push(path);
                    }
                }
                continue;
            }
            let item = ["const", "static", "type", "fn", "struct", "enum", "union", "trait", "mod"];
            if top && item.contains(&word.as_str()) {
                module.defines.extend(ident(trees.get(at + 1)));
            } else if word == "macro_rules" {
                module.defines.extend(ident(trees.get(at + 2)));
            }
            // Not `$crate`, which code of users expands.
            let begins = !is_punct(before, ':') && !is_punct(before, '$') && !is_punct(before, '.');
            if begins && is_punct(trees.get(at + 1), ':') && is_punct(trees.get(at + 2), ':') {
                let mut found = Vec::new();
                at = paths(trees, at, Name::new(), &mut found);
                module.names.extend(found.iter().filter_map(|(path, _)| self.absolute(this, path)));
                continue;
            }
            at += 1;
        }
    }

    /// The path from the root of the crate. `None` if it is outside this crate, or begins with a
    /// name that is imported elsewhere.
    fn absolute(&self, this: &Name, path: &Name) -> Option<Name> {
        let supers = path.iter().take_while(|word| *word == "super").count();
        match path.first()?.as_str() {
            // The folder of what the derive's output calls has another name in code.
            "crate" if path.get(1).is_some_and(|word| word == "__private") => {
                Some([&["expansion".to_owned()], &path[2..]].concat())
            }
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([this, &path[1..]].concat()),
            "super" => Some([this.get(..this.len().checked_sub(supers)?)?, &path[supers..]].concat()),
            _ => {
                let inside = [&this[..], &path[..1]].concat();
                self.0.contains_key(&inside).then(|| [&this[..], &path[..]].concat())
            }
        }
    }

    /// The module that defines what a path names.
    fn definer(&self, path: &Name, depth: usize) -> Name {
        let (name, module) = (0..=path.len()).rev().find_map(|len| self.0.get_key_value(&path[..len])).unwrap();
        match path.get(name.len()).and_then(|next| module.exports.get(next).filter(|_| !module.defines.contains(next)))
        {
            Some(export) if depth < 8 => self.definer(&[&export[..], &path[name.len() + 1..]].concat(), depth + 1),
            _ => name.clone(),
        }
    }

    /// The modules that each module imports from, and the path by which it does.
    fn imports(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let imports = |(name, module): (&Name, &Module)| {
            let of_module = |path: &Name| (self.definer(path, 0).join("::"), path.join("::"));
            let name = name.join("::");
            let found = module.names.iter().map(of_module).filter(|(definer, _)| *definer != name).collect();
            (name, found)
        };
        self.0.iter().map(imports).collect()
    }
}

fn core() -> Modules {
    Modules::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src"))
}

#[test]
fn no_file_imports_from_itself_through_others() {
    let imports = core().imports();
    assert!(imports.values().map(BTreeMap::len).sum::<usize>() > 300, "the imports are found");
    let reach = |from: &str| {
        let (mut reached, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(module) = open.pop() {
            open.extend(imports[&module].keys().filter(|next| reached.insert((*next).clone())).cloned());
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<String>> = imports.keys().map(|name| (name.as_str(), reach(name))).collect();
    let circles: BTreeSet<Vec<&str>> = (reached.keys())
        .map(|name| reached.keys().filter(|other| reached[*name].contains(**other) && reached[**other].contains(*name)))
        .map(|circle| circle.copied().collect())
        .filter(|circle: &Vec<_>| !circle.is_empty() && !CIRCLES.contains(&&circle[..]))
        .collect();
    assert!(circles.is_empty(), "files that import each other: {circles:?}");
}

#[test]
fn each_folder_imports_from_those_below_it() {
    let top = |module: &str| module.split("::").next().unwrap_or("").to_owned();
    let mut upwards = Vec::new();
    for (module, imports) in core().imports() {
        let folder = top(&module);
        let Some((_, below)) = FLOORS.iter().find(|(name, _)| *name == folder) else {
            assert!(folder.is_empty(), "`{folder}` has no floor: write it into this test, and into CONTRIBUTING");
            continue;
        };
        for (definer, path) in imports {
            let into = top(&definer);
            if into != folder && !below.contains(&into.as_str()) {
                upwards.push(format!("{module} imports {path}, which is in `{definer}`"));
            }
        }
    }
    assert!(upwards.is_empty(), "against the floor plan:\n{}", upwards.join("\n"));
}

#[test]
fn nothing_imports_what_the_root_of_the_crate_exports() {
    let modules = core();
    let exports = &modules.0[&Name::new()].exports;
    assert!(exports.len() > 20, "the exports are found");
    let through: Vec<String> = (modules.0.iter())
        .flat_map(|(name, module)| module.names.iter().map(move |path| (name.join("::"), path)))
        .filter(|(name, path)| !name.is_empty() && path.first().is_some_and(|first| exports.contains_key(first)))
        .filter(|(_, path)| !modules.0.contains_key(&path[..1]))
        .map(|(name, path)| format!("{name} imports crate::{}", path.join("::")))
        .collect();
    assert!(through.is_empty(), "not from the module that defines it:\n{}", through.join("\n"));
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let mut found = Vec::new();
    let text = "crate::{a, b::{self, C as D}, e::*}";
    let trees: Vec<TokenTree> = TokenStream::from_str(text).unwrap().into_iter().collect();
    paths(&trees, 0, Name::new(), &mut found);
    let found: Vec<_> = found.iter().map(|(path, name)| format!("{} {name}", path.join("::"))).collect();
    assert_eq!(found, ["crate::a a", "crate::b b", "crate::b::C D", "crate::e e"]);
}
