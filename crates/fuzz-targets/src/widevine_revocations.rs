use widevine::RevocationList;

/// A list of revoked Widevine devices: it reads the same twice, and succeeds itself and the empty list.
pub fn widevine_revocations(bytes: &[u8]) {
    let Ok(list) = RevocationList::parse(bytes) else { return };
    assert_eq!(list.parse_successor(bytes).ok().as_ref(), Some(&list));
    assert_eq!(RevocationList::default().parse_successor(bytes).ok().as_ref(), Some(&list));
    let _ = (list.version(), list.level(1), list.check(1, &[]));
}
