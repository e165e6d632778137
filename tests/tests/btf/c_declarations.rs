//! C declarations of layouts, to the letter, as a header for BPF programs has them.

use std::marker::PhantomData;

use mapvalue::MapValue;
use mapvalue::zerocopy::byteorder::{BigEndian, I16, I64, LittleEndian, U16, U32};

/// Returns the lines of the declaration that are not assertions.
fn lines<T: MapValue>() -> Vec<String> {
    let text = T::LAYOUT.c_declaration();
    text.lines().filter(|line| !line.starts_with("_Static_assert")).map(str::to_owned).collect()
}

#[test]
fn leaves_are_declared_by_c_itself() {
    assert_eq!(u32::LAYOUT.c_declaration(), "");
    assert_eq!(<[[bool; 2]; 3]>::LAYOUT.c_declaration(), "");
    assert_eq!(PhantomData::<u8>::LAYOUT.c_declaration(), "");
}

#[derive(MapValue)]
#[repr(C)]
struct Leaves {
    a: [[u16; 3]; 2],
    b: I16<BigEndian>,
    _pad0: [u8; 2],
    c: I64<LittleEndian>,
    d: [U16<LittleEndian>; 4],
    e: f32,
    f: [f64; 1],
    g: [bool; 8],
    h: [u64; 0],
    i: PhantomData<u64>,
    j: [[PhantomData<u64>; 2]; 2],
}

#[test]
fn members_are_spelled_as_the_kernel_does() {
    assert_eq!(
        lines::<Leaves>(),
        [
            "struct Leaves {",
            "\t__u16 a[2][3];",
            "\t__s16 b /* big-endian */;",
            "\t__u8 _pad0[2];",
            "\t__s64 c /* little-endian */;",
            "\t__le16 d[4];",
            "\tfloat e;",
            "\t__u8 _pad1[4];",
            "\tdouble f[1];",
            "\t_Bool g[8];",
            "\t__u64 h[0];",
            "};",
        ]
    );
}

#[derive(MapValue)]
#[repr(C)]
struct Names {
    default: u8,
    _pad0: u16,
    #[map_value(rename = "_pad2")]
    x: u32,
    y: u64,
    z: u8,
}

#[derive(MapValue)]
#[repr(C)]
struct Tuple(u8, i32);

#[test]
fn names_are_those_of_c_and_no_padding_has_one_of_them() {
    assert_eq!(
        lines::<Names>(),
        [
            "struct Names {",
            "\t__u8 default_;",
            "\t__u8 _pad1[1];",
            "\t__u16 _pad0;",
            "\t__u32 _pad2;",
            "\t__u64 y;",
            "\t__u8 z;",
            "\t__u8 _pad3[7];",
            "};",
        ]
        .map(str::to_owned)
    );
    assert_eq!(lines::<Tuple>(), ["struct Tuple {", "\t__u8 _0;", "\t__u8 _pad0[3];", "\t__s32 _1;", "};"]);
}

#[derive(MapValue)]
#[repr(C)]
struct Generic<T: 'static>(T);

#[derive(MapValue)]
#[map_value(rename = "Generic_2")]
#[repr(C)]
struct Taken(i8);

#[derive(MapValue)]
#[map_value(rename = "Generic")]
#[repr(C)]
struct SameInC(u8);

#[derive(MapValue)]
#[repr(C)]
struct Generics {
    a: Generic<u8>,
    b: Generic<u16>,
    c: [Generic<Generic<u8>>; 2],
    d: Generic<u16>,
    e: SameInC,
    f: Taken,
}

#[test]
fn types_of_one_name_are_told_apart_by_what_is_in_them() {
    let lines = lines::<Generics>();
    let declared = lines.iter().filter(|line| line.ends_with('{')).collect::<Vec<_>>();
    assert_eq!(
        declared,
        ["struct Generic {", "struct Generic_3 {", "struct Generic_4 {", "struct Generic_2 {", "struct Generics {"]
    );
    for member in [
        "struct Generic a",
        "struct Generic_3 b",
        "struct Generic_4 c[2]",
        "struct Generic_3 d",
        "struct Generic e",
        "struct Generic_2 f",
        "struct Generic _0",
    ] {
        assert!(lines.contains(&format!("\t{member};")), "{member}: {lines:#?}");
    }
}

#[derive(MapValue, Clone, Copy)]
#[repr(i64)]
enum Extreme {
    Lowest = i64::MIN,
    Minus = -1,
    HTTPServer = i64::MAX,
}

#[derive(MapValue, Clone, Copy)]
#[repr(u64)]
enum ExtremeHttp {
    Server = u64::MAX,
}

#[derive(MapValue)]
#[repr(C)]
struct Enums(Extreme, ExtremeHttp, Extreme);

#[test]
fn values_of_enums_have_names_and_numbers_that_c_takes() {
    let lines = lines::<Enums>();
    assert_eq!(
        lines[..10],
        [
            "enum Extreme : long long {",
            "\tEXTREME_LOWEST = -9223372036854775807LL - 1,",
            "\tEXTREME_MINUS = -1,",
            "\tEXTREME_HTTP_SERVER = 9223372036854775807,",
            "};",
            "",
            "enum ExtremeHttp : unsigned long long {",
            "\tEXTREME_HTTP_SERVER_2 = 18446744073709551615ULL,",
            "};",
            "",
        ]
    );
}

#[derive(MapValue)]
#[repr(C)]
struct Odd {
    address: U32<BigEndian>,
    port: U16<BigEndian>,
}

#[derive(MapValue)]
#[repr(C)]
struct Odder {
    port: U16<BigEndian>,
    kind: u8,
}

#[derive(MapValue)]
#[repr(C)]
struct Even {
    inside: Odd,
    more: u16,
}

#[derive(MapValue)]
#[repr(C, align(16))]
struct Aligned {
    inside: u8,
}

#[test]
fn attributes_are_there_where_c_needs_them() {
    let note =
        "/* The size of this struct is not a multiple of 4, so C reads its fields in pieces: fill it up in Rust. */";
    assert_eq!(
        lines::<Odd>(),
        [note, "struct Odd {", "\t__be32 address;", "\t__be16 port;", "} __attribute__((packed, aligned(2)));"]
    );
    assert_eq!(
        lines::<Odder>(),
        [
            note.replace('4', "2").as_str(),
            "struct Odder {",
            "\t__be16 port;",
            "\t__u8 kind;",
            "} __attribute__((packed));"
        ]
    );
    assert_eq!(
        lines::<Even>()[6..],
        ["struct Even {", "\tstruct Odd inside;", "\t__u16 more;", "} __attribute__((aligned(4)));"]
    );
    assert_eq!(
        lines::<Aligned>(),
        ["struct Aligned {", "\t__u8 inside;", "\t__u8 _pad0[15];", "} __attribute__((aligned(16)));"]
    );
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v6: [U32<BigEndian>; 4],
    v4: U32<BigEndian>,
    bytes: [u8; 17],
}

#[test]
fn the_members_of_a_union_keep_their_order() {
    let declaration = Address::LAYOUT.c_declaration();
    assert_eq!(
        declaration.lines().skip(1).collect::<Vec<_>>(),
        [
            "union Address {",
            "\t__be32 v6[4];",
            "\t__be32 v4;",
            "\t__u8 bytes[17];",
            "} __attribute__((packed));",
            "_Static_assert(sizeof(union Address) == 17, \"union Address: 17 bytes in Rust\");",
        ]
    );
}
