//@ case: validity_big_endian_u128
//! 16 bytes in network order are more than one access moves. Two halves are accepted.
use zerocopy::byteorder::{BigEndian, U64};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    address: zerocopy::byteorder::U128<BigEndian>, //~ address: [U64<BigEndian>; 2],
}

fn main() {
    assert!(size_of::<Value>() > U64::<BigEndian>::ZERO.get() as usize);
}

//@ pass: validity_bool
//! A `bool` is true if its byte is not zero, and is stored as 0 or 1.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    live: bool,
    flags: [bool; 3],
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let value = mapping.var::<Value>(0).unwrap();
    mapping.write_at(0, &[2, 0, 255, 0]).unwrap();
    assert_eq!((value.load().live, value.load().flags), (true, [false, true, false]));
    value.live.store(true);
    assert_eq!(value.live.load_byte(), 1);
}

//@ pass: validity_byte_order
//! Integers may have a stated byte order, as in network headers and flow keys.
use zerocopy::byteorder::{BigEndian, I64, LittleEndian, U16, U32};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    address: U32<BigEndian>,
    ports: [U16<BigEndian>; 2],
    delta: I64<LittleEndian>,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    mapping.var::<Value>(0).unwrap().ports[1].store(U16::new(443));
    let mut bytes = [0; 2];
    mapping.read_at(6, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 187]);
}

//@ case: validity_char
//! Not every number is a `char`. Any number is a `u32`, which `char::from_u32` checks.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: char, //~ field: u32,
}

//@ case: validity_char_array
//! The error for an array of `char` stands on the element.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: [char; 4], //~ field: [u32; 4],
}

//@ case: validity_duration
//! The standard library chooses the layout of `Duration`. Nanoseconds are accepted.
use std::time::Duration; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Duration, //~ field: u64,
}

//@ case: validity_enum_data
//! An enum with data is refused: its tag and its data change at different moments. The data can
//! stand beside a field-less enum.
#[derive(MapValue)]
#[repr(u32)]
enum Verdict {
    Drop,
    Redirect(u32), //~ Redirect,
}

fn main() {
    let _ = [Verdict::Drop];
    //~ assert_eq!(Verdict::Redirect.to_bytes(), 1u32.to_ne_bytes());
}

//@ case: validity_enum_data_generic
//! An enum with data of a parameter's type is one error.
#![allow(dead_code)]

#[derive(MapValue)]
#[repr(u32)]
enum Mode<T> { //~ enum Mode {
    Off,
    On(T), //~ On,
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    mode: Mode<u32>, //~ mode: Mode,
    id: u32,
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    config.id.store(1);
    let _ = config.mode.try_load();
}

//@ case: validity_enum_data_named
//! An enum with data in named fields is refused.
#[derive(MapValue)]
#[repr(u32)]
enum Verdict {
    Drop,
    Redirect { ifindex: u32 }, //~ Redirect,
}

fn main() {
    let _ = [Verdict::Drop];
    //~ assert_eq!(Verdict::Redirect.to_bytes(), 1u32.to_ne_bytes());
}

//@ case: validity_enum_data_used
//! An enum with data is one error, even when it is a field and is used.
#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
    Limit(u8), //~ Limit,
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    id: u32,
    modes: [Mode; 2],
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    config.modes[0].store(Mode::Off);
    assert!(config.modes[1].try_load().is_ok() && config.id.load() == 0);
    config.store(config.try_load().unwrap());
}

//@ pass: validity_enum_discriminants
//! Discriminants may be implicit, have gaps, be negative, and be computed.
const BASE: i16 = 300;

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(i16)]
enum Level {
    Debug = -7,
    Trace,
    Info = BASE + 1,
    Warn,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let level = mapping.var::<Level>(0).unwrap();
    assert_eq!(level.try_load().unwrap_err().value(), 0);
    for (value, number) in [(Level::Debug, -7), (Level::Trace, -6), (Level::Info, 301), (Level::Warn, 302)] {
        level.store(value);
        assert_eq!(mapping.var::<i16>(0).unwrap().load(), number);
        assert_eq!(level.try_load(), Ok(value));
    }
}

