//! The digest over LA and the ECDSA signature over `SignedInfo`.

use subtle::ConstantTimeEq as _;

use crate::bcert::sha256;
use crate::curve;
use crate::refusal::{Refusal, SignatureError};

/// What a challenge says about its signature. Lengths other than the right ones are kept as `None`.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    digest: Option<[u8; 32]>,
    value: Option<[u8; 64]>,
    public_key: Option<[u8; 64]>,
}

impl Signature {
    pub(super) fn new(digest: &[u8], value: &[u8], public_key: &[u8]) -> Self {
        Self {
            digest: digest.try_into().ok(),
            value: value.try_into().ok(),
            public_key: public_key.try_into().ok(),
        }
    }

    /// The key that signed.
    pub(super) fn check(&self, acquisition: &[u8], signed_info: &[u8]) -> Result<&[u8; 64], Refusal> {
        let digest = self.digest.as_ref().ok_or(SignatureError::Digest)?;
        if !bool::from(digest.ct_eq(&sha256(acquisition))) {
            return Err(SignatureError::Digest.into());
        }
        let (Some(value), Some(key)) = (&self.value, &self.public_key) else {
            return Err(SignatureError::Signature.into());
        };
        if curve::verify(key, signed_info, value) { Ok(key) } else { Err(SignatureError::Signature.into()) }
    }
}

#[cfg(test)]
mod tests {
    use drm_primitives::base64;

    use super::*;

    /// `SignedInfo` in the exact form of section 5, around a digest.
    fn signed_info(digest: &str) -> String {
        format!(
            "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"></CanonicalizationMethod><SignatureMethod Algorithm=\"http://schemas.microsoft.com/DRM/2007/03/protocols#ecdsa-sha256\"></SignatureMethod><Reference URI=\"#SignedData\"><DigestMethod Algorithm=\"http://schemas.microsoft.com/DRM/2007/03/protocols#sha256\"></DigestMethod><DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
        )
    }

    #[test]
    fn the_signatures_of_the_published_requests_verify_over_the_exact_form_of_signed_info() {
        for (digest, signature, key) in [
            (
                "NnkxTbC9yLGwYWSRfOz3VqKRYd62AGqTnwpSHsCklhI=",
                "Av2+yCEBdJD9+euMzGzuPb5rYgPlXNszEEr+cF7LwbE/Kln1e8JyhAEdIy14z4U43/oQMvMg40QaOAqv3ElM2g==",
                "nrZWFO4ExmBomY+Xu5sATbSRi+tjRqMC+bVaKwn5ZAkdoER3nn8eE+yxXA0CkuhhmAmAqYDX7RY2q+MbAvoZuA==",
            ),
            (
                "QF4icfarWi9bF61LlvS+AjvrTv4WB10C9hg9AFVxo5o=",
                "TgoCoi0FPKJsuPlOT5P2UEwWonfstM9FUagK5zGMSGvQk+T0ieyIqoOI6+6Rfhye0OtnzOFC1Ii4r+jGaRpCnw==",
                "KhSCjNAz2d8IVZW3gk2jJG96orpXhVqwXxARo5tikjYY99ieZyP3IPztIS/bl9kGvJTxXaMA07K2Ph+8DLeCyg==",
            ),
        ] {
            let [digest_bytes, signature, key] =
                [digest, signature, key].map(|text| base64::decode(text.as_bytes()).unwrap());
            let signed_info = signed_info(digest);
            assert!(curve::verify(key.as_slice().try_into().unwrap(), signed_info.as_bytes(), &signature));
            // LA's ciphertexts are shortened in print, so only the digest can fail.
            let published = Signature::new(&digest_bytes, &signature, &key);
            assert_eq!(published.check(b"", signed_info.as_bytes()), Err(SignatureError::Digest.into()));
        }
    }

    #[test]
    fn values_of_another_length_are_wrong_values() {
        let digest = sha256(b"LA");
        let wrong = |signature: Signature| signature.check(b"LA", b"").unwrap_err();
        assert_eq!(wrong(Signature::new(&digest[1..], &[0; 64], &[0; 64])), SignatureError::Digest.into());
        assert_eq!(wrong(Signature::new(&digest, &[0; 63], &[0; 64])), SignatureError::Signature.into());
        assert_eq!(wrong(Signature::new(&digest, &[0; 64], &[0; 65])), SignatureError::Signature.into());
        assert_eq!(wrong(Signature::new(&digest, &[0; 64], &[0; 64])), SignatureError::Signature.into());
    }
}
