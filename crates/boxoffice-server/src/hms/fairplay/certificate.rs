//! The operator's application certificate, which is public: players make their SPCs from it (fairplay.md, section 3).

use std::path::Path;

use bytes::Bytes;
use drm_primitives::base64;

use crate::upstream::{UpstreamError, read_file};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Reads it as DER, which is what players want, or as PEM. Whatever else stands in the file is not served to anybody:
/// it could be the private key beside it.
pub(super) fn read(file: &Path) -> Result<Bytes, UpstreamError> {
    let bytes = read_file(file)?;
    // A SEQUENCE with a length of two bytes: the certificates of this kind have some 800 to 2000.
    if bytes.starts_with(&[0x30, 0x82]) {
        return Ok(Bytes::copy_from_slice(&bytes));
    }
    from_pem(&bytes)
        .map(Bytes::from)
        .ok_or_else(|| UpstreamError::file(file, &"is no certificate, as DER or PEM, that players could use"))
}

/// The one certificate of a PEM file in which nothing else is.
fn from_pem(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let body = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let digits: String = body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    base64::decode(digits.as_bytes()).ok().filter(|der| der.starts_with(&[0x30, 0x82]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> Option<Bytes> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("fps.cer");
        std::fs::write(&file, bytes).unwrap();
        read(&file).ok()
    }

    #[test]
    fn der_is_served_as_it_is_and_pem_as_der() {
        let der = [0x30, 0x82, 1, 2, 3, 4];
        assert_eq!(written(&der).unwrap(), &der[..]);
        let pem = format!("{BEGIN}\n{}\r\n{END}\n", base64::encode(&der));
        assert_eq!(written(pem.as_bytes()).unwrap(), &der[..]);
    }

    #[test]
    fn a_private_key_is_never_served_whatever_stands_beside_it() {
        let certificate = format!("{BEGIN}\n{}\n{END}\n", base64::encode(&[0x30, 0x82, 1, 2]));
        let key = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
        for text in
            [key.to_owned(), format!("{certificate}{key}"), format!("{key}{certificate}"), String::new()]
        {
            assert_eq!(written(text.as_bytes()), None);
        }
    }
}
