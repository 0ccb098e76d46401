//! Keys on P-256: the points and scalars are `p256`'s, ECDSA is AWS-LC's.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use drm_primitives::{Random, hex};
use p256::elliptic_curve::point::AffineCoordinates as _;
use p256::elliptic_curve::{Group as _, PrimeField as _};
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use thiserror::Error;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// How often a scalar, or a point for a content key, is drawn before the random source is given up.
pub(crate) const DRAWS: usize = 256;

/// A point on the curve, and not infinity: X‖Y, 32 bytes each, big-endian.
#[derive(Clone, Copy)]
pub struct PublicKey {
    bytes: [u8; 64],
    point: AffinePoint,
}

/// 64 bytes that are no point of P-256.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the 64 bytes are no point on P-256")]
pub struct NotOnCurve;

/// A scalar in [1, n−1]. Never printed, wiped when dropped.
#[derive(Clone)]
pub struct PrivateKey(Scalar);

/// 32 bytes that are zero, or not below the order of P-256.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the 32 bytes are no private key of P-256: zero, or not below its order")]
pub struct NotAPrivateKey;

/// The random source gave nothing usable in 256 draws.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the random source gave nothing usable in {DRAWS} draws")]
pub struct Exhausted;

/// A private key, made ready to sign with ECDSA over SHA-256.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl PublicKey {
    /// Takes X‖Y.
    ///
    /// # Errors
    /// [`NotOnCurve`], also for coordinates not below the field's prime and for all zeros.
    pub fn from_bytes(bytes: &[u8; 64]) -> Result<Self, NotOnCurve> {
        let point = point_from_bytes(bytes).ok_or(NotOnCurve)?;
        Ok(Self { bytes: *bytes, point })
    }

    /// X‖Y.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.bytes
    }

    pub(crate) fn projective(&self) -> ProjectivePoint {
        self.point.into()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(&self.bytes))
    }
}

impl PrivateKey {
    /// Draws a key.
    ///
    /// # Errors
    /// [`Exhausted`]; with a working random source that never happens.
    pub fn generate(random: &dyn Random) -> Result<Self, Exhausted> {
        draw_scalar(random).map(Self)
    }

    /// Takes 32 bytes, big-endian.
    ///
    /// # Errors
    /// [`NotAPrivateKey`] for zero, and for the order of the curve and above.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, NotAPrivateKey> {
        scalar_from_bytes(bytes).map(Self).ok_or(NotAPrivateKey)
    }

    /// The 32 bytes, big-endian. Whoever asks answers for where they go.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_repr().into())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let point = ProjectivePoint::mul_by_generator(&self.0).to_affine();
        PublicKey { bytes: point_to_bytes(&point), point }
    }

    /// Makes the key ready to sign.
    #[must_use]
    pub fn to_signing_key(&self) -> SigningKey {
        let public = self.public();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            self.expose().as_slice(),
            &uncompressed(&public.bytes),
        )
        .expect("a scalar in range and its own point are a key pair");
        SigningKey { pair, public }
    }

    pub(crate) const fn scalar(&self) -> &Scalar {
        &self.0
    }
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for PrivateKey {}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

impl SigningKey {
    /// Signs SHA-256 of `message`: r‖s. The nonce is drawn by AWS-LC itself.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self
            .pair
            .sign_digest(&digest::digest(&digest::SHA256, message))
            .expect("signing a digest with a valid key does not fail");
        let mut fixed = [0; 64];
        for (byte, signed) in fixed.iter_mut().zip(signature.as_ref()) {
            *byte = *signed;
        }
        fixed
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// Whether `signature` (r‖s) over SHA-256 of `message` is that of `key` (X‖Y). Off-curve keys sign nothing.
pub(crate) fn verify(key: &[u8; 64], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, uncompressed(key)).verify(message, signature).is_ok()
}

/// A point from X‖Y. All zeros, which some write for infinity, satisfy no curve equation.
pub(crate) fn point_from_bytes(bytes: &[u8; 64]) -> Option<AffinePoint> {
    let (x, y) = bytes.split_first_chunk::<32>()?;
    let y: &[u8; 32] = y.try_into().ok()?;
    AffinePoint::from_coordinates(&FieldBytes::from(*x), &FieldBytes::from(*y)).into_option()
}

