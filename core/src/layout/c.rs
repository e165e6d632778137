//! [`Layout::c_declaration`]: declares a type in C, so that Rust can write the header.
//!
//! C must agree on offsets, size and the meaning of each leaf, so these are spelled out: holes
//! become members, and assertions hold the compiler to the numbers. This module also settles what
//! concerns C alone: names that are keywords, two types of one name, alignment.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::layout::c_names::identifier;
use crate::layout::{Endianness, Field, Kind, Layout, Variant};

impl Layout {
    /// Declares the type in C, after the types inside it, for a build script's header.
    ///
    /// ```
    /// use mapvalue::MapValue;
    ///
    /// #[derive(MapValue, Clone, Copy)]
    /// #[repr(u8)]
    /// enum Mode {
    ///     Count,
    ///     DropAll = 5,
    /// }
    ///
    /// #[derive(MapValue)]
    /// #[map_value(rename = "conf")]
    /// #[repr(C)]
    /// struct Config {
    ///     mode: Mode,
    ///     limit: u32,
    ///     ports: [mapvalue::zerocopy::big_endian::U16; 3],
    /// }
    ///
    /// let declaration = Config::LAYOUT.c_declaration();
    /// assert_eq!(
    ///     declaration.replace('\t', "    ").replace("__builtin_", ""),
    ///     r#"enum Mode : unsigned char {
    ///     MODE_COUNT = 0,
    ///     MODE_DROP_ALL = 5,
    /// };
    /// _Static_assert(sizeof(enum Mode) == 1, "enum Mode: 1 byte in Rust");
    ///
    /// struct conf {
    ///     enum Mode mode;
    ///     __u8 _pad0[3];
    ///     __u32 limit;
    ///     __be16 ports[3];
    ///     __u8 _pad1[2];
    /// };
    /// _Static_assert(sizeof(struct conf) == 16, "struct conf: 16 bytes in Rust");
    /// _Static_assert(offsetof(struct conf, mode) == 0, "struct conf: mode at offset 0 in Rust");
    /// _Static_assert(offsetof(struct conf, limit) == 4, "struct conf: limit at offset 4 in Rust");
    /// _Static_assert(offsetof(struct conf, ports) == 8, "struct conf: ports at offset 8 in Rust");
    /// "#
    /// );
    /// ```
    ///
    /// BTF that clang makes of it passes [`check`](Self::check) for the Rust type. It uses the
    /// kernel's integer names: include `<linux/types.h>` or `vmlinux.h` first. The compiler must
    /// support enums of a stated size: clang 13 (15 for the BTF of 64-bit enums) or gcc 13.
    ///
    /// - Names are those of [`c_name`](Self::c_name). A C keyword gets a `_` appended, and the
    ///   field `0` of a tuple struct is `_0`. Values of an enum are prefixed with the enum's name,
    ///   since C has one namespace for all of them.
    /// - Each set of generic arguments makes another type. C has no name for it, so the second one
    ///   becomes `Name_2`. Give all types of a header to one call of
    ///   [`c_declarations`](Self::c_declarations), so that each name is used once.
    /// - A signed integer of a stated byte order is plain, with a comment: the kernel names none.
    /// - C declares leaves itself, so a leaf prints nothing, and an array only its elements' types.
    /// - Attributes are printed where C would lay the type out otherwise. The size of a struct of
    ///   [`zerocopy`](crate::zerocopy)'s integers need not be a multiple of their width. C can
    ///   declare it only as `packed`, and then reads its fields in pieces. A comment says so;
    ///   padding in Rust avoids it.
    #[must_use]
    pub fn c_declaration(&self) -> String {
        Self::c_declarations(&[*self])
    }

