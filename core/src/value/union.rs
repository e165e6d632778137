//! Unions as map values: what the mirrors that the derive writes are made of.
//!
//! Which field of a union is valid, only the program knows. Through a handle, each field is reached
//! by a method of its name, like any other value.
//!
//! `load` of a whole union moves chunks as wide as the union's alignment, which is that of its
//! widest leaf: so no leaf of any field is torn. Where others store a narrower field at the same
//! moment, that is an access of mixed sizes ("Mixed sizes" at `Mapping`).

use core::fmt;
use core::hash::{Hash, Hasher};
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::Deref;
use core::ptr::NonNull;
use core::slice;

use crate::error::InvalidValue;
use crate::layout::Layout;
use crate::value::{Access, MapValue, Mirror, Plain, ReadWrite, Storable};
use crate::value::{chunks, codec};

/// A union that the derive made a value.
///
/// # Safety
///
/// The type is a union, and so are its mirrors. All of its fields are `Plain`, lie at offset 0, and
/// have a layout without `bool` and enums: any initialized bytes are a value of each.
pub unsafe trait UnionValue: MapValue {
    /// Keeps an unsafe trait of another name from being implemented in the name of this one.
    #[doc(hidden)]
    fn __union() {}
}

/// A field of a union's mirror.
///
/// It cannot be made outside of this module. A mirror could otherwise be made of its smallest
/// field, such as an empty array, and the rest of its bytes would be uninitialized.
pub type Part<M> = ManuallyDrop<Hidden<M>>;

/// See [`Part`].
#[derive(Debug)]
#[repr(transparent)]
pub struct Hidden<M>(M);

/// The field of a union's mirror that is the mirror `P`.
#[inline]
pub fn part<P: Mirror<Access = M::Access>, M: Mirror<Value: UnionValue>>(mirror: &M) -> &P {
    const {
        assert!(size_of::<P>() <= size_of::<M>() && align_of::<P>() <= align_of::<M>());
        assert!(P::Value::LAYOUT.align() <= M::Value::LAYOUT.align());
    }
    // SAFETY: `M` is a union (`UnionValue`) in which `P` fits, as is asserted above, also with the
    // alignment that the leaves of `P` need: "Reading a union field is … as if transmuted"
    // (Reference). Any bits are a valid mirror (`MapValue`, promise 3), of the mode that `M` has.
    // Others may change the cells at any moment, also through the mirrors of other fields: a union
    // with a cell in it counts as a cell.
    unsafe { NonNull::from(mirror).cast::<P>().as_ref() }
}

/// Loads a whole union.
#[inline]
pub fn load<T: UnionValue, A: Access>(mirror: &T::Shared<A>) -> T {
    let size = size_of::<T>();
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: `value` is valid for writes of its size; from here on its bytes are initialized.
    unsafe { value.as_mut_ptr().write_bytes(0, 1) };
    // SAFETY: they are those of `value`, which nothing else refers to.
    let bytes = unsafe { slice::from_raw_parts_mut(value.as_mut_ptr().cast::<u8>(), size) };
    // SAFETY: a mirror has the size of its type (`MapValue`, promise 1); only atomics reach it.
    unsafe { chunks::load(NonNull::from(mirror).cast(), bytes, T::LAYOUT.align().min(chunks::WIDEST)) };
    // SAFETY: any initialized bytes are a value of each field (`UnionValue`).
    unsafe { value.assume_init() }
}

/// Whether a field of a union may be read from every value of the union.
#[derive(Debug)]
pub struct Field<const INITIALIZED: bool>;

/// A field whose bytes are initialized, whichever field the union was made from.
#[diagnostic::on_unimplemented(
    message = "this field of the union may have uninitialized bytes",
    label = "the union may have been made from a field that is shorter, or has padding there",
    note = "declare what holds the union as `Whole<Union>`, and read `value.get(|field| Union {{ field }})`; or read the field in place, \
            by the method of the mirror: `view.union.field().load()`"
)]
pub trait Initialized {}

#[diagnostic::do_not_recommend]
impl Initialized for Field<true> {}

/// Whether every value of the union `U` has all bytes of the field that the closure fills.
pub const fn is_initialized<U: UnionValue, F: Plain>(_: fn(F) -> U) -> bool {
    U::LAYOUT.has_all_of(&F::LAYOUT, true)
}

