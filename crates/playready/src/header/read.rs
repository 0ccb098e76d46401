//! Reads WRMHEADER: any element order, unknown elements skipped.

use drm_primitives::Kid;
use roxmltree::Node;

use super::{HeaderKey, HeaderVersion, WrmHeader};
use crate::algorithm::Algorithm;
use crate::refusal::HeaderError;
use crate::xml::namespace::HEADER;
use crate::xml::{self, base64_of, text_of};

impl WrmHeader {
    /// Reads the XML text.
    ///
    /// # Errors
    /// [`HeaderError`]; [`HeaderError::Version`] before anything else that depends on the version.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let document = xml::parse(text.trim())?;
        let root = document.root_element();
        if !root.has_tag_name((HEADER, "WRMHEADER")) {
            return Err(HeaderError::Element { name: "WRMHEADER" });
        }
        let version = root.attribute("version").ok_or(HeaderError::Element { name: "version" })?;
        let version = HeaderVersion::from_text(version)
            .ok_or_else(|| HeaderError::Version { got: version.chars().take(32).collect() })?;
        let data = child(root, "DATA")?.ok_or(HeaderError::Element { name: "DATA" })?;
        let protect_info = child(data, "PROTECTINFO")?;
        let mut algorithms = Algorithms { version, found: None };
        let keys = match (version, protect_info) {
            (HeaderVersion::V4_0, _) => first_form(data, protect_info, &mut algorithms)?,
            (_, None) => Vec::new(),
            (HeaderVersion::V4_1, Some(info)) => match child(info, "KID")? {
                Some(kid) => vec![attribute_form(kid, &mut algorithms)?],
                None => Vec::new(),
            },
            (HeaderVersion::V4_2 | HeaderVersion::V4_3, Some(info)) => match child(info, "KIDS")? {
                Some(kids) => elements(kids, "KID")
                    .map(|kid| attribute_form(kid, &mut algorithms))
                    .collect::<Result<_, _>>()?,
                None => Vec::new(),
            },
        };
        Ok(Self {
            version,
            keys,
            algorithm: algorithms.found,
            la_url: text_in(data, "LA_URL")?,
            lui_url: text_in(data, "LUI_URL")?,
            ds_id: text_in(data, "DS_ID")?,
            custom_attributes: child(data, "CUSTOMATTRIBUTES")?
                .and_then(|node| inside(node, document.input_text()))
                .map(str::to_owned),
            on_demand: text_in(data, "DECRYPTORSETUP")?.as_deref() == Some("ONDEMAND"),
        })
    }
}

/// The ALGID that all keys so far have.
struct Algorithms {
    version: HeaderVersion,
    found: Option<Algorithm>,
}

impl Algorithms {
    fn add(&mut self, name: &str) -> Result<(), HeaderError> {
        let name = name.trim();
        let algorithm = Algorithm::from_name(name)
            .filter(|&algorithm| algorithm == Algorithm::AesCtr || self.version == HeaderVersion::V4_3)
            .ok_or_else(|| HeaderError::Algorithm { got: name.chars().take(32).collect() })?;
        if self.found.is_some_and(|found| found != algorithm) {
            return Err(HeaderError::AlgorithmConflict);
        }
        self.found = Some(algorithm);
        Ok(())
    }
}

/// 4.0: everything in elements.
fn first_form(
    data: Node<'_, '_>,
    protect_info: Option<Node<'_, '_>>,
    algorithms: &mut Algorithms,
) -> Result<Vec<HeaderKey>, HeaderError> {
    if let Some(info) = protect_info {
        if text_in(info, "KEYLEN")?.is_some_and(|length| length != "16") {
            return Err(HeaderError::Element { name: "KEYLEN" });
        }
        if let Some(name) = text_in(info, "ALGID")? {
            algorithms.add(&name)?;
        }
    }
    let Some(kid) = text_in(data, "KID")? else { return Ok(Vec::new()) };
    let checksum = text_in(data, "CHECKSUM")?.map(|text| checksum(&text)).transpose()?;
    Ok(vec![HeaderKey { kid: self::kid(&kid)?, checksum }])
}

/// 4.1 and later: everything in attributes.
fn attribute_form(node: Node<'_, '_>, algorithms: &mut Algorithms) -> Result<HeaderKey, HeaderError> {
    if let Some(name) = node.attribute("ALGID") {
        algorithms.add(name)?;
    }
    let value = node.attribute("VALUE").ok_or(HeaderError::Element { name: "KID" })?;
    Ok(HeaderKey { kid: kid(value)?, checksum: node.attribute("CHECKSUM").map(checksum).transpose()? })
}

fn kid(text: &str) -> Result<Kid, HeaderError> {
    let bytes = base64_of(text).and_then(|bytes| bytes.try_into().ok());
    bytes.map(Kid::from_guid_bytes).ok_or(HeaderError::Element { name: "KID" })
}

fn checksum(text: &str) -> Result<[u8; 8], HeaderError> {
    base64_of(text).and_then(|bytes| bytes.try_into().ok()).ok_or(HeaderError::Element { name: "CHECKSUM" })
}

fn elements<'a, 'input>(
    parent: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    parent.children().filter(move |node| node.has_tag_name((HEADER, name)))
}

fn child<'a, 'input>(
    parent: Node<'a, 'input>,
    name: &'static str,
) -> Result<Option<Node<'a, 'input>>, HeaderError> {
    let mut found = elements(parent, name);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(HeaderError::Repeated { name }),
        (node, None) => Ok(node),
    }
}

fn text_in(parent: Node<'_, '_>, name: &'static str) -> Result<Option<String>, HeaderError> {
    let Some(node) = child(parent, name)? else { return Ok(None) };
    let text = text_of(node).ok_or(HeaderError::Element { name })?;
    Ok(Some(text.trim().to_owned()))
}

/// What stands between the tags of an element, as it came.
fn inside<'input>(node: Node<'_, 'input>, text: &'input str) -> Option<&'input str> {
    let (first, last) = (node.first_child()?, node.last_child()?);
    text.get(first.range().start..last.range().end)
}
