//! What a map holds: [`MapValue`] and its sub-traits ([`Plain`], [`InPlace`],
//! [`Storable`]), and the modes of access, [`ReadOnly`] and [`ReadWrite`].
//!
//! `leaf` is what one access moves, `raw` the integer that carries it, `cell` its place in memory.
//! `primitive`, `byteorder` and `pointer` are leaves; `compound`, `union`, `char_array` and `seq`
//! are made of them. `codec` decodes private bytes, `tail` and `text` what is behind a value in
//! them, `chunks` copies shared ones. None needs `std`.

pub(crate) mod arena_ptr;
pub(crate) mod byteorder;
pub(crate) mod cell;
pub(crate) mod char_array;
pub(crate) mod chunks;
pub(crate) mod codec;
pub(crate) mod compound;
#[doc(hidden)]
pub mod fold;
pub(crate) mod hash;
pub(crate) mod kptr;
pub(crate) mod leaf;
pub(crate) mod pointer;
pub(crate) mod primitive;
pub(crate) mod raw;
pub(crate) mod seq;
pub(crate) mod tail;
pub(crate) mod text;
#[doc(hidden)]
pub mod union;

use core::fmt;

use crate::error::{InvalidValue, ValueError};
use crate::layout::Layout;

pub use arena_ptr::ArenaPtr;
pub use cell::Shared;
pub use char_array::{CharArray, CharArrayShared};
pub use fold::Fold;
pub use hash::{ArenaHash, hash_bytes, hash_u32, hash_u64};
pub use kptr::{Domain, Export, Kernel, Kptr, Local};
pub use leaf::{Integer, Leaf};
pub use mapvalue_derive::MapValue;
pub use seq::{SeqCell, SeqCellShared};
pub use tail::{Rest, Tail};
pub use text::Text;
pub use union::Whole;

