//! What `getrecord` is asked for (token-api.md, sections 10 and 11).

use boxoffice_core::entitlement::Cookie;
use boxoffice_core::key_storage::parse_time;
use boxoffice_core::{AccountId, Event, Parameters, Refusal};
use boxoffice_storage::{NewestRecords, RecordId};
use jiff::Timestamp;

/// How many events there are without a word about which.
const LAST: u32 = 32;

/// The most events of one answer.
pub(super) const MOST: u32 = 1_000;

/// One of the ways to say which.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Query {
    /// One event.
    Id(RecordId),
    /// The newest of some.
    Newest(NewestRecords),
    /// One that cannot be there.
    Nothing,
}

/// The parameters of each way.
const WAYS: [&[&str]; 4] = [&["cookie"], &["id"], &["start", "length"], &["from", "to"]];

impl Query {
    /// Reads the one way that is given.
    ///
    /// # Errors
    /// -2035 with the parameter: two ways at once, half of one, a value that is none; -2033 for a cookie that no token
    /// has.
    pub fn parse(parameters: &Parameters, account: AccountId) -> Result<Self, Refusal> {
        let mut given = WAYS.into_iter().map(|way| Way::read(parameters, way)).filter_map(Result::transpose);
        let newest = |length| NewestRecords { account, cookie: None, from: None, to: None, start: 0, length };
        let Some(way) = given.next().transpose()? else { return Ok(Self::Newest(newest(LAST))) };
        if let Some(second) = given.next().transpose()? {
            let hint =
                format!("{} and {} are two ways to say which events; give one", way.names(), second.names());
            return Err(refuse(second.name(), hint));
        }
        // One more than is shown tells whether there are more.
        let all = newest(MOST + 1);
        Ok(match way {
            Way { names: ["cookie"], values } => {
                Self::Newest(NewestRecords { cookie: Some(cookie(&values)?), ..all })
            }
            Way { names: ["id"], values } => match number("id", values.first().copied())? {
                Some(id) => Self::Id(RecordId(id)),
                None => Self::Nothing,
            },
            Way { names: ["from", "to"], values } => {
                let from = time("from", values.first().copied())?;
                let to = time("to", values.get(1).copied())?;
                Self::Newest(NewestRecords { from: Some(from), to: Some(to), ..all })
            }
            Way { values, .. } => {
                let start = number("start", values.first().copied())?;
                let length = number("length", values.get(1).copied())?;
                let length = length
                    .and_then(|length| u32::try_from(length).ok())
                    .filter(|&length| (1..=MOST).contains(&length));
                let hint = || format!("length is out of range, expected 1 to {MOST}");
                let length = length.ok_or_else(|| refuse("length", hint()))?;
                match start {
                    Some(start) => Self::Newest(NewestRecords { start, ..newest(length) }),
                    None => Self::Nothing,
                }
            }
        })
    }
}

/// A way, with the values of its parameters.
struct Way<'a> {
    names: &'static [&'static str],
    values: Vec<&'a [u8]>,
}

impl<'a> Way<'a> {
    fn read(parameters: &'a Parameters, names: &'static [&'static str]) -> Result<Option<Self>, Refusal> {
        let mut values = Vec::new();
        let mut missing = None;
        for &name in names {
            match parameters.one(name) {
                Ok(Some(value)) => values.push(value),
                Ok(None) => missing = missing.or(Some(name)),
                Err(conflict) => return Err(refuse(name, format!("{name} is {conflict}"))),
            }
        }
        match missing {
            Some(_) if values.is_empty() => Ok(None),
            Some(name) => {
                Err(refuse(name, format!("{name} is missing: {} go together", names.join(" and "))))
            }
            None => Ok(Some(Self { names, values })),
        }
    }

    fn names(&self) -> String {
        self.names.join("+")
    }

    fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }
}

fn cookie(values: &[&[u8]]) -> Result<String, Refusal> {
    let value = values.first().copied().unwrap_or_default();
    let cookie = String::from_utf8(value.to_vec()).ok().and_then(Cookie::new);
    let hint = || {
        format!(
            "cookie is none: expected at most {} characters, none of them a control character",
            Cookie::CHARACTERS
        )
    };
    cookie
        .map(|cookie| cookie.as_str().to_owned())
        .ok_or_else(|| Refusal::new(Event::CookieInvalid, hint()).parameter("cookie"))
}

/// A number in digits; `None` for one that is too great to be any record's.
fn number(name: &'static str, value: Option<&[u8]>) -> Result<Option<u64>, Refusal> {
    let text = value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse(name, format!("{name} is no number: expected digits")));
    }
    Ok(text.parse().ok().filter(|&number| i64::try_from(number).is_ok()))
}

fn time(name: &'static str, value: Option<&[u8]>) -> Result<Timestamp, Refusal> {
    const FORM: &str = "expected a time such as 2026-04-14T12:01:10Z";
    let text = value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default();
    let in_z = text.ends_with(['Z', 'z']);
    parse_time(text).ok().filter(|_| in_z).ok_or_else(|| refuse(name, format!("{name} is no time: {FORM}")))
}

fn refuse(name: &str, hint: String) -> Refusal {
    Refusal::new(Event::ValueMissing, hint).parameter(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_query_panics(query: Vec<u8>) {
            if let Ok(parameters) = Parameters::parse(&query, b"") {
                let _ = Query::parse(&parameters, AccountId(1));
            }
        }
    }
}
