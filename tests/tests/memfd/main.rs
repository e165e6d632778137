//! Tests without a kernel map: memfds, shared within this process and with others.
//! `tests/sanitize` runs these under the sanitizers.

mod alloc;
mod alloc_cases;
mod alloc_forks;
mod alloc_hostile;
mod alloc_kills;
mod alloc_place;
mod alloc_scribble;
mod arena;
mod arena_tables;
mod bulk;
mod char_array;
mod events;
mod mapping;
mod per_cpu;
mod races;
mod ring;
mod ring_hostile;
mod ring_loops;
mod ring_user;
mod section;
mod seq;
mod typed;
mod unions;
mod views;