/// A type for memory shared with BPF programs: fixed-size, `repr(C)`, without pointers.
///
/// Derive it; do not implement it by hand. The derive proves at compile time all that the safety
/// contract below asks for, and needs no `unsafe` in the deriving crate.
///
/// ```
/// use mapvalue::MapValue;
///
/// #[derive(MapValue, Debug, PartialEq)]
/// #[repr(C)]
/// struct Stats {
///     packets: u64,
///     by_proto: [u32; 4],
///     live: bool,
/// }
///
/// assert_eq!(Stats::LAYOUT.size(), 32);
/// let stats = Stats { packets: 7, by_proto: [1, 2, 3, 4], live: true };
/// let mut record = [0; 33];
/// stats.write_bytes(&mut record[1..])?; // at any alignment
/// assert_eq!(stats.to_bytes(), record[1..]);
/// assert_eq!(Stats::from_bytes(&record[1..])?, stats);
/// assert!(Stats::from_bytes(&record).is_err()); // 33 bytes are not 32
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// Deriving it declares that any bits are a good value of the type. Safe code on any thread can
/// then make each of them, private fields included, by [`from_bytes`](Self::from_bytes) or by
/// writing to a map. If fields must agree with each other, check that where the type is used.
///
/// # Safety
///
/// An implementation promises:
///
/// 1. `Shared<A>` has the size and alignment of `Self`. It holds a [`Shared`](crate::Shared) cell
///    for every leaf of `Self`, at its offset, and nothing else but padding and zero-sized types.
/// 2. `LAYOUT.size()` is `size_of::<Self>()`, and the fields and elements in `LAYOUT` are those of
///    `Self`. In a place aligned to `LAYOUT.align()` every leaf lies at a multiple of its own
///    width. (It exceeds `align_of` only if one of zerocopy's integers, of alignment 1, is inside.)
/// 3. Every initialized bit pattern is a valid `Shared<A>`.
/// 4. `Self` has no drop glue, and holds no pointer, reference or lifetime.
/// 5. `LAYOUT.kind()` describes each byte. The bytes of an integer, character, float or pointer are
///    the same in private and in shared memory, and any of them are a value. The bytes of a `bool`
///    or enum in private memory are those that a store of it writes. An atomic is marked as one.
#[doc(alias("Pod", "bytemuck", "plain"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot live in memory shared with BPF programs",
    label = "`{Self}` is not a `MapValue`",
    note = "a map holds fixed-size plain data: integers, floats, bool, arrays, and types that derive it; no pointers or \
            references, nothing as wide as a pointer, and no type that has invalid bit patterns",
    note = "if `{Self}` is a type of yours, add `#[derive(MapValue)]` and `#[repr(C)]` to it (to an enum, `#[repr(u32)]`)"
)]
pub unsafe trait MapValue: Sized + 'static {
    /// The shared mirror: the same layout, in which each leaf is a [`Shared`] cell.
    type Shared<A: Access>: Mirror<Access = A> + Send + Sync + 'static;

    /// Size, alignment and fields, as a constant.
    const LAYOUT: Layout;

    /// Loads leaf by leaf and checks each value; `Var::try_load` is the public form.
    #[doc(hidden)]
    fn __try_load<A: Access>(shared: &Self::Shared<A>) -> Result<Self, InvalidValue>;

    /// Decodes a value from the bytes of a map lookup, or of a ring buffer's record.
    ///
    /// Any alignment will do. Enums are checked, a nonzero `bool` is true, padding is ignored.
    /// Where a record may be longer (a perf buffer rounds it up, so that 16 bytes arrive as 20),
    /// [`from_prefix`](Self::from_prefix) takes what the value needs of it.
    ///
    /// # Errors
    ///
    /// [`ValueError::WrongLength`] unless `bytes` is exactly `size_of::<Self>()` long;
    /// [`ValueError::InvalidValue`] if an enum inside holds a number that none of its variants has.
    fn from_bytes(bytes: &[u8]) -> Result<Self, ValueError> {
        codec::decode(bytes)
    }

    /// Decodes a value from the start of a record, and returns the bytes behind its last field.
    ///
    /// These begin where C puts a flexible array of bytes (`char text[]`). That is before
    /// `size_of::<Self>()` if the struct ends in padding, which a record need not have.
    /// [`from_prefix_with_tail`](Self::from_prefix_with_tail) decodes elements of any type there.
    ///
    /// Any alignment will do. So it serves the bytes that the ring and perf buffers of libbpf-rs
    /// and aya return. (The kernel rounds a record in a perf buffer up to 4 bytes, less 4 than a
    /// multiple of 8. What it adds is at the end of the rest, so a tail there needs a count.)
    ///
    /// ```
    /// use mapvalue::MapValue;
    ///
    /// #[derive(MapValue, Debug, PartialEq)]
    /// #[repr(C)]
    /// struct Args {
    ///     at: u64,
    ///     len: u32,
    /// }
    ///
    /// let record = [7, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, b'l', b's', b' ', b'-', b'l', 0];
    /// let (args, rest) = Args::from_prefix(&record)?;
    /// assert_eq!(args, Args { at: 7, len: 5 });
    /// assert_eq!(&rest[..args.len as usize], b"ls -l"); // from byte 12 on, not 16
    /// assert!(Args::from_prefix(&record[..11]).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueError::TooShort`] if `bytes` ends before the last field does,
    /// [`ValueError::InvalidValue`].
    fn from_prefix(bytes: &[u8]) -> Result<(Self, &[u8]), ValueError> {
        codec::decode_prefix(bytes)
    }

    /// Decodes a value from the start of a record, and returns the elements behind it: a flexible
    /// array of C.
    ///
    /// ```
    /// use mapvalue::MapValue;
    ///
    /// // struct { __u32 count; __u64 stack[]; }
    /// let record = [2u64.to_ne_bytes(), 7u64.to_ne_bytes(), 8u64.to_ne_bytes()].concat();
    /// let (count, stack) = u32::from_prefix_with_tail::<u64>(&record)?;
    /// assert_eq!(stack.first(count as usize)?.iter().collect::<Vec<_>>(), [7, 8]);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_prefix`](Self::from_prefix).
    fn from_prefix_with_tail<E: MapValue>(bytes: &[u8]) -> Result<(Self, Tail<'_, E>), ValueError> {
        let (value, _) = codec::decode_prefix(bytes)?;
        Ok((value, Rest::behind::<Self>(bytes).tail()))
    }

    /// Encodes the value for a map update: `size_of::<Self>()` bytes, padding zeroed.
    #[cfg(feature = "std")]
    fn to_bytes(&self) -> Vec<u8>
    where
        Self: Storable,
    {
        let mut bytes = vec![0; Self::LAYOUT.size()];
        codec::encode(self, &mut bytes).expect("the buffer has the length of the value");
        bytes
    }

    /// Encodes the value as [`to_bytes`](Self::to_bytes) does, into the caller's buffer.
    ///
    /// # Errors
    ///
    /// [`ValueError::WrongLength`] unless `out` is `size_of::<Self>()` long; it is unchanged then.
    fn write_bytes(&self, out: &mut [u8]) -> Result<(), ValueError>
    where
        Self: Storable,
    {
        codec::encode(self, out)
    }
}

