//! Which Rust types meet which C types, compared through BTF, and what the errors say of those that
//! do not.

use std::marker::PhantomData;
use std::num::{NonZeroU32, Wrapping};
use std::sync::atomic::{AtomicI32, AtomicU64};

use mapvalue::btf::TypeKind;
use mapvalue::{ArenaPtr, Btf, BtfError, Kernel, Kptr, MapValue, Plain};
use mapvalue_tests::btf::{Builder, kind, raw};
use mapvalue_tests::c;
use zerocopy::byteorder::{BigEndian, LittleEndian, U16, U32, U64};

fn btf() -> Btf {
    Btf::from_object(include_bytes!("../../bpf/layouts.bpf.o")).unwrap()
}

/// The error for a type that does not meet the C type: one line for each difference, without the C
/// type, which is the same in all lines.
fn refused<T: MapValue>(name: &str) -> Vec<String> {
    match btf().check::<T>(name) {
        Err(BtfError::LayoutMismatch(mismatches)) => {
            let shown = mismatches.to_string();
            let c_type = format!(" ({})", mismatches.c_type());
            assert_eq!(shown.lines().count(), mismatches.iter().len(), "a line a difference: {shown}");
            shown.lines().map(|line| line.replacen(&c_type, "", 1)).collect()
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[track_caller]
fn accepted<T: MapValue>(name: &str) {
    btf().check::<T>(name).unwrap_or_else(|error| panic!("{name}: {error}"));
}

#[derive(MapValue)]
#[repr(C)]
struct Leaves {
    a: u8,
    b: i8,
    c: u8,
    d: bool,
    e: u16,
    f: i16,
    g: Option<NonZeroU32>,
    h: AtomicI32,
    i: AtomicU64,
    j: Wrapping<i64>,
    k: f32,
    l: f64,
    m: u64,
    n: u64,
    o: u64,
    p: i64,
}

#[test]
fn each_leaf_meets_its_own_kind() {
    accepted::<Leaves>("leaves");
    accepted::<Leaves>("struct leaves");
}

#[derive(MapValue)]
#[repr(C)]
struct Pointers<N: 'static, O: 'static> {
    _pad: [u8; 56],
    n: N,
    o: O,
}

#[test]
fn a_pointer_is_met_by_a_number_or_a_pointer_and_a_pointer_meets_a_number() {
    let missing =
        |lines: Vec<String>| lines.into_iter().filter(|line| !line.contains("nothing in Rust")).collect::<Vec<_>>();
    assert_eq!(missing(refused::<Pointers<ArenaPtr<Leaves>, ArenaPtr<u8>>>("leaves"))[1..], [""; 0]);
    assert_eq!(missing(refused::<Pointers<Kptr<u8, Kernel>, Kptr<u8, Kernel>>>("leaves"))[1..], [""; 0]);
    assert_eq!(
        missing(refused::<Pointers<i64, i64>>("leaves"))[1..],
        [
            "Pointers.n: `i64` (8 bytes) in Rust, `void *` (8 bytes) in BTF",
            "Pointers.o: `i64` (8 bytes) in Rust, `unsigned long` (8 bytes) in BTF",
        ]
    );
    assert_eq!(refused::<ArenaPtr<u8>>("__s64"), ["ArenaPtr: `ArenaPtr` (8 bytes) in Rust, `__s64` (8 bytes) in BTF"]);
}

#[derive(MapValue)]
#[repr(C)]
struct WrongLeaves {
    a: i8,
    b: u8,
    c: i8,
    d: u8,
    e: i16,
    f: u16,
    g: f32,
    h: u32,
    i: f64,
    j: u64,
    k: u32,
    l: u64,
    m: i64,
    n: i64,
    o: i64,
    p: u64,
}

#[test]
fn a_leaf_of_another_meaning_is_told_though_its_size_fits() {
    assert_eq!(
        refused::<WrongLeaves>("leaves"),
        [
            "WrongLeaves.a: `i8` (1 byte) in Rust, `__u8` (1 byte) in BTF",
            "WrongLeaves.b: `u8` (1 byte) in Rust, `__s8` (1 byte) in BTF",
            // `char` meets both.
            "WrongLeaves.d: `u8` (1 byte) in Rust, `_Bool` (1 byte) in BTF; write `bool`",
            "WrongLeaves.e: `i16` (2 bytes) in Rust, `__u16` (2 bytes) in BTF",
            "WrongLeaves.f: `u16` (2 bytes) in Rust, `__s16` (2 bytes) in BTF",
            "WrongLeaves.g: `f32` (4 bytes) in Rust, `__u32` (4 bytes) in BTF",
            "WrongLeaves.h: `u32` (4 bytes) in Rust, `__s32` (4 bytes) in BTF",
            "WrongLeaves.i: `f64` (8 bytes) in Rust, `__u64` (8 bytes) in BTF",
            "WrongLeaves.j: `u64` (8 bytes) in Rust, `__s64` (8 bytes) in BTF",
            "WrongLeaves.k: `u32` (4 bytes) in Rust, `float` (4 bytes) in BTF",
            "WrongLeaves.l: `u64` (8 bytes) in Rust, `double` (8 bytes) in BTF",
            "WrongLeaves.m: `i64` (8 bytes) in Rust, `const volatile nanoseconds` (8 bytes) in BTF",
            "WrongLeaves.n: `i64` (8 bytes) in Rust, `void *` (8 bytes) in BTF",
            "WrongLeaves.o: `i64` (8 bytes) in Rust, `unsigned long` (8 bytes) in BTF",
            "WrongLeaves.p: `u64` (8 bytes) in Rust, `long` (8 bytes) in BTF",
        ]
    );
}

#[derive(MapValue)]
#[repr(C)]
struct NarrowLeaves {
    k: [f32; 2],
    l: f32,
    n: u32,
}

#[test]
fn a_leaf_of_another_size_is_told_though_its_meaning_fits() {
    let lines = refused::<NarrowLeaves>("leaves");
    for expected in [
        "NarrowLeaves.k: `[f32; 2]` (8 bytes) in Rust, `float` (4 bytes) in BTF",
        "NarrowLeaves.l: `f32` (4 bytes) in Rust, `double` (8 bytes) in BTF",
        "NarrowLeaves.n: `u32` (4 bytes) in Rust, `void *` (8 bytes) in BTF",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected}: {lines:#?}");
    }
}

#[derive(MapValue)]
#[repr(C, align(8))]
struct Aligned(u32);

#[test]
fn a_newtype_that_is_larger_than_its_field_is_not_its_field() {
    accepted::<Users>("__s32");
    assert_eq!(refused::<Aligned>("__u32"), ["Aligned: `Aligned` (8 bytes) in Rust, `__u32` (4 bytes) in BTF"]);
}

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Verdict {
    Pass,
    Drop,
    Abort = 40,
}

#[derive(MapValue, Clone, Copy)]
#[repr(i32)]
enum Failure {
    Failed = -1,
    Fine,
}

#[derive(MapValue, Clone, Copy)]
#[repr(u64)]
enum Wide {
    Wide = 1 << 40,
}

#[derive(MapValue)]
#[repr(C)]
struct Enums {
    verdict: Verdict,
    error: Failure,
    wide: Wide,
    small: Small,
}

#[derive(MapValue, Clone, Copy)]
#[repr(u8)]
enum Small {
    No,
    Yes,
}

#[derive(MapValue)]
#[repr(C)]
struct EnumsAsNumbers {
    verdict: u32,
    error: i32,
    wide: u64,
    small: u8,
}

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum OldVerdict {
    Pass,
    Drop,
    Redirect,
}

#[derive(MapValue)]
#[repr(C)]
struct WrongEnums {
    verdict: OldVerdict,
    error: u32,
    wide: i64,
    small: u8,
}

#[test]
fn enums_are_met_by_enums_of_the_same_values_or_by_numbers_that_hold_them() {
    accepted::<Enums>("enums");
    accepted::<EnumsAsNumbers>("enums");
    accepted::<Verdict>("enum verdict");
    accepted::<i32>("verdict");
    assert_eq!(
        refused::<WrongEnums>("enums"),
        [
            "WrongEnums.verdict: variant `Redirect` = 2 in Rust, no such value in BTF",
            "WrongEnums.verdict: no such variant in Rust, `ABORT` = 40 in BTF",
            "WrongEnums.error: `u32` (4 bytes) in Rust, `FAILED` = -1 of `enum error` in BTF",
        ]
    );
    assert_eq!(refused::<u64>("verdict"), ["u64: `u64` (8 bytes) in Rust, `enum verdict` (4 bytes) in BTF"]);
    accepted::<u32>("large");
    // Old compilers leave the sign out of BTF. Without it, the value might be negative.
    accepted::<i32>("large");
    assert_eq!(refused::<Small>("verdict"), ["Small: `Small` (1 byte) in Rust, `enum verdict` (4 bytes) in BTF"]);
}

/// BTF of an enum `old` with these values, as compilers before clang 15 wrote it: never marked as
/// signed.
fn btf_of_old_enum(size: u32, values: &[i32]) -> Btf {
    let strings = b"\0old\0";
    let length = 12 + 8 * values.len();
    let header = [24, 0, length, length, strings.len()].map(|word| u32::try_from(word).unwrap());
    let record = [1, 6 << 24 | u32::try_from(values.len()).unwrap(), size];
    let values = values.iter().flat_map(|value| [1, value.cast_unsigned()]);
    let words = header.into_iter().chain(record).chain(values).flat_map(u32::to_le_bytes);
    let bytes: Vec<u8> = [0x9f, 0xeb, 1, 0].into_iter().chain(words).chain(*strings).collect();
    Btf::parse(&bytes).unwrap()
}

#[derive(MapValue, Clone, Copy)]
#[repr(i8)]
enum Shift {
    Back = -1,
    None,
}

#[test]
fn negative_values_of_enums_are_known_by_their_bits_where_btf_has_no_sign() {
    btf_of_old_enum(4, &[-1, 0]).check::<Failure>("enum old").unwrap();
    btf_of_old_enum(1, &[-1, 0]).check::<Shift>("old").unwrap();
    assert!(btf_of_old_enum(1, &[255, 0]).check::<Shift>("old").is_err(), "a byte without sign");
    let error = btf_of_old_enum(4, &[-2, 0]).check::<Failure>("old").unwrap_err().to_string();
    assert_eq!(
        error,
        "Failure: variant `Failed` = -1 in Rust, no such value in BTF (enum old)\n\
         Failure: no such variant in Rust, `old` = 4294967294 in BTF (enum old)"
    );
}

#[derive(MapValue)]
#[repr(C)]
struct Holes {
    kind: u8,
    since: u64,
    id: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct Padded {
    kind: u8,
    _pad0: [u8; 7],
    since: u64,
    id: u32,
    __pad1: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct Packed {
    kind: u8,
    _pad: [u8; 3],
    id: u32,
    since: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct NoPadding {
    kind: u8,
    flags: [u8; 7],
    since: u64,
    id: u32,
    cpu: u32,
}

#[test]
fn padding_by_name_stands_for_holes_on_either_side() {
    accepted::<Holes>("holes");
    accepted::<Padded>("holes");
    accepted::<Holes>("padded");
    accepted::<Padded>("padded");
    assert_eq!(
        refused::<Packed>("holes"),
        [
            "Packed: size 16 in Rust, 24 in BTF",
            "Packed.id: offset 4 in Rust, 16 in BTF",
            // `since` has the same offset in both.
        ]
    );
    assert_eq!(
        refused::<NoPadding>("holes"),
        [
            "NoPadding.flags: `[u8; 7]` (7 bytes) at offset 1 in Rust, nothing in BTF",
            "NoPadding.cpu: `u32` (4 bytes) at offset 20 in Rust, nothing in BTF",
        ]
    );
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union In6Addr {
    u6_addr8: [u8; 16],
    u6_addr16: [U16<BigEndian>; 8],
    u6_addr32: [U32<BigEndian>; 4],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union FlowAddress {
    v4: U32<BigEndian>,
    v6: In6Addr,
}

#[derive(MapValue)]
#[repr(C)]
struct Flow {
    address: FlowAddress,
    port: U16<BigEndian>,
    vlan: u16,
    both: u64,
    protocol: u8,
}

#[derive(MapValue)]
#[repr(C)]
struct Endpoint {
    port: U16<BigEndian>,
    vlan: u16,
}

#[derive(MapValue)]
#[repr(C, align(8))]
struct FlowInParts {
    v6: [u8; 16],
    endpoint: Endpoint,
    _pad: u32,
    low: u32,
    high: u32,
    protocol: u8,
}

#[derive(MapValue)]
#[repr(C)]
struct FlowWithoutHigh {
    v6: [u8; 16],
    dest: u16,
    vlan: u16,
    low: u32,
    protocol: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct FlowShifted {
    v6: [u8; 16],
    _pad: u32,
    endpoint: Endpoint,
    both: u64,
    protocol: u64,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Whole {
    c: u64,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Parts {
    a: u32,
    b: u32,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Views<A: Plain + Copy, B: Plain + Copy> {
    one: A,
    other: B,
}

#[test]
fn an_anonymous_member_is_met_in_its_place_alone_and_by_the_field_that_fits() {
    assert_eq!(
        refused::<FlowShifted>("flow"),
        [
            "FlowShifted.endpoint: `Endpoint` (4 bytes) at offset 20 in Rust, nothing in BTF",
            "FlowShifted.protocol: `u64` (8 bytes) in Rust, `__u8` (1 byte) in BTF",
            "FlowShifted.port: nothing in Rust, `__be16` (2 bytes) at offset 16 in BTF",
            "FlowShifted.vlan: nothing in Rust, `__u16` (2 bytes) at offset 18 in BTF",
        ]
    );
    accepted::<Views<Parts, Whole>>("views");
    accepted::<Views<Whole, Parts>>("views");
    assert_eq!(
        refused::<Views<Parts, u32>>("views"),
        [
            "Views.other: `u32` (4 bytes) at offset 0 in Rust, nothing in BTF",
            "Views.c: nothing in Rust, `__u64` (8 bytes) at offset 0 in BTF",
        ]
    );
}

#[test]
fn what_is_anonymous_in_c_is_met_by_its_members_or_by_a_field_in_its_place() {
    accepted::<Flow>("flow");
    accepted::<FlowInParts>("flow");
    assert_eq!(
        refused::<FlowWithoutHigh>("flow"),
        [
            "FlowWithoutHigh: size 32 in Rust, 40 in BTF",
            "FlowWithoutHigh.dest: `u16` (2 bytes) at offset 16 in Rust, nothing in BTF",
            "FlowWithoutHigh.low: offset 20 in Rust, 24 in BTF",
            "FlowWithoutHigh.protocol: offset 24 in Rust, 32 in BTF",
            "FlowWithoutHigh.protocol: `u64` (8 bytes) in Rust, `__u8` (1 byte) in BTF",
            "FlowWithoutHigh.port: nothing in Rust, `__be16` (2 bytes) at offset 16 in BTF",
            "FlowWithoutHigh.high: nothing in Rust, `__u32` (4 bytes) at offset 28 in BTF",
        ]
    );
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: U32<BigEndian>,
    v6: [u8; 16],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union AddressWithoutV4 {
    v6: [u8; 16],
    mac: [u8; 6],
}

#[derive(MapValue)]
#[repr(C)]
struct Named<A: 'static> {
    address: A,
    ip: [u8; 16],
    users: i32,
}

#[derive(MapValue)]
#[repr(transparent)]
struct Users(i32);

#[derive(MapValue)]
#[repr(C)]
struct NamedUsers {
    address: Address,
    ip: In6Addr,
    users: Users,
}

#[test]
fn a_union_or_wrapper_is_met_by_a_member_that_fills_it() {
    accepted::<Named<Address>>("named");
    accepted::<Named<[u8; 16]>>("named");
    accepted::<NamedUsers>("named");
    assert_eq!(
        refused::<Named<AddressWithoutV4>>("named"),
        [
            "Named.address.mac: `[u8; 6]` (6 bytes) at offset 0 in Rust, nothing in BTF",
            "Named.address.v4: nothing in Rust, `__be32` (4 bytes) at offset 0 in BTF",
        ]
    );
    assert_eq!(
        refused::<U32<BigEndian>>("address"),
        ["U32<BigEndian>: `U32<BigEndian>` (4 bytes) in Rust, `union address` (16 bytes) in BTF"],
        "a member that does not fill the union"
    );
    assert_eq!(
        refused::<Named<[u32; 4]>>("named"),
        ["Named.address: `[u32; 4]` (16 bytes) in Rust, `union address` (16 bytes) in BTF"]
    );
}

#[derive(MapValue)]
#[repr(C)]
struct Bits {
    head: u32,
    frag: u16,
    port: u16,
}

#[derive(MapValue)]
#[repr(C)]
struct WrongBits {
    version: u32,
    frag: u8,
    _pad: u8,
    port: u16,
}

#[test]
fn bitfields_are_met_by_an_integer_over_their_storage() {
    accepted::<Bits>("bits");
    assert_eq!(
        refused::<WrongBits>("bits"),
        [
            "WrongBits.version: `u32` (4 bytes) in Rust, a bitfield of 4 bits in BTF; declare an unsigned integer of another \
             name over its whole storage",
            "WrongBits.frag: `u8` (1 byte) at offset 4 in Rust, nothing in BTF",
            "WrongBits.length: nothing in Rust, a bitfield of 12 bits at offset 0, bit 4 in BTF",
            "WrongBits.flags: nothing in Rust, a bitfield of 3 bits at offset 4, bit 0 in BTF",
            "WrongBits.offset: nothing in Rust, a bitfield of 13 bits at offset 4, bit 3 in BTF",
        ]
    );
}

#[derive(MapValue)]
#[repr(C)]
struct SignedBits {
    head: i32,
    frag: u16,
    port: u16,
}

#[test]
fn bitfields_are_not_met_by_a_signed_integer() {
    assert_eq!(
        refused::<SignedBits>("bits")[0],
        "SignedBits.head: `i32` (4 bytes) at offset 0 in Rust, nothing in BTF"
    );
}

#[derive(MapValue)]
#[repr(C)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(MapValue)]
#[repr(C)]
struct TuplePoint(i32, i32);

#[derive(MapValue)]
#[repr(C)]
struct Seen<P: 'static> {
    count: u64,
    last: P,
}

#[derive(MapValue)]
#[repr(C)]
struct Nested<P: 'static> {
    points: [P; 3],
    matrix: [[u32; 4]; 2],
    seen: Seen<P>,
}

#[derive(MapValue)]
#[repr(C)]
struct Turned {
    points: [Swapped; 4],
    matrix: [[u32; 2]; 4],
    seen: Seen<Point>,
}

#[derive(MapValue)]
#[repr(C)]
struct Swapped {
    y: i32,
    x: i32,
}

#[test]
fn structs_and_arrays_are_looked_into() {
    accepted::<Nested<Point>>("nested");
    accepted::<Nested<TuplePoint>>("nested");
    assert_eq!(
        refused::<Turned>("nested"),
        [
            "Turned: size 80 in Rust, 72 in BTF",
            "Turned.points: 4 elements in Rust, 3 elements in BTF",
            "Turned.points[0].y: offset 0 in Rust, 4 in BTF",
            "Turned.points[0].x: offset 4 in Rust, 0 in BTF",
            "Turned.matrix: offset 32 in Rust, 24 in BTF",
            "Turned.matrix: 4 elements in Rust, 2 elements in BTF",
            "Turned.matrix[0]: 2 elements in Rust, 4 elements in BTF",
            "Turned.seen: offset 64 in Rust, 56 in BTF",
        ]
    );
}

#[derive(MapValue)]
#[repr(C)]
struct Keywords {
    r#type: u32,
    #[map_value(rename = "match")]
    pattern: u32,
    default: u32,
    r#fn: u64,
}

#[test]
fn names_that_one_of_the_languages_cannot_spell_are_met() {
    accepted::<Keywords>("keywords");
}

#[derive(MapValue)]
#[repr(C, align(64))]
struct Big {
    wide: [u64; 2],
    low: u64,
}

#[derive(MapValue)]
#[repr(C, align(64))]
struct BigInHalves {
    wide: Halves,
    low: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Halves {
    low: u64,
    high: i64,
}

#[derive(MapValue)]
#[repr(C, align(32))]
struct HalvesApart {
    low: u64,
    high: u64,
}

#[derive(MapValue)]
#[repr(C, align(64))]
struct BigInBytes {
    wide: [u8; 16],
    low: u64,
}

#[test]
fn int128_is_met_by_two_halves() {
    accepted::<Big>("big");
    accepted::<BigInHalves>("big");
    accepted::<Halves>("wide_t");
    for line in [refused::<[f64; 2]>("wide_t"), refused::<HalvesApart>("wide_t"), refused::<u64>("wide_t")] {
        assert!(line[0].ends_with("in Rust, `wide_t`, `__int128` (16 bytes) in BTF"), "{line:?}");
    }
    assert_eq!(
        refused::<BigInBytes>("big"),
        ["BigInBytes.wide: `[u8; 16]` (16 bytes) in Rust, `__int128` (16 bytes) in BTF; write `[u64; 2]`"]
    );
}

#[derive(MapValue)]
#[repr(C, align(4))]
struct Orders<B: 'static, L: 'static, P: 'static> {
    big: B,
    little: L,
    plain: P,
}

#[test]
fn a_stated_byte_order_must_not_be_the_other_one() {
    accepted::<Orders<U32<BigEndian>, U32<LittleEndian>, u32>>("orders");
    // C has the machine's own order everywhere. A user may convert by hand.
    accepted::<Orders<u32, u32, U32<BigEndian>>>("orders");
    assert_eq!(
        refused::<Orders<U32<LittleEndian>, U32<BigEndian>, [u8; 4]>>("orders"),
        [
            "Orders.big: `U32<LittleEndian>` (4 bytes) in Rust, `__be32` (4 bytes) in BTF; the byte orders differ",
            "Orders.little: `U32<BigEndian>` (4 bytes) in Rust, `__le32` (4 bytes) in BTF; the byte orders differ",
            "Orders.plain: `[u8; 4]` (4 bytes) in Rust, `__u32` (4 bytes) in BTF; write `u32`, or zerocopy's \
             `U32<BigEndian>` for network order",
        ]
    );
}

#[test]
fn a_name_may_be_a_typedef_and_an_unknown_one_offers_the_nearest() {
    accepted::<u64>("nanoseconds");
    accepted::<i32>("counter_t");
    let text = |name: &str| btf().check::<Holes>(name).unwrap_err().to_string();
    assert_eq!(text("hole"), "there is no type `hole` in the BTF; did you mean `holes`?");
    assert_eq!(text("union holes"), "there is no type `union holes` in the BTF");
    assert_eq!(text(""), "there is no type `` in the BTF");
    // A variable is not a type.
    assert!(text("_license").starts_with("there is no type `_license`"));
}

#[derive(MapValue)]
#[repr(C)]
struct OtherName {
    limit_packets: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct SameName {
    limit_bytes: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct Around<T: 'static>(T);

#[test]
fn the_one_field_of_a_struct_must_have_its_name_too() {
    accepted::<SameName>("one");
    accepted::<u32>("one");
    accepted::<Around<u32>>("one");
    accepted::<Around<SameName>>("one");
    let lines = [
        "OtherName.limit_packets: `u32` (4 bytes) at offset 0 in Rust, nothing in BTF",
        "OtherName.limit_bytes: nothing in Rust, `__u32` (4 bytes) at offset 0 in BTF",
    ];
    assert_eq!(refused::<OtherName>("one"), lines);
    // What has no name in C may have any name in Rust.
    accepted::<OtherName>("__u32");
}

#[derive(MapValue)]
#[repr(C)]
struct C23 {
    nullptr: u32,
    alignof: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct SkippedBits {
    __pad_0: u32,
    __pad_4: [u8; 1],
    _pad: [u8; 3],
}

#[derive(MapValue)]
#[repr(C)]
struct StoredBits {
    head: u32,
    rest: u8,
    _pad: [u8; 3],
}

#[derive(MapValue)]
#[repr(C)]
struct OtherPadding {
    head: u32,
    rest: u8,
    _pad: u8,
    _pad2: u16,
}

#[test]
fn keywords_of_a_newer_c_and_padding_over_bitfields_are_met() {
    accepted::<C23>("c23");
    accepted::<SkippedBits>("skipped_bits");
    accepted::<StoredBits>("skipped_bits");
    accepted::<OtherPadding>("skipped_bits");
}

#[derive(MapValue)]
#[repr(C)]
struct MixedBranches {
    a: u32,
    c: u32,
    _pad: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct OneBranch {
    _pad0: u32,
    c: u32,
    _pad: [u32; 2],
}

#[derive(MapValue)]
#[repr(C)]
struct BothBranches {
    a: u32,
    c: u32,
    b: u64,
}

#[test]
fn a_member_of_a_union_is_missing_if_others_of_its_kind_are_found_and_nothing_covers_it() {
    accepted::<OneBranch>("branches");
    accepted::<BothBranches>("branches");
    assert_eq!(
        refused::<MixedBranches>("branches"),
        ["MixedBranches.b: nothing in Rust, `__u64` (8 bytes) at offset 8 in BTF"]
    );
}

#[derive(MapValue)]
#[repr(C)]
struct Tuple(u32, u32, u64);

#[derive(MapValue)]
#[repr(C)]
struct TupleOfStruct(Halved, u64);

#[derive(MapValue)]
#[repr(C)]
struct Halved {
    first: u32,
    second: u32,
}

#[test]
fn the_fields_of_a_tuple_struct_are_met_by_what_is_in_their_place() {
    accepted::<Tuple>("pair");
    accepted::<TupleOfStruct>("pair");
    assert_eq!(
        refused::<TupleOfStruct>("nested")[..2],
        [
            "TupleOfStruct: size 16 in Rust, 72 in BTF",
            "TupleOfStruct.0: `Halved` (8 bytes) in Rust, `struct point[3]` (24 bytes) in BTF",
        ]
    );
}

#[derive(MapValue)]
#[repr(C)]
struct Shifted {
    points: [Point; 3],
    matrix: [[u32; 4]; 2],
    _more: u64,
    seen: Earlier,
}

#[derive(MapValue)]
#[repr(C)]
struct Earlier {
    last: Point,
    count: u64,
}

#[test]
fn an_offset_that_is_the_same_in_both_is_not_told_as_a_difference() {
    let lines = refused::<Shifted>("nested");
    assert_eq!(
        lines,
        [
            "Shifted: size 80 in Rust, 72 in BTF",
            "Shifted._more: `u64` (8 bytes) at offset 56 in Rust, nothing in BTF",
            "Shifted.seen: offset 64 in Rust, 56 in BTF",
            // `last` is at 64 in both.
            "Shifted.seen.count: offset 72 in Rust, 56 in BTF",
        ]
    );
}

#[test]
fn halves_of_int128_are_in_the_order_of_the_machine_and_nothing_is_no_type() {
    assert_eq!(
        refused::<[U64<BigEndian>; 2]>("wide_t"),
        ["[U64<BigEndian>; 2]: `[U64<BigEndian>; 2]` (16 bytes) in Rust, `wide_t`, `__int128` (16 bytes) in BTF"]
    );
    for lines in [refused::<PhantomData<u64>>("holes"), refused::<[PhantomData<u64>; 2]>("holes")] {
        assert!(lines[0].contains("(0 bytes) in Rust, `struct holes` (24 bytes) in BTF"), "{lines:?}");
    }
}

#[derive(MapValue)]
#[repr(C)]
struct HolesTypo {
    kind: u8,
    sinse: u64,
    id: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct BitsTypo {
    head: u32,
    flag: u8,
    _pad: u8,
    port: u16,
}

#[derive(MapValue)]
#[repr(C)]
struct TupleTypo(u32, u16, u16);

#[test]
fn what_has_no_field_yet_and_could_be_meant_is_offered() {
    assert_eq!(
        refused::<HolesTypo>("holes"),
        [
            "HolesTypo.sinse: `u64` (8 bytes) at offset 8 in Rust, nothing in BTF; did you mean `since`?",
            "HolesTypo.since: nothing in Rust, `__u64` (8 bytes) at offset 8 in BTF",
        ]
    );
    // A bitfield gets no such suggestion.
    assert_eq!(refused::<BitsTypo>("bits")[0], "BitsTypo.flag: `u8` (1 byte) at offset 4 in Rust, nothing in BTF");
    // Nor is a C field without a size suggested for a field of a tuple struct.
    assert_eq!(
        refused::<TupleTypo>("flexed"),
        [
            "TupleTypo.1: `u16` (2 bytes) in Rust, `__u32` (4 bytes) in BTF",
            "TupleTypo.2: `u16` (2 bytes) at offset 6 in Rust, nothing in BTF",
        ]
    );
}

#[test]
fn a_typedef_of_a_struct_of_its_own_name_is_no_second_type() {
    let btf = btf();
    assert_eq!(btf.find("named_twice").count(), 2);
    btf.check::<Holes>("named_twice").unwrap();
    let error = btf.check::<Packed>("named_twice").unwrap_err().to_string();
    assert!(!error.contains("types of this name"), "{error}");
}

#[test]
fn of_a_variable_its_type_is_compared() {
    let btf = btf();
    let variable = btf.find("wide").find(|ty| matches!(ty.kind(), TypeKind::Variable { .. })).unwrap();
    <[u64; 2]>::LAYOUT.check(variable).unwrap();
}

/// The BTF of the object after a change to its types' words and to its strings.
fn rewritten(change: impl FnOnce(&mut Vec<u32>, &mut Vec<u8>)) -> Btf {
    let bytes = raw(include_bytes!("../../bpf/layouts.bpf.o"));
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let part = |offset: u32, len: u32| &bytes[24 + offset as usize..][..len as usize];
    let types = part(word(8), word(12)).chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let (mut types, mut strings) = (types.collect(), part(word(16), word(20)).to_vec());
    change(&mut types, &mut strings);
    let len = |len: usize| u32::try_from(len).unwrap();
    let header = [24, 0, len(4 * types.len()), len(4 * types.len()), len(strings.len())];
    let words = header.iter().chain(&types).flat_map(|word| word.to_le_bytes());
    Btf::parse(&[0x9f, 0xeb, 1, 0].into_iter().chain(words).chain(strings).collect::<Vec<u8>>()).unwrap()
}

/// Where the records of a kind begin.
fn records(types: &[u32], wanted: u32) -> Vec<usize> {
    let (mut at, mut found) = (0, Vec::new());
    while at < types.len() {
        let (kind, vlen) = (types[at + 1] >> 24 & 0x1f, types[at + 1] as usize & 0xffff);
        found.extend((kind == wanted).then_some(at));
        at += 3 + match kind {
            1 | 14 | 17 => 1,
            3 => 3,
            4 | 5 | 15 | 19 => 3 * vlen,
            6 | 13 => 2 * vlen,
            _ => 0,
        };
    }
    found
}

#[derive(MapValue, Clone, Copy)]
#[repr(i32)]
enum OtherFailure {
    Failed = -2,
    Fine = 0,
}

#[test]
fn enums_are_met_whose_sign_an_old_compiler_did_not_tell() {
    let old = rewritten(|types, _| records(types, 6).into_iter().for_each(|at| types[at + 1] &= 0x7fff_ffff));
    old.check::<Enums>("enums").unwrap();
    old.check::<EnumsAsNumbers>("enums").unwrap();
    let error = old.check::<OtherFailure>("error").unwrap_err().to_string();
    assert!(error.starts_with("OtherFailure: variant `Failed` = -2 in Rust, no such value in BTF"), "{error}");
}

#[test]
fn what_libbpf_makes_of_floats_and_wide_enums_for_old_kernels_is_met() {
    // A float becomes an empty struct without a name. A 64-bit enum becomes a union of one-byte
    // placeholders.
    let old = rewritten(|types, strings| {
        for at in records(types, 16) {
            (types[at], types[at + 1]) = (0, 4 << 24);
        }
        let name = u32::try_from(strings.len()).unwrap();
        strings.extend(b"enum64_placeholder\0");
        let placeholder = u32::try_from((1..=19).map(|kind| records(types, kind).len()).sum::<usize>() + 1).unwrap();
        for at in records(types, 19) {
            let vlen = types[at + 1] & 0xffff;
            types[at + 1] = 5 << 24 | vlen;
            let members = &mut types[at + 3..][..3 * vlen as usize];
            members.chunks_exact_mut(3).for_each(|member| member[1..].copy_from_slice(&[placeholder, 0]));
        }
        types.extend([name, 1 << 24, 1, 8]);
    });
    old.check::<Leaves>("leaves").unwrap();
    old.check::<Enums>("enums").unwrap();
    old.check::<EnumsAsNumbers>("enums").unwrap();
    assert!(old.check::<f64>("views").is_err());
    assert!(old.check::<u64>("views").is_ok(), "by its member");
    assert!(old.check::<i64>("views").is_err());
}

#[test]
fn of_several_types_of_a_name_each_must_be_met() {
    // As if two linked files had disagreed about `holes`.
    let linked = rewritten(|types, strings| {
        let find = |name: &[u8]| strings.windows(name.len()).position(|bytes| bytes == name).unwrap() + 1;
        let [holes, bits] = [find(b"\0holes\0"), find(b"\0bits\0")].map(|at| u32::try_from(at).unwrap());
        for at in records(types, 4) {
            types[at] = if types[at] == bits { holes } else { types[at] };
        }
    });
    let error = linked.check::<Holes>("holes").unwrap_err().to_string();
    assert!(error.contains("Holes: size 24 in Rust, 8 in BTF (struct holes)"), "{error}");
    assert!(error.ends_with("The BTF has 2 types of this name; this is the first that is not met."), "{error}");
}

#[test]
fn the_c_type_is_named_in_each_line() {
    let error = btf().check::<Turned>("nested").unwrap_err().to_string();
    assert!(error.contains("Turned.seen: offset 64 in Rust, 56 in BTF (struct nested)"), "{error}");
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[
        Leaves::LAYOUT,
        <Pointers<ArenaPtr<Leaves>, Kptr<u8, Kernel>>>::LAYOUT,
        WrongLeaves::LAYOUT,
        NarrowLeaves::LAYOUT,
        Aligned::LAYOUT,
        Verdict::LAYOUT,
        Failure::LAYOUT,
        Wide::LAYOUT,
        Enums::LAYOUT,
        Small::LAYOUT,
        EnumsAsNumbers::LAYOUT,
        WrongEnums::LAYOUT,
        Holes::LAYOUT,
        Padded::LAYOUT,
        Packed::LAYOUT,
        NoPadding::LAYOUT,
        In6Addr::LAYOUT,
        FlowAddress::LAYOUT,
        Flow::LAYOUT,
        Endpoint::LAYOUT,
        FlowInParts::LAYOUT,
        FlowShifted::LAYOUT,
        Whole::LAYOUT,
        Parts::LAYOUT,
        <Views<u64, u32>>::LAYOUT,
        <Views<Whole, [u16; 5]>>::LAYOUT,
        Address::LAYOUT,
        <Named<Address>>::LAYOUT,
        <Named<u64>>::LAYOUT,
        NamedUsers::LAYOUT,
        Bits::LAYOUT,
        WrongBits::LAYOUT,
        SignedBits::LAYOUT,
        TuplePoint::LAYOUT,
        <Nested<Point>>::LAYOUT,
        <Nested<TuplePoint>>::LAYOUT,
        Turned::LAYOUT,
        Keywords::LAYOUT,
        Big::LAYOUT,
        BigInHalves::LAYOUT,
        HalvesApart::LAYOUT,
        BigInBytes::LAYOUT,
        <Orders<U32<BigEndian>, U32<LittleEndian>, u32>>::LAYOUT,
        <Orders<u16, i8, bool>>::LAYOUT,
    ]);
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Flags<T: Plain + Copy> {
    one: T,
    all: [u8; 4],
}

#[test]
fn a_byte_in_a_union_meets_a_bool() {
    // Rust has no `bool` in unions, so the message must not ask for one there.
    let mut types = Builder::new();
    let (boolean, byte) = (types.int("_Bool", 1, 4), types.int("unsigned char", 1, 0));
    let all = types.array(byte, 4);
    types.composite(kind::UNION, "flags", 4, &[("one", boolean, 0), ("all", all, 0)]);
    let btf = Btf::parse(&types.native()).unwrap();
    btf.check::<Flags<u8>>("flags").unwrap();
    let error = btf.check::<Flags<i8>>("flags").unwrap_err().to_string();
    assert!(
        error.contains("Flags.one: `i8` (1 byte) in Rust, `_Bool` (1 byte) in BTF (union flags); write `u8`"),
        "{error}"
    );
    let error = btf.check::<u8>("_Bool").unwrap_err().to_string();
    assert!(error.contains("; write `bool`"), "{error}");
}
