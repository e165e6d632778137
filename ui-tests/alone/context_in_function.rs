//@ pass: context_in_function
//! Types may be defined in a function, in a method of a generic type and in a constant.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

struct Agent<T>(T);

impl<T> Agent<T> {
    fn count(&self) -> u32 {
        #[derive(MapValue)]
        #[repr(C)]
        struct Local {
            count: u32,
        }
        let local = Mapping::memfd(4096).unwrap().var::<Local>(0).unwrap();
        local.count.fetch_add(3);
        local.load().count
    }
}

const SIZE: usize = {
    #[derive(MapValue)]
    #[repr(C)]
    struct Local(u16, [u8; 3]);
    Local::LAYOUT.size()
};

fn main() {
    assert_eq!((Agent("").count(), Agent(0).count(), SIZE), (3, 3, 6));
}
