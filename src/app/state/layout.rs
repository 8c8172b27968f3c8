//! The arrangement of the panels: a tree of splits and tabs, the built-in layouts, and the user's saved
//! layouts.
//!
//! Files store a [`LayoutNode`], which names panels and shares and does not depend on the library that draws
//! them.

use crate::picture::view::panel::Panel;
use egui::Key;
use egui_tiles::{Container, Linear, LinearDir, Tile, TileId, Tiles};
use serde::{Deserialize, Serialize};

/// The current arrangement of the panels in the window.
pub type Tree = egui_tiles::Tree<Panel>;

/// Panels arranged by splits and tabs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayoutNode {
    /// One panel, by its [`Panel::name`].
    Panel(String),
    /// Children side by side, each with its share of the width.
    Columns(Vec<(f32, LayoutNode)>),
    /// Children stacked vertically, each with its share of the height.
    Rows(Vec<(f32, LayoutNode)>),
    /// Children in tabs; the first is in front.
    Tabs(Vec<LayoutNode>),
}

/// A saved layout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedLayout {
    /// Its name.
    pub name: String,
    /// Its panels.
    pub panels: LayoutNode,
}

/// A selectable layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// A large sharpness panel, with loss and variance next to it: for lectures.
    Lecture,
    /// Every panel that explains a single step.
    Inspect,
    /// All curves at the same size: for comparing runs.
    Compare,
    /// A large weight space panel, with sharpness and distances next to it.
    WeightSpace,
    /// The network's outputs, and the whole spectrum.
    Network,
    /// A saved layout, by its name.
    Saved(String),
}

/// The side of another panel on which a panel is placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// To the left of it.
    #[default]
    Left,
    /// To the right of it.
    Right,
    /// Above it.
    Above,
    /// Below it.
    Below,
    /// In front of it, in the same group of tabs.
    Front,
}

impl Side {
    /// All sides.
    pub const ALL: [Self; 5] = [Self::Left, Self::Right, Self::Above, Self::Below, Self::Front];

    /// Its label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left of",
            Self::Right => "right of",
            Self::Above => "above",
            Self::Below => "below",
            Self::Front => "in front of",
        }
    }
}

/// The placement of a panel next to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dock {
    /// The panel to place.
    pub panel: Panel,
    /// The side.
    pub side: Side,
    /// The other panel.
    pub other: Panel,
}

impl Default for Dock {
    fn default() -> Self {
        Self { panel: Panel::Loss, side: Side::default(), other: Panel::Sharpness }
    }
}

impl Dock {
    /// The tree with the panel placed; `None` if the other panel is not shown, or if both are the same panel.
    pub fn applied(self, tree: &Tree) -> Option<Tree> {
        let Self { panel, side, other } = self;
        if panel == other || !has(tree, other) {
            return None;
        }
        let rest = LayoutNode::from_tree(tree)?.without(panel)?;
        Some(rest.with(&LayoutNode::of(panel), side, other).tree())
    }
}

impl Arrangement {
    /// The built-in layouts.
    pub const BUILT_IN: [Self; 5] =
        [Self::Lecture, Self::Inspect, Self::Compare, Self::WeightSpace, Self::Network];

    /// Its name in menus.
    pub fn title(&self) -> &str {
        match self {
            Self::Lecture => "Lecture",
            Self::Inspect => "Inspect",
            Self::Compare => "Compare",
            Self::WeightSpace => "Weight space",
            Self::Network => "Network",
            Self::Saved(name) => name,
        }
    }

    /// Its name on the command line.
    pub fn name(&self) -> String {
        self.title().to_lowercase().replace(' ', "-")
    }

    /// The panels of a built-in layout, in its order.
    pub fn panels(&self) -> Vec<Panel> {
        self.built_in().map_or(Vec::new(), |node| shown(&node.tree()))
    }

