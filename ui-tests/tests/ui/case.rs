//! Reads the cases of `cases/AREA.rs` and `alone/NAME.rs`.

use std::fs;
use std::path::{Path, PathBuf};

/// When the compiler refuses a case. Errors of one phase can hide those of a later one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// When macros are expanded, names are resolved, and types and borrows are checked. The marker
    /// has no word for it.
    Early,
    /// When constants are evaluated and privacy is checked: `late` in the marker.
    Late,
    /// When code is generated for one use of a generic type: `built` in the marker.
    Built,
}

/// A text that the compiler accepts and, in most cases, its twin that the compiler refuses.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    /// The case is the whole file, and a crate by itself.
    pub(crate) alone: bool,
    pub(crate) phase: Phase,
    /// How many errors the refused text must have.
    pub(crate) errors: usize,
    /// The refused text. A case that only shows what is accepted has none.
    pub(crate) fail: Option<String>,
    pub(crate) pass: String,
    /// How many lines only one of the two texts has.
    pub(crate) differing: usize,
}

/// Splits `REFUSED //~ ACCEPTED`. A text whose side is empty does not have the line.
fn twins(line: &str) -> [Option<String>; 2] {
    let Some((fail, pass)) = line.split_once("//~") else {
        return [Some(line.to_owned()), Some(line.to_owned())];
    };
    let indent = &line[..line.len() - line.trim_start().len()];
    [fail, pass].map(|text| Some(format!("{indent}{}", text.trim())).filter(|line| !line.trim().is_empty()))
}

impl Case {
    fn new(name: &str, file: &Path, lines: &[&str]) -> Self {
        let twins: Vec<_> = lines.iter().map(|line| twins(line)).collect();
        let differing = twins.iter().filter(|[fail, pass]| fail != pass).flatten().flatten().count();
        let [fail, pass] = [0, 1].map(|half| {
            let lines: Vec<_> = twins.iter().filter_map(|line| line[half].as_deref()).collect();
            lines.join("\n") + "\n"
        });
        Self {
            name: name.to_owned(),
            file: file.to_owned(),
            alone: false,
            phase: Phase::Early,
            errors: 1,
            fail: Some(fail),
            pass,
            differing,
        }
    }

    /// Reads a case. Its first line is the marker.
    fn marked(file: &Path, alone: bool, lines: &[&str]) -> Self {
        let mut words = lines[0].split(", ");
        let (name, refused) = match words.next().unwrap().split_once(": ") {
            Some(("//@ case", name)) => (name, true),
            Some(("//@ pass", name)) => (name, false),
            _ => panic!("{}: `{}`: write `//@ case: NAME` or `//@ pass: NAME`", file.display(), lines[0]),
        };
        let mut case = Self { alone, ..Self::new(name, file, lines) };
        case.fail = case.fail.filter(|_| refused);
        for word in words {
            match word {
                "late" => case.phase = Phase::Late,
                "built" => case.phase = Phase::Built,
                _ => {
                    let errors = word.strip_suffix(" errors").and_then(|number| number.parse().ok());
                    case.errors =
                        errors.unwrap_or_else(|| panic!("{name}: `{word}`: write `N errors`, `late` or `built`"));
                }
            }
        }
        case
    }

    /// `width` of `width_usize`.
    pub(crate) fn area(&self) -> &str {
        self.name.split_once('_').map_or(&self.name, |(area, _)| area)
    }
}

/// The files of `cases` and `alone` whose names end like this, in order.
pub(crate) fn files(extension: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = ["cases", "alone"].into_iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    files
}

/// Reads all cases, in the order of their files.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for file in files("rs") {
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = text.lines().collect();
        if file.parent().unwrap().ends_with("alone") {
            cases.push(Case::marked(&file, true, &lines));
        } else {
            let each = lines.chunk_by(|_, next| !next.starts_with("//@ "));
            cases.extend(each.map(|lines| Case::marked(&file, false, lines)));
        }
    }
    cases
}
