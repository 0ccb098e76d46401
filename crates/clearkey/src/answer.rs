//! Which keys a request gets (clearkey.md, section 3).

use std::fmt;

use drm_primitives::{ContentKey, Kid};

use crate::request::Request;

/// A key that a token holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key<'a> {
    /// Its name.
    pub kid: Kid,
    /// The key.
    pub key: &'a ContentKey,
}

/// What a request gets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant<'a> {
    /// At least one, in the order asked.
    pub(crate) keys: Vec<Key<'a>>,
    not_granted: Vec<Kid>,
}

/// None of the KIDs that were asked for is in the token. Never answered with an empty licence: browsers
/// call that invalid, and hide the reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoneGranted {
    /// What was asked for, in the order asked.
    pub asked: Vec<Kid>,
    /// What the token holds, in its order.
    pub held: Vec<Kid>,
    /// The first KID of the token that was asked for in GUID byte order.
    pub swapped: Option<Kid>,
}

/// Gives those of the keys that are asked for, in the order asked, and no other.
///
/// # Errors
/// [`NoneGranted`] if there is none.
pub fn answer<'a>(asked: &Request, keys: &[Key<'a>]) -> Result<Grant<'a>, NoneGranted> {
    let held = |kid: Kid| keys.iter().find(|key| key.kid == kid).copied();
    let granted: Vec<Key<'a>> = asked.kids().iter().filter_map(|kid| held(*kid)).collect();
    if granted.is_empty() {
        return Err(NoneGranted {
            asked: asked.kids().to_vec(),
            held: keys.iter().map(|key| key.kid).collect(),
            swapped: asked.kids().iter().map(|kid| kid.swapped()).find(|kid| held(*kid).is_some()),
        });
    }
    let not_granted = asked.kids().iter().copied().filter(|kid| held(*kid).is_none()).collect();
    Ok(Grant { keys: granted, not_granted })
}

impl Grant<'_> {
    /// The KIDs that are granted, at least one, in the order asked.
    pub fn kids(&self) -> impl Iterator<Item = Kid> + '_ {
        self.keys.iter().map(|key| key.kid)
    }

    /// The KIDs that were asked for and are not in the token, in the order asked.
    #[must_use]
    pub fn not_granted(&self) -> &[Kid] {
        &self.not_granted
    }
}

impl fmt::Display for NoneGranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token holds ")?;
        for (index, kid) in self.held.iter().enumerate() {
            write!(f, "{}{kid}", if index == 0 { "" } else { ", " })?;
        }
        match self.asked.as_slice() {
            [kid] => write!(f, ", and not {kid}, which was asked for")?,
            several => write!(f, ", and none of the {} KIDs that were asked for", several.len())?,
        }
        if let Some(kid) = self.swapped {
            write!(
                f,
                "; {} is {kid} in GUID byte order: write the bytes as cenc:default_KID prints them",
                kid.swapped()
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for NoneGranted {}

#[cfg(test)]
mod tests {
    use super::*;

    static KEY: ContentKey = ContentKey::from_bytes([0x55; 16]);

    fn kid(byte: u8) -> Kid {
        Kid::from_bytes([byte; 16])
    }

    fn ask(kids: &[Kid]) -> Request {
        Request::parse(&crate::lab_client::request(kids)).unwrap()
    }

    fn hold(kids: &[Kid]) -> Vec<Key<'static>> {
        kids.iter().map(|&kid| Key { kid, key: &KEY }).collect()
    }

    #[test]
    fn keys_come_in_the_order_asked_and_no_other_key_with_them() {
        let held = hold(&[kid(1), kid(2), kid(3)]);
        let grant = answer(&ask(&[kid(3), kid(1)]), &held).unwrap();
        assert!(grant.kids().eq([kid(3), kid(1)]));
        assert_eq!(grant.not_granted(), []);
    }

    #[test]
    fn what_the_token_does_not_hold_is_listed() {
        let grant = answer(&ask(&[kid(9), kid(1), kid(8)]), &hold(&[kid(1)])).unwrap();
        assert!(grant.kids().eq([kid(1)]));
        assert_eq!(grant.not_granted(), [kid(9), kid(8)]);
    }

    #[test]
    fn none_is_an_error_with_both_lists() {
        let none = answer(&ask(&[kid(9)]), &hold(&[kid(1), kid(2)])).unwrap_err();
        assert_eq!(none, NoneGranted { asked: vec![kid(9)], held: vec![kid(1), kid(2)], swapped: None });
        assert_eq!(
            none.to_string(),
            "the token holds 01010101010101010101010101010101, 02020202020202020202020202020202, \
             and not 09090909090909090909090909090909, which was asked for"
        );
    }

    #[test]
    fn guid_byte_order_is_explained_and_not_granted() {
        let held = Kid::from_hex(b"0123456789abcdef0123456789abcdef").unwrap();
        let none = answer(&ask(&[kid(9), held.swapped()]), &hold(&[held])).unwrap_err();
        assert_eq!(none.swapped, Some(held));
        assert_eq!(
            none.to_string(),
            "the token holds 0123456789abcdef0123456789abcdef, and none of the 2 KIDs that were asked for; \
             67452301ab89efcd0123456789abcdef is 0123456789abcdef0123456789abcdef in GUID byte order: \
             write the bytes as cenc:default_KID prints them"
        );
    }
}
