//! Holds the module alone, compiled with the `core` beside it.
#![feature(no_core)]
#![no_core]

#[macro_use]
extern crate core;

#[path = "../../core/src/platform.rs"]
mod platform;
