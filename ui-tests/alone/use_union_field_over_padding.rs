//@ case: use_union_field_over_padding
//! The padding of one field may be uninitialized where another has a leaf.
use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Padded {
    kind: u8,
    number: u32,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    padded: Padded,
    whole: u64,
    bytes: [u8; 8],
}

fn main() {
    let word = Word { padded: Padded { kind: 1, number: 2 } };
    assert_eq!(word.bytes()[0], 1); //~ assert_eq!(word.padded().kind, 1);
    assert_eq!(word.padded().number, 2);
}
