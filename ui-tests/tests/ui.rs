//! What `#[derive(MapValue)]` and the handles accept (`pass`, where each case is also run) and refuse (`fail`, where each case
//! has the words it is refused with beside it), one case a file, named `AREA_CASE.rs`.
//!
//! The expected words are those of Rust 1.95, which CI uses. With another compiler the fail half is skipped. After a change that
//! is meant to alter them, look at what they become:
//!
//! ```text
//! TRYBUILD=overwrite cargo test -p mapvalue-ui-tests && git diff ui-tests/fail
//! ```

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use trybuild::TestCases;

/// The compiler whose messages `fail/*.stderr` holds.
const TOOLCHAIN: &str = "rustc 1.95.";

/// The fail cases that are refused only when code is generated: they are built, all others are checked.
const BUILT: [&str; 5] = [
    "layout_big_endian_generic",
    "layout_deny_padding_generic",
    "layout_drop_generic",
    "layout_zero_sized_generic",
    "use_stand_in",
];

/// A case that `cargo clippy --all-targets` looks at in this place; rustc alone ignores the lints of clippy that it denies.
#[expect(dead_code, reason = "it is here to be looked at, and runs as all others do")]
#[path = "../pass/context_clippy_pedantic.rs"]
mod clippy_pedantic;

/// The cases of a folder, by name.
fn cases(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    sources.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn file(folder: &str, case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(case).with_extension("rs")
}

/// Whether the messages of the running compiler are not those that are expected; says so, and fails if nothing may be skipped.
fn skip() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    let found = String::from_utf8(version).unwrap();
    let skip = !found.starts_with(TOOLCHAIN);
    if skip {
        let reason = format!("the expected messages are those of {TOOLCHAIN}*, this is {}", found.trim());
        assert!(env::var_os("MAPVALUE_REQUIRE_KERNEL").is_none_or(|value| value != "1"), "{reason}");
        println!("skipped: {reason}");
    }
    skip
}

fn is_built(case: &str) -> bool {
    BUILT.contains(&case)
}

/// trybuild checks all cases of a set at once if none of them is to be run.
#[test]
fn fail_cases_are_refused_in_the_expected_words() {
    if !skip() {
        let set = TestCases::new();
        cases("fail").iter().filter(|case| !is_built(case)).for_each(|case| set.compile_fail(file("fail", case)));
    }
}

/// trybuild builds all cases of a set if one of them is to be run.
#[test]
fn some_fail_cases_are_refused_when_code_is_generated() {
    if !skip() {
        let set = TestCases::new();
        for case in BUILT {
            set.pass(file("pass", case));
            set.compile_fail(file("fail", case));
        }
    }
}

/// trybuild takes half a second a case, one after the other. Here they are built together, as crates of one package that denies
/// warnings.
#[test]
fn pass_cases_compile_without_warnings_and_run() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pass");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut manifest = format!(
        "[workspace]\n\
         [package]\nname = \"pass\"\nedition = \"2024\"\n\
         [dependencies]\naya = \"0.14\"\nmapvalue.path = {:?}\nzerocopy = \"0.8\"\n\
         [profile.dev]\ndebug = false\n\
         [lints.rust]\nwarnings = {{ level = \"deny\", priority = -1 }}\ndead_code = \"allow\"\n",
        workspace.join("core"),
    );
    for case in cases("pass") {
        write!(manifest, "[[bin]]\nname = {case:?}\npath = {:?}\n", file("pass", &case)).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let target = folder.join("target");

    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo)
        .args(["build", "--bins", "--offline", "--quiet", "--keep-going"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(build.status.success(), "pass cases do not compile:\n{}", String::from_utf8_lossy(&build.stderr));
    for case in cases("pass") {
        let run = Command::new(target.join("debug").join(&case)).output().unwrap();
        assert!(run.status.success(), "pass/{case}.rs: {}\n{}", run.status, String::from_utf8_lossy(&run.stderr));
    }
}

/// Lines that are in one of the files alone: what is left of both when the longest common sequence of lines is taken out.
fn changed_lines(a: &str, b: &str) -> usize {
    let (a, b): (Vec<_>, Vec<_>) = (a.lines().collect(), b.lines().collect());
    let mut common = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, line) in a.iter().enumerate() {
        for (j, other) in b.iter().enumerate() {
            common[i + 1][j + 1] =
                if line == other { common[i][j] + 1 } else { common[i][j + 1].max(common[i + 1][j]) };
        }
    }
    a.len() + b.len() - 2 * common[a.len()][b.len()]
}

/// A fail case that fails for another reason than the one it shows proves nothing: its twin differs in that reason alone.
#[test]
fn each_fail_case_has_a_pass_twin_that_differs_in_little() {
    let read = |folder, case| fs::read_to_string(file(folder, case)).unwrap();
    let (fail, pass) = (cases("fail"), cases("pass"));
    for case in &fail {
        assert!(pass.contains(case), "fail/{case}.rs has no twin pass/{case}.rs");
        let changed = changed_lines(&read("fail", case), &read("pass", case));
        assert!((1..=6).contains(&changed), "{case}: {changed} lines differ between the twins");
        assert!(file("fail", case).with_extension("stderr").exists(), "fail/{case}.rs has no expected message");
    }
    assert!(fail.len() + pass.len() >= 120, "{} and {} cases", fail.len(), pass.len());
}

/// A glance at the folder tells what a file is about.
#[test]
fn each_case_is_named_after_its_area_and_says_what_it_shows() {
    const AREAS: [&str; 13] = [
        "layout", "validity", "pointers", "width", "atomics", "generics", "use", "attr", "context", "seq", "alloc",
        "aya", "fold",
    ];
    for folder in ["fail", "pass"] {
        for case in cases(folder) {
            let area = case.split_once('_').map(|(area, _)| area);
            assert!(area.is_some_and(|area| AREAS.contains(&area)), "{folder}/{case}.rs");
            let source = fs::read_to_string(file(folder, &case)).unwrap();
            assert!(source.starts_with("//! "), "{folder}/{case}.rs does not begin with what it shows");
        }
    }
}
