//! The reader of BTF beside two others, btf-rs and bpftool: they must agree on every type of the
//! running kernel and of all objects in the repository.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use btf_rs::BtfType as _;
use mapvalue::Btf;
use mapvalue::btf::{Linkage, Type, TypeKind};
use mapvalue_tests::kernel;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use serde_json::{Value, json};

const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// All objects in the repository, wherever they are.
fn objects() -> Vec<PathBuf> {
    fn visit(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            if entry.file_type().unwrap().is_dir() {
                if !name.starts_with('.') && name != "target" {
                    visit(&path, found);
                }
            } else if name.ends_with(".bpf.o") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    visit(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")), &mut found);
    found.sort();
    assert!(found.len() >= 7, "{found:?}");
    found
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The bytes of the section `.BTF` of an object file.
fn section(file: &[u8]) -> Vec<u8> {
    let object = object::File::parse(file).unwrap();
    object.section_by_name(".BTF").unwrap().data().unwrap().to_vec()
}

/// The kernel's own BTF, if this process may read it.
fn vmlinux() -> Option<Vec<u8>> {
    match fs::read(VMLINUX) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            kernel::skip(&format!("cannot read {VMLINUX}: {error}"));
            None
        }
    }
}

/// The output of `bpftool btf dump` for a file.
fn bpftool(path: &Path, format: &[&str]) -> Vec<u8> {
    let mut command = Command::new("bpftool");
    let output = command.args(["btf", "dump", "file"]).arg(path).args(format).output().expect("run bpftool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The name, or what bpftool writes for a missing one.
fn name(name: &str) -> &str {
    if name.is_empty() { "(anon)" } else { name }
}

/// A type as bpftool describes it.
fn ours(ty: Type<'_>) -> Value {
    let linkage = |linkage| match linkage {
        Linkage::Static => "static",
        Linkage::Global => "global",
        Linkage::Extern => "extern",
        other => panic!("{other:?} of {ty:?}"),
    };
    let to = |kind: &str, target: Type<'_>| (kind.to_owned(), json!({ "type_id": target.id() }));
    let (kind, mut value) = match ty.kind() {
        TypeKind::Int(int) => {
            let encoding = match (int.signed, int.character, int.bool) {
                (false, false, false) => "(none)",
                (true, false, false) => "SIGNED",
                (false, true, false) => "CHAR",
                (false, false, true) => "BOOL",
                several => panic!("{several:?} of {ty:?}"),
            };
            let value =
                json!({ "size": int.size, "bits_offset": int.bit_offset, "nr_bits": int.bits, "encoding": encoding });
            ("INT".to_owned(), value)
        }
        TypeKind::Pointer(target) => to("PTR", target),
        TypeKind::Typedef(target) => to("TYPEDEF", target),
        TypeKind::Volatile(target) => to("VOLATILE", target),
        TypeKind::Const(target) => to("CONST", target),
        TypeKind::Restrict(target) => to("RESTRICT", target),
        TypeKind::TypeTag(target) => to("TYPE_TAG", target),
        TypeKind::Array(array) => {
            let (element, index) = (array.element.id(), array.index.id());
            ("ARRAY".to_owned(), json!({ "type_id": element, "index_type_id": index, "nr_elems": array.len }))
        }
        TypeKind::Struct(composite) | TypeKind::Union(composite) => {
            let members: Vec<Value> = composite
                .members()
                .map(|member| {
                    let mut value = json!({
                        "name": name(member.name), "type_id": member.ty.id(), "bits_offset": member.bit_offset,
                    });
                    if let Some(width) = member.bitfield {
                        value["bitfield_size"] = json!(width);
                    }
                    value
                })
                .collect();
            let kind = if matches!(ty.kind(), TypeKind::Struct(_)) { "STRUCT" } else { "UNION" };
            (kind.to_owned(), json!({ "size": composite.size(), "vlen": members.len(), "members": members }))
        }
        TypeKind::Enum(values) => {
            let encoding = if values.is_signed() { "SIGNED" } else { "UNSIGNED" };
            let list: Vec<Value> = values
                .values()
                .map(|(name, value)| match u64::try_from(value) {
                    Ok(value) => json!({ "name": name, "val": value }),
                    Err(_) => json!({ "name": name, "val": i64::try_from(value).unwrap() }),
                })
                .collect();
            // The crate calls both an enum.
            let kind = if values.size() == 8 { "ENUM64" } else { "ENUM" };
            let value = json!({ "encoding": encoding, "size": values.size(), "vlen": list.len(), "values": list });
            (kind.to_owned(), value)
        }
        TypeKind::Forward { union } => {
            ("FWD".to_owned(), json!({ "fwd_kind": if union { "union" } else { "struct" } }))
        }
        TypeKind::Function { prototype, linkage: of } => {
            ("FUNC".to_owned(), json!({ "type_id": prototype.id(), "linkage": linkage(of) }))
        }
        TypeKind::Prototype(prototype) => {
            let params = prototype.params().map(|(param, ty)| json!({ "name": name(param), "type_id": ty.id() }));
            let params: Vec<Value> = params.collect();
            let value = json!({ "ret_type_id": prototype.returns().id(), "vlen": params.len(), "params": params });
            ("FUNC_PROTO".to_owned(), value)
        }
        TypeKind::Variable { ty, linkage: of } => {
            ("VAR".to_owned(), json!({ "type_id": ty.id(), "linkage": linkage(of) }))
        }
        TypeKind::Section(section) => {
            let variables = section.variables();
            let variables: Vec<Value> = variables
                .map(|part| json!({ "type_id": part.variable.id(), "offset": part.offset, "size": part.size }))
                .collect();
            ("DATASEC".to_owned(), json!({ "size": section.size(), "vlen": variables.len(), "vars": variables }))
        }
        TypeKind::Float { size } => ("FLOAT".to_owned(), json!({ "size": size })),
        TypeKind::DeclTag { target, component } => {
            let component = component.map_or(-1, i64::from);
            ("DECL_TAG".to_owned(), json!({ "type_id": target.id(), "component_idx": component }))
        }
        other => panic!("{other:?}"),
    };
    value["id"] = json!(ty.id());
    value["kind"] = json!(kind);
    value["name"] = json!(name(ty.name()));
    value
}

/// Only every `SAMPLE`th of the kernel's many types is compared where code is slow.
const SAMPLE: usize = if cfg!(debug_assertions) { 8 } else { 1 };

/// Compares the two descriptions of every `step`th type.
fn assert_same(what: &Path, btf: &Btf, step: usize, theirs: impl Fn(u32) -> Value, ours: impl Fn(Type<'_>) -> Value) {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for ty in btf.types().step_by(step) {
        let mine = ours(ty);
        assert_eq!(mine, theirs(ty.id()), "{}: {ty:?}", what.display());
        *kinds.entry(mine["kind"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let compared: usize = kinds.values().sum();
    assert!(compared >= btf.types().count() / step);
    println!("{}: {compared} types are the same: {kinds:?}", what.display());
}

/// bpftool's description of a type, without what only bpftool says.
fn straightened(mut ty: Value) -> Value {
    // In a struct with bitfields, bpftool gives 0 for members that are not bitfields.
    for member in ty.get_mut("members").and_then(Value::as_array_mut).into_iter().flatten() {
        let member = member.as_object_mut().unwrap();
        if member.get("bitfield_size") == Some(&json!(0)) {
            member.remove("bitfield_size");
        }
    }
    // Some versions of bpftool put values of unsigned enums through an `int`: 3000000000 becomes
    // 0xffffffffb2d05e00.
    if ty["kind"] == "ENUM" && ty["encoding"] == "UNSIGNED" {
        for value in ty["values"].as_array_mut().unwrap() {
            value["val"] = json!(value["val"].as_u64().unwrap() & 0xffff_ffff);
        }
    }
    ty
}

fn compare_with_bpftool(path: &Path, bytes: &[u8], step: usize) {
    let btf = Btf::parse(bytes).unwrap();
    let dump: Value = serde_json::from_slice(&bpftool(path, &["-j"])).unwrap();
    let types = dump["types"].as_array().unwrap();
    assert_eq!(types.len() + 1, btf.len() as usize);
    assert_same(path, &btf, step, |id| straightened(types[id as usize - 1].clone()), ours);
}

#[test]
fn bpftool_says_the_same_of_all_objects() {
    for path in objects() {
        compare_with_bpftool(&path, &section(&read(&path)), 1);
    }
}

#[test]
fn bpftool_says_the_same_of_the_kernel() {
    let Some(bytes) = vmlinux() else { return };
    compare_with_bpftool(Path::new(VMLINUX), &bytes, SAMPLE);
}

/// btf-rs's description of a type, as far as it goes.
fn theirs(btf: &btf_rs::Btf, id: u32, ty: &btf_rs::Type) -> Value {
    use btf_rs::Type as T;
    let name_of = |ty: &dyn btf_rs::BtfType| match ty.get_name_offset() {
        Some(1..) => btf.resolve_name(ty).unwrap(),
        _ => String::new(),
    };
    let to = |ty: &dyn btf_rs::BtfType| json!({ "type_id": ty.get_type_id().unwrap() });
    let linkage = |is_static, is_global, is_extern| match (is_static, is_global, is_extern) {
        (true, false, false) => "static",
        (false, true, false) => "global",
        (false, false, true) => "extern",
        other => panic!("{other:?}"),
    };
    let members = |it: &btf_rs::Struct| {
        let members = it.members.iter().map(|member| {
            let name_of = name_of(member);
            let (ty, offset) = (member.get_type_id().unwrap(), member.bit_offset());
            let mut value = json!({ "name": name(&name_of), "type_id": ty, "bits_offset": offset });
            if let Some(width @ 1..) = member.bitfield_size() {
                value["bitfield_size"] = json!(width);
            }
            value
        });
        json!({ "size": it.size(), "vlen": it.members.len(), "members": members.collect::<Vec<_>>() })
    };
    let sign = |signed| if signed { "SIGNED" } else { "UNSIGNED" };
    let (kind, mut value) = match ty {
        T::Int(it) => {
            let encoding = match (it.is_signed(), it.is_char(), it.is_bool()) {
                (true, ..) => "SIGNED",
                (_, true, _) => "CHAR",
                (_, _, true) => "BOOL",
                _ => "(none)",
            };
            ("INT", json!({ "size": it.size(), "encoding": encoding }))
        }
        T::Ptr(it) => ("PTR", to(it)),
        T::Typedef(it) => ("TYPEDEF", to(it)),
        T::Volatile(it) => ("VOLATILE", to(it)),
        T::Const(it) => ("CONST", to(it)),
        T::Restrict(it) => ("RESTRICT", to(it)),
        T::TypeTag(it) => ("TYPE_TAG", to(it)),
        T::Array(it) => ("ARRAY", json!({ "type_id": it.get_type_id().unwrap(), "nr_elems": it.len() })),
        T::Struct(it) => ("STRUCT", members(it)),
        T::Union(it) => ("UNION", members(it)),
        T::Enum(it) => {
            let values = it.members.iter().map(|value| {
                let number = value.val();
                let number = if it.is_signed() { number.cast_signed().into() } else { i64::from(number) };
                json!({ "name": name_of(value), "val": number })
            });
            let (size, encoding, vlen) = (it.size(), sign(it.is_signed()), it.members.len());
            // An enum of 64 bits may have the kind of older enums, too.
            let kind = if size == 8 { "ENUM64" } else { "ENUM" };
            (kind, json!({ "size": size, "encoding": encoding, "vlen": vlen, "values": values.collect::<Vec<_>>() }))
        }
        T::Enum64(it) => {
            let values = it.members.iter().map(|value| match (it.is_signed(), value.val().cast_signed()) {
                (true, negative @ ..0) => json!({ "name": name_of(value), "val": negative }),
                _ => json!({ "name": name_of(value), "val": value.val() }),
            });
            let (size, encoding, vlen) = (it.size(), sign(it.is_signed()), it.members.len());
            (
                "ENUM64",
                json!({ "size": size, "encoding": encoding, "vlen": vlen, "values": values.collect::<Vec<_>>() }),
            )
        }
        T::Fwd(it) => ("FWD", json!({ "fwd_kind": if it.is_union() { "union" } else { "struct" } })),
        T::Func(it) => {
            let linkage = linkage(it.is_static(), it.is_global(), it.is_extern());
            ("FUNC", json!({ "type_id": it.get_type_id().unwrap(), "linkage": linkage }))
        }
        T::FuncProto(it) => {
            let params = it.parameters.iter().map(|param| {
                let name_of = name_of(param);
                json!({ "name": name(&name_of), "type_id": param.get_type_id().unwrap() })
            });
            let params: Vec<Value> = params.collect();
            ("FUNC_PROTO", json!({ "ret_type_id": it.return_type_id(), "vlen": params.len(), "params": params }))
        }
        T::Var(it) => {
            let linkage = linkage(it.is_static(), it.is_global(), it.is_extern());
            ("VAR", json!({ "type_id": it.get_type_id().unwrap(), "linkage": linkage }))
        }
        T::Datasec(it) => {
            let variables = it.variables.iter().map(
                |part| json!({ "type_id": part.get_type_id().unwrap(), "offset": part.offset(), "size": part.size() }),
            );
            ("DATASEC", json!({ "size": it.size(), "vlen": it.variables.len(), "vars": variables.collect::<Vec<_>>() }))
        }
        T::Float(it) => ("FLOAT", json!({ "size": it.size() })),
        T::DeclTag(it) => {
            let component = it.component_index().map_or(-1, i64::from);
            ("DECL_TAG", json!({ "type_id": it.get_type_id().unwrap(), "component_idx": component }))
        }
        other => panic!("{other:?}"),
    };
    value["id"] = json!(id);
    value["kind"] = json!(kind);
    value["name"] = json!(ty.as_btf_type().map_or("(anon)".to_owned(), |ty| name(&name_of(ty)).to_owned()));
    value
}

/// Our description of a type, without what btf-rs leaves out.
fn ours_for_btf_rs(ty: Type<'_>) -> Value {
    let mut value = ours(ty);
    if let Value::Object(fields) = &mut value {
        for field in ["bits_offset", "nr_bits", "index_type_id"] {
            fields.remove(field);
        }
    }
    value
}

fn compare_with_btf_rs(path: &Path, bytes: &[u8], step: usize) {
    let other = btf_rs::Btf::from_bytes(bytes).unwrap();
    let btf = Btf::parse(bytes).unwrap();
    let theirs = |id| theirs(&other, id, &other.resolve_type_by_id(id).unwrap());
    assert_same(path, &btf, step, theirs, ours_for_btf_rs);
    assert!(other.resolve_type_by_id(btf.len()).is_err(), "no more than that");
}

#[test]
fn btf_rs_says_the_same_of_all_objects() {
    for path in objects() {
        compare_with_btf_rs(&path, &section(&read(&path)), 1);
    }
}

#[test]
fn btf_rs_says_the_same_of_the_kernel() {
    let Some(bytes) = vmlinux() else { return };
    compare_with_btf_rs(Path::new(VMLINUX), &bytes, SAMPLE);
}

/// The symbols that other files can see, by section and name: where each lies, and whether it is
/// hidden.
fn symbols<'a>(object: &'a object::File<'_>) -> HashMap<(&'a str, &'a str), (u64, bool)> {
    let mut symbols = HashMap::new();
    for symbol in object.symbols().filter(|symbol| !symbol.is_local()) {
        let Some(section) = symbol.section_index().map(|index| object.section_by_index(index).unwrap()) else {
            continue;
        };
        let object::SymbolFlags::Elf { st_other, .. } = symbol.flags() else { panic!("no ELF symbol") };
        let place = (symbol.address(), matches!(st_other & 3, 1 | 2));
        symbols.insert((section.name().unwrap(), symbol.name().unwrap()), place);
    }
    symbols
}

#[test]
fn variables_of_all_objects_lie_where_their_symbols_do() {
    let (mut placed, mut hidden, mut sections) = (0, 0, 0);
    for path in objects() {
        let file = read(&path);
        let object = object::File::parse(file.as_slice()).unwrap();
        let symbols = symbols(&object);
        let (btf, raw) = (Btf::from_object(&file).unwrap(), Btf::parse(&section(&file)).unwrap());
        assert_eq!(btf.len(), raw.len());
        for (ty, raw) in btf.types().zip(raw.types()) {
            let (TypeKind::Section(section), TypeKind::Section(raw_section)) = (ty.kind(), raw.kind()) else {
                let (fixed, mut bare) = (ours(ty), ours(raw));
                if bare["kind"] == "VAR" {
                    // A variable is hidden only by its symbol, which bare BTF does not have.
                    bare["linkage"] = fixed["linkage"].clone();
                }
                assert_eq!(fixed, bare);
                continue;
            };
            assert_eq!((ty.name(), section.variables().len()), (raw.name(), raw_section.variables().len()));
            let Some(in_file) = object.section_by_name(ty.name()) else {
                assert_eq!(ours(ty), ours(raw), "there is nothing to learn of it");
                continue;
            };
            assert_eq!(u64::from(section.size()), in_file.size(), "{}: {}", path.display(), ty.name());
            sections += 1;
            for (part, bare) in section.variables().zip(raw_section.variables()) {
                let what = format!("{}: {} in {}", path.display(), part.variable.name(), ty.name());
                assert_eq!((part.variable.id(), part.size), (bare.variable.id(), bare.size), "{what}");
                let TypeKind::Variable { linkage, .. } = part.variable.kind() else { panic!("{what}") };
                match symbols.get(&(ty.name(), part.variable.name())) {
                    Some((offset, is_hidden)) => {
                        assert_eq!(u64::from(part.offset), *offset, "{what}");
                        assert_eq!(linkage == Linkage::Static, *is_hidden, "{what}");
                        placed += 1;
                        hidden += usize::from(*is_hidden);
                    }
                    None => assert_eq!(linkage, Linkage::Static, "{what}"),
                }
            }
        }
    }
    println!("{placed} variables in {sections} sections, {hidden} of them hidden");
    assert!(placed > 30 && hidden > 0 && sections > 10);
}

/// The lines that declare direct members, for each struct in bpftool's output, by the struct's
/// name.
fn declarations(c: &str) -> HashMap<String, Vec<&str>> {
    let mut found: HashMap<String, Vec<&str>> = HashMap::new();
    let mut name = None;
    for line in c.lines() {
        if let Some(head) =
            line.strip_suffix(" {").filter(|head| head.starts_with("struct ") || head.starts_with("union "))
        {
            name = Some(head.to_owned());
            assert!(!found.contains_key(head), "{head} is declared twice");
            found.insert(head.to_owned(), Vec::new());
        } else if line.starts_with('}') {
            name = None;
        } else if let Some((name, member)) = name.as_ref().zip(line.strip_prefix('\t')) {
            let whole = member.strip_suffix(';').filter(|member| !member.starts_with(['\t', '}']));
            found.get_mut(name).unwrap().extend(whole);
        }
    }
    found
}

/// The declaration without its name and blanks, such as `__u32[2]` for `__u32 matrix[2]`. `None` if
/// it declares another name.
fn without_name(declaration: &str, name: &str) -> Option<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut at, mut last) = (0, None);
    // Takes the last match that is a whole word and not inside a function's parameters. The first
    // word belongs to the type.
    while let Some(found) = declaration[at..].find(name).map(|found| found + at) {
        let (before, after) = (&declaration[..found], &declaration[found + name.len()..]);
        if !before.ends_with(is_word) && !after.starts_with(is_word) && !before.contains(")(") && !before.is_empty() {
            last = Some((before, after));
        }
        at = found + name.len();
    }
    let (before, after) = last?;
    Some(format!("{before}{after}").split_whitespace().collect())
}

/// Compares the spelling of members' types with bpftool's declarations. Returns how many were
/// compared.
fn compare_spelling(path: &Path, btf: &Btf, step: usize) -> usize {
    let c = String::from_utf8(bpftool(path, &["format", "c"])).unwrap();
    let declared = declarations(&c);
    let mut compared = 0;
    let mut wrong = Vec::new();
    let mut known: HashMap<String, u32> = HashMap::new();
    for ty in btf.types().filter(|ty| matches!(ty.kind(), TypeKind::Struct(_) | TypeKind::Union(_))) {
        *known.entry(ty.to_string()).or_default() += 1;
    }
    for ty in btf.types().step_by(step) {
        let (TypeKind::Struct(composite) | TypeKind::Union(composite)) = ty.kind() else { continue };
        let spelled = ty.to_string();
        let Some(lines) = declared.get(&spelled).filter(|_| known[&spelled] == 1) else { continue };
        for member in composite.members().filter(|member| !member.name.is_empty()) {
            let ours = member.ty.to_string();
            // bpftool writes out types without a name, and all parameters of functions inside
            // functions.
            if ours.contains("{...}") || ours.contains("(...)") {
                continue;
            }
            let declarations = lines.iter().filter_map(|line| {
                let line = line.split(" __attribute__").next()?;
                let (line, width) = line.split_once(": ").map_or((line, None), |(line, width)| (line, Some(width)));
                let width = width.and_then(|width| width.parse().ok());
                (width == member.bitfield).then(|| without_name(line, member.name))?
            });
            let declarations: Vec<String> = declarations.map(|line| in_order(&line)).collect();
            let expected = in_order(&ours.split_whitespace().collect::<String>());
            if declarations.contains(&expected) {
                compared += 1;
            } else {
                wrong.push(format!("{ty}.{}: `{ours}`: {declarations:?}", member.name));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}: {} of {compared}\n{}",
        path.display(),
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
    compared
}

/// Treats `volatile const` as `const volatile`, and drops the number that bpftool adds to a second
/// type of one name.
fn in_order(spelling: &str) -> String {
    let mut spelling = spelling.replace("volatileconst", "constvolatile");
    for suffix in ["___2", "___3", "___4", "___5"] {
        spelling = spelling.replace(suffix, "");
    }
    spelling
}

#[test]
fn types_are_spelled_as_bpftool_declares_them() {
    let compared: usize =
        objects().iter().map(|path| compare_spelling(path, &Btf::from_object(&read(path)).unwrap(), 1)).sum();
    println!("{compared} members are spelled alike");
    assert!(compared > 100, "{compared}");
}

#[test]
fn the_kernels_types_are_spelled_as_bpftool_declares_them() {
    let Some(bytes) = vmlinux() else { return };
    let compared = compare_spelling(Path::new(VMLINUX), &Btf::parse(&bytes).unwrap(), SAMPLE);
    println!("{compared} members are spelled alike");
    assert!(compared > 30_000 / SAMPLE, "{compared}");
}
