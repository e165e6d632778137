//! Writes crates that hold cases.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, Phase};

/// Which text of each case a crate holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Half {
    Fail,
    Pass,
}

/// A crate with the cases of one area that are refused in one phase, or with one case.
#[derive(Debug)]
pub(crate) struct Krate<'a> {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) phase: Phase,
    pub(crate) cases: Vec<&'a Case>,
}

/// Writes a file, unless it has that text already: then cargo need not compile it again.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What a case may name without a `use` of its own, besides `MapValue`.
const IMPORTED: [&str; 20] = [
    "Access", "Arena", "ArenaPtr", "Domain", "InPlace", "Integer", "Kernel", "Kptr", "Leaf", "Local", "Mapping",
    "Mirror", "PerCpu", "Plain", "ReadOnly", "SeqCell", "Shared", "Slice", "Storable", "Var",
];

/// Imports what a case names. After a `use mapvalue::*`, messages would say `mapvalue::Var` where
/// they say `Var` to a user.
fn imports(text: &str) -> String {
    let words: BTreeSet<_> = text.split(|c: char| c != '_' && !c.is_alphanumeric()).collect();
    let used: Vec<_> = IMPORTED.into_iter().filter(|name| words.contains(name)).collect();
    format!("#[allow(unused_imports)]\nuse mapvalue::{{MapValue, {}}};\n", used.join(", "))
}

/// Writes the module of a case. What is added stands below the case, so that lines are counted from
/// the marker.
fn module(case: &Case, half: Half) -> String {
    let mut text = match half {
        Half::Fail => case.fail.clone().unwrap(),
        Half::Pass => case.pass.clone(),
    };
    if !text.contains("\nuse mapvalue::") {
        text += &imports(&text);
    }
    if !text.contains("\nfn main() {") {
        text += match half {
            Half::Fail => "fn main() {}\n",
            Half::Pass => "fn main() {\n    assert_eq!(<Value as MapValue>::LAYOUT.size(), size_of::<Value>());\n}\n",
        };
    }
    text + "pub(super) fn run() {\n    main();\n}\n"
}

impl Krate<'_> {
    pub(crate) fn main(&self) -> PathBuf {
        self.folder.join("main.rs")
    }

    /// The file that holds a case of this crate.
    pub(crate) fn file(&self, case: &Case) -> PathBuf {
        if case.alone { self.main() } else { self.folder.join(&case.name).with_extension("rs") }
    }

    fn write(&self, half: Half) {
        if let [Case { alone: true, fail, pass, .. }] = self.cases[..] {
            return write(&self.main(), if half == Half::Fail { fail.as_ref().unwrap() } else { pass });
        }
        let mut main = "#![forbid(unsafe_code)]\n".to_owned();
        let mut calls = String::new();
        for case in &self.cases {
            let name = &case.name;
            writeln!(main, "mod {name};").unwrap();
            writeln!(calls, "    eprintln!(\"{name}\");\n    {name}::run();").unwrap();
            write(&self.file(case), &module(case, half));
        }
        write(&self.main(), &format!("{main}fn main() {{\n{calls}}}\n"));
    }
}

/// Sorts cases into crates and writes the crates into a folder.
pub(crate) fn write_all<'a>(cases: &'a [Case], half: Half, folder: &Path) -> Vec<Krate<'a>> {
    let mut krates: Vec<Krate> = Vec::new();
    for case in cases.iter().filter(|case| half == Half::Pass || case.fail.is_some()) {
        let name = match (half, case.phase) {
            _ if case.alone => case.name.clone(),
            (Half::Fail, Phase::Built) => case.name.clone(),
            (Half::Pass, _) | (Half::Fail, Phase::Early) => case.area().to_owned(),
            (Half::Fail, Phase::Late) => format!("{}_late", case.area()),
        };
        match krates.iter_mut().find(|krate| krate.name == name) {
            Some(krate) => krate.cases.push(case),
            None => krates.push(Krate { folder: folder.join(&name), name, phase: case.phase, cases: vec![case] }),
        }
    }
    for krate in &krates {
        krate.write(half);
    }
    krates
}
