//@ case: event_no_field
//! The field with the tag is named once, on the enum.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapEvent)]
//~ #[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_no_tag
//! Each kind has a tag.
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
    Exit(Exit), //~ #[map_event(tag = 2)] Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_no_other
//! A tag that no kind has needs a variant.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    //~ #[map_event(other)] Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_two_others
//! One variant is for other tags.
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
    #[map_event(other)] //~ #[map_event(tag = 2)]
    Exit(Exit), //~ Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_kinds_only
//! An event has kinds.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    //~ #[map_event(tag = 1)] Exec(Exec),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    assert!(matches!(Event::from_prefix(&[0; 4]), Ok((Event::Other(0), _))));
}

//@ case: event_same_tag, late
//! Two kinds cannot have one tag.
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
    #[map_event(tag = 1)] //~ #[map_event(tag = 2)]
    Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_same_tag_by_name, late
//! A tag may be a constant or the variant of an enum.
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

#[repr(u32)]
enum Kind {
    Exec = 1,
}

const OLD_EXIT: u32 = 1; //~ const OLD_EXIT: u32 = 2;

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = Kind::Exec)]
    Exec(Exec),
    #[map_event(tag = OLD_EXIT)]
    Exit(Exit),
    #[map_event(tag = 3)]
    Exits(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_tag_too_large, late
//! A tag is a number that the tag field can hold.
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
    #[map_event(tag = LARGE)] //~ #[map_event(tag = 2)]
    Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

#[allow(dead_code)]
const LARGE: u64 = 1 << 32;

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_tag_text
//! A tag is a number, or a path to one.
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
    #[map_event(tag = "exit")] //~ #[map_event(tag = 2)]
    Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_tag_not_there, late
//! Each struct has the field.
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
    #[map_event(tag = 2)]
    Exit(Other), //~ Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

#[derive(MapValue)]
#[repr(C)]
struct Other {
    tag: u32,
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_tag_elsewhere, late
//! The tag is at the same offset in each struct.
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
    code: i32, //~
    kind: u32,
    //~ code: i32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(tag = 2)]
    Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_tag_of_another_type, late
//! The variant for other tags has the type of the tag.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(other)]
    Other(u16), //~ Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_tag_not_a_number, late
//! A tag that is no integer cannot be told.
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
    kind: [u8; 4], //~ kind: u32,
    code: i32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(tag = 2)]
    Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_other_not_a_number
//! The variant for other tags holds an integer.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(other)]
    Other(String), //~ Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_not_a_value
//! A kind holds a struct that derives `MapValue`.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[allow(dead_code)]
struct Exit { kind: u32 } //~ #[derive(MapValue)] #[repr(C)] struct Exit { kind: u32 }

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(tag = 2)]
    Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_borrowed
//! A kind owns its struct.
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
    #[map_event(tag = 2)]
    Exit(&'static Exit), //~ Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_two_fields
//! A kind holds one struct: its tail is in the record.
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
    #[map_event(tag = 2)]
    Exit(Exit, Vec<u8>), //~ Exit(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_struct
//! A struct is one kind of event, so it needs no tag.
#[allow(unused_imports)]
use mapvalue::{MapEvent, MapValue};

#[derive(MapEvent)] //~ #[derive(MapValue)]
#[map_event(tag = "kind")] //~ #[repr(C)]
struct Event {
    kind: u32,
}

fn main() {
    let _ = Event::from_prefix(&[0; 4]).map(|(event, _)| event.kind);
}

//@ case: event_generic
//! An event has no parameters.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event<T> { //~ enum Event {
    #[map_event(tag = 1)]
    Exec(T), //~ Exec(Exec),
    #[map_event(other)]
    Other(u32),
}

fn main() {}

//@ case: event_unknown_word
//! The words of the attributes are few.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind", tags = 3)] //~ #[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_several_mistakes, 2 errors
//! Each mistake is reported.
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
    Exit(Exit), //~ #[map_event(tag = 2)] Exit(Exit),
    #[map_event(tag = 3)]
    Exits, //~ Exits(Exit),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let bytes = [1u32, 7].map(u32::to_ne_bytes).concat();
    assert!(matches!(Event::from_prefix(&bytes), Ok((Event::Exec(Exec { pid: 7, .. }), _))));
}

//@ case: event_match_misses_a_kind
//! A `match` that lacks a kind does not compile.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let mut ring = mapvalue::Ring::memfd(65536).unwrap();
    for record in ring.records() {
        let record = record.unwrap();
        match Event::view(&record).unwrap() {
            EventView::Exec(exec) => assert_eq!(exec.pid.load(), 7),
            //~ EventView::Other(..) => {}
        }
    }
}

//@ case: event_view_outlives_its_record
//! A view borrows the record, which is released when it is dropped.
use mapvalue::{MapEvent, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Exec {
    kind: u32,
    pid: u32,
}

#[derive(MapEvent)]
#[map_event(tag = "kind")]
enum Event {
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(other)]
    Other(u32),
}

fn main() {
    let mut ring = mapvalue::Ring::memfd(65536).unwrap();
    ring.producer().unwrap().send([1u32, 7]).unwrap();
    let record = ring.records().next().unwrap().unwrap();
    let view = Event::view(&record).unwrap();
    drop(record); //~
    assert!(matches!(view, EventView::Exec(_)));
}
