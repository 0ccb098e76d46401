//! The parameters of a request: query and form are one set (token-api.md, sections 1 and 11).

use std::borrow::Cow;

use percent_encoding::percent_decode;
use thiserror::Error;
use zeroize::Zeroize as _;

/// Names and values, decoded, in the order in which they came: the query first. Values are bytes, for they
/// need not be UTF-8; they may be keys, so they are wiped when dropped and do not print.
#[derive(Default)]
pub struct Parameters(Vec<(Vec<u8>, Vec<u8>)>);

/// More than [`Parameters::MOST`] of them.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("more than {} parameters", Parameters::MOST)]
pub struct TooManyParameters;

/// One parameter given several times with different values.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("given more than once, with different values")]
pub struct Conflict;

impl Parameters {
    /// How many a request may have.
    pub const MOST: usize = 1_000;

    /// Reads the query, and the form where there is one. A `+` is a space; a malformed `%zz` stands for itself.
    ///
    /// # Errors
    /// [`TooManyParameters`]; nothing else is refused here.
    pub fn parse(query: &[u8], form: &[u8]) -> Result<Self, TooManyParameters> {
        let mut parameters = Self::default();
        for pair in [query, form].into_iter().flat_map(|part| part.split(|&byte| byte == b'&')) {
            if pair.is_empty() {
                continue;
            }
            if parameters.0.len() == Self::MOST {
                return Err(TooManyParameters);
            }
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap_or_default());
            let value = decode(halves.next().unwrap_or_default());
            parameters.0.push((name, value));
        }
        Ok(parameters)
    }

    /// The one value of a parameter. An empty one counts as absent.
    ///
    /// # Errors
    /// [`Conflict`] where it came with several values.
    pub fn one(&self, name: &str) -> Result<Option<&[u8]>, Conflict> {
        Ok(self.one_or_empty(name)?.filter(|value| !value.is_empty()))
    }

    /// The one value of a parameter, which may be empty.
    ///
    /// # Errors
    /// [`Conflict`] where it came with several values.
    pub fn one_or_empty(&self, name: &str) -> Result<Option<&[u8]>, Conflict> {
        let mut values = self.all(name);
        let first = values.next();
        if values.any(|value| Some(value) != first) { Err(Conflict) } else { Ok(first) }
    }

    /// Every value of a parameter, in order.
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.0.iter().filter(move |(given, _)| given == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// The names that came with a value, in order, repeated as often as they came.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.as_slice())
    }
}

impl Drop for Parameters {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Cow<'_, [u8]> = if text.contains(&b'+') {
        Cow::Owned(text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect())
    } else {
        Cow::Borrowed(text)
    };
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn query_and_form_are_one_set() {
        let parameters = Parameters::parse(b"kid=%5Ea&x=1", b"y=a+b%2Bc&x=1&&=&z").unwrap();
        assert_eq!(parameters.one("kid"), Ok(Some(&b"^a"[..])));
        assert_eq!(parameters.one("x"), Ok(Some(&b"1"[..])));
        assert_eq!(parameters.one("y"), Ok(Some(&b"a b+c"[..])));
        assert_eq!(parameters.one("z"), Ok(None));
        assert_eq!(parameters.one_or_empty("z"), Ok(Some(&b""[..])));
        assert_eq!(parameters.one("Kid"), Ok(None));
    }

    #[test]
    fn different_values_of_one_name_conflict_after_decoding() {
        let parameters = Parameters::parse(b"a=1&a=%31&b=1&b=2&c=&c=1", b"").unwrap();
        assert_eq!(parameters.one("a"), Ok(Some(&b"1"[..])));
        assert_eq!(parameters.one("b"), Err(Conflict));
        assert_eq!(parameters.one("c"), Err(Conflict));
    }

    #[test]
    fn a_malformed_percent_sign_stands_for_itself() {
        let parameters = Parameters::parse(b"a=%zz%4", b"").unwrap();
        assert_eq!(parameters.one("a"), Ok(Some(&b"%zz%4"[..])));
    }

    #[test]
    fn a_thousand_parameters_are_enough() {
        assert!(Parameters::parse("a=1&".repeat(1_000).as_bytes(), b"").is_ok());
        assert_eq!(Parameters::parse("a=1&".repeat(1_000).as_bytes(), b"b").err(), Some(TooManyParameters));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(query: Vec<u8>, form: Vec<u8>) {
            let _ = Parameters::parse(&query, &form);
        }
    }
}
