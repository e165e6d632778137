//@ case: use_arena_pointer_dereferenced
//! An arena pointer has no `*`, because its target may be anything. Its address is a number.
fn main() {
    let pointer = Mapping::memfd(4096).unwrap().var::<ArenaPtr<u32>>(0).unwrap().load();
    assert_eq!(*pointer, 0); //~ assert_eq!(pointer.address(), 0);
}

//@ pass: use_array_and_slice
//! Elements are reached by index, by iterator and by handle, at the kernel's stride and side by
//! side.
use mapvalue::{Array, MapValue, Mapping, Slice};

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Short(u8, [u8; 2]);

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array: Array<Short> = mapping.array().unwrap();
    array[1].1[1].store(7);
    assert_eq!((array.stride(), array.len()), (8, 512));
    assert_eq!(array.iter().map(|short| u32::from(short.1[1].load())).sum::<u32>(), 7);
    let slice: Slice<Short> = mapping.slice(8, 2).unwrap();
    assert_eq!(slice.var(0).unwrap().load(), Short(0, [0, 7]));
    slice.store_from(&[Short(1, [2, 3]), Short(4, [5, 6])]).unwrap();
    assert_eq!(mapping.var::<u8>(8 + 3).unwrap().load(), 4);
}

//@ case: use_atomic_read_only
//! A read-only handle does not give the atomic itself, which could be stored to.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let counter = mapping.var_ro::<u64>(0).unwrap(); //~
    //~ let counter = mapping.var::<u64>(0).unwrap();
    let _ = counter.atomic();
}

//@ case: use_atomics_read_only
//! A read-only handle does not give a slice of atomics either.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let counters = mapping.slice_ro::<u64>(0, 8).unwrap(); //~
    //~ let counters = mapping.slice::<u64>(0, 8).unwrap();
    let _ = Shared::atomics(&counters);
}

//@ case: use_compare_exchange_enum
//! `compare_exchange` of an enum would return what was there, which may be no variant.
//! `try_compare_exchange` checks it.
#[derive(MapValue, Debug)]
#[repr(u32)]
enum Mode {
    Off,
}

fn main() {
    let mode = Mapping::memfd(4096).unwrap().var::<Mode>(0).unwrap();
    mode.compare_exchange(Mode::Off, Mode::Off).unwrap(); //~
    //~ mode.try_compare_exchange(Mode::Off, Mode::Off).unwrap();
}

//@ case: use_fetch_add_big_endian
//! An integer in network order has no arithmetic. It has a compare and exchange.
use zerocopy::byteorder::{BigEndian, U16};

fn main() {
    let port = Mapping::memfd(4096).unwrap().var::<U16<BigEndian>>(0).unwrap();
    port.fetch_add(U16::new(1)); //~ port.compare_exchange(U16::new(0), U16::new(1)).unwrap();
}

//@ case: use_fetch_add_enum
//! An enum has no arithmetic. A number has.
#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
    count: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.mode.fetch_add(Mode::Off); //~ value.count.fetch_add(Mode::Off as u32);
}

//@ case: use_fetch_add_float
//! A float has no atomic arithmetic. It has a compare and exchange.
fn main() {
    let mean = Mapping::memfd(4096).unwrap().var::<f64>(0).unwrap();
    mean.fetch_add(0.5); //~ mean.compare_exchange(0.0, 0.5).unwrap();
}

//@ case: use_fetch_add_read_only
//! A read-only handle has no arithmetic.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let counter = mapping.var_ro::<u64>(0).unwrap(); //~
    //~ let counter = mapping.var::<u64>(0).unwrap();
    counter.fetch_add(1);
}

//@ case: use_fetch_or_bool
//! A `bool` has no bit operations, because its byte may be any. It has a swap.
fn main() {
    let live = Mapping::memfd(4096).unwrap().var::<bool>(0).unwrap();
    live.fetch_or(true); //~ live.swap(true);
}

//@ pass: use_from_bytes
//! Values are decoded from a copy: any alignment, the exact length, enums checked, `bool` by C's
//! rule, padding ignored.
use mapvalue::{MapValue, ValueError};

#[derive(MapValue, Debug, PartialEq)]
#[repr(u8)]
enum Mode {
    On = 1,
}

#[derive(MapValue, Debug, PartialEq)]
#[repr(C)]
struct Event {
    mode: Mode,
    live: bool,
    count: u32,
}

