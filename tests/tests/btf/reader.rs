//! BTF written by hand, for what compilers rarely or never write: each kind in both byte orders,
//! endless references, and every mistake.

use mapvalue::btf::{InvalidBtf, Linkage, Type, TypeKind};
use mapvalue::{Btf, Endianness, Error, MapValue};
use mapvalue_tests::btf::{Builder, Elf, ElfSection, FLAG, HEADER, Walk, check_layouts, kind, symbol};

const ORDERS: [Endianness; 2] = [Endianness::Little, Endianness::Big];

fn parse(builder: &Builder) -> Btf {
    Btf::parse(&builder.native()).unwrap()
}

fn ty(btf: &Btf, id: u32) -> Type<'_> {
    btf.get(id).unwrap()
}

fn spelled(btf: &Btf, id: u32) -> String {
    ty(btf, id).to_string()
}

/// A type of each kind, in the order of the kinds' numbers.
fn each_kind() -> Builder {
    let mut btf = Builder::new();
    let int = btf.int("int", 4, 1);
    btf.to(kind::PTR, "", int);
    btf.array(int, 7);
    btf.composite(kind::STRUCT, "pair", 8, &[("a", int, 0), ("b", int, 32)]);
    btf.composite(kind::UNION, "either", 8, &[("a", int, 0), ("p", 2, 0)]);
    btf.enumeration("sign", FLAG, 4, &[("MINUS", u32::MAX), ("PLUS", 1)]);
    btf.add("later", kind::FWD, FLAG, 0, &[]);
    btf.to(kind::TYPEDEF, "number", int);
    btf.to(kind::VOLATILE, "", int);
    btf.to(kind::CONST, "", 9);
    btf.to(kind::RESTRICT, "", 2);
    btf.add("work", kind::FUNC, 1, 13, &[]);
    btf.prototype(int, &[("x", 2), ("", 0)]);
    btf.variable("count", int, 1);
    btf.section(".bss", 16, &[(14, 4, 4)]);
    btf.add("double", kind::FLOAT, 0, 8, &[]);
    btf.add("hot", kind::DECL_TAG, 0, 4, &[1]);
    btf.to(kind::TYPE_TAG, "user", int);
    btf.parts(kind::ENUM64, "wide", FLAG, 8, &[("LOW", 0, 1 << 31), ("HIGH", u32::MAX, u32::MAX >> 1)]);
    btf
}

#[test]
fn each_kind_is_read_in_both_byte_orders() {
    for order in ORDERS {
        let btf = Btf::parse(&each_kind().bytes(order)).unwrap();
        assert_eq!((btf.len(), btf.endianness()), (20, order));
        assert!(matches!(ty(&btf, 0).kind(), TypeKind::Void));
        let TypeKind::Int(int) = ty(&btf, 1).kind() else { panic!() };
        assert_eq!(
            (int.size, int.bits, int.bit_offset, int.signed, int.character, int.bool),
            (4, 32, 0, true, false, false)
        );
        assert!(matches!(ty(&btf, 2).kind(), TypeKind::Pointer(to) if to.id() == 1));
        let TypeKind::Array(array) = ty(&btf, 3).kind() else { panic!() };
        assert_eq!((array.element.id(), array.index.id(), array.len), (1, 1, 7));
        let TypeKind::Struct(pair) = ty(&btf, 4).kind() else { panic!() };
        let members: Vec<_> = pair.members().map(|it| (it.name, it.ty.id(), it.bit_offset, it.bitfield)).collect();
        assert_eq!((pair.size(), members), (8, vec![("a", 1, 0, None), ("b", 1, 32, None)]));
        let TypeKind::Union(either) = ty(&btf, 5).kind() else { panic!() };
        let members: Vec<_> = either.members().map(|it| (it.name, it.ty.id(), it.bit_offset)).collect();
        assert_eq!((either.size(), members), (8, vec![("a", 1, 0), ("p", 2, 0)]));
        let TypeKind::Enum(sign) = ty(&btf, 6).kind() else { panic!() };
        assert_eq!((sign.size(), sign.is_signed()), (4, true));
        assert_eq!(sign.values().collect::<Vec<_>>(), [("MINUS", -1), ("PLUS", 1)]);
        assert!(matches!(ty(&btf, 7).kind(), TypeKind::Forward { union: true }));
        assert!(matches!(ty(&btf, 8).kind(), TypeKind::Typedef(to) if to.id() == 1));
        assert!(matches!(ty(&btf, 9).kind(), TypeKind::Volatile(to) if to.id() == 1));
        assert!(matches!(ty(&btf, 10).kind(), TypeKind::Const(to) if to.id() == 9));
        assert!(matches!(ty(&btf, 11).kind(), TypeKind::Restrict(to) if to.id() == 2));
        let TypeKind::Function { prototype, linkage } = ty(&btf, 12).kind() else { panic!() };
        assert_eq!((prototype.id(), linkage), (13, Linkage::Global));
        let TypeKind::Prototype(prototype) = ty(&btf, 13).kind() else { panic!() };
        assert_eq!(prototype.returns().id(), 1);
        assert_eq!(prototype.params().map(|(name, ty)| (name, ty.id())).collect::<Vec<_>>(), [("x", 2), ("", 0)]);
        assert!(matches!(ty(&btf, 14).kind(), TypeKind::Variable { ty, linkage: Linkage::Global } if ty.id() == 1));
        let TypeKind::Section(section) = ty(&btf, 15).kind() else { panic!() };
        let variables: Vec<_> = section.variables().map(|it| (it.variable.id(), it.offset, it.size)).collect();
        assert_eq!((section.size(), variables), (16, vec![(14, 4, 4)]));
        assert!(matches!(ty(&btf, 16).kind(), TypeKind::Float { size: 8 }));
        assert!(matches!(ty(&btf, 17).kind(), TypeKind::DeclTag { target, component: Some(1) } if target.id() == 4));
        assert!(matches!(ty(&btf, 18).kind(), TypeKind::TypeTag(to) if to.id() == 1));
        let TypeKind::Enum(wide) = ty(&btf, 19).kind() else { panic!() };
        let values: Vec<_> = wide.values().collect();
        assert_eq!((wide.size(), values), (8, vec![("LOW", i64::MIN.into()), ("HIGH", i64::MAX.into())]));
        let sizes: Vec<_> = (0..20).map(|id| ty(&btf, id).size()).collect();
        let [int, long, none] = [Some(4), Some(8), None];
        assert_eq!(
            sizes,
            [
                none,
                int,
                long,
                Some(28),
                long,
                long,
                int,
                none,
                int,
                int,
                int,
                long,
                none,
                none,
                int,
                Some(16),
                long,
                none,
                int,
                long
            ]
        );
        let names = "- int - - pair either sign later number - - - work - count .bss double hot user wide";
        let found = (0..20).map(|id| Some(ty(&btf, id).name()).filter(|name| !name.is_empty()).unwrap_or("-"));
        assert_eq!(found.collect::<Vec<_>>().join(" "), names);
    }
}

