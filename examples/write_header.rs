//! Writes the C header of types that Rust defines, so that a BPF program and its agent have one definition between them.
//!
//!     cargo run --example write_header                   # prints it
//!     cargo run --example write_header -- PATH/agent.h   # writes it, if it is not there or another
//!
//! To have it written by each build, keep the shared types in a file of their own, which is a module of the agent and of its build
//! script alike (a build script cannot use the crate that it is run for), and name `mapvalue` under `[build-dependencies]` too:
//!
//! ```ignore
//! // build.rs
//! #[path = "src/shared.rs"]
//! mod shared;
//! use mapvalue::{Layout, MapValue};
//!
//! fn main() {
//!     println!("cargo::rerun-if-changed=src/shared.rs");
//!     let header = format!(
//!         "#pragma once\n#ifndef __VMLINUX_H__\n#include <linux/types.h>\n#endif\n\n{}",
//!         Layout::c_declarations(&[shared::Stats::LAYOUT, shared::Event::LAYOUT])
//!     );
//!     let directory = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
//!     std::fs::write(directory.join("agent.h"), header).unwrap();
//!     // Then compile the program, with `-I` and that directory: see libbpf-cargo's `SkeletonBuilder::clang_args`.
//! }
//! ```
//!
//! The header holds the C compiler to Rust's numbers with `_Static_assert`; `Btf::check` holds what was compiled to them.

#![forbid(unsafe_code)]

use std::path::Path;
use std::{env, fs, io};

use mapvalue::zerocopy::byteorder::{BigEndian, U16, U32};
use mapvalue::{Layout, MapValue};

/// The value of an array map: counters, and what user space sets.
#[derive(MapValue)]
#[map_value(rename = "stats")]
#[repr(C)]
struct Stats {
    packets: u64,
    bytes: u64,
    by_proto: [u64; 256],
    mode: Mode,
    live: bool,
}

#[derive(MapValue, Clone, Copy)]
#[map_value(rename = "mode")]
#[repr(u32)]
enum Mode {
    Count,
    Drop,
}

/// The key of a hash map.
#[derive(MapValue, Clone, Copy)]
#[map_value(rename = "flow")]
#[repr(C)]
struct Flow {
    source: U32<BigEndian>,
    destination: U32<BigEndian>,
    source_port: U16<BigEndian>,
    destination_port: U16<BigEndian>,
    protocol: u8,
    _pad: [u8; 3],
}

/// What goes through the ring buffer.
#[derive(MapValue)]
#[map_value(rename = "event")]
#[repr(C)]
struct Event {
    flow: Flow,
    at: u64,
    #[map_value(rename = "type")]
    kind: u8,
    details: Details,
}

#[derive(MapValue, Clone, Copy)]
#[map_value(rename = "details")]
#[repr(C)]
union Details {
    error: i32,
    text: [u8; 13],
}

fn main() -> io::Result<()> {
    let header = header("AGENT_H", &[Stats::LAYOUT, Flow::LAYOUT, Event::LAYOUT]);
    if let Some(path) = env::args_os().nth(1) {
        write_if_changed(Path::new(&path), &header)?;
    } else {
        print!("{header}");
    }
    Ok(())
}

/// All types in one call, so that those that several use are declared once.
fn header(guard: &str, layouts: &[Layout]) -> String {
    format!(
        "/* Written from the Rust types by write_header: change them instead. */\n\
         #ifndef {guard}\n\
         #define {guard}\n\
         \n\
         /* Whichever of the two the program uses: they exclude each other. */\n\
         #ifndef __VMLINUX_H__\n\
         #include <linux/types.h>\n\
         #endif\n\
         \n\
         {}\
         \n\
         #endif\n",
        Layout::c_declarations(layouts)
    )
}

/// A header that is newer than before would have all that includes it compiled again.
fn write_if_changed(path: &Path, header: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == header) { Ok(()) } else { fs::write(path, header) }
}
