//! From BTF to Rust and back: what [`Btf::rust_source`] writes compiles, and each type is laid out
//! as the C type is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use mapvalue::Btf;
use mapvalue::btf::{NotInRust, RustSource, TypeKind};
use mapvalue_tests::c;

/// The lints under which the source is included: those that a careful agent has.
const LINTS: &str =
    "#![forbid(unsafe_code)]\n#![deny(warnings, nonstandard_style, unused, missing_debug_implementations)]\n";

const MAIN: &str = r#"
fn main() {
    let mut differ = 0;
    for (path, types) in OBJECTS.iter().filter(|(_, types)| !types.is_empty()) {
        let bytes = std::fs::read(path).expect("it was there");
        let elf = bytes.starts_with(b"\x7fELF");
        let btf = if elf { mapvalue::Btf::from_object(&bytes).unwrap() } else { mapvalue::Btf::parse(&bytes).unwrap() };
        for (name, layout, id) in *types {
            if let Err(found) = layout.check(btf.get(*id).unwrap()) {
                println!("{path}: {name}: {found}");
                differ += 1;
            }
        }
    }
    assert_eq!(differ, 0);
    more();
}
"#;

/// Compiles the sources as one crate and runs it: it compares each type with its object.
/// `more` runs as well.
fn compile(name: &str, sources: &[(PathBuf, RustSource)], more: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(folder.join("src")).unwrap();
    let core = root.join("core");
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n[dependencies]\nmapvalue = {{ path = \"{}\" }}\n[workspace]\n",
        core.display()
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let (mut main, mut list) = (LINTS.to_owned(), String::new());
    for (number, (path, source)) in sources.iter().enumerate() {
        fs::write(folder.join(format!("src/object{number}.rs")), &source.text).unwrap();
        let mut types = String::new();
        for (rust, id) in &source.types {
            writeln!(types, "(\"{rust}\", <object{number}::{rust} as mapvalue::MapValue>::LAYOUT, {id}),").unwrap();
        }
        writeln!(main, "#[allow(dead_code)]\nmod object{number};").unwrap();
        writeln!(list, "(\"{}\", &[{types}]),", path.display()).unwrap();
    }
    write!(
        main,
        "const OBJECTS: &[(&str, &[(&str, mapvalue::Layout, u32)])] = &[{list}];\n{MAIN}\nfn more() {{\n{more}\n}}\n"
    )
    .unwrap();
    fs::write(folder.join("src/main.rs"), main).unwrap();
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What the workspace compiled is used again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    cargo.args(["run", "--offline", "--quiet"]).current_dir(&folder).env("CARGO_TARGET_DIR", target);
    let output = cargo.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}", said.chars().take(20_000).collect::<String>());
}

fn objects() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = ["tests/bpf", "examples/bpf", "core/guide"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "o"));
    paths.sort();
    paths
}

/// Counts the reasons without the names and numbers in them.
fn reasons(refused: &[NotInRust]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for NotInRust { reason, .. } in refused {
        let last = reason.rsplit(": ").next().unwrap_or(reason);
        let bare = last.split('`').step_by(2).collect::<Vec<_>>().join("X");
        let bare: String = bare.chars().filter(|c| !c.is_ascii_digit()).collect();
        *counts.entry(bare).or_default() += 1;
    }
    counts
}

#[test]
fn all_types_of_the_objects_are_those_of_the_program() {
    let sources: Vec<(PathBuf, RustSource)> = objects()
        .into_iter()
        .map(|path| {
            let source = Btf::from_object(&fs::read(&path).unwrap()).unwrap().rust_source_of_all();
            (path, source)
        })
        .collect();
    let types: usize = sources.iter().map(|(_, source)| source.types.len()).sum();
    let refused: Vec<NotInRust> = sources.iter().flat_map(|(_, source)| source.refused.clone()).collect();
    println!("{} objects, {types} types; refused: {:#?}", sources.len(), reasons(&refused));
    for refused in &refused {
        println!("{refused}");
    }
    assert!(sources.len() > 30 && types > 200 && refused.len() < 10, "{types}, {}", refused.len());
    compile("from_objects", &sources, "");
}