#[test]
fn whole_and_open_tags_and_linkages_are_told_apart() {
    let mut btf = Builder::new();
    let int = btf.int("int", 4, 1);
    let whole = btf.add("hot", kind::DECL_TAG, 0, int, &[u32::MAX]);
    for number in 0..4 {
        btf.variable("v", int, number);
        btf.add("f", kind::FUNC, number, int, &[]);
    }
    let btf = parse(&btf);
    assert!(matches!(ty(&btf, whole).kind(), TypeKind::DeclTag { component: None, .. }));
    for (number, expected) in (0..).zip([Linkage::Static, Linkage::Global, Linkage::Extern, Linkage::Other(3)]) {
        assert!(matches!(ty(&btf, 3 + 2 * number).kind(), TypeKind::Variable { linkage, .. } if linkage == expected));
        assert!(matches!(ty(&btf, 4 + 2 * number).kind(), TypeKind::Function { linkage, .. } if linkage == expected));
    }
}

#[test]
fn enums_are_signed_or_not_as_their_flag_says() {
    let mut btf = Builder::new();
    btf.enumeration("e", 0, 4, &[("MAX", u32::MAX)]);
    btf.enumeration("e", FLAG, 4, &[("MIN", 1 << 31)]);
    btf.parts(kind::ENUM64, "e", 0, 8, &[("MAX", u32::MAX, u32::MAX)]);
    btf.parts(kind::ENUM64, "e", FLAG, 8, &[("MINUS", u32::MAX, u32::MAX)]);
    let btf = parse(&btf);
    let values = btf.types().map(|ty| match ty.kind() {
        TypeKind::Enum(values) => values.values().next().unwrap().1,
        _ => panic!(),
    });
    assert_eq!(values.collect::<Vec<_>>(), [u32::MAX.into(), i32::MIN.into(), u64::MAX.into(), -1]);
}

#[derive(MapValue)]
#[repr(C)]
struct Header {
    word: u32,
    port: u16,
    _pad: u16,
}

#[test]
fn bitfields_are_told_in_both_ways() {
    let mut btf = Builder::new();
    let (int, short) = (btf.int("int", 4, 0), btf.int("short", 2, 0));
    // With the flag, the upper byte of the offset holds the width.
    let width = |bits: u32| bits << 24;
    let new =
        [("version", int, width(4)), ("length", int, width(12) | 4), ("", int, width(16) | 16), ("port", short, 32)];
    let new = btf.parts(kind::STRUCT, "new", FLAG, 8, &new);
    // Without the flag, the type itself is narrow.
    let narrow = btf.add("int", kind::INT, 0, 4, &[4]);
    let hidden = btf.to(kind::TYPEDEF, "nibble", narrow);
    let old =
        btf.composite(kind::STRUCT, "old", 8, &[("version", narrow, 0), ("length", hidden, 4), ("port", short, 32)]);
    let btf = parse(&btf);
    let bitfields = |id| match ty(&btf, id).kind() {
        TypeKind::Struct(it) => it.members().map(|it| (it.bit_offset, it.bitfield)).collect::<Vec<_>>(),
        _ => panic!(),
    };
    assert_eq!(bitfields(new), [(0, Some(4)), (4, Some(12)), (16, Some(16)), (32, None)]);
    assert_eq!(bitfields(old), [(0, Some(4)), (4, Some(4)), (32, None)]);
    Header::LAYOUT.check(ty(&btf, new)).unwrap();
    Header::LAYOUT.check(ty(&btf, old)).unwrap();
}

