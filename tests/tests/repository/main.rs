//! What the repository says about itself is true.

mod comments;
mod floors;
mod guide;
