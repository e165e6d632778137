#[doc(hidden)]
#[allow(deprecated, nonstandard_style, unused, unused_qualifications)]
const __CHECKED_Address: shared::mapvalue::__private::bool = {
    use shared::mapvalue::__private::{self as __mv};
    __mv::refused::union_field::<U32<BigEndian>>();
    __mv::refused::union_field::<[u8; 16]>();
    true
};
#[cfg(doc)]
type __Checked_Address<T> = T;
#[cfg(not(doc))]
#[allow(non_camel_case_types)]
type __Checked_Address<T> = shared::mapvalue::__private::Checked<
    T,
    { __CHECKED_Address },
>;
///The shared mirror of [`Address`]: the same layout, in which each leaf is a cell.
#[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
#[allow(private_interfaces, clippy::multiple_bound_locations)]
#[repr(C)]
pub union AddressShared<A: shared::mapvalue::Access = shared::mapvalue::ReadWrite> {
    __0: shared::mapvalue::__private::union::Part<
        <__Checked_Address<U32<BigEndian>> as shared::mapvalue::MapValue>::Shared<A>,
    >,
    __1: shared::mapvalue::__private::union::Part<
        <__Checked_Address<[u8; 16]> as shared::mapvalue::MapValue>::Shared<A>,
    >,
}
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
const _: () = {
    use shared::mapvalue::__private as __mv;
    #[automatically_derived]
    #[allow(
        dead_code,
        missing_docs,
        nonstandard_style,
        private_interfaces,
        clippy::must_use_candidate
    )]
    impl<A: __mv::Access> AddressShared<A> {
        /// An IPv4 address.
        #[inline]
        pub fn v4(
            &self,
        ) -> &<__Checked_Address<U32<BigEndian>> as __mv::MapValue>::Shared<A> {
            __mv::union::part(self)
        }
        #[inline]
        fn v6(&self) -> &<__Checked_Address<[u8; 16]> as __mv::MapValue>::Shared<A> {
            __mv::union::part(self)
        }
    }
    #[automatically_derived]
    #[allow(
        dead_code,
        missing_docs,
        nonstandard_style,
        private_interfaces,
        clippy::must_use_candidate
    )]
    impl Address {
        /// An IPv4 address.
        #[inline]
        pub fn v4(&self) -> __Checked_Address<U32<BigEndian>>
        where
            for<'__mv> __mv::union::Field<
                {
                    __mv::union::is_initialized(|__mv| __Checked_Address::<Address> {
                        v4: __mv,
                    })
                },
            >: __mv::union::Initialized,
        {
            __mv::union::read(
                self,
                |__mv| __Checked_Address::<Self> {
                    v4: __mv,
                },
            )
        }
        #[inline]
        fn v6(&self) -> __Checked_Address<[u8; 16]>
        where
            for<'__mv> __mv::union::Field<
                {
                    __mv::union::is_initialized(|__mv| __Checked_Address::<Address> {
                        v6: __mv,
                    })
                },
            >: __mv::union::Initialized,
        {
            __mv::union::read(
                self,
                |__mv| __Checked_Address::<Self> {
                    v6: __mv,
                },
            )
        }
    }
    #[automatically_derived]
    unsafe impl<A: __mv::Access> __mv::Mirror for AddressShared<A> {
        type Value = Address;
        type Access = A;
    }
    const _: __mv::Layout = <Address as __mv::MapValue>::LAYOUT;
    #[automatically_derived]
    unsafe impl __mv::MapValue for Address {
        type Shared<A: __mv::Access> = AddressShared<A>;
        const LAYOUT: __mv::Layout = __mv::Layout::union::<
            Self,
            AddressShared,
        >(
                "Address",
                const {
                    &[
                        __mv::union_layout_of(|__mv| __Checked_Address::<Self> {
                                v4: __mv,
                            })
                            .into_union_field(
                                "v4",
                                "Address",
                                __mv::offset_of!(Self, v4),
                            ),
                        __mv::union_layout_of(|__mv| __Checked_Address::<Self> {
                                v6: __mv,
                            })
                            .into_union_field(
                                "v6",
                                "Address",
                                __mv::offset_of!(Self, v6),
                            )
                            .renamed("ip6"),
                    ]
                },
                &[
                    __mv::offset_of!(AddressShared, __0),
                    __mv::offset_of!(AddressShared, __1),
                ],
            )
            .renamed("addr");
        #[inline]
        fn __try_load<A: __mv::Access>(
            __mv: &Self::Shared<A>,
        ) -> __mv::Result<Self, __mv::InvalidValue> {
            __mv::Ok(__mv::union::load::<Self, A>(__mv))
        }
    }
    #[automatically_derived]
    unsafe impl __mv::Plain for Address {
        #[inline]
        fn __load<A: __mv::Access>(__mv: &__mv::MirrorOf<Self, A>) -> Self {
            __mv::union::load::<Self, A>(__mv)
        }
    }
    #[automatically_derived]
    unsafe impl __mv::UnionValue for Address {}
};
