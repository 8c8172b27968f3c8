//! What the window remembers between two runs: theme, panels, saved layouts, the speed of the slow motion.

use super::layout::{Node, Saved};
use super::model::Model;
use super::playback::Playback;
use crate::run::files;
use egui::Theme;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The settings file's content. Every key may be missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    dark: bool,
    replay_speed: f64,
    panels: Option<Node>,
    layouts: Vec<Saved>,
}

impl Default for Settings {
    fn default() -> Self {
        let replay_speed = Playback::default().speed;
        Self { dark: false, replay_speed, panels: None, layouts: Vec::new() }
    }
}

/// Largest settings file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Where the settings of this user are; nothing where there is no home directory.
pub(super) fn path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "brink").map(|dirs| dirs.config_dir().join("settings.toml"))
}

impl Settings {
    /// Reads the settings. A file that is not there means the defaults; one that is broken too, and the message says
    /// so.
    pub fn load(path: &Path) -> (Self, Option<String>) {
        match Self::read(path) {
            Ok(settings) => (settings, None),
            Err(reason) => {
                let text = format!(
                    "The settings in {} cannot be read ({}); the defaults are used, and the file is written anew",
                    path.display(),
                    reason.trim()
                );
                (Self::default(), Some(text))
            }
        }
    }

    fn read(path: &Path) -> Result<Self, String> {
        let size = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error.to_string()),
        };
        if size > LARGEST {
            return Err(format!("it has {size} bytes, more than {LARGEST}"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let settings: Self = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
        let speed = settings.replay_speed;
        if !(speed.is_finite() && speed > 0.0) {
            return Err(format!("replay_speed = {speed} is not a positive number"));
        }
        Ok(settings)
    }

    /// What a window would remember.
    pub fn of(model: &Model) -> Self {
        Self {
            dark: model.theme == Theme::Dark,
            replay_speed: model.playback.speed,
            panels: Node::from_tree(model.own_tree.as_ref().unwrap_or(&model.tree)),
            layouts: model.layouts.clone(),
        }
    }

    /// Gives a window what was remembered.
    pub fn restore(self, model: &mut Model) {
        let Self { dark, replay_speed, panels, layouts } = self;
        model.theme = if dark { Theme::Dark } else { Theme::Light };
        model.playback.speed = replay_speed;
        model.layouts = layouts;
        // panels of another version may leave nothing to show
        if let Some(tree) = panels.map(|node| node.tree()).filter(|tree| !tree.is_empty()) {
            model.tree = tree;
        }
    }

    /// Writes the settings, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| {
            format!("The settings cannot be written to {}: {error}", path.display())
        };
        let text = toml::to_string(self).map_err(|error| failed(&error))?;
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| failed(&error))?;
        }
        files::write_whole(path, |file| file.write_all(text.as_bytes())).map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::layout::Arrangement;

    #[test]
    fn settings_come_back_as_they_were_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("of a new user/settings.toml");
        assert_eq!(Settings::load(&path), (Settings::default(), None));
        let panels = Arrangement::Lecture.node(&[]);
        let settings = Settings {
            dark: true,
            replay_speed: 0.5,
            layouts: vec![Saved { name: "mine: \"π\"".into(), panels: panels.clone().expect("built in") }],
            panels,
        };
        settings.save(&path).expect("a file");
        assert_eq!(Settings::load(&path), (settings, None));
    }

    #[test]
    fn broken_settings_become_defaults_and_say_so() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("settings.toml");
        for broken in [
            "dark = 7",
            "unknown = 1",
            "\u{0}\u{1}",
            "replay_speed = -1",
            "replay_speed = nan",
            "panels = { columns = [[1.0, { nothing = 3 }]] }",
        ] {
            std::fs::write(&path, broken).expect("a file");
            let (settings, message) = Settings::load(&path);
            assert_eq!(settings, Settings::default());
            assert!(message.is_some_and(|message| message.contains("settings.toml")), "{broken}");
        }
        std::fs::write(&path, [0xff, 0xfe]).expect("a file");
        assert!(Settings::load(&path).1.is_some());
    }
}
