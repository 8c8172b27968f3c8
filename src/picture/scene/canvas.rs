//! The renderer of a figure: the window's wgpu if it has registered itself, otherwise egui's meshes.

use super::figure::Figure;
use super::mesh::mesh;
use crate::picture::style::theme::Palette;
use crate::picture::view::camera::Projection;
use crate::picture::view::scene::Scene;
use crate::picture::view::scene_view::SceneView;
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use egui::{Context, Id, Painter, Rect, Shape};
use std::sync::Arc;

/// Draws figures by a renderer other than meshes.
pub trait Canvas: Send + Sync {
    /// A shape that draws the figure into a rectangle of the screen. The figure is the same `Arc` as long as nothing
    /// in it changes.
    fn shape(&self, rect: Rect, figure: &Arc<Figure>, projection: &Projection) -> Shape;
}

#[derive(Clone)]
struct Installed(Arc<dyn Canvas>);

fn canvas_id() -> Id {
    Id::unique("brink: canvas of weight space")
}

/// Makes a context draw weight space by a canvas from now on.
pub fn install_canvas(context: &Context, canvas: Arc<dyn Canvas>) {
    context.data_mut(|data| data.insert_temp(canvas_id(), Installed(canvas)));
}

/// Makes a context draw weight space by meshes from now on.
pub fn remove_canvas(context: &Context) {
    context.data_mut(|data| data.remove::<Installed>(canvas_id()));
}

/// Whether a context has a canvas.
pub fn has_canvas(context: &Context) -> bool {
    context.data(|data| data.get_temp::<Installed>(canvas_id()).is_some())
}

/// Draws a figure into a rectangle.
pub(super) fn draw(painter: &Painter, rect: Rect, figure: &Arc<Figure>, projection: &Projection) {
    let canvas: Option<Installed> = painter.ctx().data(|data| data.get_temp(canvas_id()));
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    match canvas {
        Some(Installed(canvas)) => {
            painter.add(canvas.shape(rect, figure, projection));
        }
        None => {
            painter.add(mesh(figure, projection, rect, 1.0 / painter.ctx().pixels_per_point()));
        }
    }
}

/// The inputs of a figure.
#[derive(Clone)]
struct Recipe {
    scene: Arc<Scene>,
    view: SceneView,
    revealed: bool,
    palette: &'static Palette,
}

impl Recipe {
    fn make(&self) -> Option<Arc<Figure>> {
        Figure::new(&self.scene, &self.view, self.revealed, self.palette).map(Arc::new)
    }

    /// Whether other inputs give the same figure.
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.scene, &other.scene) && self.differs_in_scene_alone(other)
    }

    fn differs_in_scene_alone(&self, other: &Self) -> bool {
        self.view.flat == other.view.flat
            && self.view.layers == other.view.layers
            && self.revealed == other.revealed
            && std::ptr::eq(self.palette, other.palette)
    }
}

/// The latest figure, and its inputs.
#[derive(Clone)]
struct Made {
    recipe: Recipe,
    figure: Option<Arc<Figure>>,
    /// The figure in preparation on a thread. The channel has room for one message: the sender never waits.
    next: Option<(Recipe, Receiver<Option<Arc<Figure>>>)>,
}

#[derive(Clone)]
struct InBackground;

/// Makes a context prepare the figures of new scenes on threads from now on: the previous one stays visible
/// meanwhile.
pub fn make_figures_in_background(context: &Context) {
    context.data_mut(|data| data.insert_temp(Id::unique("brink: figures in the background"), InBackground));
}

fn in_background(context: &Context) -> bool {
    let id = Id::unique("brink: figures in the background");
    context.data(|data| data.get_temp::<InBackground>(id).is_some())
}

