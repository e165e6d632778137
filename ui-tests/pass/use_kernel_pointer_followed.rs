//! Its address is a number.
#![forbid(unsafe_code)]

use mapvalue::{Kernel, Kptr, Mapping};

struct Task {
    pid: u32,
}

fn main() {
    let task = Mapping::memfd(4096).unwrap().var::<Kptr<Task, Kernel>>(0).unwrap().load();
    assert_eq!(task.address(), 0);
    let _ = Task { pid: 0 }.pid;
}
