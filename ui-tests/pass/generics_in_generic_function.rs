//! Handles in code that knows neither the value nor the mode.
#![forbid(unsafe_code)]

use mapvalue::{Access, MapValue, Mapping, Mirror, Plain, Shared, Var};

fn total<A: Access>(cells: &[Shared<u64, A>]) -> u64 {
    cells.iter().map(Shared::load).sum()
}

fn snapshot<T: Plain, A: Access>(var: &Var<T, A>) -> T {
    var.load()
}

fn name_of<M: Mirror>(_: &M) -> &'static str {
    M::Value::LAYOUT.name()
}

fn main() {
    let cells = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    cells[3].store(2);
    assert_eq!((total(&*cells), total(&*cells.read_only()), snapshot(&cells)), (2, 2, [0, 0, 0, 2]));
    assert_eq!(name_of(&cells[0]), "u64");
}