    /// The key of a built-in layout.
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Lecture => Some(Key::Num1),
            Self::Inspect => Some(Key::Num2),
            Self::Compare => Some(Key::Num3),
            Self::WeightSpace => Some(Key::Num4),
            Self::Network => Some(Key::Num5),
            Self::Saved(_) => None,
        }
    }

    /// The arrangement with which a window starts.
    pub fn default_tree() -> Tree {
        Self::Compare.built_in().map_or_else(|| Tree::empty(tree_id()), |node| node.tree())
    }

    /// Its panels; `None` for a saved layout that does not exist.
    pub fn node(&self, saved: &[SavedLayout]) -> Option<LayoutNode> {
        match self {
            Self::Saved(name) => saved.iter().find(|layout| layout.name == *name).map(|s| s.panels.clone()),
            _ => self.built_in(),
        }
    }

    fn built_in(&self) -> Option<LayoutNode> {
        Some(match self {
            Self::Lecture => LayoutNode::Columns(vec![
                (1.5, LayoutNode::of(Panel::Sharpness)),
                (1.0, LayoutNode::rows([Panel::Loss, Panel::Variance])),
            ]),
            Self::Inspect => LayoutNode::Columns(vec![
                (1.0, LayoutNode::rows([Panel::Sharpness, Panel::Displacement, Panel::Cycles])),
                (1.0, LayoutNode::rows([Panel::Terms, Panel::SharpnessChange])),
                (0.8, LayoutNode::rows([Panel::Covariance, Panel::Validity])),
            ]),
            Self::Compare => LayoutNode::Rows(vec![
                (1.0, LayoutNode::columns([Panel::Sharpness, Panel::Loss, Panel::GradientNorm])),
                (1.0, LayoutNode::columns([Panel::Variance, Panel::Displacement, Panel::Distance])),
            ]),
            Self::WeightSpace => LayoutNode::Columns(vec![
                (1.6, LayoutNode::of(Panel::WeightSpace)),
                (1.0, LayoutNode::rows([Panel::Sharpness, Panel::Loss, Panel::Displacement])),
            ]),
            Self::Network => LayoutNode::Columns(vec![
                (1.0, LayoutNode::rows([Panel::Sharpness, Panel::Loss])),
                (1.2, LayoutNode::rows([Panel::Predictions, Panel::Spectrum])),
            ]),
            Self::Saved(_) => return None,
        })
    }
}

impl LayoutNode {
    fn of(panel: Panel) -> Self {
        Self::Panel(panel.name().to_owned())
    }

    fn rows<const N: usize>(panels: [Panel; N]) -> Self {
        Self::Rows(panels.map(|panel| (1.0, Self::of(panel))).into())
    }

    fn columns<const N: usize>(panels: [Panel; N]) -> Self {
        Self::Columns(panels.map(|panel| (1.0, Self::of(panel))).into())
    }

    /// The layout without one of its panels; `None` if no panel is left.
    fn without(self, panel: Panel) -> Option<Self> {
        let rest = |children: Vec<(f32, Self)>| -> Vec<(f32, Self)> {
            children.into_iter().filter_map(|(share, child)| Some((share, child.without(panel)?))).collect()
        };
        match self {
            Self::Panel(name) => (name != panel.name()).then_some(Self::Panel(name)),
            Self::Columns(children) => Self::of_many(rest(children), Self::Columns),
            Self::Rows(children) => Self::of_many(rest(children), Self::Rows),
            Self::Tabs(children) => {
                let children = children.into_iter().map(|child| (1.0, child)).collect();
                let tabs =
                    |all: Vec<(f32, Self)>| Self::Tabs(all.into_iter().map(|(_, child)| child).collect());
                Self::of_many(rest(children), tabs)
            }
        }
    }

    /// A container of several children; a single child needs no container.
    fn of_many(mut children: Vec<(f32, Self)>, container: impl Fn(Vec<(f32, Self)>) -> Self) -> Option<Self> {
        if children.len() > 1 { Some(container(children)) } else { children.pop().map(|(_, child)| child) }
    }

    /// The layout with a new panel on one side of another one. A panel placed next to one of several tabs is
    /// placed next to the whole group of tabs.
    fn with(self, new: &Self, side: Side, other: Panel) -> Self {
        let across = matches!(side, Side::Left | Side::Right);
        let upright = matches!(side, Side::Above | Side::Below);
        match self {
            Self::Columns(children) => Self::Columns(Self::with_in(children, across, new, side, other)),
            Self::Rows(children) => Self::Rows(Self::with_in(children, upright, new, side, other)),
            Self::Tabs(mut children) if side == Side::Front && children.contains(&Self::of(other)) => {
                children.insert(0, new.clone());
                Self::Tabs(children)
            }
            node if node.is_place_of(other) => match side {
                Side::Left => Self::Columns(vec![(1.0, new.clone()), (1.0, node)]),
                Side::Right => Self::Columns(vec![(1.0, node), (1.0, new.clone())]),
                Side::Above => Self::Rows(vec![(1.0, new.clone()), (1.0, node)]),
                Side::Below => Self::Rows(vec![(1.0, node), (1.0, new.clone())]),
                Side::Front => Self::Tabs(vec![new.clone(), node]),
            },
            node => node,
        }
    }

    /// [`LayoutNode::with`] among children; `along` is whether the side lies in the direction of the
    /// container.
    fn with_in(
        mut children: Vec<(f32, Self)>,
        along: bool,
        new: &Self,
        side: Side,
        other: Panel,
    ) -> Vec<(f32, Self)> {
        match children.iter().position(|(_, child)| child.is_place_of(other)) {
            Some(place) if along => {
                let after = usize::from(matches!(side, Side::Right | Side::Below));
                children.insert(place + after, (children[place].0, new.clone()));
                children
            }
            _ => children.into_iter().map(|(share, child)| (share, child.with(new, side, other))).collect(),
        }
    }

