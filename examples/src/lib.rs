//! What the examples share.

use std::error::Error;
use std::io;

/// If an error means that this process may not use BPF, or that the kernel has none: the kernel's reason. An example then
/// shows its point on a memfd instead; every other error is one.
pub fn no_bpf_reason(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            let none = matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported);
            return none.then(|| error.to_string());
        }
        cause = error.source();
    }
    None
}
