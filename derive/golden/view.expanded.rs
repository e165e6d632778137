#[doc(hidden)]
#[allow(deprecated, nonstandard_style, unused, unused_qualifications)]
const __CHECKED_Task: ::mapvalue::__private::bool = {
    use ::mapvalue::__private::{self as __mv};
    __mv::view::field::assert_field::<u32>();
    __mv::view::field::assert_field::<Option<u64>>();
    __mv::view::field::assert_field::<[u64; 4]>();
    true
};
#[cfg(doc)]
type __Checked_Task<T> = T;
#[cfg(not(doc))]
#[allow(non_camel_case_types)]
type __Checked_Task<T> = ::mapvalue::__private::Checked<T, { __CHECKED_Task }>;
///The fields of a [`Task`] in place.
#[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
#[allow(private_interfaces, missing_debug_implementations)]
pub struct TaskFields<A: ::mapvalue::Access = ::mapvalue::ReadWrite>(
    ::mapvalue::view::At<Task, A>,
);
#[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
#[automatically_derived]
impl<A: ::mapvalue::Access> TaskFields<A> {
    /// Where it runs.
    #[inline]
    pub fn layer_id(&self) -> ::mapvalue::view::Field<'_, __Checked_Task<u32>, A> {
        ::mapvalue::view::At::field::<
            __Checked_Task<u32>,
        >(&self.0, |__mv_plan| &__mv_plan.0)
    }
    #[inline]
    fn runtime(&self) -> ::mapvalue::view::Field<'_, __Checked_Task<Option<u64>>, A> {
        ::mapvalue::view::At::field::<
            __Checked_Task<Option<u64>>,
        >(&self.0, |__mv_plan| &__mv_plan.1)
    }
    #[inline]
    fn mask(&self) -> ::mapvalue::view::Field<'_, __Checked_Task<[u64; 4]>, A> {
        ::mapvalue::view::At::field::<
            __Checked_Task<[u64; 4]>,
        >(&self.0, |__mv_plan| &__mv_plan.2)
    }
}
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
const _: () = {
    use ::mapvalue::__private as __mv;
    #[automatically_derived]
    unsafe impl __mv::ViewField for Task {
        type Plan = (
            <__Checked_Task<u32> as __mv::ViewField>::Plan,
            <__Checked_Task<Option<u64>> as __mv::ViewField>::Plan,
            <__Checked_Task<[u64; 4]> as __mv::ViewField>::Plan,
        );
        fn __plan(
            __mv_planner: &mut __mv::view::planner::Planner,
            __mv_part: __mv::Option<__mv::view::planner::Part<'_>>,
            _: __mv::view::planner::Extent,
        ) -> __mv::Option<Self::Plan> {
            let __mv_view = __mv_planner.found(__mv_part, "Task")?;
            let __mv_0 = __mv_planner
                .field::<
                    __Checked_Task<u32>,
                >(
                    &__mv_view,
                    "layer_id",
                    "layer_id",
                    __mv::view::planner::Extent::Exact,
                );
            let __mv_1 = __mv_planner
                .field::<
                    __Checked_Task<Option<u64>>,
                >(
                    &__mv_view,
                    "runtime",
                    "stats.runtime_ns",
                    __mv::view::planner::Extent::Exact,
                );
            let __mv_2 = __mv_planner
                .field::<
                    __Checked_Task<[u64; 4]>,
                >(&__mv_view, "mask", "mask", __mv::view::planner::Extent::AtLeast);
            __mv::Some((__mv_0?, __mv_1?, __mv_2?))
        }
        #[inline]
        fn __load<__S: __mv::view::source::Source, const EXACT: __mv::bool>(
            __mv_from: __S,
            __mv_plan: &Self::Plan,
        ) -> __mv::Result<Self, __mv::InvalidValue> {
            __mv::Ok(__Checked_Task::<Self> {
                layer_id: __mv::view::field::load::<
                    _,
                    __S,
                    EXACT,
                >(__mv_from, &__mv_plan.0)?,
                runtime: __mv::view::field::load::<
                    _,
                    __S,
                    EXACT,
                >(__mv_from, &__mv_plan.1)?,
                mask: __mv::view::field::load::<_, __S, EXACT>(__mv_from, &__mv_plan.2)?,
            })
        }
        fn __is_exact(__mv_plan: &Self::Plan) -> __mv::bool {
            true
                && __mv::view::field::is_exact(
                    |__mv: &__Checked_Task<Self>| &__mv.layer_id,
                    &__mv_plan.0,
                )
                && __mv::view::field::is_exact(
                    |__mv: &__Checked_Task<Self>| &__mv.runtime,
                    &__mv_plan.1,
                )
                && __mv::view::field::is_exact(
                    |__mv: &__Checked_Task<Self>| &__mv.mask,
                    &__mv_plan.2,
                )
        }
    }
    #[automatically_derived]
    unsafe impl __mv::MapView for Task {
        type Fields<A: __mv::Access> = TaskFields<A>;
        const C_NAME: &'static __mv::str = "task_ctx";
        #[inline]
        fn __fields<A: __mv::Access>(__mv_at: __mv::view::At<Self, A>) -> TaskFields<A> {
            TaskFields(__mv_at)
        }
        #[inline]
        fn __at<A: __mv::Access>(
            __mv_fields: &TaskFields<A>,
        ) -> &__mv::view::At<Self, A> {
            &__mv_fields.0
        }
    }
    #[automatically_derived]
    impl __mv::view::PlainField for Task
    where
        for<'__mv> __Checked_Task<u32>: __mv::view::PlainField,
        for<'__mv> __Checked_Task<Option<u64>>: __mv::view::PlainField,
        for<'__mv> __Checked_Task<[u64; 4]>: __mv::view::PlainField,
    {}
    #[allow(dead_code)]
    fn __mv_read(__mv: &Task) {
        _ = &__mv.layer_id;
        _ = &__mv.runtime;
        _ = &__mv.mask;
    }
};