    /// Whether this is the panel, or a group of tabs that contains it.
    fn is_place_of(&self, panel: Panel) -> bool {
        match self {
            Self::Panel(name) => name == panel.name(),
            Self::Tabs(children) => children.iter().any(|child| child.is_place_of(panel)),
            Self::Columns(_) | Self::Rows(_) => false,
        }
    }

    /// The tree that draws this layout. Panels that are unknown to this version or occur twice are omitted.
    pub fn tree(&self) -> Tree {
        let mut tiles = Tiles::default();
        let root = self.insert(&mut tiles);
        root.map_or_else(|| Tree::empty(tree_id()), |root| Tree::new(tree_id(), root, tiles))
    }

    fn insert(&self, tiles: &mut Tiles<Panel>) -> Option<TileId> {
        match self {
            Self::Panel(name) => {
                let panel = Panel::ALL.into_iter().find(|panel| panel.name() == name)?;
                tiles.find_pane(&panel).is_none().then(|| tiles.insert_pane(panel))
            }
            Self::Columns(children) => Self::insert_linear(LinearDir::Horizontal, children, tiles),
            Self::Rows(children) => Self::insert_linear(LinearDir::Vertical, children, tiles),
            Self::Tabs(children) => {
                let children: Vec<_> = children.iter().filter_map(|child| child.insert(tiles)).collect();
                (!children.is_empty()).then(|| tiles.insert_tab_tile(children))
            }
        }
    }

    fn insert_linear(dir: LinearDir, children: &[(f32, Self)], tiles: &mut Tiles<Panel>) -> Option<TileId> {
        let children: Vec<_> = children
            .iter()
            .filter_map(|(share, child)| child.insert(tiles).map(|child| (*share, child)))
            .collect();
        if children.is_empty() {
            return None;
        }
        let mut linear = Linear::new(dir, children.iter().map(|child| child.1).collect());
        for (share, child) in children {
            linear.shares.set_share(child, if share.is_finite() { share.clamp(0.05, 20.0) } else { 1.0 });
        }
        Some(tiles.insert_container(linear))
    }

    /// The layout of a tree; `None` for an empty tree.
    pub fn from_tree(tree: &Tree) -> Option<Self> {
        Self::from_tile(&tree.tiles, tree.root()?)
    }

    fn from_tile(tiles: &Tiles<Panel>, id: TileId) -> Option<Self> {
        let children = |ids: &[TileId]| -> Vec<(TileId, Self)> {
            ids.iter().filter_map(|&id| Some((id, Self::from_tile(tiles, id)?))).collect()
        };
        match tiles.get(id)? {
            Tile::Pane(panel) => Some(Self::of(*panel)),
            Tile::Container(Container::Linear(linear)) => {
                let shared: Vec<_> = children(&linear.children)
                    .into_iter()
                    .map(|(id, child)| (linear.shares[id], child))
                    .collect();
                (!shared.is_empty()).then_some(match linear.dir {
                    LinearDir::Horizontal => Self::Columns(shared),
                    LinearDir::Vertical => Self::Rows(shared),
                })
            }
            Tile::Container(container) => {
                let mut children = children(&container.children_vec());
                if let Container::Tabs(tabs) = container {
                    children.sort_by_key(|(id, _)| tabs.active != Some(*id));
                }
                (!children.is_empty()).then(|| Self::Tabs(children.into_iter().map(|(_, c)| c).collect()))
            }
        }
    }
}

fn tree_id() -> egui::Id {
    egui::Id::unique("brink: panels")
}

/// The visible panels, in reading order.
pub fn shown(tree: &Tree) -> Vec<Panel> {
    fn visit(tree: &Tree, id: TileId, panels: &mut Vec<Panel>) {
        match tree.tiles.get(id) {
            Some(Tile::Pane(panel)) => panels.push(*panel),
            Some(Tile::Container(container)) => {
                for child in container.active_children(&tree.tiles) {
                    visit(tree, child, panels);
                }
            }
            None => {}
        }
    }
    let mut panels = Vec::new();
    if let Some(root) = tree.root() {
        visit(tree, root, &mut panels);
    }
    panels
}

/// Whether the tree contains a panel.
pub fn has(tree: &Tree, panel: Panel) -> bool {
    tree.tiles.find_pane(&panel).is_some()
}

