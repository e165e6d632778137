//! Raw bytes, read as BTF and as an object file. Whatever can be read is walked through.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use mapvalue::Btf;
use mapvalue_tests::btf::Walk;

thread_local! {
    static WALK: RefCell<Walk> = RefCell::new(Walk::new());
}

fuzz_target!(|bytes: &[u8]| {
    // The names are at the end of the bytes, so a mutation there leads to other paths.
    let tail = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(40)..]);
    let words: Vec<&str> = tail.split('\0').filter(|word| !word.is_empty()).take(4).collect();
    for read in [Btf::parse(bytes), Btf::from_object(bytes)] {
        match read {
            Ok(btf) => WALK.with_borrow_mut(|walk| walk.all(&btf, &words)),
            Err(error) => drop(error.to_string()),
        }
    }
});
