//! Addresses in a configuration: those that we hand out, those that we call, and origins of web pages.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use http::Uri;

use super::layers::Raw;
use super::value::{Value, quoted, text};

/// The base of the URLs that are handed out: scheme, host and perhaps a path, without a last slash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicUrl {
    https: bool,
    /// Host, port and path.
    rest: String,
}

impl PublicUrl {
    /// Reads `http://` or `https://`, a host, and perhaps a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        if uri.query().is_some() || text.contains('#') {
            return None;
        }
        Some(Self { https, rest: format!("{authority}{}", uri.path().trim_end_matches('/')) })
    }

    /// What the first address that is listened on means, where nothing is configured: an unspecified address
    /// is reached as 127.0.0.1, and production is `prod.localhost` (operations.md, section 4).
    #[must_use]
    pub fn of_address(address: SocketAddr, https: bool, production: bool) -> Self {
        let port = address.port();
        let rest = match address.ip() {
            _ if production => format!("prod.localhost:{port}"),
            ip if ip.is_unspecified() => format!("127.0.0.1:{port}"),
            IpAddr::V4(ip) => format!("{ip}:{port}"),
            IpAddr::V6(ip) => format!("[{ip}]:{port}"),
        };
        Self { https, rest }
    }

    /// Appends the base to `text`; `force_https` is what `useHttps=true` asks for.
    pub fn write_to(&self, text: &mut String, force_https: bool) {
        text.push_str(if self.https || force_https { "https://" } else { "http://" });
        text.push_str(&self.rest);
    }

    /// Scheme, host and port, as a browser names the origin of a page.
    #[must_use]
    pub fn origin(&self) -> String {
        let host = self.rest.split('/').next().unwrap_or_default();
        format!("{}://{host}", if self.https { "https" } else { "http" })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.rest)
    }
}

impl Value for PublicUrl {
    const EXPECTED: &'static str = "http:// or https:// and a host, without a query";

    fn read(raw: &Raw) -> Option<Self> {
        Self::parse(text(raw)?)
    }

    fn show(&self) -> String {
        quoted(&self.to_string())
    }
}

/// An address that content keys are sent to: `https`, or `http` to this machine, by a loopback address or a Unix
/// socket (fairplay.md, section 5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceUrl {
    uri: Uri,
    socket: Option<PathBuf>,
}

impl ServiceUrl {
    /// The address; behind a Unix socket, its host is `localhost`.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The Unix socket that it is behind.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Whether it is called over TLS. Nothing on the way to this machine itself needs it.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// What stands behind `unix:`: a socket's absolute path, and perhaps a colon and the path of the requests.
    fn behind_socket(text: &str) -> Option<Self> {
        let (socket, path) = text.split_once(':').unwrap_or((text, "/"));
        let socket = PathBuf::from(socket);
        let fits = socket.is_absolute() && can_be_socket(&socket) && path.starts_with('/');
        let uri = format!("http://localhost{path}").parse().ok().filter(|_| fits)?;
        Some(Self { uri, socket: Some(socket) })
    }
}

/// Whether the system takes a path for a socket's: there are limits to its length.
fn can_be_socket(path: &Path) -> bool {
    std::os::unix::net::SocketAddr::from_pathname(path).is_ok()
}

impl Value for ServiceUrl {
    const EXPECTED: &'static str = "https:// and a host, http:// and a loopback address, or unix: with the absolute \
                                    path of a socket, like unix:/run/ksm.sock:/ckc: content keys are sent there";

    fn read(raw: &Raw) -> Option<Self> {
        let text = text(raw)?;
        if let Some(rest) = text.strip_prefix("unix:") {
            return Self::behind_socket(rest);
        }
        let uri: Uri = text.parse().ok()?;
        let host = uri.host()?;
        let loopback = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        match uri.scheme_str()? {
            "https" => Some(Self { uri, socket: None }),
            "http" if loopback => Some(Self { uri, socket: None }),
            _ => None,
        }
    }

    fn show(&self) -> String {
        let Some(socket) = &self.socket else { return quoted(&mask_credentials(&self.uri.to_string())) };
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        quoted(&format!("unix:{}:{path}", socket.display()))
    }
}

