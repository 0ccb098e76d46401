//! `/keystore` (key-storage.md, sections 2 to 5): the SKM API over HTTP.
//!
//! The first of these that is wrong is reported: path and method, authentication, `kek`, KIDs, body, existence,
//! KEK, state. The files below stand for the operations.

mod answer;
mod count;
mod create;
mod credentials;
mod delete;
mod get;
mod kek;
mod list;
mod place;
mod put;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use boxoffice_core::authenticator::{CustomerAuthenticator, Scope};
use boxoffice_core::key_storage::{KeyProblem, KeyRefusal};
use boxoffice_core::{Code, Event, Parameters, Refusal};
use http::request::Parts;
use http::{HeaderValue, Method, header};
use zeroize::Zeroize as _;

use super::{Call, Outcome};
use crate::accounts::Caller;
use crate::app::App;
use crate::body;
use crate::call::body_refusal;
use crate::context::Context;
use answer::{empty, of_key_refusal, of_refusal};
use place::Place;

pub(crate) use answer::of_refusal as refuse;

/// The longest body: 64 KiB.
const BODY_LIMIT: usize = 65_536;

/// Any call under `/keystore`, any method.
pub async fn handler(app: App, context: Context, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(place) = Place::of(parts.uri.path()) else {
        return of_refusal(&Refusal::of_status(404, "there is nothing at this path"), &context);
    };
    let Some(operation) = Operation::of(&place, &parts.method) else {
        let allow = place.allow();
        let refusal = Refusal::of_status(405, format!("this path has {allow}"));
        let mut response = of_refusal(&refusal, &context);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        return response;
    };
    let authenticated = authenticate(&app, &context, &parts).await;
    let (parameters, caller) = match authenticated {
        Ok(authenticated) => authenticated,
        Err((refusal, account)) => {
            // A service that has too much to do does not do more.
            if refusal.http_status() != 429 {
                let (address, request_id) = (Some(context.address), context.request_id.as_str());
                let word = operation.word();
                app.key_storage().record_refused(account, address, request_id, word, &refusal).await;
            }
            return refuse_caller(&refusal, &context);
        }
    };
    let call = Call {
        environment: context.environment,
        account: caller.account.id,
        authenticator: Some(caller.authenticator),
        service_keys: caller.account.options.service_keys,
        address: Some(context.address),
        request_id: context.request_id.as_str().to_owned(),
    };
    let asked = Asked { app, context, call, parameters };
    let kek = match kek::of_request(&asked.parameters, &parts.headers) {
        Ok(kek) => kek,
        Err(refusal) => return asked.refuse(operation.word(), refusal).await,
    };
    match operation {
        Operation::Create => create::handle(asked, kek, body).await,
        Operation::List => list::handle(asked, kek).await,
        Operation::Get { kids } => get::handle(asked, kek, kids, get::Form::Objects).await,
        Operation::Value { kids } => get::handle(asked, kek, kids, get::Form::Values).await,
        Operation::Put { kid } => put::handle(asked, kek, kid, body).await,
        Operation::Delete { kid } => delete::handle(asked, kek, kid).await,
        Operation::Count => count::handle(asked).await,
    }
}