#[test]
fn types_are_spelled_as_c_does() {
    let mut btf = Builder::new();
    let int = btf.int("int", 4, 1);
    let char = btf.int("char", 1, 1);
    let constant = btf.to(kind::CONST, "", char);
    let text = btf.to(kind::PTR, "", constant);
    let array = btf.array(text, 3);
    let to_array = btf.to(kind::PTR, "", array);
    let arrays = btf.array(to_array, 2);
    let prototype = btf.prototype(int, &[("a", text), ("b", to_array), ("", 0)]);
    let function = btf.to(kind::PTR, "", prototype);
    let functions = btf.array(function, 4);
    let getter = btf.prototype(function, &[]);
    let to_getter = btf.to(kind::PTR, "", getter);
    let callback = btf.prototype(0, &[("f", function)]);
    let plain = btf.prototype(0, &[]);
    let to_plain = btf.to(kind::PTR, "", plain);
    let plain_callback = btf.prototype(0, &[("f", to_plain)]);
    let constant_pointer = btf.to(kind::CONST, "", text);
    let restricted = btf.to(kind::RESTRICT, "", text);
    let both = btf.to(kind::VOLATILE, "", constant);
    // GCC writes this for `const char name[8]`.
    let chars = btf.array(constant, 8);
    let constant_array = btf.to(kind::CONST, "", chars);
    let matrix = btf.array(int, 4);
    let matrix = btf.array(matrix, 2);
    let anonymous = btf.composite(kind::STRUCT, "", 0, &[]);
    let to_anonymous = btf.to(kind::PTR, "", anonymous);
    let forward = btf.add("later", kind::FWD, FLAG, 0, &[]);
    let tagged = btf.to(kind::TYPE_TAG, "user", forward);
    let to_tagged = btf.to(kind::PTR, "", tagged);
    let variable = btf.variable("names", array, 1);
    let work = btf.add("work", kind::FUNC, 1, prototype, &[]);
    let unnamed = btf.enumeration("", 0, 4, &[]);
    let wide = btf.parts(kind::ENUM64, "wide", 0, 8, &[]);
    let long = btf.prototype(0, &[("", int); 17]);
    let btf = parse(&btf);
    for (id, expected) in [
        (0, "void"),
        (text, "const char *"),
        (array, "const char *[3]"),
        (to_array, "const char *(*)[3]"),
        (arrays, "const char *(*[2])[3]"),
        (prototype, "int (const char *, const char *(*)[3], ...)"),
        (function, "int (*)(const char *, const char *(*)[3], ...)"),
        (functions, "int (*[4])(const char *, const char *(*)[3], ...)"),
        (to_getter, "int (*(*)(void))(const char *, const char *(*)[3], ...)"),
        (callback, "void (int (*)(...))"),
        (plain_callback, "void (void (*)(void))"),
        (constant_pointer, "const char *const"),
        (restricted, "const char *restrict"),
        (both, "volatile const char"),
        (constant_array, "const char[8]"),
        (matrix, "int[2][4]"),
        (anonymous, "struct {...}"),
        (to_anonymous, "struct {...} *"),
        (to_tagged, "union later *"),
        (variable, "const char *names[3]"),
        (work, "int work(const char *, const char *(*)[3], ...)"),
        (unnamed, "enum {...}"),
        (wide, "enum wide"),
        (long, "void (int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, ...)"),
    ] {
        assert_eq!(spelled(&btf, id), expected);
        assert_eq!(format!("{:?}", ty(&btf, id)), format!("[{id}] {expected}"));
    }
}

