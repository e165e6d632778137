//! Writes the C header for types that Rust defines, so a BPF program and its agent share one
//! definition.
//!
//!     cargo run --example write_header                   # prints it
//!     cargo run --example write_header -- PATH/agent.h   # writes it, if it is missing or differs
//!
//! To write it in each build, keep the shared types in a file of their own. Make it a module of the
//! agent and of its build script (a build script cannot use the crate that it builds), and name
//! `mapvalue` under `[build-dependencies]` too:
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
//!     // Then compile the program with `-I` and that directory: `SkeletonBuilder::clang_args`.
//! }
//! ```
//!
//! `_Static_assert` in the header compares the C compiler's layout with Rust's; `Btf::check`
//! compares the compiled program's.

#![forbid(unsafe_code)]

use std::path::Path;
use std::{env, fs, io};

use mapvalue::zerocopy::byteorder::{BigEndian, U16, U32};
use mapvalue::{Layout, MapValue};

/// The value of an array map: counters, and settings of user space.
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

/// A record of the ring buffer.
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

/// All types in one call, so a type that several of them use is declared once.
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

/// A header with a new time stamp would make the build compile everything that includes it.
fn write_if_changed(path: &Path, header: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == header) { Ok(()) } else { fs::write(path, header) }
}
