//@ case: attr_crate_not_a_path
//! `crate` must be a path. The path may begin at the root.
#[derive(MapValue)]
#[map_value(crate = "map value")] //~ #[map_value(crate = "::mapvalue")]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(size_of::<Stats>(), 8);
}

//@ case: attr_crate_not_text
//! The path of `crate` must be a string.
#[derive(MapValue)]
#[map_value(crate = mapvalue)] //~ #[map_value(crate = "mapvalue")]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(size_of::<Stats>(), 8);
}

//@ case: attr_crate_twice
//! `crate` cannot be given twice.
#[derive(MapValue)]
#[map_value(crate = "mapvalue", crate = "::mapvalue")] //~
//~ #[map_value(crate = "mapvalue", deny_padding)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(size_of::<Stats>(), 8);
}

//@ pass: attr_deny_padding
//! `deny_padding` accepts a struct, a tuple struct, a nested and a generic struct without padding.
#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Pair(u32, [u16; 2]);

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value<T> {
    pairs: [Pair; 2],
    last: T,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<u64>>(0).unwrap();
    value.last.store(1);
    let size = Value::<u64>::LAYOUT.fields().iter().map(|field| field.layout().size()).sum::<usize>();
    assert_eq!(size, Value::<u64>::LAYOUT.size());
}

//@ case: attr_deny_padding_enum
//! `deny_padding` is refused on an enum, which has no padding.
#[derive(MapValue)]
#[map_value(deny_padding)] //~
#[repr(u8)]
enum Mode {
    Off,
}

fn main() {
    assert_eq!(Mode::LAYOUT.size(), 1);
    let _ = Mode::Off;
}

//@ case: attr_deny_padding_twice
//! `deny_padding` cannot be given twice.
#[derive(MapValue)]
#[map_value(deny_padding, deny_padding)] //~ #[map_value(deny_padding)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(Stats::LAYOUT.size(), 8);
}

//@ case: attr_empty
//! `#[map_value]` must be a list. The list may be empty.
#[derive(MapValue)]
#[map_value] //~ #[map_value()]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(size_of::<Stats>(), 8);
}

//@ case: attr_on_field
//! A field accepts no unknown attribute.
#[derive(MapValue)]
#[repr(C)]
struct Stats {
    #[map_value(skip)] //~
    packets: u64,
}

fn main() {
    assert_eq!(size_of::<Stats>(), 8);
}

//@ case: attr_on_variant
//! A variant accepts no attribute.
#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    #[map_value(default)] //~
    Off,
}

fn main() {
    let _ = Mode::Off;
}

//@ pass: attr_rename
//! Types and fields of every kind can have another name in C.
#[derive(MapValue)]
#[map_value(rename = "conn_info", deny_padding)]
#[repr(C)]
struct Connection {
    #[map_value(rename = "type")]
    kind: Kind,
    r#use: u32,
    #[deprecated]
    #[map_value(rename = "in")]
    peer: Peer,
}

#[derive(MapValue)]
#[map_value(rename = "conn_kind")]
#[repr(u32)]
enum Kind {
    Tcp = 6,
}

#[derive(MapValue)]
#[map_value(crate = "mapvalue")]
#[map_value(rename = "in_addr")]
#[repr(C)]
union Peer {
    #[map_value(rename = "s_addr")]
    address: u32,
    bytes: [u8; 4],
}

#[derive(MapValue)]
#[map_value(rename = "pair")]
#[repr(C)]
struct Pair<T>(#[map_value(rename = "first")] T, T);

fn main() {
    let names = |layout: mapvalue::Layout| {
        let fields = layout.fields().iter().map(|field| (field.name(), field.c_name()));
        (layout.name(), layout.c_name(), fields.collect::<Vec<_>>())
    };
    let fields = vec![("kind", "type"), ("use", "use"), ("peer", "in")];
    assert_eq!(names(Connection::LAYOUT), ("Connection", "conn_info", fields));
    assert_eq!(names(Kind::LAYOUT), ("Kind", "conn_kind", vec![]));
    assert_eq!(names(Peer::LAYOUT), ("Peer", "in_addr", vec![("address", "s_addr"), ("bytes", "bytes")]));
    assert_eq!(names(<Pair<u8>>::LAYOUT), ("Pair", "pair", vec![("0", "first"), ("1", "1")]));
    assert_eq!(u32::LAYOUT.c_name(), "u32");
    let _ = Kind::Tcp;
}

//@ case: attr_rename_empty
//! A name in C cannot be empty.
#[derive(MapValue)]
#[repr(C)]
struct Connection {
    #[map_value(rename = "")] //~ #[map_value(rename = "_")]
    kind: u32,
}

fn main() {
    assert_eq!(Connection::LAYOUT.fields()[0].name(), "kind");
}

//@ case: attr_rename_field_not_a_name
//! A name in C cannot begin with a digit.
#[derive(MapValue)]
#[repr(C)]
struct Connection {
    #[map_value(rename = "4tuple")] //~ #[map_value(rename = "tuple4")]
    kind: u32,
}

fn main() {
    assert_eq!(Connection::LAYOUT.fields()[0].name(), "kind");
}

//@ case: attr_rename_not_a_name
//! The name in C is the identifier alone, without `struct`.
#[derive(MapValue)]
#[map_value(rename = "struct conn_info")] //~ #[map_value(rename = "conn_info")]
#[repr(C)]
struct Connection {
    kind: u32,
}

fn main() {
    assert_eq!(Connection::LAYOUT.name(), "Connection");
}

//@ case: attr_rename_not_text
//! The name in C must be a string.
#[derive(MapValue)]
#[repr(C)]
struct Connection {
    #[map_value(rename = type)] //~ #[map_value(rename = "type")]
    kind: u32,
}

fn main() {
    assert_eq!(Connection::LAYOUT.fields()[0].name(), "kind");
}

//@ case: attr_rename_taken
//! Two fields cannot have the same name in C.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    #[map_value(rename = "id")] //~ #[map_value(rename = "first_id")]
    first: u32,
    id: u32,
}

fn main() {
    assert_eq!(Value::LAYOUT.fields()[0].c_name(), "id"); //~
    //~ assert_eq!(Value::LAYOUT.fields()[0].c_name(), "first_id");
}

//@ case: attr_rename_twice
//! `rename` cannot be given twice.
#[derive(MapValue)]
#[repr(C)]
struct Connection {
    #[map_value(rename = "type")]
    #[map_value(rename = "kind")] //~
    kind: u32,
}

fn main() {
    assert_eq!(Connection::LAYOUT.fields()[0].name(), "kind");
}

//@ case: attr_rename_variant
//! A variant has no other name in C, because variants are compared by value.
#[derive(MapValue)]
#[map_value(rename = "mode")]
#[repr(u32)]
enum Mode {
    #[map_value(rename = "MODE_OFF")] //~
    Off,
}

fn main() {
    assert_eq!(Mode::Off as u32, 0);
}

//@ case: attr_unknown
//! An unknown attribute is refused with the names of those that exist.
#[derive(MapValue)]
#[map_value(rename_all = "x")] //~ #[map_value(deny_padding)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(size_of::<Stats>(), 8);
}

//@ case: attr_unknown_used
//! An unknown attribute is one error, even when the type is used.
#[derive(MapValue)]
#[map_value(skip)] //~
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    stats.packets.fetch_add(1);
    assert_eq!(stats.load().packets, Stats::LAYOUT.size() as u64 - 7);
}
