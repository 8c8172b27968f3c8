//! How the window is arranged, and what it remembers of that.

use super::layout::{Arrangement, SavedLayout, Tree};
use super::look::Appearance;
use egui::Theme;

/// How the window is arranged.
#[derive(Clone, Debug)]
pub struct WindowLayout {
    /// How the panels are arranged.
    pub tree: Tree,
    /// Arrangements that were saved.
    pub saved: Vec<SavedLayout>,
    /// Light or dark.
    pub theme: Theme,
    /// Whether the window shows plots for a projector.
    pub presenter: bool,
    /// The user's own look while the tour has one.
    pub own_look: Option<Appearance>,
    /// Width and height of the window in points, once they are known.
    pub window_size: Option<[f32; 2]>,
    /// Keys of the settings that this version does not know, to be kept.
    pub other_settings: toml::Table,
}

impl Default for WindowLayout {
    fn default() -> Self {
        Self {
            tree: Arrangement::default_tree(),
            saved: Vec::new(),
            theme: Theme::Light,
            presenter: false,
            own_look: None,
            window_size: None,
            other_settings: toml::Table::new(),
        }
    }
}
