//@ pass: context_macro_groups
//! Types, names, numbers and reprs may come through a macro.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

macro_rules! value {
    ($vis:vis $name:ident, $field:ident: $ty:ty, $n:expr, $align:literal, $int:ident, $($variant:ident = $number:expr),*) => {
        #[derive(MapValue)]
        #[repr(C, align($align))]
        $vis struct $name {
            $field: $ty,
            array: [$ty; $n],
            mode: Mode,
        }

        #[derive(MapValue)]
        #[repr($int)]
        enum Mode { $($variant = $number),* }
    };
}

value!(pub(crate) Value, first: [u16; 1 + 1], 2 + 1, 32, u32, Off = 1 + 1, On = 5);

fn main() {
    assert_eq!((Value::LAYOUT.size(), Value::LAYOUT.align()), (32, 32));
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.array[2][1].store(value.first[0].load() + 1);
    value.mode.store(Mode::On);
    assert_eq!((Mode::Off as u32, value.try_load().unwrap().array[2]), (2, [0, 1]));
}
