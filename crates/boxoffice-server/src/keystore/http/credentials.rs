//! Where an authenticator may stand (key-storage.md, section 2): the first place that has one decides.

use boxoffice_core::{Event, Parameters, Refusal};
use drm_primitives::base64;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

/// The text of the authenticator.
pub(super) fn of_request(
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let shown = match parameters.one_or_empty("customerAuthenticator") {
        Err(conflict) => return Err(malformed(format!("customerAuthenticator is {conflict}"))),
        Ok(Some(shown)) => Zeroizing::new(shown.to_vec()),
        Ok(None) => match one(headers, "x-customer-authenticator")? {
            Some(shown) => with_comma(shown),
            None => match one(headers, AUTHORIZATION.as_str())? {
                Some(shown) => of_authorization(shown)?,
                None => return Err(missing()),
            },
        },
    };
    if shown.is_empty() { Err(missing()) } else { Ok(shown) }
}

/// The one value of a header.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, Refusal> {
    let mut values = headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii());
    let first = values.next();
    if values.any(|value| Some(value) != first) {
        return Err(malformed(format!("the header {name} is given more than once, with different values")));
    }
    Ok(first)
}

fn of_authorization(value: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut halves = value.splitn(2, |&byte| byte == b' ');
    let scheme = halves.next().unwrap_or_default();
    let credentials = halves.next().unwrap_or_default().trim_ascii();
    if scheme.eq_ignore_ascii_case(b"Bearer") {
        return Ok(with_comma(credentials));
    }
    if !scheme.eq_ignore_ascii_case(b"Basic") {
        if value.is_empty() {
            return Err(missing());
        }
        return Err(malformed("the Authorization header is neither Bearer nor Basic".to_owned()));
    }
    if credentials.is_empty() {
        return Err(missing());
    }
    let mut shown = base64::decode(credentials)
        .map(Zeroizing::new)
        .map_err(|error| malformed(format!("the Authorization header's base64: {error}")))?;
    // RFC 7617: everything before the first colon is the user, here the account's number.
    match shown.iter_mut().find(|byte| **byte == b':') {
        Some(colon) => *colon = b',',
        None => return Err(malformed("the Authorization header has no colon behind the user".to_owned())),
    }
    Ok(shown)
}

/// The comma may arrive as `%2C` (operations.md, section 3).
fn with_comma(shown: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(percent_encoding::percent_decode(shown).collect())
}

fn missing() -> Refusal {
    let hint = "give customerAuthenticator, as <account id>,<32 hex digits>";
    Refusal::new(Event::AuthenticatorMissing, hint).parameter("customerAuthenticator")
}

fn malformed(hint: String) -> Refusal {
    Refusal::new(Event::AuthenticatorInvalid, hint).reason("malformed").parameter("customerAuthenticator")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn shown(query: &str, headers: &[(&'static str, &str)]) -> Result<String, i32> {
        let parameters = Parameters::parse(query.as_bytes(), b"").unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        of_request(&parameters, &map)
            .map(|shown| String::from_utf8(shown.to_vec()).unwrap())
            .map_err(|refusal| refusal.code_number())
    }

    #[test]
    fn the_first_place_that_has_one_decides() {
        let headers = [("x-customer-authenticator", "2,b"), ("authorization", "Bearer 3,c")];
        assert_eq!(shown("customerAuthenticator=1%2Ca", &headers).as_deref(), Ok("1,a"));
        assert_eq!(shown("customerAuthenticator=1,a", &headers).as_deref(), Ok("1,a"));
        assert_eq!(shown("", &headers).as_deref(), Ok("2,b"));
        assert_eq!(shown("", &headers[1..]).as_deref(), Ok("3,c"));
        assert_eq!(shown("", &[("x-customer-authenticator", "2%2Cb")]).as_deref(), Ok("2,b"));
        assert_eq!(shown("", &[("authorization", "basic Mzpj")]).as_deref(), Ok("3,c"));
        // An empty one is none, and the rest is not looked at.
        assert_eq!(shown("customerAuthenticator=", &headers), Err(-2017));
        assert_eq!(
            shown("", &[("x-customer-authenticator", ""), ("authorization", "Bearer 3,c")]),
            Err(-2017)
        );
    }

    #[test]
    fn none_is_missing_and_nonsense_is_malformed() {
        assert_eq!(shown("", &[]), Err(-2017));
        for empty in ["", "Bearer", "Bearer ", "Basic", "Basic "] {
            assert_eq!(shown("", &[("authorization", empty)]), Err(-2017), "{empty}");
        }
        for wrong in ["Digest a", "Basic !", "Basic YWJj", "nonsense"] {
            assert_eq!(shown("", &[("authorization", wrong)]), Err(-2018), "{wrong}");
        }
        assert_eq!(shown("customerAuthenticator=1,a&customerAuthenticator=1,b", &[]), Err(-2018));
        let twice = [("x-customer-authenticator", "1,a"), ("x-customer-authenticator", "1,b")];
        assert_eq!(shown("", &twice), Err(-2018));
    }
}
