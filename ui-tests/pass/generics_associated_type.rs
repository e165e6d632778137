//! An associated type of a parameter as a field.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

trait Kind {
    type Id;
}

struct Flow;

impl Kind for Flow {
    type Id = [u8; 16];
}

#[derive(MapValue)]
#[repr(C)]
struct Entry<K: Kind + 'static> {
    id: K::Id,
    parent: [<K as Kind>::Id; 2],
}

fn main() {
    let entry = Mapping::memfd(4096).unwrap().var::<Entry<Flow>>(0).unwrap();
    entry.parent[1][15].store(1);
    assert_eq!(entry.load().parent[1][15], 1);
}
