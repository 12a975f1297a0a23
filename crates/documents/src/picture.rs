//! A picture made small enough to be looked at: turned as it is meant, without metadata. Runs in the child
//! only. Of what moves, the first frame.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, codecs::jpeg::JpegEncoder,
};

use crate::{
    Error, Limits, Result,
    pipe::{Encoding, Head},
};

/// How good a JPEG is, of 100.
const QUALITY: u8 = 80;

/// Makes a picture of at most `max_pixels`, in a file of at most `max_bytes`.
pub(crate) fn read(
    bytes: &[u8],
    max_pixels: u64,
    max_bytes: usize,
    limits: &Limits,
) -> Result<(Head, Vec<u8>)> {
    let format = image::guess_format(bytes).map_err(|_| Error::Unsupported)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.memory);
    reader.limits(allowed);
    let mut decoder = reader.into_decoder().map_err(|error| told(&error))?;
    let (width, height) = decoder.dimensions();
    if pixels(width, height) > limits.pixels {
        return Err(Error::TooLarge);
    }
    let orientation = decoder.orientation().map_err(|error| told(&error))?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| told(&error))?;
    if pixels(width, height) > max_pixels {
        let (width, height) = fitting(width, height, max_pixels);
        picture = picture.thumbnail_exact(width, height);
    }
    picture.apply_orientation(orientation);
    loop {
        let (encoding, file) = encode(&picture, format, max_bytes)?;
        let (width, height) = (picture.width(), picture.height());
        if file.len() <= max_bytes {
            return Ok((Head::Picture { encoding, width, height }, file));
        }
        if pixels(width, height) <= 1 {
            return Err(Error::TooLarge);
        }
        // half of it each time: fewer pixels show more than a worse picture of all of them
        let (width, height) = fitting(width, height, pixels(width, height) / 2);
        picture = picture.thumbnail_exact(width, height);
    }
}

fn pixels(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

/// The largest sides of the same proportion within so many pixels.
fn fitting(width: u32, height: u32, max_pixels: u64) -> (u32, u32) {
    // sides by integers: a rounding up must not pass the limit
    let max_pixels = max_pixels.max(1);
    let (long, short) = (u64::from(width.max(height)).max(1), u64::from(width.min(height)).max(1));
    let new_long = (max_pixels * long / short).isqrt().min(max_pixels).max(1);
    let new_short = (new_long * short / long).max(1);
    let side = |pixels: u64| u32::try_from(pixels).unwrap_or(u32::MAX);
    if width >= height { (side(new_long), side(new_short)) } else { (side(new_short), side(new_long)) }
}

/// Writes photographs as JPEG; what is transparent and not too long, or drawn and therefore smaller so, as PNG.
fn encode(picture: &DynamicImage, format: ImageFormat, max_bytes: usize) -> Result<(Encoding, Vec<u8>)> {
    let colours = picture.to_rgba8();
    let is_transparent = picture.color().has_alpha() && colours.pixels().any(|pixel| pixel.0[3] < u8::MAX);
    if is_transparent {
        let file = png(&DynamicImage::ImageRgba8(colours.clone()))?;
        if file.len() <= max_bytes {
            return Ok((Encoding::Png, file));
        }
    }
    let opaque = DynamicImage::ImageRgb8(on_white(&colours));
    let mut photograph = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut photograph, QUALITY);
    opaque.write_with_encoder(encoder).map_err(|error| told(&error))?;
    if format != ImageFormat::Jpeg {
        let drawing = png(&opaque)?;
        if drawing.len() <= photograph.len() {
            return Ok((Encoding::Png, drawing));
        }
    }
    Ok((Encoding::Jpeg, photograph))
}

fn png(picture: &DynamicImage) -> Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).map_err(|error| told(&error))?;
    Ok(file.into_inner())
}

fn on_white(colours: &image::RgbaImage) -> image::RgbImage {
    image::RgbImage::from_fn(colours.width(), colours.height(), |x, y| {
        let [red, green, blue, alpha] = colours.get_pixel(x, y).0;
        let over = |colour: u8| {
            let (colour, alpha) = (u32::from(colour), u32::from(alpha));
            u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([over(red), over(green), over(blue)])
    })
}

fn told(error: &ImageError) -> Error {
    match error {
        ImageError::Limits(_) => Error::TooLarge,
        ImageError::Unsupported(_) => Error::Unsupported,
        _ => Error::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_keep_their_proportion_and_never_pass_the_limit() {
        assert_eq!(fitting(4000, 3000, 1_000_000), (1154, 865));
        assert_eq!(fitting(3000, 4000, 1_000_000), (865, 1154));
        assert_eq!(fitting(50_000_000, 1, 1_000_000), (1_000_000, 1));
        for (width, height, most) in [(7, 5, 3), (1000, 999, 998_999), (65_535, 700, 1_000_000), (2, 2, 1)] {
            let (new_width, new_height) = fitting(width, height, most);
            assert!(pixels(new_width, new_height) <= most, "{width}x{height}: {new_width}x{new_height}");
        }
    }
}
