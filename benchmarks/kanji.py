"""A set of pictures of 100 characters in 30 typefaces: 20 of them to train on, the ten others for `val`.

The characters are the 80 kanji of Japan's first school year and the first 20 of the second. The typefaces are those of
Debian 12's packages for Japanese and Chinese that have all the 100, without packages above 50 MB and without those that
share another's drawings (a mean difference below 7 of 255 at 32 px). Every third by the alphabet is for `val`.

Run: python benchmarks/kanji.py FOLDER (Debian 12: `apt-get update` first; 150 MB are fetched, nothing is installed)
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CHARACTERS = (
    "一右雨円王音下火花貝学気九休玉金空月犬見五口校左三山子四糸字耳七車手十出女小上森"
    "人水正生青夕石赤千川先早草足村大男竹中虫町天田土二日入年白八百文木本名目立力林六"
    "引羽雲園遠何科夏家歌画回会海絵外角楽活間"
)
TYPEFACES = {
    "fonts-aoyagi-kouzan-t": ("aoyagi-kouzan-t/AoyagiKouzanT.ttf",),
    "fonts-aoyagi-soseki": ("aoyagi-soseki/aoyagi-soseki.ttf",),
    "fonts-babelstone-han": ("babelstone/BabelStoneHan.ttf",),
    "fonts-dejima-mincho": ("dejima-mincho/dejima-mincho-r227.ttf",),
    "fonts-dotgothic16": ("dotgothic16/DotGothic16-Regular.ttf",),
    "fonts-hanazono": ("hanazono/HanaMinA.ttf",),
    "fonts-horai-umefont": ("horai-umefont/ume-tgo4.ttf", "horai-umefont/ume-tmo3.ttf"),
    "fonts-ipaexfont-gothic": ("ipaexfont-gothic/ipaexg.ttf",),
    "fonts-ipaexfont-mincho": ("ipaexfont-mincho/ipaexm.ttf",),
    "fonts-kiloji": ("kiloji/kiloji.ttf",),
    "fonts-konatu": ("konatu/Konatu.ttf",),
    "fonts-kouzan-mouhitsu": (
        "kouzan-mouhitsu/KouzanBrushFontSousyo.ttf",
        "kouzan-mouhitsu/kouzan-mouhitsu-gyosho.ttf",
        "kouzan-mouhitsu/kouzan-mouhitsu.ttf",
    ),
    "fonts-misaki": ("misaki/misaki_gothic.ttf",),
    "fonts-morisawa-bizud-gothic": ("bizud-gothic/BIZUDGothic-Regular.ttf",),
    "fonts-morisawa-bizud-mincho": ("bizud-mincho/BIZUDMincho-Regular.ttf",),
    "fonts-motoya-l-cedar": ("motoya-l-cedar/MTLc3m.ttf",),
    "fonts-motoya-l-maruberi": ("motoya-l-maruberi/MTLmr3m.ttf",),
    "fonts-oradano-mincho-gsrr": ("oradano-mincho/OradanoGSRR.ttf",),
    "fonts-reggae": ("reggae/ReggaeOne-Regular.ttf",),
    "fonts-sawarabi-gothic": ("sawarabi-gothic/sawarabi-gothic-medium.ttf",),
    "fonts-sawarabi-mincho": ("sawarabi-mincho/sawarabi-mincho-medium.ttf",),
    "fonts-seto": ("seto/setofont.ttf",),
    "fonts-train": ("train/TrainOne-Regular.ttf",),
    "fonts-vlgothic": ("vlgothic/VL-Gothic-Regular.ttf",),
    "fonts-wqy-microhei": ("wqy/wqy-microhei.ttc",),
    "fonts-wqy-zenhei": ("wqy/wqy-zenhei.ttc",),
    "fonts-yozvox-yozfont-standard-kana": ("yozvox-yozfont/YOzBSF.ttf",),
}
"""Debian's package -> its files below usr/share/fonts/*type."""

SIDE, BODY = 128, 104  # pixels of a picture, and of a character's body in it


def make_kanji(folder: Path) -> None:
    """Fetch the typefaces and draw `folder`/train|val/CODE/TYPEFACE.png, black on white."""
    with tempfile.TemporaryDirectory() as place:
        fonts = sorted(_fetch(Path(place)), key=lambda path: path.stem.lower())
        for number, path in enumerate(fonts):
            font = ImageFont.truetype(path, BODY)
            for character in CHARACTERS:
                target = folder / ("val" if number % 3 == 2 else "train") / f"{ord(character):x}" / f"{path.stem}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                _draw(character, font).save(target)


def _fetch(place: Path) -> list[Path]:
    """Download and unpack the packages below `place`; the files of the typefaces."""
    subprocess.run(
        ["apt-get", "-qq", "--option=APT::Sandbox::User=root", "download", *TYPEFACES], cwd=place, check=True
    )
    for package in place.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, place], check=True)
    return [next(place.glob(f"usr/share/fonts/*type/{name}")) for names in TYPEFACES.values() for name in names]


def _draw(character: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    picture = Image.new("L", (SIDE, SIDE), 255)
    ImageDraw.Draw(picture).text((SIDE / 2, SIDE / 2), character, 0, font, anchor="mm")
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    make_kanji(parser.parse_args().folder)


if __name__ == "__main__":
    main()