/// As many structs of the kernel as `MAPVALUE_VMLINUX` says, or 200.
#[test]
fn types_of_the_kernel_are_those_of_the_kernel() {
    let Ok(btf) = Btf::from_vmlinux() else { return mapvalue_tests::skip("the kernel has no BTF") };
    let wanted = env::var("MAPVALUE_VMLINUX").map_or(200, |number| number.parse().unwrap());
    let structs = btf.types().filter(|ty| matches!(ty.kind(), TypeKind::Struct(_)) && !ty.name().is_empty());
    let all: Vec<String> = structs.map(|ty| format!("struct {}", ty.name())).collect();
    // Spread over the kernel.
    let step = (all.len() / wanted).max(1);
    let source = btf.rust_source(all.iter().step_by(step).take(wanted));
    println!("{wanted} of {} structs: {} types", all.len(), source.types.len());
    println!("refused: {:#?}", reasons(&source.refused));
    assert!(source.types.len() > wanted && source.refused.len() < source.types.len());
    compile("from_kernel", &[("/sys/kernel/btf/vmlinux".into(), source)], "");
}

/// Bitfields, of C as clang compiles it: the bytes that C stored are read, and stored again from
/// Rust, in a value and in shared memory.
#[test]
fn bitfields_hold_what_c_stored() {
    c::require!(c::CLANG);
    let declaration = "struct flags {\n__u32 lead;\n__u32 a : 3, b : 11;\n__s32 c : 5;\n_Bool d : 1;\n__u64 wide : 33;\n\
                       __s64 low : 7;\n__u64 last;\n__u16 type : 16;\nenum color { RED, BLUE } color : 2;\n\
                       __u32 set_hue : 1, hue : 1;\n};\n";
    let btf = c::compile(&format!("{}{declaration}struct flags v;\n", c::PREAMBLE));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (program, code) = (folder.join("bitfields"), folder.join("bitfields.c"));
    let main = "#include <stdio.h>\nint main(void) { union { struct flags f; unsigned char b[sizeof(struct flags)]; } u = { .b = { 0 } };\n\
                u.f.lead = 0xa5; u.f.a = 5; u.f.b = 1234; u.f.c = -7; u.f.d = 1; u.f.wide = 0x1abcdef01; u.f.low = -33;\n\
                u.f.last = 0xbeef; u.f.type = 0x8001; u.f.color = BLUE; u.f.hue = 1;\n\
                for (unsigned i = 0; i < sizeof u; i++) printf(\"%u,\", u.b[i]); }\n";
    fs::write(&code, format!("{}{declaration}{main}", c::PREAMBLE)).unwrap();
    assert!(Command::new(c::CLANG).arg("-o").args([&program, &code]).status().unwrap().success());
    let bytes = String::from_utf8(Command::new(&program).output().unwrap().stdout).unwrap();
    let mut source = btf.rust_source(["struct flags"]);
    // There is no file to compare them with.
    source.types.clear();
    assert!(source.refused.is_empty(), "{:?}", source.refused);
    let checks = "assert_eq!((v.a(), v.b(), v.c(), v.d(), v.wide()), (5u32, 1234u32, -7i32, true, 0x1_abcd_ef01u64));\n\
                  assert_eq!((v.lead, v.low(), v.last, v.type_(), v.color()), (0xa5, -33i64, 0xbeef, 0x8001u16, 1u32));\n\
                  assert_eq!((v.set_hue(), v.hue2()), (0u32, 1u32));\n";
    let sets = "s.set_a(5); s.set_b(1234); s.set_c(-7); s.set_d(true); s.set_wide(0x1_abcd_ef01); s.set_low(-33);\n\
                s.set_type_(0x8001); s.set_color(1); s.set_set_hue(0); s.set_hue2(1);\n";
    let more = format!(
        "use mapvalue::{{MapValue, Mapping, Var}};\nlet bytes = [{bytes}];\nlet v = object0::Flags::from_bytes(&bytes).unwrap();\n\
         {checks}let mut s = object0::Flags {{ ..v }};\n{}{sets}let mut out = [0; size_of::<object0::Flags>()];\n\
         s.write_bytes(&mut out).unwrap();\nassert_eq!(out, bytes);\n\
         let mapping = Mapping::memfd(4096).unwrap();\nlet var: Var<object0::Flags> = mapping.var(0).unwrap();\n\
         {{ let s = &*var; s.lead.store(0xa5); s.last.store(0xbeef); {sets} }}\nlet v = var.load();\n{checks}\
         mapping.read_at(0, &mut out).unwrap();\nassert_eq!(out, bytes);",
        "s.set_a(!5); s.set_b(!0); s.set_c(7); s.set_wide(0); s.set_low(0); s.set_type_(0); s.set_color(2); s.set_d(false);\n",
    );
    compile("from_bitfields", &[("/dev/null".into(), source)], &more);
}
