//! `lab export`: operations.md, section 5.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::program::Place;

#[test]
fn the_export_has_every_file_of_the_contract_and_private_ones_for_their_owner_alone() {
    let place = Place::new();
    let lab = place.beside("lab");
    place.succeed(&["lab", "export", lab.to_str().unwrap()]);
    for name in [
        "widevine/root.bin",
        "widevine/service.bin",
        "widevine/android-l1.wvd",
        "widevine/android-l3.wvd",
        "widevine/chrome-l3.wvd",
        "widevine/android-l1/private_key.pem",
        "widevine/android-l1/client_id.bin",
        "widevine/android-l3/private_key.pem",
        "widevine/android-l3/client_id.bin",
        "widevine/chrome-l3/private_key.pem",
        "widevine/chrome-l3/client_id.bin",
        "playready/root-public-key.bin",
        "playready/server-public-key.bin",
        "playready/bgroupcert.dat",
        "playready/zgpriv.dat",
    ] {
        let file = fs::metadata(lab.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(file.len() > 0, "{name}");
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let read = |name: &str| fs::read(lab.join(name)).unwrap();
    assert_eq!(read("playready/root-public-key.bin").len(), 64);
    assert_eq!(read("playready/server-public-key.bin").len(), 64);
    assert_eq!(read("playready/zgpriv.dat").len(), 32);
    // Widevine.md, section 4: magic, version 2, ANDROID, L1, no flags.
    assert_eq!(&read("widevine/android-l1.wvd")[..7], b"WVD\x02\x02\x01\x00");
    assert!(read("widevine/android-l3/private_key.pem").starts_with(b"-----BEGIN RSA PRIVATE KEY-----\n"));
}

#[test]
fn an_export_into_a_directory_that_is_not_empty_needs_force() {
    let place = Place::new();
    let lab = place.beside("lab");
    fs::create_dir(&lab).unwrap();
    place.succeed(&["lab", "export", lab.to_str().unwrap()]);
    let before = fs::read(lab.join("widevine/root.bin")).unwrap();
    let refused = place.refused(&["lab", "export", lab.to_str().unwrap()]);
    assert!(refused.contains("--force"), "{refused}");
    place.succeed(&["lab", "export", lab.to_str().unwrap(), "--force"]);
    assert_eq!(fs::read(lab.join("widevine/root.bin")).unwrap(), before);
}
