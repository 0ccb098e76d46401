//! Errors for a person: a small, whole page.

use std::fmt::Write as _;

use boxoffice_core::Refusal;

use super::language::{Language, Words};
use crate::request_id::RequestId;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:4rem auto;padding:0 1rem;color:#222;\
background:#fff}h1{font-size:1.4rem}dt{color:#666;font-size:.85rem;margin-top:.75rem}dd{margin:0;overflow-wrap:anywhere}";

/// Writes the page: the facts of the JSON, every byte of the user escaped. The interface's own texts and our
/// hints are English, and say so.
pub(super) fn page(refusal: &Refusal, request_id: RequestId, language: Language) -> String {
    let words = language.words();
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{} ({})</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<h1>{}</h1>\n<p>{}</p>\n<dl>\n",
        language.tag(),
        words.title,
        refusal.code_number(),
        words.title,
        sentence(words, refusal.http_status()),
    );
    let mut fact = |name: &str, value: &str, english: bool| {
        let lang = if english && language != Language::English { " lang=\"en\"" } else { "" };
        let _ = write!(page, "<dt>{name}</dt>\n<dd{lang}>");
        escape(value, &mut page);
        page.push_str("</dd>\n");
    };
    fact(words.code, &refusal.code_number().to_string(), false);
    fact(words.message, &refusal.message(), true);
    if let Some(parameter) = refusal.parameter_name() {
        fact(words.parameter, parameter, false);
    }
    if let Some(reason) = refusal.reason_word() {
        fact(words.reason, reason, false);
    }
    if !refusal.hint().is_empty() {
        fact(words.hint, refusal.hint(), true);
    }
    fact(words.request, request_id.as_str(), false);
    page.push_str("</dl>\n</body>\n</html>\n");
    page
}

const fn sentence(words: &Words, status: u16) -> &'static str {
    match status {
        401 => words.not_authenticated,
        403 => words.forbidden,
        404 => words.not_found,
        405 => words.method,
        413 | 414 => words.too_large,
        429 => words.too_many,
        500.. => words.own_failure,
        _ => words.bad_request,
    }
}

fn escape(text: &str, page: &mut String) {
    for character in text.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            // Not allowed in HTML, not even as references.
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                page.push('\u{fffd}');
            }
            other => page.push(other),
        }
    }
}
