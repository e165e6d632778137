//! The leaf cell [`Shared`].
//!
//! Each access is relaxed, atomic and as wide as the leaf; stronger orders have their own names.

use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::Ordering;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::fence;

use crate::error::InvalidValue;
#[cfg(target_has_atomic = "64")]
use crate::value::leaf::Integer;
use crate::value::leaf::Leaf;
use crate::value::raw::{Cell, Raw};
use crate::value::{Access, Mirror, Plain, ReadWrite, Writable};

/// One leaf in shared memory: 1, 2, 4 or 8 bytes, only accessed atomically at that width.
///
/// It is used by reference, as a field of a mirror: `stats.packets` of a
/// [`Var<Stats>`](crate::Var). It cannot be built, copied out or swapped.
///
/// All operations are `Relaxed` unless the name says otherwise. On x86-64 a relaxed load or store
/// is one plain `mov`, `fetch_add` one `lock xadd` (or `lock add` if the result is unused).
///
/// ```
/// use mapvalue::{Mapping, Var};
///
/// let mapping = Mapping::memfd(4096)?;
/// let counter: Var<u64> = mapping.var(0)?;
/// counter.fetch_add(2);
/// counter.fetch_max(40);
/// assert_eq!(counter.compare_exchange(40, 41), Ok(40));
/// assert_eq!(counter.compare_exchange(40, 42), Err(41)); // somebody was first
/// assert_eq!(counter.swap(0), 41); // takes all at once
/// assert_eq!(counter.load(), 0);
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// A program may store any number to an enum, so what is found in its cell is checked:
///
/// ```
/// use mapvalue::{MapValue, Mapping};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(u8)]
/// enum State {
///     Idle,
///     Busy,
/// }
///
/// let mapping = Mapping::memfd(4096)?;
/// let state = mapping.var::<State>(0)?;
/// state.store_release(State::Busy); // after what it announces
/// assert_eq!(state.try_load_acquire(), Ok(State::Busy)); // before that is looked at
/// assert_eq!(state.try_swap(State::Idle), Ok(State::Busy));
/// assert_eq!(state.try_compare_exchange(State::Idle, State::Busy), Ok(State::Idle));
/// assert_eq!(state.try_compare_exchange(State::Idle, State::Busy), Err(Ok(State::Busy)));
/// mapping.write_at(0, &[7])?; // as a program may
/// assert_eq!(state.try_load().unwrap_err().value(), 7);
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[doc(alias("volatile", "READ_ONCE", "WRITE_ONCE"))]
#[repr(transparent)]
pub struct Shared<T: Leaf, A: Access = ReadWrite> {
    cell: T::Cell,
    mode: PhantomData<A>,
}

// SAFETY: see the implementation of `MapValue` that names it.
unsafe impl<T: Leaf, A: Access> Mirror for Shared<T, A> {
    type Value = T;
    type Access = A;
}

/// Loads in every mode, and stores on [`ReadWrite`] cells.
impl<T: Leaf, A: Access> Shared<T, A> {
    /// Returns the raw integer. A relaxed load of at most 8 bytes is the only one guaranteed not to
    /// write, so a read-only mapping allows it ("Atomic accesses to read-only memory" in
    /// `core::sync::atomic`).
    #[inline]
    fn raw(&self) -> T::Raw {
        T::Raw::load(self.cell.atomic(), Ordering::Relaxed)
    }

    /// Loads the value (relaxed) and checks that it is valid.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] with the number found, if it is not a variant of the enum `T`; else never.
    #[inline]
    pub fn try_load(&self) -> Result<T, InvalidValue> {
        T::try_from_raw(self.raw())
    }

    /// Loads the value (relaxed).
    #[inline]
    pub fn load(&self) -> T
    where
        T: Plain,
    {
        plain(self.try_load())
    }

    /// Stores the value (relaxed).
    #[inline]
    pub fn store(&self, value: T)
    where
        A: Writable,
    {
        self.__store_ref(&value);
    }

    #[inline]
    #[doc(hidden)]
    pub fn __store_ref(&self, value: &T)
    where
        A: Writable,
    {
        T::Raw::store(self.cell.atomic(), value.to_raw(), Ordering::Relaxed);
    }
}

/// Unwraps what was decoded: `Plain` promises that decoding never fails.
#[inline]
fn plain<T: Plain>(value: Result<T, InvalidValue>) -> T {
    match value {
        Ok(value) => value,
        Err(invalid) => unreachable!("a `Plain` type refused a bit pattern: {invalid}"),
    }
}

