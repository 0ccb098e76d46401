//! PEM (RFC 7468) of RSA private keys.

use drm_primitives::base64;
use zeroize::Zeroizing;

/// `RSA PRIVATE KEY` in lines of 64 characters.
pub fn rsa_private_key(pkcs1: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(base64::encode(pkcs1));
    // Header, footer, and a line end for every 64 characters: nothing grows, so nothing is left behind.
    let mut pem = Zeroizing::new(String::with_capacity(text.len() + text.len() / 64 + 80));
    pem.push_str("-----BEGIN RSA PRIVATE KEY-----\n");
    for (index, character) in text.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END RSA PRIVATE KEY-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_64_characters() {
        let bytes: Vec<u8> = (0..50).collect();
        assert_eq!(
            rsa_private_key(&bytes).as_str(),
            "-----BEGIN RSA PRIVATE KEY-----\n\
             AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v\n\
             MDE=\n\
             -----END RSA PRIVATE KEY-----\n"
        );
        assert!(!rsa_private_key(&[0; 48]).contains("\n\n"));
    }
}
