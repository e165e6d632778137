//! How long BTF takes to read. Only a release build is measured.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use mapvalue::Btf;
use mapvalue_tests::clock::{least, slowness};

use crate::measuring;

/// Asserts that work takes less than `limit` milliseconds on a machine like ours. The best of a few
/// runs counts, since other work on the machine makes the rest longer.
fn assert_takes_less_than<R>(limit: f64, runs: u32, what: &str, work: impl Fn() -> R) {
    let Some(_alone) = measuring() else { return };
    let limit = limit * slowness();
    let time = |_| {
        let start = Instant::now();
        drop(black_box(work()));
        start.elapsed().as_secs_f64() * 1e3
    };
    let milliseconds = least(limit, || (0..runs).map(time).fold(f64::INFINITY, f64::min));
    println!("{what}: {milliseconds:.3} ms");
    assert!(milliseconds < limit, "{what}: {milliseconds} ms of {limit}");
}

#[cfg(feature = "kernel")]
#[test]
fn the_kernels_types_are_read_in_less_than_fifty_milliseconds() {
    let bytes = match fs::read("/sys/kernel/btf/vmlinux") {
        Ok(bytes) => bytes,
        Err(error) => return mapvalue_tests::kernel::skip(&format!("cannot read the kernel's BTF: {error}")),
    };
    let what = format!("{} bytes of BTF", bytes.len());
    assert_takes_less_than(50.0, 20, &what, || Btf::parse(black_box(&bytes)).unwrap());
}

#[test]
fn an_object_is_read_in_less_than_a_millisecond() {
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("bpf")).unwrap();
    let objects = folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "o"));
    let largest = objects.map(|path| fs::read(path).unwrap()).max_by_key(Vec::len).unwrap();
    let what = format!("an object of {} bytes", largest.len());
    assert_takes_less_than(1.0, 200, &what, || Btf::from_object(black_box(&largest)).unwrap());
}

#[cfg(feature = "kernel")]
#[test]
fn a_struct_of_fifty_fields_is_met_in_less_than_fifty_microseconds() {
    use mapvalue::{MapValue, Mapping};
    use mapvalue_tests::kernel::{self, Libbpf, Loader, objects};

    /// `struct fifty` of `checked.bpf.c`.
    #[derive(MapValue)]
    #[repr(C)]
    #[rustfmt::skip]
    struct Fifty {
        f00: u64, f01: u64, f02: u64, f03: u64, f04: u64, f05: u64, f06: u64, f07: u64, f08: u64, f09: u64,
        f10: u64, f11: u64, f12: u64, f13: u64, f14: u64, f15: u64, f16: u64, f17: u64, f18: u64, f19: u64,
        f20: u64, f21: u64, f22: u64, f23: u64, f24: u64, f25: u64, f26: u64, f27: u64, f28: u64, f29: u64,
        f30: u64, f31: u64, f32: u64, f33: u64, f34: u64, f35: u64, f36: u64, f37: u64, f38: u64, f39: u64,
        f40: u64, f41: u64, f42: u64, f43: u64, f44: u64, f45: u64, f46: u64, f47: u64, f48: u64, f49: u64,
    }
    kernel::require!();
    let Some(_alone) = measuring() else { return };
    let loaded = Libbpf::load(objects::CHECKED);
    let first = |_| {
        let mapping = Mapping::from_map_checked(loaded.map("fifty")).unwrap();
        let start = Instant::now();
        black_box(mapping.var::<Fifty>(0).unwrap());
        start.elapsed().as_secs_f64() * 1e6
    };
    let limit = 50.0 * slowness();
    let microseconds = least(limit, || (0..20).map(first).fold(f64::INFINITY, f64::min));
    println!("the first handle to a struct of 50 fields: {microseconds:.1} us");
    assert!(microseconds < limit, "{microseconds} us of {limit}");
}
