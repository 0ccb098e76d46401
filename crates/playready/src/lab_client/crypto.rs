//! The client's cryptography, straight on the libraries.

use std::fmt;

use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use drm_primitives::Random;
use p256::elliptic_curve::PrimeField as _;
use p256::elliptic_curve::ops::Reduce as _;
use p256::elliptic_curve::point::AffineCoordinates as _;
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use zeroize::{Zeroize as _, Zeroizing};

/// A key of the client: for tests and labs, like everything here.
#[derive(Clone)]
pub struct ClientKey {
    scalar: Scalar,
    public: [u8; 64],
}

impl ClientKey {
    /// Draws a key.
    #[must_use]
    pub fn draw(random: &dyn Random) -> Self {
        Self::of(random_scalar(random))
    }

    /// The key of a scalar, 32 bytes big-endian; `None` for zero and for what is not below the order.
    #[must_use]
    pub fn from_scalar(bytes: &[u8; 32]) -> Option<Self> {
        let scalar = Scalar::from_repr(FieldBytes::from(*bytes)).into_option()?;
        (scalar != Scalar::ZERO).then(|| Self::of(scalar))
    }

    fn of(scalar: Scalar) -> Self {
        let public = coordinates(&(ProjectivePoint::GENERATOR * scalar).to_affine());
        Self { scalar, public }
    }

    /// X‖Y.
    #[must_use]
    pub const fn public(&self) -> &[u8; 64] {
        &self.public
    }

    /// r‖s over SHA-256 of the message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(self.scalar.to_repr().into());
        let public = [&[4], self.public.as_slice()].concat();
        EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            secret.as_slice(),
            &public,
        )
        .ok()
        .and_then(|pair| pair.sign_digest(&digest(&SHA256, message)).ok())
        .and_then(|signature| signature.as_ref().try_into().ok())
        .expect("a key pair signs 32 bytes into 64")
    }

    /// M = C2 − d·C1: its x-coordinate.
    pub(super) fn decrypt_point(&self, ciphertext: &[u8; 128]) -> Option<Zeroizing<[u8; 32]>> {
        let first = point(ciphertext.first_chunk()?)?;
        let second = point(ciphertext.last_chunk()?)?;
        let message = ProjectivePoint::from(second) - ProjectivePoint::from(first) * self.scalar;
        (message != ProjectivePoint::IDENTITY).then(|| Zeroizing::new(message.to_affine().x().into()))
    }
}

impl Drop for ClientKey {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey(..)")
    }
}

/// A random point, encrypted to a public key (X‖Y): the ciphertext, and the point's x-coordinate.
pub(super) fn encrypt_random_point(
    recipient: &[u8; 64],
    random: &dyn Random,
) -> Option<([u8; 128], Zeroizing<[u8; 32]>)> {
    let recipient = ProjectivePoint::from(point(recipient)?);
    let message = ProjectivePoint::GENERATOR * random_scalar(random);
    let ephemeral = random_scalar(random);
    let first = coordinates(&(ProjectivePoint::GENERATOR * ephemeral).to_affine());
    let second = coordinates(&(message + recipient * ephemeral).to_affine());
    let ciphertext = [first, second].concat().try_into().ok()?;
    Some((ciphertext, Zeroizing::new(message.to_affine().x().into())))
}

/// AES-128-CBC with PKCS#7 padding.
pub(super) fn encrypt_cbc(key: &[u8; 16], iv: [u8; 16], plain: &[u8]) -> Vec<u8> {
    let padding = 16 - plain.len() % 16;
    let mut blocks = plain.to_vec();
    blocks.resize(plain.len() + padding, u8::try_from(padding).unwrap_or(16));
    UnboundCipherKey::new(&AES_128, key)
        .and_then(EncryptingKey::cbc)
        .and_then(|key| key.less_safe_encrypt(&mut blocks, EncryptionContext::Iv128(FixedLength::from(iv))))
        .expect("whole blocks are encrypted with a key of 16 bytes");
    blocks
}

/// AES-128-CMAC.
pub(super) fn cmac(key: &[u8; 16], message: &[u8]) -> Option<[u8; 16]> {
    use aws_lc_rs::cmac::{AES_128, Key, sign};
    sign(&Key::new(AES_128, key).ok()?, message).ok()?.as_ref().try_into().ok()
}

pub(super) fn verify(key: &[u8; 64], message: &[u8], signature: &[u8; 64]) -> bool {
    let public = [&[4], key.as_slice()].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public).verify(message, signature).is_ok()
}

pub(super) fn sha_256(message: &[u8]) -> [u8; 32] {
    digest(&SHA256, message).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn random_scalar(random: &dyn Random) -> Scalar {
    // Reduced, not drawn again: the bias of 2⁻³² does not matter to a lab's client.
    let scalar = Scalar::reduce(&FieldBytes::from(random.array::<32>()));
    if scalar == Scalar::ZERO { Scalar::ONE } else { scalar }
}

fn point(bytes: &[u8; 64]) -> Option<AffinePoint> {
    let x: &[u8; 32] = bytes.first_chunk()?;
    let y: &[u8; 32] = bytes.last_chunk()?;
    AffinePoint::from_coordinates(&(*x).into(), &(*y).into()).into_option()
}

fn coordinates(point: &AffinePoint) -> [u8; 64] {
    let [x, y]: [[u8; 32]; 2] = [point.x().into(), point.y().into()];
    [x, y].concat().try_into().expect("two coordinates have 64 bytes")
}
