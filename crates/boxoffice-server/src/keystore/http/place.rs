//! The paths under `/keystore` (key-storage.md, section 2).

/// A path that has operations. KIDs are still percent-encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place<'a> {
    /// `/keystore/keycount`.
    Count,
    /// `/keystore/keys/{kids}`.
    Key(&'a str),
    /// `/keystore/keys`.
    Keys,
    /// `/keystore/keys/{kids}/value`.
    Value(&'a str),
}

impl<'a> Place<'a> {
    /// By path, as it stood in the request line; one `/` may stand at its end.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/keystore/")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let mut segments = rest.split('/');
        match (segments.next()?, segments.next(), segments.next(), segments.next()) {
            ("keycount", None, None, None) => Some(Self::Count),
            ("keys", None, None, None) => Some(Self::Keys),
            ("keys", Some(kids), None, None) if !kids.is_empty() => Some(Self::Key(kids)),
            ("keys", Some(kids), Some("value"), None) if !kids.is_empty() => Some(Self::Value(kids)),
            _ => None,
        }
    }

    /// The methods, for `Allow`.
    pub(super) const fn allow(&self) -> &'static str {
        match self {
            Self::Count | Self::Value(_) => "GET",
            Self::Key(_) => "GET, PUT, DELETE",
            Self::Keys => "GET, POST",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_paths_are_case_sensitive_and_may_end_in_one_slash() {
        for (path, place) in [
            ("/keystore/keys", Some(Place::Keys)),
            ("/keystore/keys/", Some(Place::Keys)),
            ("/keystore/keycount/", Some(Place::Count)),
            ("/keystore/keys/%5Ea,b", Some(Place::Key("%5Ea,b"))),
            ("/keystore/keys/^a/", Some(Place::Key("^a"))),
            ("/keystore/keys/^a/value", Some(Place::Value("^a"))),
            ("/keystore/keys/value/value/", Some(Place::Value("value"))),
            ("/keystore/keys/value", Some(Place::Key("value"))),
            ("/keystore", None),
            ("/keystore/", None),
            ("/keystore//", None),
            ("/keystore/Keys", None),
            ("/keystore/keys//", None),
            ("/keystore/keys//value", None),
            ("/keystore/keys/a/value//", None),
            ("/keystore/keys/a/Value", None),
            ("/keystore/keys/a/b/value", None),
            ("/keystore/keycount/1", None),
            ("/keystorekeys", None),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_panics(path: String) {
            let _ = Place::of(&path);
            let _ = Place::of(&format!("/keystore/keys/{path}"));
        }
    }
}
