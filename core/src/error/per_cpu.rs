//! What is wrong with values that each CPU has for itself.

use crate::error::{MapName, PlaceError, SystemError, ValueError};

/// Why the values of all CPUs cannot be decoded, or banks not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PerCpuError {
    /// The bytes of all CPUs are longer or shorter than they must be.
    #[error(
        "the values of `{type_name}` on {cpus} possible CPUs are {expected} bytes long, {stride} \
         for each, but {given} bytes were given"
    )]
    Length {
        /// The type of one value.
        type_name: &'static str,
        /// Bytes from one CPU's value to the next one's.
        stride: usize,
        /// The number of possible CPUs of this machine.
        cpus: usize,
        /// The length of the buffer in bytes.
        given: usize,
        /// `stride * cpus`, in bytes.
        expected: usize,
    },

    /// There is not one value for each CPU.
    #[error("{given} values were given for {expected} possible CPUs: there is one for each, online or not")]
    Count {
        /// The number of values.
        given: usize,
        /// The number of possible CPUs of this machine.
        expected: usize,
    },

    /// The value of one CPU is wrong.
    #[error("CPU {cpu}: {error}")]
    OnCpu {
        /// The number of the CPU.
        cpu: usize,
        /// What is wrong with its value.
        #[source]
        error: ValueError,
    },

    /// A bank of values is not padded to a whole number of cache lines.
    #[error(
        "a bank of {size} bytes of `{type_name}` is padded to {of_64} bytes (cache lines of 64) or \
         to {of_128} (of 128), but its stride is said to be {stride}"
    )]
    BankStride {
        /// The type of the values in the bank.
        type_name: &'static str,
        /// Bytes of the values in one bank.
        size: usize,
        /// The bytes from one bank to the next that were asked for.
        stride: usize,
        /// The size, rounded up to a multiple of 64.
        of_64: usize,
        /// The size, rounded up to a multiple of 128.
        of_128: usize,
    },

    /// The map or memory is longer or shorter than its banks.
    #[error("{banks} banks of {stride} bytes are not what {map} holds, which has {len} bytes of values")]
    BankGeometry {
        /// The number of banks asked for.
        banks: usize,
        /// Bytes from one bank to the next.
        stride: usize,
        /// Bytes of values that there are.
        len: usize,
        /// The map.
        map: MapName,
    },

    /// There is no such place.
    #[error(transparent)]
    Place(#[from] PlaceError),

    /// The kernel refused, or does not say which CPUs are possible.
    #[error(transparent)]
    System(#[from] SystemError),
}
