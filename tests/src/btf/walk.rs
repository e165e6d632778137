//! Asks a BTF reader everything, for bytes that may be hostile. It asserts what must hold for any
//! bytes.

use std::fmt::Write;
use std::sync::Arc;

use mapvalue::btf::{Linkage, Mismatches, Section, Type, TypeKind};
use mapvalue::zerocopy::byteorder::{BigEndian, U16, U32};
use mapvalue::{Btf, DataSection, Layout, MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Seen {
    count: u64,
    last: Point,
}

/// `struct nested` of tests/bpf/layouts.bpf.c.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Nested {
    points: [Point; 3],
    matrix: [[u32; 4]; 2],
    seen: Seen,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: U32<BigEndian>,
    v6: [u8; 16],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Ends {
    port: U16<BigEndian>,
    vlan: u16,
}

/// `struct flow`.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Flow {
    source: Address,
    ends: Ends,
    low: u32,
    high: u32,
    protocol: u8,
}

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Verdict {
    Pass,
    Drop,
    Abort = 40,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Enums {
    verdict: Verdict,
    error: i32,
    wide: u64,
    small: u8,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Leaves {
    a: u8,
    b: i8,
    c: u8,
    d: bool,
    e: u16,
    k: f32,
    l: f64,
    _pad: [u8; 3],
    version: u16,
}

#[derive(MapValue, Clone, Copy)]
#[repr(transparent)]
struct Users(i32);

/// Rust types of every kind, some of them with a match in the programs of tests/bpf.
const LAYOUTS: [Layout; 14] = [
    <Nested as MapValue>::LAYOUT,
    <Flow as MapValue>::LAYOUT,
    <Enums as MapValue>::LAYOUT,
    <Leaves as MapValue>::LAYOUT,
    <Address as MapValue>::LAYOUT,
    <Verdict as MapValue>::LAYOUT,
    <Users as MapValue>::LAYOUT,
    <Point as MapValue>::LAYOUT,
    <[Point; 3] as MapValue>::LAYOUT,
    <[u64; 2] as MapValue>::LAYOUT,
    <U32<BigEndian> as MapValue>::LAYOUT,
    <u64 as MapValue>::LAYOUT,
    <bool as MapValue>::LAYOUT,
    <f32 as MapValue>::LAYOUT,
];

/// Compares a type with Rust types of every kind.
///
/// # Panics
///
/// If a Rust type of another size is accepted, or one is refused without a reason.
pub fn check_layouts(ty: Type<'_>) {
    for layout in &LAYOUTS {
        match layout.check(ty) {
            Ok(()) => assert!(
                ty.size().is_none_or(|size| size == layout.size() as u64),
                "{} of {} bytes met {ty:?} of {:?}",
                layout.name(),
                layout.size(),
                ty.size()
            ),
            Err(mismatches) => hold(&mismatches),
        }
    }
}

fn hold(mismatches: &Mismatches) {
    assert!(mismatches.iter().len() > 0, "a refusal has a reason");
    assert!(!mismatches.to_string().is_empty());
}

/// The walk, with memory that the sections are laid over.
#[derive(Debug)]
pub struct Walk {
    mapping: Arc<Mapping>,
    text: String,
}

impl Walk {
    /// # Panics
    ///
    /// If there is no memory.
    pub fn new() -> Self {
        Self { mapping: Mapping::memfd(1 << 16).expect("memory"), text: String::new() }
    }

    /// Asks for everything. The words are looked up as type names, and as paths to variables.
    ///
    /// # Panics
    ///
    /// If an answer is impossible.
    pub fn all(&mut self, btf: &Btf, words: &[&str]) {
        assert_eq!(btf.types().count() + 1, btf.len() as usize);
        assert!(btf.get(btf.len()).is_none());
        self.one(btf.get(0).expect("void"));
        for (id, ty) in (1..).zip(btf.types()) {
            assert_eq!(ty.id(), id);
            assert_eq!(btf.get(id).map(Type::id), Some(id));
            self.one(ty);
        }
        for word in words {
            assert!(btf.find(word).all(|ty| ty.name() == *word));
            self.show(&btf.check::<Nested>(word).err());
            self.show(&btf.check::<Address>(word).err());
        }
        // Few names, since each lookup visits every type.
        for ty in btf.types().filter(|ty| !ty.name().is_empty()).take(4) {
            assert!(btf.find(ty.name()).any(|found| found.id() == ty.id()));
        }
        let rust = btf.rust_source_of_all();
        assert!(rust.text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')), "{rust}");
        let sections = btf.types().filter(|ty| matches!(ty.kind(), TypeKind::Section(_)));
        sections.take(8).for_each(|ty| self.section(btf, ty.name(), words));
    }

    fn one(&mut self, ty: Type<'_>) {
        self.parts(ty);
        self.show(&ty);
        if let Some(resolved) = ty.resolved() {
            let resolved = resolved.kind();
            assert!(
                !matches!(
                    resolved,
                    TypeKind::Typedef(_)
                        | TypeKind::Const(_)
                        | TypeKind::Volatile(_)
                        | TypeKind::Restrict(_)
                        | TypeKind::TypeTag(_)
                ),
                "{ty:?} is {resolved:?}"
            );
        }
        check_layouts(ty);
    }

    /// Asks for all that a type says about its parts.
    fn parts(&mut self, ty: Type<'_>) {
        let kind = ty.kind();
        self.show_debug(&kind);
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        // Every type has its own turn, so no part is followed from here.
        let result = match kind {
            TypeKind::Struct(composite) | TypeKind::Union(composite) => {
                assert_eq!(ty.size(), Some(composite.size().into()));
                assert_eq!(composite.members().len(), composite.members().count());
                composite.members().try_for_each(|member| {
                    let (id, name) = (member.ty.id(), member.name.len());
                    write!(text, "{id} {name} {} {:?}", member.bit_offset, member.bitfield)
                })
            }
            TypeKind::Enum(values) => values.values().try_for_each(|(name, value)| {
                assert!(value >= 0 || values.is_signed());
                write!(text, "{} {value}", name.len())
            }),
            TypeKind::Prototype(prototype) => {
                prototype.params().try_for_each(|(name, ty)| write!(text, "{} {}", name.len(), ty.id()))
            }
            TypeKind::Section(section) => section
                .variables()
                .try_for_each(|part| write!(text, "{} {} {}", part.variable.id(), part.offset, part.size)),
            _ => Ok(()),
        };
        result.expect("written to memory");
        self.text = text;
    }

    /// Writes its output, which must stay small.
    fn show(&mut self, it: &impl Shown) {
        self.text.clear();
        it.show(&mut self.text);
        assert!(self.text.len() < 1 << 22, "{} bytes are shown", self.text.len());
    }

    fn show_debug(&mut self, kind: &TypeKind<'_>) {
        self.text.clear();
        write!(self.text, "{kind:?}").expect("written to memory");
    }

    /// Asks for the variables of a section, laid over memory of this process.
    fn section(&mut self, btf: &Btf, name: &str, words: &[&str]) {
        let section = match DataSection::with_btf(&self.mapping, btf, name) {
            Ok(section) => section,
            Err(error) => return self.show(&Some(error)),
        };
        let variables = section.variables();
        assert!(variables.is_sorted_by_key(|variable| variable.offset));
        let visible = visible(btf, name);
        assert!(name.is_empty() || visible.is_none_or(|visible| visible == variables.len()));
        for variable in variables.iter().take(8) {
            for suffix in ["", ".x", "[0]", "[1].x", ".seen.last.y", ".v4"] {
                self.variable(&section, &format!("{}{suffix}", variable.name));
            }
        }
        for word in words {
            self.variable(&section, word);
        }
    }

    /// Asks for handles of several types at a path. A handle that is given out must lie inside the
    /// memory.
    fn variable(&mut self, section: &DataSection, path: &str) {
        self.handle::<u32>(section, path);
        self.handle::<u64>(section, path);
        self.handle::<Nested>(section, path);
        self.handle::<Address>(section, path);
        match section.slice_ro::<Point>(path) {
            Ok(slice) => assert!(slice.iter().count() * size_of::<Point>() <= self.mapping.len()),
            Err(error) => self.show(&Some(error)),
        }
        match section.var::<u32>(path) {
            Ok(var) => var.store(var.load()),
            Err(error) => self.show(&Some(error)),
        }
    }

    fn handle<T: MapValue>(&mut self, section: &DataSection, path: &str) {
        match section.var_ro::<T>(path) {
            // A load outside the memory would be a SIGSEGV.
            Ok(var) => drop(var.try_load()),
            Err(error) => self.show(&Some(error)),
        }
    }
}

/// The number of variables that other files see, in the first section of this name.
fn visible(btf: &Btf, name: &str) -> Option<usize> {
    let is_visible =
        |ty: Type<'_>| matches!(ty.kind(), TypeKind::Variable { linkage, .. } if linkage != Linkage::Static);
    let section = btf.find(name).find_map(|ty| match ty.kind() {
        TypeKind::Section(section) => Some(section),
        _ => None,
    });
    section.map(Section::variables).map(|variables| variables.filter(|part| is_visible(part.variable)).count())
}

impl Default for Walk {
    fn default() -> Self {
        Self::new()
    }
}

/// Things with text for people.
trait Shown {
    fn show(&self, text: &mut String);
}

impl Shown for Type<'_> {
    fn show(&self, text: &mut String) {
        write!(text, "{self}").expect("written to memory");
    }
}

impl<E: std::error::Error> Shown for Option<E> {
    fn show(&self, text: &mut String) {
        if let Some(error) = self {
            write!(text, "{error}").expect("written to memory");
        }
    }
}
