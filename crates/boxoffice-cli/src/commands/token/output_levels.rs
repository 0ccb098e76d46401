//! Output protection levels that no public page names (playready.md, section 8): any from 0 to 999 goes through, and
//! whoever mistyped one wants to know.

use boxoffice_core::entitlement::OutputProtectionLevels;

/// Warnings, one for each level outside the documented ones.
pub fn warnings(levels: &OutputProtectionLevels) -> Vec<String> {
    const AUDIO: &[u16] = &[100, 150, 200, 250, 300];
    let documented: [(&str, u16, &[u16]); 5] = [
        ("analogVideoOPL", levels.analog_video, &[100, 150, 200]),
        ("compressedDigitalAudioOPL", levels.compressed_digital_audio, AUDIO),
        ("compressedDigitalVideoOPL", levels.compressed_digital_video, &[400, 500]),
        ("uncompressedDigitalAudioOPL", levels.uncompressed_digital_audio, AUDIO),
        ("uncompressedDigitalVideoOPL", levels.uncompressed_digital_video, &[100, 250, 270, 300]),
    ];
    let undocumented = documented.into_iter().filter(|(_, level, documented)| !documented.contains(level));
    let warning = |(name, level, documented): (&str, u16, &[u16])| {
        let documented: Vec<_> = documented.iter().map(u16::to_string).collect();
        format!("{name} is {level}; documented are {}", documented.join(", "))
    };
    undocumented.map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_that_is_not_documented_is_named_with_those_that_are() {
        let mut levels = OutputProtectionLevels {
            analog_video: 200,
            compressed_digital_audio: 250,
            compressed_digital_video: 400,
            uncompressed_digital_audio: 300,
            uncompressed_digital_video: 270,
        };
        assert!(warnings(&levels).is_empty());
        (levels.analog_video, levels.compressed_digital_video) = (201, 0);
        assert_eq!(
            warnings(&levels),
            [
                "analogVideoOPL is 201; documented are 100, 150, 200",
                "compressedDigitalVideoOPL is 0; documented are 400, 500"
            ]
        );
    }
}