fn main() {
    let record = [9, 1, 7, 0xee, 0xee, 5, 0, 0, 0];
    let event = Event::from_bytes(&record[1..]).unwrap();
    assert_eq!(event, Event { mode: Mode::On, live: true, count: u32::from_le(5) });
    assert_eq!(event.to_bytes()[..4], [1, 1, 0, 0]);
    assert!(matches!(Event::from_bytes(&record), Err(ValueError::WrongLength { .. })));
    assert!(matches!(Event::from_bytes(&record[..8]), Err(ValueError::InvalidValue(_))));
}

//@ case: use_from_file
//! Mapping a file is unsafe, because another process may truncate it. A memfd of one's own is
//! sealed against that.
fn main() {
    let file = std::fs::File::open("/proc/self/exe").unwrap(); //~ let _ = Mapping::memfd(4096);
    let _ = Mapping::from_file(&file); //~
}

//@ case: use_impl_access, 2 errors
//! A user cannot add a mode: there are two.
#[derive(Clone, Copy, Debug)]
struct Mine;

trait Other: Copy {
    const WRITABLE: bool;
}

impl Access for Mine { //~ impl Other for Mine {
    const WRITABLE: bool = true;
}

fn main() {
    assert!(Mine::WRITABLE);
    let _ = <mapvalue::ReadWrite as Access>::WRITABLE;
}

//@ case: use_impl_in_place
//! `InPlace` needs an unsafe impl: it would make a `&T` to memory that changes.
#[derive(MapValue)]
#[repr(C)]
struct Stats(u64); //~ struct Stats(std::sync::atomic::AtomicU64);
impl InPlace for Stats {} //~

fn in_place<T: InPlace>() {}

fn main() {
    in_place::<Stats>();
}

//@ case: use_impl_integer, 2 errors
//! A user cannot implement `Integer`: the crate gives arithmetic to integers alone.
#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
}
impl Integer for Mode {} //~

fn integer<T: Integer>(_: T) {}

fn main() {
    integer(1u8);
    let _ = Mode::Off;
}

//@ case: use_impl_leaf
//! `Leaf` needs an unsafe impl. The derive implements it for an enum.
#[derive(MapValue)]
#[repr(u32)]
enum Word {
    Zero,
}

#[derive(MapValue)]
#[repr(transparent)]
struct Wrapper(u32);

impl Leaf for Wrapper {} //~
fn leaf<T: Leaf>() {}

fn main() {
    leaf::<Word>();
    let _ = (Word::Zero, Wrapper(0));
}

//@ case: use_impl_map_value
//! `MapValue` needs an unsafe impl, or the derive.
//~ #[derive(MapValue)]
#[repr(C)]
struct Pair(u32, u32);
impl MapValue for Pair {} //~

fn main() {
    let _ = (Pair(0, 0), u32::LAYOUT);
}

//@ case: use_impl_mirror
//! `Mirror` needs an unsafe impl: it would let `project` make a handle of another type. The derive
//! implements it.
#[derive(MapValue)]
#[repr(C)]
struct Stats(u64);

struct Foreign;
impl Mirror for Foreign { //~
    type Value = u64; //~
} //~

fn mirror<T: Mirror>() {}

fn main() {
    mirror::<StatsShared>();
    let _ = Foreign;
}

//@ case: use_impl_plain
//! `Plain` needs an unsafe impl: it would let a load make an invalid enum. `try_load` does not need
//! it.
#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    On = 1,
}
impl Plain for Mode {} //~

fn plain<T: Plain>(_: T) {}

fn main() {
    plain(1u8);
    assert_eq!(Mode::On.to_bytes(), [1]);
}

//@ case: use_kernel_pointer_dereferenced
//! A kernel pointer has no `*`. Its address is a number.
struct Task {
    pid: u32,
}

fn main() {
    let task = Mapping::memfd(4096).unwrap().var::<Kptr<Task, Kernel>>(0).unwrap().load();
    assert_eq!((*task).pid, 0); //~ assert_eq!(task.address(), 0);
    let _ = Task { pid: 0 }.pid;
}

//@ case: use_kernel_pointer_domain
//! A user cannot add a domain.
enum Mine {}
impl Domain for Mine {} //~

fn main() {
    assert!(<Kptr<u8, Kernel>>::NULL.is_null());
    let _ = size_of::<Mine>();
}

//@ case: use_kernel_pointer_followed
//! A kernel pointer cannot be followed here. Its address is a number.
struct Task {
    pid: u32,
}

