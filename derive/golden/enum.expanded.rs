#[doc(hidden)]
#[allow(deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Mode_NUMBERS: [::mapvalue::__private::u8; 2usize] = [
    Mode::Off as ::mapvalue::__private::u8,
    Mode::On as ::mapvalue::__private::u8,
];
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
unsafe impl ::mapvalue::MapValue for Mode {
    type Shared<__Access: ::mapvalue::Access> = ::mapvalue::Shared<Self, __Access>;
    const LAYOUT: ::mapvalue::Layout = ::mapvalue::Layout::enumeration::<
        Self,
        <Self as ::mapvalue::MapValue>::Shared<::mapvalue::ReadWrite>,
        ::mapvalue::__private::u8,
    >(
        "Mode",
        const {
            &[
                ::mapvalue::Variant {
                    name: "Off",
                    value: __MAPVALUE_Mode_NUMBERS[0usize] as ::mapvalue::__private::i128,
                },
                ::mapvalue::Variant {
                    name: "On",
                    value: __MAPVALUE_Mode_NUMBERS[1usize] as ::mapvalue::__private::i128,
                },
            ]
        },
    );
    #[inline]
    fn __try_load<__Access: ::mapvalue::Access>(
        __shared: &<Self as ::mapvalue::MapValue>::Shared<__Access>,
    ) -> ::mapvalue::__private::Result<Self, ::mapvalue::InvalidValue> {
        __shared.try_load()
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
impl ::mapvalue::Storable for Mode {
    #[inline]
    fn __store(
        __shared: &<Self as ::mapvalue::MapValue>::Shared<::mapvalue::ReadWrite>,
        __value: &Self,
    ) {
        __shared.__store_ref(__value);
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications)]
unsafe impl ::mapvalue::Leaf for Mode {
    type Raw = ::mapvalue::__private::u8;
    type Cell = <::mapvalue::__private::u8 as ::mapvalue::__private::Raw>::Atomic;
    #[inline]
    fn to_raw(&self) -> ::mapvalue::__private::u8 {
        match self {
            Self::Off => __MAPVALUE_Mode_NUMBERS[0usize],
            Self::On => __MAPVALUE_Mode_NUMBERS[1usize],
        }
    }
    #[inline]
    fn try_from_raw(
        __raw: ::mapvalue::__private::u8,
    ) -> ::mapvalue::__private::Result<Self, ::mapvalue::InvalidValue> {
        match __raw {
            __raw if __raw == __MAPVALUE_Mode_NUMBERS[0usize] => {
                ::mapvalue::__private::Ok(Self::Off)
            }
            __raw if __raw == __MAPVALUE_Mode_NUMBERS[1usize] => {
                ::mapvalue::__private::Ok(Self::On)
            }
            __raw => {
                ::mapvalue::__private::Err(
                    ::mapvalue::InvalidValue::new(
                        "Mode",
                        __raw as ::mapvalue::__private::i128,
                    ),
                )
            }
        }
    }
}
#[allow(deprecated, unused_qualifications)]
const _: ::mapvalue::Layout = <Mode as ::mapvalue::MapValue>::LAYOUT;