/// Loads and checks a value. An error names the invalid enum's place in `T`.
#[inline]
pub(crate) fn try_load<T: MapValue, A: Access>(shared: &T::Shared<A>) -> Result<T, InvalidValue> {
    T::__try_load::<A>(shared).map_err(|invalid| invalid.inside(const { &T::LAYOUT }))
}

/// A [`MapValue`] that can be loaded from any bits: there is no enum inside.
///
/// Most leaves are their bits. A `bool` is loaded as `byte != 0`, so it is `Plain` as well; but not
/// any byte is a `bool` in Rust, so it cannot be a field of a union, which is loaded as it is.
///
/// It makes [`Var::load`](crate::Var::load) infallible. Derived if all fields are `Plain`.
///
/// ```
/// use mapvalue::{Mapping, Plain, Storable, Var};
///
/// fn take<T: Plain + Storable + Default>(var: &Var<T>) -> T {
///     let value = var.load(); // no `Result`
///     var.store(T::default());
///     value
/// }
///
/// let counters = Mapping::memfd(64)?.var::<[u64; 8]>(0)?;
/// counters[3].store(7);
/// assert_eq!(take(&counters)[3], 7);
/// assert_eq!(counters.load(), [0; 8]);
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// # Safety
///
/// `MapValue::__try_load` of the type never returns an error.
#[diagnostic::on_unimplemented(
    message = "not every bit pattern of `{Self}` is a value, so `load`, `swap` and their kin could make an invalid one",
    label = "`{Self}` holds an enum (it is not `Plain`)",
    note = "use `try_load` (`try_swap`, `try_compare_exchange`; `try_read` of a `SeqCell`), which tells of an `InvalidValue` when a BPF program stored something else"
)]
pub unsafe trait Plain: MapValue {
    /// Loads leaf by leaf; `Var::load` is the public form.
    #[doc(hidden)]
    fn __load<A: Access>(shared: &Self::Shared<A>) -> Self;
}

/// A [`MapValue`] that can be stored whole: it holds no bare union and no [`SeqCell`].
///
/// A union may have been made from its smallest field. Its other bytes are then uninitialized, and
/// nobody may read them, not even to copy them into a map. So a union is stored as a
/// [`Whole`](crate::Whole), which has no such bytes, or field by field, through its mirror. A
/// `SeqCell` has its own `write`.
///
/// Derived for a struct if all fields are `Storable`. See [`Plain`] for an example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored as a whole: it holds a union, some bytes of which may be uninitialised, or a `SeqCell`",
    label = "`{Self}` holds a union or a `SeqCell` (it is not `Storable`)",
    note = "declare a union in it as `Whole<Union>`, made by `Whole::new(|field| Union {{ field }}, value)`; or store the fields one by one \
            through the handle: `var.field().store(value)` for a field of a union, `var.cell.write(value)` for a `SeqCell`"
)]
pub trait Storable: MapValue {
    /// Stores leaf by leaf, without padding; `Var::store` is the public form.
    #[doc(hidden)]
    fn __store(shared: &Self::Shared<ReadWrite>, value: &Self);
}

/// A [`MapValue`] made of atomics alone, which may be used in place as `&Self`.
///
/// These are `core`'s atomic integers, and structs and arrays of them. Gives `Var<T>: AsRef<T>`,
/// and [`Var::as_ref`](crate::Var::as_ref), whose example shows it.
///
/// # Safety
///
/// Every byte of the type that is not padding is inside an atomic integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be referenced in place: memory that BPF programs write is never `&{Self}`",
    label = "`{Self}` is not made of atomics alone",
    note = "use the fields of the shared mirror, or `load` a copy"
)]
pub unsafe trait InPlace: MapValue {
    /// The derive checks each field here once more, by the type that it really has.
    #[doc(hidden)]
    fn __fields(_: &Self) {}
}

