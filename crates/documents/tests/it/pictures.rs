//! Pictures: made smaller, turned, freed of metadata; and those that claim more than they are.

use std::io::Cursor;

use documents::{Error, Limits, Picture};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use crate::files::{byte, patient, reader};

const MEGAPIXEL: u64 = 1_000_000;
const PLENTY: usize = 4_000_000;

async fn read(file: Vec<u8>, max_pixels: u64) -> Result<Picture, Error> {
    reader(patient()).picture(file.into(), max_pixels, PLENTY).await
}

fn write(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Something with the variety of a photograph.
fn photograph(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let noise = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)) >> 13;
        Rgb([byte(x * 255 / width), byte(y * 255 / height), byte(noise & 0x3f)])
    })
    .into()
}

fn decoded(picture: &Picture) -> DynamicImage {
    image::load_from_memory(&picture.data).unwrap()
}

#[tokio::test]
async fn every_format_is_read_and_made_smaller() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let picture = read(write(&photograph(300, 200), format), 15_000).await.unwrap();
        assert_eq!((picture.width, picture.height), (150, 100), "{format:?}");
        let seen = decoded(&picture);
        assert_eq!((seen.width(), seen.height()), (150, 100), "{format:?}");
        assert!(picture.media_type == "image/jpeg" || picture.media_type == "image/png");
    }
}

#[tokio::test]
async fn a_photograph_stays_a_photograph_and_a_small_one_keeps_its_size() {
    let picture = read(write(&photograph(300, 200), ImageFormat::Png), MEGAPIXEL).await.unwrap();
    assert_eq!((picture.media_type.as_str(), picture.width, picture.height), ("image/jpeg", 300, 200));
}

#[tokio::test]
async fn a_drawing_and_what_is_transparent_are_png() {
    let plain = DynamicImage::from(RgbImage::from_pixel(300, 200, Rgb([255, 255, 255])));
    let picture = read(write(&plain, ImageFormat::Png), MEGAPIXEL).await.unwrap();
    assert_eq!(picture.media_type, "image/png");
    let glass = DynamicImage::from(RgbaImage::from_pixel(30, 20, Rgba([255, 0, 0, 100])));
    let picture = read(write(&glass, ImageFormat::Png), MEGAPIXEL).await.unwrap();
    assert_eq!(picture.media_type, "image/png");
    assert_eq!(decoded(&picture).to_rgba8().get_pixel(0, 0).0, [255, 0, 0, 100]);
}

/// A JPEG with EXIF: how it is to be turned, and a comment.
fn with_exif(file: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"taken at home");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&file[..2], &[0xff, 0xe1], &length, &exif, &file[2..]].concat()
}

#[tokio::test]
async fn a_picture_is_turned_as_its_camera_says_and_loses_what_else_that_says() {
    let left_half_red =
        RgbImage::from_fn(64, 32, |x, _| if x < 32 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) });
    let file = with_exif(&write(&left_half_red.into(), ImageFormat::Jpeg), 6);
    let picture = read(file, MEGAPIXEL).await.unwrap();
    assert_eq!((picture.width, picture.height), (32, 64));
    let seen = decoded(&picture).to_rgb8();
    assert!(seen.get_pixel(16, 8).0[0] > 200 && seen.get_pixel(16, 56).0[2] > 200);
    let has = |needle: &[u8]| picture.data.windows(needle.len()).any(|window| window == needle);
    assert!(!has(b"Exif") && !has(b"taken at home"));
}

#[tokio::test]
async fn a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded() {
    let mut file = write(&photograph(10, 10), ImageFormat::Png);
    file[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    // the checksum of the header, so that nothing else is wrong with it
    let sum = checksum(&file[12..29]);
    file[29..33].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(read(file, MEGAPIXEL).await, Err(Error::TooLarge));
    let limits = Limits { pixels: 99, ..patient() };
    let file = write(&photograph(10, 10), ImageFormat::Jpeg);
    assert_eq!(reader(limits).picture(file.into(), MEGAPIXEL, PLENTY).await, Err(Error::TooLarge));
}

/// CRC-32 as PNG has it.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { 0xEDB8_8320 ^ (sum >> 1) } else { sum >> 1 },
        )
    })
}

#[tokio::test]
async fn what_is_no_picture_or_only_a_part_of_one_is_told_apart() {
    assert_eq!(
        read(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), MEGAPIXEL).await,
        Err(Error::Unsupported)
    );
    assert_eq!(read(Vec::new(), MEGAPIXEL).await, Err(Error::Unsupported));
    let file = write(&photograph(100, 100), ImageFormat::Png);
    assert_eq!(read(file[..file.len() / 2].to_vec(), MEGAPIXEL).await, Err(Error::Damaged));
}

#[tokio::test]
async fn a_picture_becomes_small_enough_to_be_sent_along() {
    let glass = RgbaImage::from_fn(300, 300, |x, y| {
        let noise = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)) >> 13;
        Rgba([byte(noise & 0xff), byte(x & 0xff), byte(y & 0xff), 128])
    });
    let files = [
        write(&photograph(900, 700), ImageFormat::Jpeg),
        write(&photograph(900, 700), ImageFormat::Png),
        write(&glass.into(), ImageFormat::Png),
    ];
    for file in files {
        let whole = read(file.clone(), MEGAPIXEL).await.unwrap();
        assert!(whole.data.len() > 40_000, "{} bytes prove nothing", whole.data.len());
        let small = reader(patient()).picture(file.clone().into(), MEGAPIXEL, 40_000).await.unwrap();
        assert!(small.data.len() <= 40_000, "{} bytes", small.data.len());
        assert!(small.width > 90 && decoded(&small).width() == small.width, "{}", small.width);
        let none = reader(patient()).picture(file.into(), MEGAPIXEL, 10).await;
        assert_eq!(none, Err(Error::TooLarge));
    }
}
