//! What is told: a divider of one line, or a text of several, and how loud each is said.

/// How loud something is said. Loud is kept for loss, errors and deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// As labels are.
    Quiet,
    /// As text is.
    Plain,
    /// Something came into being or recovered.
    Good,
    /// Trouble that is not loss.
    Warn,
    /// Loss, errors, deletes.
    Bad,
}

/// A divider in the log: one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Divider {
    /// What happened, in a word.
    pub verb: String,
    /// How the word is said.
    pub tone: Tone,
    /// Session time.
    pub time: String,
    /// Who did it to which file.
    pub deed: String,
    /// What came of it; may be empty.
    pub outcome: String,
}

/// What is to be told about something: the consequence follows the title.
#[derive(Clone, Debug, PartialEq)]
pub struct Telling {
    /// Who did what.
    pub title: String,
    /// When, which file.
    pub facts: String,
    /// What came of it, the best first.
    pub lines: Vec<(Tone, String)>,
}

impl Telling {
    /// All of it as one text, for assistive software and messages.
    pub fn text(&self) -> String {
        let mut text = self.title.clone();
        for (_, line) in &self.lines {
            let ended = text.ends_with(['.', '。', '!', '?']);
            text.push_str(if ended { " " } else { ". " });
            text.push_str(line);
        }
        text
    }
}
