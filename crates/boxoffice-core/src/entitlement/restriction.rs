//! Whether an entitlement is still good: here, now, for this DRM, from this address.

use std::net::IpAddr;

use jiff::Timestamp;
use thiserror::Error;

use super::Entitlement;
use crate::Drm;

/// Why an entitlement is not good here and now.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum RestrictionError {
    /// It is bound to another address.
    #[error("this token is good from {allowed} only, and the request came from {got}")]
    Address {
        /// From where it is good.
        allowed: String,
        /// Whence the request came.
        got: IpAddr,
    },
    /// It has ended.
    #[error(
        "expired at {expired_at}, now {now}, {late} s late; ask for a new token, or set expirationTime later"
    )]
    Expired {
        /// When.
        expired_at: Timestamp,
        /// The server's time.
        now: Timestamp,
        /// The difference, in seconds.
        late: i64,
    },
    /// It was made for another DRM.
    #[error("this is a {made_for} token, and this is the {got} address; ask /hms/{}/token for one", got.code())]
    OtherDrm {
        /// Whose it is.
        made_for: Drm,
        /// Where it came.
        got: Drm,
    },
}

impl Entitlement {
    /// Whether it is for this DRM.
    ///
    /// # Errors
    /// [`RestrictionError::OtherDrm`].
    pub fn check_drm(&self, got: Drm) -> Result<(), RestrictionError> {
        let made_for = self.drm();
        if made_for == got { Ok(()) } else { Err(RestrictionError::OtherDrm { made_for, got }) }
    }

    /// Whether it has not ended. It is good up to its last second, and not in it.
    ///
    /// # Errors
    /// [`RestrictionError::Expired`], with both times and the difference.
    pub fn check_time(&self, now: Timestamp) -> Result<(), RestrictionError> {
        let late = now.as_second() - self.expires_at.as_second();
        if late < 0 {
            return Ok(());
        }
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Err(RestrictionError::Expired { expired_at: self.expires_at, now, late })
    }

    /// Whether it is good from this address. An IPv4-mapped address is the IPv4 one.
    ///
    /// # Errors
    /// [`RestrictionError::Address`].
    pub fn check_address(&self, got: IpAddr) -> Result<(), RestrictionError> {
        let got = got.to_canonical();
        match self.address {
            Some(allowed) if !allowed.contains(&got) => {
                Err(RestrictionError::Address { allowed: allowed.to_string(), got })
            }
            Some(_) | None => Ok(()),
        }
    }
}
