//! A guide by tasks: what an agent does with memory that it shares with BPF programs, and how.
//!
//! | chapter | |
//! |---|---|
//! | [`first_map`] | from a map's descriptor to typed handles |
//! | [`globals`] | the variables of a program, by name |
//! | [`both_sides`] | one type for C and Rust |
//! | [`atomics`] | what an access costs and orders; single fields; publishing |
//! | [`snapshots`] | several fields as they were at one moment |
//! | [`per_cpu`] | per-CPU maps, banks in plain arrays, sums |
//! | [`text`] | fixed arrays of characters |
//! | [`histograms`] | counters of a program, as buckets and quantiles |
//! | [`arenas`] | pointers, lists, tables and objects that both sides follow |
//! | [`events`] | ring buffers: events from programs, orders to them |
//! | [`system_calls`] | hash tables, and arrays that cannot be mapped |
//! | [`map_types`] | each type of map, and which type opens it |
//! | [`reattach`] | maps of another process, found by pin or number, with their layout checked |
//! | [`without_root`] | tests of an agent on any machine |
//! | [`safety`] | what is safe, what is refused, and why |
//! | [`requirements`] | kernels and privileges |
//! | [`troubleshooting`] | messages and symptoms, their causes and cures |
//! | [`examples`] | programs to run and to copy from |
//! | [`from_aya`], [`from_libbpf_rs`], [`from_ebpf_go`] | what there has which name here |
//! | [`needs`] | what agents need, and which example or test shows it |
//!
//! Every code block in Rust is compiled, and run unless it needs a loader.

macro_rules! chapters {
    ($($chapter:ident)*) => {$(
        #[doc = include_str!(concat!("../guide/", stringify!($chapter), ".md"))]
        pub mod $chapter {}
    )*};
}

chapters! { first_map globals both_sides atomics snapshots per_cpu text histograms arenas events system_calls }
chapters! { map_types reattach without_root safety requirements troubleshooting examples }
chapters! { from_aya from_libbpf_rs from_ebpf_go needs }
