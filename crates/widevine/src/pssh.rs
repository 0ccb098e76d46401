//! Init data: `pssh` boxes (ISO/IEC 23001-7, section 8.1) and `WidevinePsshData` (widevine.md, section 7.2).

use std::collections::HashSet;

use drm_primitives::Kid;
use prost::Message as _;

use crate::messages::{PsshType, WidevinePsshData};
use crate::refusal::InitDataFault;

/// Widevine's system id: edef8ba9-79d6-4ace-a3c8-27dcd51d21ed.
pub const SYSTEM_ID: [u8; 16] =
    [0xED, 0xEF, 0x8B, 0xA9, 0x79, 0xD6, 0x4A, 0xCE, 0xA3, 0xC8, 0x27, 0xDC, 0xD5, 0x1D, 0x21, 0xED];

/// Size, `pssh`, version and flags, system id, size of the data.
const SMALLEST_BOX: usize = 32;

/// What init data names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pssh {
    /// KIDs of the box and of the data, each once, in their order.
    pub kids: Vec<Kid>,
    /// The packager's name of the content.
    pub content_id: Option<Vec<u8>>,
    /// The scheme of the content as a 4CC.
    pub protection_scheme: Option<u32>,
}

impl Pssh {
    /// Reads whole `pssh` boxes, or the data of one.
    ///
    /// # Errors
    /// [`InitDataFault`].
    pub fn parse(init_data: &[u8]) -> Result<Self, InitDataFault> {
        if !starts_with_a_box(init_data) {
            return Self::from_data(&[], init_data);
        }
        let (mut rest, mut boxes, mut ours) = (init_data, 0, None);
        while !rest.is_empty() {
            let one;
            (one, rest) = read_box(rest).ok_or(InitDataFault::Unreadable)?;
            boxes += 1;
            if one.system_id == SYSTEM_ID && ours.is_none() {
                ours = Some(one);
            }
        }
        let ours = ours.ok_or(InitDataFault::NoWidevineBox { boxes })?;
        Self::from_data(ours.kids, ours.data)
    }

    fn from_data(kids_of_box: &[[u8; 16]], data: &[u8]) -> Result<Self, InitDataFault> {
        let data = WidevinePsshData::decode(data).map_err(|_| InitDataFault::Unreadable)?;
        if data.pssh_type() == PsshType::EntitledKey {
            return Err(InitDataFault::EntitledKey);
        }
        let mut seen = HashSet::new();
        let mut kids = Vec::new();
        for bytes in
            kids_of_box.iter().map(<[u8; 16]>::as_slice).chain(data.key_ids.iter().map(Vec::as_slice))
        {
            let bytes =
                <[u8; 16]>::try_from(bytes).map_err(|_| InitDataFault::KeyIdLength { got: bytes.len() })?;
            let kid = Kid::from_bytes(bytes);
            if seen.insert(kid) {
                kids.push(kid);
            }
        }
        let content_id = data.content_id.filter(|id| !id.is_empty());
        let protection_scheme = data.protection_scheme.filter(|scheme| *scheme != 0);
        Ok(Self { kids, content_id, protection_scheme })
    }
}

/// One `pssh` box.
struct PsshBox<'a> {
    system_id: [u8; 16],
    kids: &'a [[u8; 16]],
    data: &'a [u8],
}

/// "A box is recognised by its size and `pssh` at offset 4."
fn starts_with_a_box(bytes: &[u8]) -> bool {
    let Some((size, rest)) = bytes.split_first_chunk() else { return false };
    rest.starts_with(b"pssh") && (SMALLEST_BOX..=bytes.len()).contains(&length(*size))
}

/// The first box, and what follows it.
fn read_box(bytes: &[u8]) -> Option<(PsshBox<'_>, &[u8])> {
    let size = length(*bytes.first_chunk()?);
    let (one, rest) = bytes.split_at_checked(size)?;
    let one = one.get(4..)?.strip_prefix(b"pssh")?;
    // The three bytes behind the version are flags, and mean nothing.
    let (&[version, _, _, _], one) = one.split_first_chunk()?;
    let (&system_id, one) = one.split_first_chunk()?;
    let (kids, one) = match version {
        0 => (&[][..], one),
        1 => {
            let (&count, one) = one.split_first_chunk()?;
            let (kids, one) = one.split_at_checked(length(count).checked_mul(16)?)?;
            (kids, one)
        }
        _ => return None,
    };
    let (&data_size, data) = one.split_first_chunk()?;
    (data.len() == length(data_size)).then_some(())?;
    let (kids, _) = kids.as_chunks();
    Some((PsshBox { system_id, kids, data }, rest))
}

