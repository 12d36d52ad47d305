"""Profile pictures: what is uploaded becomes a small square WebP drawn by us, and nothing else of the file is kept."""

import io

from django.core.files.uploadedfile import UploadedFile
from django.forms import ValidationError
from PIL import Image, ImageOps

from podium.core.uploads import megabytes

SIDE = 256  # pixels
UPLOAD_LIMIT = 10 * 2**20  # bytes
MOST_PIXELS = 30_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")  # no SVG: it is a program


def square(upload: "UploadedFile[bytes]") -> bytes:
    """Return the bytes of a WebP of at most 256 by 256 pixels. Raises `ValidationError` for what is no such picture."""
    if (upload.size or 0) > UPLOAD_LIMIT:
        raise ValidationError(f"The picture is larger than {megabytes(UPLOAD_LIMIT)}.")
    try:
        return _redrawn(upload)
    except ValidationError:
        raise
    except Exception as error:  # decoders raise whatever a broken file makes them stumble over
        raise ValidationError("This is no picture that can be read. Send a PNG, JPEG, WebP or GIF.") from error


def _redrawn(upload: "UploadedFile[bytes]") -> bytes:
    with Image.open(upload, formats=FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:  # known from the header, before anything is unpacked
            size = f"{image.width:,} by {image.height:,}"
            raise ValidationError(f"The picture has {size} pixels; {MOST_PIXELS // 10**6} million are the most.")
        image.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is unpacked no larger than needed
        upright = ImageOps.exif_transpose(image)
        side = min(SIDE, *upright.size)
        drawn = ImageOps.fit(upright.convert("RGBA"), (side, side), Image.Resampling.LANCZOS)
    bare = Image.new("RGBA", drawn.size)  # new: no metadata, no colour profile, no thumbnail
    bare.paste(drawn)
    out = io.BytesIO()
    bare.save(out, "WEBP", quality=86, method=6)
    return out.getvalue()
