//! Which names are names in a trash.

use std::path::Path;

/// Whether a path leads into the trash of a desktop: the user's own, that of a disk, or that of macOS. A file that lies
/// there has a name, and lines that can be read.
pub(super) fn is_in_trash(path: &Path) -> bool {
    let mut folders = path.ancestors().skip(1).map(|folder| folder.file_name().unwrap_or_default());
    let (own, above, top) = (folders.next(), folders.next(), folders.next());
    let is = |name: Option<&std::ffi::OsStr>, wanted: &str| name.is_some_and(|name| name == wanted);
    let of_user = above.is_some_and(|name| name.as_encoded_bytes().starts_with(b".Trash-"));
    is(own, ".Trash") || is(own, "files") && (is(above, "Trash") || of_user || is(top, ".Trash"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_trash_is_known_and_nothing_else() {
        for path in [
            "/home/ann/.local/share/Trash/files/app.log",
            "/mnt/logs/.Trash-1000/files/app.log",
            "/mnt/logs/.Trash/1000/files/app.log",
            "/Users/ann/.Trash/app.log",
        ] {
            assert!(is_in_trash(Path::new(path)), "{path}");
        }
        for path in ["/srv/files/app.log", "/srv/Trash/app.log", "/home/ann/.local/share/Trash/info/app.log", "app.log"]
        {
            assert!(!is_in_trash(Path::new(path)), "{path}");
        }
    }
}
