#!/usr/bin/env python3
"""Makes the fonts of this folder from those of Debian. See README.md beside this file."""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

SHARE = Path("/usr/share/fonts")
INTER = SHARE / "opentype/inter"
JETBRAINS = SHARE / "truetype/jetbrains-mono"
NOTO = SHARE / "opentype/noto/NotoSansCJK-Regular.ttc"
NOTO_SC = 2  # the face "Noto Sans CJK SC" within the collection

# Latin, Greek, Cyrillic with their accents; punctuation, currency, letter-like signs, arrows, mathematics,
# technical signs, pictures of control characters, boxes, blocks, shapes, dingbats, the replacement character.
WESTERN = [
    (0x0020, 0x007E), (0x00A0, 0x024F), (0x0259, 0x0259), (0x02BB, 0x02BC), (0x02C6, 0x02DD), (0x0300, 0x0345),
    (0x0370, 0x03FF), (0x0400, 0x052F), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20CF),
    (0x2100, 0x214F), (0x2150, 0x218F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2300, 0x23FF), (0x2400, 0x2426),
    (0x2500, 0x257F), (0x2580, 0x259F), (0x25A0, 0x25FF), (0x2600, 0x26FF), (0x2700, 0x27BF), (0xFFFD, 0xFFFD),
]  # fmt: skip


def western():
    return {code for first, last in WESTERN for code in range(first, last + 1)}


def gb2312():
    """What GB 2312 encodes, and the punctuation and full width forms that Chinese texts use beside it."""
    codes = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                codes.add(ord(bytes([row, cell]).decode("gb2312")))
            except UnicodeDecodeError:
                pass
    codes |= set(range(0x3000, 0x3020)) | set(range(0xFF01, 0xFF5F)) | set(range(0xFFE0, 0xFFE7))
    codes |= {0x3007, 0x2026, 0x2014, 0x201C, 0x201D, 0x2018, 0x2019, 0x00B7}
    return codes


