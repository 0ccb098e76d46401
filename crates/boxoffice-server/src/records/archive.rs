//! Records that have left the database: gzip files of JSON lines, which `zcat` reads too.
//!
//! A file is written beside its place, made durable, and then put there whole; only then do its records leave the
//! database. A crash in between leaves a record in both, or in two files: whoever reads looks at the numbers, and takes
//! it once. A file is never changed, and never overwritten.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use boxoffice_storage::{RecordCursor, RecordFilter, RecordId, StoredRecord};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use thiserror::Error;

use super::line::{self, LineError};

/// Why an archive cannot be written or read.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The file system, or a file that is no gzip.
    #[error("{}: {cause}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What happened.
        cause: io::Error,
    },
    /// A line that is no record.
    #[error("{}, line {number}: {cause}", path.display())]
    Line {
        /// Where.
        path: PathBuf,
        /// Which, from 1.
        number: u64,
        /// What is wrong.
        cause: LineError,
    },
}

/// A directory of archived records.
#[derive(Clone, Debug)]
pub struct Archive {
    directory: PathBuf,
}

/// The longest line that is read: a record has some hundred bytes, and some thousand at most.
const LINE: u64 = 1 << 20;

const SUFFIX: &str = ".jsonl.gz";

impl Archive {
    /// In a directory, which the first file makes.
    #[must_use]
    pub const fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Begins a file, for its owner alone.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn begin(&self) -> Result<ArchiveWriter, ArchiveError> {
        let failed = at(&self.directory);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory).map_err(failed)?;
        // Of this process alone; what a crash has left there is written anew.
        let path = self.directory.join(format!(".writing-{}", std::process::id()));
        let file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path);
        let file = file.map_err(at(&path))?;
        Ok(ArchiveWriter {
            directory: self.directory.clone(),
            encoder: GzEncoder::new(BufWriter::new(file), Compression::default()),
            path,
            span: None,
            ids: Vec::new(),
        })
    }

    /// The archived records that match, in the order of their times, each once.
    ///
    /// # Errors
    /// [`ArchiveError`], where the directory cannot be listed.
    pub fn read(&self, filter: RecordFilter) -> Result<ArchiveReader, ArchiveError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(ArchiveReader::new(filter, Vec::new()));
            }
            Err(cause) => return Err(ArchiveError::Io { path: self.directory.clone(), cause }),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(at(&self.directory))?.path();
            let Some(span) = path.file_name().and_then(|name| name.to_str()).and_then(Span::of_name) else {
                continue;
            };
            let before = filter.to.is_some_and(|to| span.first.time >= to);
            let after = filter.from.is_some_and(|from| span.last < from);
            if !before && !after {
                files.push((span.first, path));
            }
        }
        // The earliest last, where it is taken from.
        files.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ArchiveReader::new(filter, files))
    }
}

/// What a file holds: from its first record to the time of its last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Span {
    first: RecordCursor,
    last: Timestamp,
}

impl Span {
    /// `records-20260101T000000.000000Z-00000000000000000001-20260102T000000.000000Z`.
    fn name(self) -> String {
        format!("records-{}-{:020}-{}", time_text(self.first.time), self.first.id.0, time_text(self.last))
    }

    fn of_name(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(SUFFIX)?.strip_prefix("records-")?.split('-');
        let (first, id, last) = (parts.next()?, parts.next()?, parts.next()?);
        let first = RecordCursor { time: time_of(first)?, id: RecordId(id.parse().ok()?) };
        Some(Self { first, last: time_of(last)? })
    }
}

fn time_text(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%S.%6fZ").to_string()
}

