//! PEM (RFC 7468) of private keys.

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

/// What stands between the first pair of lines with this label.
pub fn read(text: &[u8], label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let mut digits = Zeroizing::new(Vec::with_capacity(body.len()));
    digits.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    base64::decode(&digits).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_by_its_label_alone() {
        let bytes: Vec<u8> = (0..200).collect();
        let text = rsa_private_key(&bytes);
        assert_eq!(read(text.as_bytes(), "RSA PRIVATE KEY").unwrap().as_slice(), bytes);
        assert!(read(text.as_bytes(), "PRIVATE KEY").is_none());
        assert!(read(b"-----BEGIN PRIVATE KEY-----AAAA", "PRIVATE KEY").is_none());
        assert!(read(b"\xFF", "PRIVATE KEY").is_none());
    }

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
