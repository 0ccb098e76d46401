use widevine::cloud::{CloudResponse, service_certificate};

/// A response of the Widevine licence service: it reads the same twice, its device facts stay short, and no signing key
/// gets into them.
pub fn widevine_cloud(bytes: &[u8]) {
    let _ = service_certificate(bytes);
    let Ok(response) = CloudResponse::read(200, None, bytes) else { return };
    assert_eq!(CloudResponse::read(200, None, bytes).as_ref(), Ok(&response));
    let _ = response.licence.session();
    assert!(!response.device.facts.contains_key("session_state"));
    for fact in response.device.facts.values().filter_map(serde_json::Value::as_str) {
        assert!(fact.chars().count() <= 200, "{fact}");
    }
}