#[derive(MapValue)]
#[repr(C)]
struct Pair {
    a: u32,
    b: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct Outer {
    low: u32,
    high: u32,
    last: u64,
}

#[test]
fn members_of_anonymous_structs_are_those_of_the_outer_one() {
    let mut btf = Builder::new();
    let (int, long) = (btf.int("unsigned int", 4, 0), btf.int("unsigned long", 8, 0));
    let halves = btf.composite(kind::STRUCT, "", 8, &[("low", int, 0), ("high", int, 32)]);
    let union = btf.composite(kind::UNION, "", 8, &[("both", long, 0), ("", halves, 0)]);
    let outer = btf.composite(kind::STRUCT, "outer", 16, &[("", union, 0), ("last", long, 64)]);
    let bytes = btf.native();
    let btf = Btf::parse(&bytes).unwrap();
    Outer::LAYOUT.check(ty(&btf, outer)).unwrap();
    let TypeKind::Struct(composite) = ty(&btf, outer).kind() else { panic!() };
    assert_eq!(composite.members().map(|it| it.name).collect::<Vec<_>>(), ["", "last"]);
}

/// Calls everything that could run for ever.
fn ends(btf: &Btf, id: u32) {
    let ty = ty(btf, id);
    assert!(ty.to_string().len() < 4096);
    assert!(ty.resolved().is_none_or(|ty| !matches!(ty.kind(), TypeKind::Typedef(_))));
    let _ = ty.size();
    check_layouts(ty);
    assert!(Pair::LAYOUT.check(ty).is_err());
}

#[test]
fn cycles_end() {
    // Each type refers to itself, or each to the next one.
    for kind in [kind::TYPEDEF, kind::VOLATILE, kind::CONST, kind::RESTRICT, kind::TYPE_TAG] {
        for first in [1, 2] {
            let mut btf = Builder::new();
            btf.to(kind, "t", first);
            btf.to(kind, "t", 1);
            let btf = parse(&btf);
            assert!(ty(&btf, 1).resolved().is_none() && ty(&btf, 1).size().is_none());
            assert!(spelled(&btf, 1).contains(if kind == kind::TYPEDEF { "t" } else { "..." }), "{}", spelled(&btf, 1));
            ends(&btf, 1);
            ends(&btf, 2);
            let error = Pair::LAYOUT.check(ty(&btf, 1)).unwrap_err();
            assert!(error.to_string().contains("more than 32 typedefs in a row"), "{error}");
        }
    }
    let mut btf = Builder::new();
    let array = btf.array(1, 2);
    let structure = btf.composite(kind::STRUCT, "s", 8, &[("a", 2, 0), ("", 2, 0), ("b", 2, 32)]);
    let union = btf.composite(kind::UNION, "u", 8, &[("", 3, 0), ("a", 3, 0)]);
    let pointer = btf.to(kind::PTR, "", 4);
    let prototype = btf.prototype(5, &[("a", 5), ("b", 6)]);
    let function = btf.to(kind::PTR, "", 5);
    let variable = btf.variable("v", 7, 1);
    let section = btf.section(".bss", 8, &[(8, 0, 8)]);
    let work = btf.add("f", kind::FUNC, 1, 9, &[]);
    let tag = btf.add("t", kind::DECL_TAG, 0, 10, &[0]);
    let btf = parse(&btf);
    for id in [array, structure, union, pointer, prototype, function, variable, section, work, tag] {
        ends(&btf, id);
    }
    assert_eq!([array, variable].map(|id| ty(&btf, id).size()), [None, None]);
    Walk::new().all(&btf, &["s", "v.a.b[1]", "v[0]"]);
}

#[test]
fn as_many_typedefs_as_the_kernel_follows_are_followed() {
    for (count, followed) in [(32, true), (33, false)] {
        let mut btf = Builder::new();
        let mut last = btf.int("int", 4, 1);
        for _ in 0..count {
            last = btf.to(kind::TYPEDEF, "t", last);
        }
        let btf = parse(&btf);
        assert_eq!(ty(&btf, last).resolved().is_some(), followed, "{count}");
        assert_eq!(ty(&btf, last).size().is_some(), followed, "{count}");
    }
}

#[test]
fn sizes_beyond_all_numbers_are_none() {
    let mut btf = Builder::new();
    let int = btf.int("int", 4, 1);
    let wide = btf.array(int, u32::MAX);
    let wider = btf.array(wide, u32::MAX);
    let last = btf.array(wider, u32::MAX);
    let btf = parse(&btf);
    assert_eq!(ty(&btf, wide).size(), Some(4 * u64::from(u32::MAX)));
    assert_eq!(ty(&btf, wider).size(), None);
    assert_eq!(ty(&btf, last).size(), None);
}

/// Asserts which mistake is found in the bytes, and its text.
#[track_caller]
fn wrong(bytes: &[u8], expected: InvalidBtf, text: &str) {
    let error = Btf::parse(bytes).unwrap_err();
    assert_eq!(error, expected);
    assert_eq!(error.to_string(), text);
    // The crate's own error has the same text.
    assert!(Error::from(error).to_string().contains(text));
}

/// The bytes with one word of the header changed: 0 is its length, 1 to 4 are offset and length of
/// types and of strings.
fn with_header(btf: &Builder, word: usize, value: u32) -> Vec<u8> {
    let mut bytes = btf.native();
    bytes[4 + 4 * word..][..4].copy_from_slice(&value.to_ne_bytes());
    bytes
}

#[test]
fn each_mistake_in_the_header_is_named() {
    let btf = each_kind();
    let bytes = btf.bytes(Endianness::Little);
    let len = bytes.len();
    let edited = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        bytes
    };
    wrong(
        b"\x7fELF",
        InvalidBtf::NotBtf { found: 0x457f },
        "not BTF: it begins with 0x457f instead of 0xeb9f (for an object file, use `Btf::from_object`)",
    );
    let text = "BTF of version 2: this version of mapvalue reads version 1";
    wrong(&edited(2, 2), InvalidBtf::Version { found: 2 }, text);
    let text = "the BTF header says that it has 23 bytes: at least 24 are needed";
    wrong(&with_header(&btf, 0, 23), InvalidBtf::Header { len: 23 }, text);
    for short in [0, 1, 3] {
        let text = format!("the BTF is cut short: the header end at byte 24, but there are {short} bytes");
        wrong(&bytes[..short], InvalidBtf::Truncated { what: "the header", end: 24, len: short }, &text);
    }
    let text = format!("the BTF is cut short: the strings end at byte {len}, but there are {} bytes", len - 1);
    let expected = InvalidBtf::Truncated { what: "the strings", end: len as u64, len: len - 1 };
    wrong(&bytes[..len - 1], expected, &text);
    // Sums that are too large for the type of their parts.
    let end = 24 + 2 * u64::from(u32::MAX);
    let mut bytes = with_header(&btf, 1, u32::MAX);
    bytes[12..16].fill(0xff);
    let text = format!("the BTF is cut short: the types end at byte {end}, but there are {len} bytes");
    wrong(&bytes, InvalidBtf::Truncated { what: "the types", end, len }, &text);
    let text = "the BTF types are 7 bytes long, which is not a multiple of 4";
    wrong(&with_header(&btf, 2, 7), InvalidBtf::OddLength { len: 7 }, text);
}