fn main() {
    let task = Mapping::memfd(4096).unwrap().var::<Kptr<Task, Kernel>>(0).unwrap().load();
    assert_eq!(task.as_ref().pid, 0); //~ assert_eq!(task.address(), 0);
    let _ = Task { pid: 0 }.pid;
}

//@ case: use_load_enum
//! `load` could make an invalid enum. The error names `try_load`, which checks it.
#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
}

fn main() {
    let mode = Mapping::memfd(4096).unwrap().var::<Mode>(0).unwrap();
    let Mode::Off = mode.load(); //~ let Mode::Off = mode.try_load().unwrap();
}

//@ case: use_load_enum_field
//! `load` of a field that is an enum is refused. `try_load` checks it.
#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    mode: Mode,
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    let Mode::Off = config.mode.load(); //~ let Mode::Off = config.mode.try_load().unwrap();
}

//@ case: use_load_into_enums
//! `load_into` of many enums is refused. Each can be checked by itself.
#[derive(MapValue, Clone, Copy)]
#[repr(u64)]
enum Mode {
    Off,
}

fn main() {
    let modes = Mapping::memfd(4096).unwrap().array::<Mode>().unwrap();
    let mut copy = [Mode::Off; 512];
    modes.load_into(&mut copy).unwrap(); //~
    //~ modes.iter().zip(&mut copy).for_each(|(from, to)| *to = from.try_load().unwrap());
}

//@ case: use_load_nested
//! A trait loads the mirror of an array or struct inside as a whole, and must be in scope.
use mapvalue::{MapValue, Mapping}; //~ use mapvalue::{MapValue, Mapping, Mirror};

#[derive(MapValue)]
#[repr(C)]
struct Task {
    pid: u32,
    comm: [u8; 16],
}

fn main() {
    let task = Mapping::memfd(4096).unwrap().var::<Task>(0).unwrap();
    assert_eq!(task.comm.load(), [0; 16]);
}

//@ case: use_load_struct_with_enum
//! `load` of a struct with an enum inside is refused. `try_load` checks it.
#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    modes: [Mode; 2],
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    let [Mode::Off, Mode::Off] = config.load().modes; //~
    //~ let [Mode::Off, Mode::Off] = config.try_load().unwrap().modes;
}

//@ case: use_mirror_built
//! A mirror is made of cells, so it cannot be built. The value can.
#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    let mirror: StatsShared = StatsShared { packets: 7 }; //~ let mirror: &StatsShared = &stats;
    mirror.packets.store(1);
}

//@ case: use_mirror_of_union_built
//! The mirror of a union cannot be built from an empty array: the rest would be uninitialized.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Words {
    all: [u64; 8],
    none: [u64; 0],
}

fn main() {
    let words = Mapping::memfd(4096).unwrap().var::<Words>(0).unwrap();
    let mirror: &WordsShared = &WordsShared { __1: std::mem::ManuallyDrop::new([]) }; //~
    //~ let mirror: &WordsShared = &words;
    let _ = mirror.all()[0].load();
}

//@ pass: use_mirror_matched
//! A mirror can be destructured by reference.
#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
    drops: [u32; 2],
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    let StatsShared { packets, drops: [_, late] } = &*stats;
    late.store(2);
    assert_eq!((packets.load(), stats.load().drops), (0, [0, 2]));
}

//@ case: use_type_check, late
//! Without privileges the types of a map may not be compared: the answer says so, and is looked at.
#[deny(unused_must_use)]
fn main() {
    let mapping = Mapping::memfd(8).unwrap();
    mapping.check::<u64>().unwrap(); //~ assert!(!mapping.check::<u64>().unwrap().is_match());
}

//@ pass: use_must_use_result
//! A call that can fail returns an error that says why.
use mapvalue::{Mapping, PlaceError};

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    assert!(matches!(mapping.var::<u64>(4), Err(PlaceError::Misaligned { .. })));
    assert!(matches!(mapping.var::<u64>(4096), Err(PlaceError::OutOfRange { .. })));
    assert!(mapping.slice::<u64>(0, 513).is_err());
    assert!(mapping.array::<u64>().unwrap().var(512).is_err());
}

//@ pass: use_project
//! A handle can project to a part: a field, an element, a row, a field of a union. Each part
//! outlives the handle it came from.
#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    rows: [[u64; 4]; 2],
    word: Word,
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    let row: Var<[u64; 4]> = stats.project(|s| &s.rows[1]);
    let cells: Slice<u64> = row.project_slice(|row| &row[2..]);
    let word: Var<Word> = stats.project(|s| &s.word);
    let byte: Var<u8, ReadOnly> = word.read_only().project(|word| &word.bytes()[0]);
    drop((stats, row));
    cells[1].store(7);
    word.number().store(u32::from_ne_bytes([9; 4]));
    assert_eq!((cells.var(1).unwrap().load(), byte.load()), (7, 9));
}

