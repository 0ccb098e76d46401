use drm_primitives::Kid;

/// The parameter `kid`: what is read comes back from each way of writing it.
pub fn kid(bytes: &[u8]) {
    let Ok(kid) = Kid::parse(bytes) else { return };
    assert_eq!(Kid::parse(kid.to_hex().as_bytes()), Ok(kid));
    assert_eq!(Kid::from_guid_bytes(kid.guid_bytes()), kid);
    assert_eq!(kid.swapped().swapped(), kid);
    assert_eq!(kid.to_guid_text().replace('-', ""), kid.to_hex());
    if bytes.first() != Some(&b'^') {
        assert!(bytes.eq_ignore_ascii_case(kid.to_hex().as_bytes()));
    }
}
