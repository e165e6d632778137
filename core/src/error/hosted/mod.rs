//! The areas that need an operating system.

pub(crate) mod alloc;
pub(crate) mod arena;
pub(crate) mod arena_ptr;
pub(crate) mod btf;
pub(crate) mod element;
pub(crate) mod kernel;
pub(crate) mod list;
pub(crate) mod map;
pub(crate) mod mismatch;
pub(crate) mod nearest;
pub(crate) mod pages;
pub(crate) mod per_cpu;
pub(crate) mod place;
pub(crate) mod ring;
pub(crate) mod section;
pub(crate) mod system;
pub(crate) mod top;
