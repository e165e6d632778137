//! What the tests share.

#[cfg(feature = "kernel")]
pub mod kernel;
