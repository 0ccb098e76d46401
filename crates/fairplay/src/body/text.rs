//! Text among bytes.

use std::borrow::Cow;

/// The text, if all of it is printable ASCII and white space.
pub(super) fn printable(bytes: &[u8]) -> Option<&str> {
    let printable = bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    std::str::from_utf8(bytes).ok().filter(|_| printable)
}

/// The text without spaces, tabs and line ends, which encoders put after every 64 or 76 characters.
pub(super) fn without_white_space(text: &str) -> Cow<'_, str> {
    if text.contains(|character: char| character.is_ascii_whitespace()) {
        text.chars().filter(|character| !character.is_ascii_whitespace()).collect()
    } else {
        Cow::Borrowed(text)
    }
}
