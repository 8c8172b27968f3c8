//! Parsing text into a [`Preset`], and writing it back.

use super::built_in::{self, BUILT_IN};
use super::error::PresetError;
use super::keys::{self, KEYS, REQUIRED, allowed};
use super::{Preset, Seed};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Maximum size of a preset file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Changes that the command line makes to a preset.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// A file that replaces `[data]`.
    pub data: Option<PathBuf>,
    /// `key=value`, in order; applied after `data`.
    pub set: Vec<String>,
}

impl Preset {
    /// The preset with a built-in name, or from a file.
    ///
    /// # Errors
    /// If there is no such preset, or if it is not valid.
    pub fn load(name_or_path: &str) -> Result<Self, PresetError> {
        Self::load_with(name_or_path, &Overrides::default())
    }

    /// The preset with a built-in name, or from a file, with the changes of the command line.
    ///
    /// # Errors
    /// If there is no such preset, or if it is not valid with the changes.
    pub fn load_with(name_or_path: &str, overrides: &Overrides) -> Result<Self, PresetError> {
        let mut table = table_of(&text_of(name_or_path)?)?;
        if let Some(path) = &overrides.data {
            let data = Table::from_iter([
                ("name".to_owned(), Value::from("file")),
                ("path".to_owned(), Value::from(path.to_string_lossy().into_owned())),
            ]);
            table.insert("data".into(), Value::Table(data));
            // The bundled initial weights belong to the bundled data.
            if let Some(Value::Table(run)) = table.get_mut("run")
                && run.get("seed").and_then(Value::as_str) == Some("bundled")
            {
                run.insert("seed".into(), Value::Integer(0));
            }
        }
        for text in &overrides.set {
            set(&mut table, text)?;
        }
        let preset = from_table(table)?;
        preset.validate()?;
        Ok(preset)
    }

    /// Parses and validates a preset.
    ///
    /// # Errors
    /// If the preset is not valid.
    pub fn parse(text: &str) -> Result<Self, PresetError> {
        let preset = from_table(table_of(text)?)?;
        preset.validate()?;
        Ok(preset)
    }

    /// The built-in presets with their names; the default comes first.
    ///
    /// # Panics
    /// Never: a test parses every built-in preset.
    pub fn built_in() -> Vec<(&'static str, Self)> {
        BUILT_IN
            .iter()
            .map(|(name, text)| (*name, Self::parse(text).expect("a test parses every built-in preset")))
            .collect()
    }

    /// Changes one key, such as `optimizer.eta=0.1`. The value is TOML; strings may be unquoted. On error,
    /// the preset is unchanged. [`Preset::validate`] checks values against each other, so that several
    /// changes can be made in sequence.
    ///
    /// # Errors
    /// If the text is not `key=value`, the key is unknown, or the value has the wrong type.
    pub fn set(&mut self, text: &str) -> Result<(), PresetError> {
        let mut table = self.to_table();
        set(&mut table, text)?;
        *self = from_table(table)?;
        Ok(())
    }

    /// The preset as TOML, with all defaults written out and with the version of this program.
    ///
    /// # Panics
    /// Never: a preset contains plain values only.
    pub fn resolved_toml(&self) -> String {
        let resolved = Self { version: Some(VERSION.into()), ..self.resolved() };
        toml::to_string(&resolved).expect("a preset is a table of plain values")
    }

    /// The differences from another preset as `key=value`, in the order of the file: applied to that preset,
    /// they give this one.
    pub fn differences(&self, base: &Self) -> Vec<String> {
        let (mine, theirs) = (self.resolved().to_table(), base.resolved().to_table());
        let find = |table: &Table, path: &str| lookup(&Value::Table(table.clone()), path).cloned();
        let differs =
            |key: &&keys::Key| key.path != "version" && find(&mine, key.path) != find(&theirs, key.path);
        let change = |key: &keys::Key| Some(format!("{}={}", key.path, find(&mine, key.path)?));
        KEYS.iter().filter(differs).filter_map(change).collect()
    }

    fn to_table(&self) -> Table {
        Table::try_from(self).expect("a preset is a table of plain values")
    }

    /// The seed of the random parts of the data.
    pub fn data_seed(&self) -> Seed {
        self.data.as_ref().and_then(|d| d.seed).unwrap_or(self.run.seed)
    }
}

fn text_of(name_or_path: &str) -> Result<String, PresetError> {
    if let Some(text) = built_in::text(name_or_path) {
        return Ok(text.to_owned());
    }
    let path = Path::new(name_or_path);
    let looks_like_path = path.extension().is_some_and(|e| e == "toml") || path.components().count() > 1;
    if !looks_like_path && !path.exists() {
        let known = BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        return Err(PresetError::Unknown { name: name_or_path.into(), known });
    }
    let unreadable = |source| PresetError::Unreadable { path: path.into(), source };
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let mut content = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(PresetError::TooLarge { path: path.into(), bytes, limit: MAX_BYTES });
    }
    String::from_utf8(content).map_err(|e| PresetError::NotText { offset: e.utf8_error().valid_up_to() })
}

/// Parses the text (a byte order mark is skipped) without checking the keys.
fn table_of(text: &str) -> Result<Table, PresetError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table: Table = text.parse().map_err(|e: toml::de::Error| {
        let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        PresetError::Syntax { line, column, message: e.message().replace('\n', " ") }
    })?;
    if table.is_empty() { Err(PresetError::Empty) } else { Ok(table) }
}

