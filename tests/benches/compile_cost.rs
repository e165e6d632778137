//! What the derive costs when a program is compiled: 500 structs of 12 fields with
//! `derive(MapValue)`, beside the same structs with zerocopy's `FromBytes`, `IntoBytes`,
//! `KnownLayout` and `Immutable`. Run with `cargo bench -p mapvalue-tests --bench compile_cost`.
//!
//! Each side is a crate of its own. The two are checked by turns, after their dependencies have
//! been built. Ends with a line `ratio compile_cost/zerocopy VALUE TARGET ok|short`, where VALUE =
//! ours / theirs.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const STRUCTS: usize = 500;
const ROUNDS: usize = 5;
const TARGET: f64 = 1.0;

/// A crate of structs, in a directory of its own.
struct Side {
    directory: PathBuf,
}

impl Side {
    fn new(name: &str, dependency: &str, derives: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_cost").join(name);
        fs::create_dir_all(directory.join("src")).expect("the target directory is writable");
        let manifest = format!(
            "[package]\nname = \"compile-cost-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{dependency}\n\n[workspace]\n"
        );
        fs::write(directory.join("Cargo.toml"), manifest).expect("the target directory is writable");
        let mut source = String::new();
        for i in 0..STRUCTS {
            // Without padding, which zerocopy's `IntoBytes` refuses.
            write!(
                source,
                "#[derive({derives})]\n#[repr(C)]\npub struct S{i} {{\n    pub a: u64, pub b: u64, pub c: u32, pub d: u32, \
                 pub e: [u64; 16], pub f: u16, pub g: u16,\n    pub h: [u8; 4], pub i: u64, pub j: i64, pub k: i32, pub l: u32,\n}}\n"
            )
            .expect("writing to a string");
        }
        fs::write(directory.join("src/lib.rs"), source).expect("the target directory is writable");
        Self { directory }
    }

    /// Checks the crate, and returns how long that took. Its source is rewritten first, so that
    /// cargo checks it again.
    fn check(&self) -> Duration {
        let source = self.directory.join("src/lib.rs");
        let text = fs::read_to_string(&source).expect("written above");
        fs::write(&source, text).expect("written above");
        let start = Instant::now();
        let status = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--manifest-path"])
            .arg(self.directory.join("Cargo.toml"))
            .status()
            .expect("cargo runs");
        assert!(status.success(), "{} does not compile", self.directory.display());
        start.elapsed()
    }
}

fn main() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core");
    let ours = Side::new("ours", &format!("mapvalue = {{ path = \"{}\" }}", core.display()), "mapvalue::MapValue");
    let theirs = Side::new(
        "zerocopy",
        "zerocopy = { version = \"0.8\", features = [\"derive\"] }",
        "zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::KnownLayout, zerocopy::Immutable",
    );
    // Builds the dependencies, which are not measured.
    ours.check();
    theirs.check();
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (ours, theirs) = (ours.check(), theirs.check());
        println!("{STRUCTS} structs: MapValue {:.2} s, zerocopy {:.2} s", ours.as_secs_f64(), theirs.as_secs_f64());
        ratios.push(ours.as_secs_f64() / theirs.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ROUNDS / 2];
    let verdict = if median <= TARGET { "ok" } else { "short" };
    println!("ratio compile_cost/zerocopy {median:.3} {TARGET} {verdict}");
}
