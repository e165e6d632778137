//! The mirror of an array or struct inside is loaded as a whole by a trait, which must be in scope.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Task {
    pid: u32,
    comm: [u8; 16],
}

fn main() {
    let task = Mapping::memfd(4096).unwrap().var::<Task>(0).unwrap();
    assert_eq!(task.comm.load(), [0; 16]);
}
