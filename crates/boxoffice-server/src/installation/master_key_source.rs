//! Where the master key comes from: a file, an environment variable, or a command.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use boxoffice_core::key_ring::Secret32;
use drm_primitives::{Random, hex};
use zeroize::{Zeroize as _, Zeroizing};

use super::InstallationError;

/// Where the master key comes from: 64 hex digits, a line break behind them or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MasterKeySource {
    /// What a command writes to its standard output: a secret store's client, say. Run by `sh -c`.
    Command(String),
    /// A file of mode 0600 or narrower, made at the first start.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
}

impl MasterKeySource {
    /// Reads the master key; `None` where there is none yet.
    ///
    /// # Errors
    /// [`InstallationError::MasterKey`]: not readable, readable by others, or no key.
    pub fn read(&self) -> Result<Option<Secret32>, InstallationError> {
        let text = match self {
            Self::Command(command) => Some(self.run(command)?),
            Self::File(path) => self.read_file(path)?,
            Self::Variable(name) => std::env::var(name).ok().map(|text| Zeroizing::new(text.into_bytes())),
        };
        text.map(|text| self.parse(&text)).transpose()
    }

    /// Makes a new master key where there is none: in a file alone.
    ///
    /// # Errors
    /// [`InstallationError::MasterKey`]: the file cannot be written, or a variable has no key.
    pub fn create(&self, random: &dyn Random) -> Result<Secret32, InstallationError> {
        let Self::File(path) = self else {
            return Err(self.error("there is none; make one of 64 random hex digits"));
        };
        let mut bytes: [u8; 32] = random.array();
        let text = Zeroizing::new(hex::encode(&bytes));
        let key = Secret32::new(bytes);
        bytes.zeroize();
        match write(path, &text) {
            Ok(()) => Ok(key),
            // Another process was first at this very moment: its key is the one.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.read()?.ok_or_else(|| self.error("it vanished while it was read"))
            }
            Err(error) => Err(self.error(&format!("cannot be written: {error}"))),
        }
    }

    fn read_file(&self, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, InstallationError> {
        let unreadable = |error: std::io::Error| self.error(&format!("cannot be read: {error}"));
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let problem =
                format!("its mode is {mode:04o}, and others than its owner can use it; run chmod 600 on it");
            return Err(self.error(&problem));
        }
        let mut text = Zeroizing::new(Vec::with_capacity(128));
        file.take(128).read_to_end(&mut text).map_err(unreadable)?;
        Ok(Some(text))
    }

    fn run(&self, command: &str) -> Result<Zeroizing<Vec<u8>>, InstallationError> {
        let failed = |problem: String| self.error(&problem);
        let run =
            Command::new("sh").arg("-c").arg(command).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = run.map_err(|error| failed(format!("cannot be run: {error}")))?;
        let text = Zeroizing::new(output.stdout);
        if output.status.success() { Ok(text) } else { Err(failed(format!("ended with {}", output.status))) }
    }

    fn parse(&self, text: &[u8]) -> Result<Secret32, InstallationError> {
        let text = text.trim_ascii_end();
        let mut bytes = hex::decode(text)
            .map_err(|error| self.error(&format!("{error}; it has 64, and nothing else")))?;
        let key = Secret32::new(bytes);
        bytes.zeroize();
        Ok(key)
    }

    fn error(&self, problem: &str) -> InstallationError {
        InstallationError::MasterKey { from: self.to_string(), problem: problem.to_owned() }
    }
}

impl fmt::Display for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(_) => f.write_str("the command of [keys]"),
            Self::File(path) => path.display().fmt(f),
            Self::Variable(name) => write!(f, "the variable {name}"),
        }
    }
}

/// Writes beside the place and links it there, so that nobody ever reads half a key.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written =
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| std::fs::hard_link(&beside, path));
    std::fs::remove_file(&beside)?;
    linked?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::SequenceRandom;

    #[test]
    fn a_key_is_made_once_readable_by_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let source = MasterKeySource::File(path.clone());
        assert!(source.read().unwrap().is_none());
        let made = source.create(&SequenceRandom::new(1)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let second = source.create(&SequenceRandom::new(2)).unwrap();
        assert_eq!(made.expose(), second.expose());
        assert_eq!(source.read().unwrap().unwrap().expose(), made.expose());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_wider_mode_and_a_text_that_is_no_key_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let source = MasterKeySource::File(path.clone());
        source.create(&SequenceRandom::new(1)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(source.read().unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "abc").unwrap();
        assert!(source.read().unwrap_err().to_string().contains("got 3 characters, expected 64 hex digits"));
    }

    #[test]
    fn a_command_gives_a_key_or_says_how_it_ended() {
        let key = "00".repeat(32);
        let source = MasterKeySource::Command(format!("echo {key}"));
        assert_eq!(source.read().unwrap().unwrap().expose(), &[0; 32]);
        let error = MasterKeySource::Command("exit 3".to_owned()).read().unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
    }
}
