//! Handles: places in a [`Mapping`](crate::Mapping), each with a share in it.
//!
//! The memory of `var`, `array` and `slice` is mapped; that of `any_array` may not be. `bulk` moves
//! many values at once.

pub(crate) mod any_array;
pub(crate) mod array;
pub(crate) mod bulk;
pub(crate) mod by_index;
pub(crate) mod shown;
pub(crate) mod slice;
pub(crate) mod var;

pub use any_array::AnyArray;
pub use array::{Array, Iter};
pub use slice::Slice;
pub use var::Var;