#[test]
fn each_mistake_in_the_strings_is_named() {
    let unended = "the BTF strings do not begin and end with a zero byte";
    wrong(&with_header(&each_kind(), 4, 0), InvalidBtf::UnendedStrings, unended);
    wrong(&with_header(&each_kind(), 4, 3), InvalidBtf::UnendedStrings, unended);
    let mut btf = Builder::new();
    btf.int("in\u{e9}", 4, 1);
    assert_eq!(parse(&btf).find("in\u{e9}").count(), 1, "UTF-8 is read");
    btf.strings_mut()[3] = 0xff;
    let text = "the BTF strings are not UTF-8 from byte 3 on";
    wrong(&btf.native(), InvalidBtf::NotText { offset: 3 }, text);
    let mut btf = Builder::new();
    btf.int(&"x".repeat(5000), 4, 1);
    let text = "the BTF has a name of 5000 bytes: at most 4096 are read";
    wrong(&btf.native(), InvalidBtf::LongName { len: 5000, max: 4096 }, text);
    let mut btf = Builder::new();
    btf.strings_mut()[0] = b'x';
    wrong(
        &btf.native(),
        InvalidBtf::Split,
        "split BTF, such as that of a kernel module, continues the types of another object: read it with \
         `Btf::parse_split(&base, bytes)`, for a kernel module with `Btf::from_vmlinux` as the base",
    );
}

#[test]
fn each_mistake_in_the_types_is_named() {
    for cut in
        [&[1][..], &[1, kind::INT << 24], &[1, kind::INT << 24, 4], &[0, kind::STRUCT << 24 | 2, 8, 0, 1, 0, 0, 1]]
    {
        let mut btf = Builder::new();
        btf.int("int", 4, 1);
        btf.push_words(cut);
        wrong(&btf.native(), InvalidBtf::CutType { id: 2 }, "the record of BTF type 2 is cut short");
    }
    // In the 5 bits that a kind had at first, 33 would be 1, an integer.
    for number in [0, 20, 31, 33, 127] {
        let mut btf = Builder::new();
        btf.add("", number, 0, 0, &[]);
        let text = format!(
            "BTF type 1 is of kind {number}: this version of mapvalue knows kinds 1 to 19 (Linux 6.0), and the BTF has no layout of \
             that kind, by which it could be passed over"
        );
        wrong(&btf.native(), InvalidBtf::UnknownKind { id: 1, kind: number }, &text);
    }
    // Every place for a name, and every place for a type.
    let far = 99;
    let names = [
        (kind::INT, 0, 4, vec![32]),
        (kind::STRUCT, 1, 4, vec![far, 0, 0]),
        (kind::UNION, 1, 4, vec![far, 0, 0]),
        (kind::ENUM, 1, 4, vec![far, 0]),
        (kind::ENUM64, 1, 8, vec![far, 0, 0]),
        (kind::FUNC_PROTO, 1, 0, vec![far, 0]),
    ];
    for (kind, vlen, size, rest) in names {
        let mut btf = Builder::new();
        if kind == kind::INT {
            btf.push_words(&[far, kind << 24, size, rest[0]]);
        } else {
            btf.add("", kind, vlen, size, &rest);
        }
        wrong(
            &btf.native(),
            InvalidBtf::NoString { id: 1, offset: 99, len: 1 },
            "BTF type 1 refers to a name at byte 99, but the strings are 1 bytes long (the BTF of a kernel module is split: \
             read it with `Btf::parse_split`)",
        );
    }
    let types = [
        (kind::PTR, 0, far, vec![]),
        (kind::ARRAY, 0, 0, vec![far, 0, 1]),
        (kind::ARRAY, 0, 0, vec![0, far, 1]),
        (kind::STRUCT, 1, 4, vec![0, far, 0]),
        (kind::UNION, 1, 4, vec![0, far, 0]),
        (kind::TYPEDEF, 0, far, vec![]),
        (kind::VOLATILE, 0, far, vec![]),
        (kind::CONST, 0, far, vec![]),
        (kind::RESTRICT, 0, far, vec![]),
        (kind::FUNC, 0, far, vec![]),
        (kind::FUNC_PROTO, 0, far, vec![]),
        (kind::FUNC_PROTO, 1, 0, vec![0, far]),
        (kind::VAR, 0, far, vec![0]),
        (kind::DATASEC, 1, 4, vec![far, 0, 4]),
        (kind::DECL_TAG, 0, far, vec![0]),
        (kind::TYPE_TAG, 0, far, vec![]),
    ];
    for (kind, vlen, to, rest) in types {
        let mut btf = Builder::new();
        btf.add("", kind, vlen, to, &rest);
        wrong(
            &btf.native(),
            InvalidBtf::NoType { id: 1, to: 99, count: 2 },
            "BTF type 1 refers to type 99, but there are 2 types (the BTF of a kernel module is split: read it with \
             `Btf::parse_split`)",
        );
    }
    // A name cannot begin in the middle of a character.
    let mut btf = Builder::new();
    btf.name("\u{e9}");
    btf.push_words(&[2, kind::INT << 24, 4, 32]);
    assert!(matches!(Btf::parse(&btf.native()), Err(InvalidBtf::NoString { offset: 2, .. })));
}

#[track_caller]
fn wrong_object(bytes: &[u8], expected: InvalidBtf, text: &str) {
    let error = Btf::from_object(bytes).unwrap_err();
    assert_eq!((error.to_string(), error), (text.to_owned(), expected));
}

