//@ pass: aya_all_bits
//! `aya` accepts types for which any bytes are a value: pointers that are numbers, floats, and
//! integers of a stated byte order.
use zerocopy::byteorder::{BigEndian, U32};

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    next: ArenaPtr<Value>,
    task: Kptr<u64, Kernel>,
    object: Kptr<u64, Local>,
    id: Option<std::num::NonZeroU32>,
    address: U32<BigEndian>,
    loads: [f64; 2],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_atomic
//! `aya` refuses an atomic, which is not `Copy`. The integer is accepted.
#[derive(MapValue)] //~ #[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: std::sync::atomic::AtomicU64, //~ packets: u64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_bool, late
//! `aya` refuses a `bool`, because a BPF program may store 2 there. A `u8` is accepted.
#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u32,
    live: bool, //~ live: u8,
    _unused: [u8; 3],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_enum, late
//! `aya` refuses an enum deep inside, because not every number is a variant. The integer is
//! accepted.
#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Off,
    On,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Inner {
    mode: Mode, //~ mode: u32,
}

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u32,
    inner: [Inner; 3],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    let _ = [Mode::Off, Mode::On];
    is_pod::<Value>();
}

//@ case: aya_enum_itself
//! `aya` refuses an enum, because not every number is a variant. The integer is a `Pod`.
#[derive(MapValue, Clone, Copy)]
#[map_value(aya)] //~
#[repr(u32)]
enum Value {
    Off,
    On,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    let _ = [Value::Off, Value::On];
    is_pod::<Value>(); //~ is_pod::<u32>();
}

//@ case: aya_generic
//! `aya` refuses a generic struct, which cannot be checked for all arguments at once.
#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Pair<T>(T, T); //~ struct Pair(u32, u32);

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Pair<u32>>(); //~ is_pod::<Pair>();
}

//@ case: aya_not_a_path
//! The value of `aya` must be a path.
#[derive(MapValue, Clone, Copy)]
#[map_value(aya = "not a path")] //~ #[map_value(aya = "::aya")]
#[repr(C)]
struct Value {
    packets: u64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_not_copy
//! `aya` refuses a type that is not `Copy`.
#[derive(MapValue)] //~ #[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_padding, late
//! `aya` refuses a hole, which aya would read uninitialized. A field can fill the hole.
#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    kind: u32,
    //~ _unused: u32,
    packets: u64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_padding_inside, late
//! `aya` refuses padding inside a field.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Inner {
    packets: u64,
    kind: u32, //~ kind: u64,
}

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    inner: [Inner; 2],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_padding_tail, late
//! `aya` refuses padding at the end. A field can fill it.
#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u64,
    kind: u32,
    //~ _unused: [u8; 4],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_padding_used, late
//! A type that `aya` refuses is one error, not one more for each use.
use aya::maps::{HashMap, MapData, MapError};

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u64,
    kind: u32, //~ kind: u64,
}

fn packets(map: &HashMap<MapData, u32, Value>) -> Result<u64, MapError> {
    Ok(map.get(&1, 0)?.packets)
}

fn main() {
    let _ = packets;
}

//@ case: aya_refused_field_used
//! A field that is not a map value is the only error, whatever `aya` would say.
use aya::maps::{HashMap, MapData, MapError};

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u64,
    length: usize, //~ length: u64,
}

fn packets(map: &HashMap<MapData, u32, Value>) -> Result<u64, MapError> {
    Ok(map.get(&1, 0)?.packets)
}

fn main() {
    let _ = packets;
}

//@ case: aya_twice
//! `aya` cannot be given twice.
#[derive(MapValue, Clone, Copy)]
#[map_value(aya, aya)] //~ #[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_two_mistakes, 3 errors, late
//! `aya` reports all mistakes of a struct at once.
#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    live: bool, //~ live: u64,
    packets: u64,
    up: bool, //~ up: u64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}

//@ case: aya_union_field, late
//! `aya` refuses a field that is a union, because some bytes may be uninitialized. Bytes are
//! accepted.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: u32,
    v6: [u8; 16],
}

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    address: Address, //~ address: [u32; 4],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    let _ = (Address { v6: [0; 16] }, Address { v4: 0 });
    is_pod::<Value>();
}

//@ case: aya_union_itself
//! `aya` refuses a union. A struct of its bytes is accepted.
#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
union Value { //~ struct Value {
    v4: u32, //~
    v6: [u32; 4],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
