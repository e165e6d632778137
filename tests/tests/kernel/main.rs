//! Tests against the running kernel: real maps, real programs. Each needs root or `CAP_BPF`, and
//! says so where it has neither.
#![cfg(feature = "kernel")]

mod alloc;
mod alloc_chaos;
mod alloc_processes;
mod arena;
mod arena_adopt;
mod arena_forks;
mod arena_restart;
mod arena_tables;
mod char_array;
mod checked;
mod events;
mod flows;
mod histogram;
mod initial_values;
mod lifetime;
mod loaders;
mod map_types;
mod opening;
mod per_cpu;
mod races;
mod raw;
mod reattach;
mod ring;
mod ring_loops;
mod rust_program;
mod section;
mod seq;
mod typed;
mod typed_map;
mod views;
