//! The parameters of a request: query and form are one set (token-api.md, sections 1 and 11).

use std::ops::Range;

use memchr::{memchr, memchr2};
use percent_encoding::percent_decode;
use thiserror::Error;
use zeroize::Zeroizing;

/// Names and values, decoded, in the order in which they came: the query first. Values are bytes, for they
/// need not be UTF-8; they may be keys, so they are wiped when dropped and do not print.
#[derive(Default)]
pub struct Parameters {
    /// All names and values, one behind the other. It has room for all from the start: a buffer that grows leaves
    /// keys behind where it was.
    text: Zeroizing<Vec<u8>>,
    /// Where each stands in it.
    pairs: Vec<Pair>,
    /// The [`trait_of`] of every name: most names that are asked for are not there.
    traits: u64,
}

struct Pair {
    name: Range<usize>,
    value: Range<usize>,
}

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
        let mut parameters = Self {
            text: Zeroizing::new(Vec::with_capacity(query.len() + form.len())),
            pairs: Vec::with_capacity(16),
            traits: 0,
        };
        for pair in [query, form].into_iter().flat_map(split_at_ampersands) {
            if pair.is_empty() {
                continue;
            }
            if parameters.pairs.len() == Self::MOST {
                return Err(TooManyParameters);
            }
            let equals = memchr(b'=', pair).unwrap_or(pair.len());
            let (name, value) = pair.split_at(equals);
            let name = decode_onto(&mut parameters.text, name);
            let value = decode_onto(&mut parameters.text, value.get(1..).unwrap_or_default());
            parameters.traits |= trait_of(parameters.at(&name));
            parameters.pairs.push(Pair { name, value });
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
        let of_name = move |pair: &&Pair| self.at(&pair.name) == name.as_bytes();
        let pairs = if self.traits & trait_of(name.as_bytes()) == 0 { &[] } else { self.pairs.as_slice() };
        pairs.iter().filter(of_name).map(|pair| self.at(&pair.value))
    }

    /// The names that came with a value, in order, repeated as often as they came.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.pairs.iter().filter(|pair| !pair.value.is_empty()).map(|pair| self.at(&pair.name))
    }

    fn at(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }
}

fn split_at_ampersands(part: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(part);
    std::iter::from_fn(move || {
        let text = rest?;
        let (pair, behind) = match memchr(b'&', text) {
            Some(at) => (text.get(..at)?, text.get(at + 1..)),
            None => (text, None),
        };
        rest = behind;
        Some(pair)
    })
}

/// One bit of 64, by the length of a name and its first and last byte.
fn trait_of(name: &[u8]) -> u64 {
    let [first, last] = [name.first(), name.last()].map(|byte| byte.map_or(0, |&byte| usize::from(byte)));
    1 << ((name.len() * 11 + first * 5 + last) % 64)
}

/// Appends a name or value as it is meant, and says where it stands. It is never longer than as it was written.
fn decode_onto(out: &mut Vec<u8>, text: &[u8]) -> Range<usize> {
    let start = out.len();
    if memchr2(b'%', b'+', text).is_none() {
        out.extend_from_slice(text);
        return start..out.len();
    }
    for (number, words) in text.split(|&byte| byte == b'+').enumerate() {
        if number > 0 {
            out.push(b' ');
        }
        out.extend(percent_decode(words));
    }
    start..out.len()
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
