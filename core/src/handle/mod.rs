//! Handles: places in a [`Mapping`](crate::Mapping), and with each a share in the mapping.
//!
//! `var`, `array` and `slice` are in mapped memory, `any_array` is there or not; `bulk` moves many values at once.

pub(crate) mod any_array;
pub(crate) mod array;
pub(crate) mod bulk;
pub(crate) mod slice;
pub(crate) mod var;

pub use any_array::AnyArray;
pub use array::{Array, Iter};
pub use slice::Slice;
pub use var::Var;
