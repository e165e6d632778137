//! Writes the types of `tests/btf/c_round_trip.rs`: several hundred that together have everything
//! the derive accepts, each with a twin in which one thing differs. Every build writes the same
//! types.
//!
//! `model` describes types and their layout in Rust, `invent` makes types up, `mutate` changes one
//! thing in them, and `write` writes them in Rust.

mod invent;
mod model;
mod mutate;
mod random;
mod write;

use std::path::Path;
use std::{env, fs};

/// The number of types of each kind.
const ENUMS: usize = 48;
const STRUCTS: usize = 416;
const UNIONS: usize = 56;

fn main() {
    println!("cargo:rerun-if-changed=shapes");
    let mut random = random::Random::new();
    let shapes = invent::invent(&mut random, ENUMS, STRUCTS, UNIONS);
    let twins = mutate::twins(&mut random, &shapes);
    let out = env::var_os("OUT_DIR").expect("set by Cargo");
    fs::write(Path::new(&out).join("shapes.rs"), write::write(&shapes, &twins)).expect("OUT_DIR is writable");
}
