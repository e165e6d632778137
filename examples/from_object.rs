//! Prints Rust types written from the C types of an object file, of the kernel, or of a map.
//!
//!     cargo run --example from_object -- agent.bpf.o                   # all types with names
//!     cargo run --example from_object -- agent.bpf.o 'struct stats'    # these, and what they need
//!     cargo run --example from_object -- vmlinux 'struct ethhdr'       # of the running kernel
//!     cargo run --example from_object -- map:17                        # of a loaded map (`bpftool map`)
//!
//! Types that are refused are listed on standard error, with the reasons. Put the output into a
//! module of your agent, or have a build script write it: `Btf::rust_source`.

#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use mapvalue::{Btf, bpf};
use mapvalue_examples::Result;

fn btf(from: &str) -> Result<Btf> {
    Ok(match from.strip_prefix("map:") {
        Some(id) => Btf::from_map(bpf::open_id(id.parse()?)?)?,
        None if from == "vmlinux" => Btf::from_vmlinux()?,
        None => {
            let bytes = std::fs::read(from)?;
            // A file of `/sys/kernel/btf` is BTF itself.
            if bytes.starts_with(b"\x7fELF") { Btf::from_object(&bytes)? } else { Btf::parse(&bytes)? }
        }
    })
}

fn main() -> Result<ExitCode> {
    let mut args = env::args().skip(1);
    let quickstart = || concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/quickstart.bpf.o").to_owned();
    let btf = btf(&args.next().unwrap_or_else(quickstart))?;
    let names: Vec<String> = args.collect();
    let source = if names.is_empty() { btf.rust_source_of_all() } else { btf.rust_source(&names) };
    print!("{source}");
    source.refused.iter().for_each(|refused| eprintln!("{refused}"));
    Ok(if source.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
