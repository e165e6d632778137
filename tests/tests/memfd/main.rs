//! Without a kernel map: memory of memfds, of this process and of others. `tests/sanitize` runs these under the sanitizers.

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
mod mapping;
mod per_cpu;
mod races;
mod section;
mod seq;
mod typed;