#[test]
fn each_mistake_in_an_object_file_is_named() {
    let not_elf = "not a 64-bit ELF file (for bare BTF, use `Btf::parse`)";
    let damaged = |bytes: &[u8], what: &'static str| {
        wrong_object(bytes, InvalidBtf::Object { what }, &format!("the object file is damaged: {what}"));
    };
    for order in ORDERS {
        let btf = each_kind().bytes(order);
        let object = Elf::with_btf(order, btf.clone()).bytes();
        wrong_object(b"", InvalidBtf::NotElf, not_elf);
        wrong_object(&btf, InvalidBtf::NotElf, not_elf);
        let mut narrow = object.clone();
        narrow[4] = 1;
        wrong_object(&narrow, InvalidBtf::NotElf, not_elf);
        wrong_object(
            &Elf::new(order).bytes(),
            InvalidBtf::NoBtfSection,
            "the object file has no section `.BTF`: compile it with `clang -g`, and strip it with `llvm-strip -g` at most",
        );
        damaged(&object[..63], "its section headers lie beyond its end");
        damaged(&object[..64], "its section headers lie beyond its end");
        damaged(&object[..object.len() - 1], "a section lies beyond its end");
        let mut elf = Elf::new(order);
        let section = ElfSection { name: ".BTF".to_owned(), kind: 1, bytes: btf.clone(), ..ElfSection::default() };
        elf.push(ElfSection { flags: 1 << 11, ..section.clone() });
        damaged(&elf.bytes(), "its section `.BTF` is compressed");
        let mut elf = Elf::new(order);
        elf.push(ElfSection { kind: 8, ..section.clone() });
        damaged(&elf.bytes(), "its section `.BTF` has no bytes in the file (SHT_NOBITS)");
        let mut elf = Elf::with_btf(order, btf.clone());
        elf.add(".bss", 8, Vec::new());
        elf.push(ElfSection { name: ".symtab".to_owned(), kind: 2, link: 99, ..ElfSection::default() });
        damaged(&elf.bytes(), "its symbols are cut short, or have no names");
        let mut elf = Elf::with_btf(order, btf.clone());
        elf.push(ElfSection { name: ".BTF.base".to_owned(), kind: 1, ..ElfSection::default() });
        assert_eq!(Btf::from_object(&elf.bytes()).unwrap_err(), InvalidBtf::Split);
        // A mistake inside the section gets the same error as without the file.
        let mut elf = Elf::new(order);
        elf.push(ElfSection { bytes: btf[..HEADER].to_vec(), ..section });
        assert!(matches!(Btf::from_object(&elf.bytes()), Err(InvalidBtf::Truncated { what: "the types", .. })));
    }
}

#[test]
fn variables_are_laid_out_by_the_symbols_in_both_byte_orders() {
    for order in ORDERS {
        let mut btf = Builder::new();
        let int = btf.int("int", 4, 1);
        let names = ["first", "second", "hidden", "static", "elsewhere"];
        let variables: Vec<_> = names.map(|name| btf.variable(name, int, u32::from(name != "static"))).into();
        let parts: Vec<_> = variables.iter().map(|id| (*id, 0, 4)).collect();
        let section = btf.section(".bss", 0, &parts);
        let mut elf = Elf::with_btf(order, btf.bytes(order));
        let bss = ElfSection { name: ".bss".to_owned(), kind: 8, size: Some(64), ..ElfSection::default() };
        let bss = u16::try_from(elf.push(bss)).unwrap();
        let (mut symbols, mut strings) = (Vec::new(), vec![0]);
        let places =
            [("first", 1, 0, bss, 8), ("second", 2, 0, bss, 4), ("hidden", 1, 2, bss, 12), ("static", 0, 0, bss, 16)];
        for (name, binding, visibility, section, offset) in places.into_iter().chain([("elsewhere", 1, 0, bss + 1, 20)])
        {
            let at = u32::try_from(strings.len()).unwrap();
            symbols.extend(symbol(order, at, binding, visibility, section, offset));
            strings.extend_from_slice(name.as_bytes());
            strings.push(0);
        }
        elf.add_symbols(&symbols, strings);
        let btf = Btf::from_object(&elf.bytes()).unwrap();
        let TypeKind::Section(found) = ty(&btf, section).kind() else { panic!() };
        assert_eq!(found.size(), 64);
        let linkage = |ty: Type<'_>| match ty.kind() {
            TypeKind::Variable { linkage, .. } => linkage,
            _ => panic!(),
        };
        let found: Vec<_> = found.variables().map(|it| (it.offset, linkage(it.variable))).collect();
        let (global, hidden) = (Linkage::Global, Linkage::Static);
        assert_eq!(found, [(8, global), (4, global), (12, hidden), (0, hidden), (0, hidden)]);
    }
}

/// How a byte is changed: all of its bits, one at either end, or some between.
const CHANGES: &[u8] = if cfg!(debug_assertions) { &[0x01, 0xff] } else { &[0x01, 0x02, 0x10, 0x80, 0xff] };

/// Cuts the bytes short at each length, and changes each byte. The result is an error or another
/// sound object.
#[test]
fn no_damage_to_an_object_does_more_than_damage() {
    let mut walk = Walk::new();
    for order in ORDERS {
        let mut builder = each_kind();
        builder.composite(kind::STRUCT, "outer", 16, &[("", 4, 0), ("u", 5, 64)]);
        let btf = builder.bytes(order);
        let mut elf = Elf::with_btf(order, btf.clone());
        elf.add(".bss", 1, vec![0; 16]);
        elf.add_symbols(&symbol(order, 1, 1, 0, 2, 4), b"\0count\0".to_vec());
        for bytes in [btf, elf.bytes()] {
            let mut read = |bytes: &[u8]| {
                for btf in [Btf::parse(bytes), Btf::from_object(bytes)] {
                    match btf {
                        Ok(btf) => walk.all(&btf, &["count", "pair.b"]),
                        Err(error) => assert!(!error.to_string().is_empty()),
                    }
                }
            };
            (0..bytes.len()).for_each(|len| read(&bytes[..len]));
            for at in 0..bytes.len() {
                for change in CHANGES {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= change;
                    read(&bytes);
                }
            }
        }
    }
}

