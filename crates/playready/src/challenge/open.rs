//! Opens `EncryptedData`: ElGamal, AES-128-CBC, and the chain inside (section 4).

use aws_lc_rs::cipher::{AES_128, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::{Identity, SignedChallenge};
use crate::bcert::Chain;
use crate::curve::PrivateKey;
use crate::elgamal;
use crate::refusal::Refusal;
use crate::xml::{self, base64_of, text_of};

/// The name that clients give the server's key.
const KEY_NAME: &str = "WMRMServer";

/// Names in feature lists are for the record: this many, this long.
const MAXIMUM_FEATURE_NAMES: usize = 64;
const MAXIMUM_FEATURE_LENGTH: usize = 64;

impl SignedChallenge<'_> {
    /// Opens the challenge with the server's private key.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`], which never says why.
    pub fn open(&self, server_key: &PrivateKey) -> Result<Identity, Refusal> {
        // ElGamal and CBC are malleable: whoever learned which step failed could ask for the next bit.
        let (chain, feature_names) = self.read(server_key).ok_or(Refusal::Unreadable)?;
        Ok(Identity {
            chain,
            feature_names,
            signing_key: *self.signing_key,
            client_version: self.challenge.client_version().map(str::to_owned),
        })
    }

    fn read(&self, server_key: &PrivateKey) -> Option<(Chain, Vec<String>)> {
        let encrypted = &self.challenge.acquisition.encrypted;
        if encrypted.key_name.trim() != KEY_NAME {
            return None;
        }
        let x = elgamal::decrypt(server_key, &base64_of(&encrypted.key)?)?;
        // The first half is the iv of some clients and random in others: never used (section 4).
        let key = Zeroizing::new(*x.last_chunk::<16>()?);
        let data = base64_of(&encrypted.data)?;
        let (iv, ciphertext) = data.split_first_chunk::<16>()?;
        read_data(&decrypt(&key, *iv, ciphertext)?)
    }
}

fn decrypt(key: &[u8; 16], iv: [u8; 16], ciphertext: &[u8]) -> Option<Vec<u8>> {
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(16) {
        return None;
    }
    let key = UnboundCipherKey::new(&AES_128, key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7).ok()?;
    let mut buffer = ciphertext.to_vec();
    let plain = key.decrypt(&mut buffer, DecryptionContext::Iv128(FixedLength::from(iv))).ok()?;
    Some(plain.to_vec())
}

fn read_data(plain: &[u8]) -> Option<(Chain, Vec<String>)> {
    let document = xml::parse(std::str::from_utf8(plain).ok()?).ok()?;
    let root = document.root_element();
    let mut chains = root.descendants().filter(|node| node.tag_name().name() == "CertificateChain");
    let (Some(chain), None) = (chains.next(), chains.next()) else { return None };
    let path = ["CertificateChain", "CertificateChains", "Data"];
    if !chain.ancestors().filter(roxmltree::Node::is_element).map(|node| node.tag_name().name()).eq(path) {
        return None;
    }
    let chain = Chain::parse(&base64_of(&text_of(chain)?)?).ok()?;
    let feature_names = root
        .descendants()
        .filter(|node| node.tag_name().name() == "Feature")
        .filter_map(|node| node.attribute("Name"))
        .take(MAXIMUM_FEATURE_NAMES)
        .map(|name| name.chars().take(MAXIMUM_FEATURE_LENGTH).collect())
        .collect();
    Some((chain, feature_names))
}
