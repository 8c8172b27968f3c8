//! The choices of the viewer for weight space.

use super::camera::Camera;
use brink_core::space::axis::Axis as AxisChoice;

/// The layers over the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The loss in colour; in three dimensions its surface.
    Loss,
    /// Lines of equal loss.
    Contours,
    /// The region where S ≤ 2/η.
    Region,
    /// The sharpness in colour, instead of the loss.
    Sharpness,
}

impl Layer {
    /// Every layer, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Loss, Self::Contours, Self::Region, Self::Sharpness];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "Loss in colour",
            Self::Contours => "Contours of the loss",
            Self::Region => "Stable region S ≤ 2/η",
            Self::Sharpness => "Sharpness in colour",
        }
    }
}

/// The viewer's choices.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneView {
    /// Whether the plane is seen from above, or as a landscape from the side.
    pub flat: bool,
    /// The camera for the view from above; its angles are not used.
    pub above: Camera,
    /// The camera for the landscape.
    pub orbit: Camera,
    /// The directions that span the plane.
    pub axes: [AxisChoice; 2],
    /// The meaning of the height: a third direction, or (`None`) the loss.
    pub third: Option<AxisChoice>,
    /// The visible layers.
    pub layers: Vec<Layer>,
}

impl Default for SceneView {
    fn default() -> Self {
        Self {
            flat: true,
            above: Camera::START,
            orbit: Camera::START,
            axes: [AxisChoice::Eigenvector(0), AxisChoice::Drift],
            third: None,
            layers: vec![Layer::Loss, Layer::Contours, Layer::Region],
        }
    }
}

/// A change that the panel requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SceneChange {
    /// Rotate by two angles, in radians.
    Turn([f32; 2]),
    /// Move the picture, in half sides of the box.
    Shift([f32; 2]),
    /// Magnify around a position, in half sides of the box from the middle.
    Magnify(f32, [f32; 2]),
    /// Restore the initial view.
    Reset,
    /// From above, or as a landscape.
    SetFlat(bool),
    /// Change the first or the second axis of the plane.
    SetAxis(usize, AxisChoice),
    /// Change the meaning of the height.
    SetThird(Option<AxisChoice>),
    /// Show or hide a layer.
    Toggle(Layer),
}

impl SceneView {
    /// The visible axes: a third one only if there is height.
    pub fn seen_axes(&self) -> impl Iterator<Item = AxisChoice> + use<> {
        self.axes.into_iter().chain(self.third.filter(|_| !self.flat))
    }

    /// The camera in use.
    pub fn camera(&self) -> &Camera {
        if self.flat { &self.above } else { &self.orbit }
    }

    fn camera_mut(&mut self) -> &mut Camera {
        if self.flat { &mut self.above } else { &mut self.orbit }
    }

    /// Whether a layer is drawn.
    pub fn shows(&self, layer: Layer) -> bool {
        self.layers.contains(&layer)
    }

    /// Applies a requested change. Two axes never have the same direction: they are swapped instead.
    pub fn apply(&mut self, change: SceneChange) {
        match change {
            SceneChange::Turn([yaw, pitch]) => self.camera_mut().turn(yaw, pitch),
            SceneChange::Shift(by) => self.camera_mut().shift(by),
            SceneChange::Magnify(factor, at) => self.camera_mut().magnify(factor, at),
            SceneChange::Reset => *self.camera_mut() = Camera::START,
            SceneChange::SetFlat(flat) => self.flat = flat,
            SceneChange::SetAxis(place, axis) if place < 2 => {
                if self.axes[1 - place] == axis {
                    self.axes.swap(0, 1);
                }
                if self.third == Some(axis) {
                    self.third = Some(self.axes[place]);
                }
                self.axes[place] = axis;
            }
            SceneChange::SetAxis(..) => {}
            SceneChange::SetThird(axis) => {
                if let Some(place) = self.axes.iter().position(|&other| Some(other) == axis)
                    && let Some(free) = self
                        .third
                        .or_else(|| AxisChoice::ALL.into_iter().find(|choice| !self.axes.contains(choice)))
                {
                    self.axes[place] = free;
                }
                self.third = axis;
            }
            SceneChange::Toggle(layer) => {
                if self.shows(layer) {
                    self.layers.retain(|&other| other != layer);
                } else {
                    // Only one of them can use the colours.
                    let other = match layer {
                        Layer::Loss => Some(Layer::Sharpness),
                        Layer::Sharpness => Some(Layer::Loss),
                        Layer::Contours | Layer::Region => None,
                    };
                    self.layers.retain(|&layer| Some(layer) != other);
                    self.layers.push(layer);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_axes_look_along_one_direction() {
        let mut view = SceneView::default();
        for change in [
            SceneChange::SetAxis(0, AxisChoice::SharpnessGradient),
            SceneChange::SetThird(Some(AxisChoice::SharpnessGradient)),
            SceneChange::SetAxis(1, AxisChoice::SharpnessGradient),
            SceneChange::SetThird(Some(AxisChoice::Principal(2))),
            SceneChange::SetThird(Some(AxisChoice::SharpnessGradient)),
            SceneChange::SetAxis(7, AxisChoice::Drift),
        ] {
            view.apply(change);
            let [a, b] = view.axes;
            assert!(a != b && view.third != Some(a) && view.third != Some(b), "{change:?}: {view:?}");
        }
    }

    #[test]
    fn loss_and_sharpness_share_the_colours() {
        let mut view = SceneView::default();
        view.apply(SceneChange::Toggle(Layer::Sharpness));
        assert!(view.shows(Layer::Sharpness) && !view.shows(Layer::Loss) && view.shows(Layer::Region));
        view.apply(SceneChange::Toggle(Layer::Sharpness));
        assert!(!view.shows(Layer::Sharpness) && !view.shows(Layer::Loss));
    }
}
