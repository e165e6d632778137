//! A pointer of the kernel's cannot be followed here.
#![forbid(unsafe_code)]

use mapvalue::{Kernel, Kptr, Mapping};

struct Task {
    pid: u32,
}

fn main() {
    let task = Mapping::memfd(4096).unwrap().var::<Kptr<Task, Kernel>>(0).unwrap().load();
    assert_eq!(task.as_ref().pid, 0);
    let _ = Task { pid: 0 }.pid;
}
