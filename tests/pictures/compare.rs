//! Comparison of pictures with stored ones.

use brink::picture::file::png::encode_png;
use brink::picture::file::raster::Image;
use std::path::PathBuf;

/// Permitted difference of a channel (glyphs and line edges round differently on other machines).
const LEVELS: u8 = 40;
/// Permitted share of pixels that differ by more.
pub const SHARE: f64 = 0.002;

/// The pixels of a PNG file.
pub fn decode(bytes: &[u8]) -> Image {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut data).unwrap();
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let pixels = data.chunks_exact(4).map(|p| egui::Color32::from_rgb(p[0], p[1], p[2])).collect();
    Image { width, height, pixels }
}

/// Share of the pixels that differ by more than the tolerance.
pub fn difference(a: &Image, b: &Image) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let far = |(a, b): (&egui::Color32, &egui::Color32)| {
        let channels = a.to_array().into_iter().zip(b.to_array());
        channels.map(|(a, b)| a.abs_diff(b)).max() > Some(LEVELS)
    };
    a.pixels.iter().zip(&b.pixels).filter(|pair| far(*pair)).count() as f64 / a.pixels.len() as f64
}

/// The path of a stored picture.
pub fn stored(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(format!("{name}.png"))
}

/// Compares with the stored picture, or stores it.
pub fn check(name: &str, image: &Image) {
    let path = stored(name);
    if std::env::var_os("BRINK_WRITE_PICTURES").is_some() {
        std::fs::write(&path, encode_png(image, 1.0, &[]).unwrap()).unwrap();
    }
    let reference = decode(&std::fs::read(&path).unwrap());
    let share = difference(image, &reference);
    if share > SHARE {
        let seen = std::env::temp_dir().join(format!("brink-{name}.png"));
        std::fs::write(&seen, encode_png(image, 1.0, &[]).unwrap()).unwrap();
        panic!("{name}: {:.2}% of the pixels differ; what was drawn is in {}", 100.0 * share, seen.display());
    }
}
