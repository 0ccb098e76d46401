//! The operations on P-256 that no PlayReady licence can do without (playready.md, section 13).

use aws_lc_rs::cmac;
use aws_lc_rs::rand::SystemRandom as AwsRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use drm_primitives::{Random, SystemRandom};
use p256::elliptic_curve::point::DecompressPoint as _;
use p256::elliptic_curve::subtle::Choice;
use p256::elliptic_curve::{BatchNormalize as _, Group as _, PrimeField as _};
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};

use crate::chore::Failure;

/// Keys and a signature to work on.
pub struct P256Floor {
    signer: EcdsaKeyPair,
    random: AwsRandom,
    message: Vec<u8>,
    signature: Vec<u8>,
    scalar: Scalar,
    recipient: AffinePoint,
}

/// Device, group, company and challenge.
const VERIFICATIONS: usize = 4;

/// About as much as a licence's CMAC covers.
const LICENCE_LENGTH: usize = 400;

impl P256Floor {
    /// Draws keys.
    pub fn new() -> Result<Self, Failure> {
        let signer = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let random = aws_random();
        // About as much as a certificate's signature covers.
        let message = vec![0x42; LICENCE_LENGTH];
        let signature = signer.sign(&random, &message)?.as_ref().to_vec();
        let scalar = draw()?;
        let [recipient] = ProjectivePoint::batch_normalize(&[ProjectivePoint::mul_by_generator(&scalar)]);
        Ok(Self { signer, random, message, signature, scalar, recipient })
    }

    /// All of it, once, for a licence with one key.
    pub fn once(&self) -> Result<(), Failure> {
        for _ in 0..VERIFICATIONS {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.signer.public_key());
            key.verify(&self.message, &self.signature)?;
        }
        // The decryption of the challenge's key: one multiplication, and back to affine coordinates.
        let opened = ProjectivePoint::from(self.recipient) - self.recipient * self.scalar;
        std::hint::black_box(opened.to_affine());
        let lifted = lift()?;
        let ephemeral = draw()?;
        let points = [ProjectivePoint::mul_by_generator(&ephemeral), self.recipient * ephemeral + lifted];
        std::hint::black_box(ProjectivePoint::batch_normalize(&points));
        let key = cmac::Key::new(cmac::AES_128, &[7; 16])?;
        std::hint::black_box(cmac::sign(&key, &self.message)?);
        std::hint::black_box(self.signer.sign(&self.random, &self.message)?);
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the interface of AWS-LC's signatures asks for its own generator"
)]
fn aws_random() -> AwsRandom {
    AwsRandom::new()
}

/// A content key as a point: half of all draws are none.
fn lift() -> Result<AffinePoint, Failure> {
    let random: &dyn Random = &SystemRandom;
    let found = (0..256).find_map(|_| {
        let x = FieldBytes::from(random.array::<32>());
        AffinePoint::decompress(&x, Choice::from(1)).into_option()
    });
    found.ok_or_else(|| "no point was drawn".into())
}

fn draw() -> Result<Scalar, Failure> {
    let random: &dyn Random = &SystemRandom;
    let found =
        (0..256).find_map(|_| Scalar::from_repr(FieldBytes::from(random.array::<32>())).into_option());
    found.ok_or_else(|| "no scalar was drawn".into())
}
