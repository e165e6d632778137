//! The reader of BTF, and Rust types compared with what C makes of them.

mod c_declarations;
mod c_round_trip;
#[cfg(feature = "kernel")]
mod differential;
mod hostile;
mod layout_check;
mod reader;
mod rust_source;
