//! Writes certificates and chains.

use super::tables::{
    CERTIFICATE_HEADER, CERTIFICATE_MAGIC, CHAIN_MAGIC, KEY_BITS, KEY_TYPE_ECC, MUST_UNDERSTAND,
    OBJECT_HEADER, SIGNATURE_LENGTH, SIGNATURE_TYPE, VERSION, object_tag,
};
use super::{Certificate, CertificateBody, Chain, Manufacturer, ObjectContent};
use crate::curve::SigningKey;

impl Chain {
    /// The chain in its wire form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let certificates: Vec<u8> = self.certificates.iter().flat_map(Certificate::to_bytes).collect();
        let mut bytes = Vec::with_capacity(Self::HEADER + certificates.len());
        bytes.extend(CHAIN_MAGIC);
        put(
            &mut bytes,
            &[VERSION, length(Self::HEADER + certificates.len()), 0, length(self.certificates.len())],
        );
        bytes.extend(certificates);
        bytes
    }
}

impl Certificate {
    /// The certificate in its wire form, written anew from what it says.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.body.to_signed_bytes();
        append_signature(&mut bytes, &self.signature, &self.issuer_key);
        bytes
    }
}

impl CertificateBody {
    /// Signs it.
    #[must_use]
    pub fn sign(self, issuer: &SigningKey) -> Certificate {
        let mut encoded = self.to_signed_bytes();
        let signed_length = encoded.len();
        let signature = issuer.sign(&encoded);
        let issuer_key = *issuer.public().as_bytes();
        append_signature(&mut encoded, &signature, &issuer_key);
        Certificate { body: self, signature, issuer_key, encoded, signed_length }
    }

    fn to_signed_bytes(&self) -> Vec<u8> {
        let mut objects = Vec::new();
        let basic = &self.basic;
        let mut body = basic.certificate_id.to_vec();
        put(&mut body, &[basic.security_level, 0, basic.kind]);
        body.extend(basic.key_digest);
        put(&mut body, &[basic.expiry]);
        body.extend(basic.client_id);
        append_object(&mut objects, MUST_UNDERSTAND, object_tag::BASIC, &body);
        for object in &self.objects {
            let (tag, body) = object.content.encode();
            append_object(&mut objects, object.flags, tag, &body);
        }
        let signed_length = CERTIFICATE_HEADER + objects.len();
        let mut bytes = CERTIFICATE_MAGIC.to_vec();
        put(&mut bytes, &[VERSION, length(signed_length + SIGNATURE_LENGTH), length(signed_length)]);
        bytes.extend(objects);
        bytes
    }
}

impl ObjectContent {
    fn encode(&self) -> (u16, Vec<u8>) {
        let mut body = Vec::new();
        let tag = match self {
            Self::Device { maximum_licence, maximum_header, maximum_chain_depth } => {
                put(&mut body, &[*maximum_licence, *maximum_header, *maximum_chain_depth]);
                object_tag::DEVICE
            }
            Self::Features(features) => {
                put(&mut body, &[length(features.len())]);
                put(&mut body, features);
                object_tag::FEATURE
            }
            Self::Keys(keys) => {
                put(&mut body, &[length(keys.len())]);
                for key in keys {
                    body.extend(KEY_TYPE_ECC.to_be_bytes());
                    body.extend(KEY_BITS.to_be_bytes());
                    put(&mut body, &[key.flags]);
                    body.extend(key.key);
                    put(&mut body, &[length(key.usages.len())]);
                    put(&mut body, &key.usages);
                }
                object_tag::KEY
            }
            Self::Manufacturer(Manufacturer { flags, maker, model, number }) => {
                put(&mut body, &[*flags]);
                for text in [maker, model, number] {
                    put(&mut body, &[length(text.len() + 1)]);
                    body.extend(text);
                    body.resize((body.len() + 1).next_multiple_of(4), 0);
                }
                object_tag::MANUFACTURER
            }
            Self::Unknown { tag, body: unknown } => {
                body.extend(unknown);
                *tag
            }
        };
        (tag, body)
    }
}

fn append_object(bytes: &mut Vec<u8>, flags: u16, tag: u16, body: &[u8]) {
    bytes.extend(flags.to_be_bytes());
    bytes.extend(tag.to_be_bytes());
    put(bytes, &[length(OBJECT_HEADER + body.len())]);
    bytes.extend(body);
}

fn append_signature(bytes: &mut Vec<u8>, signature: &[u8; 64], issuer_key: &[u8; 64]) {
    let mut body = SIGNATURE_TYPE.to_be_bytes().to_vec();
    body.extend(64_u16.to_be_bytes());
    body.extend(signature);
    put(&mut body, &[u32::from(KEY_BITS)]);
    body.extend(issuer_key);
    append_object(bytes, MUST_UNDERSTAND, object_tag::SIGNATURE, &body);
}

fn put(bytes: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        bytes.extend(number.to_be_bytes());
    }
}

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("a certificate is a few hundred bytes long")
}