//@ case: use_project_escapes
//! A closure of `project` cannot keep the reference that it is given. It can return a part of it.
fn main() {
    let array = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    let mut kept = None;
    let first = array.project(|a| {
        kept = Some(a); //~ kept = Some(a.len());
        &a[0]
    });
    first.store(kept.map_or(0, |_| 1));
}

//@ case: use_project_other
//! A closure of `project` cannot return a reference that it has from elsewhere.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let (a, b) = (mapping.var::<[u64; 4]>(0).unwrap(), mapping.var::<[u64; 4]>(64).unwrap());
    a.project(|_| &b[0]).store(1); //~ a.project(|a| &a[usize::from(b[0].load() == 1)]).store(1);
}

//@ case: use_project_value
//! A closure of `project` cannot return a value. It can return a reference to a cell.
fn main() {
    let array = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    let first = array.project(|a| a[0].load()); //~ let first = array.project(|a| &a[0]);
    let _ = first;
}

//@ case: use_read_only_as_read_write
//! A read-only handle cannot be passed as one that may store.
fn count(counter: &Var<u64>) {
    counter.fetch_add(1);
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    count(&mapping.var_ro::<u64>(0).unwrap()); //~ count(&mapping.var::<u64>(0).unwrap());
}

//@ case: use_read_union
//! To read a field of a loaded union is unsafe in plain Rust. Through a handle the same is safe.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    let word = Mapping::memfd(4096).unwrap().var::<Word>(0).unwrap();
    assert_eq!(word.load().bytes[0], 0); //~ assert_eq!(word.bytes()[0].load(), 0);
}

//@ case: use_reference_in_place_outlives
//! A reference to the value in place cannot outlive the handle, even to a struct made of atomics.
use std::sync::atomic::{AtomicU64, Ordering};

fn main() {
    let counter = Mapping::memfd(4096).unwrap().var::<AtomicU64>(0).unwrap();
    let in_place: &AtomicU64 = counter.as_ref();
    //~ in_place.store(1, Ordering::Relaxed);
    drop(counter);
    in_place.store(1, Ordering::Relaxed); //~
}

//@ case: use_reference_leaves_thread
//! A reference cannot go to a thread that may outlive the handle. The handle itself can.
fn main() {
    let counter = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let cell = &*counter; //~ let cell = counter.clone();
    std::thread::spawn(move || cell.fetch_add(1)).join().unwrap();
    assert_eq!(counter.load(), 1);
}

//@ case: use_reference_outlives_array
//! A reference to an element cannot outlive the array. A handle to an element can.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let element = {
        let array = mapping.array::<u64>().unwrap();
        array.get(3).unwrap() //~ array.var(3).unwrap()
    };
    element.store(1);
}

//@ case: use_reference_outlives_drop
//! A handle cannot be dropped while a reference through it is in use.
fn main() {
    let array = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    let last = &array[3];
    //~ last.store(1);
    drop(array);
    last.store(1); //~
}

//@ case: use_reference_outlives_var
//! What a handle derefs to cannot outlive the handle. A handle to a part can.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let last = {
        let array = mapping.var::<[u64; 4]>(0).unwrap();
        &array[3] //~ array.project(|a| &a[3])
    };
    last.store(1);
}

//@ case: use_shared_assigned
//! A field of a mirror cannot be assigned. It can be stored to.
#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    stats.packets = 7; //~ stats.packets.store(7);
}

//@ case: use_shared_cloned
//! A cell has no clone: `clone` gives another reference. Its value can be loaded.
fn main() {
    let counter = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let cell: &Shared<u64> = &counter;
    let copy: Shared<u64> = cell.clone(); //~ let copy: u64 = cell.load();
    let _ = copy;
}

//@ case: use_shared_default
//! A cell has no default. A mapping is all zeros.
fn main() {
    let cell: Shared<u64> = Default::default(); //~
    //~ let cell = mapvalue::Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let _: &Shared<u64> = &cell;
}

//@ case: use_shared_literal, late
//! A cell cannot be built. It is only met behind a reference.
use std::marker::PhantomData; //~
use std::sync::atomic::AtomicU64;