//@ case: validity_enum_drop_used
//! An enum that implements `Drop` cannot be cast to its number. That is one error, even when it is
//! used.
#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
    On = 7,
}

impl Drop for Mode { //~ impl Mode {
    fn drop(&mut self) {} //~ fn _drop(&mut self) {}
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    mode: Mode,
    id: u32,
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    config.mode.store(Mode::On);
    config.id.store(1);
    assert_eq!(config.try_load().unwrap().id, 1);
    let _ = Mode::Off;
}

//@ case: validity_enum_empty
//! An enum needs a variant: without one it has no value.
#[derive(MapValue)]
enum Never {} //~ #[repr(u8)]
//~ enum Never {
    //~ Now,
//~ }

fn main() {
    assert!(align_of::<Never>() > 0);
}

//@ pass: validity_enum_field
//! An enum in a field is checked when it is loaded, and so is a type that holds it.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum Mode {
    Off = 1,
    On,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Value {
    generation: u32,
    modes: [Mode; 2],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    assert_eq!(value.try_load().unwrap_err().path(Value::LAYOUT).to_string(), "Value.modes[0]");
    value.store(Value { generation: 1, modes: [Mode::On; 2] });
    assert_eq!(value.try_load().unwrap().modes, [Mode::On; 2]);
    value.modes[0].store(Mode::Off);
    assert_eq!(value.modes[0].try_load(), Ok(Mode::Off));
}

//@ case: validity_enum_foreign
//! A user's enum must derive `MapValue` to be a field.
//~ #[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
}

fn main() {
    let _ = Value { mode: Mode::Off };
}

//@ case: validity_enum_no_repr
//! Rust chooses the size of an enum without a repr. A C enum is a `u32`.
#[derive(MapValue)]
//~ #[repr(u32)]
enum Mode {
    Off,
    On,
}

fn main() {
    let modes = [Mode::Off, Mode::On];
    assert!(size_of_val(&modes) > 0);
    //~ assert_eq!(Mode::LAYOUT.size(), 4);
}

//@ case: validity_enum_no_repr_used
//! An enum without a repr is one error, even when it is a field and is used.
#[derive(MapValue)]
//~ #[repr(u32)]
enum Mode {
    Off,
    On,
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    mode: Mode,
    log: bool,
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    config.log.store(true);
    config.mode.store(Mode::On);
    assert!(config.mode.try_swap(Mode::Off).is_ok());
    assert!(config.try_load().is_ok());
}

//@ case: validity_enum_option
//! An `Option` of an enum has numbers of its own. A variant of the enum can stand for `None`.
#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    None,
    On,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Option<Mode>, //~ mode: Mode,
}

fn main() {
    let _ = [Mode::None, Mode::On];
    assert_eq!(size_of::<Value>(), 1);
}

//@ case: validity_enum_repr_c
//! `repr(C)` leaves the size of an enum to the C compiler. An integer repr fixes it.
#[derive(MapValue)]
#[repr(C)] //~ #[repr(u32)]
enum Mode {
    Off,
    On,
}

fn main() {
    let modes = [Mode::Off, Mode::On];
    assert!(size_of_val(&modes) > 0);
    //~ assert_eq!(Mode::LAYOUT.size(), 4);
}

//@ case: validity_enum_repr_u128
//! An enum cannot be wider than one access moves. 8 bytes are accepted.
#[derive(MapValue)]
#[repr(i128)] //~ #[repr(i64)]
enum Mode {
    Off,
    On,
}

fn main() {
    let modes = [Mode::Off, Mode::On];
    assert!(size_of_val(&modes) > 0);
    //~ assert_eq!(Mode::LAYOUT.size(), 8);
}

