//! Tests what `#[derive(MapValue)]` and the handles accept, what they refuse, and in which words.
//!
//! A case is a piece of `cases/AREA.rs`, from its marker to the next one:
//!
//! ```text
//! //@ case: width_isize
//! //! An `isize` is as wide as a pointer of this process, but BPF is always 64-bit.
//! #[derive(MapValue)]
//! #[repr(C)]
//! struct Value { field: isize } //~ struct Value { field: i64 }
//! ```
//!
//! `REFUSED //~ ACCEPTED` holds a line of the refused text and the line that its accepted twin has
//! in its place. Either may be empty. A case without a `main` is about a type `Value`, whose layout
//! the twin's `main` asks for. A case without a `use mapvalue::` has the names of `IMPORTED` in
//! scope. A marker may say more after the name:
//!
//! - `N errors`: the case shows several mistakes. Any other case must have one error.
//! - `late`: errors of an earlier phase of the compiler would hide this one.
//! - `built`: the case is refused only when code is generated.
//!
//! `//@ pass: NAME` marks a case that only shows what is accepted. A case that needs a crate for
//! itself is a file of `alone`: it says `crate`, has attributes of a crate, uses a name that does
//! not exist, or would change the words of other cases.
//!
//! `cases/AREA.stderr` holds the words of each refused case below its name, as Rust 1.95 has them,
//! which CI uses. With another compiler this half is skipped. After a change that is meant to alter
//! the words, write them anew and read what changed:
//!
//! ```text
//! TRYBUILD=overwrite cargo test -p mapvalue-ui-tests && git diff ui-tests
//! ```
//!
//! The cases of an area and a phase share a crate, in which each case is a module. trybuild
//! compiles the crates of the refused texts. The accepted texts of an area are one program, which
//! is run.

#[path = "ui/case.rs"]
mod case;
#[path = "ui/krate.rs"]
mod krate;
#[path = "ui/words.rs"]
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use trybuild::TestCases;

use self::case::{Case, Phase};
use self::krate::{Half, Krate};
use self::words::Words;

/// The compiler whose words the `.stderr` files hold.
const TOOLCHAIN: &str = "rustc 1.95.";

/// Tells a process that it is the one that runs trybuild.
const ENGINE: &str = "MAPVALUE_UI_ENGINE";

/// Shows a case to `cargo clippy --all-targets`: without clippy, rustc ignores the lints that the
/// case denies.
#[expect(dead_code, reason = "it is here to be looked at, and runs as all others do")]
#[path = "../alone/context_clippy_pedantic.rs"]
mod clippy_pedantic;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui").join(name)
}

/// Whether the expected words are for another compiler than the running one. Says so, and fails if
/// nothing may be skipped.
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

/// Lets trybuild compile crates and write the words of each to `main.stderr`, beside `main.rs`.
///
/// trybuild checks the crates of a set all at once. If one of them is to run, it builds them
/// instead, one after the other.
fn run_trybuild(krates: &[Krate]) {
    let runs = folder("runs.rs");
    fs::write(&runs, "fn main() {}\n").unwrap();
    let sets = [TestCases::new(), TestCases::new()];
    sets[1].pass(runs);
    for krate in krates {
        sets[usize::from(krate.phase == Phase::Built)].compile_fail(krate.main());
    }
    for set in sets {
        // A set runs when it is dropped, and panics if a crate compiles. That crate has no words.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(set)));
    }
}

/// Runs this test again in another process, as the one that runs trybuild and has it write down
/// what it finds. Returns the words by case.
fn compile(krates: &[Krate], test: &str) -> Words {
    let stderr = |krate: &Krate| krate.main().with_extension("stderr");
    for krate in krates.iter().filter(|krate| stderr(krate).exists()) {
        fs::remove_file(stderr(krate)).unwrap();
    }
    let mut engine = Command::new(env::current_exe().unwrap());
    engine.args(["--exact", test, "--nocapture"]).env(ENGINE, "1").env("TRYBUILD", "overwrite");
    let output = engine.output().unwrap();
    let mut words = Words::new();
    for krate in krates {
        match fs::read_to_string(stderr(krate)) {
            Ok(found) => words.extend(words::by_case(krate, &found)),
            Err(_) => println!("no words for {}:\n{}", krate.name, String::from_utf8_lossy(&output.stderr)),
        }
    }
    words
}

/// What is wrong with the words of a case.
fn mistake(case: &Case, found: Option<&String>, expected: Option<&String>) -> Option<String> {
    let name = &case.name;
    let Some(found) = found else {
        return Some(format!("{name} has no error: it compiles, or an error of an earlier phase hides its own"));
    };
    let errors = words::errors(found);
    if errors != case.errors {
        return Some(format!("{name} has {errors} errors, its marker allows {}:\n{found}", case.errors));
    }
    match expected {
        None => Some(format!("{name} has no expected words yet:\n{found}")),
        Some(expected) if expected != found => Some(format!("{name}, expected:\n{expected}\n{name}, found:\n{found}")),
        Some(_) => None,
    }
}

