use crate::error::{MapName, PlaceError, SystemError, ValueError};

/// Why the values of all CPUs cannot be decoded, or banks not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PerCpuError {
    /// The bytes of all CPUs are not `expected` but `given` many: the values of this machine's
    /// possible CPUs, `cpus` of them, lie every `stride` bytes.
    #[error(
        "the values of `{type_name}` on {cpus} possible CPUs are {expected} bytes long, {stride} \
         for each, but {given} bytes were given"
    )]
    Length { type_name: &'static str, stride: usize, cpus: usize, given: usize, expected: usize },

    /// There are `given` values, not one for each of the `expected` possible CPUs of this machine.
    #[error("{given} values were given for {expected} possible CPUs: there is one for each, online or not")]
    Count { given: usize, expected: usize },

    /// The value of the CPU with the number `cpu` is wrong, as `error` says.
    #[error("CPU {cpu}: {error}")]
    OnCpu {
        cpu: usize,
        #[source]
        error: ValueError,
    },

    /// A bank, whose values take `size` bytes, is not padded to a whole number of cache lines.
    /// `of_64` and `of_128` are the size rounded up to a multiple of 64 and of 128; `stride` was
    /// asked for.
    #[error(
        "a bank of {size} bytes of `{type_name}` is padded to {of_64} bytes (cache lines of 64) or \
         to {of_128} (of 128), but its stride is said to be {stride}"
    )]
    BankStride { type_name: &'static str, size: usize, stride: usize, of_64: usize, of_128: usize },

    /// The map or memory has more or fewer bytes of values, `len`, than the `banks` that were asked
    /// for, one every `stride` bytes.
    #[error("{banks} banks of {stride} bytes are not what {map} holds, which has {len} bytes of values")]
    BankGeometry { banks: usize, stride: usize, len: usize, map: MapName },

    /// There is no such place.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The kernel refused, or does not say which CPUs are possible.
    #[error(transparent)]
    System(#[from] SystemError),
}
