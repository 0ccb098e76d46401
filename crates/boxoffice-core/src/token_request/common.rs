//! What every token request may say: how long, how often, whence, and under which mark.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use super::value::{one, optional_bool, quote};
use super::{device, expiration};
use crate::account::AccountOptions;
use crate::entitlement::{Cookie, Stream};
use crate::{Drm, Event, Parameters, Refusal};

/// The restrictions of a token, whatever its DRM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Common {
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it may be redeemed once only.
    pub one_time: bool,
    /// Who is watching, where streams are counted: Widevine alone.
    pub stream: Option<Stream>,
    /// The device that alone may redeem it: PlayReady alone.
    pub device_id: Option<[u8; 16]>,
    /// From where alone it may be redeemed.
    pub address: Option<IpNet>,
    /// The caller's mark.
    pub cookie: Option<Cookie>,
}

/// The longest that a token lives, and how long one lives that does not say: 30 days.
const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Common {
    /// Reads, in this order: `expirationTime`, `oneTime`, `userId`, `maxStreams`, `deviceId`, `ipAddress`, `cookie`.
    ///
    /// # Errors
    /// -2002, -2035, the DRM's code for a device, -2003, -2033.
    pub fn parse(
        parameters: &Parameters,
        drm: Drm,
        options: &AccountOptions,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            expires_at: expires_at(parameters, now)?,
            one_time: optional_bool(parameters, "oneTime", Event::ValueMissing)?.unwrap_or(options.one_time),
            stream: if drm == Drm::Widevine { stream(parameters)? } else { None },
            device_id: device::parse(parameters, drm)?,
            address: address(parameters)?,
            cookie: cookie(parameters)?,
        })
    }
}

fn expires_at(parameters: &Parameters, now: Timestamp) -> Result<Timestamp, Refusal> {
    let issued_at = expiration::whole_seconds(now);
    let latest = issued_at.saturating_add(LIFETIME).expect("a duration without calendar units is added");
    let Some(value) = one(parameters, "expirationTime", Event::TokenExpirationTime)? else {
        return Ok(latest);
    };
    let refuse = |problem: String| {
        let hint = format!("expirationTime is {}: {problem}", quote(value));
        Refusal::new(Event::TokenExpirationTime, hint).parameter("expirationTime")
    };
    let time = expiration::parse(value, issued_at).map_err(refuse)?;
    if time <= now {
        let late = now.as_second() - time.as_second();
        return Err(refuse(format!("in the past by {late} s; the server's time is {issued_at}")));
    }
    if time > latest {
        return Err(refuse(format!("over 30 days ahead; the latest is {latest}, or +2592000")));
    }
    Ok(expiration::whole_seconds(time))
}

fn stream(parameters: &Parameters) -> Result<Option<Stream>, Refusal> {
    let user_id = one(parameters, "userId", Event::ValueMissing)?;
    let max = one(parameters, "maxStreams", Event::ValueMissing)?;
    let refuse = |name: &str, hint: String| Refusal::new(Event::ValueMissing, hint).parameter(name);
    let user_id = user_id
        .map(|value| {
            let text = std::str::from_utf8(value)
                .ok()
                .filter(|text| text.len() <= 64 && !text.chars().any(char::is_control));
            text.map(ToOwned::to_owned).ok_or_else(|| {
                refuse("userId", format!("got {}, expected 1 to 64 bytes of text", quote(value)))
            })
        })
        .transpose()?;
    let max = max
        .map(|value| {
            let number = super::value::digits(value).and_then(|number| u8::try_from(number).ok());
            number
                .filter(|&number| number > 0)
                .ok_or_else(|| refuse("maxStreams", format!("got {}, expected 1 to 255", quote(value))))
        })
        .transpose()?;
    match (user_id, max) {
        (None, Some(_)) => Err(refuse(
            "maxStreams",
            "maxStreams needs a userId: it counts the streams of one viewer".to_owned(),
        )),
        (user_id, max) => Ok(user_id.map(|user_id| Stream { user_id, max })),
    }
}

fn address(parameters: &Parameters) -> Result<Option<IpNet>, Refusal> {
    let Some(value) = one(parameters, "ipAddress", Event::IpAddress)? else { return Ok(None) };
    let refuse = |problem: String| Refusal::new(Event::IpAddress, problem).parameter("ipAddress");
    let unreadable = || refuse(format!("got {}, expected an IPv4 or IPv6 address or CIDR", quote(value)));
    let text = std::str::from_utf8(value).map_err(|_| unreadable())?;
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse().map_err(|_| unreadable())?,
    };
    let network = canonical(network);
    if network != network.trunc() {
        let hint = format!("{network} has host bits set; the network is {}", network.trunc());
        return Err(refuse(hint));
    }
    Ok(Some(network))
}