//@ case: validity_enum_repr_usize
//! An enum cannot be as wide as a pointer. A fixed width is accepted.
#[derive(MapValue)]
#[repr(usize)] //~ #[repr(u64)]
enum Mode {
    Off,
    On,
}

fn main() {
    let modes = [Mode::Off, Mode::On];
    assert!(size_of_val(&modes) > 0);
    //~ assert_eq!(Mode::LAYOUT.size(), 8);
}

//@ pass: validity_enum_variants
//! An enum may have one variant, two, or as many as a byte has values, in every width.
#[derive(MapValue)]
#[repr(u8)]
enum One {
    Only,
}

#[derive(MapValue)]
#[repr(u64)]
enum Wide {
    Low = 0,
    High = u64::MAX,
}

#[derive(MapValue)]
#[repr(i8)]
enum Least {
    Least = i8::MIN,
    Most = i8::MAX,
}

fn main() {
    assert!(matches!(One::from_bytes(&[0]), Ok(One::Only)));
    assert!(One::from_bytes(&[1]).is_err());
    assert_eq!(Wide::High.to_bytes(), [255; 8]);
    assert!(matches!(Wide::from_bytes(&[0; 8]), Ok(Wide::Low)));
    assert!(matches!(Least::from_bytes(&[0x80]), Ok(Least::Least)));
    assert_eq!(Least::Most.to_bytes(), [0x7f]);
}

//@ pass: validity_floats
//! Floats keep their bits, including those of a NaN.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    ratio: f32,
    mean: f64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.mean.store(f64::from_bits(0x7ff0_0000_0000_0001));
    value.ratio.store(0.5);
    assert_eq!(value.load().mean.to_bits(), 0x7ff0_0000_0000_0001);
    assert_eq!(value.ratio.swap(-0.0).to_bits(), 0.5f32.to_bits());
}

//@ case: validity_i128
//! 16 bytes with a sign are more than one access moves. Two halves are accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: i128, //~ field: [i64; 2],
}

//@ case: validity_instant
//! The standard library chooses the layout of `Instant`. Nanoseconds are accepted.
use std::time::Instant; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Instant, //~ field: u64,
}

//@ case: validity_ip_addr
//! The standard library chooses the layout of `IpAddr`. Its octets are accepted.
use std::net::IpAddr; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: IpAddr, //~ field: [u8; 16],
}

//@ case: validity_ipv4_addr
//! The standard library chooses the layout of `Ipv4Addr`. Its octets are accepted.
use std::net::Ipv4Addr; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Ipv4Addr, //~ field: [u8; 4],
}

//@ case: validity_maybe_uninit
//! `MaybeUninit` is refused: the memory of a map is never uninitialized.
use std::mem::MaybeUninit; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: MaybeUninit<u32>, //~ field: u32,
}

//@ case: validity_nonzero
//! A `NonZero` is refused, because a new map is full of zeros. An `Option` of it reads zero as
//! `None`.
use std::num::NonZeroU32;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: NonZeroU32, //~ field: Option<NonZeroU32>,
}

//@ case: validity_nonzero_generic
//! A `NonZero` is also refused in its generic spelling. An `Option` of it is accepted.
use std::num::NonZero;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: NonZero<u64>, //~ field: Option<NonZero<u64>>,
}

//@ case: validity_nonzero_path
//! A `NonZero` is also refused by its path. An `Option` of it is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: core::num::NonZeroI16, //~ field: core::option::Option<core::num::NonZeroI16>,
}

//@ case: validity_option_bool
//! An `Option` of a `bool` has numbers that are not values. A `bool` is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<bool>, //~ field: bool,
}

//@ pass: validity_option_nonzero
//! `Option<NonZero..>` of every width reads zero as `None`.
use std::num::{NonZeroI64, NonZeroU8, NonZeroU32};

#[derive(MapValue, Debug, PartialEq)]
#[repr(C)]
struct Value {
    small: Option<NonZeroU8>,
    index: [Option<NonZeroU32>; 2],
    delta: Option<NonZeroI64>,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    assert_eq!(value.load(), Value { small: None, index: [None; 2], delta: None });
    value.index[1].store(NonZeroU32::new(7));
    assert_eq!(value.load().index[1].map(NonZeroU32::get), Some(7));
}

