//! The event codes: one table, from which the enum, `boxoffice codes`, the documentation and the test
//! that every raisable code is raised all come (token-api.md, section 8).

use crate::Drm;

/// A row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct EventInfo {
    /// The number: negative, four digits.
    pub code: i32,
    /// Our name for it, as in the enum.
    pub name: &'static str,
    /// The interface's own English. Details follow where it ends in a colon.
    pub text: &'static str,
    /// Every HTTP status that it is sent with; first the one at a token request, where it has one.
    pub statuses: &'static [u16],
    /// The DRMs in whose list it stands.
    pub drms: &'static [Drm],
    /// The parameters or places that raise it; empty where nothing does.
    pub raised_by: &'static [&'static str],
    /// Why nothing raises it, where nothing does.
    pub not_raised_because: &'static str,
}

macro_rules! events {
    ($($code:literal $name:ident [$($status:literal)+] [$($drm:ident)+] $text:literal <- [$($by:literal),*] $($why:literal)?;)+) => {
        /// What went wrong, by its number in the interface.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Event {
            $(#[doc = concat!("`", $code, "`: ", $text, ".")] $name,)+
        }

        impl Event {
            /// Every code, from -2002 down.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its row in the catalogue.
            #[must_use]
            pub const fn info(self) -> &'static EventInfo {
                match self {
                    $(Self::$name => &EventInfo {
                        code: $code,
                        name: stringify!($name),
                        text: $text,
                        statuses: &[$($status),+],
                        drms: &[$(drm!($drm)),+],
                        raised_by: &[$($by),*],
                        not_raised_because: concat!($($why)?),
                    },)+
                }
            }
        }
    };
}

macro_rules! drm {
    (WV) => {
        Drm::Widevine
    };
    (PR) => {
        Drm::PlayReady
    };
    (FP) => {
        Drm::FairPlay
    };
    (CK) => {
        Drm::ClearKey
    };
}

