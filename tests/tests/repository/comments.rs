//! Comment lines are short enough to fit side by side on a screen.

use std::fs;
use std::path::{Path, PathBuf};

const COLUMNS: usize = 100;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn comments_of_the_crates_have_at_most_100_columns() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["core/src", "derive/src", "libbpf/src"] {
        sources(&repository.join(folder), &mut files);
    }
    assert!(files.len() > 100, "the sources are found");
    let mut long = Vec::new();
    for file in files {
        let name = file.strip_prefix(&repository).unwrap().display();
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            let columns = line.chars().count();
            let text = line.trim_start().trim_start_matches(['/', '!']).trim_start();
            // A row of a table is one line.
            let is_comment = line.trim_start().starts_with("//") && !text.starts_with('|');
            if is_comment && columns > COLUMNS {
                long.push(format!("{name}:{number}: {columns} columns"));
            }
        }
    }
    assert!(long.is_empty(), "{} comments are too long:\n{}", long.len(), long.join("\n"));
}