/// The layouts of the known kinds, and of kind 20: 8 bytes, and 12 for each part.
fn layouts() -> Vec<[u8; 4]> {
    let mut layouts = vec![[0; 4]; 20];
    layouts.push([8, 12, 0, 0]);
    layouts
}

#[derive(MapValue)]
#[repr(C)]
struct Newer {
    a: i32,
    b: u64,
}

#[test]
fn a_kind_that_is_not_known_is_passed_over_by_its_layout_in_both_byte_orders() {
    let mut btf = Builder::new();
    let int = btf.int("int", 4, 1);
    let new = btf.add("later", 20, 2, 7, &[1, 2, 0, 0, 0, 0, 0, 0]);
    let pair = btf.composite(kind::STRUCT, "pair", 16, &[("a", int, 0), ("b", new, 64)]);
    for order in ORDERS {
        let btf = Btf::parse(&btf.bytes_with_layouts(order, &layouts())).unwrap();
        assert!(matches!(ty(&btf, new).kind(), TypeKind::Unknown { number: 20 }));
        assert_eq!((ty(&btf, new).name(), ty(&btf, new).size()), ("later", None));
        assert_eq!(spelled(&btf, new), "later (of BTF kind 20)");
        assert_eq!((btf.len(), ty(&btf, pair).size()), (4, Some(16)));
        // A field of that kind meets no Rust type.
        let error = Newer::LAYOUT.check(ty(&btf, pair)).unwrap_err().to_string();
        assert!(error.contains("of BTF kind 20"), "{error}");
    }
}

#[test]
fn each_mistake_in_the_layouts_of_kinds_is_named() {
    let mut btf = Builder::new();
    btf.add("later", 20, 2, 7, &[1, 2, 0, 0, 0, 0, 0, 0]);
    let good = btf.bytes_with_layouts(Endianness::Native, &layouts());
    assert_eq!(Btf::parse(&good).unwrap().len(), 2);
    let with = |word: usize, value: u32| {
        let mut bytes = good.clone();
        bytes[4 + 4 * word..][..4].copy_from_slice(&value.to_ne_bytes());
        bytes
    };
    let text = "the BTF layouts of kinds are 83 bytes long, which is not a multiple of 4";
    wrong(&with(6, 83), InvalidBtf::OddLayouts { len: 83 }, text);
    assert!(matches!(Btf::parse(&with(6, 80)), Err(InvalidBtf::UnknownKind { id: 1, kind: 20 })));
    // Overlapping the types, and overlapping the strings.
    for offset in [0, u32::try_from(good.len()).unwrap() - 33] {
        assert_eq!(Btf::parse(&with(5, offset)).unwrap_err(), InvalidBtf::Overlap);
    }
    let what = "the layouts of kinds";
    assert!(matches!(Btf::parse(&with(5, 1 << 31)), Err(InvalidBtf::Truncated { what: w, .. }) if w == what));
    let what = "the header";
    assert!(matches!(Btf::parse(&good[..31]), Err(InvalidBtf::Truncated { what: w, end: 32, .. }) if w == what));
    // Layouts that make the record longer than the types, and one that is not made of words.
    for (layout, expected) in [
        ([252, 252, 0, 0], InvalidBtf::CutType { id: 1 }),
        ([12, 12, 0, 0], InvalidBtf::CutType { id: 1 }),
        ([7, 12, 0, 0], InvalidBtf::UnknownKind { id: 1, kind: 20 }),
    ] {
        let mut layouts = layouts();
        layouts[20] = layout;
        assert_eq!(Btf::parse(&btf.bytes_with_layouts(Endianness::Native, &layouts)).unwrap_err(), expected);
    }
}

#[test]
fn an_enum_may_have_more_values_than_16_bits_count() {
    let names: Vec<String> = (0..65_537).map(|nth| format!("V{nth}")).collect();
    let values: Vec<(&str, u32)> = names.iter().zip(0..).map(|(name, value)| (name.as_str(), value)).collect();
    let mut btf = Builder::new();
    let many = btf.enumeration("many", 0, 4, &values);
    let after = btf.int("int", 4, 1);
    let btf = parse(&btf);
    let TypeKind::Enum(many) = ty(&btf, many).kind() else { panic!() };
    assert_eq!((many.values().len(), many.values().last()), (65_537, Some(("V65536", 65_536))));
    assert_eq!(spelled(&btf, after), "int");
}

#[test]
fn split_btf_continues_the_types_and_names_of_its_base() {
    let mut base = Builder::new();
    let int = base.int("int", 4, 1);
    base.composite(kind::STRUCT, "pair", 8, &[("a", int, 0), ("b", int, 32)]);
    for order in ORDERS {
        let whole = Btf::parse(&base.bytes(order)).unwrap();
        let mut split = Builder::continuing(&base);
        let pointer = split.to(kind::PTR, "", 2);
        let own = split.composite(kind::STRUCT, "own", 16, &[("a", int, 0), ("next", pointer, 64)]);
        let btf = Btf::parse_split(&whole, &split.bytes(order)).unwrap();
        assert_eq!((pointer, own, btf.len(), btf.endianness()), (3, 4, 5, order));
        assert_eq!((spelled(&btf, pointer), spelled(&btf, own)), ("struct pair *".to_owned(), "struct own".to_owned()));
        // The base holds the name `a`.
        let TypeKind::Struct(members) = ty(&btf, own).kind() else { panic!() };
        assert_eq!(members.members().map(|member| member.name).collect::<Vec<_>>(), ["a", "next"]);
        assert_eq!((btf.find("pair").count(), btf.find("own").count(), btf.find("a").count()), (1, 1, 0));
        assert_eq!(btf.types().map(Type::id).collect::<Vec<_>>(), [1, 2, 3, 4]);
        // BTF split from BTF that is itself split.
        let mut third = Builder::continuing(&split);
        let typedef = third.to(kind::TYPEDEF, "again", own);
        let btf = Btf::parse_split(&btf, &third.bytes(order)).unwrap();
        assert_eq!(ty(&btf, typedef).resolved().map(Type::id), Some(own));
        assert_eq!((ty(&btf, typedef).name(), ty(&btf, own).name(), ty(&btf, 2).name()), ("again", "own", "pair"));
    }
}