/// Orders, and read-modify-write operations on [`ReadWrite`] cells.
#[cfg(target_has_atomic = "64")]
impl<T: Leaf, A: Access> Shared<T, A> {
    /// Loads the value and acquires: orders later accesses after this load.
    ///
    /// It pairs with the [`store_release`](Shared::store_release), or a BPF program's
    /// `mv_store_release` (`mapvalue/order.bpf.h`), whose value it loads. It is a relaxed load and
    /// a fence, so it works on read-only memory too. `ThreadSanitizer` does not model fences: it
    /// reports races on plain data that is published so, although there are none; on cells it does
    /// not.
    ///
    /// ```
    /// use mapvalue::{MapValue, Mapping, Var};
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Message {
    ///     value: u64,
    ///     ready: bool,
    /// }
    ///
    /// let message: Var<Message> = Mapping::memfd(4096)?.var(0)?;
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         message.value.store(7);
    ///         message.ready.store_release(true); // last
    ///     });
    ///     while !message.ready.load_acquire() {
    ///         std::thread::yield_now();
    ///     }
    ///     assert_eq!(message.value.load(), 7);
    /// });
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    pub fn load_acquire(&self) -> T
    where
        T: Plain,
    {
        plain(self.try_load_acquire())
    }

    /// Loads the value as [`load_acquire`](Self::load_acquire) does, and checks it.
    ///
    /// # Errors
    ///
    /// As [`try_load`](Self::try_load).
    #[inline]
    pub fn try_load_acquire(&self) -> Result<T, InvalidValue> {
        // A relaxed load and a fence, not an acquire load: on read-only memory only relaxed loads
        // are known not to write. On x86-64 the fence costs no instruction.
        let raw = self.raw();
        fence(Ordering::Acquire);
        T::try_from_raw(raw)
    }

    /// Stores the value and releases: whoever acquires it sees all accesses before.
    #[inline]
    pub fn store_release(&self, value: T)
    where
        A: Writable,
    {
        T::Raw::store(self.cell.atomic(), value.to_raw(), Ordering::Release);
    }

    /// Stores the value and returns the old one, checked (relaxed).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the old number is not a variant of the enum `T`; the store has happened.
    #[inline]
    pub fn try_swap(&self, value: T) -> Result<T, InvalidValue>
    where
        A: Writable,
    {
        T::try_from_raw(T::Raw::swap(self.cell.atomic(), value.to_raw()))
    }

    /// Stores the value and returns the old one (relaxed).
    #[inline]
    pub fn swap(&self, value: T) -> T
    where
        T: Plain,
        A: Writable,
    {
        plain(self.try_swap(value))
    }

    /// Stores `new` if the value is `current` (relaxed). Floats are compared bit by bit.
    ///
    /// # Errors
    ///
    /// The value found, if it is not `current`; nothing is stored then.
    #[inline]
    pub fn compare_exchange(&self, current: T, new: T) -> Result<T, T>
    where
        T: Plain,
        A: Writable,
    {
        self.try_compare_exchange(current, new).map_err(plain)
    }

    /// Stores `new` if the value is `current` (relaxed), and checks the enum it finds.
    ///
    /// # Errors
    ///
    /// The value found, if it is not `current`, or [`InvalidValue`] if the number found is not a
    /// variant of the enum `T`. Nothing is stored then.
    #[inline]
    pub fn try_compare_exchange(&self, current: T, new: T) -> Result<T, Result<T, InvalidValue>>
    where
        A: Writable,
    {
        self.exchange(current, new, [Ordering::Relaxed; 2])
    }

    /// Stores `new` if the value is `current`, as release and acquire: a thread that acquires `new`
    /// sees what this one wrote before, and this one sees what was written before the value found.
    ///
    /// It publishes, as [`store_release`](Self::store_release) does, where several writers race.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaPtr};
    ///
    /// let arena = Arena::memfd(1)?;
    /// let slot = arena.var::<ArenaPtr<u64>>(arena.at(8))?;
    /// arena.get(arena.at::<u64>(64))?.store(7);
    /// assert!(slot.compare_exchange_acq_rel(ArenaPtr::null(), arena.at(64)).is_ok());
    /// let found = slot.compare_exchange_acq_rel(ArenaPtr::null(), arena.at(128));
    /// assert_eq!(found, Err(arena.at(64))); // and what it leads to is seen
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The value found, if it is not `current`; nothing is stored then.
    #[inline]
    pub fn compare_exchange_acq_rel(&self, current: T, new: T) -> Result<T, T>
    where
        T: Plain,
        A: Writable,
    {
        self.exchange(current, new, [Ordering::AcqRel, Ordering::Acquire]).map_err(plain)
    }

    #[inline]
    fn exchange(&self, current: T, new: T, orders: [Ordering; 2]) -> Result<T, Result<T, InvalidValue>> {
        let new = new.to_raw();
        let mut expected = current.to_raw();
        loop {
            match T::Raw::compare_exchange(self.cell.atomic(), expected, new, orders) {
                Ok(_) => return Ok(current),
                // Another encoding of the same value (`true` stored as 2 by BPF): expect that one.
                Err(found) if found != expected && T::same(found, expected) => expected = found,
                Err(found) => return Err(T::try_from_raw(found)),
            }
        }
    }

    /// Returns the atomic integer itself, for orders and operations without a name here.
    ///
    /// It holds the raw integer: a `bool`'s `u8`, a float's bits, an enum's number.
    ///
    /// ```
    /// use core::sync::atomic::Ordering;
    /// let mapping = mapvalue::Mapping::memfd(4096)?;
    /// let counter = mapping.var::<u64>(0)?;
    /// counter.atomic().fetch_add(1, Ordering::SeqCst);
    /// assert_eq!(counter.load(), 1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    pub fn atomic(&self) -> &<T::Raw as Raw>::Atomic
    where
        A: Writable,
    {
        self.cell.atomic()
    }

    /// Returns the atomic integers of cells side by side, as metric libraries want them: those of a
    /// [`Slice`](crate::Slice), or of [`Array::as_slice`](crate::Array::as_slice).
    ///
    /// For memory that can be stored to, since whoever has an atomic may store. Both handles
    /// implement `AsRef` of such a slice, too; [`leak`](crate::Slice::leak) makes it `'static`.
    #[inline]
    pub fn atomics(cells: &[Self]) -> &[T::Cell]
    where
        A: Writable,
        T::Raw: Raw<Atomic = T::Cell>,
    {
        // SAFETY: `Shared` is `repr(transparent)` over `T::Cell`, which is the atomic itself here
        // (the bound), so both slices have the same layout; and `atomic` hands out each of them.
        unsafe { core::slice::from_raw_parts(cells.as_ptr().cast(), cells.len()) }
    }
}

#[cfg(target_has_atomic = "64")]
macro_rules! fetch {
    ($($(#[$doc:meta])* $op:ident;)*) => {
        /// Arithmetic and bitwise operations, on [`ReadWrite`] cells of integers.
        ///
        /// ```
        /// let word = mapvalue::Mapping::memfd(4096)?.var::<u32>(0)?;
        /// assert_eq!(word.fetch_add(12), 0); // the value before
        /// assert_eq!(word.fetch_sub(2), 12);
        /// assert_eq!(word.fetch_and(0b0110), 0b1010);
        /// assert_eq!(word.fetch_or(0b0001), 0b0010);
        /// assert_eq!(word.fetch_xor(0b1111), 0b0011);
        /// assert_eq!(word.fetch_max(40), 0b1100);
        /// assert_eq!(word.fetch_min(30), 40);
        /// assert_eq!(word.load(), 30);
        /// # Ok::<(), mapvalue::Error>(())
        /// ```
        impl<T: Leaf, A: Access> Shared<T, A> {$(
            $(#[$doc])*
            /// Returns the old value (relaxed).
            #[inline]
            pub fn $op(&self, value: T) -> T
            where
                T: Integer,
                A: Writable,
            {
                plain(T::try_from_raw(T::Raw::$op(self.cell.atomic(), value.to_raw())))
            }
        )*}
    };
}

#[cfg(target_has_atomic = "64")]
fetch! {
    /// Adds, wrapping around.
    fetch_add;
    /// Subtracts, wrapping around.
    fetch_sub;
    /// Keeps the bits that are also set in `value`.
    fetch_and;
    /// Sets the bits that are set in `value`.
    fetch_or;
    /// Flips the bits that are set in `value`.
    fetch_xor;
    /// Keeps the smaller.
    fetch_min;
    /// Keeps the larger.
    fetch_max;
}

impl<T: Leaf + fmt::Debug, A: Access> fmt::Debug for Shared<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_load() {
            Ok(value) => value.fmt(f),
            Err(invalid) => invalid.fmt(f),
        }
    }
}

impl<A: Access> Shared<bool, A> {
    /// Loads the byte as it is: BPF may store others than 0 and 1, which are `true` too.
    ///
    /// ```
    /// let mapping = mapvalue::Mapping::memfd(4096)?;
    /// let live = mapping.var::<bool>(0)?;
    /// mapping.write_at(0, &[2])?; // not a `bool` of Rust's
    /// assert_eq!((live.load(), live.load_byte()), (true, 2));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    pub fn load_byte(&self) -> u8 {
        self.raw()
    }
}