/// The mirror of a type. From it, [`Var::project`](crate::Var::project) infers the type.
///
/// It gives the mirrors of structs and arrays inside a value what a handle has: `load` and `store`
/// as a whole, leaf by leaf. (A [`Shared`](crate::Shared) cell has methods of its own.)
///
/// ```
/// use mapvalue::{MapValue, Mapping, Mirror, Var};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Rule {
///     port: u16,
///     name: [u8; 6],
/// }
///
/// let mapping = Mapping::memfd(4096)?;
/// let rules: Var<[Rule; 8]> = mapping.var(0)?;
/// rules[3].store(Rule { port: 53, name: *b"dns\0\0\0" });
/// assert_eq!(rules[3].name.load(), *b"dns\0\0\0");
/// assert_eq!(rules[3].load().port, 53);
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// Implemented by [`Shared`](crate::Shared), arrays of mirrors, and the mirrors of the derive.
///
/// # Safety
///
/// The type is the mirror that a `MapValue` implementation promises, or a part of one.
pub unsafe trait Mirror: Sized {
    /// The type that this mirrors.
    type Value: MapValue;
    /// The mode of access to memory.
    type Access: Access;

    /// Loads the whole value, leaf by leaf, each relaxed.
    #[inline]
    fn load(&self) -> Self::Value
    where
        Self::Value: Plain + MapValue<Shared<Self::Access> = Self>,
    {
        Self::Value::__load::<Self::Access>(self)
    }

    /// Loads the whole value, leaf by leaf, each relaxed, and checks the enums inside.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] with the number, enum and offset of the first enum whose number is invalid.
    #[inline]
    fn try_load(&self) -> Result<Self::Value, InvalidValue>
    where
        Self::Value: MapValue<Shared<Self::Access> = Self>,
    {
        try_load::<Self::Value, Self::Access>(self)
    }

    /// Stores the whole value, leaf by leaf, each relaxed; padding is not written.
    #[inline]
    fn store(&self, value: Self::Value)
    where
        Self::Value: Storable + MapValue<Shared<Self::Access> = Self>,
        Self::Access: Writable,
    {
        Self::Value::__store(Self::Access::read_write::<Self::Value>(self), &value);
    }
}

mod sealed {
    pub trait Sealed {}
}

/// The mode in which a handle accesses memory: [`ReadOnly`] or [`ReadWrite`].
///
/// Code can accept handles of either mode, or those that store:
///
/// ```
/// use mapvalue::{Access, Mapping, Var, Writable};
///
/// fn total<A: Access>(counters: &Var<[u64; 4], A>) -> u64 {
///     counters.iter().map(|counter| counter.load()).sum()
/// }
///
/// fn reset<A: Writable>(counters: &Var<[u64; 4], A>) {
///     counters.iter().for_each(|counter| counter.store(0));
/// }
///
/// let mapping = Mapping::memfd(4096)?;
/// let counters: Var<[u64; 4]> = mapping.var(0)?; // `ReadWrite` is the default
/// counters[3].store(7);
/// assert_eq!((total(&counters), total(&mapping.var_ro(0)?)), (7, 7));
/// reset(&counters);
/// assert_eq!(total(&counters), 0);
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub trait Access: sealed::Sealed + Copy + fmt::Debug + Send + Sync + 'static {
    /// Whether stores exist.
    const WRITABLE: bool;
}

/// Loads only: handles of this mode have no stores, so a write does not compile.
///
/// ```compile_fail
/// # use mapvalue::{Mapping, ReadOnly, Var};
/// let view: Var<u64, ReadOnly> = Mapping::memfd(4096)?.var_ro(0)?;
/// view.store(7);
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOnly;

/// Loads, stores and read-modify-write operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadWrite;

impl sealed::Sealed for ReadOnly {}
impl sealed::Sealed for ReadWrite {}
impl Access for ReadOnly {
    const WRITABLE: bool = false;
}
impl Access for ReadWrite {
    const WRITABLE: bool = true;
}

/// The mode that has stores: only [`ReadWrite`]. See [`Access`] for an example.
#[diagnostic::on_unimplemented(
    message = "a store through a read-only handle: its mode is `{Self}`",
    label = "this handle only loads",
    note = "make the handle with `var`, `array` or `slice`, which give `ReadWrite`; they return an error if the mapping is read-only"
)]
pub trait Writable: Access {
    /// Returns the same mirror as the type that stores take.
    #[doc(hidden)]
    fn read_write<T: MapValue>(shared: &T::Shared<Self>) -> &T::Shared<ReadWrite>;
    #[doc(hidden)]
    fn read_write_slice<T: MapValue>(shared: &[T::Shared<Self>]) -> &[T::Shared<ReadWrite>];
}

impl Writable for ReadWrite {
    #[inline]
    fn read_write<T: MapValue>(shared: &T::Shared<Self>) -> &T::Shared<ReadWrite> {
        shared
    }
    #[inline]
    fn read_write_slice<T: MapValue>(shared: &[T::Shared<Self>]) -> &[T::Shared<ReadWrite>] {
        shared
    }
}
