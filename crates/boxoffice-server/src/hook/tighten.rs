//! The terms of each DRM under the operator's wishes: what its licences can say, made tighter and never looser.

use boxoffice_core::Drm;
use boxoffice_core::entitlement::{
    FairPlayTerms, Hdcp, PlayReadyTerms, Rights, SecurityLevel, Terms, WidevineTerms,
};
use fairplay::Track;
use jiff::{SignedDuration, Timestamp};

use super::Ruling;
use super::answer::AnswerError;
use super::policy::{Policy, Tightening};
use super::question::seconds_left;

/// `securityLevel` and `hdcpOutputControl` of Widevine.
const WIDEVINE_LEVELS: [i64; 5] = [1, 2, 3, 4, 5];
const WIDEVINE_HDCP: [i64; 7] = [0, 1, 2, 3, 4, 5, 255];
/// `minCertSecurityLevel` of PlayReady.
const PLAYREADY_LEVELS: [i64; 3] = [150, 2_000, 3_000];
/// HDCP types of FairPlay.
const FAIRPLAY_HDCP: [i64; 3] = [-1, 0, 1];

/// 2106-02-07T06:28:14Z, the last second that a PlayReady licence can name.
const LAST_SECOND: i64 = 4_294_967_294;

/// Whether licences of a DRM can have these values.
///
/// # Errors
/// [`AnswerError::BadValue`].
pub(super) fn check(drm: Drm, policy: &Policy) -> Result<(), AnswerError> {
    match drm {
        Drm::ClearKey => policy.check(&[], &[]),
        Drm::FairPlay => policy.check(&[], &FAIRPLAY_HDCP),
        Drm::PlayReady => policy.check(&PLAYREADY_LEVELS, &[]),
        Drm::Widevine => policy.check(&WIDEVINE_LEVELS, &WIDEVINE_HDCP),
    }
}

/// The terms as they are from now on, for this licence.
pub(super) fn tighten(terms: &Terms, wishes: &mut Tightening, now: Timestamp) -> Ruling {
    match terms {
        Terms::ClearKey(_) => {
            wishes.persistent(false);
            wishes.no_rental();
            wishes.no_playback();
            wishes.level([]);
            wishes.hdcp([]);
            Ruling::default()
        }
        Terms::FairPlay(terms) => {
            let (terms, hdcp_at_least) = fairplay(terms, wishes);
            Ruling { terms: Some(Terms::FairPlay(terms)), hdcp_at_least, ..Ruling::default() }
        }
        Terms::PlayReady(terms) => {
            Ruling { terms: Some(Terms::PlayReady(playready(terms, wishes, now))), ..Ruling::default() }
        }
        Terms::Widevine(terms) => {
            Ruling { terms: Some(Terms::Widevine(widevine(terms, wishes))), ..Ruling::default() }
        }
    }
}

fn fairplay(terms: &FairPlayTerms, wishes: &mut Tightening) -> (FairPlayTerms, Option<i64>) {
    let mut terms = terms.clone();
    wishes.persistent(false);
    wishes.no_playback();
    wishes.level([]);
    let own = (terms.rental_duration > 0).then_some(terms.rental_duration);
    terms.rental_duration = wishes.rental(own).unwrap_or(0);
    let own = Track::from_number(terms.key.track.number().into());
    let least = wishes.hdcp(own.map(|track| track.hdcp_type().number().into()));
    (terms, least)
}

fn playready(terms: &PlayReadyTerms, wishes: &mut Tightening, now: Timestamp) -> PlayReadyTerms {
    let mut terms = terms.clone();
    terms.persistent = wishes.persistent(terms.persistent);
    wishes.hdcp([]);
    let (own_left, own_play) = match terms.rights {
        Rights::BuyToOwn => (None, None),
        Rights::Rental { play_duration, .. } => (seconds_left(&terms, now), play_duration),
    };
    let (left, play_duration) = (wishes.rental(own_left), wishes.playback(own_play));
    if (left, play_duration) != (own_left, own_play) {
        let own_end = match terms.rights {
            Rights::BuyToOwn => Timestamp::from_second(LAST_SECOND).unwrap_or(Timestamp::MAX),
            Rights::Rental { end, .. } => end,
        };
        let end = match left {
            Some(left) if Some(left) != own_left => {
                let sooner = now.checked_add(SignedDuration::from_secs(left.into())).unwrap_or(own_end);
                sooner.min(own_end)
            }
            Some(_) | None => own_end,
        };
        terms.rights = Rights::Rental { end, play_duration };
    }
    if let Some(least) = wishes.level(terms.keys.iter().map(|key| key.min_security_level.into())) {
        let least = u16::try_from(least).unwrap_or(u16::MAX);
        for key in &mut terms.keys {
            key.min_security_level = key.min_security_level.max(least);
        }
    }
    terms
}

