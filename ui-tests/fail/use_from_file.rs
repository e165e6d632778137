//! Another file may be cut short under a mapping: to map it is unsafe, and says why.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    let _ = Mapping::from_file(&file);
}
