//! Sorts the words of the compiler by case, and reads and writes the expected ones.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::case::{self, Case};
use crate::krate::Krate;

/// Words by the name of their case.
pub(crate) type Words = BTreeMap<String, String>;

/// How many errors the words hold.
pub(crate) fn errors(words: &str) -> usize {
    words.lines().filter(|line| line.starts_with("error")).count()
}

/// Splits the words of a crate, as trybuild writes them, into messages.
fn messages(text: &str) -> Vec<String> {
    const STARTS: [&str; 5] = ["error: ", "error[", "warning: ", "warning[", "note: "];
    let mut messages: Vec<String> = Vec::new();
    let mut blank = true;
    for line in text.lines() {
        if blank && STARTS.iter().any(|start| line.starts_with(start)) {
            messages.push(String::new());
        }
        blank = line.is_empty();
        if let Some(message) = messages.last_mut() {
            *message += line;
            message.push('\n');
        }
    }
    messages
}

/// The case that a message is about: the one whose file it points to first. An error that points
/// to no case may name the module of one.
///
/// A note that is a message by itself and points to no case has none: the compiler gives it once
/// for a crate, however many cases it is about.
fn case_of<'a>(krate: &Krate<'a>, message: &str) -> Option<&'a Case> {
    if let [case] = krate.cases[..] {
        return Some(case);
    }
    let first = |text: &dyn Fn(&Case) -> String| {
        let places = krate.cases.iter().filter_map(|case| Some((message.find(&text(case))?, *case)));
        places.min_by_key(|&(place, _)| place).map(|(_, case)| case)
    };
    let pointed_to = first(&|case| format!("{}:", krate.file(case).display()));
    pointed_to.or_else(|| first(&|case| format!("{}::", case.name)).filter(|_| !message.starts_with("note")))
}

/// Gives each message of a crate to its case, without the path of the case's file and module.
/// An error without a case is listed under the crate's name.
pub(crate) fn by_case(krate: &Krate, text: &str) -> Words {
    let folder = format!("{}/", krate.folder.display());
    let mut words = Words::new();
    for message in messages(text) {
        let name = match case_of(krate, &message) {
            Some(case) => &case.name,
            None if message.starts_with("note") => continue,
            None => &krate.name,
        };
        let message = message.replace(&folder, "").replace(&format!("{name}::"), "");
        let message = message.replace("--> main.rs:", &format!("--> {name}.rs:"));
        let all = words.entry(name.clone()).or_default();
        let space = if all.is_empty() { "" } else { "\n" };
        writeln!(all, "{space}{}", message.trim_end()).unwrap();
    }
    words
}

/// Reads the expected words of a file. In `cases/AREA.stderr`, those of each case stand below its
/// name; `alone/NAME.stderr` is about one case.
fn read(file: &Path) -> Words {
    let text = fs::read_to_string(file).unwrap();
    let mut words = Words::new();
    let mut name = file.file_stem().unwrap().to_str().unwrap().to_owned();
    for line in text.lines() {
        match line.strip_prefix("//@ ") {
            Some(next) => next.clone_into(&mut name),
            None => writeln!(words.entry(name.clone()).or_default(), "{line}").unwrap(),
        }
    }
    for words in words.values_mut() {
        words.truncate(words.trim_end().len());
        words.push('\n');
    }
    words
}

/// Reads all expected words.
pub(crate) fn expected() -> Words {
    case::files("stderr").iter().flat_map(|file| read(file)).collect()
}

/// Writes the expected words of the refused cases of one file.
pub(crate) fn write(file: &Path, cases: &[&Case], words: &Words) {
    let mut text = String::new();
    for case in cases {
        if !case.alone {
            let space = if text.is_empty() { "" } else { "\n" };
            writeln!(text, "{space}//@ {}", case.name).unwrap();
        }
        text += words.get(&case.name).map_or("", |words| words);
    }
    fs::write(file.with_extension("stderr"), text).unwrap();
}