//@ case: validity_option_number
//! An `Option` of a number has a tag beside it. An `Option` of a `NonZero` has none.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<u32>, //~ field: Option<std::num::NonZeroU32>,
}

//@ case: validity_option_time
//! The error for an `Option` of a time is about the time, and what it proposes is accepted.
use std::time::SystemTime; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    field: Option<SystemTime>, //~ field: Option<std::num::NonZeroU64>,
}

//@ case: validity_ordering
//! Not every number is an `Ordering`. Its number is accepted.
use std::cmp::Ordering; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Ordering, //~ field: i8,
}

//@ case: validity_range
//! A `Range` is a generic struct of the standard library. Its two ends are accepted.
use std::ops::Range; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Range<u32>, //~ field: [u32; 2],
}

//@ case: validity_refused_field_used
//! A refused field is one error, even when the struct is used.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    count: usize, //~ count: u64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
    assert_eq!(value.load().id, 1);
}

//@ case: validity_refused_fields_used, 5 errors
//! Five refused fields are five errors, whatever is done with the type.
#[repr(C)]
//~ #[derive(MapValue)]
struct Limits([u32; 4]);

#[derive(MapValue)]
#[repr(C)]
struct Range(u32, u32);

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Config {
    id: u32,
    limits: Limits, letter: char, sizes: [usize; 4], range: (u32, u32), name: String, //~
    //~ limits: Limits, letter: u32, sizes: [u64; 4], range: Range, name: [u8; 16],
}

#[derive(MapValue)]
#[repr(C)]
struct Outer {
    configs: [Config; 2],
    flag: bool,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let outer: Var<Outer> = mapping.var(0).unwrap();
    outer.configs[1].sizes[1].fetch_add(1);
    let id: Var<u32> = outer.project(|outer| &outer.configs[1].id);
    assert_eq!(outer.load().configs[1].id, id.load());
    let view: Var<Config, ReadOnly> = outer.project(|outer| &outer.configs[1]).read_only();
    assert_eq!(view.load().limits.0[0], 0);
    let _ = view.letter.load();
    outer.store(Outer { flag: true, ..outer.load() });
    let _ = mapping.slice::<Config>(0, 1).unwrap()[0].letter.load_acquire();
    let _ = Range(0, 0);
}

//@ case: validity_saturating
//! `Saturating` is a wrapper of the standard library that is not a map value. `Wrapping` is one.
use std::num::Saturating; //~ use std::num::Wrapping;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Saturating<u32>, //~ field: Wrapping<u32>,
}

//@ case: validity_socket_addr
//! The standard library chooses the layout of `SocketAddr`. Its octets are accepted.
use std::net::SocketAddr; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: SocketAddr, //~ field: [u8; 16],
}

//@ case: validity_system_time
//! The standard library chooses the layout of `SystemTime`. Nanoseconds are accepted.
use std::time::SystemTime; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: SystemTime, //~ field: u64,
}

//@ case: validity_two_mistakes, 2 errors
//! Two mistakes of one kind are reported at once.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    letter: char, //~ letter: u32,
    count: usize, //~ count: u64,
}

//@ case: validity_two_mistakes_of_two_kinds, 2 errors
//! Two mistakes are reported at once, though only one of them shows in the syntax.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    letter: char, //~ letter: u32,
    next: *const u8, //~ next: u64,
}

//@ case: validity_u128
//! 16 bytes are more than one access moves. Two halves are accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: u128, //~ field: [u64; 2],
}

//@ pass: validity_union
//! A union of plain fields has a method for each field, in place of unsafe reads.
use zerocopy::byteorder::{BigEndian, U32};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: U32<BigEndian>,
    v6: [u8; 16],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Peer {
    family: u16,
    port: u16,
    address: Address,
}