/// The figure of a scene, rebuilt only if something in it has changed, with the scene that it was made of.
pub(super) fn figure(
    context: &Context,
    scene: &Arc<Scene>,
    view: &SceneView,
    revealed: bool,
    palette: &'static Palette,
) -> Option<(Arc<Scene>, Arc<Figure>)> {
    let id = Id::unique("brink: figure of weight space");
    let wanted = Recipe { scene: Arc::clone(scene), view: view.clone(), revealed, palette };
    let made: Option<Made> = context.data(|data| data.get_temp(id));
    let made = match made {
        Some(made) if made.recipe.is(&wanted) => made,
        Some(made) if made.figure.is_some() && made.recipe.differs_in_scene_alone(&wanted) => {
            made.towards(wanted, context)
        }
        _ => Made { figure: wanted.make(), recipe: wanted, next: None },
    };
    let found = made.figure.clone().map(|figure| (Arc::clone(&made.recipe.scene), figure));
    context.data_mut(|data| data.insert_temp(id, made));
    found
}

impl Made {
    /// Receives a figure from a thread, and starts the preparation of the requested one.
    fn towards(mut self, wanted: Recipe, context: &Context) -> Self {
        if let Some((recipe, receiver)) = self.next.take() {
            match receiver.try_recv() {
                Ok(figure) if recipe.differs_in_scene_alone(&wanted) => {
                    (self.recipe, self.figure) = (recipe, figure);
                    if self.recipe.is(&wanted) {
                        return self;
                    }
                }
                // always completed, so that something is visible even if the scene is new in every frame
                Err(TryRecvError::Empty) => {
                    self.next = Some((recipe, receiver));
                    return self;
                }
                Ok(_) | Err(TryRecvError::Disconnected) => {}
            }
        }
        let (sender, receiver) = bounded(1);
        let (recipe, awake) = (wanted.clone(), context.clone());
        let make = move || {
            // a context that has been dropped has released the receiver
            let _ = sender.send(recipe.make());
            awake.request_repaint();
        };
        let thread = std::thread::Builder::new().name("figure".into());
        if in_background(context) && self.figure.is_some() && thread.spawn(make).is_ok() {
            self.next = Some((wanted, receiver));
            return self;
        }
        Self { figure: wanted.make(), recipe: wanted, next: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::style::theme::Role;
    use crate::picture::view::scene::ScenePath;
    use std::time::{Duration, Instant};

    fn scene(points: u8) -> Arc<Scene> {
        let points: Vec<[f32; 3]> = (0..points).map(|i| [f32::from(i), f32::from(i % 2), 0.0]).collect();
        let (role, exact) = (Role::GradientDescent, 0..points.len());
        let path = ScenePath { role, loss: Vec::new(), exact, points, first_step: 0, stride: 1 };
        Arc::new(Scene { paths: vec![path], ..Scene::default() })
    }

    fn lines(figure: &Figure) -> Vec<String> {
        figure.strokes.iter().map(|stroke| format!("{:?}", stroke.points)).collect()
    }

    #[test]
    fn in_the_background_the_figure_before_stays_until_the_next_is_made() {
        let (context, mut view) = (Context::default(), SceneView::default());
        let palette = Palette::of(egui::Theme::Light);
        let draw = |scene: &Arc<Scene>, view: &SceneView| {
            figure(&context, scene, view, true, palette).expect("a figure")
        };
        make_figures_in_background(&context);
        let (first, second, third) = (scene(5), scene(6), scene(7));
        // the first figure is made at once, and so is one with a different view
        assert!(Arc::ptr_eq(&draw(&first, &view).0, &first));
        view.flat = !view.flat;
        let (of, made) = draw(&first, &view);
        assert!(Arc::ptr_eq(&of, &first) && !made.flat);
        // a new scene appears when it is ready, and the newest one in the end
        let begun = Instant::now();
        let mut seen = Vec::new();
        while seen.last() != Some(&7) {
            let wanted = if seen.contains(&6) { &third } else { &second };
            let (of, made) = draw(wanted, &view);
            let points = of.paths[0].points.len();
            let recipe = Recipe { scene: Arc::clone(&of), view: view.clone(), revealed: true, palette };
            assert!(lines(&made) == lines(&recipe.make().expect("a figure")), "they belong together");
            seen.push(points);
            assert!(begun.elapsed() < Duration::from_secs(20), "{seen:?}");
            std::thread::yield_now();
        }
        assert!(seen.is_sorted() && seen[0] == 5, "{seen:?}");
    }
}
