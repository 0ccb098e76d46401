//! The policy of a licence, in JSON and in words.

use drm_primitives::base64;
use jiff::Timestamp;
use playready::lab_client::ReadPolicy;
use serde_json::{Map, Value, json};

use super::{ALLOW, SD_ONLY};
use crate::times;

/// In the names of playready.md, section 9.2.
pub fn as_json(policy: &ReadPolicy) -> Map<String, Value> {
    let [compressed_video, uncompressed_video, analog_video, compressed_audio, uncompressed_audio] =
        policy.output_protection;
    let outputs = policy.explicit_outputs.iter().map(|explicit| {
        json!({
            "output": explicit.output.name(),
            "guid": explicit.guid.to_string(),
            "data": base64::encode(&explicit.data),
        })
    });
    let extensions = policy.metadata.iter();
    let extensions = extensions
        .map(|(guid, payload)| json!({ "guid": guid.to_string(), "payload": base64::encode(payload) }));
    let told = json!({
        "persistent": policy.persistent,
        "beginDate": policy.dates.map(|(begin, _)| date(begin)),
        "expirationDate": policy.dates.map(|(_, end)| date(end)),
        "expirationAfterFirstPlay": policy.expiration_after_first_play,
        "opl": {
            "compressedDigitalVideo": compressed_video,
            "uncompressedDigitalVideo": uncompressed_video,
            "analogVideo": analog_video,
            "compressedDigitalAudio": compressed_audio,
            "uncompressedDigitalAudio": uncompressed_audio,
        },
        "playEnablers": policy.play_enablers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "explicitOutputs": outputs.collect::<Vec<_>>(),
        "extensions": extensions.collect::<Vec<_>>(),
    });
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

/// A line each.
pub fn in_words(policy: &ReadPolicy) -> Vec<String> {
    let stored = if policy.persistent { "may be stored" } else { "may not be stored" };
    let mut lines = vec![format!("may be played, {stored}")];
    lines.push(match policy.dates {
        Some((begin, end)) => format!("plays from {} to {}", date(begin), date(end)),
        None => "plays without a limit of time".to_owned(),
    });
    let seconds = policy.expiration_after_first_play;
    lines.extend(
        seconds.map(|seconds| format!("plays for {} from the first play", times::duration(seconds.into()))),
    );
    let [compressed_video, uncompressed_video, analog_video, compressed_audio, uncompressed_audio] =
        policy.output_protection;
    lines.push(format!(
        "outputs: analog video {analog_video}, compressed audio {compressed_audio} and video {compressed_video}, \
         uncompressed audio {uncompressed_audio} and video {uncompressed_video}"
    ));
    lines.push(if policy.play_enablers.contains(&ALLOW) {
        "unknown outputs: allowed".to_owned()
    } else if policy.play_enablers.contains(&SD_ONLY) {
        "unknown outputs: in standard definition only".to_owned()
    } else {
        "unknown outputs: not allowed".to_owned()
    });
    let outputs = policy.explicit_outputs.iter();
    lines.extend(outputs.map(|explicit| format!("{}: {}", explicit.output.name(), explicit.guid)));
    let extensions = policy.metadata.iter();
    lines.extend(extensions.map(|(guid, payload)| format!("extension {guid}, {} bytes", payload.len())));
    lines
}

/// A date of a licence.
fn date(seconds: u32) -> String {
    Timestamp::from_second(seconds.into()).map_or_else(|_| seconds.to_string(), times::text)
}
