//! The files that the guide names are in the repository.

use std::path::Path;

const NEEDS: &str = include_str!("../../../core/guide/needs.md");

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
