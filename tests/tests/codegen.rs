//! What the hot paths compile to: the same instructions as raw pointers and relaxed atomics, with
//! one load a leaf.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The instructions of a function, as `mnemonic operands`.
type Functions = BTreeMap<String, Vec<String>>;

struct Twins {
    ours: Functions,
    raw: Functions,
}

/// The two crates of `codegen`, compiled for release and disassembled. Where that cannot be done,
/// prints why and returns `None`.
fn twins() -> Option<&'static Twins> {
    static TWINS: OnceLock<Twins> = OnceLock::new();
    let no_tools = Command::new("objdump").arg("--version").output().is_err();
    let reason = match () {
        () if cfg!(not(target_arch = "x86_64")) => "the expectations are of x86-64",
        () if no_tools && env::var("MAPVALUE_REQUIRE_KERNEL").is_ok_and(|value| value == "1") => {
            panic!("objdump, of the package binutils, is not installed")
        }
        () if no_tools => "objdump, of the package binutils, is not installed",
        () => {
            return Some(TWINS.get_or_init(|| {
                let target = build();
                Twins { ours: disassemble(&target, "ours"), raw: disassemble(&target, "raw") }
            }));
        }
    };
    println!("skipped: {reason}");
    None
}

fn build() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Not the directory of the cargo that runs this test, which may hold its lock.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codegen");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--offline", "--locked", "--no-default-features"])
        .args(["--example", "codegen_ours", "--example", "codegen_raw", "--target-dir"])
        .arg(&target)
        .arg("--manifest-path")
        .arg(manifest.join("Cargo.toml"))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the examples do not build");
    target.join("release/examples")
}

fn disassemble(examples: &Path, name: &str) -> Functions {
    let library = examples.join(format!("libcodegen_{name}.so"));
    // By address first: the compiler gives functions of equal code one body and several names.
    let mut bodies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut body = None;
    for line in output_of("objdump", &["--disassemble", "--no-show-raw-insn"], &library).lines() {
        if let Some((address, _)) = line.split_once(" <").filter(|_| line.ends_with(">:")) {
            body = Some(bodies.entry(address.to_owned()).or_default());
        } else if let (Some((_, code)), Some(body)) = (line.split_once(":\t"), body.as_mut()) {
            let code = code.split(['#', '<']).next().unwrap_or("");
            let mut words: Vec<_> = code.split_whitespace().collect();
            if words[0].starts_with('j') {
                // The target of a jump is an address, which differs in each library.
                words.truncate(1);
            }
            body.push(words.join(" "));
        }
    }
    for body in bodies.values_mut() {
        // Padding up to the next function.
        let pads = ["nop", "int3", "xchg", "cs", "data16"];
        while body.last().is_some_and(|code| pads.iter().any(|pad| code.starts_with(pad))) {
            body.pop();
        }
    }
    let symbols = output_of("nm", &["--dynamic", "--defined-only"], &library);
    let named = symbols.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next()?;
        Some((words.nth(1)?.to_owned(), bodies.get(address)?.clone()))
    });
    named.collect()
}

fn output_of(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(file).output();
    let output = output.unwrap_or_else(|error| panic!("{program}, of the package binutils: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn code<'a>(functions: &'a Functions, name: &str) -> &'a [String] {
    functions.get(name).unwrap_or_else(|| panic!("no function `{name}` among {:?}", functions.keys()))
}

/// Counts the instructions that load from memory. In AT&T spelling, the source comes first.
fn loads(code: &[String]) -> usize {
    let from_memory = |line: &&String| {
        let Some((mnemonic, operands)) = line.split_once(' ') else { return false };
        let loading = mnemonic.starts_with("mov") || mnemonic.starts_with("cmp") || mnemonic.starts_with("test");
        // The source of a store is a register or a constant. Neither has parentheses.
        let source = if operands.starts_with(['%', '$']) { "" } else { operands };
        loading && source.contains('(')
    };
    code.iter().filter(from_memory).count()
}

fn count(code: &[String], word: &str) -> usize {
    code.iter().filter(|line| line.contains(word)).count()
}

#[test]
fn single_accesses_compile_to_the_instructions_of_raw_relaxed_atomics() {
    let Some(twins) = twins() else { return };
    for name in [
        "load",
        "load_read_only",
        "load_acquire",
        "store",
        "store_release",
        "fetch_add",
        "fetch_add_used",
        "load_bool",
        "load_enum",
        "load_big_endian",
        "element",
        "slice_element",
    ] {
        let (ours, raw) = (code(&twins.ours, name), code(&twins.raw, name));
        assert!(!raw.is_empty());
        assert_eq!(ours, raw, "`{name}` differs: ours\n{}\nraw\n{}\n", ours.join("\n"), raw.join("\n"));
    }
}

#[test]
fn a_field_load_is_one_mov_behind_the_handle() {
    let Some(twins) = twins() else { return };
    assert_eq!(code(&twins.ours, "load"), ["mov (%rdi),%rax", "mov 0x8(%rax),%rax", "ret"]);
}

#[test]
fn fetch_add_is_one_locked_instruction() {
    let Some(twins) = twins() else { return };
    for (name, locked) in [("fetch_add", "lock add"), ("fetch_add_used", "lock xadd")] {
        let ours = code(&twins.ours, name);
        assert_eq!(
            (count(ours, "lock"), count(ours, locked), count(ours, "cmpxchg")),
            (1, 1, 0),
            "{}",
            ours.join("\n")
        );
    }
}

#[test]
fn a_sum_over_an_array_is_the_loop_over_a_slice() {
    let Some(twins) = twins() else { return };
    let (ours, raw) = (code(&twins.ours, "sum"), code(&twins.raw, "sum"));
    // Equally unrolled, with equally many loads. Only the names of registers differ.
    let shape = |code: &[String]| (code.len(), loads(code), count(code, "imul") + count(code, "call"));
    assert_eq!(shape(ours), shape(raw), "ours\n{}\nraw\n{}\n", ours.join("\n"), raw.join("\n"));
}

#[test]
fn a_struct_load_is_one_load_a_leaf() {
    let Some(twins) = twins() else { return };
    // One more load, for the pointer in the handle.
    for (name, leaves) in [("load_eight", 8), ("load_mixed", 10)] {
        let ours = code(&twins.ours, name);
        assert_eq!(loads(ours), leaves + 1, "`{name}`\n{}", ours.join("\n"));
        assert_eq!(count(ours, "call") + count(ours, "rep "), 0, "`{name}`\n{}", ours.join("\n"));
    }
}

#[test]
fn a_struct_store_is_one_store_a_leaf() {
    let Some(twins) = twins() else { return };
    let ours = code(&twins.ours, "store_eight");
    let stores = ours.iter().filter(|line| line.starts_with("mov") && line.ends_with(')')).count();
    assert_eq!(count(ours, "call") + count(ours, "rep "), 0, "{}", ours.join("\n"));
    assert_eq!(stores, 8, "{}", ours.join("\n"));
}
