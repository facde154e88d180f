"""The report: HTML files and pictures made from results that exist as data; nothing is computed a second way here."""

from googlenet.report.atlas import Atlas, write_atlas
from googlenet.report.check_page import write_check_report
from googlenet.report.comparison import Compared, write_comparison
from googlenet.report.evaluation_report import write_evaluation_report
from googlenet.report.maps import open_maps
from googlenet.report.page import check_installed, check_page, render
from googlenet.report.pictures import read_nothing, read_samples
from googlenet.report.run_report import compared_run, report_line, write_run_report
from googlenet.report.subject import Subject, model_subject
from googlenet.report.thumbnails import thumbnail

__all__ = [
    "Atlas",
    "Compared",
    "Subject",
    "check_installed",
    "check_page",
    "compared_run",
    "model_subject",
    "open_maps",
    "read_nothing",
    "read_samples",
    "render",
    "report_line",
    "thumbnail",
    "write_atlas",
    "write_check_report",
    "write_comparison",
    "write_evaluation_report",
    "write_run_report",
]
