//! Patterns of file names: `logs/*.log`, `logs/app-%Y-%m-%d.log`, and the files of subfolders.

use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::Target;
use super::folder::skipped_by_name;
use crate::event::NotFollowed;

/// Why something can't be followed under the name that was given.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}: {reason}", path.display())]
pub struct TargetError {
    /// The name as it was given.
    path: PathBuf,
    reason: String,
}

/// Which files below a folder are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSet {
    folder: PathBuf,
    /// What a path below the folder has to fit; without it every log file does.
    pattern: Option<Pattern>,
    /// How many folders deep files are looked for; without it to the bottom.
    deepest: Option<usize>,
    /// The names bear dates: the files continue each other.
    dated: bool,
    /// A folder below that is left out.
    except: Option<PathBuf>,
}

/// As a shell reads patterns, so that nobody has to learn others.
const AS_IN_A_SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Date specifiers and what may stand in their place.
const SPECIFIERS: [(char, &str); 11] = [
    ('Y', "[0-9][0-9][0-9][0-9]"),
    ('y', "[0-9][0-9]"),
    ('m', "[0-1][0-9]"),
    ('d', "[0-3][0-9]"),
    ('H', "[0-2][0-9]"),
    ('M', "[0-5][0-9]"),
    ('S', "[0-6][0-9]"),
    ('j', "[0-3][0-9][0-9]"),
    ('b', "[A-Z][a-z][a-z]"),
    ('F', "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]"),
    ('%', "%"),
];

impl Target {
    /// What a name on a command line means: a file, a folder, or a pattern where nothing stands under that very name.
    ///
    /// # Errors
    /// When it is a pattern and makes no sense.
    pub fn named(path: &Path, recursive: bool) -> Result<Target, TargetError> {
        if path.is_dir() {
            return Ok(if recursive {
                Target::Files(FileSet::all_below(path))
            } else {
                Target::Folder(path.to_owned())
            });
        }
        if std::fs::symlink_metadata(path).is_ok() || !path.components().any(is_pattern) {
            return Ok(Target::Path(path.to_owned()));
        }
        FileSet::of_pattern(path, recursive).map(Target::Files)
    }
}

impl FileSet {
    /// Every log file of a folder and its subfolders.
    pub fn all_below(folder: &Path) -> FileSet {
        FileSet { folder: folder.to_owned(), pattern: None, deepest: None, dated: false, except: None }
    }

    /// The same without the files of one of the subfolders; they are listed all the same.
    #[must_use]
    pub fn without(self, subfolder: PathBuf) -> FileSet {
        FileSet { except: Some(subfolder), ..self }
    }

    fn of_pattern(path: &Path, recursive: bool) -> Result<FileSet, TargetError> {
        let wrong = |reason: String| TargetError { path: path.to_owned(), reason };
        let folder: PathBuf = path.components().take_while(|component| !is_pattern(*component)).collect();
        let below = path.strip_prefix(&folder).unwrap_or(path);
        let below = below.to_str().ok_or_else(|| wrong("a pattern has to be UTF-8".to_owned()))?;
        let (mut text, dated) = without_dates(below).map_err(wrong)?;
        if recursive {
            text.insert_str(0, "**/");
        }
        let pattern = Pattern::new(&text).map_err(|_| wrong(what_is_wrong(&text).to_owned()))?;
        let deepest = (!text.contains("**")).then(|| text.matches('/').count());
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        Ok(FileSet { folder, pattern: Some(pattern), deepest, dated, except: None })
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether names have to fit a pattern.
    pub(super) fn has_pattern(&self) -> bool {
        self.pattern.is_some()
    }

    /// Whether the newest file continues the others.
    pub(super) fn is_dated(&self) -> bool {
        self.dated
    }

    /// The same below the folder's full name.
    pub(super) fn absolute(&self) -> std::io::Result<FileSet> {
        Ok(FileSet { folder: std::path::absolute(&self.folder)?, ..self.clone() })
    }

    /// Why a file below the folder is not followed, as its name tells.
    pub(super) fn skips(&self, path: &Path) -> Option<NotFollowed> {
        if self.except.as_ref().is_some_and(|folder| path.starts_with(folder)) {
            return Some(NotFollowed::Pattern);
        }
        let Some(pattern) = &self.pattern else { return skipped_by_name(path) };
        let Ok(below) = path.strip_prefix(&self.folder) else { return Some(NotFollowed::Pattern) };
        if !pattern.matches_with(&below.to_string_lossy(), AS_IN_A_SHELL) {
            return Some(NotFollowed::Pattern);
        }
        skipped_by_name(path).filter(|reason| *reason == NotFollowed::Compressed)
    }

    /// Whether files may stand below this subfolder. Hidden folders are none of a log's, unless they are named.
    pub(super) fn goes_into(&self, subfolder: &Path) -> bool {
        let Ok(below) = subfolder.strip_prefix(&self.folder) else { return false };
        let hidden = below.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let depth = below.components().count();
        self.deepest.is_none_or(|deepest| depth <= deepest) && !hidden
    }
}

fn is_pattern(component: Component<'_>) -> bool {
    let Component::Normal(name) = component else { return false };
    let name = name.as_encoded_bytes();
    name.iter().any(|byte| b"*?[".contains(byte)) || has_specifier(name)
}

fn has_specifier(name: &[u8]) -> bool {
    name.windows(2).any(|pair| pair[0] == b'%' && pair[1].is_ascii_alphabetic())
}

/// What no shell could make anything of, and what to write instead. The crate's own words name no remedy.
fn what_is_wrong(text: &str) -> &'static str {
    if text.contains("***") {
        "*** stands for nothing; write * for any part of a name, or ** for any folders"
    } else if text.split('/').any(|part| part.contains("**") && part != "**") {
        "** stands for any folders and has to be alone between two slashes, as in logs/**/*.log"
    } else {
        "a [ has no ] after it, as in [0-9]; for a [ that is part of the name write [[]"
    }
}

