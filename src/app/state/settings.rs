//! The settings that persist between sessions of the program: window size, theme, panels, saved layouts, the
//! speed of the slow motion, the smoothing, and whether phases are shaded.

use super::Model;
use super::layout::{LayoutNode, SavedLayout};
use super::playback::Playback;
use crate::run::file::files;
use egui::Theme;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The content of the settings file. Every key is optional; keys of other versions are preserved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct WindowSettings {
    dark: bool,
    phases: bool,
    replay_speed: f64,
    /// Width and height in points.
    window: Option<[f32; 2]>,
    /// The smoothing, by preset name.
    smoothing: BTreeMap<String, f64>,
    panels: Option<LayoutNode>,
    layouts: Vec<SavedLayout>,
    #[serde(flatten)]
    other: toml::Table,
}

impl Default for WindowSettings {
    fn default() -> Self {
        let replay_speed = Playback::default().speed;
        Self {
            dark: false,
            phases: false,
            replay_speed,
            window: None,
            smoothing: BTreeMap::new(),
            panels: None,
            layouts: Vec::new(),
            other: toml::Table::new(),
        }
    }
}

/// Maximum size of a settings file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Minimum and maximum side length of a restored window, in points.
const SIDES: std::ops::RangeInclusive<f32> = 100.0..=16_384.0;

/// The path of the user's settings file; `None` if there is no home directory.
pub(crate) fn path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "brink").map(|dirs| dirs.config_dir().join("settings.toml"))
}

impl WindowSettings {
    /// Reads the settings. A missing file yields the defaults. So does a broken file, which is moved aside;
    /// the message says so.
    pub fn load(path: &Path) -> (Self, Option<String>) {
        match Self::read(path) {
            Ok(settings) => (settings, None),
            Err(reason) => {
                let aside = path.with_added_extension("broken");
                let kept = match std::fs::rename(path, &aside) {
                    Ok(()) => format!("the file is kept as {}", aside.display()),
                    Err(error) => format!("the file is written anew, as it cannot be renamed ({error})"),
                };
                let text = format!(
                    "The settings in {} cannot be read ({}); the defaults are used, and {kept}",
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
        if speed.is_nan() || speed <= 0.0 {
            return Err(format!("replay_speed = {speed} is not a positive number"));
        }
        if let Some([width, height]) = settings.window
            && ![width, height].iter().all(|side| SIDES.contains(side))
        {
            return Err(format!("window = [{width}, {height}] is no size of a window"));
        }
        if let Some((preset, steps)) =
            settings.smoothing.iter().find(|(_, steps)| !(steps.is_finite() && **steps >= 0.0))
        {
            return Err(format!("smoothing.{preset} = {steps} is not a number from 0 on"));
        }
        Ok(settings)
    }

    /// The remembered window size, if any.
    pub fn window_size() -> Option<[f32; 2]> {
        Self::read(&path()?).ok()?.window
    }

    /// The settings to remember for a window.
    pub fn of(model: &Model) -> Self {
        Self {
            dark: model.layout.theme == Theme::Dark,
            phases: model.layout.own_look.as_ref().map_or(model.view.plots.show_phases, |look| look.phases),
            replay_speed: model.view.playback.speed,
            window: model.layout.window_size,
            smoothing: model.view.smoothing.clone(),
            panels: LayoutNode::from_tree(
                model.layout.own_look.as_ref().map_or(&model.layout.tree, |look| &look.tree),
            ),
            layouts: model.layout.saved.clone(),
            other: model.layout.other_settings.clone(),
        }
    }

    /// Applies the remembered settings to a window.
    pub fn restore(self, model: &mut Model) {
        let Self { dark, phases, replay_speed, window, smoothing, panels, layouts, other } = self;
        model.layout.theme = if dark { Theme::Dark } else { Theme::Light };
        model.view.plots.show_phases = phases;
        model.view.playback.speed = replay_speed;
        (model.layout.window_size, model.layout.other_settings) = (window, other);
        if let Some(steps) = smoothing.get(&model.runs.facts.preset) {
            model.view.plots.smoothing_steps = *steps;
        }
        model.view.smoothing = smoothing;
        model.layout.saved = layouts;
        // with the panels of another version, nothing may be left to show
        if let Some(tree) = panels.map(|node| node.tree()).filter(|tree| !tree.is_empty()) {
            model.layout.tree = tree;
        }
    }

    /// Writes the settings atomically.
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
    use crate::app::state::layout::Arrangement;

    #[test]
    fn settings_come_back_as_they_were_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("of a new user/settings.toml");
        assert_eq!(WindowSettings::load(&path), (WindowSettings::default(), None));
        let panels = Arrangement::Lecture.node(&[]);
        let settings = WindowSettings {
            dark: true,
            phases: true,
            replay_speed: 0.5,
            window: Some([1000.0, 700.5]),
            smoothing: [("digits, \"noisy\"".to_owned(), 12.5)].into(),
            other: toml::Table::new(),
            layouts: vec![SavedLayout {
                name: "mine: \"π\"".into(),
                panels: panels.clone().expect("built in"),
            }],
            panels,
        };
        settings.save(&path).expect("a file");
        assert_eq!(WindowSettings::load(&path), (settings, None));
    }

    #[test]
    fn a_slow_motion_without_a_limit_is_remembered() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("settings.toml");
        let settings = WindowSettings { replay_speed: f64::INFINITY, ..WindowSettings::default() };
        settings.save(&path).expect("a file");
        assert_eq!(WindowSettings::load(&path), (settings, None));
    }

    #[test]
    fn broken_settings_become_defaults_and_say_so() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("settings.toml");
        let aside = directory.path().join("settings.toml.broken");
        for broken in [
            "dark = 7",
            "\u{0}\u{1}",
            "replay_speed = -1",
            "replay_speed = nan",
            "window = [1000, 0]",
            "window = [nan, 700]",
            "smoothing.digits-mlp = -2",
            "panels = { columns = [[1.0, { nothing = 3 }]] }",
        ] {
            std::fs::write(&path, broken).expect("a file");
            let (settings, message) = WindowSettings::load(&path);
            assert_eq!(settings, WindowSettings::default());
            assert!(message.is_some_and(|message| message.contains("settings.toml.broken")), "{broken}");
            assert_eq!(std::fs::read_to_string(&aside).expect("it is put aside"), broken);
        }
        std::fs::write(&path, [0xff, 0xfe]).expect("a file");
        assert!(WindowSettings::load(&path).1.is_some());
    }
    #[test]
    fn keys_of_another_version_are_kept_and_lose_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("settings.toml");
        let text = "dark = true\nnewer = [1, 2]\n[[layouts]]\nname = \"mine\"\npanels = { panel = \"loss\" }\n\
                    [later]\nmore = \"π\"\n";
        std::fs::write(&path, text).expect("a file");
        let (settings, message) = WindowSettings::load(&path);
        assert_eq!((message, settings.layouts.len(), settings.other.len()), (None, 1, 2));
        settings.save(&path).expect("a file");
        assert_eq!(WindowSettings::load(&path), (settings, None));
    }
}
