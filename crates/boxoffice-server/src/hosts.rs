//! Who asks, and for which environment: `Host`, and what trusted proxies add (operations.md, section 4).

use std::net::{IpAddr, SocketAddr};

use boxoffice_core::{Environment, Refusal};
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config::Config;

/// The other end of a connection, as the operating system has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub https: bool,
}

/// Knows the hosts of both environments, and the trusted proxies.
#[derive(Debug)]
pub struct Hosts {
    test: Vec<String>,
    production: Vec<String>,
    trusted_proxies: Vec<IpNet>,
    /// The environment of a host that neither names.
    fallback: Option<Environment>,
}

/// Whence a request came, behind any trusted proxies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Whether it asked over TLS, here or at a proxy.
    pub https: bool,
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

impl Hosts {
    /// Takes what is configured.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            test: config.test.hosts.clone(),
            production: config.production.hosts.clone(),
            trusted_proxies: config.server.trusted_proxies.clone(),
            fallback: config.server.is_loopback_only().then_some(Environment::Test),
        }
    }

    /// The client behind the connection. Of `X-Forwarded-For` the last address counts that is no trusted
    /// proxy's: whatever stands before it, the client itself may have written.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap, peer: Peer) -> Client {
        let mut client = Client { address: peer.address.ip().to_canonical(), https: peer.https };
        if !self.trusts(client.address) {
            return client;
        }
        let forwarded: Vec<_> =
            headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
        for address in forwarded.iter().rev().flat_map(|value| value.rsplit(',')) {
            let Some(address) = parse_forwarded(address.trim()) else { break };
            client.address = address;
            if !self.trusts(address) {
                break;
            }
        }
        if let Some(scheme) = headers.get(FORWARDED_PROTO).and_then(|value| value.to_str().ok()) {
            client.https = scheme.trim().eq_ignore_ascii_case("https");
        }
        client
    }

    /// The environment that the request is for.
    ///
    /// # Errors
    /// 400 without a host or with two; 404 for a host that no environment names.
    pub fn environment(&self, parts: &Parts, peer: Peer) -> Result<Environment, Refusal> {
        let hosts = &parts.headers;
        let host = match (parts.uri.host(), one(hosts, &HOST)) {
            (_, Found::Several) => return Err(bad_host("got several Host headers, expected one")),
            // The target of the request outranks the header (RFC 9112, section 3.2.2); HTTP/2 has it alone.
            (Some(host), _) => host,
            (None, Found::One(host)) => without_port(host),
            (None, Found::None) => return Err(bad_host("the request has no Host header")),
        };
        let host = match self.trusts(peer.address.ip().to_canonical()).then(|| one(hosts, &FORWARDED_HOST)) {
            Some(Found::One(forwarded)) => without_port(forwarded),
            None | Some(Found::None | Found::Several) => host,
        };
        if host.is_empty() {
            return Err(bad_host("the Host header names no host"));
        }
        let is_host = |known: &String| known.eq_ignore_ascii_case(host);
        if self.test.iter().any(is_host) {
            return Ok(Environment::Test);
        }
        if self.production.iter().any(is_host) {
            return Ok(Environment::Production);
        }
        let hint = "no environment has this host; environments.test.hosts and environments.production.hosts name them";
        self.fallback.ok_or_else(|| Refusal::of_status(404, hint))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

enum Found<'a> {
    None,
    One(&'a str),
    Several,
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Found<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Found::None,
        // What is not ASCII names no host of ours.
        (Some(value), None) => Found::One(value.to_str().unwrap_or("\u{fffd}").trim()),
        (Some(_), Some(_)) => Found::Several,
    }
}

/// The host without its port; an IPv6 address keeps its brackets.
fn without_port(host: &str) -> &str {
    let bytes = host.as_bytes();
    let after_address = bytes.iter().rposition(|&byte| byte == b']').unwrap_or(0);
    let colon = bytes.iter().skip(after_address).position(|&byte| byte == b':');
    colon.and_then(|at| host.get(..after_address + at)).unwrap_or(host)
}

/// An address of `X-Forwarded-For`: some proxies add a port, some brackets.
fn parse_forwarded(text: &str) -> Option<IpAddr> {
    let address: Option<IpAddr> = text.parse().ok();
    let address = address.or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bracketed).map(|address| address.to_canonical())
}

