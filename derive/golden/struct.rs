/// Counters of one queue.
#[repr(C)]
pub struct Queue {
    /// Packets seen.
    pub packets: u64,
    mode: Mode,
}
