//@ case: generics_array_of_tuples
//! The error for an array of tuples stands on the element.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: [(u8, u8); 4], //~ field: [[u8; 2]; 4],
}

//@ pass: generics_associated_type
//! A field may have an associated type of a parameter.
trait Kind {
    type Id;
}

struct Flow;

impl Kind for Flow {
    type Id = [u8; 16];
}

#[derive(MapValue)]
#[repr(C)]
struct Entry<K: Kind + 'static> {
    id: K::Id,
    parent: [<K as Kind>::Id; 2],
}

fn main() {
    let entry = Mapping::memfd(4096).unwrap().var::<Entry<Flow>>(0).unwrap();
    entry.parent[1][15].store(1);
    assert_eq!(entry.load().parent[1][15], 1);
}

//@ case: generics_associated_type_bad
//! An associated type that turns out to be a pointer is refused where the struct is used.
trait Kind {
    type Id;
}

impl Kind for u8 {
    type Id = *const u8; //~ type Id = u64;
}

#[derive(MapValue)]
#[repr(C)]
struct Entry<K: Kind> {
    id: K::Id,
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Entry<u8>>(0);
}

//@ case: generics_bad_argument
//! An argument that is not a map value is refused where the struct is used.
#[derive(MapValue)]
#[repr(C)]
struct Sample<T> {
    value: T,
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Sample<char>>(0); //~
    //~ let _ = Mapping::memfd(4096).unwrap().var::<Sample<u32>>(0);
}

//@ case: generics_bad_argument_in_field
//! In a field, the error for a bad argument stands on the field's type.
#[derive(MapValue)]
#[repr(C)]
struct Sample<T> {
    value: T,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    sample: Sample<usize>, //~ sample: Sample<u64>,
}

//@ case: generics_bad_field_bounded_used
//! A bad field that depends on a parameter with bounds is one error.
trait Number: Copy {}

impl Number for u32 {}

#[derive(MapValue)]
#[repr(C)]
struct Sample<T: Number + Plain>
where
    Option<T>: PartialEq,
{
    value: T,
    last: Option<T>, //~ last: [T; 2],
}

fn main() {
    let sample = Mapping::memfd(4096).unwrap().var::<Sample<u32>>(0).unwrap();
    sample.value.store(1);
    let _ = sample.last[0].load();
    assert_eq!(sample.load().value, 1);
}

//@ case: generics_bad_fields_used, 2 errors
//! Bad fields that depend on the parameter are one error each, whatever is done with the struct.
#[derive(MapValue)]
#[repr(C)]
struct Sample<T, const N: usize> {
    value: T,
    names: Vec<T>, //~ names: [T; 4],
    pair: (T, [u8; N]), //~ pair: [u8; N],
    count: u32,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let sample: Var<Sample<u32, 4>> = mapping.var(0).unwrap();
    sample.value.store(1);
    sample.count.fetch_add(1);
    let _ = (sample.names[0].load(), sample.pair[0].load());
    let copy = sample.load();
    assert_eq!(copy.count, 1);
    sample.store(copy);
    let _ = mapping.slice::<[Sample<u64, 2>; 2]>(0, 1).unwrap()[0][1].count.load();
}

//@ pass: generics_bounded
//! A parameter may have the bound written out.
#[derive(MapValue)]
#[repr(C)]
struct Sample<T: MapValue + Copy> {
    time: u64,
    value: T,
}

fn put<T: Plain + Storable + Copy>(var: &Var<Sample<T>>, value: T) -> T {
    var.store(Sample { time: 1, value });
    var.load().value
}

fn main() {
    let var = Mapping::memfd(4096).unwrap().var(0).unwrap();
    assert_eq!(put::<[u16; 3]>(&var, [1, 2, 3]), [1, 2, 3]);
}

//@ pass: generics_const
//! An array may be as long as a parameter says, and the parameter may have a default.
#[derive(MapValue)]
#[repr(C)]
struct Histogram<T = u64, const N: usize = 8, const M: usize = { 2 * 2 }> {
    total: T,
    buckets: [[T; M]; N],
}

