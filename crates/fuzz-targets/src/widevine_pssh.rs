use std::collections::HashSet;

use widevine::Pssh;
use widevine::lab_client::{pssh_box, pssh_data};

/// Init data: what is read, written as a box by the lab client, is read again.
pub fn widevine_pssh(bytes: &[u8]) {
    let Ok(pssh) = Pssh::parse(bytes) else { return };
    assert_eq!(pssh.kids.iter().collect::<HashSet<_>>().len(), pssh.kids.len());
    let data = pssh_data(&pssh.kids, pssh.content_id.as_deref(), pssh.protection_scheme);
    assert_eq!(Pssh::parse(&pssh_box(&data)), Ok(pssh.clone()));
    assert_eq!(Pssh::parse(&data), Ok(pssh));
}
