//@ case: view_tuple
//! A field of a view is found by its name.
use mapvalue::MapView;

#[derive(MapView)]
struct Task(u32); //~ struct Task { pid: u32 }

fn main() {}

//@ case: view_empty
//! A view without fields reads nothing.
use mapvalue::MapView;

#[derive(MapView)]
struct Task {
    //~ pid: u32,
}

fn main() {}

//@ case: view_generic
//! A view is of one C type.
use mapvalue::MapView;

#[derive(MapView)]
struct Task<T> { //~ struct Task {
    pid: T, //~ pid: u32,
}

fn main() {}

//@ case: view_union
//! The fields of a C union are named in a struct.
use mapvalue::MapView;

#[derive(MapView)]
union Address { //~ struct Address {
    v4: u32,
    v6: [u8; 16],
}

fn main() {}

//@ case: view_extents
//! An array is at least or at most as long.
use mapvalue::MapView;

#[derive(MapView)]
struct Task {
    #[map_view(at_least, at_most)] //~ #[map_view(at_least)]
    cpus: [u64; 4],
}

fn main() {}

//@ case: view_word
//! Words that are none are told of, with those that there are.
use mapvalue::MapView;

#[derive(MapView)]
struct Task {
    #[map_view(rename = "tgid")] //~ #[map_view(path = "tgid")]
    pid: u32,
}

fn main() {}

//@ case: view_field_type
//! What cannot be found in C is no field.
use mapvalue::MapView;

#[derive(MapView)]
struct Task {
    pid: u32,
    comm: String, //~ comm: mapvalue::CharArray<16>,
}

fn main() {}

//@ case: view_enum_data
//! A variant is a number in C.
use mapvalue::MapView;

#[derive(MapView)]
enum Mode {
    Off,
    On(u32), //~ On,
}

fn main() {}

//@ case: view_enum_load
//! A value with an enum may be none of its variants.
use mapvalue::MapView;

#[derive(MapView)]
enum Mode {
    Off,
}

#[derive(MapView)]
struct Task {
    mode: Mode,
}

fn read(task: &mapvalue::View<Task>) {
    task.load(); //~ let _ = task.try_load();
}

fn main() {}

//@ case: view_read_only
//! A view that only loads has cells that only load.
use mapvalue::{MapView, ReadOnly, View}; //~ use mapvalue::{MapView, View};

#[derive(MapView)]
struct Task {
    pid: u32,
}

fn write(task: &View<Task, ReadOnly>) { //~ fn write(task: &View<Task, mapvalue::ReadWrite>) {
    task.pid().cell().unwrap().store(7);
}

fn main() {}
