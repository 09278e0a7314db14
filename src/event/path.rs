//! Paths in JSON: as text where they are UTF-8, else as what the system has, so that no file name is lost or bent on
//! the way.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire<'a> {
    Text(Cow<'a, str>),
    NotText(OsString),
}

/// For `#[serde(with = "crate::event::path")]`.
///
/// # Errors
/// The serializer's own.
pub(crate) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    match path.to_str() {
        Some(text) => Wire::Text(text.into()).serialize(serializer),
        None => Wire::NotText(path.into()).serialize(serializer),
    }
}

/// For `#[serde(with = "crate::event::path")]`.
///
/// # Errors
/// When the value is no path.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(match Wire::deserialize(deserializer)? {
        Wire::Text(text) => PathBuf::from(text.into_owned()),
        Wire::NotText(name) => name.into(),
    })
}

/// The same for a path that may be missing.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Path, PathBuf, Serialize, Serializer};

    #[derive(Serialize)]
    #[serde(transparent)]
    struct Borrowed<'a>(#[serde(serialize_with = "super::serialize")] &'a Path);

    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Owned(#[serde(deserialize_with = "super::deserialize")] PathBuf);

    /// For `#[serde(with = "crate::event::path::option")]`.
    ///
    /// # Errors
    /// The serializer's own.
    pub(crate) fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Borrowed).serialize(serializer)
    }

    /// For `#[serde(with = "crate::event::path::option")]`.
    ///
    /// # Errors
    /// When the value is there and is no path.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<Owned>::deserialize(deserializer)?.map(|owned| owned.0))
    }
}

/// The same for several paths.
pub(crate) mod list {
    use super::{Deserialize, Deserializer, Path, PathBuf, Serialize, Serializer};

    #[derive(Serialize)]
    #[serde(transparent)]
    struct Borrowed<'a>(#[serde(serialize_with = "super::serialize")] &'a Path);

    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Owned(#[serde(deserialize_with = "super::deserialize")] PathBuf);

    /// For `#[serde(with = "crate::event::path::list")]`.
    ///
    /// # Errors
    /// The serializer's own.
    pub(crate) fn serialize<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(paths.iter().map(|path| Borrowed(path)))
    }

    /// For `#[serde(with = "crate::event::path::list")]`.
    ///
    /// # Errors
    /// When one of the values is no path.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
        Ok(Vec::<Owned>::deserialize(deserializer)?.into_iter().map(|owned| owned.0).collect())
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Both {
        #[serde(with = "super")]
        path: PathBuf,
        #[serde(with = "super::option")]
        to: Option<PathBuf>,
        #[serde(with = "super::list")]
        all: Vec<PathBuf>,
    }

    #[test]
    fn every_path_comes_back_as_it_was() {
        let odd = PathBuf::from(OsString::from_vec(b"/logs/\xff\xfe.log".to_vec()));
        for (path, to) in [("/logs/日.log".into(), None), (odd.clone(), Some(odd)), ("".into(), Some("a".into()))] {
            let both = Both { all: vec![path.clone(), "b".into()], path, to };
            let json = serde_json::to_string(&both).unwrap();
            assert_eq!(serde_json::from_str::<Both>(&json).unwrap(), both, "{json}");
        }
        let text = serde_json::to_string(&Both { path: "a".into(), to: None, all: vec![] }).unwrap();
        assert_eq!(text, r#"{"path":"a","to":null,"all":[]}"#);
    }
}
