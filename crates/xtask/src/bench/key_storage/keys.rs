//! Files of random keys, and the scripts that ask for them.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use drm_primitives::{Random, SystemRandom, hex};

use crate::chore::Failure;

/// The most KIDs that a script asks for in turn.
const ASKED: u64 = 100_000;

/// A file to import, and the targets of some of its keys, spread over the whole.
pub struct Keys {
    /// The file, in the form that `boxoffice key import` reads.
    pub file: PathBuf,
    targets: PathBuf,
}

impl Keys {
    /// Draws `count` keys.
    pub fn write(directory: &Path, count: u64) -> Result<Self, Failure> {
        let (file, targets) =
            (directory.join(format!("keys-{count}.csv")), directory.join(format!("targets-{count}")));
        let mut lines = BufWriter::new(File::create(&file)?);
        let mut asked = BufWriter::new(File::create(&targets)?);
        let random: &dyn Random = &SystemRandom;
        let every = count.div_ceil(ASKED);
        for number in 0..count {
            let [kid, key] = [(); 2].map(|()| hex::encode(&random.array::<16>()));
            writeln!(lines, "{kid},{key}")?;
            if number % every == 0 {
                writeln!(asked, "{kid}")?;
            }
        }
        lines.flush()?;
        asked.flush()?;
        Ok(Self { file, targets })
    }

    /// The first KID.
    pub fn first(&self) -> Result<String, Failure> {
        let mut line = String::new();
        BufReader::new(File::open(&self.targets)?).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// A script that reads keys by KID, in turn.
    pub fn reading_script(&self, authenticator: &str) -> Result<PathBuf, Failure> {
        let path = self.targets.with_extension("lua");
        let targets = self.targets.display();
        let script = format!(
            r#"local requests, at = {{}}, 0
function init()
  for kid in io.lines("{targets}") do
    requests[#requests + 1] = wrk.format("GET", "/keystore/keys/" .. kid .. "?customerAuthenticator={authenticator}")
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
"#
        );
        std::fs::write(&path, script)?;
        Ok(path)
    }
}

/// A script that creates a key with each request, each with a KID and a value of its own; the script of another
/// `round` creates others.
pub fn creating_script(directory: &Path, authenticator: &str, round: usize) -> Result<PathBuf, Failure> {
    let path = directory.join("create.lua");
    let random: &dyn Random = &SystemRandom;
    let seed = u32::from_be_bytes(random.array()) ^ u32::try_from(round)?;
    let script = format!(
        r#"math.randomseed({seed})
local target = "/keystore/keys?customerAuthenticator={authenticator}"
local function word()
  return string.format("%04x%04x", math.random(0, 65535), math.random(0, 65535))
end
local function sixteen()
  return word() .. word() .. word() .. word()
end
function request()
  return wrk.format("POST", target, nil, '{{"kid":"' .. sixteen() .. '","k":"' .. sixteen() .. '"}}')
end
"#
    );
    std::fs::write(&path, script)?;
    Ok(path)
}
