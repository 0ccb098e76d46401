//! Reads a chain: every length exact, no byte left over (section 3, check 1).

use thiserror::Error;

use super::tables::{
    CERTIFICATE_HEADER, CERTIFICATE_MAGIC, CHAIN_HEADER, CHAIN_MAGIC, KEY_BITS, KEY_TYPE_ECC,
    MAXIMUM_FEATURES, MUST_UNDERSTAND, OBJECT_HEADER, SIGNATURE_LENGTH, SIGNATURE_TYPE, VERSION, object_tag,
};
use super::{Basic, Certificate, CertificateBody, CertifiedKey, Chain, Manufacturer, Object, ObjectContent};
use crate::reader::Reader;

/// Why bytes are no certificate chain.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ChainSyntaxError {
    /// A length inside reaches past what is there, or leaves bytes over.
    #[error("{part}: the lengths do not add up")]
    Length {
        /// Where.
        part: &'static str,
    },
    /// A fixed value is another one.
    #[error("{part}: a fixed value is another one")]
    Fixed {
        /// Where.
        part: &'static str,
    },
    /// Fewer than 1 or more than 6 certificates.
    #[error("got {got} certificates, expected 1 to 6")]
    Count {
        /// How many the header announces.
        got: usize,
    },
    /// BASIC announces extended data, which the lab refuses.
    #[error("BASIC has the flags {flags:#x}, expected 0: extended data are not supported")]
    ExtendedData {
        /// The flags.
        flags: u32,
    },
    /// An object comes twice.
    #[error("the object with tag {tag} comes twice")]
    Repeated {
        /// Its tag.
        tag: u16,
    },
    /// No KEY object.
    #[error("there is no KEY object")]
    NoKey,
    /// An unknown object says that it must be understood.
    #[error("the unknown object with tag {tag} must be understood")]
    MustUnderstand {
        /// Its tag.
        tag: u16,
    },
}

use ChainSyntaxError as Error;

impl Chain {
    /// Reads a chain of 1 to 6 certificates, to the last byte.
    ///
    /// # Errors
    /// [`ChainSyntaxError`]. Nothing is verified here but the form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ChainSyntaxError> {
        const PART: &str = "chain";
        let length = || Error::Length { part: PART };
        let mut reader = Reader::new(bytes);
        let magic: [u8; 4] = reader.array().ok_or_else(length)?;
        let version = reader.u32().ok_or_else(length)?;
        let total = reader.length().ok_or_else(length)?;
        let flags = reader.u32().ok_or_else(length)?;
        let count = reader.length().ok_or_else(length)?;
        if magic != CHAIN_MAGIC || version != VERSION || flags != 0 {
            return Err(Error::Fixed { part: PART });
        }
        if total != bytes.len() {
            return Err(length());
        }
        if !Self::COUNT.contains(&count) {
            return Err(Error::Count { got: count });
        }
        let certificates = (0..count).map(|_| certificate(&mut reader)).collect::<Result<Vec<_>, _>>()?;
        if reader.is_empty() { Ok(Self { certificates }) } else { Err(length()) }
    }

    /// Strings certificates together, leaf first.
    ///
    /// # Errors
    /// [`ChainSyntaxError::Count`] for none, or more than six.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, ChainSyntaxError> {
        let got = certificates.len();
        if Self::COUNT.contains(&got) { Ok(Self { certificates }) } else { Err(Error::Count { got }) }
    }

    pub(super) const HEADER: usize = CHAIN_HEADER;
}

fn certificate(chain: &mut Reader<'_>) -> Result<Certificate, Error> {
    const PART: &str = "certificate";
    let length = || Error::Length { part: PART };
    let mut header = *chain;
    let magic: [u8; 4] = header.array().ok_or_else(length)?;
    let version = header.u32().ok_or_else(length)?;
    let total = header.length().ok_or_else(length)?;
    let signed_length = header.length().ok_or_else(length)?;
    if magic != CERTIFICATE_MAGIC || version != VERSION {
        return Err(Error::Fixed { part: PART });
    }
    if total.checked_sub(SIGNATURE_LENGTH) != Some(signed_length) || signed_length < CERTIFICATE_HEADER {
        return Err(length());
    }
    let encoded = chain.take(total).ok_or_else(length)?;
    let (signed, signature) = encoded.split_at_checked(signed_length).ok_or_else(length)?;
    let body = body(signed.get(CERTIFICATE_HEADER..).ok_or_else(length)?)?;
    let (signature, issuer_key) = self::signature(signature)?;
    Ok(Certificate { body, signature, issuer_key, encoded: encoded.to_vec(), signed_length })
}

fn body(signed: &[u8]) -> Result<CertificateBody, Error> {
    let mut reader = Reader::new(signed);
    let (_, tag, first) = object(&mut reader)?;
    if tag != object_tag::BASIC {
        return Err(Error::Fixed { part: "first object" });
    }
    let basic = basic(first)?;
    let mut objects = Vec::new();
    let mut seen = vec![object_tag::BASIC];
    while !reader.is_empty() {
        let (flags, tag, body) = object(&mut reader)?;
        let content = match tag {
            object_tag::DEVICE => device(body)?,
            object_tag::FEATURE => features(body)?,
            object_tag::KEY => keys(body)?,
            object_tag::MANUFACTURER => manufacturer(body)?,
            // The signature stands directly after the signed part, and there is one BASIC.
            object_tag::SIGNATURE | object_tag::BASIC => return Err(Error::Repeated { tag }),
            _ if flags & MUST_UNDERSTAND != 0 => return Err(Error::MustUnderstand { tag }),
            _ => ObjectContent::Unknown { tag, body: body.to_vec() },
        };
        if !matches!(content, ObjectContent::Unknown { .. }) {
            if seen.contains(&tag) {
                return Err(Error::Repeated { tag });
            }
            seen.push(tag);
        }
        objects.push(Object { flags, content });
    }
    let body = CertificateBody { basic, objects };
    if body.keys().is_empty() { Err(Error::NoKey) } else { Ok(body) }
}

