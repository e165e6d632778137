#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Address_0: shared::mapvalue::__private::bool = {
    shared::mapvalue::__private::refused::union_field::<U32<BigEndian>>();
    true
};
#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Address_1: shared::mapvalue::__private::bool = {
    shared::mapvalue::__private::refused::union_field::<[u8; 16]>();
    true
};
#[allow(deprecated, unused_qualifications)]
const _: () = {
    #[allow(unused_imports)]
    use shared::mapvalue::__private::Unforced as _;
    shared::mapvalue::__private::Forced::<Address>::LAYOUT
};
///The shared mirror of [`Address`]: the same layout, in which each leaf is a cell.
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
pub union AddressShared<A: shared::mapvalue::Access = shared::mapvalue::ReadWrite> {
    __0: shared::mapvalue::__private::ManuallyDrop<
        <shared::mapvalue::__private::Checked<
            U32<BigEndian>,
            { __MAPVALUE_Address_0 },
        > as shared::mapvalue::MapValue>::Shared<A>,
    >,
    __1: shared::mapvalue::__private::ManuallyDrop<
        <shared::mapvalue::__private::Checked<
            [u8; 16],
            { __MAPVALUE_Address_1 },
        > as shared::mapvalue::MapValue>::Shared<A>,
    >,
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
unsafe impl<
    A: shared::mapvalue::Access,
> shared::mapvalue::__private::union::UnionPart<
    0usize,
    <shared::mapvalue::__private::Checked<
        U32<BigEndian>,
        { __MAPVALUE_Address_0 },
    > as shared::mapvalue::MapValue>::Shared<A>,
> for AddressShared<A> {}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
unsafe impl<
    A: shared::mapvalue::Access,
> shared::mapvalue::__private::union::UnionPart<
    1usize,
    <shared::mapvalue::__private::Checked<
        [u8; 16],
        { __MAPVALUE_Address_1 },
    > as shared::mapvalue::MapValue>::Shared<A>,
> for AddressShared<A> {}
#[automatically_derived]
#[allow(
    deprecated,
    missing_docs,
    non_snake_case,
    non_upper_case_globals,
    private_interfaces,
    clippy::must_use_candidate
)]
impl<A: shared::mapvalue::Access> AddressShared<A> {
    #[cfg(doc)]
    /// An IPv4 address.
    #[allow(dead_code)]
    #[inline]
    pub fn v4(&self) -> &<U32<BigEndian> as shared::mapvalue::MapValue>::Shared<A> {
        shared::mapvalue::__private::union::part::<
            0usize,
            <U32<BigEndian> as shared::mapvalue::MapValue>::Shared<A>,
            Self,
        >(self)
    }
    #[cfg(not(doc))]
    /// An IPv4 address.
    #[allow(dead_code)]
    #[inline]
    pub fn v4(
        &self,
    ) -> &<shared::mapvalue::__private::Checked<
        U32<BigEndian>,
        { __MAPVALUE_Address_0 },
    > as shared::mapvalue::MapValue>::Shared<A> {
        shared::mapvalue::__private::union::part::<
            0usize,
            <shared::mapvalue::__private::Checked<
                U32<BigEndian>,
                { __MAPVALUE_Address_0 },
            > as shared::mapvalue::MapValue>::Shared<A>,
            Self,
        >(self)
    }
    #[cfg(doc)]
    #[allow(dead_code)]
    #[inline]
    fn v6(&self) -> &<[u8; 16] as shared::mapvalue::MapValue>::Shared<A> {
        shared::mapvalue::__private::union::part::<
            1usize,
            <[u8; 16] as shared::mapvalue::MapValue>::Shared<A>,
            Self,
        >(self)
    }
    #[cfg(not(doc))]
    #[allow(dead_code)]
    #[inline]
    fn v6(
        &self,
    ) -> &<shared::mapvalue::__private::Checked<
        [u8; 16],
        { __MAPVALUE_Address_1 },
    > as shared::mapvalue::MapValue>::Shared<A> {
        shared::mapvalue::__private::union::part::<
            1usize,
            <shared::mapvalue::__private::Checked<
                [u8; 16],
                { __MAPVALUE_Address_1 },
            > as shared::mapvalue::MapValue>::Shared<A>,
            Self,
        >(self)
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl<A: shared::mapvalue::Access> shared::mapvalue::Mirror for AddressShared<A> {
    type Value = Address;
    type Access = A;
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl shared::mapvalue::MapValue for Address {
    type Shared<A: shared::mapvalue::Access> = AddressShared<A>;
    const LAYOUT: shared::mapvalue::Layout = shared::mapvalue::Layout::union::<
        Self,
        AddressShared<shared::mapvalue::ReadWrite>,
    >(
            "Address",
            const {
                &[
                    shared::mapvalue::__private::union::tied::<
                        0usize,
                        shared::mapvalue::__private::Checked<
                            U32<BigEndian>,
                            { __MAPVALUE_Address_0 },
                        >,
                        AddressShared<shared::mapvalue::ReadWrite>,
                    >(
                        <shared::mapvalue::__private::Checked<
                            U32<BigEndian>,
                            { __MAPVALUE_Address_0 },
                        > as shared::mapvalue::MapValue>::LAYOUT
                            .into_field(
                                "v4",
                                shared::mapvalue::__private::offset_of!(Self, v4),
                                shared::mapvalue::__private::offset_of!(
                                    AddressShared < shared::mapvalue::ReadWrite >, __0
                                ),
                                "field `v4` of `Address` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                            ),
                    ),
                    shared::mapvalue::__private::union::tied::<
                        1usize,
                        shared::mapvalue::__private::Checked<
                            [u8; 16],
                            { __MAPVALUE_Address_1 },
                        >,
                        AddressShared<shared::mapvalue::ReadWrite>,
                    >(
                            <shared::mapvalue::__private::Checked<
                                [u8; 16],
                                { __MAPVALUE_Address_1 },
                            > as shared::mapvalue::MapValue>::LAYOUT
                                .into_field(
                                    "v6",
                                    shared::mapvalue::__private::offset_of!(Self, v6),
                                    shared::mapvalue::__private::offset_of!(
                                        AddressShared < shared::mapvalue::ReadWrite >, __1
                                    ),
                                    "field `v6` of `Address` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                                ),
                        )
                        .renamed("ip6"),
                ]
            },
        )
        .renamed("addr");
    #[inline]
    fn __try_load<A: shared::mapvalue::Access>(
        __shared: &Self::Shared<A>,
    ) -> shared::mapvalue::__private::Result<Self, shared::mapvalue::InvalidValue> {
        shared::mapvalue::__private::Ok({
            #[allow(unused_imports)]
            use shared::mapvalue::__private::union::Unloaded as _;
            shared::mapvalue::__private::union::Loader::<Self>::load::<A>(__shared)
        })
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl shared::mapvalue::Plain for Address {
    #[inline]
    fn __load<A: shared::mapvalue::Access>(
        __shared: &<Self as shared::mapvalue::MapValue>::Shared<A>,
    ) -> Self {
        {
            #[allow(unused_imports)]
            use shared::mapvalue::__private::union::Unloaded as _;
            shared::mapvalue::__private::union::Loader::<Self>::load::<A>(__shared)
        }
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl shared::mapvalue::__private::union::UnionValue for Address
where
    for<'__mapvalue> U32<BigEndian>: shared::mapvalue::Plain,
    for<'__mapvalue> u8: shared::mapvalue::Plain,
{
    fn __union() {}
}
