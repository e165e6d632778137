//! [`ArenaPtr`]: a pointer as arena memory holds it.

use core::marker::PhantomData;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::Ordering;

use crate::value::pointer::address_leaf;
#[cfg(target_has_atomic = "64")]
use crate::value::{Access, Shared, Writable};

/// A pointer to a `T` in an arena, as memory holds it: 8 bytes, a leaf like `u64`.
///
/// It is a plain number, which a BPF program may set to anything. It can be loaded, stored,
/// exchanged and compared; only the arena, which knows where it is mapped, can check and follow it.
///
/// What the number means:
///
/// - Arena memory holds *user addresses*: addresses in this process's mapping. (Each process maps a
///   memfd anywhere, so its addresses are nominal: they count from a number that is the same for
///   all.) BPF programs use only the low 32 bits, [`offset`](Self::offset): an arena never crosses
///   a 4 GiB boundary, so they identify the place.
/// - Under `BPF_F_NO_USER_CONV` some stored pointers are the bare low 32 bits. Two pointers to one
///   place can therefore differ as numbers. `==` and `compare_exchange` compare numbers;
///   [`Arena::same`](crate::Arena::same) compares places.
/// - Null is the 64-bit value 0, nothing else. The arena's first byte is not null, although its low
///   32 bits are 0: a BPF program's globals lie there, and a list head among them has this address.
///
/// `T` need not be a `MapValue`, or even sized, so a type can hold pointers to itself:
///
/// ```
/// use mapvalue::{ArenaPtr, MapValue, Mapping, Var};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Node {
///     next: ArenaPtr<Node>,
///     value: u64,
/// }
///
/// let mapping = Mapping::memfd(4096)?;
/// let node: Var<Node> = mapping.var(0)?;
/// assert!(node.next.load().is_null());
/// node.next.store(ArenaPtr::from_address(0x1_0000_0040));
/// let next = node.next.load();
/// assert_eq!((next.address(), next.offset()), (0x1_0000_0040, 0x40));
/// assert!(!ArenaPtr::<Node>::from_address(0x1_0000_0000).is_null()); // only 32 bits are 0
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[repr(transparent)]
pub struct ArenaPtr<T: ?Sized> {
    address: u64,
    // A number neither owns nor shares a `T`, so this is `Send` and `Sync` whatever `T` is.
    target: PhantomData<fn() -> T>,
}

impl<T: ?Sized> ArenaPtr<T> {
    #[inline]
    const fn new(address: u64) -> Self {
        Self { address, target: PhantomData }
    }

    /// Makes the pointer that memory holds as this number.
    #[inline]
    #[must_use]
    pub const fn from_address(address: u64) -> Self {
        Self::new(address)
    }

    /// Returns [`NULL`](Self::NULL).
    #[inline]
    #[must_use]
    pub const fn null() -> Self {
        Self::NULL
    }

    /// Returns the low 32 bits: they identify the place, and BPF programs use only them.
    ///
    /// They count from a multiple of 4 GiB, whereas `Arena::at` counts from the arena's start. Both
    /// are the same for `Arena::create`, but `Arena::create_at` need not start at such a multiple.
    #[inline]
    pub const fn offset(self) -> u32 {
        (self.address & 0xffff_ffff) as u32
    }

    /// Returns the same number as a pointer to another type.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaPtr};
    ///
    /// let arena = Arena::memfd(1)?;
    /// let untyped: ArenaPtr<()> = arena.at(64);
    /// arena.get(untyped.cast::<u32>())?.store(7); // whether it is a `u32`, the caller knows
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub const fn cast<U: ?Sized>(self) -> ArenaPtr<U> {
        ArenaPtr::new(self.address)
    }
}

/// Taking pointers to objects that have one owner at a time.
#[cfg(target_has_atomic = "64")]
impl<T: ?Sized + 'static, A: Access> Shared<ArenaPtr<T>, A> {
    /// Takes the pointer out (relaxed): stores null and returns the old pointer in one step.
    ///
    /// If several threads take it, only one gets it.
    #[inline]
    pub fn take(&self) -> ArenaPtr<T>
    where
        A: Writable,
    {
        self.swap(ArenaPtr::NULL)
    }

    /// Takes the pointer out as [`take`](Self::take) does, and acquires: whoever takes it sees the
    /// object as it was at the [`store_release`](Self::store_release) that put the pointer in.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaPtr};
    ///
    /// let arena = Arena::memfd(1)?;
    /// let mailbox = arena.var::<ArenaPtr<u64>>(arena.at(8))?;
    /// arena.get(arena.at::<u64>(64))?.store(7);
    /// mailbox.store_release(arena.at(64));
    /// let message = mailbox.take_acquire();
    /// assert_eq!(arena.get(message)?.load(), 7);
    /// assert!(mailbox.take().is_null()); // one taker has got it
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    pub fn take_acquire(&self) -> ArenaPtr<T>
    where
        A: Writable,
    {
        ArenaPtr::from_address(self.atomic().swap(0, Ordering::Acquire))
    }
}

address_leaf!([T: ?Sized] [T: ?Sized + 'static] ArenaPtr<T>);
