//! `boxoffice lab export` (operations.md, section 5).

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use boxoffice_server::lab::Lab;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::{self, Place, Presence};

#[derive(clap::Args)]
pub struct Export {
    /// Where to: a directory, made if missing
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Writes into a directory that is not empty, over files of the same names
    #[arg(long)]
    force: bool,
}

impl Export {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let is_empty = fs::read_dir(&self.directory).map_or(true, |mut entries| entries.next().is_none());
        if !is_empty && !self.force {
            let refused = format!(
                "{} is not empty; choose another directory, or give --force",
                self.directory.display()
            );
            return Err(Failure::refused(refused));
        }
        let installation = place.open(Presence::MakeMissing).await?;
        let rings = installation.rings().await?.current();
        let lab = Lab::open(&installation, &rings).await?;
        let widevine = lab.widevine_root.export();
        let widevine =
            widevine.iter().map(|file| (Path::new("widevine").join(&file.path), &file.contents[..]));
        let playready = lab.playready_material.export();
        let playready = playready.iter().map(|file| (PathBuf::from(file.name), &file.bytes[..]));
        for (path, contents) in widevine.chain(playready) {
            let path = self.directory.join(path);
            write(&path, contents)?;
            writeln!(console, "{}", path.display())?;
        }
        Ok(())
    }
}

/// Writes a file that its owner alone can read: some of them are private keys.
fn write(path: &Path, contents: &[u8]) -> Result<(), Failure> {
    if let Some(directory) = path.parent() {
        place::make_directory(directory)?;
    }
    let failed =
        |error: std::io::Error| Failure::refused(format!("cannot write {}: {error}", path.display()));
    // A new file under the old name: permissions of one that was there do not stay.
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(contents).map_err(failed)
}
