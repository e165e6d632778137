//! A guide, by tasks: what an agent wants to do with memory that it shares with BPF programs, and how it is written.
//!
//! | chapter | |
//! |---|---|
//! | [`first_map`] | from a map's descriptor to typed handles |
//! | [`globals`] | the variables of a program, by name |
//! | [`atomics`] | what an access costs and orders; single fields; publishing |
//! | [`snapshots`] | several leaves as they were at one moment |
//! | [`per_cpu`] | maps of a `PERCPU` type, banks in plain arrays, sums |
//! | [`text`] | fixed arrays of characters |
//! | [`histograms`] | counters of a program, as buckets and quantiles |
//! | [`arenas`] | pointers, lists, tables and objects that both sides follow |
//! | [`system_calls`] | hash tables, and arrays that cannot be mapped |
//! | [`reattach`] | maps that another process made, by pin or number, with their layout checked |
//! | [`without_root`] | tests of an agent on any machine |
//! | [`from_aya`], [`from_libbpf_rs`], [`from_ebpf_go`] | what is called how there and here |
//! | [`needs`] | what agents need, and which example or test shows it |
//!
//! All examples run.

macro_rules! chapters {
    ($($chapter:ident)*) => {$(
        #[doc = include_str!(concat!("../guide/", stringify!($chapter), ".md"))]
        pub mod $chapter {}
    )*};
}

chapters! {
    first_map
    globals
    atomics
    snapshots
    per_cpu
    text
    histograms
    arenas
    system_calls
    reattach
    without_root
    from_aya
    from_libbpf_rs
    from_ebpf_go
    needs
}
