//@ case: seq_of_pointer
//! A `SeqCell` of a pointer is refused. One of bytes is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Config {
    name: SeqCell<&'static str>, //~ name: SeqCell<[u8; 16]>,
}

fn main() {}

//@ case: seq_read_enum
//! `read` cannot check an enum in a `SeqCell`. `try_read` checks it.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(u32)]
enum Mode {
    Off,
    On,
}

fn main() {
    let cell: Var<SeqCell<Mode>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    println!("{:?}", cell.read()); //~ println!("{:?}", cell.try_read());
}

//@ case: seq_store_whole
//! A struct that holds a `SeqCell` cannot be stored as a whole: readers would see half of it. The
//! cell can be written.
#[derive(MapValue)]
#[repr(C)]
struct Config {
    limits: SeqCell<[u32; 4]>,
    live: u64,
}

fn main() {
    let configs: Var<[Config; 2]> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    let first: Var<Config> = configs.project(|configs| &configs[0]);
    configs.project(|configs| &configs[1]).store(first.load()); //~
    //~ configs.project(|configs| &configs[1]).limits.write(first.limits.read().unwrap()).unwrap();
}

//@ case: seq_value_aside
//! The value of a `SeqCell` can be reached only by its own methods, such as `write`.
fn main() {
    let cell: Var<SeqCell<u64>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    cell.value.store(7); //~ cell.write(7).unwrap();
}

//@ case: seq_write_read_only
//! A read-only handle reads a `SeqCell` and cannot write it.
fn main() {
    let cell: Var<SeqCell<[u64; 2]>, ReadOnly> = Mapping::memfd(4096).unwrap().var_ro(0).unwrap(); //~
    //~ let cell: Var<SeqCell<[u64; 2]>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    cell.write([1, 2]).unwrap();
}