#[test]
fn each_mistake_in_split_btf_is_named() {
    let mut base = Builder::new();
    base.int("int", 4, 1);
    let mut split = Builder::continuing(&base);
    split.to(kind::TYPEDEF, "number", 1);
    let whole = |order| Btf::parse(&base.bytes(order)).unwrap();
    let error = Btf::parse_split(&whole(Endianness::Big), &split.bytes(Endianness::Little)).unwrap_err();
    assert_eq!(error, InvalidBtf::ForeignBase);
    let whole = whole(Endianness::Native);
    assert_eq!(Btf::parse_split(&whole, &split.native()).unwrap().len(), 3);
    assert_eq!(Btf::parse(&split.native()).unwrap_err(), InvalidBtf::Split);
    // Beyond the types and names of both.
    let mut far = Builder::continuing(&base);
    far.to(kind::TYPEDEF, "number", 3);
    let error = Btf::parse_split(&whole, &far.native()).unwrap_err();
    assert_eq!(error, InvalidBtf::NoType { id: 2, to: 3, count: 3 });
    let mut far = Builder::continuing(&base);
    far.push_words(&[5, kind::PTR << 24, 1]);
    let error = Btf::parse_split(&whole, &far.native()).unwrap_err();
    assert_eq!(error, InvalidBtf::NoString { id: 2, offset: 5, len: 5 });
    far.push_words(&[0]);
    assert_eq!(Btf::parse_split(&whole, &far.native()).unwrap_err(), InvalidBtf::CutType { id: 3 });
    split.strings_mut().pop();
    assert_eq!(Btf::parse_split(&whole, &split.native()).unwrap_err(), InvalidBtf::UnendedStrings);
}

/// The kernel's BTF, and the split BTF of a module, which libbpf writes.
#[cfg(feature = "kernel")]
#[test]
fn what_libbpf_splits_from_the_kernel_is_read() {
    use libbpf_rs::libbpf_sys as sys;

    // SAFETY: the path is a C string.
    let base = unsafe { sys::btf__parse_raw(c"/sys/kernel/btf/vmlinux".as_ptr()) };
    if base.is_null() {
        return mapvalue_tests::kernel::skip("libbpf cannot read the kernel's BTF");
    }
    let kernel = Btf::from_vmlinux().unwrap();
    let task = kernel.find("task_struct").find(|ty| matches!(ty.kind(), TypeKind::Struct(_))).unwrap();
    // SAFETY: `base` is BTF, and outlives what is split from it.
    let split = unsafe { sys::btf__new_empty_split(base) };
    let id = task.id().cast_signed();
    // SAFETY: `split` is BTF, and the name is a C string.
    let typedef = unsafe { sys::btf__add_typedef(split, c"mapvalue_task".as_ptr(), id) }.cast_unsigned();
    assert_eq!(typedef, kernel.len());
    let raw = |btf| {
        let mut len = 0;
        // SAFETY: `btf` is BTF, and `len` has room for the length.
        let bytes = unsafe { sys::btf__raw_data(btf, &raw mut len) };
        // SAFETY: libbpf returns that many bytes. They are copied before the BTF is changed or
        // freed.
        unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), len as usize) }.to_vec()
    };
    assert_eq!(Btf::parse(&raw(split)).unwrap_err(), InvalidBtf::Split);
    let btf = Btf::parse_split(&kernel, &raw(split)).unwrap();
    let added = btf.find("mapvalue_task").next().unwrap();
    assert_eq!((btf.len(), added.id(), added.size()), (kernel.len() + 1, typedef, task.size()));
    assert_eq!(added.resolved().map(Type::name), Some("task_struct"));
    // SAFETY: `split` is not used after this.
    unsafe { sys::btf__free(split) };
    // SAFETY: `base` is not used after this.
    unsafe { sys::btf__free(base) };
}

#[test]
fn types_and_strings_that_overlap_are_refused() {
    let mut btf = Builder::new();
    btf.int("int", 4, 1);
    let mut bytes = btf.bytes(Endianness::Little);
    assert!(Btf::parse(&bytes).is_ok());
    // The header's offset of the strings.
    bytes[16..20].copy_from_slice(&12u32.to_le_bytes());
    assert_eq!(Btf::parse(&bytes).unwrap_err(), InvalidBtf::Overlap);
}

#[test]
fn an_integer_of_any_size_is_compared_with_its_bytes() {
    for size in [0, 3, 1 << 29, u32::MAX] {
        let mut btf = Builder::new();
        btf.add("int", kind::INT, 0, size, &[32]);
        let error = parse(&btf).check::<[u8; 4]>("int").unwrap_err().to_string();
        assert!(error.contains("`[u8; 4]` (4 bytes) in Rust"), "{error}");
    }
}
