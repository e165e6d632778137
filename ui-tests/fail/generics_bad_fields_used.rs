//! Fields whose type depends on the parameter are refused once each, whatever is done with the struct.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, Var};

#[derive(MapValue)]
#[repr(C)]
struct Sample<T, const N: usize> {
    value: T,
    names: Vec<T>,
    pair: (T, [u8; N]),
    count: u32,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let sample: Var<Sample<u32, 4>> = mapping.var(0).unwrap();
    sample.value.store(1);
    sample.count.fetch_add(1);
    let _ = (sample.names[0].load(), sample.pair[0].load());
    let copy = sample.load();
    assert_eq!(copy.count, 1);
    sample.store(copy);
    let _ = mapping.slice::<[Sample<u64, 2>; 2]>(0, 1).unwrap()[0][1].count.load();
}