/// Removes a panel from the tree, or adds it next to the others.
pub fn toggle(tree: &mut Tree, panel: Panel) {
    if let Some(id) = tree.tiles.find_pane(&panel) {
        if tree.is_root(id) {
            tree.root = None;
        }
        tree.remove_recursively(id);
        return;
    }
    let id = tree.tiles.insert_pane(panel);
    match tree.root() {
        None => tree.root = Some(id),
        Some(root) => match tree.tiles.get_mut(root) {
            Some(Tile::Container(container)) if !matches!(container, Container::Tabs(_)) => {
                container.add_child(id);
            }
            _ => tree.root = Some(tree.tiles.insert_horizontal_tile(vec![root, id])),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_survive_the_tree_that_draws_them() {
        for arrangement in Arrangement::BUILT_IN {
            let node = arrangement.node(&[]).expect("built in");
            assert_eq!(LayoutNode::from_tree(&node.tree()), Some(node), "{arrangement:?}");
        }
        let tabs = LayoutNode::Tabs(vec![LayoutNode::of(Panel::Loss), LayoutNode::of(Panel::Distance)]);
        assert_eq!(LayoutNode::from_tree(&tabs.tree()), Some(tabs));
    }

    #[test]
    fn strange_layouts_leave_what_can_be_drawn() {
        let strange = LayoutNode::Columns(vec![
            (f32::NAN, LayoutNode::of(Panel::Loss)),
            (1.0, LayoutNode::Panel("from the future".into())),
            (1.0, LayoutNode::of(Panel::Loss)),
            (1.0, LayoutNode::Rows(Vec::new())),
        ]);
        assert_eq!(shown(&strange.tree()), [Panel::Loss]);
        assert!(LayoutNode::Rows(Vec::new()).tree().is_empty());
    }

    #[test]
    fn panels_are_put_on_every_side_of_another() {
        let node = || Arrangement::Lecture.node(&[]).expect("built in");
        let docked = |side, other| {
            let dock = Dock { panel: Panel::Loss, side, other };
            dock.applied(&node().tree())
                .and_then(|tree| LayoutNode::from_tree(&tree))
                .expect("both are shown")
        };
        let [sharpness, loss, variance] =
            [Panel::Sharpness, Panel::Loss, Panel::Variance].map(LayoutNode::of);
        let columns = |list: &[(f32, LayoutNode)]| LayoutNode::Columns(list.to_vec());
        let one = |node: &LayoutNode| (1.0, node.clone());
        let both = |side| docked(side, Panel::Sharpness);
        assert_eq!(
            both(Side::Left),
            columns(&[(1.5, loss.clone()), (1.5, sharpness.clone()), one(&variance)])
        );
        assert_eq!(
            both(Side::Right),
            columns(&[(1.5, sharpness.clone()), (1.5, loss.clone()), one(&variance)])
        );
        let above = LayoutNode::Rows(vec![one(&loss), one(&sharpness)]);
        assert_eq!(both(Side::Above), columns(&[(1.5, above), one(&variance)]));
        let below = LayoutNode::Rows(vec![one(&sharpness), one(&loss)]);
        assert_eq!(both(Side::Below), columns(&[(1.5, below), one(&variance)]));
        let tabs = LayoutNode::Tabs(vec![loss.clone(), sharpness.clone()]);
        assert_eq!(both(Side::Front), columns(&[(1.5, tabs.clone()), one(&variance)]));

        let tabbed = columns(&[(1.5, tabs), one(&variance)]).tree();
        let dock = Dock { panel: Panel::Distance, side: Side::Front, other: Panel::Loss };
        let three = dock.applied(&tabbed).expect("it is shown");
        assert_eq!(shown(&three), [Panel::Distance, Panel::Variance], "the first tab is in front");
        assert!(has(&three, Panel::Loss) && has(&three, Panel::Sharpness));
        let beside = Dock { side: Side::Below, ..dock }.applied(&tabbed).expect("it is shown");
        assert_eq!(shown(&beside), [Panel::Loss, Panel::Distance, Panel::Variance]);
        assert_eq!(Dock { other: Panel::Terms, ..dock }.applied(&tabbed), None);
        assert_eq!(Dock { other: Panel::Distance, ..dock }.applied(&tabbed), None);
    }

    #[test]
    fn panels_come_and_go() {
        let mut tree = LayoutNode::of(Panel::Loss).tree();
        toggle(&mut tree, Panel::Distance);
        toggle(&mut tree, Panel::Sharpness);
        assert_eq!(shown(&tree), [Panel::Loss, Panel::Distance, Panel::Sharpness]);
        for panel in [Panel::Loss, Panel::Distance, Panel::Sharpness] {
            toggle(&mut tree, panel);
            assert!(!has(&tree, panel));
        }
        toggle(&mut tree, Panel::Loss);
        assert_eq!(shown(&tree), [Panel::Loss]);
    }
}