#[test]
fn fail_cases_are_refused_in_the_expected_words() {
    if skip() {
        return;
    }
    let cases = case::all();
    let krates = krate::write_all(&cases, Half::Fail, &folder("fail"));
    if env::var_os(ENGINE).is_some() {
        return run_trybuild(&krates);
    }
    let mut found = compile(&krates, "fail_cases_are_refused_in_the_expected_words");

    let mut files: BTreeMap<&Path, Vec<&Case>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.fail.is_some()) {
        files.entry(&case.file).or_default().push(case);
    }
    if env::var_os("TRYBUILD").is_some_and(|value| value == "overwrite") {
        for (file, cases) in &files {
            words::write(file, cases, &found);
        }
    }
    let mut expected = words::expected();
    let mut mistakes = Vec::new();
    for case in files.values().flatten() {
        mistakes.extend(mistake(case, found.remove(&case.name).as_ref(), expected.remove(&case.name).as_ref()));
    }
    mistakes.extend(found.iter().map(|(name, words)| format!("words of no case in the crate {name}:\n{words}")));
    mistakes.extend(expected.keys().map(|name| format!("{name} has expected words, but is not a refused case")));
    // The others may follow from these.
    mistakes.sort_by_key(|mistake| mistake.contains("has no error"));
    assert!(mistakes.is_empty(), "{} mistakes:\n\n{}", mistakes.len(), mistakes.join("\n\n"));
}

/// A message can name types of another case in the same crate. Such a case belongs into `alone`.
#[test]
fn the_words_of_a_case_name_no_other_case() {
    let cases = case::all();
    for (case, words) in words::expected() {
        let mut others = cases.iter().map(|case| &case.name).filter(|name| **name != case);
        let other = others.find(|name| words.contains(&format!("{name}::")) || words.contains(&format!(" {name}.rs")));
        assert_eq!(other, None, "the words of {case} name another case");
    }
}

/// The accepted texts are built as programs of one package that denies warnings.
#[test]
fn pass_cases_compile_without_warnings_and_run() {
    let folder = folder("pass");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut manifest = format!(
        "[workspace]\n\
         [package]\nname = \"pass\"\nedition = \"2024\"\n\
         [dependencies]\naya = \"0.14\"\nmapvalue.path = {:?}\nmapvalue-ui-evil.path = {:?}\n\
         zerocopy = \"0.8\"\n\
         [profile.dev]\ndebug = false\n\
         [lints.rust]\nwarnings = {{ level = \"deny\", priority = -1 }}\ndead_code = \"allow\"\n",
        workspace.join("core"),
        workspace.join("ui-tests/evil"),
    );
    let cases = case::all();
    let krates = krate::write_all(&cases, Half::Pass, &folder);
    for krate in &krates {
        write!(manifest, "[[bin]]\nname = {:?}\npath = {:?}\n", krate.name, krate.main()).unwrap();
    }
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
    for krate in &krates {
        let run = Command::new(target.join("debug").join(&krate.name)).output().unwrap();
        let words = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{}: {} in the case named last:\n{words}", krate.name, run.status);
        let ran = words.lines().filter(|line| krate.cases.iter().any(|case| case.name == *line)).count();
        assert!(krate.cases[0].alone || ran == krate.cases.len(), "{}: {ran} of {} ran", krate.name, krate.cases.len());
    }
}

/// A case that is refused for another reason than the one it shows proves nothing. Its twin differs
/// in that reason alone.
#[test]
fn each_fail_case_has_a_pass_twin_that_differs_in_little() {
    let cases = case::all();
    for Case { name, differing, .. } in cases.iter().filter(|case| case.fail.is_some()) {
        assert!(*differing > 0, "{name} has no twin that is accepted: write `//~` and what is accepted after a line");
        assert!(*differing <= 6, "{name}: {differing} lines differ between the twins");
    }
    for Case { name, differing, .. } in cases.iter().filter(|case| case.fail.is_none()) {
        assert_eq!(*differing, 0, "{name} has a twin that is refused: write `case`, not `pass`");
    }
    let refused = cases.iter().filter(|case| case.fail.is_some()).count();
    assert!(refused >= 309 && cases.len() >= 391, "{refused} cases are refused, {} are accepted", cases.len());
}

/// A case in another folder would not be run.
#[test]
fn each_folder_is_one_that_is_read() {
    let entries = fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let names: BTreeSet<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    let known = ["alone", "cases", "evil", "platform", "tests"].map(str::to_owned).into();
    assert_eq!(names, known, "write cases into `cases/AREA.rs` or `alone/NAME.rs`");
}

/// Each case is found by its area, and says what it shows.
#[test]
fn each_case_is_named_after_its_area_and_says_what_it_shows() {
    let cases = case::all();
    let mut names = BTreeSet::new();
    for Case { name, file, alone, pass, .. } in &cases {
        let area = file.file_stem().unwrap().to_str().unwrap();
        let fits = if *alone { area == name } else { name.starts_with(&format!("{area}_")) };
        assert!(fits, "{name} is not a name for {}", file.display());
        assert!(names.insert(name), "{name} is there twice");
        let says = pass.lines().nth(1).unwrap_or_default();
        assert!(says.starts_with("//! "), "{name} does not begin with what it shows");
    }
}