/// Reads the field of a union that the closure fills.
///
/// Safe code makes a union from one of its fields, or assigns to one. Both initialize the leaves of
/// that field, and may leave its padding and all other bytes uninitialized. So a byte that belongs
/// to a leaf of every field is initialized in every value of the union, and a field may be read if
/// it has no others. (A field that is a union itself needs the bytes of all of its fields.)
#[inline]
pub fn read<U: UnionValue, F: Plain>(value: &U, _: fn(F) -> U) -> F {
    const {
        assert!(U::LAYOUT.has_all_of(&F::LAYOUT, true), "not every value of the union has all bytes of the field");
    }
    // SAFETY: every value of `U` has the bytes of all leaves of `F` initialized, as is asserted
    // above. (The layout has all fields of the union: `MapValue`, promise 2. The derive refuses a
    // union whose fields it cannot see.)
    unsafe { read_initialized(value) }
}

/// Reads an `F` from the start of a union.
///
/// # Safety
///
/// The bytes of all leaves of `F` are initialized in `value`.
#[inline]
unsafe fn read_initialized<U: UnionValue, F: Plain>(value: &U) -> F {
    const {
        assert!(size_of::<F>() <= size_of::<U>() && F::LAYOUT.size() == size_of::<F>());
        assert!(!F::LAYOUT.holds_checked(), "not any byte is a `bool` or an enum");
    }
    // SAFETY: `value` has at least as many bytes as `F`, and those of the leaves are initialized
    // (the caller's promise), of which any are a value (asserted above). Padding may be anything.
    unsafe { NonNull::from(value).cast::<F>().read_unaligned() }
}

/// A union all bytes of which are initialized: it was decoded, loaded, or made by [`Whole::new`].
///
/// A union in Rust may have been made from its shortest field. Its other bytes are uninitialized
/// then, and to read them is undefined behavior. So the methods that the derive gives a union read
/// only the fields that are initialized whichever it was made from: those that no field is shorter
/// than. And a union is not stored whole.
///
/// A `Whole` in its place, in a struct or alone, has no such bytes. So each field can be read, and
/// the value is stored, encoded and compared whole. That makes a struct with an address of either
/// family a key of a [`TypedMap`](crate::bpf::TypedMap) or a `HashMap`:
///
/// ```
/// use mapvalue::{MapValue, Whole};
///
/// #[derive(MapValue, Clone, Copy)]
/// #[repr(C)]
/// union Address {
///     v4: u32,
///     v6: [u8; 16],
/// }
///
/// #[derive(MapValue, Clone, Copy, PartialEq, Eq, Hash, Debug)]
/// #[repr(C)]
/// struct Flow {
///     family: u32,
///     from: Whole<Address>,
/// }
///
/// let flow = Flow::from_bytes(&[7; 20])?;
/// assert_eq!(flow.from.v4(), 0x0707_0707); // no field is shorter
/// assert_eq!(flow.from.get(|v6| Address { v6 }), [7; 16]);
///
/// // The other 12 bytes of the address are 0.
/// let flow = Flow { family: 2, from: Whole::new(|v4| Address { v4 }, 0x0707_0707) };
/// assert_eq!(flow.to_bytes(), [&[2, 0, 0, 0][..], &[7; 4], &[0; 12]].concat());
/// assert_eq!(Flow::from_bytes(&flow.to_bytes())?, flow);
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// Its mirror is that of the union. A store writes all of its bytes, in accesses as wide as the
/// union's alignment. To store less, store a field through the mirror. Two are equal if their bytes
/// are, which is what the kernel says of keys. Bytes that no field has are 0 in all of that.
#[repr(transparent)]
pub struct Whole<U>(U);

#[expect(clippy::expl_impl_clone_on_copy, reason = "a derived one would call `U::clone`")]
impl<U: Copy> Clone for Whole<U> {
    /// Copies it. (`U::clone` may be anybody's, and return a union made from its shortest field.)
    fn clone(&self) -> Self {
        *self
    }
}

impl<U: Copy> Copy for Whole<U> {}

