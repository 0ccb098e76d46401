//! The lines of a file of keys: CSV, or JSON lines of key objects.

use boxoffice_core::key_storage::NewKey;
use boxoffice_server::keystore::ImportRow;
use jiff::Timestamp;
use zeroize::Zeroizing;

/// Reads one line. `None`: there is nothing on it, or it is the heading of a CSV file.
///
/// # Errors
/// A sentence without a character of a key.
pub fn read(line: &str, number: u64, now: Timestamp) -> Result<Option<ImportRow>, String> {
    let line = line.trim_end_matches(['\r', '\n']);
    let line = if number == 1 { line.trim_start_matches('\u{feff}') } else { line };
    if line.trim().is_empty() {
        return Ok(None);
    }
    let key = if line.trim_start().starts_with('{') {
        NewKey::parse(line.trim().as_bytes(), now).map_err(|refusal| refusal.hint)?
    } else {
        let fields = fields(line)?;
        let text = |at: usize| fields.get(at).map(|field| field.as_str());
        if number == 1 && text(0).is_some_and(|first| first.eq_ignore_ascii_case("kid")) {
            return Ok(None);
        }
        let (Some(kid), Some(key), None) = (text(0), text(1), text(3)) else {
            return Err(format!("got {} fields, expected kid,k or kid,k,contentId", fields.len()));
        };
        NewKey::of_fields(kid.trim(), key.trim(), text(2)).map_err(|refusal| refusal.hint)?
    };
    let kid = key.kid.ok_or("kid is missing")?;
    Ok(Some(ImportRow { kid, key }))
}

/// Splits a line of CSV (RFC 4180); a field may stand in quotes, in which a quote is doubled.
fn fields(line: &str) -> Result<Vec<Zeroizing<String>>, String> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, behind) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_field(quoted)?
        } else {
            let (field, behind) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            (Zeroizing::new(field.to_owned()), behind)
        };
        fields.push(field);
        match behind.strip_prefix(',') {
            Some(behind) => rest = behind,
            None if behind.is_empty() => return Ok(fields),
            None => return Err("there is something between a closing quote and the next comma".to_owned()),
        }
    }
}

fn quoted_field(quoted: &str) -> Result<(Zeroizing<String>, &str), String> {
    let mut field = Zeroizing::new(String::new());
    let mut rest = quoted;
    loop {
        let (part, behind) = rest.split_once('"').ok_or("a quote is not closed on its line")?;
        field.push_str(part);
        match behind.strip_prefix('"') {
            Some(behind) => {
                field.push('"');
                rest = behind;
            }
            None => return Ok((field, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::key_storage::GivenMaterial;
    use drm_primitives::Kid;

    const KEY: &str = "a9b9033df0b9ca5447839e3d074817a0";

    fn line(text: &str) -> Result<Option<ImportRow>, String> {
        read(text, 2, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn csv_and_json_lines_are_read() {
        for (text, content_id) in [
            (format!("^a,{KEY}\r\n"), None),
            (format!("^a,{}", KEY.to_uppercase()), None),
            (format!("^a, {KEY} ,movie-1"), Some("movie-1")),
            (format!("\"^a\",\"{KEY}\",\"a \"\"b\"\", c\""), Some("a \"b\", c")),
            (format!("^a,{KEY},"), None),
            (format!(r#" {{"kid":"^a","k":"{KEY}","contentId":"c"}} "#), Some("c")),
        ] {
            let row = line(&text).unwrap().unwrap();
            assert_eq!(row.kid, Kid::from_name("a"), "{text}");
            assert!(matches!(row.key.material, GivenMaterial::Key(_)));
            assert_eq!(row.key.content_id.as_deref(), content_id, "{text}");
        }
    }

    #[test]
    fn empty_lines_and_the_heading_are_passed_over() {
        for text in ["", "  ", "\r\n"] {
            assert!(line(text).unwrap().is_none());
        }
        for heading in ["kid,k", "\u{feff}KID,k,contentId"] {
            assert!(read(heading, 1, Timestamp::UNIX_EPOCH).unwrap().is_none());
        }
        assert!(line("kid,k").is_err());
    }

    #[test]
    fn what_is_no_key_says_why_and_quotes_no_key() {
        for text in [
            "^a".to_owned(),
            format!("^a,{KEY},c,d"),
            format!("^a,{}", &KEY[1..]),
            format!("^a,{}", KEY.replace('a', "x")),
            format!("zz,{KEY}"),
            format!("\"^a,{KEY}"),
            format!("\"^a\"x,{KEY}"),
            format!("^a,{KEY},{}", "c".repeat(1_025)),
            format!(r#"{{"k":"{KEY}"}}"#),
            format!(r#"{{"kid":"^a","k":"{KEY}"#),
        ] {
            let error = line(&text).unwrap_err();
            assert!(!error.is_empty() && !error.contains(&KEY[4..12]), "{text}: {error}");
        }
    }
}
