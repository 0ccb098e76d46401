//! WRMHEADER 4.0 to 4.3 (playready.md, section 10).

mod read;
mod write;

pub use write::HeaderWriteError;

use drm_primitives::Kid;

use crate::algorithm::Algorithm;

/// The versions that are read and written.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum HeaderVersion {
    /// One key, in elements of its own.
    V4_0,
    /// One key, in attributes.
    V4_1,
    /// Several keys.
    V4_2,
    /// Several keys, in either cipher.
    V4_3,
}

/// A content header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WrmHeader {
    /// Its version.
    pub version: HeaderVersion,
    /// Its keys, in order; a header may name none.
    pub keys: Vec<HeaderKey>,
    /// ALGID, the same in all keys; `None` where none says it.
    pub algorithm: Option<Algorithm>,
    /// Where licences are asked for.
    pub la_url: Option<String>,
    /// Where a person may ask for one.
    pub lui_url: Option<String>,
    /// The domain service's id, base64 of 16 bytes.
    pub ds_id: Option<String>,
    /// The inside of CUSTOMATTRIBUTES: XML, as it came.
    pub custom_attributes: Option<String>,
    /// DECRYPTORSETUP: `ONDEMAND`.
    pub on_demand: bool,
}

/// A key that a header names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HeaderKey {
    /// Which.
    pub kid: Kid,
    /// What a key has to fit, see [`crate::checksum::checksum`].
    pub checksum: Option<[u8; 8]>,
}

impl HeaderVersion {
    /// Every version, ascending.
    pub const ALL: [Self; 4] = [Self::V4_0, Self::V4_1, Self::V4_2, Self::V4_3];

    /// The version that a `version` attribute names.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.text() == text)
    }

    /// `4.0.0.0` to `4.3.0.0`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::V4_0 => "4.0.0.0",
            Self::V4_1 => "4.1.0.0",
            Self::V4_2 => "4.2.0.0",
            Self::V4_3 => "4.3.0.0",
        }
    }

    /// The oldest version that can say it, which plays on most devices: AESCBC asks for 4.3,
    /// several keys for 4.2.
    #[must_use]
    pub const fn oldest_for(algorithm: Algorithm, keys: usize) -> Self {
        match (algorithm, keys) {
            (Algorithm::AesCbc, _) => Self::V4_3,
            (Algorithm::AesCtr, 0 | 1) => Self::V4_0,
            (Algorithm::AesCtr, _) => Self::V4_2,
        }
    }
}

