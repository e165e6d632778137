//! The code of all pointer types: an address of 8 bytes, as memory holds it, is a leaf.

/// Implements the leaf and the traits of a number. A derive would ask for the same traits
/// of the target, which is not there. Nor must the target be a `MapValue`: a list node holds a
/// pointer to its own type, so the bounds and layouts of the two would be circular. (As a value it
/// must be `'static` like all others; the first list of parameters lacks that.)
macro_rules! address_leaf {
    ([$($generics:tt)*] [$($bounded:tt)*] $name:ident<$($param:ident),*>) => {
        crate::value::primitive::map_value!(
            [$($bounded)*] $name<$($param),*>,
            crate::layout::Layout::leaf::<Self>(stringify!($name), crate::layout::Kind::Pointer)
        );
        // SAFETY: the type is `repr(transparent)` over a `u64` (its other fields are
        // `PhantomData`), so it has a `u64`'s size and alignment, which on the accepted targets is
        // that of `AtomicU64` (asserted in `Layout::leaf`).
        unsafe impl<$($bounded)*> crate::value::Leaf for $name<$($param),*> {
            type Raw = u64;
            type Cell = <u64 as crate::value::raw::Raw>::Atomic;

            #[inline]
            fn to_raw(&self) -> u64 {
                self.address
            }
            #[inline]
            fn try_from_raw(raw: u64) -> Result<Self, crate::error::InvalidValue> {
                Ok(Self::new(raw))
            }
        }

        impl<$($generics)*> Clone for $name<$($param),*> {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<$($generics)*> Copy for $name<$($param),*> {}

        impl<$($generics)*> PartialEq for $name<$($param),*> {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.address == other.address
            }
        }
        impl<$($generics)*> Eq for $name<$($param),*> {}

        impl<$($generics)*> core::hash::Hash for $name<$($param),*> {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.address.hash(state);
            }
        }

        /// Null.
        impl<$($generics)*> Default for $name<$($param),*> {
            fn default() -> Self {
                Self::NULL
            }
        }

        impl<$($generics)*> core::fmt::Debug for $name<$($param),*> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x})"), self.address)
            }
        }
    };
}
pub(crate) use address_leaf;