/// An IPv4-mapped network is the IPv4 one.
fn canonical(network: IpNet) -> IpNet {
    match (network.addr().to_canonical(), network.prefix_len().checked_sub(96)) {
        (address @ IpAddr::V4(_), Some(prefix)) if network.addr().is_ipv6() => {
            IpNet::new(address, prefix).unwrap_or(network)
        }
        _ => network,
    }
}

fn cookie(parameters: &Parameters) -> Result<Option<Cookie>, Refusal> {
    let Some(value) = one(parameters, "cookie", Event::CookieInvalid)? else { return Ok(None) };
    let refuse = |hint: String| Refusal::new(Event::CookieInvalid, hint).parameter("cookie");
    let text = std::str::from_utf8(value).map_err(|_| refuse("the cookie is not UTF-8".to_owned()))?;
    let characters = text.chars().count();
    if characters > Cookie::CHARACTERS {
        return Err(refuse(format!("got {characters} characters, expected at most {}", Cookie::CHARACTERS)));
    }
    Cookie::new(text.to_owned())
        .map(Some)
        .ok_or_else(|| refuse("the cookie has a control character, expected printable text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;

    fn parse(query: &str) -> Result<Common, Refusal> {
        let parameters = Parameters::parse(query.as_bytes(), b"").unwrap();
        let now = "2026-01-01T00:00:00.7Z".parse().unwrap();
        Common::parse(&parameters, Drm::Widevine, &AccountOptions::new(Environment::Test), now)
    }

    fn refused(query: &str) -> String {
        parse(query).unwrap_err().to_string()
    }

    #[test]
    fn a_token_lives_for_thirty_days_at_most_and_by_default() {
        let thirty_days = "2026-01-31T00:00:00Z".parse().unwrap();
        assert_eq!(parse("").unwrap().expires_at, thirty_days);
        assert_eq!(parse("expirationTime=%2B2592000").unwrap().expires_at, thirty_days);
        assert_eq!(parse("expirationTime=+2592000").unwrap().expires_at, thirty_days);
        assert!(refused("expirationTime=%2B2592001").contains("over 30 days"));
        assert!(refused("expirationTime=2025-12-31T23:59:59Z").contains("in the past"));
    }

    #[test]
    fn an_address_is_one_or_a_network_without_host_bits() {
        let address = |text: &str| {
            parse(&format!("ipAddress={text}")).map(|common| common.address.unwrap().to_string())
        };
        assert_eq!(address("203.0.113.7").as_deref(), Ok("203.0.113.7/32"));
        assert_eq!(address("::ffff:203.0.113.7").as_deref(), Ok("203.0.113.7/32"));
        assert_eq!(address("::ffff:203.0.113.0/120").as_deref(), Ok("203.0.113.0/24"));
        assert_eq!(address("2001:db8::/32").as_deref(), Ok("2001:db8::/32"));
        assert!(address("203.0.113.7/24").unwrap_err().hint().contains("203.0.113.0/24"));
        for text in ["[::1]", "localhost", "203.0.113", "203.0.113.7/33"] {
            assert_eq!(address(text).unwrap_err().code_number(), -2003, "{text}");
        }
    }

    #[test]
    fn a_cookie_has_32_characters_and_none_of_control() {
        assert!(parse(&format!("cookie={}", "%C3%A9".repeat(32))).is_ok());
        assert!(refused(&format!("cookie={}", "a".repeat(33))).contains("-2033"));
        assert!(refused("cookie=a%00").contains("-2033"));
        assert!(refused("cookie=%FF").contains("-2033"));
    }

    #[test]
    fn one_time_and_streams_are_read_strictly() {
        assert!(parse("oneTime=true").unwrap().one_time);
        assert!(refused("oneTime=1").contains("-2035"));
        assert!(refused("maxStreams=2").contains("-2035"));
        assert!(refused("userId=a&maxStreams=0").contains("-2035"));
        assert!(refused("userId=a&maxStreams=256").contains("-2035"));
        let stream = Stream { user_id: "a".to_owned(), max: Some(255) };
        assert_eq!(parse("userId=a&maxStreams=255").unwrap().stream, Some(stream));
    }
}
