//! The chain of the licence signer, verified up to the lab's root.

use super::crypto;
use super::cursor::Cursor;
use crate::bcert::{kind, object_tag, usage};

struct Certificate<'a> {
    signed: &'a [u8],
    level: u32,
    kind: u32,
    key_digest: &'a [u8],
    expiry: u32,
    keys: Vec<([u8; 64], Vec<u32>)>,
    signature: [u8; 64],
    issuer: [u8; 64],
}

/// The key that signs responses.
pub(super) fn verify(chain: &[u8], root: &[u8; 64]) -> Result<[u8; 64], &'static str> {
    let certificates = read(chain).ok_or("its lengths do not add up")?;
    let [signer, authority] = certificates.as_slice() else { return Err("it has not two certificates") };
    if signer.kind != kind::LICENSE_SIGNER || authority.kind != kind::ISSUER {
        return Err("its types are not licence signer and issuer");
    }
    let has = |certificate: &Certificate<'_>, key: Option<&[u8; 64]>, usage| {
        certificate
            .keys
            .iter()
            .any(|(own, usages)| key.is_none_or(|key| key == own) && usages.contains(&usage))
    };
    let key = signer.keys.first().map(|(key, _)| *key).ok_or("its leaf has no key")?;
    if !has(signer, Some(&key), usage::SIGN_RESPONSE) || !has(signer, Some(&key), usage::SIGN_LICENSE) {
        return Err("its leaf may not sign responses and licences");
    }
    if !has(authority, Some(&signer.issuer), usage::ISSUER_SIGN_LICENSE) {
        return Err("its authority may not issue licence signers");
    }
    if authority.issuer != *root {
        return Err("it is signed by another root");
    }
    for certificate in &certificates {
        if !crypto::verify(&certificate.issuer, certificate.signed, &certificate.signature) {
            return Err("a signature does not verify");
        }
        let first = certificate.keys.first().map(|(key, _)| crypto::sha_256(key));
        if first.as_ref().map(<[u8; 32]>::as_slice) != Some(certificate.key_digest) {
            return Err("a key digest is wrong");
        }
        if certificate.expiry != u32::MAX {
            return Err("a certificate of the lab expires");
        }
    }
    if signer.level > authority.level {
        return Err("its leaf is more secure than its authority");
    }
    Ok(key)
}

fn read(chain: &[u8]) -> Option<Vec<Certificate<'_>>> {
    let mut cursor = Cursor(chain);
    let header = (cursor.bytes(4)?, cursor.long()?, cursor.size()?, cursor.long()?);
    if header != (b"CHAI".as_slice(), 1, chain.len(), 0) {
        return None;
    }
    let count = cursor.long()?;
    let certificates = (0..count).map(|_| certificate(&mut cursor)).collect::<Option<Vec<_>>>()?;
    cursor.done().then_some(certificates)
}

fn certificate<'a>(chain: &mut Cursor<'a>) -> Option<Certificate<'a>> {
    let start = chain.0;
    let (magic, version, total, signed_length) =
        (chain.bytes(4)?, chain.long()?, chain.size()?, chain.size()?);
    if magic != b"CERT" || version != 1 || signed_length.checked_add(144)? != total {
        return None;
    }
    let mut objects = Cursor(chain.bytes(signed_length.checked_sub(16)?)?);
    let (mut basic, mut keys) = (None, None);
    while !objects.done() {
        let (_flags, tag, length) = (objects.short()?, objects.short()?, objects.size()?);
        let body = objects.bytes(length.checked_sub(8)?)?;
        match tag {
            object_tag::BASIC if basic.is_none() => basic = Some(body),
            object_tag::KEY if keys.is_none() => keys = Some(self::keys(body)?),
            object_tag::MANUFACTURER => {}
            _ => return None,
        }
    }
    let shape = (chain.short()?, chain.short()?, chain.size()?, chain.short()?, chain.short()?);
    if shape != (1, object_tag::SIGNATURE, 144, 1, 64) {
        return None;
    }
    let signature = chain.fixed()?;
    if chain.long()? != 512 {
        return None;
    }
    let issuer = chain.fixed()?;
    let mut basic = Cursor(basic?);
    let (_id, level, flags, kind) = (basic.bytes(16)?, basic.long()?, basic.long()?, basic.long()?);
    let (key_digest, expiry, _client) = (basic.bytes(32)?, basic.long()?, basic.bytes(16)?);
    (flags == 0 && basic.done()).then_some(Certificate {
        signed: start.get(..signed_length)?,
        level,
        kind,
        key_digest,
        expiry,
        keys: keys?,
        signature,
        issuer,
    })
}

fn keys(body: &[u8]) -> Option<Vec<([u8; 64], Vec<u32>)>> {
    let mut cursor = Cursor(body);
    let mut keys = Vec::new();
    for _ in 0..cursor.long()? {
        if (cursor.short()?, cursor.short()?, cursor.long()?) != (1, 512, 0) {
            return None;
        }
        let key = cursor.fixed()?;
        let usages = (0..cursor.long()?).map(|_| cursor.long()).collect::<Option<_>>()?;
        keys.push((key, usages));
    }
    cursor.done().then_some(keys)
}
