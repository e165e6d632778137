//@ case: use_union_field_uninitialized
//! A union may have been made from a shorter field, unless it was decoded as a `Whole`.
use mapvalue::{MapValue, Whole};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: u32,
    v6: [u8; 16],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Flow {
    from: Whole<Address>,
}

fn main() {
    let flow = Flow::from_bytes(&[7; 16]).unwrap();
    assert_eq!(flow.from.v6(), [7; 16]); //~ assert_eq!(flow.from.get(|v6| Address { v6 }), [7; 16]);
    assert_eq!(flow.from.v4(), 0x0707_0707);
}
