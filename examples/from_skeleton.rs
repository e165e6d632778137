//! The other way round: types that libbpf-cargo wrote from C take the derive, and are held to the program that is loaded.
//!
//! A skeleton defines a Rust type for each C type that a program's sections use. It is right on the day that it is written; the
//! object that is loaded later may be another, and nothing would tell. With `derive(MapValue)` the type is checked
//! against the object's BTF, and its places in a map are read and written without `unsafe`.
//!
//! The derive cannot be put on a whole skeleton, for that has types of its own with pointers in them (the declarations of
//! maps). So copy those types that you share into a module of yours, as here. One thing must change: libbpf-cargo writes a C `bool`
//! as `MaybeUninit<bool>`, since Rust knows only two of its 256 values; here it is `bool`, of which mapvalue reads any byte.
//!
//!     cargo run --example from_skeleton

#![forbid(unsafe_code)]

use std::error::Error;

use mapvalue::{Btf, MapValue, Mapping, Var};

/// From `bpf/quickstart.bpf.o` by `SkeletonBuilder` of libbpf-cargo 0.27, with `MapValue` among the derived and `live` made a `bool`.
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

    /// A C enum: a number with names, since C does not keep it to them. So each value can be loaded.
    #[derive(MapValue, Debug, Copy, Clone, Eq, PartialEq)]
    #[repr(transparent)]
    pub struct mode(pub u32);

    impl mode {
        pub const MODE_COUNT: Self = Self(0);
        pub const MODE_DROP: Self = Self(1);
    }
}

/// The same from an older source, in which there was no mode yet and not each protocol had a counter.
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
    // An agent takes it from the kernel instead, `Btf::from_map(&map)`, and so checks what was really loaded.
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
    println!("A place of theirs is used like any other: {packets} packets, {mode:?}.\n");

    match btf.check::<old_types::stats>("struct stats") {
        Ok(()) => Err("the old type passes for the new one".into()),
        Err(error) => {
            println!("Those of an older skeleton are not:\n\n{error}");
            Ok(())
        }
    }
}
