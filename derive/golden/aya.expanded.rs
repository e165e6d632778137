#[doc(hidden)]
#[allow(deprecated, nonstandard_style, unused, unused_qualifications)]
const __CHECKED_Total: ::mapvalue::__private::bool = {
    use ::mapvalue::__private::{self as __mv};
    __mv::refused::value::<u64>();
    __mv::refused::value::<U32<BigEndian>>();
    __mv::refused::value::<u32>();
    true
};
#[cfg(doc)]
type __Checked_Total<T> = T;
#[cfg(not(doc))]
#[allow(non_camel_case_types)]
type __Checked_Total<T> = ::mapvalue::__private::Checked<T, { __CHECKED_Total }>;
///The shared mirror of [`Total`]: the same layout, in which each leaf is a cell.
#[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
#[allow(private_interfaces, clippy::multiple_bound_locations)]
#[repr(C)]
pub struct TotalShared<A: ::mapvalue::Access = ::mapvalue::ReadWrite> {
    pub packets: <__Checked_Total<u64> as ::mapvalue::MapValue>::Shared<A>,
    pub address: <__Checked_Total<U32<BigEndian>> as ::mapvalue::MapValue>::Shared<A>,
    pub port: <__Checked_Total<u32> as ::mapvalue::MapValue>::Shared<A>,
}
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
const _: () = {
    use ::mapvalue::__private as __mv;
    #[automatically_derived]
    unsafe impl<A: __mv::Access> __mv::Mirror for TotalShared<A> {
        type Value = Total;
        type Access = A;
    }
    const _: __mv::Layout = <Total as __mv::MapValue>::LAYOUT;
    #[automatically_derived]
    unsafe impl __mv::MapValue for Total {
        type Shared<A: __mv::Access> = TotalShared<A>;
        const LAYOUT: __mv::Layout = __mv::Layout::structure::<
            Self,
            TotalShared,
        >(
            "Total",
            const {
                &[
                    __mv::layout_of(|__mv: &__Checked_Total<Self>| &__mv.packets)
                        .into_field("packets", "Total", __mv::offset_of!(Self, packets)),
                    __mv::layout_of(|__mv: &__Checked_Total<Self>| &__mv.address)
                        .into_field("address", "Total", __mv::offset_of!(Self, address)),
                    __mv::layout_of(|__mv: &__Checked_Total<Self>| &__mv.port)
                        .into_field("port", "Total", __mv::offset_of!(Self, port)),
                ]
            },
            &[
                __mv::offset_of!(TotalShared, packets),
                __mv::offset_of!(TotalShared, address),
                __mv::offset_of!(TotalShared, port),
            ],
        );
        #[inline]
        fn __try_load<A: __mv::Access>(
            __mv: &Self::Shared<A>,
        ) -> __mv::Result<Self, __mv::InvalidValue> {
            __mv::Ok(__Checked_Total::<Self> {
                packets: __mv::try_load(__mv, &__mv.packets)?,
                address: __mv::try_load(__mv, &__mv.address)?,
                port: __mv::try_load(__mv, &__mv.port)?,
            })
        }
    }
    #[automatically_derived]
    impl __mv::Storable for Total
    where
        for<'__mv> __Checked_Total<u64>: __mv::Storable,
        for<'__mv> __Checked_Total<U32<BigEndian>>: __mv::Storable,
        for<'__mv> __Checked_Total<u32>: __mv::Storable,
    {
        #[inline]
        fn __store(__mv: &__mv::MirrorOf<Self>, __mv_value: &__Checked_Total<Self>) {
            __mv::store(&__mv.packets, &__mv_value.packets);
            __mv::store(&__mv.address, &__mv_value.address);
            __mv::store(&__mv.port, &__mv_value.port);
        }
    }
    #[automatically_derived]
    unsafe impl __mv::Plain for Total
    where
        for<'__mv> __Checked_Total<u64>: __mv::Plain,
        for<'__mv> __Checked_Total<U32<BigEndian>>: __mv::Plain,
        for<'__mv> __Checked_Total<u32>: __mv::Plain,
    {
        #[inline]
        fn __load<A: __mv::Access>(__mv: &__mv::MirrorOf<Self, A>) -> Self {
            __Checked_Total::<Self> {
                packets: __mv::load(&__mv.packets),
                address: __mv::load(&__mv.address),
                port: __mv::load(&__mv.port),
            }
        }
    }
    #[automatically_derived]
    impl __mv::Fold for Total
    where
        for<'__mv> __Checked_Total<u64>: __mv::Fold,
        for<'__mv> __Checked_Total<U32<BigEndian>>: __mv::Fold,
        for<'__mv> __Checked_Total<u32>: __mv::Fold,
    {
        #[inline]
        fn fold(self: &mut __Checked_Total<Self>, __mv: &__Checked_Total<Self>) {
            __mv::Fold::fold(&mut self.packets, &__mv.packets);
            __mv::Fold::fold(&mut self.address, &__mv.address);
            __mv::Fold::fold(&mut self.port, &__mv.port);
        }
    }
    const _: () = <Total as __mv::MapValue>::LAYOUT.assert_any_bytes(0);
    const _: () = <Total as __mv::MapValue>::LAYOUT.assert_any_bytes(1);
    const _: () = <Total as __mv::MapValue>::LAYOUT.assert_any_bytes(2);
    const _: () = <Total as __mv::MapValue>::LAYOUT.assert_filled();
    #[automatically_derived]
    unsafe impl ::aya::Pod for Total {}
};
