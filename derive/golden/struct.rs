/// Counters of one queue.
#[repr(C)]
pub struct Queue {
    /// Packets seen.
    pub packets: u64,
    /// The longest of them.
    #[map_value(fold = "max")]
    longest: u32,
    #[map_value(fold = "first")]
    mode: Mode,
}
