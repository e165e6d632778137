//! C in tests: compiles sources to BTF with clang, and checks the C written from Rust types against
//! those types.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use mapvalue::btf::{Type, TypeKind};
use mapvalue::{Btf, Layout};

pub use crate::require_compiler as require;

/// The compiler of the committed objects.
pub const CLANG: &str = "clang-19";
/// The newest compiler of BPF programs that Debian has.
pub const NEW_CLANG: &str = "clang-22";
/// The compiler of everything else.
pub const GCC: &str = "gcc";

/// The beginning of a source: the kernel's names of integers.
pub const PREAMBLE: &str = "#include <linux/types.h>\n";

/// Ends a test early if a compiler is not installed: prints a message, and the test passes.
///
/// With `MAPVALUE_REQUIRE_KERNEL=1`, which says that everything a test needs is there, it fails. On
/// the other kernels of `tests/kernels`, there is never a compiler, so there it is skipped.
#[macro_export]
macro_rules! require_compiler {
    ($compiler:expr) => {
        if !$crate::c::is_installed($compiler) {
            let reason = format!("there is no {}", $compiler);
            if $crate::c::is_other_kernel() {
                $crate::say_skipped(&reason);
            } else {
                $crate::skip(&reason);
            }
            return;
        }
    };
}

/// Whether this runs in `tests/kernels`, where there is nothing but the tests.
pub fn is_other_kernel() -> bool {
    std::env::var_os("MAPVALUE_OTHER_KERNEL").is_some()
}

/// Whether a compiler of this name is installed.
pub fn is_installed(compiler: &str) -> bool {
    Command::new(compiler).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Compiles a source as BPF programs are, with all warnings as errors, and reads the BTF.
///
/// # Panics
///
/// If it does not compile, with the compiler's message. The source is left where the message says.
pub fn compile(source: &str) -> Btf {
    let object = Scratch::new("o");
    let path = object.0.to_str().expect("of ASCII");
    run(CLANG, &["-target", "bpfel", "-O2", "-g", "-c", "-o", path], source).unwrap_or_else(|said| panic!("{said}"));
    Btf::from_object(&fs::read(&object.0).unwrap()).unwrap()
}

/// Compiles a BPF program of `tests/bpf` as the build script there does, with another compiler.
/// Returns the object.
///
/// # Panics
///
/// If it does not compile, with the compiler's message.
pub fn compile_program(compiler: &str, source: &str) -> Vec<u8> {
    let object = Scratch::new("o");
    let path = object.0.to_str().expect("of ASCII");
    let tests = env!("CARGO_MANIFEST_DIR");
    let source = format!("#include \"{tests}/bpf/{source}\"\n");
    let include = format!("-I{tests}/../core/include");
    let arguments = ["-target", "bpfel", "-mcpu=v3", "-O2", "-g", "-Wno-unused-parameter", &include, "-c", "-o", path];
    run(compiler, &arguments, &source).unwrap_or_else(|said| panic!("{said}"));
    fs::read(&object.0).unwrap()
}

/// Has a compiler check a source, with all warnings as errors.
///
/// # Errors
///
/// The compiler's message.
pub fn check(compiler: &str, source: &str) -> Result<(), String> {
    run(compiler, &["-fsyntax-only"], source)
}

fn run(compiler: &str, arguments: &[&str], source: &str) -> Result<(), String> {
    let file = Scratch::new("c");
    fs::write(&file.0, source).unwrap();
    // Where Debian keeps the headers of the machine that a BPF program is compiled for.
    let machine = format!("-I/usr/include/{}-linux-gnu", std::env::consts::ARCH);
    let mut command = Command::new(compiler);
    command.args(["-Wall", "-Wextra", "-Werror", &machine]).args(arguments).arg(&file.0);
    let output = command.output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    std::mem::forget(file);
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A file that is removed when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(extension: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("mapvalue-{}-{number}.{extension}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Checks types against the C written from them: compiles one header of all of them, in whose BTF
/// each must match a type.
///
/// # Panics
///
/// If a type has no match, with the differences.
pub fn assert_meet_their_own_c(layouts: &[Layout]) {
    let header = Layout::c_declarations(layouts);
    let mut source = format!("{PREAMBLE}{header}");
    // Variables, so that the compiler keeps the types in the BTF.
    for (i, name) in declared(&header).enumerate() {
        let _ = writeln!(source, "{name} v{i};");
    }
    let btf = compile(&source);
    for layout in layouts {
        let verdicts: Vec<_> = candidates(&btf, layout).map(|ty| layout.check(ty)).collect();
        let differences: Vec<String> =
            verdicts.iter().filter_map(|verdict| Some(verdict.as_ref().err()?.to_string())).collect();
        assert!(differences.len() < verdicts.len(), "{}: {}\n{header}", layout.name(), differences.join("\n"));
    }
}

/// The types that a header declares: `struct stats`.
fn declared(header: &str) -> impl Iterator<Item = String> {
    header.lines().filter_map(|line| {
        let mut words = line.strip_suffix('{')?.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?))
    })
}

/// The types of this name, also with a number after it, as for other generic arguments.
fn candidates<'a>(btf: &'a Btf, layout: &Layout) -> impl Iterator<Item = Type<'a>> + use<'a> {
    let name = layout.c_name();
    btf.types().filter(move |ty| {
        let number = ty.name().strip_prefix(name).map(|rest| rest.strip_prefix('_').unwrap_or(rest));
        let composite = matches!(ty.kind(), TypeKind::Struct(_) | TypeKind::Union(_) | TypeKind::Enum(_));
        composite && number.is_some_and(|number| number.chars().all(|c| c.is_ascii_digit()))
    })
}
