//! PNG files that contain their origin.

use super::raster::Image;
use egui::Color32;
use thiserror::Error;

/// The reason why a picture could not be encoded as a PNG file.
#[derive(Debug, Error)]
pub enum PngError {
    /// A picture without pixels cannot be encoded.
    #[error("a picture of {width} × {height} pixels cannot be a PNG file; both sides must be at least 1")]
    Empty {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// A picture with too many pixels.
    #[error(
        "a picture of {width} × {height} pixels is too large; at most {most} on each side: choose fewer points or pixels a point"
    )]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Maximum on each side.
        most: usize,
    },
    /// Frames of an animation differ in size, or there are none.
    #[error("an animation needs frames of one size, and at least one")]
    Frames,
    /// The encoder failed.
    #[error("the picture could not be encoded as PNG")]
    Encoding(#[from] png::EncodingError),
}

/// Encodes a picture as PNG: RGB if it is opaque, RGBA otherwise, with text chunks (keyword, text).
///
/// # Errors
/// If the picture has no pixels, or a keyword is empty, longer than 79 bytes or not Latin-1.
pub fn encode_png(image: &Image, scale: f32, texts: &[(String, String)]) -> Result<Vec<u8>, PngError> {
    let Image { width, height, pixels } = image;
    let size = |side: usize| u32::try_from(side).ok().filter(|&side| side > 0);
    let (Some(columns), Some(rows)) = (size(*width), size(*height)) else {
        return Err(PngError::Empty { width: *width, height: *height });
    };
    let opaque = pixels.iter().all(Color32::is_opaque);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns, rows);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(if opaque { png::ColorType::Rgb } else { png::ColorType::Rgba });
    // 96 points per inch, so that a picture at 2× keeps its size on paper.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
    let per_meter = (96.0 * scale / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: per_meter,
        yppu: per_meter,
        unit: png::Unit::Meter,
    }));
    for (keyword, text) in texts {
        encoder.add_itxt_chunk(keyword.clone(), text.clone())?;
    }
    let mut writer = encoder.write_header()?;
    if opaque {
        let rgb: Vec<u8> = pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
        writer.write_image_data(&rgb)?;
    } else {
        let rgba: Vec<u8> = pixels.iter().flat_map(Color32::to_srgba_unmultiplied).collect();
        writer.write_image_data(&rgba)?;
    }
    writer.finish()?;
    Ok(bytes)
}

/// Encodes opaque pictures of one size as an animated PNG that repeats forever, each shown for `delay` (numerator and
/// denominator of seconds).
///
/// # Errors
/// As for [`encode_png`], and if the pictures differ in size.
pub fn encode_animation(
    count: u32,
    images: impl Iterator<Item = Image>,
    delay: (u16, u16),
    texts: &[(String, String)],
) -> Result<Vec<u8>, PngError> {
    let mut images = images.peekable();
    let Some(first) = images.peek() else { return Err(PngError::Frames) };
    let (width, height) = (first.width, first.height);
    let side = |side: usize| u32::try_from(side).ok().filter(|&side| side > 0);
    let (Some(columns), Some(rows)) = (side(width), side(height)) else {
        return Err(PngError::Empty { width, height });
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns, rows);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(count, 0)?;
    encoder.set_frame_delay(delay.0, delay.1)?;
    for (keyword, text) in texts {
        encoder.add_itxt_chunk(keyword.clone(), text.clone())?;
    }
    let mut writer = encoder.write_header()?;
    for image in images {
        if (image.width, image.height) != (width, height) {
            return Err(PngError::Frames);
        }
        let rgb: Vec<u8> = image.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
        writer.write_image_data(&rgb)?;
    }
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_texts_come_back() {
        let pixels = (0..6).map(|i| Color32::from_rgb(i, 2 * i, 255 - i)).collect();
        let image = Image { width: 3, height: 2, pixels };
        let texts = [("Brink preset".to_owned(), "digits, η = 0.12".to_owned())];
        let bytes = encode_png(&image, 2.0, &texts).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut data).unwrap();
        assert_eq!(data[3..6], [1, 2, 254]);
        let info = reader.info();
        assert_eq!(info.utf8_text[0].keyword, "Brink preset");
        assert_eq!(info.utf8_text[0].get_text().unwrap(), "digits, η = 0.12");
    }

    #[test]
    fn half_transparent_pixels_keep_their_colour() {
        let image =
            Image { width: 1, height: 1, pixels: vec![Color32::from_rgba_premultiplied(64, 0, 0, 128)] };
        let bytes = encode_png(&image, 1.0, &[]).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut data).unwrap();
        assert_eq!(data, [128, 0, 0, 128]);
    }

    #[test]
    fn an_animation_has_its_frames_in_order() {
        let frame = |shade: u8| Image { width: 2, height: 1, pixels: vec![Color32::from_gray(shade); 2] };
        let bytes = encode_animation(3, [10, 20, 30].map(frame).into_iter(), (1, 10), &[]).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        assert_eq!(reader.info().animation_control.unwrap().num_frames, 3);
        for shade in [10, 20, 30] {
            let mut data = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut data).unwrap();
            assert_eq!(data, [shade; 6]);
            assert_eq!(reader.info().frame_control.unwrap().delay_den, 10);
        }
        let sizes = [frame(1), Image { width: 1, height: 1, pixels: vec![Color32::BLACK] }];
        assert!(matches!(encode_animation(2, sizes.into_iter(), (1, 10), &[]), Err(PngError::Frames)));
        assert!(matches!(encode_animation(0, std::iter::empty(), (1, 10), &[]), Err(PngError::Frames)));
    }

    #[test]
    fn an_empty_picture_is_refused_with_its_size() {
        let image = Image { width: 0, height: 7, pixels: Vec::new() };
        let message = encode_png(&image, 1.0, &[]).unwrap_err().to_string();
        assert!(message.contains("0 × 7"), "{message}");
    }
}
