//! Names in C, of types and fields of every kind.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

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
