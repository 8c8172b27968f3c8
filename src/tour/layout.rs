//! The panels of a chapter: `sharpness*1.5 | loss / variance`, columns separated by `|`, the panels of a column by
//! `/`, each with its share after a `*`.

use crate::picture::view::panel::Panel;

/// Panels side by side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TourColumns(pub Vec<PanelColumn>);

/// A column of panels.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelColumn {
    /// Its share of the width: that of its first panel.
    pub share: f32,
    /// Its panels, each with its share of the height.
    pub panels: Vec<(f32, Panel)>,
}

impl TourColumns {
    /// Parses the line; the error states the problem.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        text.split('|').map(column).collect::<Result<_, _>>().map(Self)
    }

    /// All panels, in reading order.
    pub fn panels(&self) -> Vec<Panel> {
        self.0.iter().flat_map(|column| column.panels.iter().map(|&(_, panel)| panel)).collect()
    }
}

fn column(text: &str) -> Result<PanelColumn, String> {
    let panels: Vec<(f32, Panel)> = text.split('/').map(panel).collect::<Result<_, _>>()?;
    Ok(PanelColumn { share: panels[0].0, panels })
}

fn panel(text: &str) -> Result<(f32, Panel), String> {
    let (name, share) = text.split_once('*').unwrap_or((text, "1"));
    let known = || Panel::ALL.map(Panel::name).join(", ");
    let panel = Panel::ALL.into_iter().find(|panel| panel.name() == name.trim());
    let panel = panel.ok_or_else(|| format!("there is no panel {:?}; there are {}", name.trim(), known()))?;
    let share: f32 =
        share.trim().parse().map_err(|_| format!("{share:?} is no share; a number such as 1.5"))?;
    if share.is_finite() && share > 0.0 {
        Ok((share, panel))
    } else {
        Err(format!("the share {share} is refused; it must be positive"))
    }
}
