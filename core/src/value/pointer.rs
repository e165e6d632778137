//! The code of all pointer types: an address of 8 bytes, as memory holds it, is a leaf.

/// Implements the leaf and the traits of a number. A derive would ask for the same traits of the
/// target, which is not there. Nor must the target be a `MapValue`: a list node holds a pointer to
/// its own type, so the bounds and layouts of the two would be circular. (As a value it must be
/// `'static` like all others; the first list of parameters lacks that.)
macro_rules! address_leaf {
    ([$($generics:tt)*] [$($bounded:tt)*] $name:ident<$($param:ident),*>) => {
        // The type is `repr(transparent)` over a `u64` (its other fields are `PhantomData`).
        crate::value::primitive::natural_leaf!(
            [$($bounded)*] $name<$($param),*>, stringify!($name), crate::layout::Kind::Pointer, u64,
            |pointer| pointer.address, |raw| Self::new(raw)
        );

        impl<$($generics)*> $name<$($param),*> {
            /// The null pointer: the 64-bit value 0.
            pub const NULL: Self = Self::new(0);

            /// Returns the number that memory holds.
            #[inline]
            pub const fn address(self) -> u64 {
                self.address
            }

            /// Returns whether all 64 bits are 0, as in [`NULL`](Self::NULL).
            #[inline]
            pub const fn is_null(self) -> bool {
                self.address == 0
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
