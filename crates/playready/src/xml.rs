//! What every XML text here has in common: no DTD, no entities of its own, at most 32 deep.

use roxmltree::{Document, Node, ParsingOptions};
use thiserror::Error;

/// Namespaces of section 2.
pub(crate) mod namespace {
    pub(crate) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
    pub(crate) const PROTOCOL: &str = "http://schemas.microsoft.com/DRM/2007/03/protocols";
    pub(crate) const MESSAGES: &str = "http://schemas.microsoft.com/DRM/2007/03/protocols/messages";
    pub(crate) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
    pub(crate) const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
    pub(crate) const HEADER: &str = "http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader";
}

/// The deepest element that is read; the root is 1.
pub const MAXIMUM_DEPTH: usize = 32;

/// A request of 64 KiB has no honest use for more.
const MAXIMUM_NODES: u32 = 16_384;

/// Why a text is not read as XML.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum XmlError {
    /// Not well-formed, or more nodes than any honest text has.
    #[error("not well-formed XML, at line {row}, column {column}")]
    Malformed {
        /// Line, from 1.
        row: u32,
        /// Column, from 1.
        column: u32,
    },
    /// A document type declaration.
    #[error("a document type declaration is not allowed")]
    Doctype,
    /// Deeper than 32.
    #[error("elements are nested deeper than {MAXIMUM_DEPTH}")]
    Depth,
    /// The XML declaration names another encoding than UTF-8.
    #[error("the XML declaration names another encoding than UTF-8")]
    Encoding,
}

pub(crate) fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    check_depth(text)?;
    check_encoding(text)?;
    let options = ParsingOptions { nodes_limit: MAXIMUM_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => XmlError::Doctype,
        other => XmlError::Malformed { row: other.pos().row, column: other.pos().col },
    })
}

/// Counts tags before the parser sees them, so that no depth of nesting can cost it its stack. The
/// count knows comments, sections and processing instructions; where the text is not well-formed it may be
/// anything, and the parser refuses.
fn check_depth(text: &str) -> Result<(), XmlError> {
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        let skip = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")];
        if let Some((_, after)) =
            skip.iter().find_map(|(start, end)| tag.strip_prefix(start)?.split_once(end))
        {
            rest = after;
            continue;
        }
        let end = end_of_tag(tag);
        let (inside, after) = tag.split_at_checked(end).unwrap_or((tag, ""));
        if inside.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else {
            if depth == MAXIMUM_DEPTH {
                return Err(XmlError::Depth);
            }
            if !inside.ends_with('/') {
                depth += 1;
            }
        }
        rest = after;
    }
    Ok(())
}

/// Where the `>` of a tag stands; one inside an attribute's quotes is text.
fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    tag.len()
}

fn check_encoding(text: &str) -> Result<(), XmlError> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let Some((declaration, _)) = text.strip_prefix("<?xml ").and_then(|rest| rest.split_once("?>")) else {
        return Ok(());
    };
    let Some((_, value)) = declaration.split_once("encoding") else { return Ok(()) };
    let value = value.trim_start().strip_prefix('=').unwrap_or_default().trim();
    let utf_8 = value.get(1..6).is_some_and(|name| name.eq_ignore_ascii_case("utf-8"))
        && value.get(6..7).is_some_and(|quote| value.starts_with(quote));
    if utf_8 { Ok(()) } else { Err(XmlError::Encoding) }
}

/// The text of an element that has no elements in it; empty when it has none.
pub(crate) fn text_of(element: Node<'_, '_>) -> Option<String> {
    let mut text = String::new();
    for child in element.children() {
        if child.is_element() {
            return None;
        }
        if child.is_text() {
            text.push_str(child.text().unwrap_or_default());
        }
    }
    Some(text)
}

/// Base64 without the whitespace that may stand inside it.
pub(crate) fn base64_of(text: &str) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    drm_primitives::base64::decode(&bytes).ok()
}

/// Writes text so that it comes back the same from any XML parser. What XML 1.0 cannot say is replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // A bare carriage return would come back as a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' => escaped.push(character),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => escaped.push(char::REPLACEMENT_CHARACTER),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth))
    }

    #[test]
    fn depth_32_is_read_and_33_is_refused() {
        assert!(parse(&nested(32)).is_ok());
        assert_eq!(parse(&nested(33)).unwrap_err(), XmlError::Depth);
        assert_eq!(parse(&format!("{}<a/>", "<a>".repeat(32))).unwrap_err(), XmlError::Depth);
        assert_eq!(parse(&"<a>".repeat(20_000)).unwrap_err(), XmlError::Depth);
    }

    #[test]
    fn siblings_comments_sections_and_quoted_brackets_are_no_depth() {
        let inside = "<b/><!--<c><c>--><![CDATA[<d><d>]]><?p <e>?><f g='>' h=\"/>\"></f>".repeat(40);
        assert!(parse(&format!("<a>{inside}</a>")).is_ok());
    }

    #[test]
    fn a_document_type_and_foreign_encodings_are_refused() {
        assert_eq!(parse("<!DOCTYPE a><a/>").unwrap_err(), XmlError::Doctype);
        assert_eq!(parse("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").unwrap_err(), XmlError::Doctype);
        assert!(matches!(parse("<a>&b;</a>").unwrap_err(), XmlError::Malformed { .. }));
        assert_eq!(parse("<?xml version='1.0' encoding='utf-16'?><a/>").unwrap_err(), XmlError::Encoding);
        assert!(parse("<?xml version='1.0' encoding='UTF-8'?><a/>").is_ok());
        assert!(parse("<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes'?><a/>").is_ok());
        assert!(parse("\u{FEFF}<?xml version=\"1.0\"?><a/>").is_ok());
    }

    #[test]
    fn escaped_text_comes_back_from_a_parser() {
        let text = "<>&\"'é\r\n\t]]>";
        let document = format!("<a>{}</a>", escape(text));
        assert_eq!(parse(&document).unwrap().root_element().text(), Some(text));
        assert_eq!(escape("\0\u{FFFF}"), "\u{FFFD}\u{FFFD}");
    }
}
