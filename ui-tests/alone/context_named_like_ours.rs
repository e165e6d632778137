//@ pass: context_named_like_ours
//! Structs, enums, unions and views may have the names that the derive uses itself.
#![forbid(unsafe_code)]

mod types {
    use mapvalue::MapValue as Derive;

    #[derive(Derive)]
    #[repr(C)]
    pub struct A(pub u8);

    #[derive(Derive)]
    #[repr(C)]
    pub struct Shared {
        pub a: A,
    }

    #[derive(Derive)]
    #[repr(C)]
    pub struct MapValue<Mirror> {
        pub shared: Shared,
        pub mirror: Mirror,
    }

    #[derive(Derive)]
    #[repr(u8)]
    pub enum Plain {
        Leaf,
    }

    #[derive(Derive)]
    #[repr(C)]
    pub union ReadWrite {
        pub layout: u8,
    }
}

mod views {
    #[derive(mapvalue::MapView)]
    pub enum A {
        Off,
    }

    #[derive(mapvalue::MapView)]
    pub struct View {
        pub a: A,
    }

    pub mod of_a_struct {
        #[derive(mapvalue::MapView)]
        pub struct A {
            pub field: u64,
        }
    }
}

fn main() {
    let mapping = mapvalue::Mapping::memfd(4096).unwrap();
    mapping.var::<types::MapValue<u8>>(0).unwrap().shared.a.0.store(1);
    mapping.var::<types::ReadWrite>(1).unwrap().layout().store(1);
    mapping.var::<types::Plain>(2).unwrap().store(types::Plain::Leaf);
    let _: Option<&types::SharedShared> = None;
    let _: Option<(views::View, &views::ViewFields, &views::of_a_struct::AFields)> = None;
}
