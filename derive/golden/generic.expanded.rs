#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Bank_1: ::mapvalue::__private::bool = {
    #[allow(unused_imports)]
    use ::mapvalue::__private::Unchecked as _;
    #[allow(
        dead_code,
        unused_qualifications,
        non_camel_case_types,
        non_upper_case_globals
    )]
    struct __MapValueFor<T: ?::mapvalue::__private::Sized, const N: usize>(
        ::mapvalue::__private::PhantomData<T>,
    );
    #[allow(
        dead_code,
        deprecated,
        unused_qualifications,
        non_camel_case_types,
        non_upper_case_globals,
        clippy::multiple_bound_locations
    )]
    impl<T, const N: usize> __MapValueFor<T, N>
    where
        T: 'static,
        T: ::mapvalue::MapValue,
    {
        const MAPVALUE_CHECKED: ::mapvalue::__private::bool = {
            ::mapvalue::__private::refused::value::<PhantomData<T>>();
            true
        };
    }
    __MapValueFor::<
        ::mapvalue::__private::u8,
        { <usize as ::mapvalue::__private::Any>::ANY },
    >::MAPVALUE_CHECKED
        && __MapValueFor::<
            ::mapvalue::__private::u16,
            { <usize as ::mapvalue::__private::Any>::ANY },
        >::MAPVALUE_CHECKED
        && __MapValueFor::<
            ::mapvalue::__private::u32,
            { <usize as ::mapvalue::__private::Any>::ANY },
        >::MAPVALUE_CHECKED
        && __MapValueFor::<
            ::mapvalue::__private::u64,
            { <usize as ::mapvalue::__private::Any>::ANY },
        >::MAPVALUE_CHECKED
        && __MapValueFor::<
            ::mapvalue::__private::AtomicU32,
            { <usize as ::mapvalue::__private::Any>::ANY },
        >::MAPVALUE_CHECKED
};
///The shared mirror of [`Bank`]: the same layout, in which each leaf is a cell.
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
#[repr(C, align(64))]
struct BankShared<T, const N: usize, A: ::mapvalue::Access = ::mapvalue::ReadWrite>(
    <[T; N] as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(doc)]
    <PhantomData<T> as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(not(doc))]
    <::mapvalue::__private::Checked<
        PhantomData<T>,
        { __MAPVALUE_Bank_1 },
    > as ::mapvalue::MapValue>::Shared<A>,
)
where
    T: 'static,
    T: ::mapvalue::MapValue;
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl<T, const N: usize, A: ::mapvalue::Access> ::mapvalue::Mirror
for BankShared<T, N, A>
where
    T: 'static,
    T: ::mapvalue::MapValue,
{
    type Value = Bank<T, N>;
    type Access = A;
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl<T, const N: usize> ::mapvalue::MapValue for Bank<T, N>
where
    T: 'static,
    T: ::mapvalue::MapValue,
{
    type Shared<A: ::mapvalue::Access> = BankShared<T, N, A>;
    const LAYOUT: ::mapvalue::Layout = ::mapvalue::Layout::structure::<
        Self,
        BankShared<T, N, ::mapvalue::ReadWrite>,
    >(
        "Bank",
        const {
            &[
                <[T; N] as ::mapvalue::MapValue>::LAYOUT
                    .into_field(
                        "0",
                        ::mapvalue::__private::offset_of!(Self, 0),
                        ::mapvalue::__private::offset_of!(
                            BankShared < T, N, ::mapvalue::ReadWrite >, 0
                        ),
                        "field `0` of `Bank` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                    ),
                <::mapvalue::__private::Checked<
                    PhantomData<T>,
                    { __MAPVALUE_Bank_1 },
                > as ::mapvalue::MapValue>::LAYOUT
                    .into_field(
                        "1",
                        ::mapvalue::__private::offset_of!(Self, 1),
                        ::mapvalue::__private::offset_of!(
                            BankShared < T, N, ::mapvalue::ReadWrite >, 1
                        ),
                        "field `1` of `Bank` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                    ),
            ]
        },
    );
    #[inline]
    fn __try_load<A: ::mapvalue::Access>(
        __shared: &Self::Shared<A>,
    ) -> ::mapvalue::__private::Result<Self, ::mapvalue::InvalidValue> {
        ::mapvalue::__private::Ok(Self {
            0: ::mapvalue::__private::try_load_field::<
                [T; N],
                A,
            >(&__shared.0, ::mapvalue::__private::offset_of!(Self, 0))?,
            1: ::mapvalue::__private::try_load_field::<
                ::mapvalue::__private::Checked<PhantomData<T>, { __MAPVALUE_Bank_1 }>,
                A,
            >(&__shared.1, ::mapvalue::__private::offset_of!(Self, 1))?,
        })
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
impl<T, const N: usize> ::mapvalue::Storable for Bank<T, N>
where
    T: 'static,
    T: ::mapvalue::MapValue,
    for<'__mapvalue> [T; N]: ::mapvalue::Storable,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        PhantomData<T>,
        { __MAPVALUE_Bank_1 },
    >: ::mapvalue::Storable,
{
    #[inline]
    fn __store(
        __shared: &<Self as ::mapvalue::MapValue>::Shared<::mapvalue::ReadWrite>,
        __value: &Self,
    ) {
        <[T; N] as ::mapvalue::Storable>::__store(&__shared.0, &__value.0);
        <::mapvalue::__private::Checked<
            PhantomData<T>,
            { __MAPVALUE_Bank_1 },
        > as ::mapvalue::Storable>::__store(&__shared.1, &__value.1);
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl<T, const N: usize> ::mapvalue::Plain for Bank<T, N>
where
    T: 'static,
    T: ::mapvalue::MapValue,
    for<'__mapvalue> [T; N]: ::mapvalue::Plain,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        PhantomData<T>,
        { __MAPVALUE_Bank_1 },
    >: ::mapvalue::Plain,
{
    #[inline]
    fn __load<A: ::mapvalue::Access>(
        __shared: &<Self as ::mapvalue::MapValue>::Shared<A>,
    ) -> Self {
        Self {
            0: <[T; N] as ::mapvalue::Plain>::__load::<A>(&__shared.0),
            1: <::mapvalue::__private::Checked<
                PhantomData<T>,
                { __MAPVALUE_Bank_1 },
            > as ::mapvalue::Plain>::__load::<A>(&__shared.1),
        }
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
impl<T, const N: usize> ::mapvalue::Fold for Bank<T, N>
where
    T: 'static,
    T: ::mapvalue::MapValue,
    for<'__mapvalue> [T; N]: ::mapvalue::Fold,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        PhantomData<T>,
        { __MAPVALUE_Bank_1 },
    >: ::mapvalue::Fold,
{
    #[inline]
    fn fold(&mut self, __later: &Self) {
        <[T; N] as ::mapvalue::Fold>::fold(&mut self.0, &__later.0);
        <::mapvalue::__private::Checked<
            PhantomData<T>,
            { __MAPVALUE_Bank_1 },
        > as ::mapvalue::Fold>::fold(&mut self.1, &__later.1);
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl<T, const N: usize> ::mapvalue::InPlace for Bank<T, N>
where
    T: 'static,
    T: ::mapvalue::MapValue,
    for<'__mapvalue> [T; N]: ::mapvalue::InPlace,
    for<'__mapvalue> PhantomData<T>: ::mapvalue::InPlace,
{
    fn __fields(&self) {
        ::mapvalue::__private::assert_in_place(&self.0);
        ::mapvalue::__private::assert_in_place(&self.1);
    }
}
