//! The files that the guide names are in the repository, and so are the messages that it quotes.

use std::fs;
use std::path::Path;

const NEEDS: &str = include_str!("../../../core/guide/needs.md");

const TROUBLESHOOTING: &str = include_str!("../../../core/guide/troubleshooting.md");

/// The files and folders in a line of the table. One without a folder is in the folder of the name
/// before it, of tests or of examples.
fn named(line: &str) -> Vec<String> {
    let mut folder = "";
    let mut found = Vec::new();
    for name in line.rsplit('|').nth(1).unwrap_or("").split('`').skip(1).step_by(2) {
        match name.split_once('/') {
            Some(("examples", _)) => folder = "examples",
            Some(("tests", "tests" | "benches" | "no-std")) => {}
            Some(("tests", _)) => folder = "tests/tests",
            // A part of the previous file.
            _ if !name.contains('.') => continue,
            _ => {
                found.push(format!("{folder}/{name}"));
                continue;
            }
        }
        found.push(name.to_owned());
    }
    found
}

#[test]
fn each_need_of_agents_has_an_example_or_test_that_is_there() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let rows: Vec<&str> = NEEDS.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() >= 15, "as many needs as were found in agents");
    for row in rows {
        let names = named(row);
        assert!(!names.is_empty(), "nothing shows it: {row}");
        for name in names {
            assert!(repository.join(&name).exists(), "`{name}` is not there: {row}");
        }
    }
}

/// The texts of all errors, each of a line.
fn error_texts(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            error_texts(&path, texts);
        } else {
            // A text that is broken over lines goes on without the space at their beginning.
            let source = fs::read_to_string(path).unwrap();
            texts.push_str(&source.split("\\\n").map(str::trim_start).collect::<String>());
        }
    }
}

/// The messages in the first column of tables of messages. `..` stands for names and numbers.
fn quoted(chapter: &str) -> Vec<&str> {
    let mut quoted = Vec::new();
    let mut is_of_messages = false;
    for line in chapter.lines() {
        let first = line.split('|').nth(1).unwrap_or("");
        is_of_messages =
            line.starts_with('|') && (is_of_messages || first.contains("says") || first.contains("happens"));
        if is_of_messages && first.trim_start().starts_with('`') {
            quoted.extend(first.split('`').skip(1).step_by(2));
        }
    }
    quoted
}

#[test]
fn each_message_that_the_guide_explains_is_one_of_the_crate() {
    let mut texts = String::new();
    error_texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/error"), &mut texts);
    let quoted = quoted(TROUBLESHOOTING);
    assert!(quoted.len() >= 20, "{quoted:?}");
    let unknown: Vec<_> = quoted.into_iter().filter(|message| !texts.contains(message)).collect();
    assert!(unknown.is_empty(), "no error says {unknown:?}");
}
