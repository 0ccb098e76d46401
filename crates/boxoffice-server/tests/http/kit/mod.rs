//! A service of a test's own: [`Lab`], what it is asked and what it answers.

mod client;
mod eventually;
mod lab;

pub use client::{Answer, Request};
pub use eventually::eventually;
pub use lab::{Customer, Lab, NOW, widevine_root};
