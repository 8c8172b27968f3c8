//! The input of the network: a picture, or numbers.

pub(crate) use crate::picture::style::numbers::short;

use crate::picture::style::theme::{self, Palette};
use crate::run::record::predictions::ExamplePicture;
use egui::{
    Color32, ColorImage, Context, Id, Rect, Sense, StrokeKind, TextureHandle, TextureOptions, Ui, WidgetInfo,
    pos2,
};

/// Maximum number of numbers written out.
const MOST_NUMBERS: usize = 8;

/// An example's pixels, unscaled.
pub(super) fn picture_ui(ui: &Ui, rect: Rect, picture: &ExamplePicture, index: usize) {
    let response = ui.interact(rect, ui.scope_id().with("picture"), Sense::hover());
    let name = format!("picture of training example {index}");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &name));
    let texture = texture(ui.ctx(), picture);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(texture.id(), rect, whole, Color32::WHITE);
    ui.painter().rect_stroke(rect, 0.0, (1.0, Palette::in_ui(ui).frame), StrokeKind::Outside);
}

/// The texture of the last picture; another picture replaces it.
fn texture(context: &Context, picture: &ExamplePicture) -> TextureHandle {
    let id = Id::unique("brink: picture of an example");
    let kept: Option<(ExamplePicture, TextureHandle)> = context.data(|data| data.get_temp(id));
    if let Some((_, texture)) = kept.filter(|(shown, _)| shown == picture) {
        return texture;
    }
    let pixels = picture.pixels.iter().map(|&[r, g, b]| Color32::from_rgb(r, g, b)).collect();
    let image = ColorImage::new([picture.width, picture.height], pixels);
    let texture = context.load_texture("example", image, TextureOptions::NEAREST);
    context.data_mut(|data| data.insert_temp(id, (picture.clone(), texture.clone())));
    texture
}

/// An input of plain numbers.
pub(super) fn numbers_text(numbers: &[f64]) -> String {
    let shown: Vec<String> = numbers.iter().take(MOST_NUMBERS).map(|&x| short(x)).collect();
    let rest = numbers.len().saturating_sub(MOST_NUMBERS);
    let more = if rest > 0 { format!(", … {rest} more") } else { String::new() };
    format!("x = ({}{more})", shown.join(", "))
}

/// Text on as many lines as needed.
pub(super) fn text_ui(ui: &Ui, rect: Rect, words: &str) {
    let palette = Palette::in_ui(ui);
    let galley = ui.painter().layout(words.to_owned(), theme::label_font(), palette.text, rect.width());
    ui.painter().with_clip_rect(rect.intersect(ui.clip_rect())).galley(rect.min, galley, palette.text);
}
