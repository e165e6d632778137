//! Deliberate mistakes, one at a time, each of which a sanitizer must report. `tests/sanitize` runs
//! them to see that the sanitizers watch the memory of mappings, and this crate's accesses to it.

use std::hint::black_box;
use std::thread;

use mapvalue::{Mapping, ReadWrite, Slice, Var};

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "race" => race(true),
        "race-with-our-store" => race(false),
        "read-after-unmap" => read_after_unmap(),
        "read-after-free" => read_adopted(true),
        "read-past-the-end" => read_adopted(false),
        _ => panic!("no canary is called `{name}`"),
    }
    println!("{name}: nobody has noticed");
}

/// Two threads store to the same words of a memfd: one through a plain pointer, the other through a
/// plain pointer or a `Slice`.
fn race(both_raw: bool) {
    let mapping = Mapping::memfd(4096).unwrap();
    let threads = [true, both_raw].map(|raw| {
        let started: Var<u64> = mapping.var(0).unwrap();
        let words: Slice<u64> = mapping.slice(8, 511).unwrap();
        thread::spawn(move || {
            // At the same time, but without any order between them: all of these accesses are
            // relaxed.
            started.fetch_add(1);
            while started.load() < 2 {
                thread::yield_now();
            }
            // Only once: the sanitizer notes a thread's first store to a word, and forgets old
            // accesses.
            for word in words.iter() {
                if raw {
                    // SAFETY: the place is mapped, writable and aligned while `words` lives. The
                    // mistake is that another thread stores there at the same time, which is
                    // undefined.
                    unsafe { *word.atomic().as_ptr() = 1 };
                } else {
                    word.store(1);
                }
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Reads through a pointer that outlives the last handle, which no reference can.
fn read_after_unmap() {
    let counter: Var<u64> = Mapping::memfd(4096).unwrap().var(8).unwrap();
    let place = counter.atomic().as_ptr();
    drop(counter);
    // SAFETY: none: the memory is already unmapped, which is the mistake.
    black_box(unsafe { *place });
}

/// Reads adopted heap memory past its end, or after its release.
fn read_adopted(released: bool) {
    let base = Box::into_raw(Box::new([0_u64; 8]));
    let address = base.expose_provenance();
    let release = move || {
        let base = std::ptr::with_exposed_provenance_mut::<[u64; 8]>(address);
        // SAFETY: the pointer is from `Box::into_raw`, and the mapping calls this once.
        drop(unsafe { Box::from_raw(base) });
    };
    // SAFETY: the memory is initialized and stays until `release`, and nobody else has it.
    let mapping = unsafe { Mapping::adopt(base.cast(), 64, ReadWrite, release) }.unwrap();
    let last: Var<u64> = mapping.var(56).unwrap();
    drop(mapping);
    let place = last.atomic().as_ptr().wrapping_add(usize::from(!released));
    if released {
        drop(last);
    }
    // SAFETY: none: the place is freed or past the end, which is the mistake.
    black_box(unsafe { *place });
}
