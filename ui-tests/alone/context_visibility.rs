//@ pass: context_visibility
//! Types and fields may have any visibility.
#![forbid(unsafe_code)]

mod outer {
    pub mod inner {
        use mapvalue::MapValue;

        #[derive(MapValue)]
        #[repr(C)]
        pub(in crate::outer) struct Value {
            pub(super) a: u8,
            pub(crate) b: u8,
            pub(in crate::outer) c: u8,
            pub d: u8,
            e: [Private; 2],
        }

        #[derive(MapValue)]
        #[repr(transparent)]
        struct Private(u8);

        #[derive(MapValue)]
        #[repr(C)]
        pub(crate) union Word {
            pub(super) number: u16,
            pub(crate) bytes: [u8; 2],
        }
    }

    pub fn run() {
        let mapping = mapvalue::Mapping::memfd(4096).unwrap();
        let value = mapping.var::<inner::Value>(0).unwrap();
        value.a.store(value.b.load() + value.c.load() + value.d.load() + 1);
        assert_eq!(mapping.var::<inner::Word>(0).unwrap().number().load().to_ne_bytes(), [1, 0]);
    }
}

fn main() {
    outer::run();
}
