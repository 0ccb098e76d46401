//! Section 14.2's chain, and what a device's chain has to be.

use drm_primitives::{SequenceRandom, base64, hex};
use playready::bcert::{Chain, ChainSyntaxError};
use playready::curve::PublicKey;
use playready::lab_client::{ChallengeRequest, LabDevice, LeafSettings, ProvisionError, header_text};
use playready::{Challenge, Revocations, Trust};
use proptest::prelude::*;

use crate::kit::{Lab, MATERIAL, NOW};

const ROOT: &[u8] = b"fd19a928ace2af9639c62f891b39b6bc04d45fe16295b0d7021198d14531ede76c804d36ba574a783b887a7bccbab0ba788ddcc8bbd958536a851a095ceec342";
const GROUP_SCALAR: &[u8] = b"aa7e44b2532c452579b18b4b18514f29e586409dc2b3c66f5e7147d7d5e2b8e7";
const GROUP_CHAIN: &str = "
    Q0hBSQAAAAEAAAMYAAAAAAAAAAJDRVJUAAAAAQAAAYQAAAD0AAEAAQAAAFjo5seVS6j1rb5mKDqqCpmuAAAH0AAAAAAAAAAE4YrPM6Y69tNEt/Rd90x4tFRA
    7YzUgy5Y+8ZCOWr6QE3/////AAAAAAAAAAAAAAAAAAAAAAABAAYAAABcAAAAAQABAgAAAAAAYJUeiwuEiXIN70ldyljE70wdCo9jTiEdk+B+mXEPmjUJAwen
    1+Bg4xxhWPC5BOkXWKstzsfhIdaPtJfKJe0bsgAAAAEAAAAGAAAABwAAADAAAAAAAAAABkxhYkNvAAAAAAAACkxhYiBNb2RlbAAAAAAAAARMLTEAAAEACAAA
    AJAAAQBAZ9XFV8t8ofo5JEzdfHlM35WEhANP4mEGPyYYp583AIEjo4r+t5giqawL4jZVRh61EmOPx6hki/PpIT4iA8DnPwAAAgDAXj6tgdebcfUrfZygg8YI
    zYM24GMAcZIV828GgTw9uadhKDsYstelnHQcsXYkdku8PdZHIIkBaSkggpASpXAbQ0VSVAAAAAEAAAGAAAAA8AABAAEAAABYNeruGmK4SmJg7m2/OO8rGwAA
    C7gAAAAAAAAABC4tW3ZADDCwMWcrb0sGQUeX7FkeQQ3nWtBr57+psEXP/////wAAAAAAAAAAAAAAAAAAAAAAAQAGAAAAXAAAAAEAAQIAAAAAAMBePq2B15tx
    9St9nKCDxgjNgzbgYwBxkhXzbwaBPD25p2EoOxiy16WcdByxdiR2S7w91kcgiQFpKSCCkBKlcBsAAAABAAAABgAAAAcAAAAsAAAAAAAAAAZMYWJDbwAAAAAA
    AAdMYWIgQ0EAAAAAAAIxAAAAAAEACAAAAJAAAQBA6I+7n4ci6trda/9/zM7cLRE1DGv+guarLoxxv40LyH1DqSKFlzeGHooJoYIlDCINc66F6XQ5weLcqzk3
    EchwYAAAAgD9GakorOKvljnGL4kbOba8BNRf4WKVsNcCEZjRRTHt52yATTa6V0p4O4h6e8y6sLp4jdzIu9lYU2qFGglc7sNC";

fn group_chain() -> Vec<u8> {
    let text: Vec<u8> = GROUP_CHAIN.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::decode(&text).unwrap()
}

#[test]
fn the_chain_of_the_specification_is_read_and_written_back_to_the_byte() {
    let bytes = group_chain();
    assert_eq!(bytes.len(), 792);
    let chain = Chain::parse(&bytes).unwrap();
    assert_eq!(hex::encode(&chain.to_bytes()), hex::encode(&bytes));
    let [group, company] = chain.certificates() else { panic!("two certificates") };
    assert_eq!((group.body().basic.security_level, company.body().basic.security_level), (2000, 3000));
    let maker =
        |certificate: &playready::bcert::Certificate| certificate.body().manufacturer().unwrap().clone();
    assert_eq!((maker(group).model, maker(group).number), (b"Lab Model".to_vec(), b"L-1".to_vec()));
    assert_eq!((maker(company).model, maker(company).number), (b"Lab CA".to_vec(), b"1".to_vec()));
}

