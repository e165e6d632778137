#[map_view(name = "task_ctx")]
pub struct Task {
    /// Where it runs.
    pub layer_id: u32,
    #[map_view(path = "stats.runtime_ns")]
    runtime: Option<u64>,
    #[map_view(at_least)]
    mask: [u64; 4],
}