impl<U: UnionValue> Whole<U> {
    /// Makes a union of one of its fields, with all other bytes 0.
    ///
    /// The closure says which field: `Whole::new(|v4| Address { v4 }, 0x0a00_0001)`. It is never
    /// called.
    #[inline]
    pub fn new<F: Plain + Storable>(_: fn(F) -> U, value: F) -> Self {
        const {
            assert!(U::LAYOUT.has_all_of(&F::LAYOUT, false), "the union has not all bytes of the field");
        }
        codec::decode_plain_from(|whole| codec::with_bytes(&value, |bytes| whole[..bytes.len()].copy_from_slice(bytes)))
    }

    /// Calls `then` with all bytes. Those that no field has are 0.
    fn with_bytes<R>(&self, then: impl FnOnce(&[u8]) -> R) -> R {
        let mut copy = MaybeUninit::<U>::uninit();
        let to = copy.as_mut_ptr().cast::<u8>();
        // SAFETY: `copy` is valid for writes of its size; from here on its bytes are initialized.
        unsafe { to.write_bytes(0, size_of::<U>()) };
        let filled = const { U::LAYOUT.is_filled() };
        for at in (0..size_of::<U>()).filter(|at| filled || U::LAYOUT.holds(*at, false)) {
            // SAFETY: `at` is inside the union.
            let from = unsafe { NonNull::from(&self.0).cast::<u8>().add(at) };
            // SAFETY: the byte belongs to a leaf of a field, so it is initialized: all were as the
            // union was made (see `get`).
            let byte = unsafe { from.read() };
            // SAFETY: `at` is inside `copy`, which has the union's size.
            let to = unsafe { to.add(at) };
            // SAFETY: as above; it is valid for writes.
            unsafe { to.write(byte) };
        }
        // SAFETY: these are the bytes of `copy`, all of them initialized, which nothing writes.
        then(unsafe { slice::from_raw_parts(to, size_of::<U>()) })
    }

    /// Returns the field that the closure fills: `value.get(|v6| Address { v6 })`.
    ///
    /// The closure is never called. It does not compile for a type that has bytes which no field of
    /// the union has.
    #[inline]
    pub fn get<F: Plain>(&self, _: fn(F) -> U) -> F {
        const {
            assert!(U::LAYOUT.has_all_of(&F::LAYOUT, false), "the union has not all bytes of the field");
        }
        // SAFETY: all bytes were initialized as the union was loaded (`new` loads one as well):
        // `Whole` is made nowhere else, but copied, and gives no `&mut U`. A copy of a union keeps
        // the bytes that belong to a leaf of one of its fields, and `F` has no others (asserted
        // above).
        unsafe { read_initialized(&self.0) }
    }
}

impl<U> Deref for Whole<U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        &self.0
    }
}

impl<U: UnionValue> PartialEq for Whole<U> {
    fn eq(&self, other: &Self) -> bool {
        self.with_bytes(|bytes| other.with_bytes(|others| bytes == others))
    }
}

impl<U: UnionValue> Eq for Whole<U> {}

impl<U: UnionValue> Hash for Whole<U> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.with_bytes(|bytes| bytes.hash(state));
    }
}

impl<U: UnionValue> fmt::Debug for Whole<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Whole").field(&U::LAYOUT.name()).finish()
    }
}

// SAFETY: it is `repr(transparent)` over the union, whose mirror and layout it has.
#[diagnostic::do_not_recommend]
unsafe impl<U: UnionValue> MapValue for Whole<U> {
    type Shared<A: Access> = U::Shared<A>;
    const LAYOUT: Layout = U::LAYOUT;

    #[inline]
    fn __try_load<A: Access>(shared: &U::Shared<A>) -> Result<Self, InvalidValue> {
        Ok(Self(load::<U, A>(shared)))
    }
}

// SAFETY: it is never an error.
#[diagnostic::do_not_recommend]
unsafe impl<U: UnionValue> Plain for Whole<U> {
    #[inline]
    fn __load<A: Access>(shared: &U::Shared<A>) -> Self {
        Self(load::<U, A>(shared))
    }
}

#[diagnostic::do_not_recommend]
impl<U: UnionValue> Storable for Whole<U> {
    #[inline]
    fn __store(shared: &U::Shared<ReadWrite>, value: &Self) {
        let (place, widest) = (NonNull::from(shared).cast(), U::LAYOUT.align().min(chunks::WIDEST));
        // SAFETY: a mirror has the size of its type (`MapValue`, promise 1), and the mode is
        // `ReadWrite`; only atomics reach it.
        value.with_bytes(|bytes| unsafe { chunks::store(place, bytes, widest) });
    }
}
