//! Every word on screen, from one catalogue in two languages (Project Fluent).

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// The system's language, or English where the catalogue has none of it.
    pub fn of_system() -> Language {
        Language::of_tags(sys_locale::get_locales())
    }

    fn of_tags(tags: impl Iterator<Item = String>) -> Language {
        for tag in tags {
            if tag.starts_with("zh") {
                return Language::Chinese;
            }
            if tag.starts_with("en") {
                return Language::English;
            }
        }
        Language::English
    }

    fn id(self) -> LanguageIdentifier {
        let tag = match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        };
        tag.parse().unwrap_or_default()
    }

    fn sources(self) -> [&'static str; 11] {
        match self {
            Language::English => [
                include_str!("../../assets/text/en/window.ftl"),
                include_str!("../../assets/text/en/log.ftl"),
                include_str!("../../assets/text/en/timeline.ftl"),
                include_str!("../../assets/text/en/story.ftl"),
                include_str!("../../assets/text/en/compare.ftl"),
                include_str!("../../assets/text/en/locks.ftl"),
                include_str!("../../assets/text/en/new_lab.ftl"),
                include_str!("../../assets/text/en/deleted.ftl"),
                include_str!("../../assets/text/en/nest.ftl"),
                include_str!("../../assets/text/en/encoding.ftl"),
                include_str!("../../assets/text/en/programs.ftl"),
            ],
            Language::Chinese => [
                include_str!("../../assets/text/zh/window.ftl"),
                include_str!("../../assets/text/zh/log.ftl"),
                include_str!("../../assets/text/zh/timeline.ftl"),
                include_str!("../../assets/text/zh/story.ftl"),
                include_str!("../../assets/text/zh/compare.ftl"),
                include_str!("../../assets/text/zh/locks.ftl"),
                include_str!("../../assets/text/zh/new_lab.ftl"),
                include_str!("../../assets/text/zh/deleted.ftl"),
                include_str!("../../assets/text/zh/nest.ftl"),
                include_str!("../../assets/text/zh/encoding.ftl"),
                include_str!("../../assets/text/zh/programs.ftl"),
            ],
        }
    }
}

/// The catalogue in one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    /// The catalogue in this language.
    pub fn new(language: Language) -> Words {
        let mut bundle = FluentBundle::new_concurrent(vec![language.id()]);
        // Isolation marks are invisible, but they would be copied, searched for and drawn as boxes by some fonts.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(number) if number.value.fract() == 0.0 => Some(grouped(number.value)),
            _ => None,
        }));
        for source in language.sources() {
            // A part that does not parse is left out; the tests see to it that there is none.
            let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
            let _ = bundle.add_resource(resource);
        }
        Words { language, bundle }
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A message without arguments. `key` may name an attribute: `message.attribute`.
    pub fn tr(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// A message with arguments, as in `tr_args("files-lines", &[("n", 3.into())])`. Numbers are grouped by thousands
    /// and choose the plural form.
    pub fn tr_args(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
        self.format(key, Some(&args))
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let (id, attribute) = key.split_once('.').map_or((key, None), |(id, attribute)| (id, Some(attribute)));
        let pattern = self.bundle.get_message(id).and_then(|message| match attribute {
            Some(attribute) => Some(message.get_attribute(attribute)?.value()),
            None => message.value(),
        });
        match pattern {
            // The key itself is the least bad thing to show; a test keeps it from happening.
            None => key.to_owned(),
            Some(pattern) => {
                let mut errors = Vec::new();
                self.bundle.format_pattern(pattern, args, &mut errors).into_owned()
            }
        }
    }
}

/// A whole number in groups of three digits: `48,190`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn grouped(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", number(value.abs() as u64))
}

