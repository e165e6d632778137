//! How long BTF takes to read. Only a release build says anything.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use mapvalue::Btf;
use mapvalue_tests::clock::{least, slowness};

use crate::measuring;

/// Asserts that work is done in so many milliseconds on a machine like ours: by the best of a few runs, since what else the machine does
/// makes the others longer.
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
