//! XMR version 3, the licence itself (playready.md, section 7). Big-endian.

mod kind;
mod walk;
mod write;

pub use kind::{CIPHER_ECC_256, ObjectKind, device_key, signature};
pub use walk::{Body, Licence, Object, XmrError};
pub(crate) use write::{Content, write};

/// `"XMR" 00`.
pub const MAGIC: [u8; 4] = *b"XMR\0";
/// The version that is read and written.
pub const VERSION: u32 = 3;
/// The flag of an object that must be understood.
pub const MUST_UNDERSTAND: u16 = 1;
/// The flag of an object whose body is objects.
pub const CONTAINER: u16 = 2;
/// Flags, type and length.
pub const OBJECT_HEADER: usize = 8;
/// The 0B object at the end.
pub const SIGNATURE_LENGTH: usize = 28;

#[cfg(test)]
mod tests;
