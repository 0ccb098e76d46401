//! Slices LA and `SignedInfo` out of the SOAP envelope, by the ranges in which they came.
//!
//! What the algorithm's URI names, inclusive C14N inside the envelope, matches no client in the field, and any
//! re-serialisation breaks `&quot;` in `CustomData`. So there is no canonicalisation: the bytes as sent are what
//! is signed (section 2, the raw-bytes rule), and that there is only one of each is checked instead.

use std::ops::Range;

use roxmltree::{Document, Node};

use super::signature::Signature;
use crate::refusal::MessageError;
use crate::xml::namespace::{MESSAGES, PROTOCOL, SIGNATURE, SOAP};
use crate::xml::{self, base64_of, text_of};

const CANONICALIZATION: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const ECDSA_SHA256: &str = "http://schemas.microsoft.com/DRM/2007/03/protocols#ecdsa-sha256";
const SHA256: &str = "http://schemas.microsoft.com/DRM/2007/03/protocols#sha256";
const SIGNED_ID: &str = "SignedData";

pub(super) struct Slices {
    pub(super) acquisition: Range<usize>,
    pub(super) signed_info: Range<usize>,
    pub(super) signature: Signature,
}

pub(super) fn read(text: &str) -> Result<Slices, MessageError> {
    let document = xml::parse(text)?;
    let root = document.root_element();
    if !root.has_tag_name((SOAP, "Envelope")) {
        return Err(MessageError::NotSoap);
    }
    let body = child(root, SOAP, "Body").map_err(|_| MessageError::NotSoap)?;
    let mut operations = body.children().filter(Node::is_element);
    let (Some(operation), None) = (operations.next(), operations.next()) else {
        return Err(MessageError::NotSoap);
    };
    if !operation.has_tag_name((PROTOCOL, "AcquireLicense")) {
        let got = operation.tag_name().name().chars().take(64).collect();
        return Err(MessageError::Operation { got });
    }
    check_single(&document)?;
    let challenge = child(child(operation, PROTOCOL, "challenge")?, MESSAGES, "Challenge")?;
    let acquisition = child(challenge, PROTOCOL, "LA")?;
    if acquisition.attribute("Id") != Some(SIGNED_ID) {
        return Err(MessageError::Element { name: "LA/@Id" });
    }
    let signature = child(challenge, SIGNATURE, "Signature")?;
    let signed_info = child(signature, SIGNATURE, "SignedInfo")?;
    let digest = digest_value(signed_info)?;
    let value = child(signature, SIGNATURE, "SignatureValue")?;
    let public_key = ["KeyInfo", "KeyValue", "ECCKeyValue", "PublicKey"]
        .iter()
        .try_fold(signature, |node, name| only(node, name))?;
    // Of another form than base64 of the right length they are wrong values, not another message.
    let bytes = |node| text_of(node).and_then(|text| base64_of(&text)).unwrap_or_default();
    Ok(Slices {
        acquisition: acquisition.range(),
        signed_info: signed_info.range(),
        signature: Signature::new(&bytes(digest), &bytes(value), &bytes(public_key)),
    })
}

/// Signature wrapping lives on a second element that a careless reader takes for the first.
fn check_single(document: &Document<'_>) -> Result<(), MessageError> {
    for name in ["LA", "Signature", "SignedInfo", "DigestValue"] {
        if document.descendants().filter(|node| node.is_element() && node.tag_name().name() == name).count()
            > 1
        {
            return Err(MessageError::Repeated { name });
        }
    }
    let signed_ids = document
        .descendants()
        .flat_map(|node| node.attributes())
        .filter(|attribute| attribute.name().eq_ignore_ascii_case("Id") && attribute.value() == SIGNED_ID)
        .count();
    if signed_ids > 1 { Err(MessageError::Repeated { name: "@Id" }) } else { Ok(()) }
}

/// `SignedInfo` has these four elements in this order, these algorithms, and no transforms.
fn digest_value<'a, 'input>(signed_info: Node<'a, 'input>) -> Result<Node<'a, 'input>, MessageError> {
    let names = |node: Node<'a, 'input>, expected: &[&str]| {
        node.children()
            .filter(Node::is_element)
            .map(|child| child.tag_name().name())
            .eq(expected.iter().copied())
    };
    if !names(signed_info, &["CanonicalizationMethod", "SignatureMethod", "Reference"]) {
        return Err(MessageError::Element { name: "SignedInfo" });
    }
    let reference = child(signed_info, SIGNATURE, "Reference")?;
    if !names(reference, &["DigestMethod", "DigestValue"])
        || reference.attribute("URI") != Some("#SignedData")
    {
        return Err(MessageError::Element { name: "Reference" });
    }
    for (parent, name, algorithm) in [
        (signed_info, "CanonicalizationMethod", CANONICALIZATION),
        (signed_info, "SignatureMethod", ECDSA_SHA256),
        (reference, "DigestMethod", SHA256),
    ] {
        let method = child(parent, SIGNATURE, name)?;
        if method.attribute("Algorithm") != Some(algorithm) || method.first_element_child().is_some() {
            return Err(MessageError::Element { name });
        }
    }
    child(reference, SIGNATURE, "DigestValue")
}

/// The one child of that name in that namespace.
fn child<'a, 'input>(
    parent: Node<'a, 'input>,
    namespace: &str,
    name: &'static str,
) -> Result<Node<'a, 'input>, MessageError> {
    let node = only(parent, name)?;
    if node.has_tag_name((namespace, name)) { Ok(node) } else { Err(MessageError::Element { name }) }
}

/// The one child of that local name, in any namespace.
pub(super) fn only<'a, 'input>(
    parent: Node<'a, 'input>,
    name: &'static str,
) -> Result<Node<'a, 'input>, MessageError> {
    optional(parent, name)?.ok_or(MessageError::Element { name })
}

/// The one child of that local name, in any namespace, or none.
pub(super) fn optional<'a, 'input>(
    parent: Node<'a, 'input>,
    name: &'static str,
) -> Result<Option<Node<'a, 'input>>, MessageError> {
    let mut found = parent.children().filter(|node| node.is_element() && node.tag_name().name() == name);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(MessageError::Repeated { name }),
        (node, None) => Ok(node),
    }
}
