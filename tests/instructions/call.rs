//! Calls the paths.

/// Calls a path ten times through a pointer. So it is a real call for the counter, and the compiler
/// knows nothing about its arguments.
macro_rules! call {
    ($path:ident($($argument:expr),*)) => {{
        let path: fn($(crate::call::any!($argument)),*) -> _ = crate::paths::$path;
        for _ in 0..10 {
            let _ = std::hint::black_box(std::hint::black_box(path)($(std::hint::black_box($argument)),*));
        }
    }};
}

/// The type of an expression.
macro_rules! any {
    ($argument:expr) => {
        _
    };
}

pub(crate) use {any, call};