def cut(font, codes, features):
    """Leaves of a font the characters of `codes` and the layout features of `features`."""
    options = subset.Options()
    options.layout_features = features
    options.hinting = True
    options.desubroutinize = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x409]
    options.notdef_outline = True
    options.glyph_names = False
    options.drop_tables += ["DSIG", "FFTM", "STAT", "meta", "vhea", "vmtx", "VORG", "BASE"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    return font


def equal_digits(font):
    """Makes the digits of equal width the ones that a plain `0` to `9` shows: figures that change must not tremble."""
    features = font["GSUB"].table.FeatureList.FeatureRecord
    lookups = {index for record in features if record.FeatureTag == "tnum" for index in record.Feature.LookupListIndex}
    swap = {}
    for index in lookups:
        for table in font["GSUB"].table.LookupList.Lookup[index].SubTable:
            table = getattr(table, "ExtSubTable", table)
            swap.update(getattr(table, "mapping", {}))
    for table in font["cmap"].tables:
        for code in range(ord("0"), ord("9") + 1):
            table.cmap[code] = swap.get(table.cmap[code], table.cmap[code])
    digits = [font.getBestCmap()[code] for code in range(ord("0"), ord("9") + 1)]
    widest = max(font["hmtx"][digit][0] for digit in digits)
    for digit in digits:
        width, bearing = font["hmtx"][digit]
        assert widest - width <= 4, "these are no digits of equal width"  # SemiBold rounds them to 1885 or 1888 of 2816
        font["hmtx"][digit] = (widest, bearing)


def inter(weight):
    font = TTFont(INTER / f"Inter-{weight}.otf")
    equal_digits(font)
    # No `calt`: it would turn `->` into an arrow and move punctuation, and a log shows what was written.
    return cut(font, western(), ["kern", "mark", "mkmk", "ccmp", "locl"])


def jetbrains_mono(weight):
    # No ligatures at all, for the same reason.
    return cut(TTFont(JETBRAINS / f"JetBrainsMono-{weight}.ttf"), western(), ["mark", "mkmk", "ccmp"])


def noto_sans_sc():
    font = cut(TTFont(NOTO, fontNumber=NOTO_SC), gb2312(), [])
    # Faces in one row are centred on one another by ascent and descent. A hanzi's middle is 0.38 em above the baseline;
    # with the values as they come it would sit a pixel too low beside Latin letters.
    font["hhea"].ascent, font["hhea"].descent = 1104, -344
    assert not font["OS/2"].fsSelection & 1 << 7, "the values of OS/2 would be used instead"
    return font


def symbols():
    """A few signs that none of the three has, as plain shapes in a square of 1000 units."""
    low, high = -40, 740  # the height of the interface's capitals, and a little beyond
    middle = (low + high) / 2

    def glyph(*contours):
        pen = TTGlyphPen(None)
        for points in contours:
            pen.moveTo(points[0])
            for point in points[1:]:
                pen.lineTo(point)
            pen.closePath()
        return pen.glyph()

    def box(left, bottom, right, top):
        return [(left, bottom), (left, top), (right, top), (right, bottom)]

    def disc(x, y, radius, clockwise=True):
        # Four quadratic arcs a quarter would be enough; 32 corners are the same at the sizes of an interface.
        from math import cos, pi, sin

        turn = [-2 * pi * step / 32 * (1 if clockwise else -1) for step in range(32)]
        return [(round(x + radius * cos(angle)), round(y + radius * sin(angle))) for angle in turn]

    def reverse(points):
        return list(reversed(points))

    def lens():
        # A ring with a handle.
        return [disc(430, 420, 290), disc(430, 420, 210, clockwise=False),
                [(610, 180), (665, 235), (890, 10), (835, -45)]]  # fmt: skip

    shapes = {
        0x23F5: ("play", [[(250, low), (250, high), (800, middle)]]),
        0x23F4: ("back", [[(750, low), (200, middle), (750, high)]]),
        0x23F6: ("up", [[(110, 100), (500, 650), (890, 100)]]),
        0x23F7: ("down", [[(110, 600), (890, 600), (500, 50)]]),
        0x23F8: ("pause", [box(200, low, 410, high), box(590, low, 800, high)]),
        0x23F9: ("stop", [box(150, 0, 850, 700)]),
        0x23FA: ("record", [disc(500, 350, 370)]),
        0x23ED: ("next", [[(130, low), (130, high), (600, middle)], box(640, low, 800, high)]),
        0x23EE: ("previous", [[(870, low), (400, middle), (870, high)], box(200, low, 360, high)]),
        0x2315: ("search", lens()),
        0x1F50D: ("magnifier", lens()),
        0x2630: ("menu", [box(100, 570, 900, 660), box(100, 305, 900, 395), box(100, 40, 900, 130)]),
        0x22EE: ("more", [disc(500, 640, 85), disc(500, 350, 85), disc(500, 60, 85)]),
        0x2714: ("check", [[(90, 330), (180, 420), (380, 220), (820, 670), (910, 580), (380, 40)]]),
        0x2716: ("cross", [[(140, 620), (230, 710), (500, 440), (770, 710), (860, 620), (590, 350), (860, 80),
                            (770, -10), (500, 260), (230, -10), (140, 80), (410, 350)]]),  # fmt: skip
    }
    order = [".notdef"] + [name for name, _ in shapes.values()]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap({code: name for code, (name, _) in shapes.items()})
    glyphs = {name: glyph(*contours) for name, contours in shapes.values()}
    glyphs[".notdef"] = glyph(box(100, 0, 900, 700), reverse(box(160, 60, 840, 640)))
    builder.setupGlyf(glyphs)
    left_sides = {name: min(x for x, _ in one.coordinates) for name, one in glyphs.items()}
    builder.setupHorizontalMetrics({name: (1000, left_sides[name]) for name in order})
    builder.setupHorizontalHeader(ascent=900, descent=-200)
    builder.setupNameTable({"familyName": "Rotascope Symbols", "styleName": "Regular", "licenseDescription": "MIT OR Apache-2.0"})
    builder.setupOS2(sTypoAscender=900, sTypoDescender=-200, usWinAscent=900, usWinDescent=200)
    builder.setupPost()
    font = builder.font
    font["head"].created = font["head"].modified = 3_800_000_000
    return font


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    made = {
        "Inter-Regular.otf": inter("Regular"),
        "Inter-SemiBold.otf": inter("SemiBold"),
        "JetBrainsMono-Regular.ttf": jetbrains_mono("Regular"),
        "JetBrainsMono-Bold.ttf": jetbrains_mono("Bold"),
        "NotoSansSC-Regular.otf": noto_sans_sc(),
        "RotascopeSymbols.ttf": symbols(),
    }
    for name, font in made.items():
        font.recalcTimestamp = False
        font.save(folder / name)
        print(f"{(folder / name).stat().st_size:>9} bytes  {len(font.getBestCmap()):>5} characters  {name}")


if __name__ == "__main__":
    main()