/// What a request wants, by path and method. KIDs are still as they stood in the path.
enum Operation<'a> {
    Count,
    Create,
    Delete { kid: &'a str },
    Get { kids: &'a str },
    List,
    Put { kid: &'a str },
    Value { kids: &'a str },
}

impl<'a> Operation<'a> {
    fn of(place: &Place<'a>, method: &Method) -> Option<Self> {
        match (place, method.as_str()) {
            (Place::Count, "GET") => Some(Self::Count),
            (Place::Keys, "GET") => Some(Self::List),
            (Place::Keys, "POST") => Some(Self::Create),
            (&Place::Key(kids), "GET") => Some(Self::Get { kids }),
            (&Place::Key(kid), "PUT") => Some(Self::Put { kid }),
            (&Place::Key(kid), "DELETE") => Some(Self::Delete { kid }),
            (&Place::Value(kids), "GET") => Some(Self::Value { kids }),
            _ => None,
        }
    }

    /// The word in the audit record.
    const fn word(&self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Create => "create",
            Self::Delete { .. } => "delete",
            Self::Get { .. } => "get",
            Self::List => "list",
            Self::Put { .. } => "put",
            Self::Value { .. } => "value",
        }
    }
}

/// A call whose caller is known.
struct Asked {
    app: App,
    context: Context,
    call: Call,
    parameters: Parameters,
}

impl Asked {
    /// Records what is refused before it became an operation, and answers.
    async fn refuse(&self, word: &'static str, refusal: KeyRefusal) -> Response {
        let outcome = Outcome::<()>::new(Vec::new(), Err(refusal));
        match self.app.key_storage().release(&self.call, word, |()| 200, outcome).await {
            Ok(()) => empty(),
            Err(refusal) => of_key_refusal(&refusal, &self.context),
        }
    }

    /// Reads the body and makes something of it; what cannot be read is recorded and answered.
    async fn body<T>(
        &self,
        word: &'static str,
        body: Body,
        parse: impl FnOnce(&[u8]) -> Result<T, KeyRefusal>,
    ) -> Result<T, Response> {
        let patience = self.app.config().server.body_timeout;
        let bytes = match body::read(body, BODY_LIMIT, patience).await {
            Ok(bytes) => bytes,
            Err(error) => {
                let refusal = body_refusal(error);
                let (account, address) = (Some(self.call.account), self.call.address);
                let storage = self.app.key_storage();
                storage.record_refused(account, address, &self.call.request_id, word, &refusal).await;
                return Err(of_refusal(&refusal, &self.context));
            }
        };
        let parsed = parse(&bytes);
        // It may hold a key. Where the connection still shares the memory, it is the connection's to reuse.
        if let Ok(mut bytes) = bytes.try_into_mut() {
            bytes.as_mut().zeroize();
        }
        match parsed {
            Ok(parsed) => Ok(parsed),
            Err(refusal) => Err(self.refuse(word, refusal).await),
        }
    }

    /// The answer to an operation whose defect ended it.
    fn defect(&self) -> Response {
        let refusal = KeyRefusal::new(KeyProblem::Internal, "the service has failed; its log says why");
        of_key_refusal(&refusal, &self.context)
    }
}

/// Who calls; with a refusal, whose account it claims to be.
async fn authenticate(
    app: &App,
    context: &Context,
    parts: &Parts,
) -> Result<(Parameters, Caller), (Refusal, Option<boxoffice_core::AccountId>)> {
    let query = parts.uri.query().unwrap_or_default();
    let parameters = Parameters::parse(query.as_bytes(), b"")
        .map_err(|error| (Refusal::of_status(400, error.to_string()), None))?;
    let shown = credentials::of_request(&parameters, &parts.headers).map_err(|refusal| (refusal, None))?;
    let keys = app.installation().master_key().authenticators();
    let caller =
        app.accounts().authenticate_value(&shown, keys, context.environment, Some(Scope::Keys)).await;
    let caller = match caller {
        Ok(caller) => app.admission().check_account(caller.account.id).map(|()| caller),
        Err(refusal) => Err(refusal),
    };
    match caller {
        Ok(caller) => Ok((parameters, caller)),
        Err(refusal) => {
            let account = CustomerAuthenticator::parse(&shown).ok().map(|shown| shown.account);
            Err((refusal, account))
        }
    }
}

/// The token API's word for a database that is away is not one of the key storage's (key-storage.md, section 5).
fn refuse_caller(refusal: &Refusal, context: &Context) -> Response {
    let problem = match refusal.code() {
        Code::Event(Event::AdminError) if refusal.http_status() == 503 => KeyProblem::Unavailable,
        Code::Event(Event::AdminError) => KeyProblem::Internal,
        Code::Event(_) | Code::Status(_) => return of_refusal(refusal, context),
    };
    of_key_refusal(&KeyRefusal::new(problem, refusal.hint()), context)
}
