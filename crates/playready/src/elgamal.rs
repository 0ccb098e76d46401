//! ElGamal on P-256, and the lift of a content key onto the curve (playready.md, sections 4 and 7).
//!
//! A ciphertext is C1.x ‖ C1.y ‖ C2.x ‖ C2.y, 32 bytes each, big-endian, with C1 = k·G and C2 = M + k·Q.
//! The scheme is malleable: whoever decrypts has checked a signature over the ciphertext before.

use drm_primitives::{ContentKey, Random};
use p256::elliptic_curve::point::{AffineCoordinates as _, DecompressPoint as _};
use p256::elliptic_curve::subtle::Choice;
use p256::elliptic_curve::{BatchNormalize as _, Group as _};
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use zeroize::{Zeroize as _, Zeroizing};

use crate::curve::{self, DRAWS, Exhausted, PrivateKey, PublicKey};

/// C1‖C2 as it travels.
pub const CIPHERTEXT_LENGTH: usize = 128;

/// A content key as a point: the x-coordinate is CI ‖ CK.
pub(crate) struct Lifted {
    point: AffinePoint,
    integrity_key: Zeroizing<[u8; 16]>,
}

impl Lifted {
    /// Draws CI until CI ‖ CK is the x-coordinate of a point. The sign of y is random.
    pub(crate) fn draw(key: &ContentKey, random: &dyn Random) -> Result<Self, Exhausted> {
        let mut integrity_key = Zeroizing::new([0; 16]);
        let mut sign = [0; 1];
        random.fill(&mut sign);
        let [sign] = sign;
        for _ in 0..DRAWS {
            random.fill(integrity_key.as_mut_slice());
            if let Some(lifted) = Self::at(&integrity_key, key, sign & 1 == 1) {
                return Ok(lifted);
            }
        }
        Err(Exhausted)
    }

    /// The point over CI ‖ CK with a y of that parity, if there is one and CI does not start with zero.
    pub(crate) fn at(integrity_key: &[u8; 16], key: &ContentKey, odd: bool) -> Option<Self> {
        // Two leading zero bytes break clients that drop them from X (section 7), so not even one is sent.
        if integrity_key.first() == Some(&0) {
            return None;
        }
        let mut x = FieldBytes::default();
        for (byte, half) in x.iter_mut().zip(integrity_key.iter().chain(key.expose())) {
            *byte = *half;
        }
        let point = AffinePoint::decompress(&x, Choice::from(u8::from(odd))).into_option();
        x.as_mut_slice().zeroize();
        point.map(|point| Self { point, integrity_key: Zeroizing::new(*integrity_key) })
    }

    /// CI: the key of the licence's CMAC.
    pub(crate) fn integrity_key(&self) -> &[u8; 16] {
        &self.integrity_key
    }

    /// Encrypts the point to `recipient` with a fresh k.
    pub(crate) fn encrypt(
        &self,
        recipient: &PublicKey,
        random: &dyn Random,
    ) -> Result<[u8; CIPHERTEXT_LENGTH], Exhausted> {
        let mut ephemeral = curve::draw_scalar(random)?;
        let ciphertext = self.encrypt_with(recipient, &ephemeral);
        ephemeral.zeroize();
        Ok(ciphertext)
    }

    fn encrypt_with(&self, recipient: &PublicKey, ephemeral: &Scalar) -> [u8; CIPHERTEXT_LENGTH] {
        let points =
            [ProjectivePoint::mul_by_generator(ephemeral), recipient.projective() * ephemeral + self.point];
        // One inversion for both points.
        let [first, second] = ProjectivePoint::batch_normalize(&points);
        let mut ciphertext = [0; CIPHERTEXT_LENGTH];
        let halves = curve::point_to_bytes(&first).into_iter().chain(curve::point_to_bytes(&second));
        for (byte, coordinate) in ciphertext.iter_mut().zip(halves) {
            *byte = coordinate;
        }
        ciphertext
    }
}

impl Drop for Lifted {
    fn drop(&mut self) {
        self.point.zeroize();
    }
}

