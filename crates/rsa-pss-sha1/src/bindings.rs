//! The calls into AWS-LC, behind one owner of its RSA object.
#![expect(
    unsafe_code,
    reason = "aws-lc-rs has no PSS with SHA-1; this module is the only way to AWS-LC's own"
)]

use std::ptr::{self, NonNull};

use aws_lc_sys::{
    EVP_MD, EVP_sha1, EVP_sha256, EVP_sha384, RSA, RSA_PSS_SALTLEN_AUTO, RSA_PSS_SALTLEN_DIGEST, RSA_bits,
    RSA_free, RSA_private_key_from_bytes, RSA_public_key_from_bytes, RSA_sign_pss_mgf1, RSA_size,
    RSA_verify_pss_mgf1,
};

use crate::Hash;

/// The length of the salt of SHA-1 signatures, in bytes: that of the hash.
const SHA1_SALT: i32 = 20;

/// Owns an RSA object of AWS-LC that is never changed after it was read.
pub struct Rsa(NonNull<RSA>);

// SAFETY: the object is reached through this owner alone and belongs to no thread.
unsafe impl Send for Rsa {}

// SAFETY: openssl/rsa.h: a key "may be used concurrently on multiple threads by non-mutating functions".
// After construction this module calls such functions only; what they cache in the key is behind its lock.
unsafe impl Sync for Rsa {}

impl Rsa {
    /// Reads PKCS#1 `RSAPublicKey`; nothing for anything else.
    pub fn public_from_pkcs1(der: &[u8]) -> Option<Self> {
        // SAFETY: pointer and length are those of one live slice, which is read during the call only.
        // The result is null or an object that is ours to free.
        let rsa = unsafe { RSA_public_key_from_bytes(der.as_ptr(), der.len()) };
        NonNull::new(rsa).map(Self)
    }

    /// Reads PKCS#1 `RSAPrivateKey` and checks it; nothing for anything else.
    pub fn private_from_pkcs1(der: &[u8]) -> Option<Self> {
        // SAFETY: as in `public_from_pkcs1`.
        let rsa = unsafe { RSA_private_key_from_bytes(der.as_ptr(), der.len()) };
        NonNull::new(rsa).map(Self)
    }

    /// The length of the modulus, in bits.
    pub fn modulus_bits(&self) -> u32 {
        // SAFETY: the object lives as long as `self`.
        unsafe { RSA_bits(self.0.as_ptr()) }
    }

    /// Whether `signature` is a PSS signature over `digest`, which is a digest of `hash`.
    pub fn verify_pss(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        let salt = match hash {
            Hash::Sha1 => SHA1_SALT,
            Hash::Sha256 | Hash::Sha384 => RSA_PSS_SALTLEN_AUTO,
        };
        // SAFETY: the object lives as long as `self`; both slices go in with their own lengths and are
        // read during the call only; the hash is a static of AWS-LC; null means the same hash for MGF1.
        let outcome = unsafe {
            RSA_verify_pss_mgf1(
                self.0.as_ptr(),
                digest.as_ptr(),
                digest.len(),
                message_digest(hash),
                ptr::null(),
                salt,
                signature.as_ptr(),
                signature.len(),
            )
        };
        outcome == 1
    }

    /// A PSS signature over `digest`, which is a digest of `hash`; nothing if AWS-LC cannot make one.
    pub fn sign_pss(&self, hash: Hash, digest: &[u8]) -> Option<Vec<u8>> {
        let salt = match hash {
            Hash::Sha1 => SHA1_SALT,
            Hash::Sha256 | Hash::Sha384 => RSA_PSS_SALTLEN_DIGEST,
        };
        // SAFETY: the object lives as long as `self`.
        let size = unsafe { RSA_size(self.0.as_ptr()) };
        let mut signature = vec![0; usize::try_from(size).ok()?];
        let mut written = 0;
        // SAFETY: as in `verify_pss`; the output's pointer and length are those of one live vector, and
        // `written` outlives the call.
        let outcome = unsafe {
            RSA_sign_pss_mgf1(
                self.0.as_ptr(),
                &raw mut written,
                signature.as_mut_ptr(),
                signature.len(),
                digest.as_ptr(),
                digest.len(),
                message_digest(hash),
                ptr::null(),
                salt,
            )
        };
        (outcome == 1 && written == signature.len()).then_some(signature)
    }
}

impl Drop for Rsa {
    fn drop(&mut self) {
        // SAFETY: the object is ours, and this is the last use of it.
        unsafe { RSA_free(self.0.as_ptr()) }
    }
}

fn message_digest(hash: Hash) -> *const EVP_MD {
    match hash {
        // SAFETY: takes nothing, returns a static.
        Hash::Sha1 => unsafe { EVP_sha1() },
        // SAFETY: takes nothing, returns a static.
        Hash::Sha256 => unsafe { EVP_sha256() },
        // SAFETY: takes nothing, returns a static.
        Hash::Sha384 => unsafe { EVP_sha384() },
    }
}
