//@ case: fold_banks_with_enum
//! A bank with an enum is checked when it is loaded. The error names the CPU whose value is
//! invalid.
#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u32,
    #[map_value(fold = "last")]
    mode: Mode,
}

fn main() {
    let banks = Mapping::memfd(4096).unwrap().banks::<Stats>(64, 64).unwrap();
    let sum = banks.sum(); //~ let sum = banks.try_sum().unwrap();
    let (0, Mode::Off) = (sum.packets, sum.mode) else { panic!() };
}

//@ case: fold_explicit_sum_of_bool
//! A `bool` has no sum, even if its field says so. A number has.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "sum")]
    field: bool, //~ field: u8,
}

fn main() {
    let _ = Stats { packets: 1, field: Default::default() };
}

//@ case: fold_generic
//! Whether a parameter folds is checked where it is used. A generic struct folds where its
//! parameter does.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Peak<T> {
    #[map_value(fold = "max")]
    length: T,
}

fn main() {
    let peak = PerCpu::from_fn(|_| Peak { length: true }).unwrap(); //~
    //~ let peak = PerCpu::from_fn(|_| Peak { length: 7u32 }).unwrap();
    let _ = peak.sum();
}

//@ case: fold_last_not_copy
//! A value that is not `Copy` cannot be taken from the last CPU. It can be taken from the first.
#[derive(MapValue, Clone)]
#[repr(C)]
struct Once {
    word: u64,
}

#[derive(MapValue, Clone)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "last")] //~ #[map_value(fold = "first")]
    field: Once,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Once { word: 7 } }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}

//@ case: fold_max_of_bool
//! A `bool` has no maximum. The error stands where the fold is written, and a use adds none.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "max")]
    field: bool, //~ field: u8,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Default::default() }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}

//@ case: fold_max_of_struct
//! A struct folds by what its own fields say.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Peak {
    #[map_value(fold = "max")]
    length: u64,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "max")] //~
    field: Peak,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Peak { length: 60 } }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}

//@ case: fold_min_of_enum
//! An enum has no order. A number has.
#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Drop,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "min")]
    field: Mode, //~ field: u32,
}

fn main() {
    let _ = Stats { packets: 1, field: Mode::Drop }; //~
    //~ let _ = Stats { packets: 1, field: Mode::Drop as u32 };
}

//@ case: fold_not_text
//! The value of `fold` must be a string.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = max)] //~ #[map_value(fold = "max")]
    field: u64,
}

fn main() {
    let _ = Stats { packets: 1, field: 1 };
}

//@ case: fold_of_refused_field
//! A field that is not a map value is one error, however it folds.
#[derive(MapValue, Clone)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "last")]
    field: String, //~ field: [u8; 16],
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Default::default() }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}

//@ case: fold_on_type
//! `fold` belongs on a field, not on a type.
#[derive(MapValue, Clone, Copy)]
#[map_value(fold = "max")] //~
#[repr(C)]
struct Peak {
    //~ #[map_value(fold = "max")]
    length: u64,
}

fn main() {
    let peak = PerCpu::from_fn(|_| Peak { length: 60 }).unwrap();
    assert_eq!(peak.sum().length, 60);
}

//@ case: fold_or_of_float
//! A float has no bits to combine. It has a maximum.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "or")] //~ #[map_value(fold = "max")]
    field: f64,
}

fn main() {
    let _ = Stats { packets: 1, field: 0.0 };
}

//@ case: fold_store_read_only
//! Read-only banks cannot be stored to.
fn main() {
    let banks = Mapping::memfd(4096).unwrap().banks_of_ro::<u64>(64, 64, 8).unwrap(); //~
    //~ let banks = Mapping::memfd(4096).unwrap().banks_of::<u64>(64, 64, 8).unwrap();
    banks[0][0].store(1);
}

//@ case: fold_sum_in_generic_code
//! Generic code must say that the values it sums fold.
fn total<T: Plain>(mapping: &std::sync::Arc<Mapping>) -> T { //~
//~ use mapvalue::{Fold, MapValue, Mapping, Plain};
//~ fn total<T: Plain + Fold>(mapping: &std::sync::Arc<Mapping>) -> T {
    mapping.banks(64, 64).unwrap().sum()
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    assert_eq!(total::<u64>(&mapping).to_bytes(), [0; 8]);
}

//@ case: fold_sum_of_bool
//! A `bool` has no sum. Its field can say how it folds.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    //~ #[map_value(fold = "or")]
    field: bool,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: true }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}

//@ case: fold_sum_of_bools
//! An array of `bool` has no sum. It can fold element by element.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    //~ #[map_value(fold = "and")]
    field: [bool; 4],
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: [true; 4] }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}

//@ case: fold_sum_of_enum
//! An enum has no sum. The value of one CPU can be taken.
#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Drop,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    //~ #[map_value(fold = "last")]
    field: Mode,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Mode::Drop }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}

//@ case: fold_twice
//! `fold` cannot be given twice. A name in C may stand beside it.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "max", fold = "min")] //~ #[map_value(fold = "max", rename = "type")]
    field: u64,
}

fn main() {
    let _ = Stats { packets: 1, field: 1 };
}

//@ case: fold_union
//! A union has no sum. The value of one CPU can be taken.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    whole: u32,
    halves: [u16; 2],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    //~ #[map_value(fold = "first")]
    word: Word,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { word: Word { whole: 7 } }).unwrap();
    let _ = stats.sum();
}

//@ case: fold_union_field
//! The fields of a union overlap, so they do not fold one by one. The whole union can be taken from
//! one CPU.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    #[map_value(fold = "first")] //~
    whole: u32,
    halves: [u16; 2],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    #[map_value(fold = "first")]
    word: Word,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { word: Word { whole: 7 } }).unwrap();
    let _ = stats.sum();
}

//@ case: fold_unknown
//! An unknown fold is refused.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "average")] //~ #[map_value(fold = "max")]
    field: u64,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: 1 }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