/// M = C2 − d·C1, as the 32 bytes of its x-coordinate. `None` for points off the curve, for infinity
/// on either side, and for another length; the caller says nothing more about it (section 4, oracle).
pub(crate) fn decrypt(key: &PrivateKey, ciphertext: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let ciphertext: &[u8; CIPHERTEXT_LENGTH] = ciphertext.try_into().ok()?;
    let (first, second) = ciphertext.split_first_chunk::<64>()?;
    // Checked before any multiplication: a point of another curve would give the key away bit by bit.
    let first = curve::point_from_bytes(first)?;
    let second = curve::point_from_bytes(second.try_into().ok()?)?;
    let mut message = ProjectivePoint::from(second) - first * key.scalar();
    if message.is_identity().into() {
        return None;
    }
    let x = Zeroizing::new(message.to_affine().x().into());
    message.zeroize();
    Some(x)
}

#[cfg(test)]
mod tests {
    use drm_primitives::{SequenceRandom, hex};
    use p256::elliptic_curve::PrimeField as _;

    use super::*;

    fn device() -> PrivateKey {
        let scalar = b"8b980bf12807a3d7e9977ae9ae241f140b90368d68932a8ef09cb257c3243108";
        PrivateKey::from_bytes(&hex::decode(scalar).unwrap()).unwrap()
    }

    #[test]
    fn lift_and_encryption_give_the_bytes_of_the_specification() {
        let key = ContentKey::from_hex(b"00112233445566778899aabbccddeeff").unwrap();
        let integrity_key = hex::decode(b"d50a69820dcf93bcc293e8fd85a36258").unwrap();
        let lifted = Lifted::at(&integrity_key, &key, false).unwrap();
        assert_eq!(
            hex::encode(&curve::point_to_bytes(&lifted.point)[32..]),
            "2efb194d78218067078786648efe5f8d0794c39beaf626e58403aed0ee75bfc4"
        );
        let ephemeral: [u8; 32] =
            hex::decode(b"a109801976ca6e3538cea6ff95ce4afa17d4c1926c3c9d69851fe76e59df9ad1").unwrap();
        let ephemeral = Scalar::from_repr(ephemeral.into()).unwrap();
        let ciphertext = lifted.encrypt_with(&device().public(), &ephemeral);
        assert_eq!(
            hex::encode(&ciphertext),
            "11db88f7e33ec8eaf4e64540806f2f98e0478dc3bd1d1cc7352a3b83369bd54688d52069479be54c663a9fd06c95a17d\
             de8a5d40f0581ad6ab680471a876ae272ffe7e01aceef428dad682301f415849c307379e0598b55daff324d3eb676c03\
             033047f22544a23aa9e76906f542dd0fa90d69ebad5b4b923f402104cc4cfb33"
        );
        let x = decrypt(&device(), &ciphertext).unwrap();
        assert_eq!(
            hex::encode(x.as_slice()),
            "d50a69820dcf93bcc293e8fd85a3625800112233445566778899aabbccddeeff"
        );
    }

    #[test]
    fn a_drawn_point_never_starts_with_a_zero_byte_and_always_comes_back() {
        let random = SequenceRandom::new(7);
        for number in 0..200_u8 {
            let key = ContentKey::from_bytes([number; 16]);
            let lifted = Lifted::draw(&key, &random).unwrap();
            assert_ne!(lifted.integrity_key()[0], 0);
            let x = decrypt(&device(), &lifted.encrypt(&device().public(), &random).unwrap()).unwrap();
            assert_eq!(x[..16], lifted.integrity_key()[..]);
            assert_eq!(x[16..], [number; 16]);
        }
    }

    #[test]
    fn points_off_the_curve_infinity_and_other_lengths_decrypt_to_nothing() {
        let lifted = Lifted::draw(&ContentKey::from_bytes([9; 16]), &SequenceRandom::new(8)).unwrap();
        let good = lifted.encrypt(&device().public(), &SequenceRandom::new(9)).unwrap();
        for at in [0, 63, 64, 127] {
            let mut bad = good;
            bad[at] ^= 1;
            assert!(decrypt(&device(), &bad).is_none(), "byte {at}");
        }
        for half in [0..64, 64..128] {
            let mut bad = good;
            bad[half].fill(0);
            assert!(decrypt(&device(), &bad).is_none());
        }
        assert!(decrypt(&device(), &good[..127]).is_none());
        assert!(decrypt(&device(), &[good.as_slice(), &[0]].concat()).is_none());
        // C2 = d·C1, so that M is infinity.
        let mut infinite = good;
        let first = curve::point_from_bytes(good[..64].try_into().unwrap()).unwrap();
        let second = (first * device().scalar()).to_affine();
        infinite[64..].copy_from_slice(&curve::point_to_bytes(&second));
        assert!(decrypt(&device(), &infinite).is_none());
    }
}
