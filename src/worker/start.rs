//! How a worker's process comes to be.

use serde::{Deserialize, Serialize};

/// How a worker's process comes to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartMethod {
    /// A fresh process that gets only what it needs.
    #[default]
    Spawn,
    /// Forked from a server process that has loaded nothing.
    Forkserver,
    /// Forked from a parent that has loaded all.
    Fork,
}

/// All of them, in the order in which they are shown.
pub const START_METHODS: [StartMethod; 3] = [StartMethod::Spawn, StartMethod::Forkserver, StartMethod::Fork];

impl StartMethod {
    /// As written in the lab file.
    pub fn name(self) -> &'static str {
        match self {
            StartMethod::Spawn => "spawn",
            StartMethod::Forkserver => "forkserver",
            StartMethod::Fork => "fork",
        }
    }

    /// The method of this name.
    pub fn named(name: &str) -> Option<StartMethod> {
        START_METHODS.into_iter().find(|method| method.name() == name)
    }

    /// The key of the sentence in the catalogue of strings that says what it does.
    pub fn sentence_key(self) -> &'static str {
        match self {
            StartMethod::Spawn => "start-spawn",
            StartMethod::Forkserver => "start-forkserver",
            StartMethod::Fork => "start-fork",
        }
    }
}
