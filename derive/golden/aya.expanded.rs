#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Total_0: ::mapvalue::__private::bool = {
    ::mapvalue::__private::refused::value::<u64>();
    true
};
#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Total_1: ::mapvalue::__private::bool = {
    ::mapvalue::__private::refused::value::<U32<BigEndian>>();
    true
};
#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Total_2: ::mapvalue::__private::bool = {
    ::mapvalue::__private::refused::value::<u32>();
    true
};
#[allow(deprecated, unused_qualifications)]
const _: () = {
    #[allow(unused_imports)]
    use ::mapvalue::__private::Unforced as _;
    ::mapvalue::__private::Forced::<Total>::LAYOUT
};
///The shared mirror of [`Total`]: the same layout, in which each leaf is a cell.
#[allow(
    dead_code,
    deprecated,
    missing_docs,
    unused_qualifications,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    private_interfaces,
    clippy::multiple_bound_locations
)]
#[repr(C)]
pub struct TotalShared<A: ::mapvalue::Access = ::mapvalue::ReadWrite> {
    #[cfg(doc)]
    pub packets: <u64 as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(not(doc))]
    pub packets: <::mapvalue::__private::Checked<
        u64,
        { __MAPVALUE_Total_0 },
    > as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(doc)]
    pub address: <U32<BigEndian> as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(not(doc))]
    pub address: <::mapvalue::__private::Checked<
        U32<BigEndian>,
        { __MAPVALUE_Total_1 },
    > as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(doc)]
    pub port: <u32 as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(not(doc))]
    pub port: <::mapvalue::__private::Checked<
        u32,
        { __MAPVALUE_Total_2 },
    > as ::mapvalue::MapValue>::Shared<A>,
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl<A: ::mapvalue::Access> ::mapvalue::Mirror for TotalShared<A> {
    type Value = Total;
    type Access = A;
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl ::mapvalue::MapValue for Total {
    type Shared<A: ::mapvalue::Access> = TotalShared<A>;
    const LAYOUT: ::mapvalue::Layout = ::mapvalue::Layout::structure::<
        Self,
        TotalShared<::mapvalue::ReadWrite>,
    >(
        "Total",
        const {
            &[
                <::mapvalue::__private::Checked<
                    u64,
                    { __MAPVALUE_Total_0 },
                > as ::mapvalue::MapValue>::LAYOUT
                    .into_field(
                        "packets",
                        ::mapvalue::__private::offset_of!(Self, packets),
                        ::mapvalue::__private::offset_of!(
                            TotalShared < ::mapvalue::ReadWrite >, packets
                        ),
                        "field `packets` of `Total` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                    ),
                <::mapvalue::__private::Checked<
                    U32<BigEndian>,
                    { __MAPVALUE_Total_1 },
                > as ::mapvalue::MapValue>::LAYOUT
                    .into_field(
                        "address",
                        ::mapvalue::__private::offset_of!(Self, address),
                        ::mapvalue::__private::offset_of!(
                            TotalShared < ::mapvalue::ReadWrite >, address
                        ),
                        "field `address` of `Total` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                    ),
                <::mapvalue::__private::Checked<
                    u32,
                    { __MAPVALUE_Total_2 },
                > as ::mapvalue::MapValue>::LAYOUT
                    .into_field(
                        "port",
                        ::mapvalue::__private::offset_of!(Self, port),
                        ::mapvalue::__private::offset_of!(
                            TotalShared < ::mapvalue::ReadWrite >, port
                        ),
                        "field `port` of `Total` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                    ),
            ]
        },
    );
    #[inline]
    fn __try_load<A: ::mapvalue::Access>(
        __shared: &Self::Shared<A>,
    ) -> ::mapvalue::__private::Result<Self, ::mapvalue::InvalidValue> {
        ::mapvalue::__private::Ok(Self {
            packets: ::mapvalue::__private::try_load_field::<
                ::mapvalue::__private::Checked<u64, { __MAPVALUE_Total_0 }>,
                A,
            >(&__shared.packets, ::mapvalue::__private::offset_of!(Self, packets))?,
            address: ::mapvalue::__private::try_load_field::<
                ::mapvalue::__private::Checked<U32<BigEndian>, { __MAPVALUE_Total_1 }>,
                A,
            >(&__shared.address, ::mapvalue::__private::offset_of!(Self, address))?,
            port: ::mapvalue::__private::try_load_field::<
                ::mapvalue::__private::Checked<u32, { __MAPVALUE_Total_2 }>,
                A,
            >(&__shared.port, ::mapvalue::__private::offset_of!(Self, port))?,
        })
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
impl ::mapvalue::Storable for Total
where
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u64,
        { __MAPVALUE_Total_0 },
    >: ::mapvalue::Storable,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        U32<BigEndian>,
        { __MAPVALUE_Total_1 },
    >: ::mapvalue::Storable,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u32,
        { __MAPVALUE_Total_2 },
    >: ::mapvalue::Storable,
{
    #[inline]
    fn __store(
        __shared: &<Self as ::mapvalue::MapValue>::Shared<::mapvalue::ReadWrite>,
        __value: &Self,
    ) {
        <::mapvalue::__private::Checked<
            u64,
            { __MAPVALUE_Total_0 },
        > as ::mapvalue::Storable>::__store(&__shared.packets, &__value.packets);
        <::mapvalue::__private::Checked<
            U32<BigEndian>,
            { __MAPVALUE_Total_1 },
        > as ::mapvalue::Storable>::__store(&__shared.address, &__value.address);
        <::mapvalue::__private::Checked<
            u32,
            { __MAPVALUE_Total_2 },
        > as ::mapvalue::Storable>::__store(&__shared.port, &__value.port);
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl ::mapvalue::Plain for Total
where
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u64,
        { __MAPVALUE_Total_0 },
    >: ::mapvalue::Plain,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        U32<BigEndian>,
        { __MAPVALUE_Total_1 },
    >: ::mapvalue::Plain,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u32,
        { __MAPVALUE_Total_2 },
    >: ::mapvalue::Plain,
{
    #[inline]
    fn __load<A: ::mapvalue::Access>(
        __shared: &<Self as ::mapvalue::MapValue>::Shared<A>,
    ) -> Self {
        Self {
            packets: <::mapvalue::__private::Checked<
                u64,
                { __MAPVALUE_Total_0 },
            > as ::mapvalue::Plain>::__load::<A>(&__shared.packets),
            address: <::mapvalue::__private::Checked<
                U32<BigEndian>,
                { __MAPVALUE_Total_1 },
            > as ::mapvalue::Plain>::__load::<A>(&__shared.address),
            port: <::mapvalue::__private::Checked<
                u32,
                { __MAPVALUE_Total_2 },
            > as ::mapvalue::Plain>::__load::<A>(&__shared.port),
        }
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
impl ::mapvalue::Fold for Total
where
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u64,
        { __MAPVALUE_Total_0 },
    >: ::mapvalue::Fold,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        U32<BigEndian>,
        { __MAPVALUE_Total_1 },
    >: ::mapvalue::Fold,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u32,
        { __MAPVALUE_Total_2 },
    >: ::mapvalue::Fold,
{
    #[inline]
    fn fold(&mut self, __later: &Self) {
        <::mapvalue::__private::Checked<
            u64,
            { __MAPVALUE_Total_0 },
        > as ::mapvalue::Fold>::fold(&mut self.packets, &__later.packets);
        <::mapvalue::__private::Checked<
            U32<BigEndian>,
            { __MAPVALUE_Total_1 },
        > as ::mapvalue::Fold>::fold(&mut self.address, &__later.address);
        <::mapvalue::__private::Checked<
            u32,
            { __MAPVALUE_Total_2 },
        > as ::mapvalue::Fold>::fold(&mut self.port, &__later.port);
    }
}
#[allow(deprecated, unused_qualifications)]
const _: () = <::mapvalue::__private::Checked<
    u64,
    { __MAPVALUE_Total_0 },
> as ::mapvalue::MapValue>::LAYOUT
    .assert_any_bytes("packets", "Total");
#[allow(deprecated, unused_qualifications)]
const _: () = <::mapvalue::__private::Checked<
    U32<BigEndian>,
    { __MAPVALUE_Total_1 },
> as ::mapvalue::MapValue>::LAYOUT
    .assert_any_bytes("address", "Total");
#[allow(deprecated, unused_qualifications)]
const _: () = <::mapvalue::__private::Checked<
    u32,
    { __MAPVALUE_Total_2 },
> as ::mapvalue::MapValue>::LAYOUT
    .assert_any_bytes("port", "Total");
#[allow(deprecated, unused_qualifications)]
const _: () = <Total as ::mapvalue::MapValue>::LAYOUT.assert_filled();
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl ::aya::Pod for Total {}
