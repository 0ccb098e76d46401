//! The challenge (playready.md, sections 2 and 4).
//!
//! [`Challenge::parse`] reads the envelope and the values of LA; [`Challenge::check_signature`] gives a
//! [`SignedChallenge`], which alone can be opened: ElGamal and CBC are malleable, so nobody's bytes
//! reach them who could not sign. [`Identity::verify`] turns what was inside into a [`Device`].

mod envelope;
mod identity;
mod key_message;
mod licence_acquisition;
mod open;
mod signature;

pub use identity::{Device, Identity};
pub use key_message::wrap as wrap_in_key_message;

use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::header::WrmHeader;
use crate::policy;
use crate::refusal::{HeaderError, MessageError, Refusal};
use licence_acquisition::LicenceAcquisition;

/// A licence request, read but not believed yet. Not printed, and wiped when dropped: it may carry a token.
#[derive(Clone)]
pub struct Challenge {
    text: Zeroizing<String>,
    acquisition_range: Range<usize>,
    signed_info_range: Range<usize>,
    acquisition: LicenceAcquisition,
    signature: signature::Signature,
}

/// A challenge whose digest and signature are right, under the key that it names itself.
#[derive(Clone, Copy, Debug)]
pub struct SignedChallenge<'a> {
    challenge: &'a Challenge,
    signing_key: &'a [u8; 64],
}

/// The version of the protocol, `LA/Version`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProtocolVersion {
    /// 1: headers 4.0 and 4.1.
    V1,
    /// 4: header 4.2.
    V4,
    /// 5: header 4.3.
    V5,
}

impl ProtocolVersion {
    /// The version that a number names.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::V1),
            4 => Some(Self::V4),
            5 => Some(Self::V5),
            _ => None,
        }
    }

    /// 1, 4 or 5.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::V1 => 1,
            Self::V4 => 4,
            Self::V5 => 5,
        }
    }
}

impl Challenge {
    /// The longest body that is read, in bytes.
    pub const MAXIMUM_LENGTH: usize = 65_536;

    /// Reads a body: SOAP, or an EME message around it.
    ///
    /// # Errors
    /// [`Refusal::Message`] for whatever section 2 does not allow; [`Refusal::ProtocolVersion`] where LA has
    /// a version that is not known, whatever else it has. Protocol versions that can be read are judged by
    /// [`Challenge::check_version`].
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Err(MessageError::Empty.into());
        }
        if body.len() > Self::MAXIMUM_LENGTH {
            let (got, limit) = (body.len(), Self::MAXIMUM_LENGTH);
            return Err(MessageError::TooLong { got, limit }.into());
        }
        let text = Zeroizing::new(match key_message::unwrap(body)? {
            Some(soap) => String::from_utf8(soap).map_err(|_| MessageError::NotUtf8)?,
            None => std::str::from_utf8(body).map_err(|_| MessageError::NotUtf8)?.to_owned(),
        });
        let envelope::Slices { acquisition: acquisition_range, signed_info: signed_info_range, signature } =
            envelope::read(&text)?;
        let slice = text.get(acquisition_range.clone()).unwrap_or_default();
        let acquisition = licence_acquisition::read(slice)?;
        Ok(Self { text, acquisition_range, signed_info_range, acquisition, signature })
    }

    /// The protocol version.
    ///
    /// # Errors
    /// [`Refusal::ProtocolVersion`] for any but 1, 4 and 5.
    pub fn check_version(&self) -> Result<ProtocolVersion, Refusal> {
        let got = self.acquisition.version;
        ProtocolVersion::from_number(got).ok_or(Refusal::ProtocolVersion { got })
    }

    /// `LA/CustomData`, unescaped, as it came.
    #[must_use]
    pub fn custom_data(&self) -> Option<&str> {
        self.acquisition.custom_data.as_ref().map(|text| text.as_str())
    }

    /// The token in `CustomData`: what follows `ExpressPlayToken=`, or else the whole text, without blanks
    /// around it. `None` where there is no `CustomData`, or an empty one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        token_in(self.custom_data()?)
    }

    /// `LA/LicenseNonce`.
    #[must_use]
    pub const fn nonce(&self) -> &[u8; 16] {
        &self.acquisition.nonce
    }

    /// `LA/ClientTime`, unix seconds.
    #[must_use]
    pub const fn client_time(&self) -> Option<i64> {
        self.acquisition.client_time
    }

    /// `LA/CLIENTINFO/CLIENTVERSION`, as it came.
    #[must_use]
    pub fn client_version(&self) -> Option<&str> {
        self.acquisition.client_version.as_deref()
    }

    /// The content header, parsed.
    ///
    /// # Errors
    /// [`Refusal::HeaderVersion`] for a version that is not known, [`Refusal::Header`] for anything else.
    pub fn header(&self) -> Result<WrmHeader, Refusal> {
        let header = self.acquisition.header.as_deref().ok_or(HeaderError::Missing)?;
        WrmHeader::parse(header).map_err(Refusal::from)
    }

    /// For a rental: whether the client's clock is right to an hour, see [`policy::check_clock`].
    ///
    /// # Errors
    /// [`Refusal::DeviceClock`], with both times.
    pub fn check_clock(&self, now: i64) -> Result<(), Refusal> {
        policy::check_clock(self.client_version(), self.client_time(), now)
    }

    /// Checks that the digest is that of LA's bytes as they came, and that the key that the challenge
    /// names signed `SignedInfo`'s bytes as they came.
    ///
    /// # Errors
    /// [`Refusal::DeviceSignature`].
    pub fn check_signature(&self) -> Result<SignedChallenge<'_>, Refusal> {
        let bytes = |range: &Range<usize>| self.text.as_bytes().get(range.clone()).unwrap_or_default();
        let signing_key =
            self.signature.check(bytes(&self.acquisition_range), bytes(&self.signed_info_range))?;
        Ok(SignedChallenge { challenge: self, signing_key })
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({} bytes)", self.text.len())
    }
}

/// The token in a text that a client sent along: what follows `ExpressPlayToken=`, or else the whole text, without
/// blanks around it. `None` where that is nothing.
#[must_use]
pub fn token_in(custom_data: &str) -> Option<&str> {
    const NAME: &str = "ExpressPlayToken=";
    let token = match custom_data.split_once(NAME) {
        Some((_, after)) => {
            let stops = |character: char| character.is_whitespace() || "&;,<>\"'".contains(character);
            after.split(stops).next().unwrap_or_default()
        }
        None => custom_data.trim(),
    };
    (!token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_custom_data_itself_or_follows_its_name() {
        assert_eq!(token_in(" BAEAAA-_ \n"), Some("BAEAAA-_"));
        assert_eq!(token_in("ExpressPlayToken=BAEAAA"), Some("BAEAAA"));
        assert_eq!(token_in("a=b&ExpressPlayToken=BAEAAA=&c=d"), Some("BAEAAA="));
        assert_eq!(token_in("{\"x\":\"ExpressPlayToken=BAEAAA\"}"), Some("BAEAAA"));
        assert_eq!(token_in("  "), None);
        assert_eq!(token_in("ExpressPlayToken="), None);
    }
}
