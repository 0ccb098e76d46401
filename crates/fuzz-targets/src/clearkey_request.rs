use std::collections::HashSet;

use clearkey::{BODY_LIMIT, KID_LIMIT, Request, lab_client};

/// A licence request of a Clear Key player: the KIDs that are read, written by the lab client, are read again.
pub fn clearkey_request(bytes: &[u8]) {
    let Ok(request) = Request::parse(bytes) else { return };
    let kids = request.kids();
    assert!(bytes.len() <= BODY_LIMIT && (1..=KID_LIMIT).contains(&kids.len()));
    assert_eq!(kids.iter().collect::<HashSet<_>>().len(), kids.len());
    assert_eq!(Request::parse(&lab_client::request(kids)), Ok(request));
}