fn main() {
    let peer = Mapping::memfd(4096).unwrap().var::<Peer>(0).unwrap();
    peer.address.v4().store(U32::new(0x7f00_0001));
    assert_eq!(peer.address.v6()[0].load(), 127);
    assert_eq!(peer.load().family, 0);
    let last = peer.project(|peer| &peer.address.v6()[15]);
    last.store(1);
    assert_eq!(peer.read_only().address.v6()[15].load(), 1);
}

//@ case: validity_union_bool
//! A union may hold any byte where its `bool` is, which Rust's `bool` may not.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    live: bool, //~ live: u8,
    raw: u32,
}

//@ case: validity_union_bool_inside
//! The same in a struct that is in the union.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct State {
    flags: [bool; 2], //~ flags: [u8; 2],
    count: u16,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    state: State,
    raw: u32,
}

//@ case: validity_union_bool_generic, built
//! The same where the field's type is a parameter.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Either<T: Plain + Copy> {
    value: T,
    raw: u32,
}

fn main() {
    let either = Mapping::memfd(4096).unwrap().var::<Either<bool>>(0).unwrap(); //~
    //~ let either = Mapping::memfd(4096).unwrap().var::<Either<u8>>(0).unwrap();
    either.raw().store(2);
}

//@ case: validity_union_enum
//! A union cannot hold an enum: its bits may be no variant. The enum's integer is accepted.
#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    mode: Mode, //~ mode: u32,
    raw: u32,
}

fn main() {
    let _ = (Value { raw: 0 }, Mode::Off);
}

//@ case: validity_union_foreign
//! A struct in a union must derive `MapValue`, which the error proposes.
#[derive(Clone, Copy)] //~ #[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Ports {
    source: u16,
    destination: u16,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    ports: Ports,
    raw: u32,
}

fn main() {
    let _ = Value { raw: 0 };
}

//@ pass: validity_union_nested
//! A union may hold structs, unions and arrays, and may have parameters.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Ports {
    source: u16,
    destination: u16,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word<T: Copy + Plain, const N: usize> {
    ports: Ports,
    each: [T; N],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Both {
    word: Word<u8, 4>,
    raw: u32,
}

fn main() {
    let both = Mapping::memfd(4096).unwrap().var::<Both>(0).unwrap();
    both.word().ports().destination.store(0x0101);
    assert_eq!((both.word().each()[2].load(), both.word().each()[3].load()), (1, 1));
    assert_eq!(both.raw().load().count_ones(), 2);
}

//@ case: validity_union_pointer
//! A pointer in a union has the error of a pointer. An address in the kernel is a number.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    pointer: *const u8, //~ pointer: u64,
    raw: u64,
}

fn main() {
    let _ = Value { raw: 0 };
}

//@ case: validity_union_refused_field_used
//! A union with a refused field is one error, even when it is used.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Size {
    bytes: usize, //~ bytes: u64,
    pages: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    size: Size,
    limit: u64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.size.bytes().store(1);
    value.size.pages().fetch_add(1);
    assert_eq!(value.load().limit, value.limit.load());
}

//@ case: validity_union_struct_with_enum
//! A union cannot hold a struct with an enum inside. The enum's integer is accepted.
#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Rule {
    id: u32,
    mode: Mode, //~ mode: u32,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    rules: [Rule; 2],
    raw: [u8; 16],
}

fn main() {
    let _ = (Value { raw: [0; 16] }, Mode::Off);
}

//@ case: validity_union_usize
//! A `usize` in a union has the error of a `usize`. A fixed width is accepted.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    count: usize, //~ count: u64,
    raw: u64,
}

fn main() {
    let _ = Value { raw: 0 };
}

//@ pass: validity_wrapping
//! `Wrapping` is the number inside, with its arithmetic.
use std::num::Wrapping;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    sequence: Wrapping<u16>,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.sequence.fetch_sub(Wrapping(1));
    assert_eq!(value.load().sequence, Wrapping(u16::MAX));
}