/// The pattern with its date specifiers spelled out, and whether it had any.
fn without_dates(text: &str) -> Result<(String, bool), String> {
    let mut plain = String::new();
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            plain.push(sign);
            continue;
        }
        let letter = signs.next();
        let known = SPECIFIERS.iter().find(|(specifier, _)| Some(*specifier) == letter);
        let Some((_, class)) = known else {
            let letter = letter.map_or(String::new(), |letter| letter.to_string());
            let known: String = SPECIFIERS.iter().map(|(specifier, _)| format!(" %{specifier}")).collect();
            return Err(format!("%{letter} can't be told from other text in a file name; write one of{known}"));
        };
        plain.push_str(class);
    }
    Ok((plain, has_specifier(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn set(path: &str, recursive: bool) -> FileSet {
        match Target::named(Path::new(path), recursive) {
            Ok(Target::Files(set)) => set,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pattern_is_one_only_where_nothing_has_that_name() {
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("[a]%Y.log");
        let named = |path: &Path| Target::named(path, false).unwrap();
        assert!(matches!(named(&odd), Target::Files(_)));
        std::fs::write(&odd, "").unwrap();
        assert_eq!(named(&odd), Target::Path(odd));
        assert_eq!(named(dir.path()), Target::Folder(dir.path().to_owned()));
        assert_eq!(named(Path::new("100%.log")), Target::Path("100%.log".into()));
    }

    #[test]
    fn names_fit_as_in_a_shell() {
        let logs = set("/var/log/*.log", false);
        assert_eq!(logs.folder(), Path::new("/var/log"));
        let fits = |set: &FileSet, path: &str| set.skips(Path::new(path)).is_none();
        assert!(fits(&logs, "/var/log/a.log") && !logs.is_dated());
        for other in ["/var/log/a.log.1", "/var/log/.a.log", "/var/log/sub/a.log", "/srv/a.log"] {
            assert_eq!(logs.skips(Path::new(other)), Some(NotFollowed::Pattern), "{other}");
        }
        assert!(!logs.goes_into(Path::new("/var/log/sub")));
        let all = set("/var/log/*", false);
        assert_eq!(all.skips(Path::new("/var/log/a.gz")), Some(NotFollowed::Compressed));
        assert_eq!(set("*.log", false).folder(), Path::new("."));
    }

    #[test]
    fn subfolders_are_entered_as_deep_as_the_pattern_goes() {
        let one = set("/srv/*/logs/a?.log", false);
        assert!(one.goes_into(Path::new("/srv/x/logs")) && !one.goes_into(Path::new("/srv/x/logs/deep")));
        assert!(one.skips(Path::new("/srv/x/logs/a1.log")).is_none());
        let all = set("/srv/*.log", true);
        assert!(all.goes_into(Path::new("/srv/a/b/c")) && !all.goes_into(Path::new("/srv/.git")));
        assert!(all.skips(Path::new("/srv/a/b.log")).is_none() && all.skips(Path::new("/srv/b.log")).is_none());
    }

    #[test]
    fn dates_are_digits() {
        let daily = set("/logs/app-%Y-%m-%d.log", false);
        assert!(daily.is_dated());
        assert!(daily.skips(Path::new("/logs/app-2026-11-24.log")).is_none());
        for other in ["/logs/app-2026-11-4.log", "/logs/app-today.log", "/logs/app-2026-11-24.log.1"] {
            assert!(daily.skips(Path::new(other)).is_some(), "{other}");
        }
        let error = Target::named(Path::new("/logs/%Q.log"), false).unwrap_err().to_string();
        assert!(error.starts_with("/logs/%Q.log: %Q can't be told") && error.contains(" %Y %y %m"), "{error}");
    }

    #[test]
    fn what_is_no_pattern_is_named_with_a_remedy() {
        let error = |path: &str| Target::named(Path::new(path), false).unwrap_err().to_string();
        for (path, remedy) in [
            ("/logs/[a.log", "part of the name write [[]"),
            ("/logs/[a-.log", "a [ has no ]"),
            ("/logs/***.log", "write * for any part of a name"),
            ("/logs/a**.log", "alone between two slashes"),
        ] {
            assert!(error(path).starts_with(&format!("{path}: ")) && error(path).contains(remedy), "{}", error(path));
        }
        assert!(set("/logs/[[]a.log", false).skips(Path::new("/logs/[a.log")).is_none());
    }
}
