//! Shows a type in memory and in C, and whether the values of a map have its layout.
//!
//!     cargo run --example layout          # checks its own map or, without BPF, an object file
//!     cargo run --example layout -- ID    # checks the map with this number (`bpftool map`)
//!
//! To check a map of your own, put your type in the place of `Stats`.

#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use aya::Ebpf;
use aya::maps::Map;
use mapvalue::{Btf, BtfError, CharArray, MapValue, bpf};
use mapvalue_examples::{Result, no_bpf_reason};

/// `struct stats` of `bpf/quickstart.bpf.c`.
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

/// The same type after changes in Rust only: one more field, a shorter array, another type, one
/// more variant.
#[derive(MapValue)]
#[map_value(rename = "stats")]
#[repr(C)]
struct Drifted {
    packets: u64,
    bytes: i64,
    errors: u32,
    by_proto: [u64; 128],
    mode: DriftedMode,
    live: bool,
    name: CharArray<16>,
}

#[derive(MapValue, Clone, Copy)]
#[map_value(rename = "mode")]
#[repr(u32)]
enum DriftedMode {
    Count,
    Drop,
    Sample,
}

const OBJECT: &[u8] = aya::include_bytes_aligned!("bpf/quickstart.bpf.o");

type Checked = std::result::Result<(), BtfError>;

fn main() -> Result<ExitCode> {
    println!("In memory:\n\n{}", Stats::LAYOUT);
    println!("In C:\n\n{}", Stats::LAYOUT.c_declaration());
    if let Some(id) = env::args().nth(1) {
        return check_given(&id);
    }
    match make_map() {
        Ok(loaded) => {
            let Some(Map::Array(map)) = loaded.map("stats") else { return Err("no array map `stats`".into()) };
            let map = map.fd();
            println!(
                "Against the values of the map {}, by the types that the kernel holds:\n",
                bpf::MapInfo::query(map)?.id
            );
            compare(bpf::check_map_value::<Stats>(map), bpf::check_map_value::<Drifted>(map))
        }
        Err(error) => {
            let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
            println!("No BPF here ({reason}).\nAgainst `struct stats` of the program's object file:\n");
            let btf = Btf::from_object(OBJECT)?;
            compare(btf.check::<Stats>("stats"), btf.check::<Drifted>("stats"))
        }
    }
}

/// Checks the map that the user names. It may well have another type.
fn check_given(id: &str) -> Result<ExitCode> {
    let id: u32 = id.parse().map_err(|_| format!("`{id}` is not the number of a map: `bpftool map` lists them"))?;
    let map = bpf::open_id(id)?;
    let name = bpf::MapInfo::query(&map)?.name;
    match bpf::check_map_value::<Stats>(&map) {
        Ok(()) => {
            println!("The values of {name} ({id}) have this layout.");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("The values of {name} ({id}) have another layout, or it is unknown:\n{error}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Checks both types: `Stats` is the map's, `Drifted` is not.
fn compare(ours: Checked, drifted: Checked) -> Result<ExitCode> {
    ours?;
    println!("Stats has this layout.\n");
    let Err(BtfError::LayoutMismatch(mismatches)) = drifted else {
        return Err(format!("the check accepted Drifted: {drifted:?}").into());
    };
    println!("Drifted has another one:\n{mismatches}");
    Ok(ExitCode::SUCCESS)
}

fn make_map() -> Result<Ebpf> {
    Ok(Ebpf::load(OBJECT)?)
}