/// A length field; one that no machine could hold is longer than every slice.
fn length(field: [u8; 4]) -> usize {
    usize::try_from(u32::from_be_bytes(field)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::hex;
    use proptest::prelude::*;

    const DATA: &str = "12100123456789abcdef0123456789abcdef48e3dc959b06";
    const BOX: &str = "000000387073736800000000edef8ba979d64acea3c827dcd51d21ed00000018\
                       12100123456789abcdef0123456789abcdef48e3dc959b06";
    /// The common system of EME, version 1, with one KID and no data.
    const COMMON_BOX: &str = "00000034707373680100000010 77efecc0b24d02ace33c1e52e2fb4b00000001\
                              00112233445566778899aabbccddeeff00000000";
    /// Widevine, version 1, the KID in the box, the content id `2a` in the data.
    const VERSION_1_BOX: &str = "000000377073736801000000edef8ba979d64acea3c827dcd51d21ed00000001\
                                 00112233445566778899aabbccddeeff0000000322012a";

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode_any(text.replace(' ', "").as_bytes()).unwrap()
    }

    fn kid(text: &str) -> Kid {
        Kid::from_hex(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_golden_box_and_its_bare_data_name_the_same() {
        let expected = Pssh {
            kids: vec![kid("0123456789abcdef0123456789abcdef")],
            content_id: None,
            protection_scheme: Some(0x6365_6E63),
        };
        assert_eq!(Pssh::parse(&bytes(DATA)), Ok(expected.clone()));
        assert_eq!(Pssh::parse(&bytes(BOX)), Ok(expected));
    }

    #[test]
    fn the_first_box_of_widevine_counts() {
        let all = [bytes(COMMON_BOX), bytes(VERSION_1_BOX), bytes(BOX)].concat();
        let pssh = Pssh::parse(&all).unwrap();
        assert_eq!(pssh.kids, [kid("00112233445566778899aabbccddeeff")]);
        assert_eq!(pssh.content_id.as_deref(), Some(&b"*"[..]));
    }

    #[test]
    fn boxes_of_others_only_are_refused() {
        assert_eq!(Pssh::parse(&bytes(COMMON_BOX)), Err(InitDataFault::NoWidevineBox { boxes: 1 }));
    }

    #[test]
    fn a_kid_that_comes_twice_counts_once() {
        let twice = "12100123456789abcdef0123456789abcdef".repeat(2);
        assert_eq!(Pssh::parse(&bytes(&twice)).unwrap().kids.len(), 1);
    }

    #[test]
    fn short_key_ids_and_keys_under_keys_are_refused() {
        assert_eq!(Pssh::parse(&bytes("12020123")), Err(InitDataFault::KeyIdLength { got: 2 }));
        assert_eq!(Pssh::parse(&bytes("5802")), Err(InitDataFault::EntitledKey));
        assert!(Pssh::parse(&bytes("5801")).is_ok());
    }

    #[test]
    fn a_box_cut_at_any_byte_is_unreadable() {
        let whole = bytes(VERSION_1_BOX);
        for end in 1..whole.len() {
            assert!(Pssh::parse(&whole[..end]).is_err(), "{end} bytes");
        }
        let tail = [&whole[..], &[0]].concat();
        assert_eq!(Pssh::parse(&tail), Err(InitDataFault::Unreadable));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(init_data: Vec<u8>) {
            let _ = Pssh::parse(&init_data);
        }

        #[test]
        fn no_damaged_box_panics(at in 0..55_usize, byte: u8) {
            let mut init_data = bytes(VERSION_1_BOX);
            init_data[at] = byte;
            let _ = Pssh::parse(&init_data);
        }
    }
}