    /// Declares several types as [`c_declaration`](Self::c_declaration) does, each once.
    ///
    /// ```
    /// use mapvalue::{Layout, MapValue};
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Point {
    ///     x: i32,
    ///     y: i32,
    /// }
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Line {
    ///     ends: [Point; 2],
    /// }
    ///
    /// let header = Layout::c_declarations(&[Line::LAYOUT, Point::LAYOUT]);
    /// assert_eq!(header.matches("struct Point {").count(), 1);
    /// assert!(header.contains("\tstruct Point ends[2];\n"));
    /// ```
    #[must_use]
    pub fn c_declarations(layouts: &[Self]) -> String {
        let mut declarations = Declarations::default();
        for layout in layouts {
            declarations.note_names(layout);
        }
        for layout in layouts {
            declarations.base(layout);
        }
        declarations.text
    }
}

/// The declarations written so far.
#[derive(Default)]
struct Declarations {
    text: String,
    types: Vec<Declared>,
    /// The names that the types want, which are not given to other types.
    wanted: HashSet<String>,
    /// The names of all enum values.
    values: HashSet<String>,
}

/// A struct, union or enum that has been declared.
struct Declared {
    keyword: &'static str,
    /// The name it wanted, which another type may have taken first.
    wanted: String,
    /// The name it got.
    tag: String,
    /// The text from the opening brace on: it tells types of the same name apart.
    content: String,
}

impl Declarations {
    /// Collects the names that a type and the types inside it want.
    fn note_names(&mut self, layout: &Layout) {
        match layout.kind {
            Kind::Array { element, .. } => self.note_names(element),
            Kind::Struct { .. } | Kind::Union { .. } | Kind::Enum { .. } => {
                self.wanted.insert(identifier(layout.c_name).into_owned());
                layout.fields().iter().for_each(|field| self.note_names(&field.layout));
            }
            Kind::Int { .. } | Kind::Float | Kind::Bool | Kind::Character | Kind::Pointer | Kind::Marker => {}
        }
    }

    /// Spells a type in C without its array lengths, and declares it first if needed.
    /// Returns `None` for a type that has no place in C.
    fn base(&mut self, layout: &Layout) -> Option<String> {
        Some(match layout.kind {
            Kind::Array { element, .. } => return self.base(element),
            Kind::Marker => return None,
            Kind::Int { signed, endianness } => integer(8 * layout.size, signed, endianness),
            Kind::Float => if layout.size == 4 { "float" } else { "double" }.to_owned(),
            Kind::Bool => "_Bool".to_owned(),
            Kind::Character => "char".to_owned(),
            Kind::Pointer => "void *".to_owned(),
            Kind::Enum { signed, variants } => self.enumeration(layout, signed, variants),
            Kind::Struct { fields } => self.composite("struct", layout, fields),
            Kind::Union { fields } => self.composite("union", layout, fields),
        })
    }

    /// Lists the members of a struct or union, with one for each hole in a struct.
    fn members(&mut self, layout: &Layout, fields: &[Field]) -> Vec<Member> {
        let mut members = Vec::new();
        let taken: HashSet<String> = fields.iter().map(|field| identifier(field.c_name).into_owned()).collect();
        let mut names = (0u64..).map(|number| format!("_pad{number}")).filter(|name| !taken.contains(name));
        let mut padding = |start: usize, end: usize| {
            let len = end.checked_sub(start).filter(|len| *len > 0)?;
            Some(Member { line: format!("__u8 {}[{len}]", names.next()?), align: 1, field: None })
        };
        let mut end = 0;
        for field in fields {
            let name = identifier(field.c_name);
            let Some(base) = self.base(&field.layout) else { continue };
            members.extend(padding(end, field.offset));
            let line = declare(&base, &name, &field.layout);
            members.push(Member {
                line,
                align: c_align(&field.layout),
                field: Some((name.into_owned(), field.offset)),
            });
            end = field.offset + field.layout.size;
        }
        if matches!(layout.kind, Kind::Struct { .. }) {
            members.extend(padding(end, layout.size));
        }
        members
    }

    /// Declares a struct or union.
    fn composite(&mut self, keyword: &'static str, layout: &Layout, fields: &[Field]) -> String {
        let members = self.members(layout, fields);
        // The alignment that C gives a type with these members. C would add padding at the end up
        // to a multiple of it, where Rust has none. (It adds none before: each offset is a multiple
        // of the alignment, and holes are members.)
        let natural = members.iter().map(|member| member.align).max().unwrap_or(1);
        let (packed, align) = (!layout.size.is_multiple_of(natural), c_align(layout));
        let attributes = match packed {
            true if align > 1 => format!(" __attribute__((packed, aligned({align})))"),
            true => " __attribute__((packed))".to_owned(),
            false if align > natural => format!(" __attribute__((aligned({align})))"),
            false => String::new(),
        };
        let mut content = String::from("{\n");
        for member in &members {
            let _ = writeln!(content, "\t{};", member.line);
        }
        let _ = write!(content, "}}{attributes};");
        let (tag, is_new) = self.tag(keyword, layout, &content);
        let name = format!("{keyword} {tag}");
        if !is_new {
            return name;
        }
        self.begin();
        if packed {
            let _ = writeln!(
                self.text,
                "/* The size of this {keyword} is not a multiple of {natural}, so C reads its fields in pieces: fill it up in Rust. */"
            );
        }
        let _ = writeln!(self.text, "{name} {content}");
        self.assert_size(&name, layout.size);
        // The members of a union are all at offset 0.
        let fields = members.iter().filter_map(|member| member.field.as_ref()).filter(|_| keyword == "struct");
        for (field, offset) in fields {
            let _ = writeln!(
                self.text,
                "_Static_assert(__builtin_offsetof({name}, {field}) == {offset}, \"{name}: {field} at offset {offset} in Rust\");"
            );
        }
        name
    }

    /// Declares an enum.
    fn enumeration(&mut self, layout: &Layout, signed: bool, variants: &[Variant]) -> String {
        let repr = underlying(layout.size, signed);
        let content = variants.iter().fold(repr.to_owned(), |mut content, Variant { name, value }| {
            let _ = write!(content, " {name}={value}");
            content
        });
        let (tag, is_new) = self.tag("enum", layout, &content);
        let name = format!("enum {tag}");
        if !is_new {
            return name;
        }
        self.begin();
        let _ = writeln!(self.text, "{name} : {repr} {{");
        let prefix = screaming_snake(&tag);
        for variant in variants {
            let unused = self.unused_value(format!("{prefix}_{}", screaming_snake(variant.name)));
            let _ = writeln!(self.text, "\t{unused} = {},", literal(variant.value));
        }
        self.text.push_str("};\n");
        self.assert_size(&name, layout.size);
        name
    }

    /// Finds the name for a type with this content, and whether the type is still to be declared.
    fn tag(&mut self, keyword: &'static str, layout: &Layout, content: &str) -> (String, bool) {
        let wanted = identifier(layout.c_name).into_owned();
        // Structs, unions and enums share one namespace.
        let same_name = || self.types.iter().filter(|declared| declared.wanted == wanted);
        if let Some(same) = same_name().find(|same| same.keyword == keyword && same.content == content) {
            return (same.tag.clone(), false);
        }
        let tag = if same_name().next().is_none() {
            wanted.clone()
        } else {
            numbered(&wanted, |name| self.wanted.contains(name) || self.types.iter().any(|other| other.tag == name))
        };
        self.types.push(Declared { keyword, wanted, tag: tag.clone(), content: content.to_owned() });
        (tag, true)
    }

    /// Returns a name for an enum value that no other value has.
    fn unused_value(&mut self, wanted: String) -> String {
        let name =
            if self.values.contains(&wanted) { numbered(&wanted, |name| self.values.contains(name)) } else { wanted };
        self.values.insert(name.clone());
        name
    }

    /// Separates declarations by an empty line.
    fn begin(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn assert_size(&mut self, name: &str, size: usize) {
        let unit = if size == 1 { "byte" } else { "bytes" };
        let _ = writeln!(self.text, "_Static_assert(sizeof({name}) == {size}, \"{name}: {size} {unit} in Rust\");");
    }
}

/// A line of a struct or union.
struct Member {
    line: String,
    align: usize,
    /// Its name and offset; `None` for padding.
    field: Option<(String, usize)>,
}

/// Declares a member: `__u32 ports[4][2]`.
fn declare(base: &str, name: &str, layout: &Layout) -> String {
    let space = if base.ends_with('*') { "" } else { " " };
    let mut line = format!("{base}{space}{name}");
    let mut inner = layout;
    while let Kind::Array { len, element } = inner.kind {
        let _ = write!(line, "[{len}]");
        inner = element;
    }
    // The typedefs of unsigned integers name the order; signed ones have none.
    match inner.kind {
        Kind::Int { signed: true, endianness: Endianness::Big } => line.push_str(" /* big-endian */"),
        Kind::Int { signed: true, endianness: Endianness::Little } => line.push_str(" /* little-endian */"),
        _ => {}
    }
    line
}

/// Names an integer type: `__u32`, `__s64`, `__be16`.
fn integer(bits: usize, signed: bool, endianness: Endianness) -> String {
    let kind = match (signed, endianness) {
        (true, _) => "s",
        (false, Endianness::Native) => "u",
        (false, Endianness::Big) => "be",
        (false, Endianness::Little) => "le",
    };
    format!("__{kind}{bits}")
}

/// Names the type beneath an enum in C's own words. Behind a typedef, clang loses the
/// sign in BTF and all but 32 bits.
fn underlying(size: usize, signed: bool) -> &'static str {
    match (size, signed) {
        (1, false) => "unsigned char",
        (1, true) => "signed char",
        (2, false) => "unsigned short",
        (2, true) => "short",
        (4, false) => "unsigned int",
        (4, true) => "int",
        (_, false) => "unsigned long long",
        (_, true) => "long long",
    }
}

/// Writes a number as a C expression, with a type suffix where it needs one.
fn literal(value: i128) -> String {
    if value > i128::from(i64::MAX) {
        format!("{value}ULL")
    } else if value == i128::from(i64::MIN) {
        // C has no negative constants, and the positive number negated here would not fit.
        format!("{}LL - 1", value + 1)
    } else {
        value.to_string()
    }
}

/// Returns the type's alignment in C: the one a place needs in Rust, reduced until the
/// size is a multiple of it, as C requires.
fn c_align(layout: &Layout) -> usize {
    match layout.kind {
        Kind::Array { element, .. } => c_align(element),
        Kind::Marker => 1,
        _ => layout.align.min(1 << layout.size.trailing_zeros()),
    }
}

/// Returns the first of `NAME_2`, `NAME_3`, ... that is not taken.
fn numbered(name: &str, taken: impl Fn(&str) -> bool) -> String {
    (2..=u64::MAX).map(|number| format!("{name}_{number}")).find(|candidate| !taken(candidate)).unwrap_or_default()
}

/// Converts `DropAll` to `DROP_ALL`, `HTTPServer` to `HTTP_SERVER`.
fn screaming_snake(name: &str) -> String {
    let mut words = String::new();
    let mut before = '_';
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let starts_word = c.is_uppercase()
            && before != '_'
            && (!before.is_uppercase() || rest.peek().is_some_and(|next| next.is_lowercase()));
        if starts_word {
            words.push('_');
        }
        words.extend(c.to_uppercase());
        before = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_one_to_void() {
        let pointer = Layout::leaf::<u64>("ArenaPtr", Kind::Pointer);
        let base = Declarations::default().base(&pointer).unwrap();
        assert_eq!(declare(&base, "next", &pointer), "void *next");
    }

    #[test]
    fn words_are_told_by_their_capitals() {
        for (name, expected) in [
            ("DropAll", "DROP_ALL"),
            ("HTTPServer", "HTTP_SERVER"),
            ("V4", "V4"),
            ("Ipv6Net", "IPV6_NET"),
            ("conn_info", "CONN_INFO"),
            ("A_B", "A_B"),
        ] {
            assert_eq!(screaming_snake(name), expected);
        }
    }
}