fn bad_host(hint: &str) -> Refusal {
    Refusal::of_status(400, hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigSources;
    use proptest::prelude::*;

    fn hosts(variables: &[(&str, &str)]) -> Hosts {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Hosts::new(&Config::load(ConfigSources { variables, ..ConfigSources::default() }).unwrap())
    }

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn peer(address: &str) -> Peer {
        Peer { address: SocketAddr::new(address.parse().unwrap(), 5000), https: false }
    }

    fn environment(hosts: &Hosts, headers: &[(&str, &str)]) -> Result<Environment, u16> {
        hosts.environment(&parts("/x", headers), peer("127.0.0.1")).map_err(|refusal| refusal.http_status())
    }

    #[test]
    fn the_host_decides_without_port_and_case() {
        let hosts = hosts(&[]);
        assert_eq!(environment(&hosts, &[("host", "LocalHost:8080")]), Ok(Environment::Test));
        assert_eq!(environment(&hosts, &[("host", "[::1]:8080")]), Ok(Environment::Test));
        assert_eq!(environment(&hosts, &[("host", "prod.localhost:8080")]), Ok(Environment::Production));
        assert_eq!(environment(&hosts, &[("host", "elsewhere")]), Ok(Environment::Test));
        assert_eq!(environment(&hosts, &[]), Err(400));
        assert_eq!(environment(&hosts, &[("host", "")]), Err(400));
        assert_eq!(environment(&hosts, &[("host", "localhost"), ("host", "localhost")]), Err(400));
        let absolute = parts("http://prod.localhost/x", &[("host", "localhost")]);
        assert_eq!(hosts.environment(&absolute, peer("127.0.0.1")), Ok(Environment::Production));
    }

    #[test]
    fn an_unknown_host_is_not_found_once_others_than_this_machine_can_ask() {
        let hosts = hosts(&[("BOXOFFICE_SERVER__LISTEN", "0.0.0.0:80")]);
        assert_eq!(environment(&hosts, &[("host", "elsewhere")]), Err(404));
        assert_eq!(environment(&hosts, &[("host", "localhost")]), Ok(Environment::Test));
    }

    #[test]
    fn a_trusted_proxy_alone_may_forward() {
        let forwarded = [
            ("host", "localhost"),
            ("x-forwarded-host", "prod.localhost"),
            ("x-forwarded-for", "9.9.9.9, 203.0.113.7, 10.0.0.2"),
            ("x-forwarded-proto", "https"),
        ];
        let parts = parts("/x", &forwarded);
        let trusting = hosts(&[("BOXOFFICE_SERVER__TRUSTED_PROXIES", "10.0.0.0/8")]);
        let client = trusting.client(&parts.headers, peer("10.0.0.1"));
        assert_eq!(client, Client { address: "203.0.113.7".parse().unwrap(), https: true });
        assert_eq!(trusting.environment(&parts, peer("10.0.0.1")), Ok(Environment::Production));
        let client = trusting.client(&parts.headers, peer("192.0.2.1"));
        assert_eq!(client, Client { address: "192.0.2.1".parse().unwrap(), https: false });
        assert_eq!(trusting.environment(&parts, peer("192.0.2.1")), Ok(Environment::Test));
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        let expected = Some("2001:db8::1".parse().unwrap());
        for text in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711"] {
            assert_eq!(parse_forwarded(text), expected, "{text}");
        }
        assert_eq!(parse_forwarded("203.0.113.7:1"), Some("203.0.113.7".parse().unwrap()));
        assert_eq!(parse_forwarded("::ffff:203.0.113.7"), Some("203.0.113.7".parse().unwrap()));
        assert_eq!(parse_forwarded("unknown"), None);
    }

    proptest! {
        #[test]
        fn no_header_panics(host: Vec<u8>, forwarded: Vec<u8>) {
            let hosts = hosts(&[("BOXOFFICE_SERVER__TRUSTED_PROXIES", "10.0.0.0/8")]);
            let mut parts = parts("/x", &[]);
            for (name, value) in [("host", &host), ("x-forwarded-host", &forwarded), ("x-forwarded-for", &forwarded)] {
                if let Ok(value) = http::HeaderValue::from_bytes(value) {
                    parts.headers.insert(name, value);
                }
            }
            let _ = hosts.environment(&parts, peer("10.0.0.1"));
            let _ = hosts.client(&parts.headers, peer("10.0.0.1"));
        }
    }
}
