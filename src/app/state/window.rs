//! The arrangement of the window and its persistent part.

use super::layout::{Arrangement, SavedLayout, Tree};
use super::look::Appearance;
use egui::Theme;

/// The arrangement of the window.
#[derive(Clone, Debug)]
pub struct WindowLayout {
    /// The arrangement of the panels.
    pub tree: Tree,
    /// Saved layouts.
    pub saved: Vec<SavedLayout>,
    /// The theme: light or dark.
    pub theme: Theme,
    /// Whether presenter mode is on, which shows plots for a projector.
    pub presenter: bool,
    /// The user's own appearance, kept while the tour uses another one.
    pub own_look: Option<Appearance>,
    /// Width and height of the window in points, once known.
    pub window_size: Option<[f32; 2]>,
    /// Settings keys unknown to this version, which are preserved.
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
