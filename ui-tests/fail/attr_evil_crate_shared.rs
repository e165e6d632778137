//! A "crate" that offers a cell of its own: no way to other memory without `unsafe`.
#![forbid(unsafe_code)]

mod evil {
    pub use mapvalue::*;
    pub struct Shared<T, A = ReadWrite>(pub T, pub std::marker::PhantomData<A>);
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
