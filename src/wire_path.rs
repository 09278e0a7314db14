//! Paths in JSON: as text where they are UTF-8, else as their bytes, so that no file name is lost or bent on the way.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire<'a> {
    Text(std::borrow::Cow<'a, str>),
    Bytes { bytes: Vec<u8> },
}

/// For `#[serde(with = "crate::wire_path")]`.
///
/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    match path.to_str() {
        Some(text) => Wire::Text(text.into()).serialize(serializer),
        None => Wire::Bytes { bytes: path.as_os_str().as_encoded_bytes().to_vec() }.serialize(serializer),
    }
}

/// For `#[serde(with = "crate::wire_path")]`.
///
/// # Errors
/// When the value is neither text nor an object with `bytes`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(match Wire::deserialize(deserializer)? {
        Wire::Text(text) => PathBuf::from(text.into_owned()),
        Wire::Bytes { bytes } => crate::platform::path_from_bytes(bytes),
    })
}

/// The same for a path that may be missing.
pub mod option {
    use super::{Deserialize, Deserializer, Path, PathBuf, Serialize, Serializer};

    #[derive(Serialize)]
    #[serde(transparent)]
    struct Borrowed<'a>(#[serde(serialize_with = "super::serialize")] &'a Path);

    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Owned(#[serde(deserialize_with = "super::deserialize")] PathBuf);

    /// For `#[serde(with = "crate::wire_path::option")]`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Borrowed).serialize(serializer)
    }

    /// For `#[serde(with = "crate::wire_path::option")]`.
    ///
    /// # Errors
    /// When the value is there and is no path.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<Owned>::deserialize(deserializer)?.map(|owned| owned.0))
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Both {
        #[serde(with = "super")]
        path: PathBuf,
        #[serde(with = "super::option")]
        to: Option<PathBuf>,
    }

    #[test]
    fn every_path_comes_back_as_it_was() {
        let odd = crate::platform::path_from_bytes(b"/logs/\xff\xfe.log".to_vec());
        for (path, to) in [("/logs/日.log".into(), None), (odd.clone(), Some(odd)), ("".into(), Some("a".into()))] {
            let both = Both { path, to };
            let json = serde_json::to_string(&both).unwrap();
            assert_eq!(serde_json::from_str::<Both>(&json).unwrap(), both, "{json}");
        }
        let text = serde_json::to_string(&Both { path: "a".into(), to: None }).unwrap();
        assert_eq!(text, r#"{"path":"a","to":null}"#);
    }
}
