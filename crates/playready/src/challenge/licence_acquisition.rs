//! The values of LA, read from its slice alone: what was not signed is not seen.

use roxmltree::Node;
use zeroize::Zeroizing;

use super::ProtocolVersion;
use super::envelope::{only, optional};
use crate::refusal::{MessageError, Refusal};
use crate::xml::namespace::{ENCRYPTION, PROTOCOL};
use crate::xml::{self, base64_of, text_of};

/// LA, with the ciphertexts still in base64: their form is judged after the signature, with everything else
/// that an attacker could learn from (section 4, oracle).
#[derive(Clone)]
pub(super) struct LicenceAcquisition {
    pub(super) version: u32,
    pub(super) header: Option<String>,
    pub(super) client_version: Option<String>,
    pub(super) custom_data: Option<Zeroizing<String>>,
    pub(super) nonce: [u8; 16],
    pub(super) client_time: Option<i64>,
    pub(super) encrypted: Encrypted,
}

#[derive(Clone)]
pub(super) struct Encrypted {
    pub(super) key_name: String,
    pub(super) key: String,
    pub(super) data: String,
}

pub(super) fn read(slice: &str) -> Result<LicenceAcquisition, Refusal> {
    let document = xml::parse(slice).map_err(MessageError::from)?;
    let root = document.root_element();
    if !root.has_tag_name((PROTOCOL, "LA")) {
        return Err(MessageError::Element { name: "LA" }.into());
    }
    let version = number(root, "Version")?.ok_or(MessageError::Element { name: "Version" })?;
    rest(slice, root, version).map_err(|error| {
        // A version that is not known may have another form: then the version is what to say.
        match ProtocolVersion::from_number(version) {
            Some(_) => error.into(),
            None => Refusal::ProtocolVersion { got: version },
        }
    })
}

fn rest(slice: &str, root: Node<'_, '_>, version: u32) -> Result<LicenceAcquisition, MessageError> {
    let nonce = text(root, "LicenseNonce")?
        .and_then(|text| base64_of(&text)?.try_into().ok())
        .ok_or(MessageError::Element { name: "LicenseNonce" })?;
    Ok(LicenceAcquisition {
        version,
        header: header(slice, root)?,
        client_version: match optional(root, "CLIENTINFO")? {
            Some(info) => text(info, "CLIENTVERSION")?,
            None => None,
        },
        custom_data: text(root, "CustomData")?.map(Zeroizing::new),
        nonce,
        client_time: number(root, "ClientTime")?,
        encrypted: encrypted(root)?,
    })
}

/// WRMHEADER as it came if it is an element, unescaped if it is text.
fn header(slice: &str, root: Node<'_, '_>) -> Result<Option<String>, MessageError> {
    let Some(content) = optional(root, "ContentHeader")? else { return Ok(None) };
    let mut elements = content.children().filter(Node::is_element);
    match (elements.next(), elements.next()) {
        (Some(header), None) => Ok(slice.get(header.range()).map(str::to_owned)),
        (None, None) => Ok(text_of(content)),
        _ => Err(MessageError::Repeated { name: "WRMHEADER" }),
    }
}

fn encrypted(root: Node<'_, '_>) -> Result<Encrypted, MessageError> {
    let data = only(root, "EncryptedData")?;
    let encrypted_key = only(only(data, "KeyInfo")?, "EncryptedKey")?;
    for node in [data, encrypted_key] {
        if node.tag_name().namespace() != Some(ENCRYPTION) {
            return Err(MessageError::Element { name: "EncryptedData" });
        }
    }
    let cipher_value = |node| {
        let value = only(only(node, "CipherData")?, "CipherValue")?;
        text_of(value).ok_or(MessageError::Element { name: "CipherValue" })
    };
    let key_name = only(only(encrypted_key, "KeyInfo")?, "KeyName")?;
    Ok(Encrypted {
        key_name: text_of(key_name).unwrap_or_default(),
        key: cipher_value(encrypted_key)?,
        data: cipher_value(data)?,
    })
}

fn text(parent: Node<'_, '_>, name: &'static str) -> Result<Option<String>, MessageError> {
    let Some(node) = optional(parent, name)? else { return Ok(None) };
    text_of(node).map(Some).ok_or(MessageError::Element { name })
}

fn number<T: std::str::FromStr>(parent: Node<'_, '_>, name: &'static str) -> Result<Option<T>, MessageError> {
    let Some(text) = text(parent, name)? else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| MessageError::Element { name })
}
