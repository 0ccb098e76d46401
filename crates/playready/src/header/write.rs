//! Writes WRMHEADER: xmlns first, other attributes in alphabetical order, explicit end tags, absolute URLs.

use std::fmt::Write as _;

use drm_primitives::base64;
use thiserror::Error;

use super::{HeaderVersion, WrmHeader};
use crate::algorithm::Algorithm;
use crate::xml::{escape, namespace::HEADER};

/// What a version cannot say.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum HeaderWriteError {
    /// AESCBC before 4.3.
    #[error("{algorithm} needs a header of version 4.3.0.0, not {version}")]
    Algorithm {
        /// The cipher.
        algorithm: Algorithm,
        /// The version asked for.
        version: &'static str,
    },
    /// A CHECKSUM beside AESCBC.
    #[error("a key for AESCBC has no CHECKSUM")]
    Checksum,
    /// Several keys before 4.2.
    #[error("a header of version {version} has one key at most, got {got}")]
    Keys {
        /// How many keys.
        got: usize,
        /// The version asked for.
        version: &'static str,
    },
    /// A relative URL.
    #[error("{name} is no absolute URL")]
    Url {
        /// Which element.
        name: &'static str,
    },
}

impl WrmHeader {
    /// The XML text. Keep it under 1 KiB: some devices read no more.
    ///
    /// # Errors
    /// [`HeaderWriteError`] for what its version cannot say.
    pub fn write(&self) -> Result<String, HeaderWriteError> {
        self.check()?;
        let mut text = format!("<WRMHEADER xmlns=\"{HEADER}\" version=\"{}\"><DATA>", self.version.text());
        match self.version {
            HeaderVersion::V4_0 => self.write_first_form(&mut text),
            HeaderVersion::V4_1 => {
                text.push_str("<PROTECTINFO>");
                self.write_keys(&mut text);
                text.push_str("</PROTECTINFO>");
            }
            HeaderVersion::V4_2 | HeaderVersion::V4_3 => {
                text.push_str("<PROTECTINFO><KIDS>");
                self.write_keys(&mut text);
                text.push_str("</KIDS></PROTECTINFO>");
            }
        }
        for (name, value) in [
            ("LA_URL", self.la_url.as_deref().map(escape)),
            ("LUI_URL", self.lui_url.as_deref().map(escape)),
            ("DS_ID", self.ds_id.as_deref().map(escape)),
            ("CUSTOMATTRIBUTES", self.custom_attributes.clone()),
            ("DECRYPTORSETUP", self.on_demand.then(|| "ONDEMAND".to_owned())),
        ] {
            if let Some(value) = value {
                append(&mut text, name, &value);
            }
        }
        text.push_str("</DATA></WRMHEADER>");
        Ok(text)
    }

    fn check(&self) -> Result<(), HeaderWriteError> {
        let version = self.version.text();
        if self.version <= HeaderVersion::V4_1 && self.keys.len() > 1 {
            return Err(HeaderWriteError::Keys { got: self.keys.len(), version });
        }
        if let Some(algorithm @ Algorithm::AesCbc) = self.algorithm {
            if self.version != HeaderVersion::V4_3 {
                return Err(HeaderWriteError::Algorithm { algorithm, version });
            }
            if self.keys.iter().any(|key| key.checksum.is_some()) {
                return Err(HeaderWriteError::Checksum);
            }
        }
        for (name, url) in [("LA_URL", &self.la_url), ("LUI_URL", &self.lui_url)] {
            let absolute = |url: &String| url.starts_with("https://") || url.starts_with("http://");
            if url.as_ref().is_some_and(|url| !absolute(url)) {
                return Err(HeaderWriteError::Url { name });
            }
        }
        Ok(())
    }

    fn write_first_form(&self, text: &mut String) {
        text.push_str("<PROTECTINFO>");
        if let Some(algorithm) = self.algorithm {
            append(text, "KEYLEN", "16");
            append(text, "ALGID", algorithm.name());
        }
        text.push_str("</PROTECTINFO>");
        for key in &self.keys {
            append(text, "KID", &base64::encode(&key.kid.guid_bytes()));
            if let Some(checksum) = key.checksum {
                append(text, "CHECKSUM", &base64::encode(&checksum));
            }
        }
    }

    fn write_keys(&self, text: &mut String) {
        for key in &self.keys {
            text.push_str("<KID");
            let attributes = [
                ("ALGID", self.algorithm.map(|algorithm| algorithm.name().to_owned())),
                ("CHECKSUM", key.checksum.map(|checksum| base64::encode(&checksum))),
                ("VALUE", Some(base64::encode(&key.kid.guid_bytes()))),
            ];
            for (name, value) in attributes {
                if let Some(value) = value {
                    write!(text, " {name}=\"{value}\"").expect("writing to a String does not fail");
                }
            }
            text.push_str("></KID>");
        }
    }
}

fn append(text: &mut String, name: &str, inside: &str) {
    write!(text, "<{name}>{inside}</{name}>").expect("writing to a String does not fail");
}
