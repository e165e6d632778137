//! Arenas: memory at one address in this process and in BPF programs, so that pointers in it mean the same to both.

mod ptr;

pub use ptr::ArenaPtr;