fn widevine(terms: &WidevineTerms, wishes: &mut Tightening) -> WidevineTerms {
    let mut terms = terms.clone();
    terms.persistent = wishes.persistent(terms.persistent);
    terms.rental_duration = wishes.rental(terms.rental_duration);
    terms.licence_duration = wishes.playback(terms.licence_duration);
    let levels = terms.keys.iter().map(|key| key.security_level.number().into());
    let level = wishes.level(levels.collect::<Vec<i64>>());
    let level = level.and_then(|number| SecurityLevel::from_number(u64::try_from(number).ok()?));
    let hdcp = wishes.hdcp(terms.keys.iter().map(|key| i64::from(key.hdcp.number())).collect::<Vec<_>>());
    let hdcp = hdcp.and_then(|number| Hdcp::from_number(u64::try_from(number).ok()?));
    for key in &mut terms.keys {
        if let Some(level) = level {
            key.security_level = key.security_level.max(level);
        }
        if let Some(hdcp) = hdcp.filter(|hdcp| hdcp.number() > key.hdcp.number()) {
            key.hdcp = hdcp;
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::entitlement::{OutputProtectionLevels, PlayReadyKey, UnknownOutput};
    use drm_primitives::{ContentKey, Kid};

    fn now() -> Timestamp {
        Timestamp::from_second(1_767_225_600).unwrap()
    }

    fn terms(rights: Rights) -> PlayReadyTerms {
        let key = |number: u8, min_security_level| PlayReadyKey {
            kid: Kid::from_bytes([number; 16]),
            key: ContentKey::from_bytes([number; 16]),
            cipher: None,
            min_security_level,
        };
        PlayReadyTerms {
            keys: vec![key(1, 150), key(2, 2_000)],
            persistent: true,
            rights,
            output_protection: OutputProtectionLevels {
                analog_video: 0,
                compressed_digital_audio: 0,
                compressed_digital_video: 0,
                uncompressed_digital_audio: 0,
                uncompressed_digital_video: 0,
            },
            unknown_output: UnknownOutput::Allow,
            output_control_flags: 0,
            extension: None,
            device_id: None,
        }
    }

    fn under(rights: Rights, policy: Policy) -> PlayReadyTerms {
        playready(&terms(rights), &mut Tightening::new(Box::new(policy)), now())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(now().as_second() + seconds).unwrap()
    }

    #[test]
    fn a_rental_ends_sooner_and_never_later() {
        let rental = Rights::Rental { end: at(600), play_duration: Some(60) };
        let policy = |left, play| Policy {
            rental_duration_seconds: left,
            playback_duration_seconds: play,
            ..Policy::default()
        };
        for (left, play, expected) in [
            (None, None, (600, Some(60))),
            (Some(60), None, (60, Some(60))),
            (Some(601), Some(61), (600, Some(60))),
            (Some(0), Some(0), (600, Some(60))),
            (None, Some(30), (600, Some(30))),
        ] {
            let (end, play_duration) = expected;
            let got = under(rental, policy(left, play)).rights;
            assert_eq!(got, Rights::Rental { end: at(end), play_duration }, "{left:?} {play:?}");
        }
        assert_eq!(under(Rights::BuyToOwn, policy(None, None)).rights, Rights::BuyToOwn);
        let got = under(Rights::BuyToOwn, policy(Some(60), None)).rights;
        assert_eq!(got, Rights::Rental { end: at(60), play_duration: None });
        let got = under(Rights::BuyToOwn, policy(None, Some(30))).rights;
        let end = Timestamp::from_second(LAST_SECOND).unwrap();
        assert_eq!(got, Rights::Rental { end, play_duration: Some(30) });
    }

    #[test]
    fn a_level_is_raised_for_the_keys_that_want_less() {
        let levels = |wanted| {
            let policy = Policy { security_level: Some(wanted), ..Policy::default() };
            let keys = under(Rights::BuyToOwn, policy).keys;
            keys.iter().map(|key| key.min_security_level).collect::<Vec<_>>()
        };
        assert_eq!(levels(150), [150, 2_000]);
        assert_eq!(levels(2_000), [2_000, 2_000]);
        assert_eq!(levels(3_000), [3_000, 3_000]);
    }

    #[test]
    fn a_value_that_no_licence_can_have_is_no_answer() {
        let level = |number| Policy { security_level: Some(number), ..Policy::default() };
        let hdcp = |number| Policy { hdcp: Some(number), ..Policy::default() };
        assert!(check(Drm::Widevine, &level(6)).is_err() && check(Drm::Widevine, &level(5)).is_ok());
        assert!(check(Drm::Widevine, &hdcp(6)).is_err() && check(Drm::Widevine, &hdcp(255)).is_ok());
        assert!(check(Drm::PlayReady, &level(5)).is_err() && check(Drm::PlayReady, &level(3_000)).is_ok());
        assert!(check(Drm::FairPlay, &hdcp(2)).is_err() && check(Drm::FairPlay, &hdcp(1)).is_ok());
        // Where there is no such thing at all, it is ignored by name.
        assert!(check(Drm::ClearKey, &level(9)).is_ok() && check(Drm::PlayReady, &hdcp(9)).is_ok());
    }
}