/// An origin of web pages, as a browser sends it: scheme, host, and the port unless it is the usual one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WebOrigin(pub String);

impl Value for WebOrigin {
    const EXPECTED: &'static str =
        "an origin as browsers send it, like https://player.example.com, without a path";

    fn read(raw: &Raw) -> Option<Self> {
        let given = text(raw)?;
        let url = PublicUrl::parse(given)?;
        (url.origin() == given && given.to_lowercase() == given).then(|| Self(given.to_owned()))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

/// Replaces the password of a URL.
pub(super) fn mask_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    // Some databases take a password as a parameter, too.
    let tail = match tail.split_once('?') {
        Some((path, query)) if query.contains("password") => format!("{path}?********"),
        Some(_) | None => tail.to_owned(),
    };
    match authority.rsplit_once('@') {
        Some((credentials, host)) => {
            let user = credentials.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:********@{host}{tail}")
        }
        None => format!("{scheme}://{authority}{tail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_public_url_the_first_address_stands_in() {
        let url = |address: &str, production| {
            PublicUrl::of_address(address.parse().unwrap(), false, production).to_string()
        };
        assert_eq!(url("0.0.0.0:80", false), "http://127.0.0.1:80");
        assert_eq!(url("[::]:8080", false), "http://127.0.0.1:8080");
        assert_eq!(url("[::1]:8080", false), "http://[::1]:8080");
        assert_eq!(url("127.0.0.1:8080", true), "http://prod.localhost:8080");
    }

    #[test]
    fn use_https_changes_the_scheme_alone() {
        let url = PublicUrl::parse("http://a.example:8080/base/").unwrap();
        let mut text = String::new();
        url.write_to(&mut text, true);
        assert_eq!(text, "https://a.example:8080/base");
        assert_eq!(url.origin(), "http://a.example:8080");
    }

    #[test]
    fn keys_are_sent_encrypted_or_to_this_machine() {
        let read = |url: &str| ServiceUrl::read(&Raw::Text(url.to_owned())).is_some();
        assert!(read("https://ksm.example/ckc") && read("http://127.0.0.1:1/") && read("http://[::1]:1/"));
        assert!(!read("http://ksm.example/ckc") && !read("ftp://127.0.0.1/") && !read("ksm.example"));
    }

    #[test]
    fn a_unix_socket_has_an_absolute_path_and_perhaps_one_of_the_requests() {
        let read = |url: &str| ServiceUrl::read(&Raw::Text(url.to_owned()));
        for (given, socket, path, shown) in [
            ("unix:/run/ksm.sock", "/run/ksm.sock", "/", "\"unix:/run/ksm.sock:/\""),
            ("unix:/run/ksm.sock:/ckc?v=1", "/run/ksm.sock", "/ckc", "\"unix:/run/ksm.sock:/ckc?v=1\""),
        ] {
            let url = read(given).unwrap();
            assert_eq!((url.socket(), url.uri().path()), (Some(Path::new(socket)), path));
            assert_eq!(url.show(), shown);
            assert_eq!(read(shown.trim_matches('"')), Some(url));
        }
        let long = format!("unix:/run/{}", "k".repeat(120));
        for refused in [
            "unix:",
            "unix:run/ksm.sock",
            "unix:/run/ksm.sock:ckc",
            "unix:/run/a\0b",
            "unix:@abstract",
            &long,
        ] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }

    #[test]
    fn passwords_in_urls_are_masked() {
        assert_eq!(mask_credentials("postgres://me:s3cret@db/x"), "postgres://me:********@db/x");
        assert_eq!(mask_credentials("postgres://db/x?password=s3cret"), "postgres://db/x?********");
        assert_eq!(mask_credentials("sqlite://a/b.db"), "sqlite://a/b.db");
    }

    #[test]
    fn an_origin_has_no_path() {
        let read = |text: &str| WebOrigin::read(&Raw::Text(text.to_owned())).is_some();
        assert!(read("https://player.example.com") && read("http://localhost:3000"));
        assert!(!read("https://player.example.com/") && !read("*") && !read("https://Player.example.com"));
    }
}
