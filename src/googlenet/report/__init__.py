"""The report: HTML files and pictures made from results that exist as data; nothing is computed a second way here."""

from googlenet.report.check_page import write_check_report
from googlenet.report.comparison import Compared, write_comparison
from googlenet.report.evaluation_report import Subject, write_evaluation_report
from googlenet.report.page import check_installed, check_page, render
from googlenet.report.pictures import Reader, open_pictures, read_nothing, read_pictures, read_samples
from googlenet.report.run_report import compared_run, report_line, run_subject, write_run_report
from googlenet.report.thumbnails import Thumbnail, thumbnail

__all__ = [
    "Compared",
    "Reader",
    "Subject",
    "Thumbnail",
    "check_installed",
    "check_page",
    "compared_run",
    "open_pictures",
    "read_nothing",
    "read_pictures",
    "read_samples",
    "render",
    "report_line",
    "run_subject",
    "thumbnail",
    "write_check_report",
    "write_comparison",
    "write_evaluation_report",
    "write_run_report",
]
