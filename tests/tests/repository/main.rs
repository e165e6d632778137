//! What the repository says of itself, is so.

mod guide;
