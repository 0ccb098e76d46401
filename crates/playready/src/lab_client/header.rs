//! Content headers as packagers write them.

use drm_primitives::{Kid, base64};

/// A key in a header.
#[derive(Clone, Copy, Debug)]
pub struct HeaderKey {
    /// Which.
    pub kid: Kid,
    /// Its CHECKSUM, if there shall be one.
    pub checksum: Option<[u8; 8]>,
}

/// `LA/Version` that clients send with a header version.
#[must_use]
pub fn protocol_version_for(header_version: &str) -> u32 {
    match header_version {
        "4.0.0.0" | "4.1.0.0" => 1,
        "4.2.0.0" => 4,
        _ => 5,
    }
}

/// A WRMHEADER of that version, sensible or not: the first form for 4.0.0.0, one KID for 4.1.0.0, a list for any other.
#[must_use]
pub fn header_text(version: &str, algorithm: Option<&str>, keys: &[HeaderKey]) -> String {
    let info = match version {
        "4.0.0.0" => {
            let algorithm = algorithm.unwrap_or("AESCTR");
            let keys: String = keys.iter().map(element).collect();
            format!("<PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>{algorithm}</ALGID></PROTECTINFO>{keys}")
        }
        "4.1.0.0" => format!("<PROTECTINFO>{}</PROTECTINFO>", attributes(algorithm, keys)),
        _ => format!("<PROTECTINFO><KIDS>{}</KIDS></PROTECTINFO>", attributes(algorithm, keys)),
    };
    format!(
        "<WRMHEADER xmlns=\"http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader\" version=\"{version}\"><DATA>{info}</DATA></WRMHEADER>"
    )
}

fn element(key: &HeaderKey) -> String {
    let checksum = key.checksum.map(|checksum| format!("<CHECKSUM>{}</CHECKSUM>", base64::encode(&checksum)));
    format!("<KID>{}</KID>{}", guid(&key.kid), checksum.unwrap_or_default())
}

fn attributes(algorithm: Option<&str>, keys: &[HeaderKey]) -> String {
    let attribute =
        |name, value: Option<String>| value.map(|value| format!(" {name}=\"{value}\"")).unwrap_or_default();
    let elements: Vec<String> = keys
        .iter()
        .map(|key| {
            format!(
                "<KID{}{}{}></KID>",
                attribute("ALGID", algorithm.map(str::to_owned)),
                attribute("CHECKSUM", key.checksum.map(|checksum| base64::encode(&checksum))),
                attribute("VALUE", Some(guid(&key.kid))),
            )
        })
        .collect();
    elements.concat()
}

/// A KID as the header has it: a little-endian GUID, in base64.
fn guid(kid: &Kid) -> String {
    base64::encode(&kid.guid_bytes())
}
