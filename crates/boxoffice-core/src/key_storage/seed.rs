//! Native key seeds: KID and key follow from content id, track and period (key-storage.md, section 9).

use std::fmt;

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use drm_primitives::{ContentKey, Kid, Random};
use zeroize::{Zeroize as _, Zeroizing};

use crate::key_ring::Secret32;

/// What a seed's KIDs carry of content id and track: 8 bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tag(pub [u8; 8]);

/// What a KID says once the seed that made it has opened it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DerivedName {
    /// Content id and track.
    pub tag: Tag,
    /// The key period; `None` where the key does not rotate.
    pub period: Option<u32>,
}

/// A key seed, ready for use: 32 random bytes, from which everything else follows. Never printed.
pub struct KeySeed {
    /// HMAC-SHA256 under the pseudo-random key of HKDF.
    expand: hmac::Key,
    encrypt: EncryptingKey,
    decrypt: DecryptingKey,
}

impl KeySeed {
    /// Takes the 32 bytes.
    #[must_use]
    pub fn new(seed: &Secret32) -> Self {
        let mut prk = extract(seed);
        let expand = hmac::Key::new(hmac::HMAC_SHA256, &prk);
        prk.zeroize();
        let kid_key = expanded::<32>(&expand, &[b"kid\0"]);
        let cipher_key =
            || UnboundCipherKey::new(&AES_256, kid_key.as_ref()).expect("an AES-256 key has 32 bytes");
        Self {
            encrypt: EncryptingKey::ecb(cipher_key()).expect("AES has the mode ECB"),
            decrypt: DecryptingKey::ecb(cipher_key()).expect("AES has the mode ECB"),
            expand,
        }
    }

    /// Draws the 32 bytes of a new seed.
    #[must_use]
    pub fn draw(random: &dyn Random) -> Secret32 {
        Secret32::new(random.array())
    }

    /// The tag of a content id and a track (`SD`, `AUDIO`, `HD+HDR`, …).
    #[must_use]
    pub fn tag(&self, content_id: &[u8], track: &str) -> Tag {
        // A content id is far shorter than 2^32 bytes wherever it comes from.
        let length = u32::try_from(content_id.len()).unwrap_or(u32::MAX).to_be_bytes();
        Tag(*expanded::<8>(&self.expand, &[b"tag\0", &length, content_id, track.as_bytes()]))
    }

    /// The KID of a tag and a period.
    #[must_use]
    pub fn kid(&self, name: DerivedName) -> Kid {
        let mut block = [0; 16];
        let (tag, rest) = block.split_at_mut(8);
        tag.copy_from_slice(&name.tag.0);
        if let (Some(period), Some((number, flags))) = (name.period, rest.split_first_chunk_mut()) {
            *number = period.to_be_bytes();
            if let Some(flags) = flags.first_mut() {
                *flags = ROTATING;
            }
        }
        // One block a KID, each another one: there is no pattern that ECB could show.
        self.encrypt.encrypt(&mut block).expect("one whole block always encrypts");
        Kid::from_bytes(block)
    }

    /// What a KID says, if this seed made it; a random KID passes once in about 2^32.
    #[must_use]
    pub fn recognise(&self, kid: &Kid) -> Option<DerivedName> {
        let mut block = *kid.as_bytes();
        self.decrypt.decrypt(&mut block, DecryptionContext::None).ok()?;
        let (tag, rest) = block.split_first_chunk()?;
        let (period, rest) = rest.split_first_chunk()?;
        let period = u32::from_be_bytes(*period);
        match rest {
            [ROTATING, 0, 0, 0] => Some(DerivedName { tag: Tag(*tag), period: Some(period) }),
            [0, 0, 0, 0] if period == 0 => Some(DerivedName { tag: Tag(*tag), period: None }),
            _ => None,
        }
    }

    /// The content key of a KID. An open seed answers by this for KIDs that it did not make.
    #[must_use]
    pub fn content_key(&self, kid: &Kid) -> ContentKey {
        ContentKey::from_bytes(*expanded(&self.expand, &[b"key\0", kid.as_bytes()]))
    }

    /// The initialisation vector of a KID.
    #[must_use]
    pub fn iv(&self, kid: &Kid) -> [u8; 16] {
        *expanded(&self.expand, &[b"iv\0", kid.as_bytes()])
    }

    /// The 32-byte entitlement key of a KID (packagers.md).
    #[must_use]
    pub fn entitlement_key(&self, kid: &Kid) -> Secret32 {
        Secret32::new(*expanded(&self.expand, &[b"ent\0", kid.as_bytes()]))
    }
}

impl fmt::Debug for KeySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySeed(..)")
    }
}

/// The flag of a key that rotates.
const ROTATING: u8 = 1;

/// HKDF-Extract (RFC 5869, section 2.2).
fn extract(seed: &Secret32) -> [u8; 32] {
    let salt = hmac::Key::new(hmac::HMAC_SHA256, b"boxoffice key seed v1");
    hmac::sign(&salt, seed.expose()).as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
}

