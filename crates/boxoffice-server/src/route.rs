//! What there is, by path: a name for metrics and logs, the methods, and who may call it from a browser.

use boxoffice_core::Drm;
use http::Method;

/// A place of the service. Its name is a label of metrics and a word in logs, so that no path that somebody
/// sent, and whatever is in it, ever reaches either.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route {
    /// `/hms/…/token`.
    Token(Drm),
    /// `/hms/…/rights/`.
    Rights(Drm),
    /// `/hms/wv/certificate`.
    WidevineCertificate,
    /// `/hms/fp/certificate`.
    FairPlayCertificate,
    /// `/v1/playready/redeem`.
    PlayReadyWebhook,
    /// `/cmiapi/getrecord/`.
    Records,
    /// Everything under `/keystore`, which knows its own paths and methods.
    KeyStorage,
    /// `/healthz`.
    Health,
    /// `/readyz`.
    Ready,
    /// `/metrics`.
    Metrics,
    /// None of ours.
    Unknown,
}

/// How many there are.
pub const ROUTES: usize = 17;

impl Route {
    /// All of them, each at its [`index`](Self::index).
    pub const ALL: [Self; ROUTES] = [
        Self::Token(Drm::Widevine),
        Self::Token(Drm::PlayReady),
        Self::Token(Drm::FairPlay),
        Self::Token(Drm::ClearKey),
        Self::Rights(Drm::Widevine),
        Self::Rights(Drm::PlayReady),
        Self::Rights(Drm::FairPlay),
        Self::Rights(Drm::ClearKey),
        Self::WidevineCertificate,
        Self::FairPlayCertificate,
        Self::PlayReadyWebhook,
        Self::KeyStorage,
        Self::Records,
        Self::Health,
        Self::Ready,
        Self::Metrics,
        Self::Unknown,
    ];

    /// By path. Token and rights paths may end in a slash (token-api.md, section 11).
    #[must_use]
    pub fn of(path: &str) -> Self {
        match path.strip_suffix('/').unwrap_or(path) {
            "/hms/wv/token" => Self::Token(Drm::Widevine),
            "/hms/pr/token" => Self::Token(Drm::PlayReady),
            "/hms/fp/token" => Self::Token(Drm::FairPlay),
            "/hms/ck/token" => Self::Token(Drm::ClearKey),
            "/hms/wv/rights" => Self::Rights(Drm::Widevine),
            "/hms/pr/rights" | "/playready/RightsManager.asmx" => Self::Rights(Drm::PlayReady),
            "/hms/fp/rights" => Self::Rights(Drm::FairPlay),
            "/hms/ck/rights" => Self::Rights(Drm::ClearKey),
            "/hms/wv/certificate" => Self::WidevineCertificate,
            "/hms/fp/certificate" => Self::FairPlayCertificate,
            "/v1/playready/redeem" => Self::PlayReadyWebhook,
            "/cmiapi/getrecord" => Self::Records,
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            "/metrics" => Self::Metrics,
            "/keystore" => Self::KeyStorage,
            _ if path.starts_with("/keystore/") => Self::KeyStorage,
            _ => Self::Unknown,
        }
    }

    /// Its name in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token(Drm::Widevine) => "hms.wv.token",
            Self::Token(Drm::PlayReady) => "hms.pr.token",
            Self::Token(Drm::FairPlay) => "hms.fp.token",
            Self::Token(Drm::ClearKey) => "hms.ck.token",
            Self::Rights(Drm::Widevine) => "hms.wv.rights",
            Self::Rights(Drm::PlayReady) => "hms.pr.rights",
            Self::Rights(Drm::FairPlay) => "hms.fp.rights",
            Self::Rights(Drm::ClearKey) => "hms.ck.rights",
            Self::WidevineCertificate => "hms.wv.certificate",
            Self::FairPlayCertificate => "hms.fp.certificate",
            Self::PlayReadyWebhook => "playready.redeem",
            Self::KeyStorage => "keystore",
            Self::Records => "getrecord",
            Self::Health => "healthz",
            Self::Ready => "readyz",
            Self::Metrics => "metrics",
            Self::Unknown => "unknown",
        }
    }

    /// Its place in [`Route::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Token(drm) => drm.number() as usize,
            Self::Rights(drm) => 4 + drm.number() as usize,
            Self::WidevineCertificate => 8,
            Self::FairPlayCertificate => 9,
            Self::PlayReadyWebhook => 10,
            Self::KeyStorage => 11,
            Self::Records => 12,
            Self::Health => 13,
            Self::Ready => 14,
            Self::Metrics => 15,
            Self::Unknown => 16,
        }
    }

    /// The methods that it has, in the order in which `Allow` names them; empty: any.
    #[must_use]
    pub const fn methods(self) -> &'static [Method] {
        match self {
            Self::Token(_) => &[Method::GET, Method::POST],
            Self::Rights(_) => &[Method::POST, Method::OPTIONS],
            Self::WidevineCertificate | Self::FairPlayCertificate => &[Method::GET, Method::OPTIONS],
            Self::PlayReadyWebhook => &[Method::POST],
            Self::Records => &[Method::GET],
            Self::Health | Self::Ready | Self::Metrics => &[Method::GET, Method::HEAD],
            Self::KeyStorage | Self::Unknown => &[],
        }
    }

    /// What a page of another origin may do here: the value of `Access-Control-Allow-Methods`. `None`: nothing,
    /// for an authenticator has no business in a browser (clearkey.md, sections 2 and 4).
    #[must_use]
    pub const fn cross_origin_methods(self) -> Option<&'static str> {
        match self {
            Self::Rights(_) | Self::Unknown => Some("POST, OPTIONS"),
            Self::WidevineCertificate | Self::FairPlayCertificate => Some("GET, POST, OPTIONS"),
            Self::Token(_)
            | Self::PlayReadyWebhook
            | Self::KeyStorage
            | Self::Records
            | Self::Health
            | Self::Ready
            | Self::Metrics => None,
        }
    }

    /// Whether it answers on any host (operations.md, section 4).
    #[must_use]
    pub const fn answers_on_any_host(self) -> bool {
        matches!(self, Self::Health | Self::Ready | Self::Metrics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_stands_at_its_index_under_a_name_of_its_own() {
        let mut names: Vec<_> = Route::ALL.iter().map(|route| route.name()).collect();
        for (index, route) in Route::ALL.iter().enumerate() {
            assert_eq!(route.index(), index);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ROUTES);
    }

    #[test]
    fn a_path_may_end_in_one_slash() {
        assert_eq!(Route::of("/hms/wv/token/"), Route::Token(Drm::Widevine));
        assert_eq!(Route::of("/hms/wv/token//"), Route::Unknown);
        assert_eq!(Route::of("/HMS/wv/token"), Route::Unknown);
        assert_eq!(Route::of("/"), Route::Unknown);
    }
}
