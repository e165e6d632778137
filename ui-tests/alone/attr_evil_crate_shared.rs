//@ case: attr_evil_crate_shared, 3 errors
//! A fake `crate` has a cell of its own. It opens no way to other memory without `unsafe`.
#![forbid(unsafe_code)]

mod evil {
    pub mod __private {
        pub use mapvalue::__private::*;
        pub struct Shared<T, A = ReadWrite>(pub T, pub std::marker::PhantomData<A>); //~
        //~ pub struct Other<T, A = ReadWrite>(pub T, pub std::marker::PhantomData<A>);
    }
}

#[derive(mapvalue::MapValue)]
#[map_value(crate = "evil")]
#[repr(u8)]
enum Mode {
    On = 1,
}

fn main() {
    let _ = Mode::On;
}
