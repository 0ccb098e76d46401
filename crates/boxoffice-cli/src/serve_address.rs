//! The address of the server that runs on a data directory, in a file there: `serve` writes it, `redeem` and
//! `doctor` read it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use boxoffice_core::Environment;
use boxoffice_core::entitlement::Entitlement;
use reqwest::Url;

/// The base of the URLs of either environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServeAddress {
    /// Of the test environment.
    pub test: Url,
    /// Of the production environment.
    pub production: Url,
}

impl ServeAddress {
    /// The base for a token; the test environment's where the token is not known.
    pub fn of(&self, granted: Option<&Entitlement>) -> &Url {
        match granted.map(|granted| granted.environment) {
            Some(Environment::Production) => &self.production,
            Some(Environment::Test) | None => &self.test,
        }
    }

    /// Reads the file; `None` where no server runs here.
    pub fn read(data_dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(path(data_dir)).ok()?;
        let base = |environment: Environment| {
            let line = text.lines().find_map(|line| line.strip_prefix(environment.as_str()));
            Url::parse(line?.trim()).ok()
        };
        Some(Self { test: base(Environment::Test)?, production: base(Environment::Production)? })
    }

    /// Writes the file beside its place and moves it there, so that nobody reads half of it.
    pub fn write(&self, data_dir: &Path) -> io::Result<()> {
        let place = path(data_dir);
        let beside = place.with_extension("address-new");
        fs::write(&beside, format!("test {}\nproduction {}\n", self.test, self.production))?;
        fs::rename(beside, place)
    }

    /// Removes the file at the end of the service.
    pub fn remove(data_dir: &Path) {
        // Gone already, or the directory is: nobody will find a server here either way.
        let _ = fs::remove_file(path(data_dir));
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("serve.address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_until_it_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let address = ServeAddress {
            test: Url::parse("http://127.0.0.1:1234").unwrap(),
            production: Url::parse("http://prod.localhost:1234/base").unwrap(),
        };
        address.write(directory.path()).unwrap();
        assert_eq!(ServeAddress::read(directory.path()), Some(address));
        ServeAddress::remove(directory.path());
        assert_eq!(ServeAddress::read(directory.path()), None);
    }
}
