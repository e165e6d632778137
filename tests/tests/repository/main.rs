//! What the repository says of itself, is so.

mod comments;
mod floors;
mod guide;
