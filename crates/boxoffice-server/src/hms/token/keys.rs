//! Finding the keys that a token request names.

use boxoffice_core::token_request::{KeyRequest, KeySource, RequestedKey};
use boxoffice_core::{Event, Refusal};

use crate::accounts::Caller;
use crate::app::App;

/// Finds each key, in the order of the indices: the first that cannot be had is the refusal.
pub(super) async fn resolve(
    app: &App,
    caller: &Caller,
    requests: Vec<KeyRequest>,
) -> Result<Vec<RequestedKey>, Refusal> {
    let mut found = Vec::with_capacity(requests.len());
    for request in requests {
        let name = request.name("kid");
        let key = match request.source? {
            KeySource::Given(key) => key,
            KeySource::Stored { kid, kek } => {
                app.stored_key(caller, kid, kek.as_ref()).await.map_err(|refusal| refusal.parameter(name))?
            }
        };
        found.push(RequestedKey { index: request.index, kid: request.kid, key });
    }
    Ok(found)
}

impl App {
    /// A key out of the key storage.
    async fn stored_key(
        &self,
        caller: &Caller,
        kid: drm_primitives::Kid,
        kek: Option<&drm_primitives::Kek>,
    ) -> Result<drm_primitives::ContentKey, Refusal> {
        let _ = (caller, kek);
        let hint =
            format!("the key storage of this service has no key for {kid}; give contentKey, or kek and ek");
        Err(Refusal::new(Event::KeyStorage, hint))
    }
}