fn object<'a>(reader: &mut Reader<'a>) -> Result<(u16, u16, &'a [u8]), Error> {
    let read = |reader: &mut Reader<'a>| {
        let flags = reader.u16()?;
        let tag = reader.u16()?;
        let length = reader.length()?.checked_sub(OBJECT_HEADER)?;
        Some((flags, tag, reader.take(length)?))
    };
    read(reader).ok_or(Error::Length { part: "object" })
}

/// Reads a whole body with `read`, which gives `None` where it ends too early.
fn whole<T>(
    part: &'static str,
    body: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Option<Result<T, Error>>,
) -> Result<T, Error> {
    let mut reader = Reader::new(body);
    let value = read(&mut reader).ok_or(Error::Length { part })??;
    if reader.is_empty() { Ok(value) } else { Err(Error::Length { part }) }
}

fn basic(body: &[u8]) -> Result<Basic, Error> {
    whole("BASIC", body, |reader| {
        let certificate_id = reader.array()?;
        let security_level = reader.u32()?;
        let flags = reader.u32()?;
        let basic = Basic {
            certificate_id,
            security_level,
            kind: reader.u32()?,
            key_digest: reader.array()?,
            expiry: reader.u32()?,
            client_id: reader.array()?,
        };
        Some(if flags == 0 { Ok(basic) } else { Err(Error::ExtendedData { flags }) })
    })
}

fn device(body: &[u8]) -> Result<ObjectContent, Error> {
    whole("DEVICE", body, |reader| {
        Some(Ok(ObjectContent::Device {
            maximum_licence: reader.u32()?,
            maximum_header: reader.u32()?,
            maximum_chain_depth: reader.u32()?,
        }))
    })
}

fn features(body: &[u8]) -> Result<ObjectContent, Error> {
    whole("FEATURE", body, |reader| {
        let count = reader.length()?;
        if count > MAXIMUM_FEATURES {
            return Some(Err(Error::Length { part: "FEATURE" }));
        }
        let features = (0..count).map(|_| reader.u32()).collect::<Option<_>>()?;
        Some(Ok(ObjectContent::Features(features)))
    })
}

fn keys(body: &[u8]) -> Result<ObjectContent, Error> {
    whole("KEY", body, |reader| {
        let mut keys = Vec::new();
        for _ in 0..reader.length()? {
            if (reader.u16()?, reader.u16()?) != (KEY_TYPE_ECC, KEY_BITS) {
                return Some(Err(Error::Fixed { part: "KEY" }));
            }
            let flags = reader.u32()?;
            let key = reader.array()?;
            let count = reader.length()?;
            let mut usages = Vec::new();
            for _ in 0..count {
                usages.push(reader.u32()?);
            }
            keys.push(CertifiedKey { flags, key, usages });
        }
        Some(Ok(ObjectContent::Keys(keys)))
    })
}

fn manufacturer(body: &[u8]) -> Result<ObjectContent, Error> {
    whole("MANUFACTURER", body, |reader| {
        let flags = reader.u32()?;
        let mut texts = [const { Vec::new() }; 3];
        for text in &mut texts {
            let length = reader.length()?;
            let padded = reader.take(length.checked_next_multiple_of(4)?)?;
            let (bytes, padding) = padded.split_at_checked(length)?;
            let Some((0, bytes)) = bytes.split_last() else {
                return Some(Err(Error::Fixed { part: "MANUFACTURER" }));
            };
            // A length that counts padding in would make two encodings of one text.
            if bytes.contains(&0) || padding.iter().any(|&byte| byte != 0) {
                return Some(Err(Error::Fixed { part: "MANUFACTURER" }));
            }
            *text = bytes.to_vec();
        }
        let [maker, model, number] = texts;
        Some(Ok(ObjectContent::Manufacturer(Manufacturer { flags, maker, model, number })))
    })
}

fn signature(bytes: &[u8]) -> Result<([u8; 64], [u8; 64]), Error> {
    const PART: &str = "SIGNATURE";
    let mut reader = Reader::new(bytes);
    let (_, tag, body) = object(&mut reader)?;
    if tag != object_tag::SIGNATURE {
        return Err(Error::Fixed { part: PART });
    }
    if !reader.is_empty() {
        return Err(Error::Length { part: PART });
    }
    whole(PART, body, |reader| {
        let shape = (reader.u16()?, reader.u16()?);
        let signature = reader.array()?;
        let bits = reader.u32()?;
        let issuer_key = reader.array()?;
        let expected = shape == (SIGNATURE_TYPE, 64) && bits == u32::from(KEY_BITS);
        Some(if expected { Ok((signature, issuer_key)) } else { Err(Error::Fixed { part: PART }) })
    })
}
