//! Tests which targets `mapvalue` refuses, and in which words.
//!
//! No other target needs to be installed. `platform/core.rs` stands in for `core`: it holds what
//! the module that refuses targets uses. It needs features that one compiler is known to have.
//! With another compiler the test is skipped.

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

/// The compiler that `platform/core.rs` is written for.
const TOOLCHAIN: &str = "rustc 1.95.";

fn rustc() -> Command {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    // A released compiler then accepts the features that a `core` needs.
    rustc.env("RUSTC_BOOTSTRAP", "1").current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("platform"));
    rustc
}

/// Whether this is another compiler. Says so, and fails if nothing may be skipped.
fn skip() -> bool {
    let found = String::from_utf8(rustc().arg("--version").output().unwrap().stdout).unwrap();
    let skip = !found.starts_with(TOOLCHAIN);
    if skip {
        let reason = format!("platform/core.rs is for {TOOLCHAIN}*, this is {}", found.trim());
        assert!(env::var_os("MAPVALUE_REQUIRE_KERNEL").is_none_or(|value| value != "1"), "{reason}");
        println!("skipped: {reason}");
    }
    skip
}

fn compile(target: &str, source: &str, out: &Path, more: &[&str]) -> Output {
    let common = ["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--target", target, "-o"];
    rustc().args(common).arg(out).args(more).arg(source).output().unwrap()
}

/// Compiles the module for a target. Returns whether it compiles, and the messages.
fn check(target: &str) -> (bool, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("platform").join(target);
    fs::create_dir_all(&folder).unwrap();
    let core = folder.join("libcore.rmeta");
    let built = compile(target, "core.rs", &core, &["--crate-name", "core"]);
    assert!(built.status.success(), "{target}: {}", String::from_utf8_lossy(&built.stderr));
    let checked =
        compile(target, "check.rs", &folder.join("libcheck.rmeta"), &["--extern", &format!("core={}", core.display())]);
    (checked.status.success(), String::from_utf8(checked.stderr).unwrap())
}

const POINTERS: &str = "error: mapvalue needs a 64-bit target: BPF is always 64-bit";
const ALIGNMENT: &str = "evaluation panicked: mapvalue needs a target on which u64 is aligned to 8, as in BPF";

#[test]
fn targets_of_64_bits_are_accepted() {
    if skip() {
        return;
    }
    for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"] {
        let (accepted, words) = check(target);
        assert!(accepted && words.is_empty(), "{target}: {words}");
    }
}

#[test]
fn targets_of_32_bits_are_refused_with_the_reason() {
    if skip() {
        return;
    }
    // The first target aligns `u64` to 8, so its pointers are its only fault.
    for (target, aligned) in [("armv7-unknown-linux-gnueabihf", true), ("i686-unknown-linux-gnu", false)] {
        let (accepted, words) = check(target);
        assert!(!accepted, "{target}");
        assert!(words.contains(POINTERS), "{target}: {words}");
        assert_eq!(words.contains(ALIGNMENT), !aligned, "{target}: {words}");
        let errors = words.lines().filter(|line| line.starts_with("error") && !line.contains("aborting")).count();
        assert_eq!(errors, if aligned { 1 } else { 2 }, "{target}: {words}");
    }
}
