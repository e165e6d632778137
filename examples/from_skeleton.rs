//! Shows types that libbpf-cargo generated from C: they take the derive, and are compared with the
//! program that is loaded.
//!
//! A skeleton defines a Rust type for each C type that a program's sections use. It is right on the
//! day it is generated. If another object is loaded later, nothing notices. With `derive(MapValue)`
//! the type is checked against the object's BTF, and its places in a map are read and written
//! without `unsafe`.
//!
//! The derive cannot be put on a whole skeleton, because a skeleton also has types with pointers
//! inside (the declarations of maps). So copy the types that you share into a module of your own,
//! as here. One change is needed: libbpf-cargo writes a C `bool` as `MaybeUninit<bool>`, since only
//! two of its 256 values are valid in Rust. Here it is `bool`, and mapvalue reads any byte of it.
//!
//!     cargo run --example from_skeleton

#![forbid(unsafe_code)]

use std::error::Error;

use mapvalue::{Btf, MapValue, Mapping, Var};

/// From `bpf/quickstart.bpf.o` by `SkeletonBuilder` of libbpf-cargo 0.27. `MapValue` was added to
/// the derives, and `live` was made a `bool`.
#[allow(non_camel_case_types, non_upper_case_globals, unreachable_pub, reason = "as it was written")]
mod types {
    use mapvalue::MapValue;

    #[derive(MapValue, Debug, Copy, Clone)]
    #[repr(C)]
    pub struct stats {
        pub packets: u64,
        pub bytes: u64,
        pub by_proto: [u64; 256],
        pub mode: mode,
        pub live: bool,
    }

    /// A C enum: a number with names. C allows other values too, so every value can be loaded.
    #[derive(MapValue, Debug, Copy, Clone, Eq, PartialEq)]
    #[repr(transparent)]
    pub struct mode(pub u32);

    impl mode {
        pub const MODE_COUNT: Self = Self(0);
        pub const MODE_DROP: Self = Self(1);
    }
}

/// The same from an older source, without a mode and with fewer counters of protocols.
#[allow(non_camel_case_types, unreachable_pub, reason = "as it was written")]
mod old_types {
    use mapvalue::MapValue;

    #[derive(MapValue, Debug, Copy, Clone)]
    #[repr(C)]
    pub struct stats {
        pub packets: u64,
        pub bytes: u32,
        pub by_proto: [u64; 64],
        pub live: bool,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // An agent would take it from the kernel, by `Btf::from_map(&map)`: that checks the program
    // that was really loaded.
    let btf = Btf::from_object(include_bytes!("bpf/quickstart.bpf.o"))?;

    btf.check::<types::stats>("struct stats")?;
    btf.check::<types::mode>("enum mode")?;
    println!("The types of the skeleton are those of the object:\n\n{}", types::stats::LAYOUT);

    let mapping = Mapping::memfd(4096)?;
    let stats: Var<types::stats> = mapping.var(0)?;
    stats.mode.0.store(types::mode::MODE_DROP.0);
    stats.packets.fetch_add(3);
    let types::stats { packets, mode, .. } = stats.load();
    assert!(mode != types::mode::MODE_COUNT);
    println!("A handle to such a type is used like any other: {packets} packets, {mode:?}.\n");

    match btf.check::<old_types::stats>("struct stats") {
        Ok(()) => Err("the old type passes for the new one".into()),
        Err(error) => {
            println!("The types of an older skeleton are not:\n\n{error}");
            Ok(())
        }
    }
}
