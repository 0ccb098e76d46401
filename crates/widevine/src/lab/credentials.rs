//! Key pairs of the lab.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use zeroize::Zeroizing;

use crate::der;

/// An RSA key pair with e = 65537. Never printed; wiped when dropped.
#[derive(Clone)]
pub struct Credentials {
    /// PKCS#1 `RSAPrivateKey`, DER.
    pub private_key: Zeroizing<Vec<u8>>,
    /// PKCS#1 `RSAPublicKey`, DER.
    pub public_key: Vec<u8>,
}

impl Credentials {
    /// Makes a pair from the library's own random source.
    pub fn generate(size: KeySize) -> Self {
        let pair = KeyPair::generate(size).expect("AWS-LC makes RSA keys of every size that it names");
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().expect("a key that was made has an encoding");
        let private_key = der::rsa_private_key(pkcs8.as_ref()).expect("PKCS#8 v1 of RSA holds PKCS#1");
        Self {
            private_key: Zeroizing::new(private_key.to_vec()),
            public_key: pair.public_key().as_ref().to_vec(),
        }
    }

    /// Reads PKCS#1 `RSAPrivateKey`.
    pub fn from_private_key(private_key: &[u8]) -> Option<Self> {
        let pair = KeyPair::from_der(private_key).ok()?;
        Some(Self {
            private_key: Zeroizing::new(private_key.to_vec()),
            public_key: pair.public_key().as_ref().to_vec(),
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}
