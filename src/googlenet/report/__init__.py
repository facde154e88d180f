"""The report: HTML files and pictures made from results that exist as data; nothing is computed a second way here."""

from googlenet.report.page import render
from googlenet.report.thumbnails import Thumbnail, thumbnail

__all__ = ["Thumbnail", "render", "thumbnail"]
