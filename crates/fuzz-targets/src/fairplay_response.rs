use fairplay::{KeyServerFault, SPC_VERSION_STATUS, read_response};

/// An answer of a FairPlay key server: it reads the same twice, a licence is not empty, and the player's message is
/// blamed by the statuses that blame it and by no other.
pub fn fairplay_response(bytes: &[u8]) {
    let read = read_response(200, None, bytes, &[]);
    assert_eq!(read_response(200, None, bytes, &[]), read);
    match read {
        Ok(ckc) => assert!(!ckc.as_bytes().is_empty()),
        Err(KeyServerFault::ItemSpc { status }) => assert_eq!(status, SPC_VERSION_STATUS),
        Err(KeyServerFault::Item { status }) => assert!(status != SPC_VERSION_STATUS && status != 0),
        Err(_) => {}
    }
}