#[test]
fn a_device_provisioned_from_the_chain_of_the_specification_verifies_to_its_root() {
    let random = SequenceRandom::new(5);
    let scalar = hex::decode(GROUP_SCALAR).unwrap();
    let settings = LeafSettings::new(*b"\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f");
    let device = LabDevice::provision(&group_chain(), &scalar, &settings, &random).unwrap();
    let request = ChallengeRequest::new(header_text("4.0.0.0", None, &[]), 1, NOW, &random);
    let server = MATERIAL.server_public_key();
    let challenge =
        Challenge::parse(&device.challenge(&request, server.as_bytes(), &random).unwrap()).unwrap();
    let trust = Trust::new(PublicKey::from_bytes(&hex::decode(ROOT).unwrap()).unwrap());
    let issuer = MATERIAL.issuer();
    let identity = challenge.check_signature().unwrap().open(issuer.server_key()).unwrap();
    let verified = identity.verify(&trust, NOW, &Revocations::default()).unwrap();
    assert_eq!(verified.device_id(), "000102030405060708090a0b0c0d0e0f");
    assert_eq!(verified.security_level(), 2000);
    assert_eq!(verified.features(), ["SecureClock", "RevocationLists", "PlayReady3"]);
    assert_eq!(verified.feature_names(), ["AESCBC"]);
    assert_eq!((verified.maker(), verified.model()), ("LabCo".to_owned(), "Lab Model".to_owned()));
    assert_eq!(verified.model_number(), "L-1");
    assert_eq!(verified.client_version(), Some("4.0.0.5102"));
    assert_eq!(base64::encode(&verified.key_digests()[1]), "4YrPM6Y69tNEt/Rd90x4tFRA7YzUgy5Y+8ZCOWr6QE0=");
}

#[test]
fn files_that_do_not_belong_together_provision_nothing() {
    let random = SequenceRandom::new(6);
    let settings = LeafSettings::new([0; 16]);
    let provision = |chain: &[u8], scalar: &[u8; 32]| {
        LabDevice::provision(chain, scalar, &settings, &random).unwrap_err()
    };
    let files = MATERIAL.group_files();
    assert_eq!(provision(&group_chain(), &files.zgpriv), ProvisionError::Mismatch);
    assert_eq!(provision(&group_chain(), &[0; 32]), ProvisionError::PrivateKey);
    assert_eq!(provision(&group_chain()[1..], &files.zgpriv), ProvisionError::Chain);
}

#[test]
fn a_leaf_of_the_lab_client_is_written_back_to_the_byte() {
    let device = Lab::new(7, 1).device();
    let chain = Chain::parse(&device.chain).unwrap();
    assert_eq!(chain.certificates().len(), 3);
    assert_eq!(chain.to_bytes(), device.chain);
}

#[test]
fn a_chain_truncated_anywhere_or_longer_is_none() {
    let bytes = Lab::new(8, 1).device().chain;
    for end in 0..bytes.len() {
        assert!(Chain::parse(&bytes[..end]).is_err(), "{end}");
    }
    assert!(Chain::parse(&[bytes.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn extended_data_unknown_objects_and_counts_are_judged_by_their_flags() {
    let good = group_chain();
    // BASIC's flags stand 20 + 16 + 8 + 16 + 4 bytes in.
    let mut extended = good.clone();
    extended[67] = 1;
    assert_eq!(Chain::parse(&extended), Err(ChainSyntaxError::ExtendedData { flags: 1 }));
    // MANUFACTURER, which need not be understood, under a tag that nobody knows.
    let manufacturer = 20 + 16 + 0x58 + 0x5C;
    assert_eq!(good[manufacturer..manufacturer + 4], [0, 0, 0, 7]);
    let mut unknown = good.clone();
    unknown[manufacturer + 3] = 0x77;
    assert_eq!(Chain::parse(&unknown).unwrap().to_bytes(), unknown);
    unknown[manufacturer + 1] = 1;
    assert_eq!(Chain::parse(&unknown), Err(ChainSyntaxError::MustUnderstand { tag: 0x77 }));
    for count in [0, 7] {
        let mut counted = good.clone();
        counted[19] = count;
        assert_eq!(Chain::parse(&counted), Err(ChainSyntaxError::Count { got: count.into() }));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>, place in any::<prop::sample::Index>(), byte: u8) {
        let _ = Chain::parse(&bytes);
        let mut altered = group_chain();
        let place = place.index(altered.len());
        altered[place] = byte;
        // Signature objects' flags are not kept; everything else that is read is written back.
        if let Ok(chain) = Chain::parse(&altered) {
            prop_assert_eq!(chain.to_bytes().len(), altered.len());
            let _ = Trust::new(MATERIAL.root_public_key());
        }
    }
}