events! {
    -2002 TokenExpirationTime [400] [WV PR FP CK] "Invalid token expiration time:" <- ["expirationTime", "rental.periodEndTime"];
    -2003 IpAddress [400 403] [WV PR FP CK] "Invalid IP address" <- ["ipAddress", "redemption"];
    -2005 ContentKey [400] [WV PR FP CK] "Invalid content encryption key:" <- ["contentKey", "algId", "an index over 15 (PlayReady)", "redemption (PlayReady: checksum, algid)"];
    -2008 OutputControlFlags [400] [WV PR FP] "Invalid output control flags specified:" <- ["outputControlFlags"];
    -2017 AuthenticatorMissing [401] [WV PR FP CK] "Authentication token must be supplied" <- ["customerAuthenticator"];
    -2018 AuthenticatorInvalid [401] [WV PR FP CK] "Authentication token invalid:" <- ["customerAuthenticator"];
    -2019 InsufficientTokens [400] [WV PR FP CK] "Insufficient tokens available" <- ["customerAuthenticator", "redemption"];
    -2020 RightsTypeMissing [400] [PR FP] "Missing rights type" <- ["rightsType"];
    -2021 RightsTypeInvalid [400] [PR FP] "Invalid rights type" <- ["rightsType"];
    -2022 RentalPeriodEndTimeMissing [400] [WV PR FP] "Missing rental period end time" <- ["rental.periodEndTime"];
    -2023 RentalPlayDurationMissing [400] [WV PR FP] "Missing rental play duration" <- ["rental.playDuration"];
    -2025 RentalPlayDurationInvalid [400] [WV PR FP] "Invalid rental play duration" <- ["rental.playDuration"];
    -2027 ContentKeyLength [400] [WV PR FP CK] "Content encryption key must be 32-hexadecimal digits long" <- ["contentKey"];
    -2030 AdminError [503 500 403] [WV PR FP CK] "ExpressPlay Admin error:" <- ["customerAuthenticator", "redemption"];
    -2031 AccountDisabled [401] [WV PR FP CK] "Service Account Disabled" <- ["customerAuthenticator", "redemption"];
    -2033 CookieInvalid [400] [WV PR FP CK] "Invalid cookie" <- ["cookie"];
    -2034 OutputControlRange [400] [WV PR FP] "Invalid Output Control, values out of specified range" <- ["hdcpOutputControl", "analogVideoOPL", "compressedDigitalAudioOPL", "compressedDigitalVideoOPL", "uncompressedDigitalAudioOPL", "uncompressedDigitalVideoOPL", "minCertSecurityLevel"];
    -2035 ValueMissing [400] [WV PR FP CK] "No corresponding value specified" <- ["wvExtension", "fpExtension", "extensionType", "extensionPayload", "oneTime", "userId", "maxStreams", "trackType", "getrecord"];
    -2036 ExtensionType [400] [WV PR FP] "Extension type should be 4 characters" <- ["wvExtension", "fpExtension", "extensionType"];
    -2037 ExtensionPayload [400] [WV PR FP] "Extension payload should be Base64 encoded" <- ["wvExtension", "fpExtension", "extensionPayload"];
    -2040 OutputControlFlagsLength [400] [WV PR FP] "OutputControlFlag must be encode 4 bytes" <- ["outputControlFlags"];
    -3004 ErrorFormat [400] [WV PR FP CK] "Invalid error format specified:" <- ["errorFormat"];
    -4001 DeviceNotAuthenticated [403 400 413] [WV PR FP] "Device could not be authenticated" <- ["redemption (Widevine, PlayReady)"];
    -4010 TokenInvalid [401 400] [WV PR FP CK] "Invalid token" <- ["ExpressPlayToken"];
    -4018 KidMissing [400] [WV PR FP CK] "Missing kid" <- ["kid"];
    -4019 KeyStorage [400 503] [WV PR FP CK] "Failed to get content key from key storage service" <- ["kid"];
    -4020 KidLength [400] [WV PR FP CK] "kid must be 32 hexadecimal characters long" <- ["kid"];
    -4021 KidNameTooLong [400] [WV PR FP CK] "kid must be 64 characters long after the '^'" <- ["kid"];
    -4022 KidInvalid [400] [WV PR FP CK] "Invalid kid" <- ["kid", "redemption (PlayReady)"];
    -4024 EncryptedKeyOrKek [400] [WV PR FP CK] "Invalid encrypted key or kek" <- ["kek", "ek"];
    -5001 UnknownOutputBehavior [400] [PR] "Invalid unknown output type error" <- ["unknownOutputBehavior"];
    -5002 PlayReadyDisabled [400] [PR] "PlayReady option is disabled for this service" <- ["customerAuthenticator", "redemption"];
    -5003 GeneralFlags [400] [WV PR FP] "Invalid general flags" <- ["generalFlags", "persistent"];
    -5004 DeviceIdLength [400] [PR] "Device ID must be 32 hexadecimal characters long" <- ["deviceId"];
    -5005 DeviceIdInvalid [400 403] [PR CK] "Invalid device ID" <- ["deviceId", "redemption (PlayReady)"];
    -5006 OplMissing [400] [PR] "Missing OPL value" <- ["analogVideoOPL", "compressedDigitalAudioOPL", "compressedDigitalVideoOPL", "uncompressedDigitalAudioOPL", "uncompressedDigitalVideoOPL"];
    -5007 KekAndContentKey [400] [PR] "Only one of kek or contentKey can be specified" <- ["contentKey"];
    -6001 FpExtension [400] [FP] "Invalid FPExtension parameters specified" <- ["fpExtension"];
    -6002 FpTokenType [400] [FP] "Invalid FP Token Type" <- [] "no parameter of the FairPlay page names a token type; a token of another DRM is -4010";
    -6003 IvInvalid [400] [FP] "Invalid iv parameter specified" <- ["iv"];
    -6004 CkcFailed [400 403 500 502 503] [FP] "Failed to generate CKC for FP" <- ["redemption (FairPlay)"];
    -6005 KeyData [400 403 413 503] [WV FP CK] "Invalid key data specified" <- ["contentKey", "ek", "contentId", "an index over 15", "redemption (Clear Key)"];
    -6006 FairPlayNotAuthorized [400] [FP] "Service not authorized for FairPlay support" <- ["customerAuthenticator"];
    -6007 RentalDuration [400] [WV FP] "Invalid rental duration specified" <- ["rentalDuration"];
    -6008 FairPlayDeviceId [400] [FP] "Device ID binding is not supported for FairPlay" <- ["deviceId"];
    -6009 FairPlayDisabled [400] [FP] "FairPlay option disabled" <- ["customerAuthenticator", "redemption"];
    -7002 WidevineDeviceId [400] [WV] "Device ID binding is not supported for Widevine" <- ["deviceId"];
    -7003 SecurityLevelMissing [400] [WV] "Missing security level value" <- ["securityLevel"];
    -7004 SecurityLevelInvalid [400] [WV] "Invalid security level value" <- ["securityLevel"];
    -7006 HdcpMissing [400] [WV] "Missing HDCP output control value" <- ["hdcpOutputControl"];
    -7007 LicenseDuration [400] [WV] "Invalid license duration specified" <- ["licenseDuration"];
    -7008 WidevineLicenseFailed [400 413 403 500 502 503] [WV] "Failed to generate Widevine license" <- ["redemption (Widevine)"];
    -7009 WvExtension [400] [WV] "Invalid WVExtension parameters specified" <- ["wvExtension"];
    -7011 WidevineDisabled [400] [WV] "Widevine option disabled" <- ["customerAuthenticator", "redemption"];
}

impl Event {
    /// The number.
    #[must_use]
    pub const fn code(self) -> i32 {
        self.info().code
    }

    /// The HTTP status that it usually has: the one at a token request, where it has one.
    #[must_use]
    pub fn usual_status(self) -> u16 {
        self.info().statuses.first().copied().expect("every row of the table has a status")
    }

    /// Whether anything raises it.
    #[must_use]
    pub const fn is_raised(self) -> bool {
        !self.info().raised_by.is_empty()
    }

    /// Whether details follow its text.
    #[must_use]
    pub fn takes_details(self) -> bool {
        self.info().text.ends_with(':')
    }

    /// The code with this number.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_negative_and_in_order() {
        for pair in Event::ALL.windows(2) {
            assert!(pair[0].code() > pair[1].code(), "{:?} before {:?}", pair[0], pair[1]);
        }
        assert!(Event::ALL.iter().all(|event| (-9999..=-2000).contains(&event.code())));
        // Two seed pages and the public FairPlay page: token-api.md, section 8.
        assert_eq!(Event::ALL.len(), 54);
    }

    #[test]
    fn what_is_never_raised_says_why() {
        for event in Event::ALL {
            assert_eq!(event.is_raised(), event.info().not_raised_because.is_empty(), "{event:?}");
        }
    }

    #[test]
    fn a_code_is_found_by_its_number() {
        assert_eq!(Event::from_code(-4020), Some(Event::KidLength));
        assert_eq!(Event::from_code(-1), None);
    }
}