/// X‖Y of a point that is not infinity.
pub(crate) fn point_to_bytes(point: &AffinePoint) -> [u8; 64] {
    let mut bytes = [0; 64];
    for (byte, coordinate) in bytes.iter_mut().zip(point.x().iter().chain(point.y().iter())) {
        *byte = *coordinate;
    }
    bytes
}

/// Draws a scalar in [1, n−1], evenly: what is out of range is drawn again.
pub(crate) fn draw_scalar(random: &dyn Random) -> Result<Scalar, Exhausted> {
    let mut bytes = Zeroizing::new([0; 32]);
    for _ in 0..DRAWS {
        random.fill(bytes.as_mut_slice());
        if let Some(scalar) = scalar_from_bytes(&bytes) {
            return Ok(scalar);
        }
    }
    Err(Exhausted)
}

fn scalar_from_bytes(bytes: &[u8; 32]) -> Option<Scalar> {
    let scalar = Scalar::from_repr(FieldBytes::from(*bytes)).into_option()?;
    (!bool::from(p256::elliptic_curve::Field::is_zero(&scalar))).then_some(scalar)
}

fn uncompressed(key: &[u8; 64]) -> [u8; 65] {
    let mut point = [4; 65];
    for (byte, coordinate) in point.iter_mut().skip(1).zip(key) {
        *byte = *coordinate;
    }
    point
}

#[cfg(test)]
mod tests {
    use drm_primitives::SequenceRandom;

    use super::*;

    #[test]
    fn public_keys_belong_to_the_scalars_of_the_specification() {
        for (scalar, public) in [
            (
                "aa7e44b2532c452579b18b4b18514f29e586409dc2b3c66f5e7147d7d5e2b8e7",
                "60951e8b0b8489720def495dca58c4ef4c1d0a8f634e211d93e07e99710f9a35090307a7d7e060e31c6158f0b904e91758ab2dcec7e121d68fb497ca25ed1bb2",
            ),
            (
                "8b980bf12807a3d7e9977ae9ae241f140b90368d68932a8ef09cb257c3243108",
                "3c0e4a55076e88519535f55803c138de51df763af30a8daee6244121265e05474a895d5f7ad2d73ccd9c41d480589b576b9ca8286b59fbf85dcf6c354e0743a9",
            ),
        ] {
            let key = PrivateKey::from_bytes(&hex::decode(scalar.as_bytes()).unwrap()).unwrap();
            assert_eq!(hex::encode(key.public().as_bytes()), public);
            assert_eq!(hex::encode(key.expose().as_slice()), scalar);
            assert_eq!(PublicKey::from_bytes(key.public().as_bytes()), Ok(key.public()));
        }
    }

    #[test]
    fn a_signature_verifies_under_its_key_and_no_other() {
        let random = SequenceRandom::new(1);
        let key = PrivateKey::generate(&random).unwrap().to_signing_key();
        let other = PrivateKey::generate(&random).unwrap().public();
        let signature = key.sign(b"hello");
        assert!(verify(key.public().as_bytes(), b"hello", &signature));
        assert!(!verify(key.public().as_bytes(), b"hallo", &signature));
        assert!(!verify(other.as_bytes(), b"hello", &signature));
        assert!(!verify(&[0; 64], b"hello", &signature));
    }

    #[test]
    fn zero_the_order_and_points_off_the_curve_are_refused() {
        let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
        assert_eq!(PrivateKey::from_bytes(&[0; 32]).unwrap_err(), NotAPrivateKey);
        assert_eq!(
            PrivateKey::from_bytes(&hex::decode(order.as_bytes()).unwrap()).unwrap_err(),
            NotAPrivateKey
        );
        assert_eq!(PublicKey::from_bytes(&[0; 64]).unwrap_err(), NotOnCurve);
        let mut off = *PrivateKey::generate(&SequenceRandom::new(2)).unwrap().public().as_bytes();
        off[63] ^= 1;
        assert_eq!(PublicKey::from_bytes(&off).unwrap_err(), NotOnCurve);
    }

    #[test]
    fn a_random_source_that_only_gives_ones_is_given_up() {
        struct Ones;
        impl Random for Ones {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0xFF);
            }
        }
        assert_eq!(draw_scalar(&Ones).unwrap_err(), Exhausted);
    }

    #[test]
    fn private_keys_print_nothing() {
        let key = PrivateKey::generate(&SequenceRandom::new(3)).unwrap();
        assert_eq!(format!("{key:?} {:?}", key.to_signing_key()), "PrivateKey(..) SigningKey(..)");
    }
}
