//! From Rust to C and back: clang compiles the C that [`Layout::c_declaration`] writes, and the
//! result meets the Rust type. This is done for several hundred invented types (see
//! `shapes/build.rs`). A twin of each with one change does not meet it, and the error says where.

use std::fmt::Write as _;
use std::sync::OnceLock;

use mapvalue::btf::{Type, TypeKind};
use mapvalue::{Btf, Layout};
use mapvalue_tests::c;

struct Shape {
    layout: Layout,
    keyword: &'static str,
    twin: Option<Twin>,
}

/// The same type after one change.
struct Twin {
    layout: Layout,
    change: &'static str,
    /// A message must begin with one of these.
    paths: &'static [&'static str],
}

#[allow(clippy::all, clippy::pedantic, dead_code, missing_docs, nonstandard_style, unreachable_pub, unused)]
#[allow(unused_qualifications)]
#[allow(missing_debug_implementations)]
mod generated {
    use mapvalue::MapValue;

    use super::{Shape, Twin};

    include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
}
use generated::SHAPES;

fn layouts() -> Vec<Layout> {
    SHAPES.iter().map(|shape| shape.layout).collect()
}

/// The BTF of a header of all shapes, with a variable of each so that the compiler keeps it.
fn btf() -> &'static Btf {
    static BTF: OnceLock<Btf> = OnceLock::new();
    BTF.get_or_init(|| {
        let mut source = format!("{}{}", c::PREAMBLE, Layout::c_declarations(&layouts()));
        for (i, shape) in SHAPES.iter().enumerate() {
            writeln!(source, "{} {} v{i};", shape.keyword, shape.layout.c_name()).unwrap();
        }
        c::compile(&source)
    })
}

/// The types of the variables `v0`, `v1` and so on, one for each shape.
fn c_types() -> impl Iterator<Item = Type<'static>> {
    let mut types: Vec<(usize, Type<'_>)> = Vec::new();
    for variable in btf().types() {
        let number = variable.name().strip_prefix('v').and_then(|number| number.parse().ok());
        if let (TypeKind::Variable { ty, .. }, Some(number)) = (variable.kind(), number) {
            types.push((number, ty));
        }
    }
    types.sort_by_key(|(number, _)| *number);
    assert!(types.iter().map(|(number, _)| *number).eq(0..SHAPES.len()), "a variable of each shape");
    types.into_iter().map(|(_, ty)| ty)
}

#[test]
fn each_type_meets_its_own_c() {
    c::require!(c::CLANG);
    for (shape, ty) in SHAPES.iter().zip(c_types()) {
        if let Err(differences) = shape.layout.check(ty) {
            panic!("{differences}\n{}\n{}", shape.layout, shape.layout.c_declaration());
        }
        let size = ty.size().expect("it has one");
        let heading = format!("{}: {size} bytes, align ", shape.layout.name());
        assert!(shape.layout.to_string().starts_with(&heading), "{heading}: {}", shape.layout);
    }
}

/// A source that declares each type in a function of its own, so that names do not clash.
fn one_by_one(layouts: impl Iterator<Item = Layout>) -> String {
    let mut source = c::PREAMBLE.to_owned();
    for (i, layout) in layouts.enumerate() {
        writeln!(source, "void f{i}(void);\nvoid f{i}(void)\n{{\n{}}}", layout.c_declaration()).unwrap();
    }
    source
}

/// The types must hold all this, or the other tests prove little.
#[test]
fn all_that_can_differ_is_among_the_types() {
    assert!(SHAPES.len() >= 500, "{}", SHAPES.len());
    let header = Layout::c_declarations(&layouts());
    for (part, least) in [
        ("struct ", 500),
        ("union ", 50),
        ("enum ", 50),
        ("__be", 10),
        ("__le", 10),
        ("/* big-endian */", 10),
        ("_Bool ", 10),
        ("float ", 10),
        ("double ", 10),
        ("void *", 10),
        ("\tchar ", 10),
        ("[0];", 10),
        ("[3][2]", 3),
        ("][2][", 1),
        ("__attribute__((packed));", 3),
        ("__attribute__((packed, aligned(2)));", 1),
        ("__attribute__((aligned(64)));", 3),
        ("Both_2", 1),
        ("Bank_3", 1),
        ("__u8 _pad1[", 10),
        (" _pad0[3];", 3),
        (" default_;", 1),
        (" struct_;", 1),
        (" _7;", 1),
        ("_in_c;", 10),
        (" = -9223372036854775807LL - 1,", 1),
        (" = 18446744073709551615ULL,", 1),
    ] {
        let found = header.matches(part).count();
        assert!(found >= least, "`{part}`: {found} of {least}");
    }
}

#[test]
fn each_type_is_whole_when_it_is_declared_alone() {
    c::require!(c::CLANG);
    c::check(c::CLANG, &one_by_one(layouts().into_iter())).unwrap_or_else(|said| panic!("{said}"));
}

/// gcc handles attributes differently, and knows enums of a stated size only since version 13.
#[test]
fn gcc_lays_the_types_out_alike() {
    c::require!(c::GCC);
    let knows_enums = c::check(c::GCC, "enum e : char { A };").is_ok();
    let understood = |layout: &Layout| knows_enums || !layout.c_declaration().contains("enum ");
    let layouts: Vec<Layout> = layouts().into_iter().filter(understood).collect();
    assert!(layouts.len() >= 250, "{}", layouts.len());
    c::check(c::GCC, &one_by_one(layouts.into_iter())).unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn a_changed_type_does_not_meet_it_and_the_place_is_named() {
    c::require!(c::CLANG);
    let mut refused = std::collections::BTreeMap::<&str, usize>::new();
    for (shape, ty) in SHAPES.iter().zip(c_types()) {
        let Some(Twin { layout, change, paths }) = &shape.twin else { continue };
        let Err(differences) = layout.check(ty) else {
            panic!("{change} at {paths:?} goes unnoticed:\n{layout}\n{}", shape.layout.c_declaration());
        };
        let named = differences.iter().any(|difference| paths.contains(&difference.path.as_str()));
        assert!(named, "{change} at {paths:?} is not what is told:\n{differences}\n{layout}");
        *refused.entry(change).or_default() += 1;
    }
    println!("{refused:?}");
    assert!(refused.values().sum::<usize>() >= 500, "{refused:?}");
    assert!(refused.len() == 13 && refused.values().all(|times| *times >= 5), "{refused:?}");
}
