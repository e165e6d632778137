//@ case: event_tag_literal_too_large, late
//! A number that the tag cannot be is an error on it.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct Exit {
    kind: u32,
    code: i32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(tag = 0x1_0000_0002)] //~ #[map_event(tag = 2)]
    Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}