impl WrmHeader {
    /// A header for keys in one cipher, in the oldest version that can say it, with nothing else in it.
    #[must_use]
    pub fn new(algorithm: Algorithm, keys: Vec<HeaderKey>) -> Self {
        Self {
            version: HeaderVersion::oldest_for(algorithm, keys.len()),
            keys,
            algorithm: Some(algorithm),
            la_url: None,
            lui_url: None,
            ds_id: None,
            custom_attributes: None,
            on_demand: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use drm_primitives::base64;

    use super::*;
    use crate::refusal::{HeaderError, Refusal};

    fn key(kid: &str, checksum: Option<&str>) -> HeaderKey {
        let bytes = |text: &str| base64::decode(text.as_bytes()).unwrap();
        HeaderKey {
            kid: Kid::from_guid_bytes(bytes(kid).try_into().unwrap()),
            checksum: checksum.map(|text| bytes(text).try_into().unwrap()),
        }
    }

    const V4_0: &str = "<WRMHEADER xmlns=\"http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader\" version=\"4.0.0.0\"><DATA><PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>4Rplb+TbNES8tGkNFWTEHA==</KID><CHECKSUM>KLj3QzQP/NA=</CHECKSUM><LA_URL>https://example.com/?a=b&amp;c</LA_URL></DATA></WRMHEADER>";
    const V4_2: &str = "<WRMHEADER xmlns=\"http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader\" version=\"4.2.0.0\"><DATA><PROTECTINFO><KIDS><KID ALGID=\"AESCTR\" CHECKSUM=\"xNvWVxoWk04=\" VALUE=\"0IbHou/5s0yzM80yOkKEpQ==\"></KID><KID ALGID=\"AESCTR\" CHECKSUM=\"GnKaQIRacPU=\" VALUE=\"/qgG2xbs4k2SKCxx6bhWqw==\"></KID></KIDS></PROTECTINFO></DATA></WRMHEADER>";

    #[test]
    fn a_header_4_0_is_read_and_written_to_the_byte() {
        let mut expected =
            WrmHeader::new(Algorithm::AesCtr, vec![key("4Rplb+TbNES8tGkNFWTEHA==", Some("KLj3QzQP/NA="))]);
        expected.la_url = Some("https://example.com/?a=b&c".to_owned());
        assert_eq!(expected.keys[0].kid.to_hex(), "6f651ae1dbe44434bcb4690d1564c41c");
        assert_eq!(WrmHeader::parse(V4_0), Ok(expected.clone()));
        assert_eq!(expected.write().as_deref(), Ok(V4_0));
    }

    #[test]
    fn a_header_4_2_has_its_keys_in_order() {
        let keys = vec![
            key("0IbHou/5s0yzM80yOkKEpQ==", Some("xNvWVxoWk04=")),
            key("/qgG2xbs4k2SKCxx6bhWqw==", Some("GnKaQIRacPU=")),
        ];
        let expected = WrmHeader::new(Algorithm::AesCtr, keys);
        assert_eq!(WrmHeader::parse(V4_2), Ok(expected.clone()));
        assert_eq!(expected.write().as_deref(), Ok(V4_2));
    }

    #[test]
    fn every_version_comes_back_as_it_was_written() {
        for version in HeaderVersion::ALL {
            for algorithm in [None, Some(Algorithm::AesCtr), Some(Algorithm::AesCbc)] {
                for count in 0..4_u8 {
                    let cbc = algorithm == Some(Algorithm::AesCbc);
                    let header = WrmHeader {
                        version,
                        keys: (0..count)
                            .map(|number| HeaderKey {
                                kid: Kid::from_bytes([number; 16]),
                                checksum: (!cbc && number == 0).then_some([number; 8]),
                            })
                            .collect(),
                        algorithm: algorithm.filter(|_| count > 0),
                        la_url: Some("https://example.com/?a&<\"".to_owned()),
                        lui_url: Some("http://example.com/".to_owned()),
                        ds_id: Some("AH+03juKbUGbHl1V/QIwRA==".to_owned()),
                        custom_attributes: Some("<x xmlns=\"\">1 &amp; 2</x>".to_owned()),
                        on_demand: version == HeaderVersion::V4_3,
                    };
                    let one_key = version <= HeaderVersion::V4_1;
                    match header.write() {
                        Ok(text) => assert_eq!(WrmHeader::parse(&text), Ok(header)),
                        Err(HeaderWriteError::Keys { .. }) => assert!(one_key && count > 1),
                        Err(HeaderWriteError::Algorithm { .. }) => {
                            assert!(cbc && version != HeaderVersion::V4_3);
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        }
    }

    #[test]
    fn element_order_blanks_prefixes_and_unknown_elements_do_not_matter() {
        let text = "<h:WRMHEADER version='4.1.0.0' xmlns:h='http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader'> <h:DATA>
            <h:NEW>x</h:NEW> <h:LA_URL> https://example.com/ </h:LA_URL><!-- here --> <h:PROTECTINFO LICENSEREQUESTED='true'>
            <h:KID VALUE=' 4Rplb+TbNES8 tGkNFWTEHA== ' ALGID='AESCTR'/></h:PROTECTINFO></h:DATA></h:WRMHEADER>";
        let header = WrmHeader::parse(text).unwrap();
        assert_eq!(header.keys, [key("4Rplb+TbNES8tGkNFWTEHA==", None)]);
        assert_eq!(header.la_url.as_deref(), Some("https://example.com/"));
    }

    #[test]
    fn versions_above_4_3_and_unknown_ones_are_a_refusal_of_their_own() {
        for version in ["4.4.0.0", "5.0.0.0", "2.0.0.0", "4.0.0.1", ""] {
            let text = V4_0.replace("4.0.0.0", version);
            assert_eq!(
                WrmHeader::parse(&text).map_err(Refusal::from),
                Err(Refusal::HeaderVersion { got: version.to_owned() })
            );
        }
    }

    #[test]
    fn what_a_header_may_not_say_is_refused() {
        let element = |name| HeaderError::Element { name };
        let algorithm = |got: &str| HeaderError::Algorithm { got: got.to_owned() };
        for (text, error) in [
            (V4_0.replace("AESCTR", "COCKTAIL"), algorithm("COCKTAIL")),
            (V4_2.replacen("AESCTR", "COCKTAIL", 1), algorithm("COCKTAIL")),
            (V4_0.replace("AESCTR", "AESCBC"), algorithm("AESCBC")),
            (
                V4_2.replace("4.2.0.0", "4.3.0.0").replacen("AESCTR", "AESCBC", 1),
                HeaderError::AlgorithmConflict,
            ),
            (V4_0.replace("4Rplb", "4Rpl"), element("KID")),
            (V4_0.replace("KLj3", ""), element("CHECKSUM")),
            (V4_0.replace("<KEYLEN>16", "<KEYLEN>7"), element("KEYLEN")),
            (V4_0.replace("</DATA>", "</DATA><DATA></DATA>"), HeaderError::Repeated { name: "DATA" }),
            (V4_0.replace("PlayReadyHeader", "Other"), element("WRMHEADER")),
            (V4_0.replace("version=", "edition="), element("version")),
            ("<WRMHEADER".to_owned(), WrmHeader::parse("<WRMHEADER").unwrap_err()),
        ] {
            assert_eq!(WrmHeader::parse(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn the_oldest_version_that_can_say_it_is_written() {
        assert_eq!(HeaderVersion::oldest_for(Algorithm::AesCtr, 1), HeaderVersion::V4_0);
        assert_eq!(HeaderVersion::oldest_for(Algorithm::AesCtr, 2), HeaderVersion::V4_2);
        assert_eq!(HeaderVersion::oldest_for(Algorithm::AesCbc, 1), HeaderVersion::V4_3);
    }
}
