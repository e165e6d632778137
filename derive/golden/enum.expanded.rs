#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
const _: () = {
    use ::mapvalue::__private as __mv;
    const __MV_RAW: [__mv::u8; 2] = [Mode::Off as __mv::u8, Mode::On as __mv::u8];
    const _: __mv::Layout = <Mode as __mv::MapValue>::LAYOUT;
    #[automatically_derived]
    unsafe impl __mv::MapValue for Mode {
        type Shared<__MvAccess: __mv::Access> = __mv::Shared<Self, __MvAccess>;
        const LAYOUT: __mv::Layout = __mv::enumeration(
            "Mode",
            const { &__mv::variants(["Off", "On"], [Self::Off, Self::On], __MV_RAW) },
        );
        #[inline]
        fn __try_load<__MvAccess: __mv::Access>(
            __mv: &__mv::Shared<Self, __MvAccess>,
        ) -> __mv::Result<Self, __mv::InvalidValue> {
            __mv.try_load()
        }
    }
    #[automatically_derived]
    impl __mv::Storable for Mode {
        #[inline]
        fn __store(__mv: &__mv::Shared<Self>, __mv_value: &Self) {
            __mv.__store_ref(__mv_value);
        }
    }
    #[automatically_derived]
    unsafe impl __mv::Leaf for Mode {
        type Raw = __mv::u8;
        type Cell = <__mv::u8 as __mv::Raw>::Atomic;
        #[inline]
        fn try_from_raw(__mv: __mv::u8) -> __mv::Result<Self, __mv::InvalidValue> {
            match __mv {
                _ if __mv == __MV_RAW[0] => __mv::Ok(Self::Off),
                _ if __mv == __MV_RAW[1] => __mv::Ok(Self::On),
                _ => __mv::no_variant("Mode", __mv),
            }
        }
    }
};