fn main() {
    assert_eq!(Histogram::<u64>::LAYOUT.size(), 8 + 8 * 4 * 8);
    let histogram = Mapping::memfd(4096).unwrap().var::<Histogram<u16, 3>>(0).unwrap();
    histogram.buckets[2][3].fetch_add(9);
    assert_eq!(histogram.load().buckets[2], [0, 0, 0, 9]);
}

//@ pass: generics_defaults
//! Parameters may have defaults, one of which is another parameter.
#[derive(MapValue)]
#[repr(C)]
struct Range<T, U = T> {
    start: T,
    end: U,
}

fn main() {
    let range = Mapping::memfd(4096).unwrap().var::<Range<u32>>(0).unwrap();
    range.end.store(3);
    let _: &RangeShared<u32> = &range;
    assert_eq!(range.load().end, 3);
}

//@ case: generics_enum
//! An enum without fields takes no parameters.
#[derive(MapValue)]
#[repr(u8)]
enum Mode<const N: usize> { //~ enum Mode {
    Off,
}

fn main() {
    let _ = Mode::<0>::Off; //~ let _ = Mode::Off;
}

//@ case: generics_fixed_bad_field
//! A bad field that does not depend on the parameter is refused where the field stands.
#[derive(MapValue)]
#[repr(C)]
struct Sample<T> {
    value: T,
    name: String, //~ name: [u8; 16],
}

fn main() {
    assert!(size_of::<Sample<u32>>() > 0);
}

//@ pass: generics_in_generic_function
//! Handles work in code that is generic over the value and the mode.
fn total<A: Access>(cells: &[Shared<u64, A>]) -> u64 {
    cells.iter().map(Shared::load).sum()
}

fn snapshot<T: Plain, A: Access>(var: &Var<T, A>) -> T {
    var.load()
}

fn name_of<M: Mirror>(_: &M) -> &'static str {
    M::Value::LAYOUT.name()
}

fn main() {
    let cells = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    cells[3].store(2);
    assert_eq!((total(&*cells), total(&*cells.read_only()), snapshot(&cells)), (2, 2, [0, 0, 0, 2]));
    assert_eq!(name_of(&cells[0]), "u64");
}

//@ case: generics_load_in_generic_code
//! Generic code that loads must say that its parameter is `Plain`, so that it holds no enum.
fn get<T: MapValue>(var: &Var<T>) -> T { //~ fn get<T: Plain>(var: &Var<T>) -> T {
    var.load()
}

fn main() {
    assert_eq!(get(&Mapping::memfd(4096).unwrap().var::<u32>(0).unwrap()), 0);
}

//@ pass: generics_named_like_ours
//! Parameters and constants may have the names that the derive uses itself.
#[derive(MapValue)]
#[repr(C)]
struct Both<A, Access, const N: usize> {
    a: A,
    access: [Access; N],
}

#[derive(MapValue)]
#[repr(C)]
struct Const<const A: usize> {
    each: [u8; A],
}

#[derive(MapValue)]
#[repr(C)]
struct More<Shared, MapValue, ReadWrite, T>(Shared, MapValue, ReadWrite, T)
where
    T: Copy;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let both = mapping.var::<Both<u32, u8, 4>>(0).unwrap();
    both.access[3].store(1);
    let view: &BothShared<u32, u8, 4, ReadOnly> = &both.read_only();
    assert_eq!(view.access[3].load(), 1);
    assert_eq!(mapping.var::<Const<8>>(0).unwrap().each[7].load(), 1);
    mapping.var::<More<u8, u8, u8, u8>>(8).unwrap().3.store(1);
}

//@ pass: generics_phantom
//! A parameter that only marks may be any type.
use std::marker::PhantomData;

#[derive(MapValue)]
#[repr(C)]
struct Id<T>(u32, PhantomData<T>);

