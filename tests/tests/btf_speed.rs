//! How long BTF takes to read. Only a release build says anything. (Apart from `speed.rs`, whose ratios it would disturb.)

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use mapvalue::Btf;

/// The best of a few runs in milliseconds: what disturbs the machine makes the others longer. `None` in a debug build.
fn best<R>(runs: u32, work: impl Fn() -> R) -> Option<f64> {
    if cfg!(debug_assertions) {
        println!("skipped: not a release build");
        return None;
    }
    let time = |_| {
        let start = Instant::now();
        drop(black_box(work()));
        start.elapsed().as_secs_f64() * 1e3
    };
    Some((0..runs).map(time).fold(f64::INFINITY, f64::min))
}

#[cfg(feature = "kernel")]
#[test]
fn the_kernels_types_are_read_in_less_than_fifty_milliseconds() {
    let bytes = match fs::read("/sys/kernel/btf/vmlinux") {
        Ok(bytes) => bytes,
        Err(error) => return mapvalue_tests::kernel::skip(&format!("cannot read the kernel's BTF: {error}")),
    };
    let Some(milliseconds) = best(20, || Btf::parse(black_box(&bytes)).unwrap()) else { return };
    println!("{} bytes of BTF: {milliseconds:.1} ms", bytes.len());
    assert!(milliseconds < 50.0, "{milliseconds} ms");
}

#[test]
fn an_object_is_read_in_less_than_a_millisecond() {
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("bpf")).unwrap();
    let objects = folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "o"));
    let largest = objects.map(|path| fs::read(path).unwrap()).max_by_key(Vec::len).unwrap();
    let Some(milliseconds) = best(200, || Btf::from_object(black_box(&largest)).unwrap()) else { return };
    println!("an object of {} bytes: {milliseconds:.3} ms", largest.len());
    assert!(milliseconds < 1.0, "{milliseconds} ms");
}