fn main() {
    let var = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let _: Shared<u64> = Shared { cell: AtomicU64::new(0), mode: PhantomData }; //~
    //~ let _: &Shared<u64> = &var;
    let _ = (&*var, AtomicU64::new(0));
}

//@ case: use_shared_moved
//! A cell cannot be moved out of shared memory. Its value can be loaded.
#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    let packets = stats.packets; //~ let packets = stats.packets.load();
    let _ = packets;
}

//@ case: use_shared_new
//! A cell has no constructor. A mapping makes handles to cells.
fn main() {
    let cell = Shared::<u64>::new(0); //~
    //~ let cell = mapvalue::Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let _: &Shared<u64> = &cell;
}

//@ case: use_shared_replaced
//! A cell cannot be replaced by another handle's. It can be stored to.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let slice = mapping.slice::<u64>(0, 4).unwrap();
    slice.swap(0, 1); //~ slice[0].store(slice[1].swap(slice[0].load()));
}

//@ case: use_shared_swapped
//! Two cells cannot be swapped, because there is no `&mut` to one. Their values can.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let (a, b) = (mapping.var::<u64>(0).unwrap(), mapping.var::<u64>(8).unwrap());
    std::mem::swap(&*a, &*b); //~ a.store(b.swap(a.load()));
}

//@ case: use_store_from_read_only_array
//! `store_from` cannot store to the elements of a read-only array.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array = mapping.array_ro::<u64>().unwrap(); //~ let array = mapping.array::<u64>().unwrap();
    array.store_from(&[1; 512]).unwrap();
}

//@ case: use_store_generic_access
//! Code that is generic over the mode cannot store.
fn reset<A: Access>(counter: &Var<u64, A>) { //~ fn reset(counter: &Var<u64>) {
    counter.store(0);
}

fn main() {
    reset(&Mapping::memfd(4096).unwrap().var(0).unwrap());
}

//@ case: use_store_read_only
//! A read-only handle cannot store.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let counter = mapping.var_ro::<u64>(0).unwrap(); //~
    //~ let counter = mapping.var::<u64>(0).unwrap();
    counter.store(1);
}

//@ case: use_store_read_only_array
//! A read-only array cannot store to an element.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array = mapping.array_ro::<u64>().unwrap(); //~ let array = mapping.array::<u64>().unwrap();
    array[3].store(1);
}

//@ case: use_store_read_only_field
//! A read-only handle cannot store to a field.
#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: [u64; 4],
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    stats.read_only().packets[2].store(1); //~ stats.packets[2].store(1);
}

//@ case: use_store_read_only_projection
//! A projection has the mode of its handle.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array = mapping.var_ro::<[u64; 4]>(0).unwrap(); //~
    //~ let array = mapping.var::<[u64; 4]>(0).unwrap();
    array.project(|a| &a[2]).swap(1);
}

//@ case: use_store_read_only_slice
//! A read-only slice cannot store.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let slice = mapping.slice_ro::<u64>(8, 4).unwrap(); //~
    //~ let slice = mapping.slice::<u64>(8, 4).unwrap();
    slice.store_from(&[1; 4]).unwrap();
}

//@ case: use_store_read_only_slice_element
//! A read-only slice cannot store to an element.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let slice = mapping.slice_ro::<u64>(8, 4).unwrap(); //~
    //~ let slice = mapping.slice::<u64>(8, 4).unwrap();
    slice[2].store(1);
}

//@ case: use_store_read_only_struct
//! A read-only handle cannot store a whole struct.
#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let stats = mapping.var_ro::<Stats>(0).unwrap(); //~
    //~ let stats = mapping.var::<Stats>(0).unwrap();
    stats.store(Stats { packets: 1 });
}

//@ case: use_store_read_only_union
//! The fields of a union have the mode of its handle.
#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    let word = Mapping::memfd(4096).unwrap().var::<Word>(0).unwrap();
    word.read_only().number().store(1); //~ word.number().store(1);
}

//@ case: use_store_struct_with_union
//! A struct with a union inside cannot be stored as a whole. Its fields can.
#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    byte: u8,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    words: [Word; 2],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.store(Value { words: [Word { byte: 1 }, Word { number: 2 }] }); //~
    //~ value.words[1].number().store(2);
}

//@ case: use_store_union
//! A union cannot be stored as a whole, because some bytes may be uninitialized. The error says to
//! store its fields.
#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    byte: u8,
}

fn main() {
    let word = Mapping::memfd(4096).unwrap().var::<Word>(0).unwrap();
    word.store(Word { byte: 1 }); //~ word.byte().store(1);
}

