//! The handle itself does.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let counter = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let cell = counter.clone();
    std::thread::spawn(move || cell.fetch_add(1)).join().unwrap();
    assert_eq!(counter.load(), 1);
}