/// Sets one key of the table; creates its section if necessary.
fn set(table: &mut Table, text: &str) -> Result<(), PresetError> {
    let refused = || PresetError::Set { text: text.into() };
    let (path, value) = text.split_once('=').ok_or_else(refused)?;
    let path = path.trim();
    // The section of the landscape may be written as part of the model's section.
    let path = path.strip_prefix("model.").filter(|p| p.starts_with("landscape.")).unwrap_or(path);
    if path.is_empty() || path.split('.').any(str::is_empty) {
        return Err(refused());
    }
    let value = value_of(value.trim());
    if !KEYS.iter().any(|k| k.path == path) {
        return Err(unknown(path, &value));
    }
    match path.split_once('.') {
        None => {
            table.insert(path.into(), value);
        }
        Some((section, name)) => {
            let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(section) = section else { return Err(wrong_type(path, section)) };
            section.insert(name.into(), value);
        }
    }
    Ok(())
}

/// A TOML value, or a string if the text is not TOML. `NaN` and `Infinity` are numbers in any spelling.
fn value_of(text: &str) -> Value {
    let spelled = match text.to_ascii_lowercase().trim_start_matches('+') {
        "nan" | "-nan" => Some(f64::NAN),
        "inf" | "infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    };
    if let Some(number) = spelled {
        return Value::Float(number);
    }
    match format!("value = {text}").parse::<Table>() {
        Ok(mut table) if table.len() == 1 => table.remove("value").unwrap_or_else(|| Value::from(text)),
        _ => Value::from(text),
    }
}

fn from_table(mut table: Table) -> Result<Preset, PresetError> {
    if let Some(Value::Table(model)) = table.get_mut("model")
        && let Some(landscape) = model.remove("landscape")
    {
        table.entry("landscape").or_insert(landscape);
    }
    check_version(&table)?;
    for (name, value) in &table {
        match value {
            Value::Table(section) if keys::is_section(name) => {
                for (key, value) in section {
                    let path = format!("{name}.{key}");
                    if !KEYS.iter().any(|k| k.path == path) {
                        return Err(unknown(&path, value));
                    }
                }
            }
            _ if keys::is_section(name) => {
                let allowed = format!("a section; {}", keys::neighbours(&format!("{name}.")));
                return Err(PresetError::Value { key: name.clone(), value: shown(value), allowed });
            }
            _ if !KEYS.iter().any(|k| k.path == name) => return Err(unknown(name, value)),
            _ => {}
        }
    }
    for path in REQUIRED {
        require(&table, path)?;
    }
    for (section, path) in [
        ("data", "data.name"),
        ("loss", "loss.kind"),
        ("landscape", "landscape.name"),
        ("landscape", "landscape.start"),
    ] {
        if table.contains_key(section) {
            require(&table, path)?;
        }
    }
    let whole = Value::Table(table);
    whole.clone().try_into().map_err(|e: toml::de::Error| {
        // The error message ends with the path of the key: "in `optimizer.eta`".
        let text = e.to_string();
        let path = text.rsplit_once("in `").and_then(|(_, rest)| rest.split_once('`')).map_or("", |(p, _)| p);
        match lookup(&whole, path) {
            Some(value) => wrong_type(path, value),
            None => PresetError::Syntax { line: 1, column: 1, message: e.message().to_owned() },
        }
    })
}

fn check_version(table: &Table) -> Result<(), PresetError> {
    let Some(value) = table.get("version") else { return Ok(()) };
    let numbers = |text: &str| -> Option<[u32; 3]> {
        let parts: Option<Vec<u32>> = text.split('.').map(|p| p.parse().ok()).collect();
        parts?.try_into().ok()
    };
    match value.as_str().and_then(numbers) {
        None => Err(wrong_type("version", value)),
        Some(theirs) if Some(theirs) > numbers(VERSION) => {
            Err(PresetError::Newer { version: value.as_str().unwrap_or_default().to_owned(), ours: VERSION })
        }
        Some(_) => Ok(()),
    }
}

fn require(table: &Table, path: &str) -> Result<(), PresetError> {
    let (section, name) = path.split_once('.').unwrap_or(("", path));
    if table.get(section).and_then(|s| s.get(name)).is_some() {
        return Ok(());
    }
    Err(PresetError::Missing { key: path.to_owned(), allowed: allowed(path) })
}

fn lookup<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return None;
    }
    path.split('.').try_fold(value, |value, key| value.get(key))
}

fn unknown(path: &str, value: &Value) -> PresetError {
    PresetError::UnknownKey {
        key: path.chars().take(100).collect(),
        value: shown(value),
        neighbours: keys::neighbours(path),
    }
}

fn wrong_type(path: &str, value: &Value) -> PresetError {
    PresetError::Value { key: path.into(), value: shown(value), allowed: allowed(path) }
}

/// A value for a message, on one line and truncated if too long.
pub(super) fn shown(value: &Value) -> String {
    const MOST: usize = 80;
    let text = match value {
        Value::Table(_) => "a section".to_owned(),
        other => other.to_string().replace('\n', " "),
    };
    if text.chars().count() <= MOST {
        return text;
    }
    text.chars().take(MOST).chain(['…']).collect()
}