fn time_of(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A file that is being written; dropped before [`finish`](Self::finish), it was never there.
#[derive(Debug)]
pub struct ArchiveWriter {
    directory: PathBuf,
    path: PathBuf,
    encoder: GzEncoder<BufWriter<File>>,
    span: Option<Span>,
    ids: Vec<RecordId>,
}

impl ArchiveWriter {
    /// Adds records, which follow in time.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn add(&mut self, records: &[StoredRecord]) -> Result<(), ArchiveError> {
        for stored in records {
            writeln!(self.encoder, "{}", line::whole(stored)).map_err(at(&self.path))?;
            let time = stored.record.time;
            let first = RecordCursor { time, id: stored.id };
            self.span = Some(Span { last: time, ..self.span.unwrap_or(Span { first, last: time }) });
            self.ids.push(stored.id);
        }
        Ok(())
    }

    /// How many records there are in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Makes the file durable and puts it in its place; gives the numbers of its records, which may now leave the
    /// database.
    ///
    /// # Errors
    /// [`ArchiveError`]: then they may not.
    pub fn finish(self) -> Result<Vec<RecordId>, ArchiveError> {
        let Self { directory, path, encoder, span, ids } = self;
        let Some(span) = span else {
            fs::remove_file(&path).map_err(at(&path))?;
            return Ok(ids);
        };
        let write = || {
            let file = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()
        };
        write().map_err(at(&path))?;
        // A link refuses where a rename would replace: another file of that name may hold what is nowhere else.
        let place = |copy: u32| match copy {
            0 => directory.join(format!("{}{SUFFIX}", span.name())),
            copy => directory.join(format!("{}-{copy}{SUFFIX}", span.name())),
        };
        let mut copy = 0;
        while let Err(cause) = fs::hard_link(&path, place(copy)) {
            if cause.kind() != io::ErrorKind::AlreadyExists {
                return Err(ArchiveError::Io { path: place(copy), cause });
            }
            copy += 1;
        }
        fs::remove_file(&path).map_err(at(&path))?;
        File::open(&directory).and_then(|directory| directory.sync_all()).map_err(at(&directory))?;
        Ok(ids)
    }
}

/// Archived records, one after the other. Files are opened when their time comes.
#[derive(Debug)]
pub struct ArchiveReader {
    filter: RecordFilter,
    /// Not yet opened, the earliest last.
    files: Vec<(RecordCursor, PathBuf)>,
    /// The next record of each open file.
    open: BinaryHeap<Reverse<Head>>,
    last: Option<RecordCursor>,
}

#[derive(Debug)]
struct Head {
    cursor: RecordCursor,
    stored: StoredRecord,
    rest: Lines,
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cursor == other.cursor
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.cursor.cmp(&other.cursor)
    }
}

impl ArchiveReader {
    const fn new(filter: RecordFilter, files: Vec<(RecordCursor, PathBuf)>) -> Self {
        Self { filter, files, open: BinaryHeap::new(), last: None }
    }

    fn advance(&mut self) -> Result<Option<StoredRecord>, ArchiveError> {
        loop {
            while let Some((first, path)) = self.files.pop() {
                if self.open.peek().is_some_and(|Reverse(head)| head.cursor < first) {
                    self.files.push((first, path));
                    break;
                }
                self.put_back(Lines::open(path)?)?;
            }
            let Some(Reverse(Head { cursor, stored, rest })) = self.open.pop() else { return Ok(None) };
            self.put_back(rest)?;
            if self.last == Some(cursor) {
                continue;
            }
            self.last = Some(cursor);
            if self.filter.matches(&stored.record) {
                return Ok(Some(stored));
            }
        }
    }

    fn put_back(&mut self, mut rest: Lines) -> Result<(), ArchiveError> {
        if let Some(stored) = rest.next()? {
            let cursor = RecordCursor { time: stored.record.time, id: stored.id };
            self.open.push(Reverse(Head { cursor, stored, rest }));
        }
        Ok(())
    }
}

impl Iterator for ArchiveReader {
    type Item = Result<StoredRecord, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

/// The lines of one file.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    number: u64,
    text: BufReader<MultiGzDecoder<BufReader<File>>>,
}

impl Lines {
    fn open(path: PathBuf) -> Result<Self, ArchiveError> {
        let file = File::open(&path).map_err(at(&path))?;
        let text = BufReader::new(MultiGzDecoder::new(BufReader::new(file)));
        Ok(Self { path, number: 0, text })
    }

