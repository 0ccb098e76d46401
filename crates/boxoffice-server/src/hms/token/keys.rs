//! Finding the keys that a token request names.

use std::borrow::Cow;

use boxoffice_core::token_request::{KeyRequest, KeySource, RequestedKey};
use boxoffice_core::{Event, Parameters, Refusal};
use drm_primitives::{ContentKey, Kid};

use crate::accounts::Caller;
use crate::app::App;
use crate::context::Context;
use crate::keystore::{Call, Wanted};

/// A key whose source is read.
struct Pending {
    index: Option<u8>,
    kid: Option<Kid>,
    /// The key; `None`: the next that the key storage gives.
    given: Option<ContentKey>,
}

/// Finds each key, in the order of the indices: the first that cannot be had is the refusal. All that the key
/// storage has are read at once, with one record.
pub(super) async fn resolve(
    app: &App,
    (context, caller): (&Context, &Caller),
    parameters: &Parameters,
    requests: Vec<KeyRequest>,
) -> Result<Vec<RequestedKey>, Refusal> {
    let (mut pending, mut wanted, mut names) = (Vec::with_capacity(requests.len()), Vec::new(), Vec::new());
    let mut refused = None;
    for request in requests {
        let (kid_name, kek_name) = (request.name("kid"), request.name("kek"));
        let (index, kid) = (request.index, request.kid);
        match request.source {
            Ok(KeySource::Given(key)) => pending.push(Pending { index, kid, given: Some(key) }),
            Ok(KeySource::Stored { kid: stored, kek }) => {
                pending.push(Pending { index, kid, given: None });
                wanted.push(Wanted { kid: stored, kek });
                names.push((sent_as(parameters, kid_name, "kid"), sent_as(parameters, kek_name, "kek")));
            }
            // Keys of lower indices come first, also with what is wrong with them.
            Err(refusal) => {
                refused = Some(refusal);
                break;
            }
        }
    }
    let stored = if wanted.is_empty() {
        Vec::new()
    } else {
        let call = Call {
            environment: context.environment,
            account: caller.account.id,
            authenticator: Some(caller.authenticator),
            service_keys: caller.account.options.service_keys,
            address: Some(context.address),
            request_id: context.request_id.as_str().to_owned(),
        };
        // In a box, so that a request that brings its keys does not carry the room for this way.
        Box::pin(app.key_storage().resolve(&call, &wanted))
            .await
            .map_err(|(at, refusal)| named(refusal, names.get(at)))?
    };
    if let Some(refusal) = refused {
        return Err(refusal);
    }
    let mut stored = stored.into_iter();
    let key = |Pending { index, kid, given }| {
        let key =
            given.or_else(|| stored.next()).expect("the key storage gives as many keys as it was asked for");
        RequestedKey { index, kid, key }
    };
    Ok(pending.into_iter().map(key).collect())
}

/// The name under which a parameter of an index came: its own, or else the plain one.
fn sent_as(parameters: &Parameters, indexed: Cow<'static, str>, plain: &'static str) -> Cow<'static, str> {
    if matches!(parameters.one(&indexed), Ok(None)) { Cow::Borrowed(plain) } else { indexed }
}

fn named(refusal: Refusal, names: Option<&(Cow<'static, str>, Cow<'static, str>)>) -> Refusal {
    let Some((kid, kek)) = names else { return refusal };
    let is_kek = refusal.code_number() == Event::EncryptedKeyOrKek.code();
    refusal.parameter(&**if is_kek { kek } else { kid })
}
