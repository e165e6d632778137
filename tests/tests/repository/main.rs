//! What the repository says about itself is true.

mod comments;
mod errors;
mod floors;
mod guide;
mod licenses;
