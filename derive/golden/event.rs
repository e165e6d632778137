#[map_event(tag = "header.kind", crate = "shared::mapvalue")]
pub enum Event {
    /// A process began.
    #[map_event(tag = 1)]
    Exec(Exec),
    #[map_event(tag = Kind::Args)]
    Args(Args),
    #[map_event(other)]
    Other(u32),
}
