//! The KEK of a call: given with each request, never remembered (key-storage.md, section 3).

use boxoffice_core::Parameters;
use boxoffice_core::key_storage::{KeyProblem, KeyRefusal};
use drm_primitives::Kek;
use http::HeaderMap;

/// The KEK in the query `kek` or the header `X-Kek`, where there is one.
pub(super) fn of_request(parameters: &Parameters, headers: &HeaderMap) -> Result<Option<Kek>, KeyRefusal> {
    let refuse = |hint: String| KeyRefusal::new(KeyProblem::InvalidParameters, hint).parameter("kek");
    let of_headers = headers.get_all("x-kek").iter().map(|value| value.as_bytes().trim_ascii());
    let mut values = parameters.all("kek").chain(of_headers);
    let Some(first) = values.next() else { return Ok(None) };
    // Either case is the same KEK.
    if values.any(|value| !value.eq_ignore_ascii_case(first)) {
        return Err(refuse("kek is given more than once, with different values".to_owned()));
    }
    Kek::from_hex(first).map(Some).map_err(|error| refuse(format!("kek: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn id(query: &str, header: Option<&str>) -> Result<Option<String>, KeyProblem> {
        let parameters = Parameters::parse(query.as_bytes(), b"").unwrap();
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("x-kek", HeaderValue::from_str(header).unwrap());
        }
        of_request(&parameters, &headers)
            .map(|kek| kek.map(|kek| kek.id()))
            .map_err(|refusal| refusal.problem)
    }

    #[test]
    fn it_comes_in_query_or_header_in_three_lengths() {
        const KEK: &str = "000102030405060708090a0b0c0d0e0f";
        let expected = Ok(Some("#1.afe008a381bdac03b412a92d54b92ddf".to_owned()));
        assert_eq!(id("", None), Ok(None));
        assert_eq!(id(&format!("kek={KEK}"), None), expected);
        assert_eq!(id("", Some(KEK)), expected);
        assert_eq!(id(&format!("kek={}", KEK.to_uppercase()), Some(KEK)), expected);
        for hex in [KEK.to_owned() + &KEK[..16], KEK.repeat(2)] {
            assert!(id(&format!("kek={hex}"), None).is_ok());
        }
        let other = "1".repeat(32);
        for (query, header) in [
            ("kek=", None),
            ("", Some("")),
            ("kek=00", None),
            ("kek=zz0102030405060708090a0b0c0d0e0f", None),
            ("kek=000102030405060708090a0b0c0d0e0f", Some(other.as_str())),
            ("kek=&kek=000102030405060708090a0b0c0d0e0f", None),
        ] {
            assert_eq!(id(query, header), Err(KeyProblem::InvalidParameters), "{query} {header:?}");
        }
    }
}
