//! Which CPU a thread runs on.

/// Pins this thread to one CPU: that of this number among those that it may run on. Otherwise a
/// busy machine may let threads take turns on one CPU.
///
/// # Panics
///
/// If there are too few CPUs, or the kernel refuses.
pub fn pin(number: usize) {
    // SAFETY: a set of CPUs is made of integers, and all zeros is the empty set.
    let mut cpus: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `cpus` is valid for writes of that many bytes.
    let result = unsafe { libc::sched_getaffinity(0, size_of_val(&cpus), &raw mut cpus) };
    assert_eq!(result, 0, "the CPUs of a thread");
    // SAFETY: the number is less than the number of bits in a set.
    let allowed = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &cpus) };
    let own = (0..8 * size_of_val(&cpus)).filter(allowed).nth(number).expect("a CPU each");
    // SAFETY: as above.
    let mut cpus: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number is less than the number of bits in a set.
    unsafe { libc::CPU_SET(own, &mut cpus) };
    // SAFETY: `cpus` is valid for reads of that many bytes.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&cpus), &raw const cpus) };
    assert_eq!(result, 0, "keep a thread on a CPU");
}
