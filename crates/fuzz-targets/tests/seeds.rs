//! Every target runs on its seeds, and `fuzz/` knows every target.

#![expect(clippy::unwrap_used, reason = "a helper of the tests reads files that are there")]

use std::fs;
use std::path::PathBuf;

use drm_primitives::SequenceRandom;
use fuzz_targets::TARGETS;

fn fuzz() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = fuzz().join("seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn every_target_holds_on_its_seeds_and_on_each_of_them_cut_short_or_altered() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            target(&seed);
            // A few dozen places a seed: the fuzzer tries the others.
            let step = seed.len() / 24 + 1;
            for at in (0..seed.len()).step_by(step) {
                target(&seed[..at]);
                let mut altered = seed.clone();
                altered[at] ^= 1 << (at % 8);
                target(&altered);
            }
        }
    }
}

#[test]
fn every_target_has_a_binary_of_its_own_and_every_binary_a_target() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        let source = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(source.contains(&format!("fuzz_targets::{name}(")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
    }
    let count = |folder: &str| fs::read_dir(fuzz().join(folder)).unwrap().count();
    assert_eq!((count("fuzz_targets"), count("seeds")), (TARGETS.len(), TARGETS.len()));
}

#[test]
fn challenges_of_the_lab_clients_pass_their_targets() {
    use playready::lab_client::{ChallengeRequest, LabDevice, LeafSettings, header_text};
    let random = SequenceRandom::new(1);
    let lab = playready::lab::Material::generate(&random).unwrap();
    let files = lab.group_files();
    let leaf = LeafSettings::new([1; 16]);
    let device = LabDevice::provision(&files.bgroupcert, &files.zgpriv, &leaf, &random).unwrap();
    let mut request = ChallengeRequest::new(header_text("4.0.0.0", None, &[]), 1, 1_767_225_600, &random);
    request.custom_data = Some("ExpressPlayToken=BAEAAA&<é>".to_owned());
    let body = device.challenge(&request, lab.server_public_key().as_bytes(), &random).unwrap();
    fuzz_targets::playready_challenge(&body);
    fuzz_targets::playready_challenge(&playready::challenge::wrap_in_key_message(&body));
}
