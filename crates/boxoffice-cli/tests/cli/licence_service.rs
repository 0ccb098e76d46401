//! The program with a Widevine licence service in place of the vendor's, which serves devices of a root of its own: as with
//! the vendor's, the lab's devices are strangers there.

use boxoffice_core::{Clock as _, SystemClock};
use drm_primitives::{SystemRandom, hex};
use testkit::MockServer;
use testkit::widevine_cloud::{Customer, RequestKey, WidevineCloud};
use tokio::runtime::Runtime;
use widevine::lab::LabRoot;
use zeroize::Zeroizing;

use crate::program::{Place, Server};

const SIGNING_KEY: &str = "1ae8ccd0e7985cc0b6203a55855a1034afc252980e970ca90e5202689f947ab9";
const SIGNING_IV: &str = "d58ce954203b7c9a9a9d467f59839249";

pub struct LicenceService {
    /// Serves the mock.
    pub runtime: Runtime,
    pub mock: MockServer<WidevineCloud>,
    /// What its devices come from.
    pub root: LabRoot,
}

impl LicenceService {
    pub fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let root = LabRoot::generate(SystemClock.now().as_second(), &SystemRandom);
        let key = RequestKey::Aes {
            key: Zeroizing::new(hex::decode(SIGNING_KEY.as_bytes()).unwrap()),
            iv: hex::decode(SIGNING_IV.as_bytes()).unwrap(),
        };
        let customer = Customer { provider: "acme".to_owned(), signer: "acme".to_owned(), key };
        let role = WidevineCloud::new(&root, customer).unwrap();
        let mock = runtime.block_on(MockServer::start(role)).unwrap();
        Self { runtime, mock, root }
    }

    /// Starts the program before it; `settings` are further lines of its table, and `tables` further ones.
    pub fn serve(&self, place: &Place, settings: &str, tables: &str) -> Server {
        std::fs::write(place.beside("key"), SIGNING_KEY).unwrap();
        std::fs::write(place.beside("iv"), SIGNING_IV).unwrap();
        // By a name, which has to be looked up, as the vendor's has.
        let endpoint = self.mock.url("/cenc/getlicense").replace("127.0.0.1", "localhost");
        let settings = format!(
            "[environments.test.widevine]\nbackend = 'upstream'\nendpoints = ['{endpoint}']\nprovider = 'acme'\n\
             signing_key_file = 'key'\nsigning_iv_file = 'iv'\n{settings}\n{tables}\n"
        );
        std::fs::write(place.beside("boxoffice.toml"), settings).unwrap();
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0", "--config", "boxoffice.toml"]);
        let mut server = Server::start(place, &mut command);
        server.authenticator();
        server
    }
}
