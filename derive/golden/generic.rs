#[repr(C, align(64))]
struct Bank<T, const N: usize>([T; N], PhantomData<T>);