//@ case: use_swap_enum
//! `swap` would return an enum that was there. `try_swap` checks it.
#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
}

fn main() {
    let mode = Mapping::memfd(4096).unwrap().var::<Mode>(0).unwrap();
    let Mode::Off = mode.swap(Mode::Off); //~ let Mode::Off = mode.try_swap(Mode::Off).unwrap();
}

//@ case: use_text_read_only
//! A read-only handle loads text and cannot store it.
use mapvalue::{CharArray, Mapping, ReadOnly, Var}; //~ use mapvalue::{CharArray, Mapping, Var};

fn main() {
    let names: Var<[CharArray<16>; 4], ReadOnly> = Mapping::memfd(4096).unwrap().var_ro(0).unwrap(); //~
    //~ let names: Var<[CharArray<16>; 4]> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    names[2].store(CharArray::truncated("eth0"));
}

//@ case: use_to_bytes_union
//! A union cannot be encoded. A struct of one of its fields can.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    number: u32,
    byte: u8,
}

fn main() {
    let word = Word::from_bytes(&[1, 0, 0, 0]).unwrap();
    let _ = word.to_bytes(); //~ let _ = (word, 1u32.to_bytes());
}

//@ case: use_union_field_in_place
//! The module that defines a union sees the fields of its mirror, and still has to use the methods.
#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    let word = Mapping::memfd(4096).unwrap().var::<Word>(0).unwrap();
    word.number.store(1); //~ word.number().store(1);
}

//@ pass: use_var_across_threads
//! Handles can be sent to and shared between threads, whatever their markers are.
use std::marker::PhantomData;
use std::rc::Rc;
use std::thread;

#[derive(MapValue)]
#[repr(C)]
struct Counter(u64, PhantomData<Rc<u8>>);

fn main() {
    let counter = Mapping::memfd(4096).unwrap().var::<Counter>(0).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).map(|_| counter.0.fetch_add(1)).sum::<u64>());
        }
    });
    let moved = thread::spawn(move || counter.0.load());
    assert_eq!(moved.join().unwrap(), 400);
}

//@ case: use_var_built, late
//! A handle cannot be built by hand. A mapping makes it.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let var: Var<u64> = Var { place: std::ptr::NonNull::dangling(), mapping }; //~
    //~ let var: Var<u64> = mapping.var(0).unwrap();
    let _ = var;
}

//@ case: use_var_new
//! The constructor of a handle is private. A mapping checks before it makes one.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let var = Var::<u64>::new(std::ptr::NonNull::dangling(), mapping); //~
    //~ let var: Var<u64> = mapping.var(0).unwrap();
    let _ = var;
}

//@ case: use_var_of_no_value
//! A handle needs a type that is a map value.
fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let _ = mapping.var::<usize>(0); //~ let _ = mapping.var::<u64>(0);
}

//@ case: use_var_of_no_value_inferred, 2 errors
//! A handle needs a map value also when the type is inferred.
#[derive(Clone)] //~ #[derive(Clone, MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let stats: Var<Stats> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    let _ = (stats, Stats { packets: 0 }.clone(), u64::LAYOUT);
}

//@ case: use_map_key_with_union
//! A key of a map has no unknown bytes, which a union may have.
use mapvalue::bpf::TypedMap;
use mapvalue::{MapValue, Whole};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: u32,
    v6: [u8; 16],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Key {
    from: Address, //~ from: Whole<Address>,
    port: u32,
}

fn main() {
    let _: Option<Whole<Address>> = None;
    let _ = |flows: TypedMap<Key, u64>, key: Key| flows.remove(&key).is_ok();
}

//@ case: use_whole_made_of_a_value
//! A `Whole` is never made of a union, which may have uninitialized bytes.
use mapvalue::{MapValue, Whole};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: u32,
    v6: [u8; 16],
}

fn main() {
    let address = Whole(Address { v4: 7 }); //~ let address = Whole::<Address>::from_bytes(&[7; 16]).unwrap();
    assert_eq!(address.get(|v6| Address { v6 })[0], 7);
}

//@ case: use_whole_past_the_fields, built
//! A `Whole` gives the bytes that belong to a field, and no padding.
use mapvalue::{MapValue, Whole};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Padded {
    kind: u8,
    number: u32,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    padded: Padded,
    number: u16,
}

fn main() {
    let word = Whole::<Word>::from_bytes(&[7; 8]).unwrap();
    let make = |_: u64| Word { number: 0 }; //~ let make = |number| Word { number };
    assert_ne!(word.get(make), 0);
}