#[derive(MapValue)]
#[repr(C)]
struct Any<T: ?Sized>(u32, PhantomData<fn(&T)>);

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    mapping.var::<Id<Vec<String>>>(0).unwrap().0.store(2);
    assert_eq!(mapping.var::<Any<str>>(0).unwrap().load().0, 2);
}

//@ pass: generics_pointed_to
//! The target of a pointer need not be a map value.
#[derive(MapValue)]
#[repr(C)]
struct Links<T, D: Domain> {
    next: ArenaPtr<T>,
    owner: [Kptr<T, D>; 2],
}

fn main() {
    let links: Var<Links<String, Kernel>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    assert!(links.next.load().is_null() && links.owner[1].load().is_null());
}

//@ pass: generics_pointed_to_derives
//! A pointer is a number: it can be copied, compared and printed whatever it points to.
#[derive(MapValue, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(C)]
struct Node<T> {
    next: ArenaPtr<T>,
    value: u64,
}

fn is_copied<'a>(pointer: ArenaPtr<&'a u8>) -> [ArenaPtr<&'a u8>; 2] {
    [pointer, pointer]
}

fn main() {
    let node = Node::<u8>::default();
    assert_eq!(format!("{node:?}"), "Node { next: ArenaPtr(0x0), value: 0 }");
    assert!(is_copied(ArenaPtr::NULL)[0] == ArenaPtr::NULL);
}

//@ case: generics_self
//! A field cannot use `Self`, which would mean the mirror there. The type's name is accepted.
trait Sized2 {
    type Word;
}

impl Sized2 for Value {
    type Word = u32;
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    word: <Self as Sized2>::Word, //~ word: <Value as Sized2>::Word,
}

fn main() {
    assert_eq!(size_of::<Value>(), 4);
}

//@ case: generics_self_in_length
//! The length of an array cannot use `Self`. The type's name is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    words: [u32; Self::LEN], //~ words: [u32; Value::LEN],
}

impl Value {
    const LEN: usize = 3;
}

fn main() {
    assert_eq!(size_of::<Value>(), 12);
}

//@ case: generics_tuple
//! A tuple has no fixed layout. An array has.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: (u32, u32), //~ field: [u32; 2],
}

//@ pass: generics_unbounded
//! A parameter needs no bound: the derive adds `MapValue`.
#[derive(MapValue)]
#[repr(C)]
struct Pair<K, V> {
    key: K,
    value: [V; 2],
}

fn main() {
    let pair = Mapping::memfd(4096).unwrap().var::<Pair<u32, Pair<u8, bool>>>(0).unwrap();
    pair.value[1].value[0].store(true);
    assert!(pair.load().value[1].value[0]);
}

//@ pass: generics_union
//! A parameter in a union need not be declared `Plain`.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Either<A: Copy, B: Copy> {
    one: A,
    other: [B; 2],
}

fn main() {
    let either: Var<Either<u64, u32>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    either.other()[1].store(1);
    assert_eq!(either.one().load(), if cfg!(target_endian = "little") { 1 << 32 } else { 1 });
}

//@ case: generics_unit
//! `()` is a tuple, so it is refused. An empty array is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: (), //~ field: [u8; 0],
}

//@ case: generics_unsized
//! The last field cannot be unsized.
#[derive(MapValue)]
#[repr(C)]
struct Value<T: ?Sized> {
    length: u32,
    tail: T,
}

fn main() {
    let _ = mapvalue::Mapping::memfd(4096).unwrap().var::<Value<[u8]>>(0); //~
    //~ let _ = mapvalue::Mapping::memfd(4096).unwrap().var::<Value<[u8; 4]>>(0);
}

//@ case: generics_where
//! A struct keeps its `where` clauses, and they hold where it is used.
#[derive(MapValue)]
#[repr(C)]
struct Ordered<T>
where
    T: Ord,
{
    least: T,
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Ordered<f64>>(0); //~
    //~ let _ = Mapping::memfd(4096).unwrap().var::<Ordered<u64>>(0);
}
