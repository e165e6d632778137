//! The reader of BTF, and types held to what C makes of them.

mod c_declarations;
mod c_round_trip;
#[cfg(feature = "kernel")]
mod differential;
mod hostile;
mod layout_check;
mod reader;
