//! Elements by index, by iterator and by handle, at the kernel's stride and side by side.
#![forbid(unsafe_code)]

use mapvalue::{Array, MapValue, Mapping, Slice};

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Short(u8, [u8; 2]);

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array: Array<Short> = mapping.array().unwrap();
    array[1].1[1].store(7);
    assert_eq!((array.stride(), array.len()), (8, 512));
    assert_eq!(array.iter().map(|short| u32::from(short.1[1].load())).sum::<u32>(), 7);
    let slice: Slice<Short> = mapping.slice(8, 2).unwrap();
    assert_eq!(slice.var(0).unwrap().load(), Short(0, [0, 7]));
    slice.store_from(&[Short(1, [2, 3]), Short(4, [5, 6])]).unwrap();
    assert_eq!(mapping.var::<u8>(8 + 3).unwrap().load(), 4);
}