/// A size in bytes, short: `812 B`, `41.2 kB`, `4.1 MB`. Decimal units, as file managers show them.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 99.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// A gap, short: `0.84 ms`, `3.1 ms`, `340 ms`, `2.4 s`.
pub fn gap(ms: f64) -> String {
    if ms < 0.995 {
        format!("{ms:.2} ms")
    } else if ms < 99.95 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use fluent_syntax::ast;

    use super::*;

    /// Every message and attribute, with the names of its arguments.
    fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys = BTreeMap::new();
        for source in language.sources() {
            let resource = fluent_syntax::parser::parse(source).unwrap_or_else(|(_, errors)| {
                panic!("{language:?}: {errors:?}");
            });
            for entry in &resource.body {
                let ast::Entry::Message(message) = entry else { continue };
                if let Some(value) = &message.value {
                    assert!(keys.insert(message.id.name.to_owned(), arguments(value)).is_none(), "{}", message.id.name);
                }
                for attribute in &message.attributes {
                    let key = format!("{}.{}", message.id.name, attribute.id.name);
                    keys.insert(key, arguments(&attribute.value));
                }
            }
        }
        keys
    }

    fn arguments(pattern: &ast::Pattern<&str>) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        collect(pattern, &mut names);
        names
    }

    fn collect(pattern: &ast::Pattern<&str>, names: &mut BTreeSet<String>) {
        for element in &pattern.elements {
            let ast::PatternElement::Placeable { expression } = element else { continue };
            match expression {
                ast::Expression::Inline(inline) => collect_inline(inline, names),
                ast::Expression::Select { selector, variants } => {
                    collect_inline(selector, names);
                    for variant in variants {
                        collect(&variant.value, names);
                    }
                }
            }
        }
    }

    fn collect_inline(inline: &ast::InlineExpression<&str>, names: &mut BTreeSet<String>) {
        match inline {
            ast::InlineExpression::VariableReference { id } => {
                names.insert(id.name.to_owned());
            }
            ast::InlineExpression::Placeable { expression } => {
                if let ast::Expression::Inline(inner) = expression.as_ref() {
                    collect_inline(inner, names);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn both_languages_say_the_same_things_of_the_same_arguments() {
        let (english, chinese) = (keys(Language::English), keys(Language::Chinese));
        for (key, arguments) in &english {
            assert_eq!(Some(arguments), chinese.get(key), "{key}");
        }
        for key in chinese.keys() {
            assert!(english.contains_key(key), "{key} is in Chinese only");
        }
    }

    #[test]
    fn every_key_that_the_code_names_exists() {
        let known = keys(Language::English);
        let mut named = 0;
        for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gui")) {
            let source = std::fs::read_to_string(&path).unwrap();
            for call in ["tr(\"", "tr_args(\""] {
                for (at, _) in source.match_indices(call) {
                    let before = source[..at].chars().last();
                    if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"') {
                        continue;
                    }
                    let key = source[at + call.len()..].split('"').next().unwrap();
                    assert!(known.contains_key(key), "{}: {key}", path.display());
                    named += 1;
                }
            }
        }
        assert!(named > 0, "no source was searched");
    }

    #[test]
    fn every_word_of_the_code_that_looks_like_a_key_is_one() {
        let known = keys(Language::English);
        let families: BTreeSet<&str> =
            known.keys().filter_map(|key| key.split_once('-')).map(|(first, _)| first).collect();
        let mut looked_at = 0;
        for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gui")) {
            let source = std::fs::read_to_string(&path).unwrap();
            // Every second piece between quotation marks stands in a literal; one quoted mark more or less does no harm,
            // because code between literals never looks like a key.
            for word in source.split('"') {
                let Some((first, rest)) = word.split_once('-') else { continue };
                let looks_like_a_key = families.contains(first)
                    && !rest.is_empty()
                    && rest.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
                    && !rest.ends_with('-');
                if looks_like_a_key {
                    looked_at += 1;
                    assert!(known.contains_key(word), "{}: {word}", path.display());
                }
            }
        }
        assert!(looked_at > 50, "only {looked_at} words were looked at");
    }

    fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(sources(&path));
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("text.rs") {
                found.push(path);
            }
        }
        found
    }

    #[test]
    fn plural_forms_and_groups_of_digits() {
        let english = Words::new(Language::English);
        assert_eq!(english.tr_args("count-lines", &[("n", 1.into())]), "1 line");
        assert_eq!(english.tr_args("count-lines", &[("n", 48_190.into())]), "48,190 lines");
        let chinese = Words::new(Language::Chinese);
        assert_eq!(chinese.tr_args("count-lines", &[("n", 1_000.into())]), "1,000 行");
    }

    #[test]
    fn the_system_decides_unless_it_speaks_neither() {
        let of = |tags: &[&str]| Language::of_tags(tags.iter().map(|tag| (*tag).to_owned()));
        assert_eq!(of(&["zh-Hans-CN", "en"]), Language::Chinese);
        assert_eq!(of(&["fr-FR", "en-GB", "zh"]), Language::English);
        assert_eq!(of(&["C"]), Language::English);
        assert_eq!(of(&[]), Language::English);
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_066), "1,066");
        assert_eq!(number(10_380_000), "10,380,000");
        assert_eq!([size(0), size(999), size(41_234), size(4_100_000)], ["0 B", "999 B", "41.2 kB", "4.1 MB"]);
        assert_eq!(size(999_999), "1.0 MB");
        assert_eq!([gap(0.84), gap(3.12), gap(340.4), gap(2_400.0)], ["0.84 ms", "3.1 ms", "340 ms", "2.4 s"]);
    }
}