/// HKDF-Expand (RFC 5869, section 2.3) of up to 32 bytes, which is its first block alone.
fn expanded<const N: usize>(prk: &hmac::Key, info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 32, "the first block has 32 bytes") };
    let mut context = hmac::Context::with_key(prk);
    for part in info {
        context.update(part);
    }
    context.update(&[1]);
    let block = context.sign();
    let mut output = Zeroizing::new([0; N]);
    for (byte, derived) in output.iter_mut().zip(block.as_ref()) {
        *byte = *derived;
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::hex;
    use proptest::prelude::*;

    /// The seed of the specification's vectors: bytes 20 to 3f.
    fn seed() -> KeySeed {
        KeySeed::new(&Secret32::new(std::array::from_fn(|at| 0x20 + u8::try_from(at).unwrap())))
    }

    fn key_hex(kid: &Kid) -> String {
        hex::encode(seed().content_key(kid).expose())
    }

    fn kid(text: &str) -> Kid {
        Kid::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_pseudo_random_key_is_the_published_one() {
        let seed = Secret32::new(std::array::from_fn(|at| 0x20 + u8::try_from(at).unwrap()));
        assert_eq!(
            hex::encode(&extract(&seed)),
            "114f9991e346d4f4805907a6aa8ce07034b6a90d7f2f6574690c29994449225f"
        );
    }

    #[test]
    fn kids_and_keys_are_the_published_ones() {
        for (content_id, track, period, kid, key) in [
            ("movie-1", "SD", None, "532dcf1d9750941203fae2808a885599", "d27874fe61d977617963357220c31d38"),
            (
                "movie-1",
                "AUDIO",
                None,
                "b7c4ea6addf7a5adf040284fa4e483e5",
                "483b4501a3ac451391cbeaf1c611cae6",
            ),
            (
                "movie-1",
                "HD+HDR",
                None,
                "6fa04967987062db340185f91d9f71fc",
                "a344d8f2af59c55f4b304c26b0ef43d0",
            ),
            (
                "channel-7",
                "HD",
                Some(0),
                "91e2fd559d7681f39446d210078faff2",
                "605d0fecb6a19e4c9d8d5c08580b28aa",
            ),
            (
                "channel-7",
                "HD",
                Some(1),
                "8850c9d575f68c4d8e0224dbdbc72346",
                "efe7c3876d9d159988116b02953910b7",
            ),
            (
                "channel-7",
                "HD",
                Some(u32::MAX),
                "865f6f3f5dbc52d1a338568611c2ab4f",
                "5df3d16f1be0a8de7261f61b87de3c4e",
            ),
        ] {
            let name = DerivedName { tag: seed().tag(content_id.as_bytes(), track), period };
            let derived = seed().kid(name);
            assert_eq!(derived.to_hex(), kid, "{content_id} {track} {period:?}");
            assert_eq!(key_hex(&derived), key, "{content_id} {track} {period:?}");
            assert_eq!(seed().recognise(&derived), Some(name));
        }
        assert_eq!(hex::encode(&seed().tag(b"channel-7", "HD").0), "fe3442419077d835");
    }

    #[test]
    fn an_open_seed_answers_for_any_kid() {
        let any = kid("^kid1");
        assert_eq!(any.to_hex(), "80ea8bc8a58f990ad1f76bc665b30bfa");
        assert_eq!(key_hex(&any), "50e299f8229b2992ddddbf77f29b7f91");
        assert_eq!(hex::encode(&seed().iv(&any)), "f60d528f78c1cf14921eb708ea882226");
        assert_eq!(
            hex::encode(seed().entitlement_key(&any).expose()),
            "dcc35964917bcd3d7b213f9d9b6ed67ab5e18a524a43644b9d3e09bc159a9f98"
        );
        assert_eq!(seed().recognise(&any), None);
        let own = kid("532dcf1d9750941203fae2808a885599");
        assert_eq!(hex::encode(&seed().iv(&own)), "29b4e02b83b65d658d31a35a9fa58d0a");
    }

    #[test]
    fn content_id_and_track_do_not_run_into_each_other() {
        assert_ne!(seed().tag(b"movie-1S", "D"), seed().tag(b"movie-1", "SD"));
    }

    proptest! {
        #[test]
        fn a_seed_recognises_each_of_its_kids_and_no_other_seed_does(tag: [u8; 8], period: Option<u32>) {
            let name = DerivedName { tag: Tag(tag), period };
            let kid = seed().kid(name);
            prop_assert_eq!(seed().recognise(&kid), Some(name));
            prop_assert_eq!(KeySeed::new(&Secret32::new([0; 32])).recognise(&kid), None);
        }

        #[test]
        fn what_is_recognised_is_the_same_kid_again(bytes: [u8; 16]) {
            let kid = Kid::from_bytes(bytes);
            if let Some(name) = seed().recognise(&kid) {
                prop_assert_eq!(seed().kid(name), kid);
            }
        }
    }
}
