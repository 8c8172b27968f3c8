//! How the window is looked at: the tour and free play each have a look of their own, and find it again.

use super::Model;
use super::layout::{Arrangement, Tree};
use crate::picture::view::scene_view::SceneView;

/// What the viewer has arranged, apart from the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Appearance {
    /// The panels.
    pub tree: Tree,
    /// Whether the central flow's curves are shown.
    pub central_flow: bool,
    /// Whether the phases of cycles are shaded.
    pub phases: bool,
    /// How weight space is looked at.
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
    /// How the window is looked at now.
    pub(crate) fn look(&self) -> Appearance {
        let view = &self.view.plots;
        Appearance {
            tree: self.layout.tree.clone(),
            central_flow: view.show_central_flow,
            phases: view.show_phases,
            scene: view.scene.clone(),
        }
    }

    /// Looks at the window otherwise.
    pub(crate) fn take_look(&mut self, look: Appearance) {
        let Appearance { tree, central_flow, phases, scene } = look;
        self.layout.tree = tree;
        (self.view.plots.show_central_flow, self.view.plots.show_phases, self.view.plots.scene) =
            (central_flow, phases, scene);
    }
}
