//! The appearance of the window: the tour and free play each have their own, which is restored on return.

use super::Model;
use super::layout::{Arrangement, Tree};
use crate::picture::view::scene_view::SceneView;

/// The viewer's arrangement, independent of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Appearance {
    /// The panels.
    pub tree: Tree,
    /// Whether the central flow's curves are shown.
    pub central_flow: bool,
    /// Whether the phases of cycles are shaded.
    pub phases: bool,
    /// The view of weight space.
    pub scene: SceneView,
}

impl Default for Appearance {
    fn default() -> Self {
        Self {
            tree: Arrangement::default_tree(),
            central_flow: true,
            phases: false,
            scene: SceneView::default(),
        }
    }
}

impl Model {
    /// The current appearance of the window.
    pub(crate) fn look(&self) -> Appearance {
        let view = &self.view.plots;
        Appearance {
            tree: self.layout.tree.clone(),
            central_flow: view.show_central_flow,
            phases: view.show_phases,
            scene: view.scene.clone(),
        }
    }

    /// Applies another appearance.
    pub(crate) fn take_look(&mut self, look: Appearance) {
        let Appearance { tree, central_flow, phases, scene } = look;
        self.layout.tree = tree;
        (self.view.plots.show_central_flow, self.view.plots.show_phases, self.view.plots.scene) =
            (central_flow, phases, scene);
    }
}