    fn next(&mut self) -> Result<Option<StoredRecord>, ArchiveError> {
        let mut line = Vec::new();
        self.text.by_ref().take(LINE).read_until(b'\n', &mut line).map_err(at(&self.path))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        line::read(&line).map(Some).map_err(|cause| ArchiveError::Line {
            path: self.path.clone(),
            number,
            cause,
        })
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> ArchiveError {
    let path = path.to_owned();
    move |cause| ArchiveError::Io { path: path.clone(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::{Drm, Environment};
    use boxoffice_storage::{Record, RecordKind};

    fn stored(id: u64) -> StoredRecord {
        let time = Timestamp::from_microsecond(1_767_225_600_000_000 + i64::try_from(id).unwrap()).unwrap();
        let record = Record {
            time,
            environment: Environment::Test,
            account: None,
            drm: Drm::ClearKey,
            kind: RecordKind::Licence,
            granted: id.is_multiple_of(2),
            code: if id.is_multiple_of(2) { 0 } else { -4010 },
            kids: Vec::new(),
            cookie: None,
            token_id: None,
            device_id: None,
            device: None,
            address: None,
            attempts: 0,
            request_id: id.to_string(),
            detail: None,
        };
        StoredRecord { id: RecordId(id), record }
    }

    fn write(archive: &Archive, ids: impl IntoIterator<Item = u64>) {
        let records: Vec<_> = ids.into_iter().map(stored).collect();
        let mut writer = archive.begin().unwrap();
        writer.add(&records).unwrap();
        assert_eq!(writer.finish().unwrap(), records.iter().map(|stored| stored.id).collect::<Vec<_>>());
    }

    fn read(archive: &Archive, filter: RecordFilter) -> Vec<u64> {
        archive.read(filter).unwrap().map(|stored| stored.unwrap().id.0).collect()
    }

    #[test]
    fn what_is_in_several_files_is_read_once_and_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let archive = Archive::new(directory.path().join("records"));
        assert!(read(&archive, RecordFilter::default()).is_empty());
        write(&archive, 1..=10);
        // A crash came before these had left the database; the same again; and what came later.
        write(&archive, 4..=12);
        write(&archive, 4..=12);
        write(&archive, 13..=20);
        assert_eq!(read(&archive, RecordFilter::default()), (1..=20).collect::<Vec<_>>());
        assert_eq!(fs::read_dir(directory.path().join("records")).unwrap().count(), 4);
        let code = RecordFilter { code: Some(-4010), ..RecordFilter::default() };
        assert_eq!(read(&archive, code), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
        let time = |id| Some(stored(id).record.time);
        let part = RecordFilter { from: time(11), to: time(14), ..RecordFilter::default() };
        assert_eq!(read(&archive, part), [11, 12, 13]);
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all_and_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let archive = Archive::new(directory.path().join("records"));
        let mut writer = archive.begin().unwrap();
        writer.add(&[stored(1)]).unwrap();
        drop(writer);
        assert!(read(&archive, RecordFilter::default()).is_empty());
        write(&archive, 1..=2);
        let files: Vec<_> =
            fs::read_dir(directory.path().join("records")).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let name = files[0].file_name().into_string().unwrap();
        assert_eq!(
            name,
            "records-20260101T000000.000001Z-00000000000000000001-20260101T000000.000002Z.jsonl.gz"
        );
        assert_eq!(Span::of_name(&name).unwrap().first.id, RecordId(1));
    }

    #[test]
    fn a_line_that_is_damaged_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let archive = Archive::new(directory.path().to_owned());
        write(&archive, 1..=1);
        let path = fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"{}\n").unwrap();
        let broken = [fs::read(&path).unwrap(), encoder.finish().unwrap()].concat();
        fs::write(&path, broken).unwrap();
        let read: Vec<_> = archive.read(RecordFilter::default()).unwrap().collect();
        assert!(matches!(&read[..], [Err(ArchiveError::Line { number: 2, .. })]), "{read:?}");
    }
}
